/* selection.c - see selection.h. Ids are kept sorted, and found by halving. */
#include "engine/selection.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/memory.h"
#include "engine/where.h"

#include <stdlib.h>
#include <string.h>

typedef struct selection_ids {
  uint64_t *ids;
  size_t count, room;
} selection_ids;

struct akin_selection {
  selection_ids images, contents; /* sorted; contents may be there more than once */
};

static akin_status selection_add(selection_ids *s, uint64_t id, akin_error *err) {
  if (s->count == s->room) {
    const size_t room = s->room ? s->room * 2 : 256;
    uint64_t *ids = akin_realloc_array(s->ids, room, sizeof *ids);
    if (!ids) return akin_fail_memory(err, room * sizeof *ids);
    s->ids = ids;
    s->room = room;
  }
  s->ids[s->count++] = id;
  return AKIN_OK;
}

static int selection_order(const void *x, const void *y) {
  const uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;
  return a < b ? -1 : a > b;
}

static void selection_sort(selection_ids *s) {
  if (s->count > 0) qsort(s->ids, s->count, sizeof *s->ids, selection_order);
}

static bool selection_has(const selection_ids *s, uint64_t id) {
  return s->count > 0 && bsearch(&id, s->ids, s->count, sizeof *s->ids, selection_order);
}

/* ---- labels ---- */

typedef struct selection_label {
  uint64_t image_id;
  const char *value; /* in the arena */
} selection_label;

/* The values of one label, in order of path: as the images come. */
typedef struct selection_column {
  selection_label *values;
  size_t count, room, next;
  akin_arena *arena;
} selection_column;

static akin_status selection_visit_label(void *context, uint64_t image_id, const char *path, const char *value,
                                         akin_error *err) {
  selection_column *c = context;
  (void)path;
  if (c->count == c->room) {
    const size_t room = c->room ? c->room * 2 : 256;
    selection_label *values = akin_realloc_array(c->values, room, sizeof *values);
    if (!values) return akin_fail_memory(err, room * sizeof *values);
    c->values = values;
    c->room = room;
  }
  const char *copy = akin_arena_text(c->arena, value, strlen(value));
  if (!copy) return akin_fail_memory(err, strlen(value) + 1);
  c->values[c->count++] = (selection_label){image_id, copy};
  return AKIN_OK;
}

/* ---- looking at all images ---- */

typedef struct selection_maker {
  akin_selection *out;
  akin_where *where;
  akin_root *roots;
  size_t root_count;
  selection_column *columns;
  const char **labels; /* of the image at hand, one for each column */
  size_t column_count;
  akin_arena arena;
} selection_maker;

static const char *selection_root(const selection_maker *m, uint64_t id) {
  for (size_t i = 0; i < m->root_count; i++)
    if (m->roots[i].id == id) return m->roots[i].path;
  return "";
}

/* An image's label is the next value, if it has one: both come in order of path. */
static void selection_read_labels(selection_maker *m, uint64_t image_id) {
  for (size_t i = 0; i < m->column_count; i++) {
    selection_column *c = &m->columns[i];
    const bool has = c->next < c->count && c->values[c->next].image_id == image_id;
    m->labels[i] = has ? c->values[c->next++].value : NULL;
  }
}

static akin_status selection_visit(void *context, const akin_stored_image *image, akin_error *err) {
  selection_maker *m = context;
  selection_read_labels(m, image->id);
  if (image->state != AKIN_IMAGE_READABLE) return AKIN_OK;
  const akin_where_image facts = {.root = selection_root(m, image->root_id),
                                  .path = image->path,
                                  .size = image->facts.size,
                                  .mtime_ns = image->facts.mtime_ns,
                                  .width = image->width,
                                  .height = image->height,
                                  .labels = m->labels};
  if (!akin_where_matches(m->where, &facts)) return AKIN_OK;
  akin_status status = selection_add(&m->out->images, image->id, err);
  return status ? status : selection_add(&m->out->contents, image->content_id, err);
}

static akin_status selection_parse(selection_maker *m, akin_storage *reader, const char *where, akin_error *err) {
  akin_label_name *names = NULL;
  size_t count = 0;
  akin_status status = akin_storage_label_names(reader, &names, &count, err);
  const char **known = status ? NULL : akin_calloc(count, sizeof *known);
  if (!status && !known) status = akin_fail_memory(err, count * sizeof *known);
  for (size_t i = 0; !status && i < count; i++)
    known[i] = names[i].name;
  if (!status) status = akin_where_parse(&m->where, where, known, count, err);
  akin_free(known);
  akin_label_names_free(names, count);
  return status;
}

static akin_status selection_load(selection_maker *m, akin_storage *reader, akin_error *err) {
  while (akin_where_label(m->where, m->column_count))
    m->column_count++;
  m->columns = akin_calloc(m->column_count, sizeof *m->columns);
  m->labels = akin_calloc(m->column_count, sizeof *m->labels);
  if (!m->columns || !m->labels) return akin_fail_memory(err, m->column_count * sizeof *m->columns);
  akin_status status = akin_storage_roots(reader, &m->roots, &m->root_count, err);
  for (size_t i = 0; !status && i < m->column_count; i++) {
    m->columns[i].arena = &m->arena;
    status = akin_storage_labels(reader, akin_where_label(m->where, i), selection_visit_label, &m->columns[i], err);
  }
  return status;
}

static void selection_maker_free(selection_maker *m) {
  for (size_t i = 0; m->columns && i < m->column_count; i++)
    akin_free(m->columns[i].values);
  akin_free(m->columns);
  akin_free(m->labels);
  akin_roots_free(m->roots, m->root_count);
  akin_where_free(m->where);
  akin_arena_free(&m->arena);
}

akin_status akin_selection_new(akin_selection **out, akin_storage *reader, const char *where, akin_error *err) {
  selection_maker m = {.out = akin_calloc(1, sizeof *m.out)};
  *out = NULL;
  if (!m.out) return akin_fail_memory(err, sizeof *m.out);
  akin_status status = selection_parse(&m, reader, where, err);
  if (!status) status = selection_load(&m, reader, err);
  if (!status) status = akin_storage_images(reader, NULL, selection_visit, &m, err);
  selection_maker_free(&m);
  if (status) {
    akin_selection_free(m.out);
    return status;
  }
  selection_sort(&m.out->images);
  selection_sort(&m.out->contents);
  *out = m.out;
  return AKIN_OK;
}

void akin_selection_free(akin_selection *selection) {
  if (!selection) return;
  akin_free(selection->images.ids);
  akin_free(selection->contents.ids);
  akin_free(selection);
}

bool akin_selection_has_image(const akin_selection *selection, uint64_t image_id) {
  return selection_has(&selection->images, image_id);
}

bool akin_selection_has_content(const akin_selection *selection, uint64_t content_id) {
  return selection_has(&selection->contents, content_id);
}
