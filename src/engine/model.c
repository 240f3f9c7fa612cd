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

/*
 * Where dense layers have many weights, reading them takes a good part of an inference of one image: several share it
 * then, when many images are to come. 64 MB do not stay in a cache. VGG16 has 478: one in eight of its milliseconds. A
 * worker's last batch is seldom full and takes as long as a full one, hence the number of images for each.
 */
#define MODEL_BATCH         4u
#define MODEL_BATCH_WEIGHTS ((64u << 20) / sizeof(float))
#define MODEL_BATCH_IMAGES  32u

typedef struct akin_model_slot {
  akin_network_session *session; /* NULL: the network is not compiled yet */
  uint8_t *pixels;               /* u8 [batch, height, width, 3] of the network's input */
  float *features;               /* f32 [batch, dim] */
  float *second;                 /* f32 [batch, dim], of the mirror images; NULL when they are not wanted */
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

_Static_assert((int)AKIN_POOLING_CARD == (int)AKIN_POOL_CARD && (int)AKIN_POOLING_AVERAGE == (int)AKIN_POOL_AVERAGE &&
                   (int)AKIN_POOLING_MAX == (int)AKIN_POOL_MAX && (int)AKIN_POOLING_GEM == (int)AKIN_POOL_GEM &&
                   (int)AKIN_POOLING_CLASS == (int)AKIN_POOL_CLASS &&
                   (int)AKIN_POOLING_PATCHES == (int)AKIN_POOL_PATCHES && (int)AKIN_POOLING_BOTH == (int)AKIN_POOL_BOTH,
               "poolings are turned into each other by a cast");

int akin_pooling_from_name(akin_pooling *pooling, double *power, const char *name) {
  akin_pool pool;
  if (!akin_pool_from_name(&pool, power, name)) return 0;
  *pooling = (akin_pooling)pool;
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
    akin_free(m->slots[i].features);
    akin_free(m->slots[i].second);
    m->slots[i] = (akin_model_slot){0};
  }
  if (m->network) {
    runtime->close(m->network);
    m->network = NULL;
    m->batch = 0;
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

static size_t model_pixels(const akin_model *m) {
  return (size_t)m->preparation.width * m->preparation.height * 3;
}

static akin_status model_open_slot(akin_model *m, akin_model_slot *slot, akin_error *err) {
  const size_t pixels = m->batch * model_pixels(m), vectors = m->batch * (size_t)m->cut.dim * sizeof(float);
  slot->pixels = akin_alloc_aligned(64, pixels);
  if (!slot->pixels) return akin_fail_memory(err, pixels);
  if (!(slot->features = akin_alloc(vectors))) return akin_fail_memory(err, vectors);
  if (akin_model_mirrors(m) && !(slot->second = akin_alloc(vectors))) return akin_fail_memory(err, vectors);
  return akin_runtime_get()->session_open(&slot->session, m->network, err);
}

static uint32_t model_batch(const akin_model *m, uint64_t images) {
  const bool pays = m->cut.vector_weights >= MODEL_BATCH_WEIGHTS && images / MODEL_BATCH_IMAGES >= m->slot_count;
  return pays ? MODEL_BATCH : 1;
}

static akin_status model_check_files(void *context, akin_error *err) {
  return akin_model_verify(context, err);
}

static akin_status model_compile(akin_model *m, uint64_t images, akin_error *err) {
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
      .batch = model_batch(m, images),
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
  if (!status) m->batch = akin_runtime_get()->batch(m->network);
  for (size_t i = 0; !status && i < m->slot_count; i++)
    status = model_open_slot(m, &m->slots[i], err);
  if (status) model_close_slots(m);
  return status;
}

/* Takes an idle slot, waiting for one; compiles first when nobody has. */
static akin_status model_take_slot(akin_model *m, akin_model_slot **out, uint64_t images, akin_error *err) {
  void *item = NULL;
  akin_queue_pop(m->idle, &item);
  akin_model_slot *slot = item;
  if (!slot->session) {
    akin_status status = model_compile(m, images, err);
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

akin_status akin_model_take_slot(akin_model *m, akin_model_slot **out, akin_error *err) {
  return model_take_slot(m, out, 1, err);
}

void akin_model_give_slot(akin_model *m, akin_model_slot *slot) {
  akin_queue_push(m->idle, slot);
}

akin_status akin_model_prepare(akin_model *m, uint64_t images, akin_error *err) {
  akin_model_slot *slot = NULL;
  akin_status status = model_take_slot(m, &slot, images, err);
  if (!status) akin_model_give_slot(m, slot);
  return status;
}

/* ---- embedding ---- */

/* Large images one at a time. */
akin_status akin_model_decode(akin_model *m, akin_model_slot *slot, uint32_t place, uint32_t *width, uint32_t *height,
                              const void *bytes, size_t size, akin_error *err) {
  akin_image_info info = {0};
  akin_status status = akin_image_inspect(&info, bytes, size, &m->options.limits, err);
  const bool turned = info.orientation >= 5; /* EXIF: a quarter turn, width and height change places */
  *width = turned ? info.height : info.width;
  *height = turned ? info.width : info.height;
  if (status) return status;
  bool large = (uint64_t)info.width * info.height > MODEL_LARGE_PIXELS;
  void *token = NULL;
  if (large) akin_queue_pop(m->large, &token);
  status = akin_image_prepare(slot->pixels + place * model_pixels(m), &info, bytes, size, &m->preparation,
                              &m->options.limits, err);
  if (large) akin_queue_push(m->large, token);
  return status;
}

/* Of each image, or the mean of its and its mirror image's. */
akin_status akin_model_infer(akin_model *m, akin_model_slot *slot, uint32_t count, akin_error *err) {
  const akin_runtime *runtime = akin_runtime_get();
  akin_status status = runtime->infer(slot->session, slot->features, slot->pixels, count, err);
  if (status || !slot->second) return status;
  for (uint32_t i = 0; i < count; i++)
    akin_image_mirror(slot->pixels + i * model_pixels(m), m->preparation.width, m->preparation.height);
  status = runtime->infer(slot->session, slot->second, slot->pixels, count, err);
  for (size_t i = 0; !status && i < (size_t)count * m->cut.dim; i++)
    slot->features[i] = 0.5f * (slot->features[i] + slot->second[i]);
  return status;
}

akin_status akin_model_feature(const akin_model *m, const akin_model_slot *slot, uint32_t place, float *feature,
                               int raw, akin_error *err) {
  memcpy(feature, slot->features + (size_t)place * m->cut.dim, m->cut.dim * sizeof *feature);
  akin_status status = raw ? AKIN_OK : akin_search_normalise(feature, m->cut.dim, err);
  return status ? akin_fail_context(err, status, "the feature that %s gives", akin_model_name(m)) : AKIN_OK;
}

/* What is in the slot's first place, alone. Gives the slot back, also when `status` says that nothing is there. */
static akin_status model_embed(akin_model *m, akin_model_slot *slot, akin_status status, float *feature, int raw,
                               akin_error *err) {
  if (!status) status = akin_model_infer(m, slot, 1, err);
  if (!status) status = akin_model_feature(m, slot, 0, feature, raw, err);
  akin_model_give_slot(m, slot);
  return status;
}

akin_status akin_model_embed_memory(akin_model *model, float *feature, const void *bytes, size_t size, int raw,
                                    akin_error *err) {
  uint32_t width, height;
  akin_model_slot *slot = NULL;
  if (size > model->options.limits.max_bytes) {
    return akin_fail(err, AKIN_ERROR_LIMIT, "%zu bytes, the limit is %llu", size,
                     (unsigned long long)model->options.limits.max_bytes);
  }
  akin_status status = akin_model_take_slot(model, &slot, err);
  if (status) return status;
  status = akin_model_decode(model, slot, 0, &width, &height, bytes, size, err);
  return model_embed(model, slot, status, feature, raw, err);
}

akin_status akin_model_embed_path(akin_model *model, float *feature, const char *path, int raw, akin_error *err) {
  akin_buffer bytes = AKIN_BUFFER_INIT(0);
  akin_status status = akin_model_prepare(model, 1, err); /* a fault of the model is none of the image */
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
  akin_status status = akin_model_take_slot(model, &slot, err);
  if (status) return status;
  memcpy(slot->pixels, pixels, model_pixels(model));
  return model_embed(model, slot, AKIN_OK, feature, 1, err);
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
  akin_status status = akin_model_take_slot(model, &slot, err);
  if (status) return status;
  status = akin_image_resize(slot->pixels, pixels, &model->preparation, err);
  return model_embed(model, slot, status, feature, raw, err);
}
