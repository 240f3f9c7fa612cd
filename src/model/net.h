/*
 * net.h - any ONNX network of images on its way to a model's folder. It is not trusted.
 *
 *     file ─ akin_net_open ─▶ graph, sorted; its input, its outputs          net.c, net_input.c
 *          ─ akin_net_fit ─▶ a graph that takes f32 [1, 3, height, width]    net_fit.c
 *          ─ akin_net_write_numbers ─▶ weights.bin                            net_numbers.c
 *          ─ akin_net_layers ─▶ its tensors as layers, by the runtime's shapes net_layers.c
 *
 * layers.json in the folder keeps what the last step found, so that opening a model asks nobody:
 *
 *     {"format": 1, "output": 41, "layers": [{"name": "conv1", "kind": "Conv", "inputs": [0], "shape": [112, 112, 64],
 *      "weights": 9408, "channels_last": false, "weighted": true, "pointwise": false, "biased": true}, …]}
 */
#ifndef AKIN_MODEL_NET_H
#define AKIN_MODEL_NET_H

#include "base/file.h"
#include "base/hash.h"
#include "model/layers.h"
#include "model/model.h"
#include "model/onnx.h"

#define AKIN_NET_FAMILY    "onnx"
#define AKIN_FOLDER_LAYERS "layers.json"

/* A file of external data. */
typedef struct akin_net_file {
  const char *location;
  akin_mapping mapping;
  akin_file_facts before; /* taken when it was opened */
} akin_net_file;

typedef struct akin_net {
  char *path;
  akin_mapping file;
  akin_onnx_network network;
  akin_net_file *files; /* in the graph's arena */
  size_t file_count;
  akin_graph_value image; /* the input that takes the images, as the file has it */
  bool channels_last, grey;
  uint32_t height, width; /* of the images; 0: open */
  const char **outputs;   /* those of the file that follow from the image alone, in its order */
  size_t output_count;
} akin_net;

bool akin_net_is(const akin_card *card); /* of a model that was made of an ONNX network */
bool akin_net_is_file(const char *path); /* .onnx */

/*
 * Reads, checks, and finds what goes in and comes out.
 *   layer: the tensor that is wanted as the feature layer; NULL: none in particular
 * Errors: those of akin_onnx_read and akin_graph_sort; UNSUPPORTED (an input that is no image, several inputs; external
 * data that is not inside the folder), FORMAT (external data that is not in its file), NOT_FOUND, IO, MEMORY.
 */
akin_status akin_net_open(akin_net *net, const char *path, const char *layer, akin_error *err);
void akin_net_close(akin_net *net); /* fine on {0} */

/* Of the file and its external data. bytes: of all. */
akin_status akin_net_hash(akin_hash *out, uint64_t *bytes, const akin_net *net, akin_error *err);

/* Nobody wrote to the external data since it was opened. Errors: IO (says which file). */
akin_status akin_net_check_unchanged(const akin_net *net, akin_error *err);

/* Where a tensor's numbers are; NULL: nowhere. */
const uint8_t *akin_net_bytes(const akin_net *net, const akin_graph_tensor *tensor);

/*
 * Makes the graph take what the runtime gives, f32 [1, 3, height, width], and compute in f32: net->network.graph with
 * its input set.
 *   layer: is kept although no output needs it
 *   width, height: of the images, checked
 * Errors: FORMAT, UNSUPPORTED (an operator that draws numbers at random), MEMORY.
 */
akin_status akin_net_fit(akin_net *net, const char *layer, uint32_t width, uint32_t height, akin_error *err);

/* Puts the numbers into the weights file, as f32 where they are floating-point ones, and says so in the graph; few ones
 * stay in it. Errors: FORMAT (a NaN; more than one infinity), those of the writer, MEMORY. */
akin_status akin_net_write_numbers(akin_net *net, akin_file_writer *weights, akin_error *err);

/*
 * The graph's tensors as layers, and its output: the first of the network's that a feature can be taken from.
 *   wanted: the feature layer, taken for the output when none of these is one; NULL: none in particular
 *   folder: where weights.bin is; a graph is written there for the runtime and removed
 * Errors: UNSUPPORTED (operators that the runtime lacks; an output that is no feature), those of the runtime, MEMORY.
 */
akin_status akin_net_layers(akin_layers *layers, akin_net *net, const char *wanted, const char *folder,
                            akin_error *err);
/* The content of layers.json, and back. Errors: MEMORY; FORMAT. */
akin_status akin_net_layers_pack(akin_buffer *out, const akin_layers *layers);
akin_status akin_net_layers_open(akin_layers *layers, const char *folder, akin_error *err);

/*
 * The card of a network: what the request says, else card's (may be NULL), else what is assumed.
 *   arena: has the card's texts
 *   note: what was assumed, one line in the arena; NULL: nothing
 * Errors: USAGE, MEMORY.
 */
akin_status akin_net_card(akin_card *out, const char **note, akin_arena *arena, const akin_net *net,
                          const akin_import_request *request, const akin_card *card, akin_error *err);

/* Makes the card of a known network one of weights that nobody knows. Errors: MEMORY. */
akin_status akin_net_disown(akin_card *card, akin_arena *arena, akin_error *err);

#endif
