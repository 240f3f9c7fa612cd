/*
 * similar.c - indexes a folder of images, then prints the five that are most like a given one.
 *
 *     similar MODEL FOLDER IMAGE     MODEL: a name that `akin model list` shows as imported
 *
 * The store is the user's own, or where $AKIN_STORE says; a second run finds the features there and is fast.
 */
#include <akin/akin.h>
#include <inttypes.h>
#include <stdio.h>

static void show_progress(void *context, const akin_progress *p) {
  (void)context;
  fprintf(stderr, "\r%" PRIu64 " of %" PRIu64 "%s images", p->unchanged + p->embedded + p->reused + p->skipped,
          p->found, p->scanning ? " or more" : "");
}

static void show_skipped(void *context, const char *path, const char *reason) {
  (void)context;
  fprintf(stderr, "\nskipped %s: %s\n", path, reason);
}

/* Brings the store up to date with the folder, with as many workers as there are cores. */
static akin_status index_folder(akin_store *store, const char *model_name, const char *folder, akin_error *err) {
  akin_model_options model_options = AKIN_MODEL_OPTIONS_INIT;
  akin_ingest_options options = AKIN_INGEST_OPTIONS_INIT;
  akin_model *model = NULL;
  akin_progress total;
  model_options.workers = options.jobs = akin_cores();
  options.on_progress = show_progress;
  options.on_skipped = show_skipped;
  akin_status status = akin_model_open(&model, model_name, &model_options, err);
  if (!status) status = akin_store_ingest(store, model, &folder, 1, &options, &total, err);
  if (!status)
    fprintf(stderr, "\n%" PRIu64 " new, %" PRIu64 " known before, %" PRIu64 " skipped\n", total.embedded + total.reused,
            total.unchanged, total.skipped);
  akin_model_free(model);
  return status;
}

static akin_status print_similar(akin_store *store, const char *model_name, const char *image, akin_error *err) {
  akin_query query = AKIN_QUERY_INIT;
  akin_hits *hits = NULL;
  query.model = model_name;
  query.k = 5;
  akin_status status = akin_store_like(store, &hits, &image, 1, &query, err);
  for (size_t i = 0; !status && i < akin_hits_count(hits); i++) {
    const akin_hit *hit = akin_hits_at(hits, i);
    printf("%u  %.4f  %s\n", (unsigned)hit->rank, (double)hit->score, hit->path);
  }
  akin_hits_free(hits);
  return status;
}

int main(int count, char **arguments) {
  akin_error err;
  akin_store *store = NULL;
  if (count != 4) {
    fprintf(stderr, "usage: similar MODEL FOLDER IMAGE\n");
    return 2;
  }
  akin_status status = akin_store_open(&store, NULL, 1, &err);
  if (!status) status = index_folder(store, arguments[1], arguments[2], &err);
  if (!status) status = print_similar(store, arguments[1], arguments[3], &err);
  akin_store_close(store);
  if (status) fprintf(stderr, "similar: %s\n", err.text);
  return status || fflush(stdout) != 0;
}
