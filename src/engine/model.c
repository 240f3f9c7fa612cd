/* model.c - opening a model and turning images into features: bytes → pixels (image) → vector (runtime) → unit length.
 */
#include "engine/model.h"

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/thread.h"
#include "engine/places.h"
#include "runtime/runtime.h"
#include "search/search.h"

#include <string.h>

/* Images above this many pixels are decoded one at a time: 96 MB of RGB. */
#define MODEL_LARGE_PIXELS (32u * 1024u * 1024u)

typedef struct akin_model_slot {
  akin_network_session *session; /* NULL: the network is not compiled yet */
  uint8_t *pixels;               /* u8 [height, width, 3] of the network's input */
  float *second;                 /* f32 [dim], the mirror image's feature; NULL when it is not wanted */
} akin_model_slot;

akin_status akin_pooling_check(akin_pooling pooling, double power, akin_error *err) {
  if ((unsigned)pooling >= AKIN_POOL_COUNT) return akin_fail(err, AKIN_ERROR_USAGE, "unknown pooling %d", (int)pooling);
  if (power == 0 || (power >= AKIN_POOL_POWER_LEAST && power <= AKIN_POOL_POWER_MOST)) return AKIN_OK;
  return akin_fail(err, AKIN_ERROR_USAGE, "pooling to the power of %g: it is from %g to %g", power,
                   AKIN_POOL_POWER_LEAST, AKIN_POOL_POWER_MOST);
}

static akin_status model_check_options(const akin_model_options *o, akin_error *err) {
  if (o->version != AKIN_MODEL_OPTIONS_VERSION) {
    return akin_fail(err, AKIN_ERROR_USAGE, "model options of version %u, this library knows version %u", o->version,
                     AKIN_MODEL_OPTIONS_VERSION);
  }
  if (o->workers > 1024)
    return akin_fail(err, AKIN_ERROR_USAGE, "%u workers asked for, at most 1,024 are possible", o->workers);
  akin_status status = akin_pooling_check(o->pooling, o->pooling_power, err);
  if (status) return status;
  if (o->preprocess != AKIN_PREPROCESS_CARD && o->preprocess != AKIN_PREPROCESS_KERAS)
    return akin_fail(err, AKIN_ERROR_USAGE, "unknown preprocessing %d", (int)o->preprocess);
  if (o->limits.max_bytes == 0 || o->limits.max_pixels == 0)
    return akin_fail(err, AKIN_ERROR_USAGE, "limits of 0 let no image through: start from AKIN_LIMITS_INIT");
  return AKIN_OK;
}

bool akin_model_mirrors(const akin_model *model) {
  return akin_folder_card(model->folder)->mirror && model->options.preprocess == AKIN_PREPROCESS_CARD;
}

static akin_status model_cut(akin_model *m, akin_error *err) {
  m->preparation = akin_folder_card(m->folder)->preparation;
  if (m->options.preprocess == AKIN_PREPROCESS_KERAS) akin_preparation_keras(&m->preparation);
  const akin_cut_request request = {.layer = m->layer,
                                    .pool = (akin_pool)m->options.pooling,
                                    .pool_power = m->options.pooling_power,
                                    .preparation = &m->preparation,
                                    .mirror = akin_model_mirrors(m),
                                    .precision = m->options.bf16 ? "bf16" : "f32",
                                    .decode_version = AKIN_IMAGE_VERSION};
  return akin_folder_cut(&m->cut, m->folder, &request, err);
}

/* Both queues, with the first slot and the token in them. */
static akin_status model_make_slots(akin_model *m, akin_error *err) {
  size_t count = m->options.workers ? m->options.workers : 1;
  m->slots = akin_calloc(count, sizeof *m->slots);
  if (!m->slots) return akin_fail_memory(err, count * sizeof *m->slots);
  akin_status status = akin_queue_new(&m->idle, count, err);
  if (!status) status = akin_queue_new(&m->large, 1, err);
  if (!status) {
    m->slot_count = count;
    akin_queue_push(m->idle, &m->slots[0]);
    akin_queue_push(m->large, m);
  }
  return status;
}

int akin_pooling_from_name(akin_pooling *pooling, double *power, const char *name) {
  akin_pool pool;
  if (!akin_pool_from_name(&pool, power, name)) return 0;
  *pooling = (akin_pooling)pool; /* the same, in the same order */
  return 1;
}

akin_status akin_model_open(akin_model **out, const char *name, const akin_model_options *options, akin_error *err) {
  static const akin_model_options defaults = AKIN_MODEL_OPTIONS_INIT;
  const akin_model_options *o = options ? options : &defaults;
  char *models = NULL;
  *out = NULL;
  if (!name) return akin_fail(err, AKIN_ERROR_USAGE, "no model was named");
  akin_status status = model_check_options(o, err);
  if (status) return status;
  akin_model *m = akin_calloc(1, sizeof *m);
  if (!m) return akin_fail_memory(err, sizeof *m);
  m->options = *o;
  m->options.layer = NULL;
  m->options.models_folder = NULL;
  if (o->layer && !(m->layer = akin_strdup(o->layer))) {
    status = akin_fail_memory(err, strlen(o->layer) + 1);
    goto out;
  }
  if ((status = akin_place_models(&models, o->models_folder, err)) || (status = akin_place_blobs(&m->blobs, err)) ||
      (status = akin_folder_open(&m->folder, models, name, err)) || (status = model_cut(m, err)) ||
      (status = model_make_slots(m, err)))
    goto out;
  *out = m;
  m = NULL;
out:
  akin_free(models);
  akin_model_free(m);
  return status;
}

static void model_close_slots(akin_model *m) {
  const akin_runtime *runtime = akin_runtime_get();
  for (size_t i = 0; m->slots && i < m->slot_count; i++) {
    if (m->slots[i].session) runtime->session_close(m->slots[i].session);
    akin_free(m->slots[i].pixels);
    akin_free(m->slots[i].second);
    m->slots[i] = (akin_model_slot){0};
  }
  if (m->network) {
    runtime->close(m->network);
    m->network = NULL;
  }
}

void akin_model_free(akin_model *model) {
  if (!model) return;
  model_close_slots(model);
  akin_free(model->slots);
  akin_queue_free(model->idle);
  akin_queue_free(model->large);
  akin_cut_clear(&model->cut);
  akin_folder_close(model->folder);
  akin_free(model->layer);
  akin_free(model->blobs);
  akin_free(model);
}

const char *akin_model_name(const akin_model *model) {
  return akin_folder_name(model->folder);
}

uint32_t akin_model_dim(const akin_model *model) {
  return model->cut.dim;
}

const char *akin_model_fingerprint(const akin_model *model) {
  return model->cut.fingerprint;
}

akin_status akin_model_verify(const akin_model *model, akin_error *err) {
  return akin_folder_verify(model->folder, err);
}

akin_status akin_model_export_onnx(const akin_model *model, const char *path, int whole, akin_error *err) {
  return akin_folder_export(model->folder, path, &model->cut, whole != 0, err);
}

/* ---- compiling, once ---- */

static akin_status model_open_slot(akin_model *m, akin_model_slot *slot, akin_error *err) {
  size_t pixels = (size_t)m->preparation.width * m->preparation.height * 3;
  size_t vector = (size_t)m->cut.dim * sizeof(float);
  slot->pixels = akin_alloc_aligned(64, pixels);
  if (!slot->pixels) return akin_fail_memory(err, pixels);
  if (akin_model_mirrors(m) && !(slot->second = akin_alloc(vector))) return akin_fail_memory(err, vector);
  return akin_runtime_get()->session_open(&slot->session, m->network, err);
}

static akin_status model_check_files(void *context, akin_error *err) {
  return akin_model_verify(context, err);
}

static akin_status model_compile(akin_model *m, akin_error *err) {
  const akin_card *card = akin_folder_card(m->folder);
  akin_runtime_spec spec = {
      .onnx_path = m->cut.onnx_path,
      .key = m->cut.fingerprint,
      .blob_folder = m->blobs,
      .width = m->preparation.width,
      .height = m->preparation.height,
      .bgr = card->bgr,
      .precision = m->options.bf16 ? AKIN_PRECISION_BF16 : AKIN_PRECISION_F32,
      .workers = m->options.workers,
      .on_note = m->options.on_note,
      .note_context = m->options.note_context,
      .check = model_check_files,
      .check_context = m,
  };
  memcpy(spec.mean, card->mean, sizeof spec.mean);
  memcpy(spec.scale, card->scale, sizeof spec.scale);
  akin_status status = akin_runtime_get()->open(&m->network, &spec, err);
  uint32_t dim = status ? 0 : akin_runtime_get()->dim(m->network);
  if (!status && dim != m->cut.dim) {
    status = akin_fail(err, AKIN_ERROR_MISMATCH, "%s gives %u values, its layers say %u: import the model again",
                       m->cut.onnx_path, dim, m->cut.dim);
  }
  for (size_t i = 0; !status && i < m->slot_count; i++)
    status = model_open_slot(m, &m->slots[i], err);
  if (status) model_close_slots(m);
  return status;
}

/* Takes an idle slot, waiting for one; compiles first when nobody has. */
static akin_status model_take_slot(akin_model *m, akin_model_slot **out, akin_error *err) {
  void *item = NULL;
  akin_queue_pop(m->idle, &item);
  akin_model_slot *slot = item;
  if (!slot->session) {
    akin_status status = model_compile(m, err);
    if (status) {
      akin_queue_push(m->idle, slot);
      return status;
    }
    for (size_t i = 0; i < m->slot_count; i++)
      if (&m->slots[i] != slot) akin_queue_push(m->idle, &m->slots[i]);
  }
  *out = slot;
  return AKIN_OK;
}

akin_status akin_model_prepare(akin_model *model, akin_error *err) {
  akin_model_slot *slot = NULL;
  akin_status status = model_take_slot(model, &slot, err);
  if (!status) akin_queue_push(model->idle, slot);
  return status;
}

/* ---- embedding ---- */

/* slot->pixels → feature: of the image, or the mean of its and its mirror image's. */
static akin_status model_infer(akin_model *m, akin_model_slot *slot, float *feature, int raw, akin_error *err) {
  const akin_runtime *runtime = akin_runtime_get();
  akin_status status = runtime->infer(slot->session, feature, slot->pixels, err);
  if (!status && slot->second) {
    akin_image_mirror(slot->pixels, m->preparation.width, m->preparation.height);
    status = runtime->infer(slot->session, slot->second, slot->pixels, err);
    for (uint32_t i = 0; !status && i < m->cut.dim; i++)
      feature[i] = 0.5f * (feature[i] + slot->second[i]);
  }
  if (!status && !raw) {
    status = akin_search_normalise(feature, m->cut.dim, err);
    if (status) status = akin_fail_context(err, status, "the feature that %s gives", akin_model_name(m));
  }
  return status;
}

/* Decodes into slot->pixels; large images one at a time. */
static akin_status model_decode(akin_model *m, akin_model_slot *slot, akin_image_info *info, const void *bytes,
                                size_t size, akin_error *err) {
  akin_status status = akin_image_inspect(info, bytes, size, &m->options.limits, err);
  if (status) return status;
  bool large = (uint64_t)info->width * info->height > MODEL_LARGE_PIXELS;
  void *token = NULL;
  if (large) akin_queue_pop(m->large, &token);
  status = akin_image_prepare(slot->pixels, info, bytes, size, &m->preparation, &m->options.limits, err);
  if (large) akin_queue_push(m->large, token);
  return status;
}

akin_status akin_model_embed_bytes(akin_model *model, float *feature, uint32_t *width, uint32_t *height,
                                   const void *bytes, size_t size, int raw, akin_error *err) {
  akin_model_slot *slot = NULL;
  akin_image_info info = {0};
  akin_status status = model_take_slot(model, &slot, err);
  if (status) return status;
  status = model_decode(model, slot, &info, bytes, size, err);
  if (!status) status = model_infer(model, slot, feature, raw, err);
  akin_queue_push(model->idle, slot);
  bool turned = info.orientation >= 5; /* EXIF: a quarter turn, width and height change places */
  *width = turned ? info.height : info.width;
  *height = turned ? info.width : info.height;
  return status;
}

akin_status akin_model_embed_memory(akin_model *model, float *feature, const void *bytes, size_t size, int raw,
                                    akin_error *err) {
  uint32_t width, height;
  if (size > model->options.limits.max_bytes) {
    return akin_fail(err, AKIN_ERROR_LIMIT, "%zu bytes, the limit is %llu", size,
                     (unsigned long long)model->options.limits.max_bytes);
  }
  return akin_model_embed_bytes(model, feature, &width, &height, bytes, size, raw, err);
}

akin_status akin_model_embed_path(akin_model *model, float *feature, const char *path, int raw, akin_error *err) {
  akin_buffer bytes = AKIN_BUFFER_INIT(0);
  akin_status status = akin_model_prepare(model, err); /* a fault of the model is none of the image */
  if (status) return status;
  status = akin_file_read(&bytes, path, model->options.limits.max_bytes, NULL, err);
  if (!status) {
    status = akin_model_embed_memory(model, feature, bytes.data, bytes.size, raw, err);
    if (status) status = akin_fail_context(err, status, "%s", path);
  }
  akin_buffer_free(&bytes);
  return status;
}

akin_status akin_model_embed_prepared(akin_model *model, float *feature, const uint8_t *pixels, akin_error *err) {
  akin_model_slot *slot = NULL;
  akin_status status = model_take_slot(model, &slot, err);
  if (status) return status;
  memcpy(slot->pixels, pixels, (size_t)model->preparation.width * model->preparation.height * 3);
  status = model_infer(model, slot, feature, 1, err);
  akin_queue_push(model->idle, slot);
  return status;
}

akin_status akin_model_embed_pixels(akin_model *model, float *feature, const akin_pixels *pixels, int raw,
                                    akin_error *err) {
  if (!pixels->data || pixels->width < 1 || pixels->height < 1 || pixels->width > 65535 || pixels->height > 65535 ||
      pixels->stride < (size_t)pixels->width * 3) {
    return akin_fail(err, AKIN_ERROR_USAGE,
                     "pixels of %u x %u with a stride of %zu: sizes are 1 to 65,535, a stride is at least 3 x width",
                     pixels->width, pixels->height, pixels->stride);
  }
  akin_model_slot *slot = NULL;
  akin_status status = model_take_slot(model, &slot, err);
  if (status) return status;
  status = akin_image_resize(slot->pixels, pixels, &model->preparation, err);
  if (!status) status = model_infer(model, slot, feature, raw, err);
  akin_queue_push(model->idle, slot);
  return status;
}
