/* speed.c - see speed.h. */
#include "engine/speed.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "runtime/blob.h"
#include "runtime/cpu.h"

#include <math.h>
#include <string.h>

#define SPEED_RUNS       32
#define SPEED_SECONDS    0.5 /* after which no further run begins: other work only ever adds to a time */
#define SPEED_TEXT_BYTES 4096
#define SPEED_LONGEST    1e9

/* The file; NULL in *out: there is no place for it. */
static akin_status speed_path(char **out, const akin_model *model, akin_error *err) {
  *out = NULL;
  if (!model->blobs) return AKIN_OK;
  *out = akin_format("%s/%s.speed", model->blobs, akin_model_fingerprint(model));
  return *out ? AKIN_OK : akin_fail_memory(err, strlen(model->blobs));
}

/* "AMD EPYC, x86-64 avx …": names of virtual processors say little. */
static akin_status speed_processor(akin_buffer *out) {
  akin_status status = akin_cpu_name(out);
  if (!status) status = akin_buffer_append_text(out, ", ");
  return status ? status : akin_cpu_features(out);
}

/* "3.214 PROCESSOR" → 3.214, when the processor is this one. */
static double speed_parse(const char *text) {
  double value = 0;
  akin_buffer name = AKIN_BUFFER_INIT(SPEED_TEXT_BYTES);
  const char *space = strchr(text, ' ');
  char *number = space ? akin_strndup(text, (size_t)(space - text)) : NULL;
  const bool ours = number && speed_processor(&name) == AKIN_OK && strcmp(name.data, space + 1) == 0 &&
                    akin_parse_double(&value, number, 0, SPEED_LONGEST);
  akin_free(number);
  akin_buffer_free(&name);
  return ours ? value : 0;
}

double akin_speed_known(const akin_model *model) {
  double value = 0;
  char *path = NULL;
  akin_buffer text = AKIN_BUFFER_INIT(SPEED_TEXT_BYTES);
  if (speed_path(&path, model, NULL) == AKIN_OK && path &&
      akin_file_read(&text, path, SPEED_TEXT_BYTES - 1, NULL, NULL) == AKIN_OK && text.size > 0) {
    text.data[text.size - 1] = '\0'; /* in place of the line's end */
    value = speed_parse(text.data);
  }
  akin_buffer_free(&text);
  akin_free(path);
  return value;
}

/* A failure costs a figure in a list, and no more. */
static void speed_keep(const akin_model *model, double milliseconds) {
  char *path = NULL;
  akin_buffer text = AKIN_BUFFER_INIT(SPEED_TEXT_BYTES);
  akin_status status = speed_path(&path, model, NULL);
  if (!status && path && akin_blob_folder_ready(model->blobs) && !akin_text_number(&text, milliseconds, 3) &&
      !akin_buffer_append_text(&text, " ") && !speed_processor(&text) && !akin_buffer_append_text(&text, "\n"))
    (void)akin_file_replace(path, text.data, text.size, NULL);
  akin_buffer_free(&text);
  akin_free(path);
}

/* Seconds of one image on one core: those that went by or, where other programs had the core in between, those that
 * were worked. */
static akin_status speed_run(double *seconds, akin_model *model, float *feature, const uint8_t *pixels,
                             akin_error *err) {
  const double began = akin_clock_seconds(), worked = akin_clock_worked();
  const akin_status status = akin_model_embed_prepared(model, feature, pixels, err);
  *seconds = fmin(akin_clock_seconds() - began, akin_clock_worked() - worked);
  return status;
}

akin_status akin_speed_measure(double *milliseconds, akin_model *model, akin_error *err) {
  const size_t bytes = (size_t)model->preparation.width * model->preparation.height * 3;
  uint8_t *pixels = akin_alloc(bytes);
  float *feature = akin_alloc(akin_model_dim(model) * sizeof *feature);
  double best = SPEED_LONGEST;
  akin_status status = pixels && feature ? AKIN_OK : akin_fail_memory(err, bytes);
  for (size_t i = 0; !status && i < bytes; i++)
    pixels[i] = (uint8_t)(i * 2654435761u >> 24); /* no plain surface, and always the same */
  if (!status) status = akin_model_prepare(model, 1, err);
  const double start = akin_clock_seconds();
  for (int i = 0; !status && i < SPEED_RUNS && (i == 0 || akin_clock_seconds() - start < SPEED_SECONDS); i++) {
    double seconds;
    status = speed_run(&seconds, model, feature, pixels, err);
    best = fmin(best, 1e3 * seconds);
  }
  akin_free(feature);
  akin_free(pixels);
  if (status) return status;
  *milliseconds = best;
  speed_keep(model, best);
  return AKIN_OK;
}
