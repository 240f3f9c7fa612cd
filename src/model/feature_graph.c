/*
 * feature_graph.c - which tensor of an ONNX graph is its feature.
 *
 * From the output step back over what gives class scores another form to what makes them: a Gemm or MatMul with a
 * matrix of constants, or a 1×1 Conv, and take its input. In doubt the output is a feature already: where its name says
 * so, and where a matrix without a bias stands last that gives no more values than it gets, which projects (as CLIP's
 * towers end) and does not classify, as a convolution does (MobileNetV2's last one has no bias) and a matrix that
 * widens (MaxViT's); unless a softmax stands behind it.
 */
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "model/feature.h"

#include <string.h>
#include <strings.h>

static const char *const graph_probabilities[] = {"Softmax", "LogSoftmax", "Sigmoid", "HardSigmoid"};
static const char *const graph_forms[] = {"Reshape", "Flatten", "Identity", "Squeeze", "Unsqueeze", "Cast", "Dropout"};
static const char *const graph_scales[] = {"Mul", "Div"};
static const char *const graph_means[] = {"GlobalAveragePool", "ReduceMean", "AveragePool"};

static bool graph_says_feature(const char *name) {
  static const char *const words[] = {"embed", "feature", "hidden", "pooler", "descriptor", "encoding"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (strcasestr(name, words[i])) return true;
  return false;
}

/* What a step back from the output has met. */
typedef struct graph_walk {
  size_t at;
  bool probabilities, biased;
} graph_walk;

static bool graph_back(graph_walk *w, const akin_layers *layers) {
  if (layers->at[w->at].input_count == 0) return false;
  w->at = layers->at[w->at].inputs[0];
  return true;
}

/* Over the mean of a map of scores, and a Relu in front of it, to the 1×1 convolution that made the map (SqueezeNet).
 */
static void graph_over_mean(graph_walk *w, const akin_layers *layers) {
  graph_walk further = *w;
  if (!AKIN_TEXT_AMONG(layers->at[w->at].class_name, graph_means) || !graph_back(&further, layers)) return;
  if (strcmp(layers->at[further.at].class_name, "Relu") == 0 && !graph_back(&further, layers)) return;
  if (layers->at[further.at].as.tensor.pointwise) *w = further;
}

static void graph_step_back(graph_walk *w, const akin_layers *layers) {
  bool moved = true;
  while (moved) {
    const akin_layer *layer = &layers->at[w->at];
    const bool probabilities = AKIN_TEXT_AMONG(layer->class_name, graph_probabilities);
    const bool bias = strcmp(layer->class_name, "Add") == 0 && layer->as.tensor.weighted && layer->input_count == 1;
    const bool temperature = w->probabilities && AKIN_TEXT_AMONG(layer->class_name, graph_scales) &&
                             layer->as.tensor.weighted && layer->input_count == 1; /* of the softmax */
    moved = probabilities || bias || temperature || AKIN_TEXT_AMONG(layer->class_name, graph_forms);
    moved = moved && graph_back(w, layers);
    w->probabilities = w->probabilities || (moved && probabilities);
    w->biased = w->biased || (moved && bias);
  }
  graph_over_mean(w, layers);
}

/* Does a layer make class scores, by a matrix that is part of the network? */
static bool graph_makes_scores(const akin_layer *layer) {
  static const char *const products[] = {"Gemm", "MatMul"};
  if (layer->input_count != 1 || !layer->as.tensor.weighted) return false;
  return AKIN_TEXT_AMONG(layer->class_name, products) || layer->as.tensor.pointwise;
}

/* Gives a layer more values than it gets? */
static bool graph_widens(const akin_layers *layers, const akin_layer *head) {
  const akin_shape *from = &layers->at[head->inputs[0]].shape;
  return head->shape.size[head->shape.rank - 1] > from->size[from->rank - 1];
}

akin_status akin_feature_of_graph(size_t *layer, char **rule, const akin_layers *layers, akin_error *err) {
  const size_t output = akin_layers_output(layers);
  const char *name = layers->at[output].name;
  graph_walk w = {.at = output};
  graph_step_back(&w, layers);
  const akin_layer *head = &layers->at[w.at];
  const bool product = graph_makes_scores(head), vector = layers->at[output].shape.rank != 2;
  const bool biased = w.biased || head->as.tensor.biased || (product && graph_widens(layers, head));
  *layer = output;
  if (!product || !vector) {
    *rule = akin_format("the output, '%s': no layer of class scores stands at the end", name);
  } else if (!w.probabilities && graph_says_feature(name)) {
    *rule = akin_format("the output, '%s': a feature by its name", name);
  } else if (!w.probabilities && !biased && !head->as.tensor.pointwise) {
    *rule = akin_format("the output, '%s': a matrix without a bias, a projection, stands at the end", name);
  } else {
    *layer = head->inputs[0];
    *rule = akin_format("the input of the last %s, '%s'", head->class_name, head->name);
  }
  return *rule ? AKIN_OK : akin_fail_memory(err, strlen(name));
}
