/* plan.c - see plan.h. */
#include "engine/plan.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/path.h"
#include "engine/facts.h"
#include "engine/scan.h"

#include <string.h>

void akin_plan_free(akin_plan *plan) {
  akin_worklist_free(plan->work);
  akin_worklist_free(plan->gone);
  akin_free(plan->seen);
  for (size_t i = 0; i < plan->unread_count; i++)
    akin_free(plan->unread[i]);
  akin_free(plan->unread);
}

/* ---- which stored images are still there ---- */

static akin_status plan_mark(akin_plan *p, uint64_t id, akin_error *err) {
  size_t byte = (size_t)(id / 8);
  if (byte >= p->seen_bytes) {
    size_t bytes = byte * 2 + 1024;
    uint8_t *seen = akin_realloc_array(p->seen, bytes, 1);
    if (!seen) return akin_fail_memory(err, bytes);
    memset(seen + p->seen_bytes, 0, bytes - p->seen_bytes);
    p->seen = seen;
    p->seen_bytes = bytes;
  }
  p->seen[byte] |= (uint8_t)(1u << (id % 8));
  return AKIN_OK;
}

bool akin_plan_saw(const akin_plan *plan, uint64_t image_id) {
  size_t byte = (size_t)(image_id / 8);
  return byte < plan->seen_bytes && (plan->seen[byte] >> (image_id % 8) & 1);
}

/* ---- one file ---- */

static void plan_skipped(akin_plan *p, const char *path, const char *reason) {
  p->progress->skipped++;
  if (p->options->on_skipped) p->options->on_skipped(p->options->context, path, reason);
}

typedef struct plan_known {
  akin_plan *plan;
  const akin_file_facts *facts;
  bool done; /* nothing to do for it */
} plan_known;

static akin_status plan_visit_known(void *context, const akin_stored_image *image, akin_error *err) {
  plan_known *known = context;
  akin_plan *p = known->plan;
  akin_status status = plan_mark(p, image->id, err);
  if (status || !akin_facts_same(&image->facts, known->facts)) return status;
  if (image->state == AKIN_IMAGE_UNREADABLE) {
    known->done = !p->options->retry;
    if (known->done) plan_skipped(p, image->path, image->reason);
    return AKIN_OK;
  }
  status = akin_storage_feature_get(p->writer, p->model_id, image->content_id, NULL, &known->done, err);
  p->progress->unchanged += known->done;
  return status;
}

static akin_status plan_image(void *context, const char *path, const akin_file_facts *facts, akin_error *err) {
  akin_plan *p = context;
  plan_known known = {p, facts, false};
  p->progress->found++;
  p->here++;
  p->tick(p->context);
  if (*p->cancelled) return akin_fail(err, AKIN_ERROR_CANCELLED, "cancelled");
  akin_status status = akin_storage_image_at(p->writer, path, plan_visit_known, &known, err);
  status = status == AKIN_ERROR_NOT_FOUND ? AKIN_OK : status;
  return status || known.done ? status : akin_worklist_add(p->work, path, p->root_id, err);
}

static void plan_other(void *context) {
  akin_plan *p = context;
  p->progress->ignored++;
  p->tick(p->context);
}

static void plan_note(void *context, const char *line) {
  akin_plan *p = context;
  if (p->options->on_note) p->options->on_note(p->options->context, line);
}

/* Its images are missing from the answers, as an image that cannot be read is: told in the same way. */
static akin_status plan_unreadable(void *context, const char *folder, const char *reason, akin_error *err) {
  akin_plan *p = context;
  plan_skipped(p, folder, reason);
  char **unread = akin_realloc_array(p->unread, p->unread_count + 1, sizeof *unread);
  if (!unread) return akin_fail_memory(err, (p->unread_count + 1) * sizeof *unread);
  p->unread = unread;
  p->unread[p->unread_count] = akin_strdup(folder);
  return p->unread[p->unread_count++] ? AKIN_OK : akin_fail_memory(err, strlen(folder) + 1);
}

/* ---- what is gone ---- */

static bool plan_is_unread(const akin_plan *p, const char *path) {
  for (size_t i = 0; i < p->unread_count; i++)
    if (p->unread[i] && akin_path_inside(path, p->unread[i])) return true;
  return false;
}

static akin_status plan_visit_gone(void *context, const akin_stored_image *image, akin_error *err) {
  akin_plan *p = context;
  if (akin_plan_saw(p, image->id) || plan_is_unread(p, image->path)) return AKIN_OK;
  return akin_worklist_add(p->gone, image->path, 0, err);
}

static akin_status plan_count(void *context, const akin_stored_image *image, akin_error *err) {
  (void)image;
  (void)err;
  ++*(uint64_t *)context;
  return AKIN_OK;
}

/* path holds no image now. Fine when the store knows none there either, or when the caller means it. */
static akin_status plan_empty(akin_plan *p, const char *path, const char *what, akin_error *err) {
  uint64_t known = 0;
  akin_status status = akin_storage_images(p->writer, path, plan_count, &known, err);
  if (status || known == 0 || p->options->prune) return status;
  return akin_fail(
      err, AKIN_ERROR_REFUSED,
      "%s: %s, but the store knows %llu image%s there; mount it, or say --prune to take them out of the store", path,
      what, (unsigned long long)known, known == 1 ? "" : "s");
}

/* ---- one path of the caller's ---- */

static akin_status plan_root(akin_plan *p, const char *folder, bool scanned, akin_error *err) {
  akin_status status = akin_storage_begin(p->writer, err);
  if (status) return status;
  status = akin_storage_root_add(p->writer, folder, scanned, &p->root_id, err);
  if (status) {
    akin_storage_rollback(p->writer);
    return status;
  }
  return akin_storage_commit(p->writer, err);
}

static akin_status plan_folder(akin_plan *p, const char *folder, akin_error *err) {
  const akin_scan_visitor visitor = {p, plan_image, plan_other, plan_unreadable, plan_note};
  size_t unread = p->unread_count;
  akin_status status = plan_root(p, folder, true, err);
  if (!status) {
    p->here = 0;
    status = akin_scan(folder, &visitor, err);
  }
  if (!status && p->here == 0 && p->unread_count == unread) status = plan_empty(p, folder, "no image is there", err);
  return status ? status : akin_storage_images(p->writer, folder, plan_visit_gone, p, err);
}

static akin_status plan_file(akin_plan *p, const char *path, const akin_file_facts *facts, akin_error *err) {
  char *folder = akin_path_folder(path);
  akin_status status = folder ? plan_root(p, folder, false, err) : akin_fail_memory(err, 0);
  if (!status) status = plan_image(p, path, facts, err);
  akin_free(folder);
  return status;
}

static akin_status plan_missing(akin_plan *p, const char *path, akin_error *err) {
  uint64_t before = akin_worklist_count(p->gone);
  akin_status status = plan_empty(p, path, "it is not there", err);
  if (!status) status = akin_storage_images(p->writer, path, plan_visit_gone, p, err);
  if (!status && akin_worklist_count(p->gone) == before)
    status = akin_fail(err, AKIN_ERROR_NOT_FOUND, "%s: no such file or folder", path);
  return status;
}

akin_status akin_plan_root(akin_plan *plan, const char *path, akin_error *err) {
  akin_file_facts facts;
  char *absolute = NULL, *folder = NULL;
  akin_status status = AKIN_OK;
  /* What cannot be looked at has no root: akin_plan_add says why. */
  if (!akin_path_absolute(&absolute, path, NULL) && !akin_file_facts_of(&facts, absolute, NULL)) {
    folder = facts.is_folder ? akin_strdup(absolute) : akin_path_folder(absolute);
    status = folder ? plan_root(plan, folder, facts.is_folder, err) : akin_fail_memory(err, strlen(absolute));
  }
  akin_free(folder);
  akin_free(absolute);
  return status;
}

akin_status akin_plan_add(akin_plan *plan, const char *path, akin_error *err) {
  akin_file_facts facts;
  akin_error why;
  char *absolute = NULL;
  akin_status status = akin_path_absolute(&absolute, path, err);
  if (status) return status;
  status = akin_file_facts_of(&facts, absolute, &why);
  if (status == AKIN_ERROR_NOT_FOUND)
    status = plan_missing(plan, absolute, err);
  else if (status)
    status = akin_fail(err, status, "%s", why.text);
  else
    status = facts.is_folder ? plan_folder(plan, absolute, err) : plan_file(plan, absolute, &facts, err);
  akin_free(absolute);
  return status;
}
