/*
 * evaluate.c - every image of a class is asked for, and the ranks of its own kind make the metrics. The images of a
 * model's row are compared by their points (space.h); queries are shared out among threads.
 */
#include "engine/evaluate.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/thread.h"

#include <stdlib.h>
#include <string.h>

/* ---- scoring ---- */

typedef struct evaluate_scoring {
  const akin_evaluated *images;
  const float *const *points; /* [count] of the images, f32 [dim] */
  uint32_t dim, k;
  unsigned threads;
  double (*values)[AKIN_METRICS]; /* [count] */
  bool *failed;                   /* [threads]: no memory */
} evaluate_scoring;

/* What one query's ranks are made from; room for all images. */
typedef struct evaluate_room {
  akin_candidate *relevant, *others;
  size_t *ranks;
} evaluate_room;

static void evaluate_query(const evaluate_scoring *s, evaluate_room *room, size_t query) {
  const akin_evaluated *images = s->images;
  size_t relevant = 0, others = 0;
  for (size_t i = 0; i < images->count; i++) {
    akin_candidate candidate = {0.0f, i};
    if (images->items[i].content == images->items[query].content) continue;
    akin_search_scores(&candidate.score, s->points[query], s->points[i], 1, s->dim, s->dim);
    if (images->items[i].class == images->items[query].class)
      room->relevant[relevant++] = candidate;
    else
      room->others[others++] = candidate;
  }
  if (relevant == 0) return;
  akin_candidates_sort(room->relevant, relevant);
  akin_ranks_find(room->ranks, room->relevant, relevant, room->others, others);
  akin_metrics_of_ranks(s->values[query], room->ranks, relevant, s->k);
}

static void evaluate_work(void *context, unsigned index) {
  const evaluate_scoring *s = context;
  const size_t count = s->images->count;
  evaluate_room room = {.relevant = akin_calloc(count, sizeof *room.relevant),
                        .others = akin_calloc(count, sizeof *room.others),
                        .ranks = akin_calloc(count, sizeof *room.ranks)};
  s->failed[index] = !room.relevant || !room.others || !room.ranks;
  for (size_t i = index; !s->failed[index] && i < count; i += s->threads)
    evaluate_query(s, &room, i);
  akin_free(room.relevant);
  akin_free(room.others);
  akin_free(room.ranks);
}

static akin_status evaluate_score(evaluate_scoring *s, akin_error *err) {
  const size_t count = s->images->count;
  s->threads = akin_thread_cores();
  s->failed = akin_calloc(s->threads, sizeof *s->failed);
  s->values = akin_calloc(count, sizeof *s->values);
  akin_status status = s->failed && s->values ? akin_threads_run(s->threads, evaluate_work, s, err)
                                              : akin_fail_memory(err, count * sizeof *s->values);
  for (unsigned i = 0; !status && i < s->threads; i++)
    if (s->failed[i]) status = akin_fail_memory(err, count * 2 * sizeof(akin_candidate));
  akin_free(s->failed);
  s->failed = NULL;
  return status;
}

/* ---- means ---- */

/* The values of the queries alone, side by side with their classes; the index of each among the images. */
static akin_status evaluate_means(akin_verdict_row *row, const akin_evaluated *images,
                                  const double (*values)[AKIN_METRICS], const akin_evaluate_options *o,
                                  akin_error *err) {
  double(*queries)[AKIN_METRICS] = akin_calloc(images->queries, sizeof *queries),
  (*differences)[AKIN_METRICS] = akin_calloc(images->queries, sizeof *differences);
  uint32_t *classes = akin_calloc(images->queries, sizeof *classes);
  akin_interval ignored[AKIN_METRICS];
  size_t n = 0;
  akin_status status =
      queries && differences && classes ? AKIN_OK : akin_fail_memory(err, images->queries * sizeof *queries);
  for (size_t i = 0; !status && i < images->count; i++) {
    if (images->items[i].relevant == 0) continue;
    for (size_t m = 0; m < AKIN_METRICS; m++) {
      queries[n][m] = values[i][m];
      differences[n][m] = values[i][m] - images->first_values[i][m];
    }
    classes[n++] = images->items[i].class;
  }
  akin_samples samples = {(const double(*)[AKIN_METRICS])queries, classes, n, images->class_count};
  if (!status) status = akin_bootstrap(row->view.micro, row->view.macro, &samples, o->resamples, o->seed, err);
  samples.values = (const double(*)[AKIN_METRICS])differences;
  const bool first = values == (const double(*)[AKIN_METRICS])images->first_values; /* differs from itself by nothing */
  if (!status && !first) status = akin_bootstrap(row->view.difference, ignored, &samples, o->resamples, o->seed, err);
  akin_free(queries);
  akin_free(differences);
  akin_free(classes);
  return status;
}

static akin_status evaluate_classes(akin_verdict_row *row, const akin_evaluated *images,
                                    const double (*values)[AKIN_METRICS], akin_error *err) {
  row->classes = akin_calloc(images->class_count, sizeof *row->classes);
  if (!row->classes) return akin_fail_memory(err, images->class_count * sizeof *row->classes);
  row->view.classes = row->classes;
  for (size_t c = 0; c < images->class_count; c++)
    row->classes[c].name = images->classes[c];
  for (size_t i = 0; i < images->count; i++) {
    akin_evaluation_class *class = &row->classes[images->items[i].class];
    class->images++;
    if (images->items[i].relevant == 0) continue;
    class->queries++;
    for (size_t m = 0; m < AKIN_METRICS; m++)
      class->metrics[m] += values[i][m];
  }
  for (size_t c = 0; c < images->class_count; c++)
    for (size_t m = 0; row->classes[c].queries > 0 && m < AKIN_METRICS; m++)
      row->classes[c].metrics[m] /= (double)row->classes[c].queries;
  return AKIN_OK;
}

/* ---- the worst ---- */

typedef struct evaluate_rank {
  double map_r, map;
  size_t index;
} evaluate_rank;

static int evaluate_worst_order(const void *x, const void *y) {
  const evaluate_rank *a = x, *b = y;
  if (a->map_r != b->map_r) return a->map_r < b->map_r ? -1 : 1;
  if (a->map != b->map) return a->map < b->map ? -1 : 1;
  return a->index < b->index ? -1 : a->index > b->index;
}

/* The best k of a query, as the hits of an answer. candidates: room for all images. */
static akin_status evaluate_hits(akin_verdict_query *q, const evaluate_scoring *s, size_t query,
                                 const akin_space *space, const char *names, akin_candidate *candidates,
                                 akin_error *err) {
  const akin_evaluated *images = s->images;
  size_t n = 0;
  for (size_t i = 0; i < images->count; i++) {
    if (images->items[i].content == images->items[query].content) continue;
    candidates[n].index = i;
    akin_search_scores(&candidates[n++].score, s->points[query], s->points[i], 1, s->dim, s->dim);
  }
  akin_candidates_sort(candidates, n);
  n = n < s->k ? n : s->k;
  q->hit_classes = akin_calloc(n + 1, sizeof *q->hit_classes);
  akin_status status =
      q->hit_classes ? akin_hits_new(&q->hits, names, err) : akin_fail_memory(err, n * sizeof *q->hit_classes);
  if (!status) status = akin_hits_add_query(q->hits, images->items[query].path, err);
  for (size_t i = 0; !status && i < n; i++) {
    const akin_evaluated_image *hit = &images->items[candidates[i].index];
    q->hit_classes[i] = images->classes[hit->class];
    status = akin_hits_add(q->hits, hit->path, candidates[i].score, hit->width, hit->height, err);
    if (!status) akin_hits_rate(q->hits, akin_background_percentile(&space->background, candidates[i].score));
  }
  return status;
}

static akin_status evaluate_worst(akin_verdict_row *row, const evaluate_scoring *s, const akin_space *space,
                                  uint32_t most, akin_error *err) {
  const akin_evaluated *images = s->images;
  evaluate_rank *ranks = akin_calloc(images->count, sizeof *ranks);
  akin_candidate *candidates = akin_calloc(images->count, sizeof *candidates);
  size_t n = 0;
  akin_status status = ranks && candidates ? AKIN_OK : akin_fail_memory(err, images->count * sizeof *ranks);
  for (size_t i = 0; !status && i < images->count; i++)
    if (images->items[i].relevant > 0)
      ranks[n++] = (evaluate_rank){s->values[i][AKIN_METRIC_MAP_R], s->values[i][AKIN_METRIC_MAP], i};
  if (n > 0) qsort(ranks, n, sizeof *ranks, evaluate_worst_order);
  n = n < most ? n : most;
  if (!status) status = akin_verdict_row_room(row, n, err);
  for (size_t i = 0; !status && i < n; i++) {
    const akin_evaluated_image *image = &images->items[ranks[i].index];
    akin_verdict_query *q = &row->queries[i];
    row->worst_count++; /* so that it is freed */
    status = evaluate_hits(q, s, ranks[i].index, space, row->name, candidates, err);
    row->worst[i] = (akin_evaluation_query){.path = image->path,
                                            .class_name = images->classes[image->class],
                                            .relevant = image->relevant,
                                            .hits = q->hits,
                                            .hit_classes = q->hit_classes};
    memcpy(row->worst[i].metrics, s->values[ranks[i].index], sizeof row->worst[i].metrics);
  }
  row->view.worst = row->worst;
  row->view.worst_count = row->worst_count;
  akin_free(ranks);
  akin_free(candidates);
  return status;
}

/* ---- a row ---- */

static akin_status evaluate_points(const float ***out, const akin_evaluated *images, akin_vectors *points,
                                   akin_error *err) {
  *out = akin_calloc(images->count, sizeof **out);
  if (!*out) return akin_fail_memory(err, images->count * sizeof **out);
  for (size_t i = 0; i < images->count; i++)
    if (!((*out)[i] = akin_vectors_find(points, images->items[i].content)))
      return akin_fail(err, AKIN_ERROR_BUSY, "%s: left the store meanwhile: evaluate again", images->items[i].path);
  return AKIN_OK;
}

/* Evaluates one space. Of the first row the values are kept, for the others to be compared with. */
static akin_status evaluate_row(akin_verdict_row *row, akin_evaluated *images, akin_store *store, akin_space *space,
                                const akin_evaluate_options *o, akin_error *err) {
  evaluate_scoring s = {.images = images, .dim = space->dim, .k = o->k};
  akin_vectors *v = NULL;
  const float **points = NULL;
  akin_status status = akin_store_points(store, &v, space, err);
  if (!status) status = akin_space_background(space, store, v, err);
  if (!status) status = evaluate_points(&points, images, v, err);
  s.points = points;
  if (!status) status = akin_verdict_row_name(row, space, err);
  if (!status) status = evaluate_score(&s, err);
  if (!status && !images->first_values) {
    images->first_values = s.values;
    images->owns_first = true;
  }
  if (!status) status = evaluate_means(row, images, (const double(*)[AKIN_METRICS])s.values, o, err);
  if (!status) status = evaluate_classes(row, images, (const double(*)[AKIN_METRICS])s.values, err);
  if (!status) status = evaluate_worst(row, &s, space, o->worst, err);
  if (s.values != images->first_values) akin_free(s.values);
  akin_free(points);
  return status;
}

/* ---- the whole ---- */

static akin_status evaluate_check(const akin_evaluate_options *o, akin_error *err) {
  if (o->version != AKIN_EVALUATE_OPTIONS_VERSION) {
    return akin_fail(err, AKIN_ERROR_USAGE, "evaluate options of version %u, this library knows version %u", o->version,
                     AKIN_EVALUATE_OPTIONS_VERSION);
  }
  if (o->k == 0) return akin_fail(err, AKIN_ERROR_USAGE, "k is 0: evaluate at least one hit");
  for (size_t i = 0; i < o->model_count; i++)
    for (size_t j = 0; j < i; j++)
      if (strcmp(o->models[i], o->models[j]) == 0)
        return akin_fail(err, AKIN_ERROR_USAGE, "%s was named twice", o->models[i]);
  if (o->fuse && o->model_count < 2)
    return akin_fail(err, AKIN_ERROR_USAGE, "%zu model%s to join: name 2 or more", o->model_count,
                     o->model_count == 1 ? "" : "s");
  return AKIN_OK;
}

/* The space of each row: one a model, and that of all of them joined. */
static akin_status evaluate_spaces(akin_space **spaces, size_t rows, akin_store *store, const akin_evaluate_options *o,
                                   akin_error *err) {
  akin_status status = AKIN_OK;
  for (size_t i = 0; !status && i < rows; i++) {
    const bool joined = o->fuse && i + 1 == rows;
    const char *const *names = !o->model_count ? NULL : joined ? o->models : o->models + i;
    status = akin_space_open(&spaces[i], store, names,
                             !o->model_count ? 0
                             : joined        ? o->model_count
                                             : 1,
                             o->scores, err);
  }
  return status;
}

akin_status akin_store_evaluate(akin_store *store, const akin_evaluation **out, const akin_evaluate_options *options,
                                akin_error *err) {
  static const akin_evaluate_options defaults = AKIN_EVALUATE_OPTIONS_INIT;
  const akin_evaluate_options *o = options ? options : &defaults;
  akin_verdict *result = NULL;
  akin_space **spaces = NULL;
  *out = NULL;
  akin_status status = evaluate_check(o, err);
  if (status) return status;
  const size_t rows = (o->model_count ? o->model_count : 1) + (o->fuse != 0);
  if ((status = akin_verdict_new(&result, rows, o, err))) return status;
  if (!(spaces = akin_calloc(rows, sizeof *spaces))) status = akin_fail_memory(err, rows * sizeof *spaces);
  if (!status) status = evaluate_spaces(spaces, rows, store, o, err);
  if (!status) status = akin_evaluated_read(&result->images, store, spaces, rows, o, err);
  for (size_t i = 0; !status && i < rows; i++) {
    result->row_count++;
    status = evaluate_row(&result->rows[i], &result->images, store, spaces[i], o, err);
  }
  for (size_t i = 0; spaces && i < rows; i++)
    akin_space_free(spaces[i]);
  akin_free(spaces);
  if (status) {
    akin_verdict_free(result);
    return status;
  }
  *out = akin_verdict_view(result);
  return AKIN_OK;
}
