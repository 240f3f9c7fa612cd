/* twins.c - see twins.h: images, candidates, pictures, comparisons. */
#include "engine/twins.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/path.h"
#include "base/thread.h"
#include "engine/facts.h"
#include "search/close.h"

#include <stdlib.h>
#include <string.h>

/* Beyond, features tell nothing apart: these are 1.2 GB. */
#define TWINS_PAIRS ((size_t)33554432)
/* Larger pictures are read one at a time, so that memory has a ceiling. */
#define TWINS_LARGE ((uint64_t)32 * 1024 * 1024)
/* Contents, or pairs, that a thread takes at once. */
#define TWINS_BLOCK 16
/* Seconds between two tellings of progress. */
#define TWINS_TELL 0.2

/* ---- which images there are ---- */

static akin_status twins_add_image(void *context, const akin_stored_image *image, akin_error *err) {
  akin_twins *t = context;
  if (image->state != AKIN_IMAGE_READABLE) return AKIN_OK; /* told when it was indexed */
  if (t->image_count == t->image_room) {
    const size_t room = t->image_room ? t->image_room * 2 : 256;
    akin_twin_image *images = akin_realloc_array(t->images, room, sizeof *images);
    if (!images) return akin_fail_memory(err, room * sizeof *images);
    t->images = images;
    t->image_room = room;
  }
  char *path = akin_strdup(image->path);
  if (!path) return akin_fail_memory(err, strlen(image->path) + 1);
  t->images[t->image_count++] = (akin_twin_image){.path = path,
                                                  .content_id = image->content_id,
                                                  .hash = image->content,
                                                  .width = image->width,
                                                  .height = image->height,
                                                  .facts = image->facts};
  return AKIN_OK;
}

static akin_status twins_add_path(akin_twins *t, akin_storage *reader, const char *path, akin_error *err) {
  char *absolute = NULL;
  const size_t before = t->image_count;
  akin_status status = akin_path_absolute(&absolute, path, err);
  if (!status) status = akin_storage_images(reader, absolute, twins_add_image, t, err);
  if (!status && t->image_count == before)
    status = akin_fail(err, AKIN_ERROR_NOT_FOUND, "%s: the store knows no image of this name or inside it", absolute);
  akin_free(absolute);
  return status;
}

static int twins_compare_images(const void *a, const void *b) {
  const akin_twin_image *x = a, *y = b;
  const int order = memcmp(&x->hash, &y->hash, sizeof x->hash);
  return order ? order : strcmp(x->path, y->path);
}

/* Drops an image that two of the given paths hold. */
static void twins_drop_repeated(akin_twins *t) {
  size_t kept = 0;
  for (size_t i = 0; i < t->image_count; i++)
    if (kept > 0 && strcmp(t->images[kept - 1].path, t->images[i].path) == 0)
      akin_free(t->images[i].path);
    else
      t->images[kept++] = t->images[i];
  t->image_count = kept;
}

static akin_status twins_make_contents(akin_twins *t, const akin_vectors *vectors, akin_error *err) {
  t->contents = akin_calloc(t->image_count ? t->image_count : 1, sizeof *t->contents);
  if (!t->contents) return akin_fail_memory(err, t->image_count * sizeof *t->contents);
  for (size_t i = 0; i < t->image_count; i++) {
    if (i > 0 && t->images[i].content_id == t->images[i - 1].content_id) {
      t->contents[t->content_count - 1].count++;
    } else {
      t->contents[t->content_count++] = (akin_twin_content){
          .first = i, .count = 1, .best = SIZE_MAX, .row = akin_vectors_find(vectors, t->images[i].content_id)};
    }
  }
  return AKIN_OK;
}

akin_status akin_twins_collect(akin_twins *t, akin_store *store, const akin_duplicates_options *options,
                               akin_error *err) {
  akin_stored_model *model = NULL;
  akin_vectors *vectors = NULL;
  akin_storage *reader = NULL;
  *t = (akin_twins){.store = store, .options = options, .jobs = options->jobs ? options->jobs : akin_thread_cores()};
  akin_status status = akin_store_find_model(store, &model, options->model, err);
  if (status || (status = akin_store_vectors(store, &vectors, model, err)) ||
      (status = akin_store_reader(store, &reader, err)) || (status = akin_apart_load(&t->apart, reader, err)))
    goto out;
  snprintf(t->model, sizeof t->model, "%s", model->name);
  t->dim = model->dim;
  if (options->path_count == 0) status = akin_storage_images(reader, NULL, twins_add_image, t, err);
  for (size_t i = 0; !status && i < options->path_count; i++)
    status = twins_add_path(t, reader, options->paths[i], err);
  if (status) goto out;
  if (t->image_count > 0) qsort(t->images, t->image_count, sizeof *t->images, twins_compare_images);
  twins_drop_repeated(t);
  status = twins_make_contents(t, vectors, err);
  t->progress.images = t->image_count;
out:
  akin_stored_models_free(model, model ? 1 : 0);
  return status;
}

void akin_twins_free(akin_twins *t) {
  for (size_t i = 0; i < t->image_count; i++) {
    akin_free(t->images[i].path);
    akin_free(t->images[i].reason);
  }
  for (size_t i = 0; i < t->content_count; i++)
    akin_free(t->contents[i].imprint);
  akin_apart_free(&t->apart);
  akin_free(t->images);
  akin_free(t->contents);
  akin_free(t->pairs);
}

/* ---- several threads ---- */

/* Work that threads share: they take blocks of [0, count) until there are none. */
typedef struct twins_work {
  akin_twins *twins;
  size_t count;
  atomic_size_t next;
  atomic_size_t done; /* counted by the steps */
  uint64_t *told;     /* where progress counts what is done; NULL: nowhere */
  atomic_bool starved;
  void (*step)(struct twins_work *work, unsigned thread, size_t index);
} twins_work;

/* On the calling thread, now and then: progress, cancelling. */
static void twins_tick(twins_work *work) {
  akin_twins *t = work->twins;
  const akin_duplicates_options *o = t->options;
  const double now = akin_clock_seconds();
  if (o->should_cancel && o->should_cancel(o->context)) atomic_store(&t->cancelled, true);
  if (!o->on_progress || now - t->told < TWINS_TELL) return;
  t->told = now;
  if (work->told) *work->told = atomic_load(&work->done);
  o->on_progress(o->context, &t->progress);
}

static void twins_run(void *context, unsigned thread) {
  twins_work *work = context;
  while (!atomic_load(&work->twins->cancelled) && !atomic_load(&work->starved)) {
    const size_t first = atomic_fetch_add(&work->next, TWINS_BLOCK);
    if (first >= work->count) return;
    for (size_t i = first; i < first + TWINS_BLOCK && i < work->count; i++)
      work->step(work, thread, i);
    if (thread == 0) twins_tick(work);
  }
}

static akin_status twins_share(twins_work *work, akin_error *err) {
  akin_status status = akin_threads_run(work->twins->jobs, twins_run, work, err);
  if (work->told) *work->told = atomic_load(&work->done);
  if (!status && atomic_load(&work->starved)) status = akin_fail_memory(err, 0);
  if (!status && atomic_load(&work->twins->cancelled))
    status = akin_fail(err, AKIN_ERROR_CANCELLED, "the search for duplicates was cancelled");
  return status;
}

/* ---- candidates ---- */

static bool twins_stop(void *context) {
  const akin_duplicates_options *o = ((const akin_twins *)context)->options;
  return o->should_cancel && o->should_cancel(o->context);
}

/* The rows of all contents that have a feature, and which contents these are; the caller frees both in any case. */
static akin_status twins_rows(const akin_twins *t, const float ***rows, uint32_t **numbers, size_t *count,
                              akin_error *err) {
  const size_t n = t->content_count ? t->content_count : 1;
  *rows = akin_realloc_array(NULL, n, sizeof **rows);
  *numbers = akin_realloc_array(NULL, n, sizeof **numbers);
  if (!*rows || !*numbers) return akin_fail_memory(err, n * sizeof **rows);
  for (size_t i = 0; i < t->content_count; i++) {
    if (!t->contents[i].row) continue;
    (*rows)[*count] = t->contents[i].row;
    (*numbers)[(*count)++] = (uint32_t)i;
  }
  return AKIN_OK;
}

static akin_status twins_take_pairs(akin_twins *t, const akin_close_pair *close, size_t count, const uint32_t *numbers,
                                    akin_error *err) {
  t->pairs = akin_realloc_array(NULL, count ? count : 1, sizeof *t->pairs);
  if (!t->pairs) return akin_fail_memory(err, count * sizeof *t->pairs);
  for (size_t i = 0; i < count; i++) {
    const uint32_t a = numbers[close[i].a], b = numbers[close[i].b];
    akin_twin_content *first = &t->contents[a], *second = &t->contents[b];
    if (akin_apart_has(&t->apart, &t->images[first->first].hash, &t->images[second->first].hash)) continue;
    first->candidate = second->candidate = true;
    t->pairs[t->pair_count++] = (akin_twin_pair){.a = a, .b = b, .score = close[i].score};
  }
  t->progress.candidates = t->pair_count;
  return AKIN_OK;
}

akin_status akin_twins_pair(akin_twins *t, akin_error *err) {
  const float **rows = NULL;
  uint32_t *numbers = NULL;
  akin_close_pair *close = NULL;
  size_t count = 0, found = 0;
  akin_status status = twins_rows(t, &rows, &numbers, &count, err);
  if (!status) {
    const akin_close_options options = {.rows = rows,
                                        .n = count,
                                        .dim = t->dim,
                                        .threshold = t->options->min_score,
                                        .most = TWINS_PAIRS,
                                        .threads = t->jobs,
                                        .stop = twins_stop,
                                        .context = t};
    status = akin_search_close(&close, &found, &options, err);
    if (status == AKIN_ERROR_LIMIT)
      status = akin_fail_context(err, status, "features of %s tell these images hardly apart, ask with a higher score",
                                 t->model);
  }
  if (!status) status = twins_take_pairs(t, close, found, numbers, err);
  akin_free(close);
  akin_free(numbers);
  akin_free(rows);
  return status;
}

/* ---- pictures ---- */

static bool twins_in_play(const akin_twin_content *c) {
  return c->candidate || c->count > 1;
}

/* Why a file cannot be in a group, kept with its image. Memory that is short is nobody's fault and ends the run. */
static void twins_leave_out(twins_work *work, akin_twin_image *image, akin_status status, const akin_error *why) {
  const size_t length = strlen(image->path);
  const bool named = strncmp(why->text, image->path, length) == 0 && strncmp(why->text + length, ": ", 2) == 0;
  if (status != AKIN_ERROR_MEMORY) image->reason = akin_strdup(named ? why->text + length + 2 : why->text);
  if (!image->reason) atomic_store(&work->starved, true);
}

/* Is the file there, with the content that was indexed? */
static akin_status twins_check_file(const akin_twin_image *image, akin_error *why) {
  akin_file_facts now;
  akin_hash hash;
  akin_status status = akin_file_facts_of(&now, image->path, why);
  if (status || akin_facts_same(&image->facts, &now)) return status;
  status = akin_hash_file(&hash, image->path, why);
  if (!status && !akin_hash_equal(&hash, &image->hash))
    status = akin_fail(why, AKIN_ERROR_MISMATCH, "is not what was indexed any more: akin index it again");
  return status;
}

/* Reads the picture from the first file that has it; a file that is found wanting is left out. */
static void twins_read_picture(twins_work *work, akin_twin_content *c) {
  akin_twins *t = work->twins;
  akin_error why;
  if (!(c->imprint = akin_alloc(sizeof *c->imprint))) atomic_store(&work->starved, true);
  for (size_t i = c->first; c->imprint && !c->readable && i < c->first + c->count; i++) {
    akin_twin_image *image = &t->images[i];
    if (image->reason) continue;
    akin_status status =
        akin_imprint_of_file(c->imprint, image->path, &image->hash, &image->facts, &t->options->limits, &why);
    c->readable = status == AKIN_OK;
    if (status) twins_leave_out(work, image, status, &why);
  }
}

static void twins_look_at(twins_work *work, akin_twin_content *c) {
  akin_twins *t = work->twins;
  akin_error why;
  for (size_t i = c->first; i < c->first + c->count; i++) {
    akin_status status = twins_check_file(&t->images[i], &why);
    if (status) twins_leave_out(work, &t->images[i], status, &why);
  }
  if (c->candidate) twins_read_picture(work, c);
  for (size_t i = c->first; c->best == SIZE_MAX && i < c->first + c->count; i++)
    if (!t->images[i].reason) c->best = i;
  atomic_fetch_add(&work->done, 1);
}

static bool twins_is_large(const akin_twins *t, const akin_twin_content *c) {
  return (uint64_t)t->images[c->first].width * t->images[c->first].height > TWINS_LARGE;
}

static void twins_look_small(twins_work *work, unsigned thread, size_t i) {
  akin_twin_content *c = &work->twins->contents[i];
  (void)thread;
  if (twins_in_play(c) && !twins_is_large(work->twins, c)) twins_look_at(work, c);
}

static void twins_look_large(twins_work *work, unsigned thread, size_t i) {
  akin_twin_content *c = &work->twins->contents[i];
  (void)thread;
  if (twins_in_play(c) && twins_is_large(work->twins, c)) twins_look_at(work, c);
}

static int twins_compare_reasons(const void *a, const void *b) {
  const akin_twin_image *const *x = a, *const *y = b;
  return strcmp((*x)->path, (*y)->path);
}

/* What is left out, in order of path. */
static akin_status twins_tell_skipped(const akin_twins *t, akin_error *err) {
  size_t count = 0;
  if (!t->options->on_skipped) return AKIN_OK;
  const akin_twin_image **skipped = akin_calloc(t->image_count ? t->image_count : 1, sizeof *skipped);
  if (!skipped) return akin_fail_memory(err, t->image_count * sizeof *skipped);
  for (size_t i = 0; i < t->image_count; i++)
    if (t->images[i].reason) skipped[count++] = &t->images[i];
  if (count > 0) qsort(skipped, count, sizeof *skipped, twins_compare_reasons);
  for (size_t i = 0; i < count; i++)
    t->options->on_skipped(t->options->context, skipped[i]->path, skipped[i]->reason);
  akin_free(skipped);
  return AKIN_OK;
}

akin_status akin_twins_look(akin_twins *t, akin_error *err) {
  twins_work work = {.twins = t, .count = t->content_count, .step = twins_look_small, .told = &t->progress.looked};
  for (size_t i = 0; i < t->content_count; i++)
    t->progress.pictures += twins_in_play(&t->contents[i]);
  akin_status status = twins_share(&work, err);
  if (!status) {
    const unsigned jobs = t->jobs;
    t->jobs = 1;
    work.step = twins_look_large; /* done goes on */
    atomic_store(&work.next, 0);
    status = twins_share(&work, err);
    t->jobs = jobs;
  }
  return status ? status : twins_tell_skipped(t, err);
}

/* ---- comparisons ---- */

/* Judges pixels; the order of the two does not matter. */
static bool twins_agree(const akin_twins *t, akin_twin_pair *pair) {
  const bool ordered = pair->a < pair->b;
  const akin_twin_content *a = &t->contents[ordered ? pair->a : pair->b];
  const akin_twin_content *b = &t->contents[ordered ? pair->b : pair->a];
  if (!a->readable || !b->readable) return false;
  pair->same = akin_imprint_same(a->imprint, b->imprint, &pair->agreement);
  if (!pair->same && t->options->mirrored) {
    akin_imprint mirrored;
    akin_imprint_mirror(&mirrored, b->imprint);
    pair->same = pair->mirrored = akin_imprint_same(a->imprint, &mirrored, &pair->agreement);
  }
  return pair->same;
}

bool akin_twins_judge(const akin_twins *t, akin_twin_pair *pair) {
  const float *a = t->contents[pair->a].row, *b = t->contents[pair->b].row;
  if (!a || !b) return false;
  akin_search_scores(&pair->score, a, b, 1, t->dim, t->dim);
  return twins_agree(t, pair);
}

static void twins_compare_pair(twins_work *work, unsigned thread, size_t i) {
  (void)thread;
  twins_agree(work->twins, &work->twins->pairs[i]);
  atomic_fetch_add(&work->done, 1);
}

akin_status akin_twins_compare(akin_twins *t, akin_error *err) {
  twins_work work = {.twins = t, .count = t->pair_count, .step = twins_compare_pair, .told = &t->progress.compared};
  return twins_share(&work, err);
}
