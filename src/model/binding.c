/* binding.c - names, shapes and orders of axes in weights files (binding.h). */
#include "model/binding.h"

#include "base/buffer.h"
#include "base/error.h"
#include "base/format.h"
#include "base/memory.h"
#include "weights/keras.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#define BINDING_LEFT_OVER_SHOWN 3

static const char *const binding_torch_names[] = {
    [AKIN_WEIGHT_KERNEL] = ".weight",
    [AKIN_WEIGHT_BIAS] = ".bias",
    [AKIN_WEIGHT_GAMMA] = ".weight",
    [AKIN_WEIGHT_BETA] = ".bias",
    [AKIN_WEIGHT_MOVING_MEAN] = ".running_mean",
    [AKIN_WEIGHT_MOVING_VARIANCE] = ".running_var",
};

akin_status akin_binding_torch(akin_layers *layers, size_t layer, const char *module, akin_error *err) {
  akin_layer *l = &layers->at[layer];
  for (size_t i = 0; i < l->weight_count; i++) {
    const char *suffix = binding_torch_names[l->weights[i].role];
    const size_t size = strlen(module) + strlen(suffix);
    char *name = akin_arena_alloc(&layers->arena, size + 1);
    if (!name) return akin_fail_memory(err, size + 1);
    memcpy(name, module, strlen(module));
    memcpy(name + strlen(module), suffix, strlen(suffix));
    l->weights[i].tensor = name;
  }
  return AKIN_OK;
}

/* "a.norm1.weight" as "a.norm.1.weight"; NULL: the module's name does not end in digits, or memory ran out. */
static char *binding_older(const char *name) {
  const char *end = strrchr(name, '.'), *digits = end;
  while (digits && digits > name && isdigit((unsigned char)digits[-1]))
    digits--;
  if (!digits || digits == end || digits == name || digits[-1] == '.') return NULL;
  return akin_format("%.*s.%s", (int)(digits - name), name, digits);
}

akin_status akin_binding_take_older(akin_layers *layers, const akin_tensors *tensors, akin_error *err) {
  for (size_t i = 0; layers->modules && i < layers->count; i++) {
    akin_layer *layer = &layers->at[i];
    for (size_t k = 0; k < layer->weight_count; k++) {
      akin_layer_weight *w = &layer->weights[k];
      char *older = w->tensor && !akin_tensors_find(tensors, w->tensor) ? binding_older(w->tensor) : NULL;
      const bool there = older && akin_tensors_find(tensors, older);
      if (there) w->tensor = akin_arena_text(&layers->arena, older, strlen(older));
      akin_free(older);
      if (there && !w->tensor) return akin_layers_starved(&layers->arena, err);
    }
  }
  return AKIN_OK;
}

/* How a weight lies in a file, and the order of its axes that ONNX wants. */
typedef struct binding_form {
  uint32_t rank;
  uint32_t shape[4];
  uint32_t axes[4];
} binding_form;

/* As Keras has it. */
static binding_form binding_keras_form(const akin_layer *layer, const akin_layer_weight *w) {
  const bool depthwise = layer->kind == AKIN_LAYER_DEPTHWISE_CONV2D || w->role == AKIN_WEIGHT_DEPTHWISE_KERNEL;
  const bool kernel = w->role == AKIN_WEIGHT_KERNEL || w->role == AKIN_WEIGHT_POINTWISE_KERNEL;
  binding_form form = {w->rank, {w->shape[0], w->shape[1], w->shape[2], w->shape[3]}, {0, 1, 2, 3}};
  if (w->rank == 4 && depthwise) memcpy(form.axes, (const uint32_t[]){2, 3, 0, 1}, sizeof form.axes);
  if (w->rank == 4 && kernel && !depthwise) memcpy(form.axes, (const uint32_t[]){3, 2, 0, 1}, sizeof form.axes);
  if (w->rank == 3) memcpy(form.axes, (const uint32_t[]){2, 0, 1}, 3 * sizeof *form.axes);
  return form;
}

static binding_form binding_torch_form(const akin_layer *layer, const akin_layer_weight *w) {
  if (w->rank == 4 && layer->kind == AKIN_LAYER_DEPTHWISE_CONV2D)
    return (binding_form){4, {w->shape[2] * w->shape[3], 1, w->shape[0], w->shape[1]}, {0, 1, 2, 3}};
  if (w->rank == 4) return (binding_form){4, {w->shape[3], w->shape[2], w->shape[0], w->shape[1]}, {0, 1, 2, 3}};
  if (w->rank == 2) return (binding_form){2, {w->shape[1], w->shape[0]}, {1, 0}};
  return (binding_form){1, {w->shape[0]}, {0}};
}

static binding_form binding_form_of(const akin_layer *layer, const akin_layer_weight *w, const akin_tensors *tensors) {
  return akin_tensors_keras(tensors) ? binding_keras_form(layer, w) : binding_torch_form(layer, w);
}

/* "[32, 3, 3, 3]" */
static akin_status binding_shape_text(akin_buffer *out, const binding_form *form) {
  akin_status status = akin_buffer_append_text(out, "[");
  for (uint32_t i = 0; i < form->rank && status == AKIN_OK; i++)
    status = akin_buffer_printf(out, i ? ", %u" : "%u", form->shape[i]);
  return status == AKIN_OK ? akin_buffer_append_text(out, "]") : status;
}

static akin_status binding_tensor_text(akin_buffer *out, const akin_tensor *tensor) {
  akin_status status = akin_buffer_append_text(out, "[");
  for (uint32_t i = 0; i < tensor->rank && status == AKIN_OK; i++)
    status = akin_buffer_printf(out, i ? ", %llu" : "%llu", (unsigned long long)tensor->shape[i]);
  return status == AKIN_OK ? akin_buffer_append_text(out, "]") : status;
}

static bool binding_fits(const akin_layer_weight *w, const binding_form *form, const akin_tensor *tensor) {
  if (tensor->rank != form->rank) return false;
  for (uint32_t i = 0; i < form->rank; i++)
    if (tensor->shape[i] != form->shape[i]) return false;
  return w->role == AKIN_WEIGHT_COUNT || tensor->dtype == AKIN_DTYPE_F32 || tensor->dtype == AKIN_DTYPE_F64 ||
         tensor->dtype == AKIN_DTYPE_F16 || tensor->dtype == AKIN_DTYPE_BF16;
}

static akin_status binding_misfit(const akin_layer *layer, const akin_layer_weight *w, const binding_form *form,
                                  const akin_tensor *found, akin_error *err) {
  akin_buffer expected = AKIN_BUFFER_INIT(0), got = AKIN_BUFFER_INIT(0);
  akin_status status = binding_shape_text(&expected, form);
  if (status == AKIN_OK && found) status = binding_tensor_text(&got, found);
  if (status != AKIN_OK) {
    status = akin_fail_memory(err, 64);
  } else if (!found) {
    status = akin_fail(err, AKIN_ERROR_MISMATCH, "layer %s: its %s, tensor '%s' of shape %s, is not in the file",
                       layer->name, akin_weight_role_name(w->role), w->tensor, expected.data);
  } else {
    const bool whole = found->dtype != AKIN_DTYPE_F32 && !binding_fits(w, form, found);
    status = akin_fail(err, AKIN_ERROR_MISMATCH, "layer %s: its %s, tensor '%s', must be %s, the file has %s%s",
                       layer->name, akin_weight_role_name(w->role), w->tensor, expected.data, got.data,
                       whole ? " (or its numbers are no floating-point ones)" : "");
  }
  akin_buffer_free(&expected);
  akin_buffer_free(&got);
  return status;
}

static bool binding_is_wanted(const akin_layers *layers, const char *tensor) {
  static const char counter[] = "num_batches_tracked";
  const size_t size = strlen(tensor), length = sizeof counter - 1;
  if (size >= length && strcmp(tensor + size - length, counter) == 0) return true;
  for (size_t i = 0; i < layers->count; i++) {
    for (size_t k = 0; k < layers->at[i].weight_count; k++)
      if (strcmp(layers->at[i].weights[k].tensor, tensor) == 0) return true;
  }
  return false;
}

static akin_status binding_check_left_over(const akin_layers *layers, const akin_tensors *tensors, akin_error *err) {
  akin_buffer names = AKIN_BUFFER_INIT(0);
  akin_status status = AKIN_OK;
  size_t left_over = 0;
  for (size_t i = 0; i < akin_tensors_count(tensors) && status == AKIN_OK; i++) {
    const char *name = akin_tensors_at(tensors, i)->name;
    if (binding_is_wanted(layers, name)) continue;
    if (left_over < BINDING_LEFT_OVER_SHOWN) status = akin_buffer_printf(&names, left_over ? ", '%s'" : "'%s'", name);
    left_over++;
  }
  if (status != AKIN_OK) {
    status = akin_fail_memory(err, names.size);
  } else if (left_over) {
    status = akin_fail(err, AKIN_ERROR_MISMATCH, "%zu tensors belong to no layer: %s%s", left_over, names.data,
                       left_over > BINDING_LEFT_OVER_SHOWN ? " …" : "");
  }
  akin_buffer_free(&names);
  return status;
}

akin_status akin_binding_check_weight(const akin_layer *layer, size_t weight, const akin_tensors *tensors,
                                      akin_error *err) {
  const akin_layer_weight *w = &layer->weights[weight];
  if (!w->tensor) {
    return akin_fail(err, AKIN_ERROR_MISMATCH,
                     "layer %s: which tensor is its %s is known in Keras files (.h5, .keras) alone: give one of "
                     "those; weights of torchvision's networks have cards of their own, NAME-torchvision",
                     layer->name, akin_weight_role_name(w->role));
  }
  const binding_form form = binding_form_of(layer, w, tensors);
  const akin_tensor *found = akin_tensors_find(tensors, w->tensor);
  return found && binding_fits(w, &form, found) ? AKIN_OK : binding_misfit(layer, w, &form, found, err);
}

akin_status akin_binding_check(const akin_layers *layers, const akin_tensors *tensors, akin_error *err) {
  akin_status status = AKIN_OK;
  for (size_t i = 0; i < layers->count && status == AKIN_OK; i++)
    for (size_t k = 0; k < layers->at[i].weight_count && status == AKIN_OK; k++)
      status = akin_binding_check_weight(&layers->at[i], k, tensors, err);
  if (status != AKIN_OK || akin_tensors_keras(tensors)) return status;
  return binding_check_left_over(layers, tensors, err);
}

akin_status akin_binding_read(float *out, const akin_layer *layer, size_t weight, const akin_tensors *tensors,
                              akin_error *err) {
  const akin_layer_weight *w = &layer->weights[weight];
  const binding_form form = binding_form_of(layer, w, tensors);
  const akin_tensor *tensor = akin_tensors_find(tensors, w->tensor);
  akin_status status = akin_tensors_read(tensors, tensor, form.axes, out, err);
  if (status != AKIN_OK) return status;
  for (uint64_t i = 0; i < tensor->count; i++) {
    if (!isfinite(out[i])) {
      return akin_fail(err, AKIN_ERROR_FORMAT, "%s: layer %s: its %s, tensor '%s', has a value that is %s",
                       akin_tensors_path(tensors), layer->name, akin_weight_role_name(w->role), w->tensor,
                       isnan(out[i]) ? "NaN" : "infinite");
    }
  }
  return AKIN_OK;
}
