/* lower_activation.c - activations (lowering.h). */
#include "model/lowering.h"

#include <math.h>

#ifndef M_PI
#define M_PI 3.14159265358979323846
#endif

/* What an activation is made of: names of its values are in `output`. */
typedef struct activation_work {
  lowering *lo;
  const char *input, *output;
  int steps;
} activation_work;

/* A name for the next value between input and output. */
static const char *activation_step(activation_work *w) {
  static const char *const names[] = {"step 1", "step 2", "step 3", "step 4", "step 5", "step 6", "step 7"};
  return akin_lowering_name(w->lo, w->output, names[w->steps++]);
}

static const char *activation_unary(activation_work *w, const char *operation, const char *x) {
  return akin_lowering_unary(w->lo, operation, x, activation_step(w));
}

static const char *activation_binary(activation_work *w, const char *operation, const char *a, const char *b) {
  return akin_lowering_binary(w->lo, operation, a, b, activation_step(w));
}

static const char *activation_scalar(activation_work *w, const char *operation, const char *x, double value) {
  return activation_binary(w, operation, x, akin_lowering_scalar(w->lo, value));
}

static void activation_finish(activation_work *w, const char *operation, const char *a, const char *b) {
  akin_lowering_binary(w->lo, operation, a, b, w->output);
}

static const char *activation_clip(activation_work *w, const char *x, double least, double most, const char *output) {
  const char *inputs[3] = {x, akin_lowering_scalar(w->lo, least), akin_lowering_scalar(w->lo, most)};
  akin_lowering_node(w->lo, "Clip", output, inputs, 3);
  return output;
}

/* ---- those that are more than one operation ---- */

static void activation_relu(activation_work *w, const akin_activation *a) {
  const bool last = a->alpha == 0, clipped = a->max > 0;
  const char *positive = w->input;
  if (a->threshold != 0) {
    const char *output = last && !clipped ? w->output : activation_step(w);
    akin_graph_set_number(akin_lowering_node(w->lo, "ThresholdedRelu", output, &w->input, 1), "alpha", a->threshold);
    positive = output;
  } else if (!clipped) {
    positive = akin_lowering_unary(w->lo, "Relu", w->input, last ? w->output : activation_step(w));
  }
  if (clipped) positive = activation_clip(w, positive, 0, a->max, last ? w->output : activation_step(w));
  if (last) return;
  const char *below = activation_unary(w, "Neg", w->input);
  if (a->threshold != 0) below = activation_scalar(w, "Add", below, a->threshold);
  const char *negative = activation_scalar(w, "Mul", activation_unary(w, "Relu", below), a->alpha);
  activation_finish(w, "Sub", positive, negative);
}

/* x / 2 · (1 + erf(x / √2)) */
static void activation_gelu(activation_work *w) {
  const char *erf = activation_unary(w, "Erf", activation_scalar(w, "Div", w->input, sqrt(2)));
  const char *product = activation_binary(w, "Mul", w->input, activation_scalar(w, "Add", erf, 1));
  activation_finish(w, "Mul", product, akin_lowering_scalar(w->lo, 0.5));
}

/* x / 2 · (1 + tanh(√(2 / π) · (x + 0.044715 x³))) */
static void activation_gelu_tanh(activation_work *w) {
  const char *cube = activation_scalar(w, "Mul", activation_scalar(w, "Pow", w->input, 3), 0.044715);
  const char *inner = activation_scalar(w, "Mul", activation_binary(w, "Add", w->input, cube), sqrt(2 / M_PI));
  const char *outer = activation_scalar(w, "Add", activation_unary(w, "Tanh", inner), 1);
  const char *half = akin_lowering_binary(w->lo, "Mul", w->input, akin_lowering_scalar(w->lo, 0.5),
                                          akin_lowering_name(w->lo, w->output, "half"));
  activation_finish(w, "Mul", half, outer);
}

static void activation_threshold(activation_work *w, const akin_activation *a) {
  const char *above = activation_scalar(w, "Greater", w->input, a->threshold);
  const char *inputs[3] = {above, w->input, akin_lowering_scalar(w->lo, a->alpha)};
  akin_lowering_node(w->lo, "Where", w->output, inputs, 3);
}

/* (x + √(x² + b)) / 2 */
static void activation_squareplus(activation_work *w, double b) {
  const char *squared = activation_scalar(w, "Add", activation_binary(w, "Mul", w->input, w->input), b);
  const char *sum = activation_binary(w, "Add", w->input, activation_unary(w, "Sqrt", squared));
  activation_finish(w, "Div", sum, akin_lowering_scalar(w->lo, 2));
}

/* ---- the table ---- */

/* Those that are one operation of ONNX without settings. */
static const char *const activation_operations[AKIN_ACTIVATION_KINDS] = {
    [AKIN_ACTIVATION_LINEAR] = "Identity",
    [AKIN_ACTIVATION_SELU] = "Selu",
    [AKIN_ACTIVATION_TANH] = "Tanh",
    [AKIN_ACTIVATION_SIGMOID] = "Sigmoid",
    [AKIN_ACTIVATION_HARD_SWISH] = "HardSwish",
    [AKIN_ACTIVATION_SOFTPLUS] = "Softplus",
    [AKIN_ACTIVATION_SOFTSIGN] = "Softsign",
    [AKIN_ACTIVATION_EXPONENTIAL] = "Exp",
    [AKIN_ACTIVATION_ABSOLUTE] = "Abs",
    [AKIN_ACTIVATION_NEGATIVE] = "Neg",
    [AKIN_ACTIVATION_SQRT] = "Sqrt",
    [AKIN_ACTIVATION_LOG] = "Log",
};

static void activation_with_alpha(activation_work *w, const char *operation, double alpha) {
  akin_graph_set_number(akin_lowering_node(w->lo, operation, w->output, &w->input, 1), "alpha", alpha);
}

static void activation_hard_sigmoid(activation_work *w, double slope) {
  akin_graph_node *node = akin_lowering_node(w->lo, "HardSigmoid", w->output, &w->input, 1);
  akin_graph_set_number(node, "alpha", slope);
  akin_graph_set_number(node, "beta", 0.5);
}

static void activation_softmax(activation_work *w, const char *operation, const akin_shape *shape) {
  akin_graph_node *node = akin_lowering_node(w->lo, operation, w->output, &w->input, 1);
  akin_graph_set_integer(node, "axis", akin_lowering_axis(shape, shape->rank - 1));
}

static void activation_shrink(activation_work *w, double threshold, double bias) {
  akin_graph_node *node = akin_lowering_node(w->lo, "Shrink", w->output, &w->input, 1);
  akin_graph_set_number(node, "lambd", threshold);
  akin_graph_set_number(node, "bias", bias);
}

void akin_lower_activation(lowering *lo, const akin_activation *a, const akin_shape *shape, const char *input,
                           const char *output) {
  activation_work work = {lo, input, output, 0}, *w = &work;
  if (activation_operations[a->kind]) {
    akin_lowering_unary(lo, activation_operations[a->kind], input, output);
    return;
  }
  switch (a->kind) {
  case AKIN_ACTIVATION_RELU:
    activation_relu(w, a);
    break;
  case AKIN_ACTIVATION_LEAKY_RELU:
    activation_with_alpha(w, "LeakyRelu", a->alpha);
    break;
  case AKIN_ACTIVATION_ELU:
    activation_with_alpha(w, "Elu", a->alpha);
    break;
  case AKIN_ACTIVATION_CELU:
    activation_with_alpha(w, "Celu", a->alpha);
    break;
  case AKIN_ACTIVATION_GELU:
    activation_gelu(w);
    break;
  case AKIN_ACTIVATION_GELU_TANH:
    activation_gelu_tanh(w);
    break;
  case AKIN_ACTIVATION_HARD_SIGMOID:
    activation_hard_sigmoid(w, 1.0 / 6);
    break;
  case AKIN_ACTIVATION_HARD_SIGMOID_2:
    activation_hard_sigmoid(w, 0.2);
    break;
  case AKIN_ACTIVATION_SWISH:
    activation_finish(w, "Mul", input, activation_unary(w, "Sigmoid", input));
    break;
  case AKIN_ACTIVATION_SOFTMAX:
    activation_softmax(w, "Softmax", shape);
    break;
  case AKIN_ACTIVATION_LOG_SOFTMAX:
    activation_softmax(w, "LogSoftmax", shape);
    break;
  case AKIN_ACTIVATION_LOG_SIGMOID:
    akin_lowering_unary(lo, "Neg", activation_unary(w, "Softplus", activation_unary(w, "Neg", input)), output);
    break;
  case AKIN_ACTIVATION_MISH:
    activation_finish(w, "Mul", input, activation_unary(w, "Tanh", activation_unary(w, "Softplus", input)));
    break;
  case AKIN_ACTIVATION_HARD_TANH:
    activation_clip(w, input, -1, 1, output);
    break;
  case AKIN_ACTIVATION_HARD_SHRINK:
    activation_shrink(w, a->threshold, 0);
    break;
  case AKIN_ACTIVATION_SOFT_SHRINK:
    activation_shrink(w, a->threshold, a->threshold);
    break;
  case AKIN_ACTIVATION_TANH_SHRINK:
    activation_finish(w, "Sub", input, activation_unary(w, "Tanh", input));
    break;
  case AKIN_ACTIVATION_THRESHOLD:
    activation_threshold(w, a);
    break;
  case AKIN_ACTIVATION_SQUAREPLUS:
    activation_squareplus(w, a->alpha);
    break;
  case AKIN_ACTIVATION_SQUARE:
    activation_finish(w, "Mul", input, input);
    break;
  default:
    break;
  }
}
