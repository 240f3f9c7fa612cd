/* describe.c - what `akin model inspect` shows, for people and as JSON. */
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "engine/model.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

/* "7 x 7 x 320", "1280". */
static akin_status describe_shape(akin_buffer *out, const akin_layer_info *layer, const char *between) {
  akin_status status = AKIN_OK;
  for (uint32_t i = 0; !status && i < layer->rank && i < 3; i++)
    status = akin_buffer_printf(out, "%s%u", i ? between : "", layer->shape[i]);
  return status;
}

static akin_status describe_numbers(akin_buffer *out, const float values[3]) {
  akin_status status = AKIN_OK;
  for (int i = 0; !status && i < 3; i++) {
    int decimals = values[i] == floorf(values[i]) ? 0 : 3;
    status = akin_buffer_append_text(out, i ? ", " : "");
    if (!status) status = akin_text_number(out, (double)values[i], decimals);
  }
  return status;
}

static akin_status describe_layers_text(akin_buffer *out, const akin_model *m) {
  size_t count = akin_folder_layer_count(m->folder);
  akin_status status =
      akin_buffer_printf(out, "\n%5s  %-32s %-24s %-18s %10s\n", "", "layer", "kind", "output", "weights");
  for (size_t i = 0; !status && i < count; i++) {
    akin_layer_info layer;
    akin_buffer shape = AKIN_BUFFER_INIT(256);
    akin_folder_layer(m->folder, i, &layer);
    status = describe_shape(&shape, &layer, " x ");
    if (!status) {
      status = akin_buffer_printf(out, "%5zu  %-32s %-24s %-18s %10llu%s\n", i, layer.name, layer.kind,
                                  shape.data ? shape.data : "", (unsigned long long)layer.parameters,
                                  i == m->cut.layer_index ? "  <- feature" : "");
    }
    akin_buffer_free(&shape);
  }
  return status;
}

static akin_status describe_weights_text(akin_buffer *out, const akin_card *card) {
  akin_status status = AKIN_OK;
  for (size_t i = 0; !status && i < card->weights_count; i++)
    status = akin_buffer_printf(out, "origin         %s (%s)\n", card->weights[i].origin, card->weights[i].file);
  return status;
}

static akin_status describe_text(akin_buffer *out, const akin_model *m) {
  const akin_card *card = akin_folder_card(m->folder);
  char hash[AKIN_HASH_HEX_SIZE];
  akin_hash_hex(hash, akin_folder_weights_hash(m->folder));
  akin_status status = akin_buffer_printf(out, "model          %s\n               %s\nfamily         %s",
                                          akin_model_name(m), card->description, card->family);
  if (!status) status = akin_card_parameters_text(out, card);
  if (!status) status = akin_buffer_printf(out, "\nfolder         %s\n", akin_folder_path(m->folder));
  if (!status) {
    status = akin_buffer_printf(out, "weights        %llu, %.1f MB on disk, SHA-256 %s\n",
                                (unsigned long long)akin_folder_parameters(m->folder),
                                (double)akin_folder_disk_use(m->folder) / 1e6, hash);
  }
  if (!status && !(status = describe_weights_text(out, card))) {
    status = akin_buffer_printf(
        out, "licence        %s\ncitation       %s\ninput          %s, (x - mean) / scale with mean ", card->licence,
        card->citation ? card->citation : "-", card->bgr ? "BGR" : "RGB");
  }
  if (!status && !(status = describe_numbers(out, card->mean)) && !(status = akin_buffer_append_text(out, ", scale ")))
    status = describe_numbers(out, card->scale);
  if (!status && !(status = akin_buffer_append_text(out, "\npreprocessing  ")))
    status = akin_preparation_text(out, &m->preparation);
  if (!status) {
    status = akin_buffer_printf(out, "%s\nfeature        %u values: layer %s%s\nrule           %s\nfingerprint    %s\n",
                                akin_model_mirrors(m) ? ", mean with the mirror image" : "", m->cut.dim, m->cut.layer,
                                m->cut.pooling_text, m->cut.rule, m->cut.fingerprint);
  }
  return status ? status : describe_layers_text(out, m);
}

static akin_status describe_member(akin_buffer *out, const char *key, const char *text) {
  akin_status status = akin_buffer_printf(out, "\"%s\": ", key);
  if (!status) status = text ? akin_text_json(out, text) : akin_buffer_append_text(out, "null");
  return status ? status : akin_buffer_append_text(out, ", ");
}

static akin_status describe_layers_json(akin_buffer *out, const akin_model *m) {
  size_t count = akin_folder_layer_count(m->folder);
  akin_status status = akin_buffer_append_text(out, "\"layers\": [");
  for (size_t i = 0; !status && i < count; i++) {
    akin_layer_info layer;
    akin_folder_layer(m->folder, i, &layer);
    if ((status = akin_buffer_append_text(out, i ? ", {" : "{")) ||
        (status = describe_member(out, "name", layer.name)) || (status = describe_member(out, "kind", layer.kind)) ||
        (status = akin_buffer_append_text(out, "\"shape\": [")) || (status = describe_shape(out, &layer, ", ")))
      break;
    status = akin_buffer_printf(out, "], \"weights\": %llu}", (unsigned long long)layer.parameters);
  }
  return status ? status : akin_buffer_append_text(out, "]}\n");
}

static akin_status describe_json(akin_buffer *out, const akin_model *m) {
  const akin_card *card = akin_folder_card(m->folder);
  akin_buffer preparation = AKIN_BUFFER_INIT(4096);
  char hash[AKIN_HASH_HEX_SIZE];
  akin_hash_hex(hash, akin_folder_weights_hash(m->folder));
  akin_status status = akin_preparation_text(&preparation, &m->preparation);
  if (status || (status = akin_buffer_append_text(out, "{")) ||
      (status = describe_member(out, "model", akin_model_name(m))) ||
      (status = describe_member(out, "description", card->description)) ||
      (status = describe_member(out, "family", card->family)) ||
      (status = describe_member(out, "licence", card->licence)) ||
      (status = describe_member(out, "citation", card->citation)) ||
      (status = describe_member(out, "origin", card->weights_count ? card->weights[0].origin : NULL)) ||
      (status = describe_member(out, "sha256", hash)) ||
      (status = describe_member(out, "preprocessing", preparation.data)) ||
      (status = describe_member(out, "feature_layer", m->cut.layer)) ||
      (status = describe_member(out, "pooling", m->cut.pooling)) ||
      (status = describe_member(out, "rule", m->cut.rule)) ||
      (status = describe_member(out, "fingerprint", m->cut.fingerprint)))
    goto out;
  if ((status = akin_buffer_append_text(out, "\"mean\": [")) || (status = describe_numbers(out, card->mean)) ||
      (status = akin_buffer_append_text(out, "], \"scale\": [")) || (status = describe_numbers(out, card->scale)))
    goto out;
  status = akin_buffer_printf(
      out, "], \"channels\": \"%s\", \"width\": %u, \"height\": %u, \"dim\": %u, \"weights\": %llu, \"bytes\": %llu, ",
      card->bgr ? "bgr" : "rgb", m->preparation.width, m->preparation.height, m->cut.dim,
      (unsigned long long)akin_folder_parameters(m->folder), (unsigned long long)akin_folder_disk_use(m->folder));
  if (!status) status = describe_layers_json(out, m);
out:
  akin_buffer_free(&preparation);
  return status;
}

akin_status akin_model_describe(const akin_model *model, FILE *out, int json, akin_error *err) {
  akin_buffer text = AKIN_BUFFER_INIT(64u * 1024 * 1024);
  akin_status status = json ? describe_json(&text, model) : describe_text(&text, model);
  if (status)
    status = akin_fail_memory(err, text.size);
  else if (fwrite(text.data, 1, text.size, out) != text.size)
    status = akin_fail_errno(err, errno, "the description of %s", akin_model_name(model));
  akin_buffer_free(&text);
  return status;
}
