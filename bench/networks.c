/*
 * networks.c - how long an image takes a network that nobody has weights of: those of a card, with random ones.
 *
 *     bench_networks FOLDER NAME    makes the model FOLDER/NAME of the built-in card NAME, measures it as `akin model
 *                                   import` does, and takes it away again
 *     bench_networks                says what computes it: "OpenVINO 2026.4.1 …"
 *
 * Prints one JSON object: dimension, weights, milliseconds on one core. Exit code 3: the card does not say what network
 * it is, only its file does. It uses the rooms, because a model of random weights is not something that programs ask
 * for.
 */
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/path.h"
#include "model/families/families.h"
#include "model/folder.h"
#include "model/lower.h"
#include "model/onnx.h"
#include "runtime/runtime.h"

#include <akin/model.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define NETWORKS_UNKNOWN 3

/* ---- numbers that neither grow nor fade on their way through a hundred layers ---- */

/* -1 to 1; xorshift. */
static float networks_random(uint32_t *state) {
  *state ^= *state << 13;
  *state ^= *state >> 17;
  *state ^= *state << 5;
  return (float)*state / 2147483648.0f - 1.0f;
}

static akin_status networks_read(void *context, const akin_layer *layer, size_t weight, float *out, akin_error *err) {
  const akin_layer_weight *w = &layer->weights[weight];
  const uint64_t count = akin_layer_weight_count(w);
  const bool matrix = w->rank > 1, depthwise = w->role == AKIN_WEIGHT_DEPTHWISE_KERNEL;
  const uint32_t last = matrix ? w->shape[w->rank - 1] * (depthwise ? w->shape[w->rank - 2] : 1) : 1;
  const float reach = sqrtf(3.0f * (float)last / (float)count);
  const bool one = w->role == AKIN_WEIGHT_GAMMA || w->role == AKIN_WEIGHT_MOVING_VARIANCE;
  (void)err;
  for (uint64_t i = 0; i < count; i++)
    out[i] = matrix ? reach * networks_random(context) : one ? 1.0f : 0.01f * networks_random(context);
  return AKIN_OK;
}

/* ---- the model's folder, as an import writes it ---- */

static akin_status networks_put(const char *folder, const char *name, const akin_buffer *bytes, akin_error *err) {
  char *path = akin_path_join(folder, name);
  akin_status status =
      path ? akin_file_replace(path, bytes->data, bytes->size, err) : akin_fail_memory(err, strlen(folder));
  akin_free(path);
  return status;
}

static akin_status networks_put_graph(const char *folder, const akin_layers *layers, akin_error *err) {
  uint32_t state = 2463534242u;
  const akin_weight_source source = {networks_read, &state};
  akin_graph graph = AKIN_GRAPH_INIT;
  akin_buffer packed = AKIN_BUFFER_INIT(0);
  akin_file_writer *writer = NULL;
  char *path = akin_path_join(folder, AKIN_ONNX_WEIGHTS);
  akin_status status = path ? akin_file_writer_open(&writer, path, err) : akin_fail_memory(err, strlen(folder));
  graph.name = "random";
  if (!status) status = akin_lower(&graph, layers, &source, writer, err);
  if (!status) {
    status = akin_file_writer_commit(writer, err);
    writer = NULL;
  }
  if (!status) status = akin_onnx_pack(&packed, &graph, err);
  if (!status) status = networks_put(folder, AKIN_FOLDER_GRAPH, &packed, err);
  akin_file_writer_discard(writer);
  akin_buffer_free(&packed);
  akin_graph_free(&graph);
  akin_free(path);
  return status;
}

static akin_status networks_put_record(const char *folder, akin_error *err) {
  static const char *const names[] = {AKIN_FOLDER_CARD, AKIN_FOLDER_GRAPH, AKIN_ONNX_WEIGHTS};
  akin_record record = {.weights = {.bytes = 1}};
  akin_status status = (record.weights.name = akin_strdup("random")) ? AKIN_OK : akin_fail_memory(err, 0);
  for (size_t i = 0; !status && i < sizeof names / sizeof *names; i++)
    status = akin_record_add(&record, folder, names[i], err);
  if (!status) status = akin_record_write(&record, folder, err);
  akin_record_clear(&record);
  return status;
}

static akin_status networks_make(const char *folder, const akin_card *card, const akin_layers *layers,
                                 akin_error *err) {
  akin_buffer text = AKIN_BUFFER_INIT(0);
  akin_status status = akin_path_create_folder(folder, false, err);
  if (!status) status = akin_card_json(&text, card) ? akin_fail_memory(err, text.size) : AKIN_OK;
  if (!status) status = networks_put(folder, AKIN_FOLDER_CARD, &text, err);
  if (!status) status = networks_put_graph(folder, layers, err);
  if (!status) status = networks_put_record(folder, err);
  akin_buffer_free(&text);
  return status;
}

/* ---- measuring it ---- */

static akin_status networks_measure(const char *models, const akin_card *card, const akin_layers *layers,
                                    akin_error *err) {
  uint32_t dim;
  uint64_t weights;
  double milliseconds = 0;
  char *folder = akin_path_join(models, card->name);
  if (!folder) return akin_fail_memory(err, strlen(models));
  akin_status status = networks_make(folder, card, layers, err);
  if (!status) status = akin_model_time(models, card->name, &milliseconds, err);
  (void)akin_file_remove_folder(folder, NULL);
  akin_free(folder);
  if (status) return status;
  akin_card_extent(&dim, &weights, card);
  printf("{\"dim\": %u, \"weights\": %llu, \"milliseconds\": %.2f}\n", dim, (unsigned long long)weights, milliseconds);
  return AKIN_OK;
}

static int networks_tell_runtime(void) {
  akin_error err;
  char *version = NULL;
  akin_status status = akin_runtime_get()->version(&version, &err);
  puts(status ? err.text : version);
  akin_free(version);
  return status != AKIN_OK;
}

int main(int argc, char **argv) {
  akin_error err;
  akin_layers layers = AKIN_LAYERS_INIT;
  if (argc == 1) return networks_tell_runtime();
  const akin_card *card = argc == 3 ? akin_card_builtin(argv[2]) : NULL;
  if (!card) {
    fprintf(stderr, "usage: bench_networks FOLDER NAME, of a built-in card\n");
    return 2;
  }
  akin_status status = akin_family_build(&layers, card, &err);
  if (status) return NETWORKS_UNKNOWN;
  status = networks_measure(argv[1], card, &layers, &err);
  if (status) fprintf(stderr, "bench_networks: %s: %s\n", card->name, err.text);
  akin_layers_free(&layers);
  return status ? 1 : 0;
}
