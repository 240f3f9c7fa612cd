/* pull.c - the official weights of a card: fetched, held against the card, imported. */
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/path.h"
#include "engine/places.h"
#include "fetch/fetch.h"
#include "model/model.h"
#include "model/name.h"

#include <akin/model.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PULL_FOLDER        ".downloads" /* inside the models folder; not a name that a model can have */
#define PULL_MAX_BYTES     (UINT64_C(8) << 30)
#define PULL_ATTEMPTS      5
#define PULL_STALL_SECONDS 30
#define PULL_PAUSE_SECONDS 1

typedef struct pull_job {
  const akin_pull_options *options;
  const akin_card *card;
  const akin_card_weights *weights;
  char *models;  /* the folder */
  char *address; /* NULL: nothing is fetched */
  char *file;    /* that is imported */
} pull_job;

static void pull_note(const pull_job *job, const akin_error *line) {
  if (job->options->on_note) job->options->on_note(job->options->context, line->text);
}

/* ---- what, and from where ---- */

static akin_status pull_find_card(pull_job *job, const char *name, akin_error *err) {
  job->card = name ? akin_card_builtin(name) : NULL;
  if (!job->card) {
    char hint[AKIN_CARD_HINT_SIZE];
    return akin_fail(err, AKIN_ERROR_NOT_FOUND, "no network '%s' is known: 'akin model list --all' shows all%s",
                     name ? name : "", akin_card_hint(hint, name ? name : ""));
  }
  if (job->card->weights_count == 0) {
    return akin_fail(err, AKIN_ERROR_UNSUPPORTED, "%s: its card names no weights: akin model import FILE --card %s",
                     name, name);
  }
  job->weights = &job->card->weights[0];
  return AKIN_OK;
}

/* "$AKIN_MIRROR/FILE", else the card's own address. */
static akin_status pull_find_address(pull_job *job, akin_error *err) {
  const char *mirror = getenv("AKIN_MIRROR");
  if (mirror && *mirror) {
    const size_t length = strlen(mirror);
    job->address = akin_format(mirror[length - 1] == '/' ? "%s%s" : "%s/%s", mirror, job->weights->file);
  } else if (job->weights->address) {
    job->address = akin_strdup(job->weights->address);
  } else {
    return akin_fail(err, AKIN_ERROR_UNSUPPORTED,
                     "%s: no address is known for %s (%s): get it by other means, then akin model pull %s --from FILE",
                     job->card->name, job->weights->file, job->weights->origin, job->card->name);
  }
  return job->address ? AKIN_OK : akin_fail_memory(err, strlen(job->weights->file));
}

/* Said before hundreds of megabytes are on their way. */
static akin_status pull_check_name(const pull_job *job, akin_error *err) {
  const char *name = job->options->name ? job->options->name : job->card->name;
  if (!akin_name_valid(name))
    return akin_fail(err, AKIN_ERROR_USAGE, "'%s' cannot be a model's name: %s", name, AKIN_NAME_RULE);
  char *path = akin_path_join(job->models, name);
  akin_status status = AKIN_OK;
  if (!path)
    status = akin_fail_memory(err, strlen(name));
  else if (!job->options->replace && akin_file_exists(path))
    status = akin_fail(err, AKIN_ERROR_REFUSED,
                       "%s: there is a model of this name: --replace it, or take another by --name", path);
  akin_free(path);
  return status;
}

/* ---- having the file ---- */

static akin_status pull_fetch(pull_job *job, akin_error *err) {
  const akin_pull_options *o = job->options;
  akin_error why;
  char *folder = akin_path_join(job->models, PULL_FOLDER);
  job->file = folder ? akin_path_join(folder, job->weights->file) : NULL;
  const akin_fetch_request request = {.address = job->address,
                                      .path = job->file,
                                      .bytes = job->weights->bytes,
                                      .max_bytes = PULL_MAX_BYTES,
                                      .sha256 = job->weights->has_hash ? &job->weights->hash : NULL,
                                      .sha256_prefix = job->weights->sha256_prefix,
                                      .md5 = job->weights->md5,
                                      .plain =
                                          strcmp(job->address, job->weights->address ? job->weights->address : "") != 0,
                                      .attempts = PULL_ATTEMPTS,
                                      .stall_seconds = PULL_STALL_SECONDS,
                                      .pause_seconds = PULL_PAUSE_SECONDS,
                                      .on_progress = o->on_progress,
                                      .should_cancel = o->should_cancel,
                                      .context = o->context};
  akin_status status =
      job->file ? akin_path_create_folder(folder, true, err) : akin_fail_memory(err, strlen(job->models));
  akin_free(folder);
  if (status) return status;
  if (akin_file_exists(job->file)) return AKIN_OK; /* an earlier pull was stopped before it was imported */
  akin_fail(&why, AKIN_OK, "fetching %s", job->address);
  pull_note(job, &why);
  status = akin_fetch(&request, &why);
  if (status == AKIN_ERROR_IO || status == AKIN_ERROR_UNSUPPORTED || status == AKIN_ERROR_NOT_FOUND) {
    return akin_fail(err, status, "%s; without a network: fetch it elsewhere, then akin model pull %s --from FILE",
                     why.text, job->card->name);
  }
  return status ? akin_fail(err, status, "%s", why.text) : AKIN_OK;
}

/* ---- is it the one? ---- */

static akin_status pull_wrong(const pull_job *job, const char *kind, const char *found, const char *wanted,
                              akin_error *err) {
  return akin_fail(err, AKIN_ERROR_MISMATCH, "%s: not %s's official file: its %s is %s, not %s", job->file,
                   job->card->name, kind, found, wanted);
}

static akin_status pull_check_pinned(const pull_job *job, const akin_hash *hash, akin_error *err) {
  const char *name = job->options->name ? job->options->name : job->card->name;
  akin_hash pinned;
  akin_error line;
  char hex[AKIN_HASH_HEX_SIZE], wanted[AKIN_HASH_HEX_SIZE];
  akin_hash_hex(hex, hash);
  if (!akin_folder_pinned(&pinned, job->models, name, job->card)) {
    akin_fail(&line, AKIN_OK,
              "%s: its publisher gives no hash, so nothing verifies it; its SHA-256 %s is kept with the model",
              job->weights->file, hex);
    pull_note(job, &line);
  } else if (!akin_hash_equal(&pinned, hash)) {
    akin_hash_hex(wanted, &pinned);
    return akin_fail(
        err, AKIN_ERROR_MISMATCH,
        "%s: not the file that %s was made of: its SHA-256 is %s, not %s, and its publisher gives no hash; "
        "to take it all the same: akin model remove %s, and pull it again",
        job->file, name, hex, wanted, name);
  }
  return AKIN_OK;
}

/* An import takes a network in ONNX with the card of another one, for its preprocessing alone; a pull does not. */
static akin_status pull_check_format(const pull_job *job, akin_error *err) {
  const bool wanted = strcmp(job->weights->format, "onnx") == 0;
  if (akin_path_has_extension(job->file, "onnx") == wanted) return AKIN_OK;
  return akin_fail(err, AKIN_ERROR_MISMATCH, "%s: not %s's official file, which is called %s", job->file,
                   job->card->name, job->weights->file);
}

static akin_status pull_check_file(const pull_job *job, akin_error *err) {
  akin_hash hash;
  char hex[AKIN_HASH_HEX_SIZE], wanted[AKIN_HASH_HEX_SIZE];
  if (!job->weights->has_hash && !job->weights->sha256_prefix && job->weights->md5) {
    akin_status status = akin_hash_file_md5(hex, job->file, err);
    if (status || strcmp(hex, job->weights->md5) == 0) return status;
    return pull_wrong(job, "MD5", hex, job->weights->md5, err);
  }
  akin_status status = akin_hash_file(&hash, job->file, err);
  if (status) return status;
  akin_hash_hex(hex, &hash);
  const char *digits = job->weights->sha256_prefix;
  if (digits && !akin_hash_begins(&hash, digits)) {
    snprintf(wanted, sizeof wanted, "%.60s...", digits);
    return pull_wrong(job, "SHA-256", hex, wanted, err);
  }
  if (!job->weights->has_hash) return digits ? AKIN_OK : pull_check_pinned(job, &hash, err);
  if (akin_hash_equal(&hash, &job->weights->hash)) return AKIN_OK;
  akin_hash_hex(wanted, &job->weights->hash);
  return pull_wrong(job, "SHA-256", hex, wanted, err);
}

/* ---- the whole ---- */

/* Takes the fetched file away when the model has it all, or when it will never make one. */
static void pull_drop(const pull_job *job, akin_status status) {
  const bool useless = status == AKIN_ERROR_MISMATCH || status == AKIN_ERROR_FORMAT || status == AKIN_ERROR_UNSUPPORTED;
  if (job->address && (status == AKIN_OK || useless)) (void)akin_file_remove(job->file, NULL);
}

static akin_status pull_run(pull_job *job, const char *card, char *name, size_t name_size, akin_error *err) {
  const akin_pull_options *o = job->options;
  akin_import_options import = AKIN_IMPORT_OPTIONS_INIT;
  akin_status status = akin_place_models(&job->models, o->models_folder, err);
  if (status || (status = pull_find_card(job, card, err)) || (status = pull_check_name(job, err))) return status;
  if (o->from)
    status = (job->file = akin_strdup(o->from)) ? AKIN_OK : akin_fail_memory(err, strlen(o->from));
  else if (!(status = pull_find_address(job, err)))
    status = pull_fetch(job, err);
  if (!status) {
    status = pull_check_format(job, err);
    if (!status) status = pull_check_file(job, err);
    if (status) pull_drop(job, status);
  }
  if (status) return status;
  import.models_folder = job->models;
  import.card = job->card->name;
  import.name = o->name;
  import.replace = o->replace;
  status = akin_model_import_file(job->file, &import, name, name_size, err);
  pull_drop(job, status);
  return status;
}

akin_status akin_model_pull(const char *card, const akin_pull_options *options, char *name, size_t name_size,
                            akin_error *err) {
  static const akin_pull_options defaults = AKIN_PULL_OPTIONS_INIT;
  pull_job job = {.options = options ? options : &defaults};
  if (job.options->version != AKIN_PULL_OPTIONS_VERSION) {
    return akin_fail(err, AKIN_ERROR_USAGE, "pull options of version %u, this library knows version %u",
                     job.options->version, AKIN_PULL_OPTIONS_VERSION);
  }
  akin_status status = pull_run(&job, card, name, name_size, err);
  akin_free(job.file);
  akin_free(job.address);
  akin_free(job.models);
  return status;
}
