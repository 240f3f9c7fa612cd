/* keras_activations.c - activations by their names in Keras configurations (keras_call.h). */
#include "base/error.h"
#include "model/keras_call.h"

#include <string.h>

/* alpha and threshold: where an activation has none of its own settings, and where they are found. */
typedef struct keras_activation_row {
  const char *name;
  akin_activation_kind kind;
  double alpha, threshold, max;
} keras_activation_row;

/* Functions, by name; what has settings is given those of the function. */
static const keras_activation_row keras_activation_functions[] = {
    {"linear", AKIN_ACTIVATION_LINEAR, 0, 0, 0},
    {"relu", AKIN_ACTIVATION_RELU, 0, 0, 0},
    {"relu6", AKIN_ACTIVATION_RELU, 0, 0, 6},
    {"leaky_relu", AKIN_ACTIVATION_LEAKY_RELU, 0.2, 0, 0},
    {"elu", AKIN_ACTIVATION_ELU, 1, 0, 0},
    {"selu", AKIN_ACTIVATION_SELU, 0, 0, 0},
    {"celu", AKIN_ACTIVATION_CELU, 1, 0, 0},
    {"gelu", AKIN_ACTIVATION_GELU, 0, 0, 0},
    {"tanh", AKIN_ACTIVATION_TANH, 0, 0, 0},
    {"sigmoid", AKIN_ACTIVATION_SIGMOID, 0, 0, 0},
    {"hard_sigmoid", AKIN_ACTIVATION_HARD_SIGMOID, 0, 0, 0},
    {"hard_silu", AKIN_ACTIVATION_HARD_SWISH, 0, 0, 0},
    {"hard_swish", AKIN_ACTIVATION_HARD_SWISH, 0, 0, 0},
    {"silu", AKIN_ACTIVATION_SWISH, 0, 0, 0},
    {"swish", AKIN_ACTIVATION_SWISH, 0, 0, 0},
    {"softplus", AKIN_ACTIVATION_SOFTPLUS, 0, 0, 0},
    {"softsign", AKIN_ACTIVATION_SOFTSIGN, 0, 0, 0},
    {"softmax", AKIN_ACTIVATION_SOFTMAX, 0, 0, 0},
    {"log_softmax", AKIN_ACTIVATION_LOG_SOFTMAX, 0, 0, 0},
    {"log_sigmoid", AKIN_ACTIVATION_LOG_SIGMOID, 0, 0, 0},
    {"exponential", AKIN_ACTIVATION_EXPONENTIAL, 0, 0, 0},
    {"mish", AKIN_ACTIVATION_MISH, 0, 0, 0},
    {"hard_tanh", AKIN_ACTIVATION_HARD_TANH, 0, 0, 0},
    {"hard_shrink", AKIN_ACTIVATION_HARD_SHRINK, 0, 0.5, 0},
    {"soft_shrink", AKIN_ACTIVATION_SOFT_SHRINK, 0, 0.5, 0},
    {"tanh_shrink", AKIN_ACTIVATION_TANH_SHRINK, 0, 0, 0},
    {"squareplus", AKIN_ACTIVATION_SQUAREPLUS, 4, 0, 0},
};

/* Layers that are activations, and Keras 3's operations. */
static const keras_activation_row keras_activation_classes[] = {
    {"ReLU", AKIN_ACTIVATION_RELU, 0, 0, 0},
    {"LeakyReLU", AKIN_ACTIVATION_LEAKY_RELU, 0.3, 0, 0},
    {"ELU", AKIN_ACTIVATION_ELU, 1, 0, 0},
    {"ThresholdedReLU", AKIN_ACTIVATION_RELU, 0, 1, 0},
    {"Softmax", AKIN_ACTIVATION_SOFTMAX, 0, 0, 0},
    {"Relu", AKIN_ACTIVATION_RELU, 0, 0, 0},
    {"Relu6", AKIN_ACTIVATION_RELU, 0, 0, 6},
    {"LeakyRelu", AKIN_ACTIVATION_LEAKY_RELU, 0.2, 0, 0},
    {"Elu", AKIN_ACTIVATION_ELU, 1, 0, 0},
    {"Selu", AKIN_ACTIVATION_SELU, 0, 0, 0},
    {"Celu", AKIN_ACTIVATION_CELU, 1, 0, 0},
    {"Gelu", AKIN_ACTIVATION_GELU, 0, 0, 0},
    {"Tanh", AKIN_ACTIVATION_TANH, 0, 0, 0},
    {"Sigmoid", AKIN_ACTIVATION_SIGMOID, 0, 0, 0},
    {"HardSigmoid", AKIN_ACTIVATION_HARD_SIGMOID, 0, 0, 0},
    {"HardSilu", AKIN_ACTIVATION_HARD_SWISH, 0, 0, 0},
    {"HardTanh", AKIN_ACTIVATION_HARD_TANH, 0, 0, 0},
    {"HardShrink", AKIN_ACTIVATION_HARD_SHRINK, 0, 0.5, 0},
    {"SoftShrink", AKIN_ACTIVATION_SOFT_SHRINK, 0, 0.5, 0},
    {"TanhShrink", AKIN_ACTIVATION_TANH_SHRINK, 0, 0, 0},
    {"Threshold", AKIN_ACTIVATION_THRESHOLD, 0, 0, 0},
    {"Silu", AKIN_ACTIVATION_SWISH, 0, 0, 0},
    {"Softplus", AKIN_ACTIVATION_SOFTPLUS, 0, 0, 0},
    {"Softsign", AKIN_ACTIVATION_SOFTSIGN, 0, 0, 0},
    {"LogSoftmax", AKIN_ACTIVATION_LOG_SOFTMAX, 0, 0, 0},
    {"LogSigmoid", AKIN_ACTIVATION_LOG_SIGMOID, 0, 0, 0},
    {"Mish", AKIN_ACTIVATION_MISH, 0, 0, 0},
    {"Squareplus", AKIN_ACTIVATION_SQUAREPLUS, 4, 0, 0},
    {"Exp", AKIN_ACTIVATION_EXPONENTIAL, 0, 0, 0},
    {"Absolute", AKIN_ACTIVATION_ABSOLUTE, 0, 0, 0},
    {"Abs", AKIN_ACTIVATION_ABSOLUTE, 0, 0, 0},
    {"Negative", AKIN_ACTIVATION_NEGATIVE, 0, 0, 0},
    {"Square", AKIN_ACTIVATION_SQUARE, 0, 0, 0},
    {"Sqrt", AKIN_ACTIVATION_SQRT, 0, 0, 0},
    {"Log", AKIN_ACTIVATION_LOG, 0, 0, 0},
};

static const keras_activation_row *activations_find(const char *name) {
  const size_t functions = sizeof keras_activation_functions / sizeof *keras_activation_functions;
  const size_t classes = sizeof keras_activation_classes / sizeof *keras_activation_classes;
  for (size_t i = 0; i < functions; i++)
    if (strcmp(keras_activation_functions[i].name, name) == 0) return &keras_activation_functions[i];
  for (size_t i = 0; i < classes; i++)
    if (strcmp(keras_activation_classes[i].name, name) == 0) return &keras_activation_classes[i];
  return NULL;
}

/* The slope is called "alpha" by Keras 2, "negative_slope" by Keras 3. */
static void activations_settings(akin_keras_call *c, akin_activation *a) {
  switch (a->kind) {
  case AKIN_ACTIVATION_RELU:
    a->alpha = akin_keras_number(c, "negative_slope", a->alpha);
    a->threshold = akin_keras_number(c, akin_keras_has(c, "theta") ? "theta" : "threshold", a->threshold);
    a->max = akin_keras_number(c, "max_value", a->max);
    if (akin_keras_has(c, "max_value") && a->max <= 0) akin_keras_unsupported(c, "lets nothing above 0 through");
    break;
  case AKIN_ACTIVATION_LEAKY_RELU:
    a->alpha = akin_keras_number(c, akin_keras_has(c, "alpha") ? "alpha" : "negative_slope", a->alpha);
    break;
  case AKIN_ACTIVATION_ELU:
  case AKIN_ACTIVATION_CELU:
    a->alpha = akin_keras_number(c, "alpha", a->alpha);
    break;
  case AKIN_ACTIVATION_GELU:
    if (akin_keras_flag(c, "approximate", false)) a->kind = AKIN_ACTIVATION_GELU_TANH;
    break;
  case AKIN_ACTIVATION_SOFTMAX:
  case AKIN_ACTIVATION_LOG_SOFTMAX:
    akin_keras_last_axis(c, "axis");
    break;
  case AKIN_ACTIVATION_HARD_SHRINK:
  case AKIN_ACTIVATION_SOFT_SHRINK:
    a->threshold = akin_keras_number(c, "threshold", a->threshold);
    break;
  case AKIN_ACTIVATION_THRESHOLD:
    a->threshold = akin_keras_number(c, "threshold", a->threshold);
    a->alpha = akin_keras_number(c, akin_keras_has(c, "default_value") ? "default_value" : "default", a->alpha);
    break;
  case AKIN_ACTIVATION_SQUAREPLUS:
    a->alpha = akin_keras_number(c, "b", a->alpha);
    break;
  default:
    break;
  }
}

bool akin_keras_read_activation(akin_keras_call *c, const char *name, akin_activation *out) {
  const keras_activation_row *row = activations_find(name);
  if (!row) return false;
  *out = (akin_activation){row->kind, row->alpha, row->threshold, row->max};
  if (out->kind == AKIN_ACTIVATION_HARD_SIGMOID && c->keras2) out->kind = AKIN_ACTIVATION_HARD_SIGMOID_2;
  activations_settings(c, out);
  return true;
}

/* "relu", or an object: {"class_name": "function", "config": "relu6"}, {"class_name": "LeakyReLU", "config": {…}} */
akin_activation akin_keras_activation(akin_keras_call *c, const akin_json *value) {
  akin_activation activation = {0};
  if (!value || c->status != AKIN_OK) return activation;
  const akin_json *inside = akin_json_get(value, "config");
  const char *name = akin_json_text(value);
  if (!name) name = akin_json_text(inside);
  if (!name) name = akin_json_text(akin_json_get(value, "class_name"));
  if (!name) {
    akin_keras_unsupported(c, "its activation is code (a lambda), which akin never runs: use a named one");
    return activation;
  }
  akin_keras_call settings = *c; /* those of the activation, not of the layer that has it */
  settings.config = akin_json_is_object(inside) ? inside : NULL;
  const bool known = akin_keras_read_activation(&settings, name, &activation);
  c->status = settings.status;
  if (!known && c->status == AKIN_OK) {
    c->status = akin_fail(c->err, AKIN_ERROR_UNSUPPORTED,
                          "layer %s (%s): its activation '%.80s' is not known: export the model to ONNX from Keras, or "
                          "use a built-in one",
                          c->name, c->class_name, name);
  }
  return activation;
}
