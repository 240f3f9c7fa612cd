/* classes.c - see classes.h. */
#include "engine/classes.h"

#include "base/csv.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/path.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define CLASSES_FILE ((size_t)256 << 20) /* largest labels file */

/* path and name are the entry's from then on, also when it fails. */
static akin_status classes_add(akin_classes *c, char *path, char *name, size_t line, akin_error *err) {
  bool failed = !path || !name;
  if (!failed && c->count == c->room) {
    const size_t room = c->room ? 2 * c->room : 256;
    akin_class_entry *entries = akin_realloc_array(c->entries, room, sizeof *entries);
    failed = !entries;
    if (entries) {
      c->entries = entries;
      c->room = room;
    }
  }
  if (failed) {
    akin_free(path);
    akin_free(name);
    return akin_fail_memory(err, sizeof *c->entries);
  }
  c->entries[c->count++] = (akin_class_entry){path, name, line, false};
  return AKIN_OK;
}

static int classes_order(const void *x, const void *y) {
  const akin_class_entry *a = x, *b = y;
  const int order = strcmp(a->path, b->path);
  return order ? order : a->line < b->line ? -1 : a->line > b->line;
}

static int classes_find_order(const void *path, const void *entry) {
  return strcmp(path, ((const akin_class_entry *)entry)->path);
}

/* ---- a label of the store ---- */

static akin_status classes_visit(void *context, uint64_t image_id, const char *path, const char *value,
                                 akin_error *err) {
  (void)image_id;
  return classes_add(context, akin_strdup(path), akin_strdup(value), 0, err);
}

static akin_status classes_read_label(akin_classes *c, akin_storage *reader, const char *label, akin_error *err) {
  c->from = akin_format("the label %s", label);
  if (!c->from) return akin_fail_memory(err, strlen(label));
  akin_status status = akin_storage_labels(reader, label, classes_visit, c, err);
  if (!status && c->count == 0)
    status =
        akin_fail(err, AKIN_ERROR_NOT_FOUND, "no image of the store has a label %s: akin label import FILE.csv", label);
  return status;
}

/* ---- a file ---- */

typedef struct classes_columns {
  size_t image, label;
} classes_columns;

/* As tables of one's own name the image, and as akin label list does. */
static bool classes_names_image(const char *column) {
  static const char *const names[] = {"image", "path"};
  return AKIN_TEXT_AMONG(column, names);
}

static akin_status classes_columns_find(classes_columns *out, const akin_csv *csv, const char *file, const char *label,
                                        akin_error *err) {
  *out = (classes_columns){SIZE_MAX, SIZE_MAX};
  for (size_t i = 0; i < csv->columns; i++) {
    const char *name = akin_csv_field(csv, i);
    const bool image = classes_names_image(name), wanted = label ? strcmp(name, label) == 0 : !image;
    if (image && out->image == SIZE_MAX) out->image = i;
    if (wanted && out->label == SIZE_MAX) out->label = i;
  }
  if (out->image == SIZE_MAX)
    return akin_fail(err, AKIN_ERROR_FORMAT, "%s: the first line has no column \"image\" or \"path\"", file);
  if (out->label == SIZE_MAX && label)
    return akin_fail(err, AKIN_ERROR_NOT_FOUND, "%s: the first line has no column \"%s\"", file, label);
  return out->label != SIZE_MAX ? AKIN_OK
                                : akin_fail(err, AKIN_ERROR_FORMAT, "%s: has no column beside the image's", file);
}

static akin_status classes_add_row(akin_classes *c, const akin_csv *csv, const classes_columns *columns,
                                   const char *folder, akin_error *err) {
  const char *name = akin_csv_field(csv, columns->label);
  char *joined = akin_path_join(folder, akin_csv_field(csv, columns->image)), *path = NULL;
  akin_status status = joined ? akin_path_absolute(&path, joined, err) : akin_fail_memory(err, strlen(folder));
  akin_free(joined);
  if (!status && !name[0]) { /* an empty field says nothing of the image */
    akin_free(path);
    return AKIN_OK;
  }
  return status ? status : classes_add(c, path, akin_strdup(name), csv->line, err);
}

static akin_status classes_read_rows(akin_classes *c, akin_csv *csv, const char *file, const char *label,
                                     const char *folder, akin_error *err) {
  classes_columns columns = {0, 0};
  bool row = false;
  akin_status status = akin_csv_next(csv, &row, err);
  if (!status && !row) status = akin_fail(err, AKIN_ERROR_FORMAT, "is empty");
  if (status) return akin_fail_context(err, status, "%s", file);
  status = classes_columns_find(&columns, csv, file, label, err);
  while (!status && row) {
    if ((status = akin_csv_next(csv, &row, err)) || !row)
      return status ? akin_fail_context(err, status, "%s", file) : status;
    status = classes_add_row(c, csv, &columns, folder, err);
  }
  return status;
}

/* An image named twice is one line too many. */
static akin_status classes_check_twice(const akin_classes *c, akin_error *err) {
  for (size_t i = 1; i < c->count; i++)
    if (strcmp(c->entries[i - 1].path, c->entries[i].path) == 0)
      return akin_fail(err, AKIN_ERROR_FORMAT, "%s: line %zu: %s was named in line %zu already", c->from,
                       c->entries[i].line, c->entries[i].path, c->entries[i - 1].line);
  return AKIN_OK;
}

static akin_status classes_read_file(akin_classes *c, const char *file, const char *label, akin_error *err) {
  akin_buffer text = AKIN_BUFFER_INIT(0);
  akin_csv csv;
  char *absolute = NULL, *folder = NULL;
  akin_status status = akin_file_read(&text, file, CLASSES_FILE, NULL, err);
  if (!status) status = akin_path_absolute(&absolute, file, err);
  if (!status && !((folder = akin_path_folder(absolute)) && (c->from = akin_strdup(file))))
    status = akin_fail_memory(err, strlen(file));
  akin_csv_begin(&csv, text.data ? text.data : "", text.size);
  if (!status) status = classes_read_rows(c, &csv, file, label, folder, err);
  if (!status && c->count > 0) {
    qsort(c->entries, c->count, sizeof *c->entries, classes_order);
    status = classes_check_twice(c, err);
  }
  akin_csv_free(&csv);
  akin_free(folder);
  akin_free(absolute);
  akin_buffer_free(&text);
  return status;
}

/* ---- all ---- */

akin_status akin_classes_read(akin_classes *out, akin_storage *reader, const char *file, const char *label,
                              akin_error *err) {
  *out = (akin_classes){.by_folder = !file && !label};
  if (file) return classes_read_file(out, file, label, err);
  if (label) return classes_read_label(out, reader, label, err);
  out->from = akin_strdup("folders");
  return out->from ? AKIN_OK : akin_fail_memory(err, 8);
}

static char *classes_folder_name(const char *path) {
  char *folder = akin_path_folder(path), *name = folder ? akin_strdup(akin_path_name(folder)) : NULL;
  akin_free(folder);
  return name;
}

akin_status akin_classes_of(char **out, akin_classes *classes, const char *path, akin_error *err) {
  *out = NULL;
  if (classes->by_folder) {
    *out = classes_folder_name(path);
    return *out ? AKIN_OK : akin_fail_memory(err, strlen(path));
  }
  akin_class_entry *entry =
      classes->count > 0 ? bsearch(path, classes->entries, classes->count, sizeof *classes->entries, classes_find_order)
                         : NULL;
  if (!entry) return AKIN_OK;
  entry->used = true;
  *out = akin_strdup(entry->name);
  return *out ? AKIN_OK : akin_fail_memory(err, strlen(entry->name));
}

akin_status akin_classes_check(const akin_classes *classes, akin_error *err) {
  const akin_class_entry *first = NULL;
  for (size_t i = 0; i < classes->count; i++) {
    const akin_class_entry *e = &classes->entries[i];
    if (!e->used && e->line > 0 && (!first || e->line < first->line)) first = e;
  }
  return first ? akin_fail(err, AKIN_ERROR_NOT_FOUND, "%s: line %zu: the store knows no image %s", classes->from,
                           first->line, first->path)
               : AKIN_OK;
}

void akin_classes_free(akin_classes *classes) {
  for (size_t i = 0; i < classes->count; i++) {
    akin_free(classes->entries[i].path);
    akin_free(classes->entries[i].name);
  }
  akin_free(classes->entries);
  akin_free(classes->from);
  *classes = (akin_classes){0};
}
