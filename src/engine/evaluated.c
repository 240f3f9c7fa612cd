/* evaluated.c - the images that take part in an evaluation, and the evaluation as it is handed out. See evaluate.h. */
#include "engine/evaluate.h"

#include "base/error.h"
#include "base/memory.h"
#include "engine/classes.h"

#include <stdlib.h>
#include <string.h>

/* ---- images ---- */

typedef struct evaluated_reading {
  akin_evaluated *out;
  akin_classes classes;
  akin_vectors **points; /* one a space */
  size_t count;
} evaluated_reading;

static akin_status evaluated_add(akin_evaluated *e, const akin_stored_image *image, char *class_name, akin_error *err) {
  if (e->count == e->room) {
    const size_t room = e->room ? 2 * e->room : 256;
    akin_evaluated_image *items = akin_realloc_array(e->items, room, sizeof *items);
    if (!items) return akin_fail_memory(err, room * sizeof *items);
    e->items = items;
    e->room = room;
  }
  char *path = akin_strdup(image->path);
  if (!path) return akin_fail_memory(err, strlen(image->path));
  akin_evaluated_image *item = &e->items[e->count++];
  *item = (akin_evaluated_image){
      .path = path, .content = image->content_id, .width = image->width, .height = image->height};
  item->class_name = class_name;
  return AKIN_OK;
}

static akin_status evaluated_visit(void *context, const akin_stored_image *image, akin_error *err) {
  evaluated_reading *r = context;
  char *class_name = NULL;
  bool complete = true;
  akin_status status = akin_classes_of(&class_name, &r->classes, image->path, err);
  if (status || image->state != AKIN_IMAGE_READABLE) {
    akin_free(class_name);
    return status;
  }
  for (size_t i = 0; i < r->count; i++)
    complete = complete && akin_vectors_find(r->points[i], image->content_id);
  r->out->unlabelled += !class_name;
  r->out->incomplete += class_name && !complete;
  if (class_name && complete && !(status = evaluated_add(r->out, image, class_name, err))) return AKIN_OK;
  akin_free(class_name);
  return status;
}

static int evaluated_name_order(const void *x, const void *y) {
  return strcmp(*(const char *const *)x, *(const char *const *)y);
}

/* Numbers the classes in the order of their names. */
static akin_status evaluated_number(akin_evaluated *e, akin_error *err) {
  size_t kept = 0;
  e->classes = akin_calloc(e->count + 1, sizeof *e->classes);
  if (!e->classes) return akin_fail_memory(err, e->count * sizeof *e->classes);
  for (size_t i = 0; i < e->count; i++)
    e->classes[i] = e->items[i].class_name;
  qsort(e->classes, e->count, sizeof *e->classes, evaluated_name_order);
  for (size_t i = 0; i < e->count; i++)
    if (kept == 0 || strcmp(e->classes[kept - 1], e->classes[i]) != 0) e->classes[kept++] = e->classes[i];
  e->class_count = kept;
  for (size_t i = 0; i < e->count; i++) {
    const char *name = e->items[i].class_name;
    const char *const *found = bsearch(&name, e->classes, kept, sizeof *e->classes, evaluated_name_order);
    e->items[i].class = (uint32_t)(found - e->classes);
  }
  return AKIN_OK;
}

static int evaluated_content_order(const void *x, const void *y) {
  const akin_evaluated_image *const *a = x, *const *b = y;
  if ((*a)->class != (*b)->class) return (*a)->class < (*b)->class ? -1 : 1;
  return (*a)->content < (*b)->content ? -1 : (*a)->content > (*b)->content;
}

/* How many relevant ones each image has: those of its class, less those of its content. */
static akin_status evaluated_count(akin_evaluated *e, akin_error *err) {
  akin_evaluated_image **order = akin_calloc(e->count + 1, sizeof(*order));
  if (!order) return akin_fail_memory(err, e->count * sizeof(*order));
  for (size_t i = 0; i < e->count; i++)
    order[i] = &e->items[i];
  qsort(order, e->count, sizeof(*order), evaluated_content_order);
  for (size_t first = 0, end; first < e->count; first = end) {
    for (end = first; end < e->count && order[end]->class == order[first]->class;)
      end++;
    for (size_t i = first, same; i < end; i = same) {
      for (same = i; same < end && order[same]->content == order[i]->content;)
        same++;
      for (size_t j = i; j < same; j++)
        order[j]->relevant = (end - first) - (same - i);
      e->queries += end - first > same - i ? same - i : 0;
    }
  }
  akin_free(order);
  return AKIN_OK;
}

static akin_status evaluated_points(evaluated_reading *r, akin_store *store, akin_space *const *spaces, size_t count,
                                    akin_error *err) {
  akin_status status = AKIN_OK;
  if (!(r->points = akin_calloc(count, sizeof(*r->points)))) return akin_fail_memory(err, count * sizeof(*r->points));
  for (r->count = 0; !status && r->count < count; r->count++)
    status = akin_store_points(store, &r->points[r->count], spaces[r->count], err);
  return status;
}

akin_status akin_evaluated_read(akin_evaluated *out, akin_store *store, akin_space *const *spaces, size_t count,
                                const akin_evaluate_options *options, akin_error *err) {
  evaluated_reading r = {.out = out};
  akin_storage *reader = NULL;
  akin_status status = akin_store_reader(store, &reader, err);
  if (!status) status = akin_classes_read(&r.classes, reader, options->labels, options->label, err);
  if (!status) status = evaluated_points(&r, store, spaces, count, err);
  if (!status) status = akin_storage_images(reader, NULL, evaluated_visit, &r, err);
  if (!status) status = akin_classes_check(&r.classes, err);
  if (!status) status = evaluated_number(out, err);
  if (!status) status = evaluated_count(out, err);
  if (!status && out->queries == 0) {
    status = akin_fail(err, AKIN_ERROR_USAGE,
                       "nothing to evaluate: by %s, no image has another of its class (%zu images, %zu classes)",
                       r.classes.from, out->count, out->class_count);
  }
  out->from = r.classes.from;
  r.classes.from = NULL;
  akin_classes_free(&r.classes);
  akin_free(r.points);
  return status;
}

void akin_evaluated_free(akin_evaluated *images) {
  for (size_t i = 0; i < images->count; i++) {
    akin_free(images->items[i].path);
    akin_free(images->items[i].class_name);
  }
  akin_free(images->items);
  akin_free(images->classes);
  akin_free(images->from);
  if (images->owns_first) akin_free(images->first_values);
  *images = (akin_evaluated){0};
}

/* ---- the evaluation that is handed out ---- */

akin_status akin_verdict_new(akin_verdict **out, size_t rows, const akin_evaluate_options *options, akin_error *err) {
  akin_verdict *result = akin_calloc(1, sizeof *result);
  if (result) {
    result->rows = akin_calloc(rows, sizeof *result->rows);
    result->views = akin_calloc(rows, sizeof *result->views);
  }
  if (!result || !result->rows || !result->views) {
    akin_verdict_free(result);
    return akin_fail_memory(err, rows * sizeof *result->rows);
  }
  result->view.k = options->k;
  result->view.resamples = options->resamples;
  result->view.seed = options->seed;
  *out = result;
  return AKIN_OK;
}

akin_status akin_verdict_row_name(akin_verdict_row *row, const akin_space *space, akin_error *err) {
  akin_status status = akin_space_names(&row->name, space, err);
  row->view.model = row->name;
  row->view.scores = space->scores;
  return status;
}

akin_status akin_verdict_row_room(akin_verdict_row *row, size_t worst, akin_error *err) {
  row->worst = akin_calloc(worst + 1, sizeof *row->worst);
  row->queries = akin_calloc(worst + 1, sizeof *row->queries);
  return row->worst && row->queries ? AKIN_OK : akin_fail_memory(err, worst * sizeof *row->worst);
}

const akin_evaluation *akin_verdict_view(akin_verdict *result) {
  const akin_evaluated *images = &result->images;
  for (size_t i = 0; i < result->row_count; i++)
    result->views[i] = result->rows[i].view;
  result->view.classes_from = images->from;
  result->view.images = images->count;
  result->view.queries = images->queries;
  result->view.alone = images->count - images->queries;
  result->view.unlabelled = images->unlabelled;
  result->view.incomplete = images->incomplete;
  result->view.class_count = images->class_count;
  result->view.rows = result->views;
  result->view.row_count = result->row_count;
  return &result->view;
}

static void verdict_row_free(akin_verdict_row *row) {
  for (size_t i = 0; i < row->worst_count; i++) {
    akin_hits_free(row->queries[i].hits);
    akin_free(row->queries[i].hit_classes);
  }
  akin_free(row->worst);
  akin_free(row->queries);
  akin_free(row->classes);
  akin_free(row->name);
}

void akin_verdict_free(akin_verdict *result) {
  if (!result) return;
  for (size_t i = 0; i < result->row_count; i++)
    verdict_row_free(&result->rows[i]);
  akin_evaluated_free(&result->images);
  akin_free(result->rows);
  akin_free(result->views);
  akin_free(result);
}

void akin_evaluation_free(const akin_evaluation *evaluation) {
  akin_verdict_free((akin_verdict *)(uintptr_t)evaluation); /* its first member */
}
