/* sample.c - see sample.h. */
#include "engine/sample.h"

#include "base/error.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/path.h"
#include "engine/scan.h"

#include <string.h>

typedef struct sample_work {
  akin_sample *sample;
  akin_hash *hashes; /* of the paths, rising */
  size_t most;
} sample_work;

/* Where a hash belongs among those that are there. */
static size_t sample_place(const sample_work *work, const akin_hash *hash) {
  size_t place = work->sample->count;
  while (place > 0 && memcmp(work->hashes[place - 1].bytes, hash->bytes, sizeof hash->bytes) > 0)
    place--;
  return place;
}

static akin_status sample_insert(sample_work *work, size_t place, const char *path, const akin_hash *hash,
                                 akin_error *err) {
  akin_sample *s = work->sample;
  char *copy = akin_strdup(path);
  if (!copy) return akin_fail_memory(err, strlen(path));
  if (s->count == work->most) akin_free(s->paths[--s->count]);
  memmove(s->paths + place + 1, s->paths + place, (s->count - place) * sizeof *s->paths);
  memmove(work->hashes + place + 1, work->hashes + place, (s->count - place) * sizeof *work->hashes);
  s->paths[place] = copy;
  work->hashes[place] = *hash;
  s->count++;
  return AKIN_OK;
}

static akin_status sample_image(void *context, const char *path, const akin_file_facts *facts, akin_error *err) {
  sample_work *work = context;
  akin_hash hash;
  (void)facts;
  akin_status status = akin_hash_bytes(&hash, path, strlen(path), err);
  if (status) return status;
  const size_t place = sample_place(work, &hash);
  const bool known = place > 0 && akin_hash_equal(&work->hashes[place - 1], &hash); /* given twice */
  return place == work->most || known ? AKIN_OK : sample_insert(work, place, path, &hash, err);
}

static void sample_other(void *context) {
  (void)context;
}

/* A folder that cannot be read gives no images to the sample; the others suffice. */
static akin_status sample_unreadable(void *context, const char *folder, const char *reason, akin_error *err) {
  (void)context;
  (void)folder;
  (void)reason;
  (void)err;
  return AKIN_OK;
}

static void sample_note(void *context, const char *line) {
  (void)context;
  (void)line;
}

static akin_status sample_path(sample_work *work, const char *path, akin_error *err) {
  const akin_scan_visitor visitor = {work, sample_image, sample_other, sample_unreadable, sample_note};
  akin_file_facts facts;
  char *absolute = NULL;
  akin_status status = akin_path_absolute(&absolute, path, err);
  if (!status) status = akin_file_facts_of(&facts, absolute, err);
  if (!status)
    status = facts.is_folder ? akin_scan(absolute, &visitor, err) : sample_image(work, absolute, &facts, err);
  akin_free(absolute);
  return status;
}

akin_status akin_sample_take(akin_sample *out, const char *const *paths, size_t count, size_t most, akin_error *err) {
  *out = (akin_sample){0};
  out->paths = akin_calloc(most, sizeof *out->paths);
  sample_work work = {out, akin_calloc(most, sizeof(akin_hash)), most};
  akin_status status = out->paths && work.hashes ? AKIN_OK : akin_fail_memory(err, most * sizeof *work.hashes);
  for (size_t i = 0; !status && i < count; i++)
    status = sample_path(&work, paths[i], err);
  akin_free(work.hashes);
  if (status) akin_sample_free(out);
  return status;
}

void akin_sample_free(akin_sample *sample) {
  for (size_t i = 0; sample->paths && i < sample->count; i++)
    akin_free(sample->paths[i]);
  akin_free(sample->paths);
  *sample = (akin_sample){0};
}
