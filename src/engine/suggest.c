/*
 * suggest.c - how well the imported models find images of the user's own again. Each image of a sample is altered in a
 * few ways, and looked for among the originals.
 */
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/thread.h"
#include "engine/model.h"
#include "engine/sample.h"
#include "engine/skip.h"
#include "engine/speed.h"
#include "image/alter.h"
#include "image/image.h"
#include "search/search.h"

#include <akin/model.h>
#include <akin/suggest.h>
#include <math.h>
#include <pthread.h>
#include <string.h>

#define SUGGEST_SAMPLE_MOST 10000
#define SUGGEST_FEATURES    (1 + AKIN_ALTERATIONS) /* of an image: its own, then one an alteration */
#define SUGGEST_FLAT        1e-12                  /* a variance of similarities that rounding makes */

/* One model at work on the sample. */
typedef struct suggest_run {
  const akin_suggest_options *options;
  const akin_sample *sample;
  akin_model *model;
  uint32_t dim;
  float *features;      /* f32 [SUGGEST_FEATURES, images, dim] */
  bool *usable;         /* [images]: all of its features are there */
  pthread_mutex_t lock; /* around what follows, and around the callbacks */
  size_t next, done;
  bool cancelled;
  bool tell; /* skipped images: with the first model only */
  akin_error err;
} suggest_run;

static float *suggest_feature(const suggest_run *run, size_t which, size_t image) {
  return run->features + (which * run->sample->count + image) * run->dim;
}

/* ---- one image ---- */

static akin_status suggest_altered(suggest_run *run, size_t image, const akin_pixels *pixels, akin_error *err) {
  akin_buffer jpeg = AKIN_BUFFER_INIT(0);
  akin_status status = AKIN_OK;
  for (size_t a = 0; !status && a < AKIN_ALTERATIONS; a++) {
    akin_buffer_clear(&jpeg);
    status = akin_image_alter(&jpeg, pixels, (akin_alteration)a, err);
    if (!status)
      status = akin_model_embed_memory(run->model, suggest_feature(run, 1 + a, image), jpeg.data, jpeg.size, 0, err);
  }
  akin_buffer_free(&jpeg);
  return status;
}

static akin_status suggest_image(suggest_run *run, size_t image, akin_error *err) {
  akin_buffer bytes = AKIN_BUFFER_INIT(0);
  akin_image decoded = {0};
  akin_status status = akin_file_read(&bytes, run->sample->paths[image], run->options->limits.max_bytes, NULL, err);
  if (!status)
    status = akin_model_embed_memory(run->model, suggest_feature(run, 0, image), bytes.data, bytes.size, 0, err);
  if (!status) status = akin_image_decode(&decoded, NULL, bytes.data, bytes.size, NULL, &run->options->limits, err);
  if (!status) {
    const akin_pixels pixels = {decoded.pixels, decoded.width, decoded.height, (size_t)decoded.width * 3};
    status = suggest_altered(run, image, &pixels, err);
  }
  akin_image_free(&decoded);
  akin_buffer_free(&bytes);
  return status;
}

/* ---- all of them, on several threads ---- */

/* The next image to do; false when there is none, or a reason to stop. */
static bool suggest_take(suggest_run *run, size_t *image) {
  pthread_mutex_lock(&run->lock);
  const bool more = run->next < run->sample->count && !run->cancelled && !run->err.code;
  if (more) *image = run->next++;
  pthread_mutex_unlock(&run->lock);
  return more;
}

static void suggest_finish(suggest_run *run, size_t image, akin_status status, const akin_error *why) {
  const akin_suggest_options *o = run->options;
  pthread_mutex_lock(&run->lock);
  run->done++;
  run->usable[image] = status == AKIN_OK;
  if (status && !akin_image_is_at_fault(status)) run->err = *why;
  if (akin_image_is_at_fault(status) && run->tell && o->on_skipped)
    o->on_skipped(o->context, run->sample->paths[image], why->text);
  if (o->on_progress) o->on_progress(o->context, akin_model_name(run->model), run->done, run->sample->count);
  if (o->should_cancel && o->should_cancel(o->context)) run->cancelled = true;
  pthread_mutex_unlock(&run->lock);
}

static void suggest_work(void *context, unsigned index) {
  suggest_run *run = context;
  akin_error why;
  (void)index;
  for (size_t image; suggest_take(run, &image);)
    suggest_finish(run, image, suggest_image(run, image, &why), &why);
}

/* ---- judging ---- */

/* What one altered image says: where its original stands among all, and how far it is from the next. */
typedef struct suggest_verdict {
  double reciprocal_rank, margin;
} suggest_verdict;

static suggest_verdict suggest_look(const suggest_run *run, const float *scores, size_t image) {
  const double own = (double)scores[image];
  double best = -1, sum = 0, squares = 0;
  size_t before = 0, others = 0;
  for (size_t i = 0; i < run->sample->count; i++) {
    const double score = (double)scores[i];
    if (!run->usable[i] || i == image) continue;
    before += score > own;
    best = fmax(best, score);
    sum += score;
    squares += score * score;
    others++;
  }
  const double mean = others ? sum / (double)others : 0, variance = others ? squares / (double)others - mean * mean : 0;
  return (suggest_verdict){1 / (double)(before + 1), variance > SUGGEST_FLAT ? (own - best) / sqrt(variance) : 0};
}

/* Half of a mean's 95 % interval, of n values by their sum and the sum of their squares. */
static double suggest_uncertainty(double sum, double squares, double n) {
  return 1.96 * sqrt(fmax(squares - sum * sum / n, 0) / (n - 1) / n);
}

static akin_status suggest_judge(suggest_run *run, akin_suggestion *out, akin_error *err) {
  const size_t count = run->sample->count;
  double sum = 0, squares = 0;
  float *scores = akin_calloc(count, sizeof *scores);
  if (!scores) return akin_fail_memory(err, count * sizeof *scores);
  for (size_t i = 0; i < count; i++) {
    double of_image = 0;
    out->images += run->usable[i];
    for (size_t a = 0; run->usable[i] && a < AKIN_ALTERATIONS; a++) {
      akin_search_scores(scores, suggest_feature(run, 1 + a, i), run->features, count, run->dim, run->dim);
      const suggest_verdict verdict = suggest_look(run, scores, i);
      out->found[a] += verdict.reciprocal_rank >= 1;
      out->margin += verdict.margin / AKIN_ALTERATIONS;
      of_image += verdict.reciprocal_rank / AKIN_ALTERATIONS;
    }
    sum += of_image;
    squares += of_image * of_image;
  }
  akin_free(scores);
  if (out->images < 2)
    return akin_fail(err, AKIN_ERROR_NOT_FOUND,
                     "fewer than two images that can be read: more are needed to choose from");
  const double images = (double)out->images;
  out->mean_reciprocal_rank = sum / images;
  out->uncertainty = suggest_uncertainty(sum, squares, images);
  out->margin /= images;
  for (size_t a = 0; a < AKIN_ALTERATIONS; a++)
    out->found[a] /= images;
  return AKIN_OK;
}

/* ---- one model ---- */

static akin_status suggest_allocate(suggest_run *run, akin_error *err) {
  size_t values;
  const size_t count = run->sample->count;
  run->dim = akin_model_dim(run->model);
  if (!akin_multiply(&values, count * SUGGEST_FEATURES, run->dim)) return akin_fail_memory(err, SIZE_MAX);
  run->features = akin_calloc(values, sizeof *run->features);
  run->usable = akin_calloc(count, sizeof *run->usable);
  return run->features && run->usable ? AKIN_OK : akin_fail_memory(err, values * sizeof *run->features);
}

static akin_status suggest_compute(suggest_run *run, unsigned jobs, akin_error *err) {
  akin_status status = akin_threads_run(jobs, suggest_work, run, err);
  if (status) return status;
  if (run->err.code) return akin_fail(err, run->err.code, "%s", run->err.text);
  return run->cancelled ? akin_fail(err, AKIN_ERROR_CANCELLED, "stopped") : AKIN_OK;
}

static akin_status suggest_model(suggest_run *run, const char *name, akin_suggestion *out, akin_error *err) {
  const akin_suggest_options *o = run->options;
  akin_model_options options = AKIN_MODEL_OPTIONS_INIT;
  const unsigned jobs = o->jobs ? o->jobs : akin_thread_cores();
  options.models_folder = o->models_folder;
  options.limits = o->limits;
  options.workers = jobs;
  run->next = run->done = 0;
  akin_status status = akin_model_open(&run->model, name, &options, err);
  if (!status)
    status = akin_speed_measure(&out->milliseconds, run->model, err); /* what fails then is no image's fault */
  if (!status) status = suggest_allocate(run, err);
  if (!status) status = suggest_compute(run, jobs, err);
  if (!status) {
    out->dim = run->dim;
    status = suggest_judge(run, out, err);
  }
  akin_free(run->features);
  akin_free(run->usable);
  run->features = NULL;
  run->usable = NULL;
  akin_model_free(run->model);
  run->model = NULL;
  run->tell = false;
  return status;
}

/* ---- all models ---- */

typedef struct suggest_all {
  suggest_run run;
  akin_suggest_visit *visit;
  void *context;
  akin_error *err;
  bool visited;
} suggest_all;

static akin_status suggest_visit_model(void *context, const akin_model_entry *entry) {
  suggest_all *all = context;
  akin_suggestion suggestion = {.model = entry->name, .bytes = entry->bytes};
  akin_error why;
  const akin_suggest_options *o = all->run.options;
  if (entry->damaged && o->on_skipped)
    o->on_skipped(o->context, entry->name, "this model is damaged: akin model inspect says how");
  if (!entry->imported) return AKIN_OK;
  akin_status status = suggest_model(&all->run, entry->name, &suggestion, &why);
  all->visited = true;
  if (!status) return all->visit(all->context, &suggestion);
  return akin_fail(all->err, status, "%s", why.text);
}

static akin_status suggest_check(const akin_suggest_options *o, size_t count, akin_error *err) {
  if (o->version != AKIN_SUGGEST_OPTIONS_VERSION) {
    return akin_fail(err, AKIN_ERROR_USAGE, "suggest options of version %u, this library knows version %u", o->version,
                     AKIN_SUGGEST_OPTIONS_VERSION);
  }
  if (count == 0) return akin_fail(err, AKIN_ERROR_USAGE, "no folder or file was given");
  if (o->sample < 2 || o->sample > SUGGEST_SAMPLE_MOST)
    return akin_fail(err, AKIN_ERROR_USAGE, "a sample of %u images: take 2 to %d", o->sample, SUGGEST_SAMPLE_MOST);
  return o->jobs <= 1024 ? AKIN_OK : akin_fail(err, AKIN_ERROR_USAGE, "%u jobs, at most 1,024 are possible", o->jobs);
}

akin_status akin_models_suggest(const char *const *paths, size_t count, const akin_suggest_options *options,
                                akin_suggest_visit *visit, void *context, akin_error *err) {
  static const akin_suggest_options defaults = AKIN_SUGGEST_OPTIONS_INIT;
  akin_sample sample = {0};
  suggest_all all = {.run = {.options = options ? options : &defaults,
                             .sample = &sample,
                             .lock = PTHREAD_MUTEX_INITIALIZER,
                             .tell = true},
                     .visit = visit,
                     .context = context,
                     .err = err};
  akin_status status = suggest_check(all.run.options, count, err);
  if (!status) status = akin_sample_take(&sample, paths, count, all.run.options->sample, err);
  if (!status && sample.count < 2) status = akin_fail(err, AKIN_ERROR_NOT_FOUND, "%s: fewer than two images", paths[0]);
  if (!status) status = akin_model_list(all.run.options->models_folder, suggest_visit_model, &all, err);
  if (!status && !all.visited)
    status =
        akin_fail(err, AKIN_ERROR_NOT_FOUND, "no model is imported: akin model pull NAME, or akin model import FILE");
  akin_sample_free(&sample);
  return status;
}
