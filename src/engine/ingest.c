/*
 * ingest.c - bringing a store up to date: plan (what is new, what is gone), workers (features), one writer (here), and
 * last what is gone leaves - last, so that a file that was renamed finds its feature under the old name.
 */
#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/thread.h"
#include "engine/approximate.h"
#include "engine/measure.h"
#include "engine/model.h"
#include "engine/plan.h"
#include "engine/space.h"
#include "engine/worker.h"

#include <string.h>

/* A commit is an fsync: at most every so many images or seconds. Less than that is lost when the process is killed. */
#define INGEST_BATCH         64
#define INGEST_BATCH_SECONDS 2.0
#define INGEST_TICK_SECONDS  0.1

typedef struct ingest {
  akin_store *store;
  akin_model *model;
  akin_ingest_options options;
  akin_progress progress;
  akin_plan plan;
  akin_storage *writer;
  uint64_t model_id;
  double began, last_tick, work_began, batch_began;
  uint64_t work_total, work_done;
  unsigned batch; /* images in the open transaction; 0: none is open */
  bool cancelled;
} ingest;

/* ---- progress ---- */

static void ingest_tell(ingest *in, double now) {
  akin_progress *p = &in->progress;
  p->seconds = now - in->began;
  p->images_per_second = 0;
  p->remaining_seconds = -1;
  if (in->work_done > 0 && now > in->work_began) {
    p->images_per_second = (double)in->work_done / (now - in->work_began);
    p->remaining_seconds = (double)(in->work_total - in->work_done) / p->images_per_second;
  }
  if (in->options.on_progress) in->options.on_progress(in->options.context, p);
}

static void ingest_tick(void *context) {
  ingest *in = context;
  double now = akin_clock_seconds();
  if (now - in->last_tick < INGEST_TICK_SECONDS) return;
  in->last_tick = now;
  ingest_tell(in, now);
  if (in->options.should_cancel && in->options.should_cancel(in->options.context)) in->cancelled = true;
}

static void ingest_skipped(ingest *in, const char *path, const char *reason) {
  in->progress.skipped++;
  if (in->options.on_skipped) in->options.on_skipped(in->options.context, path, reason);
}

/* ---- before the work ---- */

static akin_status ingest_check(const akin_ingest_options *o, const akin_model *model, size_t count, akin_error *err) {
  if (o->version != AKIN_INGEST_OPTIONS_VERSION) {
    return akin_fail(err, AKIN_ERROR_USAGE, "ingest options of version %u, this library knows version %u", o->version,
                     AKIN_INGEST_OPTIONS_VERSION);
  }
  if (count == 0) return akin_fail(err, AKIN_ERROR_USAGE, "no folder or file was given");
  if (o->jobs > 1024) return akin_fail(err, AKIN_ERROR_USAGE, "%u jobs asked for, at most 1,024 are possible", o->jobs);
  return model ? AKIN_OK : akin_fail(err, AKIN_ERROR_USAGE, "no model was given");
}

/* The store may have this model's name from another model, or from this one with other options: said in words. */
static akin_status ingest_check_fingerprint(ingest *in, const akin_stored_model *stored, akin_error *err) {
  char *difference = NULL;
  if (strcmp(stored->fingerprint, akin_model_fingerprint(in->model)) == 0) return AKIN_OK;
  akin_status status = akin_model_settings_difference(&difference, in->model, stored->card, err);
  if (!status) {
    status = akin_fail(
        err, AKIN_ERROR_MISMATCH,
        "the store's features of %s are of another kind (%s): use another --store, or take them out first: akin remove "
        "--model %s",
        stored->name, difference, stored->name);
  }
  akin_free(difference);
  return status;
}

static akin_status ingest_add_model(ingest *in, akin_error *err) {
  akin_buffer settings = AKIN_BUFFER_INIT(1u << 20);
  akin_stored_model *models = NULL;
  size_t count = 0;
  const char *name = akin_model_name(in->model);
  akin_status status = akin_storage_models(in->writer, &models, &count, err);
  for (size_t i = 0; !status && i < count; i++)
    if (strcmp(models[i].name, name) == 0) status = ingest_check_fingerprint(in, &models[i], err);
  akin_stored_models_free(models, count);
  if (status) return status;
  if (akin_model_settings_json(&settings, in->model)) {
    status = akin_fail_memory(err, settings.size);
  } else if (!(status = akin_storage_begin(in->writer, err))) {
    status = akin_storage_model_add(in->writer, name, akin_model_fingerprint(in->model), akin_model_dim(in->model),
                                    settings.data, &in->model_id, err);
    if (status)
      akin_storage_rollback(in->writer);
    else
      status = akin_storage_commit(in->writer, err);
  }
  akin_buffer_free(&settings);
  return status;
}

/* Plans every path. One that cannot be used is remembered in `trouble` (the first such) and the others go on. */
static akin_status ingest_plan(ingest *in, const char *const *paths, size_t count, akin_error *trouble,
                               akin_error *err) {
  akin_plan *plan = &in->plan;
  *plan = (akin_plan){.writer = in->writer,
                      .model_id = in->model_id,
                      .options = &in->options,
                      .progress = &in->progress,
                      .tick = ingest_tick,
                      .cancelled = &in->cancelled,
                      .context = in};
  akin_status status = akin_worklist_new(&plan->work, in->store->folder, err);
  if (!status) status = akin_worklist_new(&plan->gone, in->store->folder, err);
  in->progress.scanning = 1;
  for (size_t i = 0; !status && i < count; i++)
    status = akin_plan_root(plan, paths[i], err);
  for (size_t i = 0; !status && i < count; i++) {
    akin_error here;
    status = akin_plan_add(plan, paths[i], &here);
    if (status == AKIN_ERROR_NOT_FOUND || status == AKIN_ERROR_REFUSED) {
      if (trouble->code == AKIN_OK)
        *trouble = here;
      else if (in->options.on_note)
        in->options.on_note(in->options.context, here.text);
      status = AKIN_OK;
    } else if (status) {
      status = akin_fail(err, status, "%s", here.text);
    }
  }
  in->progress.scanning = 0;
  return status;
}

static akin_status ingest_check_space(ingest *in, akin_error *err) {
  uint64_t needed = akin_storage_estimate(in->work_total, akin_model_dim(in->model)), free_bytes = 0;
  akin_status status = akin_file_free_space(&free_bytes, in->store->folder, err);
  if (!status && needed > free_bytes) {
    status = akin_fail(
        err, AKIN_ERROR_NO_SPACE,
        "%s: %llu images need about %.1f MB there, %.1f MB are free: make room, or use a --store elsewhere",
        in->store->folder, (unsigned long long)in->work_total, (double)needed / 1e6, (double)free_bytes / 1e6);
  }
  return status;
}

/* ---- writing ---- */

static akin_status ingest_commit(ingest *in, akin_error *err) {
  if (in->batch == 0) return AKIN_OK;
  in->batch = 0;
  return akin_storage_commit(in->writer, err);
}

typedef struct ingest_met {
  const akin_result *result;
  bool same; /* the stored image has this content and was not even touched */
} ingest_met;

static akin_status ingest_visit_met(void *context, const akin_stored_image *image, akin_error *err) {
  ingest_met *met = context;
  const akin_result *r = met->result;
  (void)err;
  met->same = image->state == AKIN_IMAGE_READABLE && akin_hash_equal(&image->content, &r->content) &&
              image->facts.mtime_ns == r->facts.mtime_ns && image->facts.inode == r->facts.inode;
  return AKIN_OK;
}

/* A content that has its feature is one more unchanged image when only its facts had not settled. */
static akin_status ingest_count_reused(ingest *in, const akin_result *r, akin_error *err) {
  ingest_met met = {r, false};
  akin_status status = akin_storage_image_at(in->writer, r->path, ingest_visit_met, &met, err);
  if (status && status != AKIN_ERROR_NOT_FOUND) return status;
  in->progress.unchanged += met.same;
  in->progress.reused += !met.same;
  return AKIN_OK;
}

static akin_status ingest_put(ingest *in, const akin_result *r, akin_error *err) {
  bool readable = r->outcome != AKIN_OUTCOME_UNREADABLE;
  akin_stored_image image = {.root_id = r->root_id,
                             .path = r->path,
                             .facts = r->facts,
                             .state = readable ? AKIN_IMAGE_READABLE : AKIN_IMAGE_UNREADABLE,
                             .reason = readable ? "" : r->reason,
                             .content = r->content,
                             .width = r->width,
                             .height = r->height};
  uint64_t content_id = 0;
  akin_status status = akin_storage_image_put(in->writer, &image, &content_id, err);
  if (!status && readable) status = akin_storage_feature_put(in->writer, in->model_id, content_id, r->feature, err);
  return status;
}

static akin_status ingest_result(ingest *in, const akin_result *r, akin_error *err) {
  if (r->outcome == AKIN_OUTCOME_FATAL) return akin_fail(err, r->status, "%s", r->reason ? r->reason : "no memory");
  in->work_done++;
  if (r->outcome == AKIN_OUTCOME_VANISHED || r->outcome == AKIN_OUTCOME_UNREADABLE)
    ingest_skipped(in, r->path, r->reason);
  if (r->outcome == AKIN_OUTCOME_VANISHED) return AKIN_OK;
  akin_status status = AKIN_OK;
  if (in->batch == 0) {
    in->batch_began = akin_clock_seconds();
    status = akin_storage_begin(in->writer, err);
  }
  if (!status) {
    in->batch++;
    if (r->outcome == AKIN_OUTCOME_REUSED) status = ingest_count_reused(in, r, err);
  }
  if (!status) status = ingest_put(in, r, err);
  in->progress.embedded += !status && r->outcome == AKIN_OUTCOME_EMBEDDED;
  if (!status && (in->batch >= INGEST_BATCH || akin_clock_seconds() - in->batch_began >= INGEST_BATCH_SECONDS))
    status = ingest_commit(in, err);
  return status;
}

/* Takes results until there are none. After a failure the rest is thrown away and the open transaction rolled back;
 * what was committed stays. */
static akin_status ingest_work(ingest *in, unsigned jobs, akin_error *err) {
  akin_workers *workers = NULL;
  akin_result *result = NULL;
  int got;
  akin_status status =
      akin_workers_start(&workers, jobs, in->plan.work, in->model, in->model_id, in->store->folder, err);
  if (status) return status;
  while ((got = akin_workers_next(workers, &result, 100)) >= 0) {
    if (got == 1 && !status) status = ingest_result(in, result, err);
    akin_result_free(result);
    ingest_tick(in);
    if (status || in->cancelled) akin_workers_stop(workers);
  }
  if (!status) status = akin_workers_outcome(workers, err);
  akin_workers_free(workers);
  if (!status)
    status = ingest_commit(in, err);
  else if (in->batch > 0)
    akin_storage_rollback(in->writer);
  return status;
}

static akin_status ingest_remove(void *context, const akin_stored_image *image, akin_error *err) {
  ingest *in = context;
  if (akin_plan_saw(&in->plan, image->id)) return AKIN_OK; /* by a path after the one that missed it */
  in->progress.removed++;
  return akin_storage_image_remove(in->writer, image->id, err);
}

/* In one transaction: either all that is gone leaves, or nothing does. */
static akin_status ingest_remove_gone(ingest *in, akin_error *err) {
  akin_buffer path = AKIN_BUFFER_INIT(0);
  uint64_t tag;
  bool more = true;
  if (akin_worklist_count(in->plan.gone) == 0) return AKIN_OK;
  akin_status status = akin_storage_begin(in->writer, err);
  while (!status && !(status = akin_worklist_next(in->plan.gone, &path, &tag, &more, err)) && more) {
    status = akin_storage_image_at(in->writer, path.data, ingest_remove, in, err);
    status = status == AKIN_ERROR_NOT_FOUND ? AKIN_OK : status; /* two of the given folders may share it */
  }
  akin_buffer_free(&path);
  if (status) {
    akin_storage_rollback(in->writer);
    return status;
  }
  return akin_storage_commit(in->writer, err);
}

/* ---- the whole ---- */

static akin_status ingest_run(ingest *in, const char *const *paths, size_t count, akin_error *trouble,
                              akin_error *err) {
  unsigned jobs = in->options.jobs ? in->options.jobs : akin_thread_cores();
  akin_status status = akin_store_writer(in->store, &in->writer, err);
  if (status || (status = ingest_add_model(in, err)) || (status = ingest_plan(in, paths, count, trouble, err)))
    return status;
  in->work_total = akin_worklist_count(in->plan.work);
  if (in->work_total > 0 &&
      ((status = ingest_check_space(in, err)) || (status = akin_model_prepare(in->model, in->work_total, err))))
    return status;
  in->work_began = akin_clock_seconds();
  if (in->work_total > 0) status = ingest_work(in, in->work_total < jobs ? (unsigned)in->work_total : jobs, err);
  if (!status && !in->cancelled) status = ingest_remove_gone(in, err);
  return status;
}

/* Packs the new features, so that the first question need not. Not being able to costs time later, not answers. */
static void ingest_pack(ingest *in) {
  const char *const names[] = {akin_model_name(in->model)};
  akin_space *space = NULL;
  if (!akin_space_open(&space, in->store, names, 1, AKIN_SCORES_DEFAULT, NULL))
    (void)akin_store_pack(in->store, space, NULL);
  akin_space_free(space);
}

static bool ingest_link_tick(void *context, uint64_t done, uint64_t total) {
  ingest *in = context;
  in->progress.linked = done;
  in->progress.link_total = total;
  ingest_tick(in);
  return !in->cancelled;
}

/* Brings approximate search up to date; answers do not depend on it. */
static void ingest_link(ingest *in) {
  akin_stored_model *model = NULL;
  akin_error err;
  akin_status status = akin_store_find_model(in->store, &model, akin_model_name(in->model), &err);
  if (!status) status = akin_store_link(in->store, model, &in->options, ingest_link_tick, in, &err);
  if (status && !in->cancelled && in->options.on_note) in->options.on_note(in->options.context, err.text);
  akin_stored_models_free(model, model ? 1 : 0);
}

akin_status akin_store_ingest(akin_store *store, akin_model *model, const char *const *paths, size_t count,
                              const akin_ingest_options *options, akin_progress *total, akin_error *err) {
  static const akin_ingest_options defaults = AKIN_INGEST_OPTIONS_INIT;
  ingest in = {.store = store, .model = model, .options = options ? *options : defaults};
  akin_error trouble = {AKIN_OK, ""};
  akin_status status = ingest_check(&in.options, model, count, err);
  if (status) return status;
  in.began = akin_clock_seconds();
  status = ingest_run(&in, paths, count, &trouble, err);
  const bool written = in.writer != NULL;
  akin_plan_free(&in.plan);
  if (!status) akin_store_measure(store, in.writer);
  akin_storage_close(in.writer);
  if (written && status != AKIN_ERROR_NO_SPACE) ingest_pack(&in);
  if (!status && !in.cancelled) ingest_link(&in);
  ingest_tell(&in, akin_clock_seconds());
  if (total) *total = in.progress;
  if (!status && in.cancelled) {
    status =
        akin_fail(err, AKIN_ERROR_CANCELLED, "stopped; what was done is kept, the same command goes on from there");
  }
  if (!status && trouble.code) status = akin_fail(err, trouble.code, "%s", trouble.text);
  return status;
}
