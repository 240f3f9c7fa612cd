/* labels.c - what people said of images: values by name. */
#include "store/storage.h"

#include "base/error.h"
#include "base/memory.h"

#include <string.h>

akin_status akin_storage_label_put(akin_storage *s, uint64_t image_id, const char *name, const char *value,
                                   akin_error *err) {
  akin_statement *st = NULL;
  akin_status status = akin_storage_check_writing(s, err);
  if (!status && value) {
    status = akin_statement_start(&st, s->database,
                                  "INSERT OR REPLACE INTO labels (image_id, name, value) VALUES (?1, ?2, ?3)", err);
  } else if (!status) {
    status = akin_statement_start(&st, s->database, "DELETE FROM labels WHERE image_id = ?1 AND name = ?2", err);
  }
  if (status) return status;
  akin_statement_bind_number(st, 1, image_id);
  akin_statement_bind_text(st, 2, name);
  if (value) akin_statement_bind_text(st, 3, value);
  return akin_statement_finish(st, err);
}

akin_status akin_storage_labels_remove(akin_storage *s, const char *name, uint64_t *removed, akin_error *err) {
  akin_statement *st = NULL;
  *removed = 0;
  akin_status status = akin_storage_check_writing(s, err);
  const uint64_t before = akin_database_changes(s->database);
  if (!status) status = akin_statement_start(&st, s->database, "DELETE FROM labels WHERE name = ?1", err);
  if (status) return status;
  akin_statement_bind_text(st, 1, name);
  status = akin_statement_finish(st, err);
  *removed = akin_database_changes(s->database) - before;
  return status;
}

akin_status akin_storage_labels(akin_storage *s, const char *name, akin_label_visit *visit, void *context,
                                akin_error *err) {
  akin_statement *st = NULL;
  bool row = false;
  akin_status status =
      akin_statement_start(&st, s->database,
                           "SELECT image_id, path, value FROM labels JOIN images ON images.id = image_id"
                           " WHERE name = ?1 ORDER BY path",
                           err);
  if (status) return status;
  akin_statement_bind_text(st, 1, name);
  while (!(status = akin_statement_next(st, &row, err)) && row) {
    status = visit(context, akin_statement_number(st, 0), akin_statement_text(st, 1), akin_statement_text(st, 2), err);
    if (status) break;
  }
  akin_statement_end(st);
  return status;
}

/* ---- names ---- */

typedef struct label_names {
  akin_label_name *names;
  size_t count, room;
} label_names;

static akin_status label_names_add(label_names *all, const char *name, uint64_t images, akin_error *err) {
  if (all->count == all->room) {
    const size_t room = all->room ? all->room * 2 : 16;
    akin_label_name *names = akin_realloc_array(all->names, room, sizeof *names);
    if (!names) return akin_fail_memory(err, room * sizeof *names);
    all->names = names;
    all->room = room;
  }
  char *copy = akin_strdup(name);
  if (!copy) return akin_fail_memory(err, strlen(name) + 1);
  all->names[all->count++] = (akin_label_name){copy, images};
  return AKIN_OK;
}

akin_status akin_storage_label_names(akin_storage *s, akin_label_name **out, size_t *count, akin_error *err) {
  label_names all = {0};
  akin_statement *st = NULL;
  bool row = false;
  *out = NULL;
  *count = 0;
  akin_status status =
      akin_statement_start(&st, s->database, "SELECT name, count(*) FROM labels GROUP BY name ORDER BY name", err);
  if (status) return status;
  while (!(status = akin_statement_next(st, &row, err)) && row) {
    status = label_names_add(&all, akin_statement_text(st, 0), akin_statement_number(st, 1), err);
    if (status) break;
  }
  akin_statement_end(st);
  if (status) {
    akin_label_names_free(all.names, all.count);
    return status;
  }
  *out = all.names;
  *count = all.count;
  return AKIN_OK;
}

void akin_label_names_free(akin_label_name *names, size_t count) {
  for (size_t i = 0; i < count; i++)
    akin_free(names[i].name);
  akin_free(names);
}
