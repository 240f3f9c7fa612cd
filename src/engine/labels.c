/* labels.c - labels out of a table into the store, and what is there. */
#include "base/csv.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/path.h"
#include "base/text.h"
#include "engine/store.h"
#include "engine/where.h"

#include <akin/labels.h>
#include <stdlib.h>
#include <string.h>

/* ---- importing ---- */

/* An image that has had its row. */
typedef struct labels_row {
  uint64_t image_id, line;
} labels_row;

typedef struct labels_import {
  akin_storage *writer;
  akin_csv csv;
  char *folder; /* that the table lies in */
  char **names; /* of the labels; [0] is the paths' column, NULL */
  labels_row *rows;
  size_t count, room;
  akin_label_totals totals;
  void (*on_unknown)(void *context, uint64_t line, const char *path);
  void *context;
} labels_import;

static void labels_import_free(labels_import *import) {
  for (size_t i = 0; import->names && i < import->csv.columns; i++)
    akin_free(import->names[i]);
  akin_free(import->names);
  akin_free(import->rows);
  akin_free(import->folder);
  akin_csv_free(&import->csv);
  akin_storage_close(import->writer);
}

/* May a label have this name? The class is the one column that people may say better than the path does. */
static akin_status labels_check_name(const labels_import *import, size_t column, akin_error *err) {
  const char *name = akin_csv_field(&import->csv, column);
  const size_t size = strlen(name);
  const unsigned long long line = import->csv.line;
  if (size == 0) return akin_fail(err, AKIN_ERROR_FORMAT, "line %llu: column %zu has no name", line, column + 1);
  for (size_t at = 0, length; at < size; at += length) {
    if ((length = akin_text_plain_length(name + at, size - at)) > 0) continue;
    return akin_fail(err, AKIN_ERROR_FORMAT, "line %llu: the name of column %zu is no plain UTF-8", line, column + 1);
  }
  if (akin_where_has_column(name) && strcmp(name, "class") != 0) {
    return akin_fail(err, AKIN_ERROR_FORMAT,
                     "line %llu: every image has its own \"%s\" already: give column %zu another name", line, name,
                     column + 1);
  }
  for (size_t i = 1; i < column; i++)
    if (strcmp(import->names[i], name) == 0)
      return akin_fail(err, AKIN_ERROR_FORMAT, "line %llu: two columns are called \"%s\"", line, name);
  return AKIN_OK;
}

static akin_status labels_read_names(labels_import *import, akin_error *err) {
  bool row = false;
  akin_status status = akin_csv_next(&import->csv, &row, err);
  if (status) return status;
  if (!row) return akin_fail(err, AKIN_ERROR_FORMAT, "is empty: the first line names the columns");
  if (import->csv.columns < 2) {
    return akin_fail(err, AKIN_ERROR_FORMAT,
                     "line %zu: one column, the paths; the others, with commas between them, are labels",
                     import->csv.line);
  }
  import->names = akin_calloc(import->csv.columns, sizeof *import->names);
  if (!import->names) return akin_fail_memory(err, import->csv.columns * sizeof *import->names);
  for (size_t i = 1; !status && i < import->csv.columns; i++) {
    if ((status = labels_check_name(import, i, err))) break;
    import->names[i] = akin_strdup(akin_csv_field(&import->csv, i));
    if (!import->names[i]) status = akin_fail_memory(err, strlen(akin_csv_field(&import->csv, i)) + 1);
  }
  return status;
}

static akin_status labels_take_id(void *context, const akin_stored_image *image, akin_error *err) {
  (void)err;
  *(uint64_t *)context = image->id;
  return AKIN_OK;
}

/* *image_id 0: the store does not know it, which was told. */
static akin_status labels_find_image(labels_import *import, uint64_t *image_id, akin_error *err) {
  const char *name = akin_csv_field(&import->csv, 0);
  char *joined = NULL, *path = NULL;
  *image_id = 0;
  if (!name[0]) return akin_fail(err, AKIN_ERROR_FORMAT, "line %zu: the path is missing", import->csv.line);
  joined = akin_path_join(import->folder, name);
  akin_status status = joined ? akin_path_absolute(&path, joined, err) : akin_fail_memory(err, strlen(name));
  if (!status) {
    status = akin_storage_image_at(import->writer, path, labels_take_id, image_id, err);
    if (status == AKIN_ERROR_NOT_FOUND) status = AKIN_OK;
  }
  if (!status && *image_id == 0) {
    import->totals.unknown++;
    if (import->on_unknown) import->on_unknown(import->context, import->csv.line, path);
  }
  akin_free(joined);
  akin_free(path);
  return status;
}

static akin_status labels_remember_row(labels_import *import, uint64_t image_id, akin_error *err) {
  if (import->count == import->room) {
    const size_t room = import->room ? import->room * 2 : 256;
    labels_row *rows = akin_realloc_array(import->rows, room, sizeof *rows);
    if (!rows) return akin_fail_memory(err, room * sizeof *rows);
    import->rows = rows;
    import->room = room;
  }
  import->rows[import->count++] = (labels_row){image_id, import->csv.line};
  return AKIN_OK;
}

static akin_status labels_put_row(labels_import *import, akin_error *err) {
  uint64_t image_id = 0;
  for (size_t i = 1; i < import->csv.columns; i++)
    if (!akin_utf8_valid(akin_csv_field(&import->csv, i)))
      return akin_fail(err, AKIN_ERROR_FORMAT, "line %zu: field %zu is not UTF-8", import->csv.line, i + 1);
  akin_status status = labels_find_image(import, &image_id, err);
  if (status || image_id == 0) return status;
  status = labels_remember_row(import, image_id, err);
  import->totals.images++;
  for (size_t i = 1; !status && i < import->csv.columns; i++) {
    const char *value = akin_csv_field(&import->csv, i);
    import->totals.values += value[0] != '\0';
    status = akin_storage_label_put(import->writer, image_id, import->names[i], value[0] ? value : NULL, err);
  }
  return status;
}

static int labels_row_order(const void *x, const void *y) {
  const labels_row *a = x, *b = y;
  if (a->image_id != b->image_id) return a->image_id < b->image_id ? -1 : 1;
  return a->line < b->line ? -1 : a->line > b->line;
}

/* Which of two rows holds is not ours to say. */
static akin_status labels_check_rows(labels_import *import, akin_error *err) {
  const labels_row *rows = import->rows;
  if (import->count > 0) qsort(import->rows, import->count, sizeof *import->rows, labels_row_order);
  for (size_t i = 1; i < import->count; i++) {
    if (rows[i].image_id != rows[i - 1].image_id) continue;
    return akin_fail(err, AKIN_ERROR_FORMAT, "line %llu: a second row for the image of line %llu",
                     (unsigned long long)rows[i].line, (unsigned long long)rows[i - 1].line);
  }
  if (import->count > 0 || import->totals.unknown == 0) return AKIN_OK;
  return akin_fail(
      err, AKIN_ERROR_NOT_FOUND,
      "no row is of an image that the store knows: paths are absolute, or as seen from the table's folder");
}

static akin_status labels_import_rows(labels_import *import, akin_error *err) {
  bool row = true;
  akin_status status = labels_read_names(import, err);
  while (!status && !(status = akin_csv_next(&import->csv, &row, err)) && row)
    status = labels_put_row(import, err);
  return status ? status : labels_check_rows(import, err);
}

static akin_status labels_find_folder(labels_import *import, const char *file, akin_error *err) {
  char *absolute = NULL;
  akin_status status = akin_path_absolute(&absolute, file, err);
  if (!status && !(import->folder = akin_path_folder(absolute))) status = akin_fail_memory(err, strlen(absolute));
  akin_free(absolute);
  return status;
}

akin_status akin_store_import_labels(akin_store *store, const char *file,
                                     void (*on_unknown)(void *context, uint64_t line, const char *path), void *context,
                                     akin_label_totals *totals, akin_error *err) {
  labels_import import = {.on_unknown = on_unknown, .context = context};
  akin_buffer text = AKIN_BUFFER_INIT(0);
  akin_storage *ignored;
  if (totals) *totals = (akin_label_totals){0};
  akin_status status = akin_file_read(&text, file, AKIN_LABELS_BYTES, NULL, err);
  if (!status) status = labels_find_folder(&import, file, err);
  if (!status) status = akin_store_reader(store, &ignored, err); /* a store that is not there is not made */
  if (!status) status = akin_store_writer(store, &import.writer, err);
  if (!status) status = akin_storage_begin(import.writer, err);
  if (!status) {
    akin_csv_begin(&import.csv, text.size ? text.data : "", text.size);
    if ((status = labels_import_rows(&import, err))) status = akin_fail_context(err, status, "%s", file);
  }
  if (!status) status = akin_storage_commit(import.writer, err);
  if (!status && totals) *totals = import.totals;
  labels_import_free(&import);
  akin_buffer_free(&text);
  return status;
}

/* ---- what is there ---- */

akin_status akin_store_label_names(akin_store *store,
                                   akin_status (*visit)(void *context, const char *name, uint64_t images),
                                   void *context, akin_error *err) {
  akin_storage *reader = NULL;
  akin_label_name *names = NULL;
  size_t count = 0;
  akin_status status = akin_store_reader(store, &reader, err);
  if (!status) status = akin_storage_label_names(reader, &names, &count, err);
  for (size_t i = 0; !status && i < count; i++)
    status = visit(context, names[i].name, names[i].images);
  akin_label_names_free(names, count);
  return status;
}

typedef struct labels_list {
  akin_status (*visit)(void *context, const char *path, const char *value);
  void *context;
  uint64_t visited;
} labels_list;

static akin_status labels_visit(void *context, uint64_t image_id, const char *path, const char *value,
                                akin_error *err) {
  labels_list *list = context;
  (void)image_id;
  (void)err;
  list->visited++;
  return list->visit(list->context, path, value);
}

static akin_status labels_none(const char *name, akin_error *err) {
  return akin_fail(err, AKIN_ERROR_NOT_FOUND, "no image has a label \"%s\": akin label list shows which there are",
                   name);
}

akin_status akin_store_labels(akin_store *store, const char *name,
                              akin_status (*visit)(void *context, const char *path, const char *value), void *context,
                              akin_error *err) {
  labels_list list = {visit, context, 0};
  akin_storage *reader = NULL;
  akin_status status = akin_store_reader(store, &reader, err);
  if (!status) status = akin_storage_labels(reader, name, labels_visit, &list, err);
  return status || list.visited > 0 ? status : labels_none(name, err);
}

akin_status akin_store_remove_labels(akin_store *store, const char *name, uint64_t *removed, akin_error *err) {
  akin_storage *ignored, *writer = NULL;
  uint64_t count = 0;
  *removed = 0;
  akin_status status = akin_store_reader(store, &ignored, err);
  if (!status) status = akin_store_writer(store, &writer, err);
  if (!status) status = akin_storage_begin(writer, err);
  if (!status) status = akin_storage_labels_remove(writer, name, &count, err);
  if (!status && count == 0) status = labels_none(name, err);
  if (!status) status = akin_storage_commit(writer, err);
  akin_storage_close(writer);
  if (!status) *removed = count;
  return status;
}
