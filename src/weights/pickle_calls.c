/*
 * pickle_calls.c - what the pickle of a state dict may name and call, done here in its stead:
 *
 *     collections.OrderedDict()                                                            → dict
 *     torch._utils._rebuild_tensor_v2(storage, offset, shape, strides, grad, hooks[, …])   → tensor
 *     torch._utils._rebuild_parameter(tensor, grad, hooks)                                 → that tensor
 *     torch.FloatStorage …: never called, only named by persistent ids
 */
#include "base/error.h"
#include "weights/pickle_machine.h"

#include <string.h>

typedef akin_status calls_function(akin_machine *m, const akin_pickle_value *arguments);

struct akin_pickle_function {
  const char *module, *name;
  calls_function *call; /* NULL: a storage type */
  akin_dtype dtype;     /* of a storage type */
};

static const akin_pickle_value *calls_argument(const akin_pickle_value *arguments, uint32_t index,
                                               akin_pickle_kind kind) {
  if (index >= arguments->as.items.count || arguments->as.items.at[index]->kind != kind) return NULL;
  return arguments->as.items.at[index];
}

/* A tuple of at most AKIN_TENSOR_RANK numbers that are not negative; *count is its length. */
static bool calls_sizes(uint64_t out[AKIN_TENSOR_RANK], uint32_t *count, const akin_pickle_value *tuple) {
  if (!tuple || tuple->as.items.count > AKIN_TENSOR_RANK) return false;
  *count = tuple->as.items.count;
  for (uint32_t i = 0; i < *count; i++) {
    const akin_pickle_value *size = calls_argument(tuple, i, AKIN_PICKLE_INTEGER);
    if (!size || size->as.integer < 0) return false;
    out[i] = (uint64_t)size->as.integer;
  }
  return true;
}

static akin_status calls_ordered_dict(akin_machine *m, const akin_pickle_value *arguments) {
  if (arguments->as.items.count == 0) return akin_machine_push(m, akin_machine_value(m, AKIN_PICKLE_DICT));
  return akin_fail(m->err, AKIN_ERROR_UNSUPPORTED, "an OrderedDict made from arguments, at byte %zu of the pickle",
                   m->at);
}

static akin_status calls_rebuild_tensor(akin_machine *m, const akin_pickle_value *arguments) {
  const akin_pickle_value *storage = calls_argument(arguments, 0, AKIN_PICKLE_STORAGE);
  const akin_pickle_value *offset = calls_argument(arguments, 1, AKIN_PICKLE_INTEGER);
  akin_view view = {0};
  uint32_t strides = 0;
  if (!storage || !offset || offset->as.integer < 0 ||
      !calls_sizes(view.shape, &view.rank, calls_argument(arguments, 2, AKIN_PICKLE_TUPLE)) ||
      !calls_sizes(view.strides, &strides, calls_argument(arguments, 3, AKIN_PICKLE_TUPLE)) || strides != view.rank) {
    return akin_fail(m->err, AKIN_ERROR_FORMAT,
                     "the tensor at byte %zu of the pickle has no proper storage, offset, shape and strides", m->at);
  }
  view.offset = (uint64_t)offset->as.integer;
  uint64_t count = 0;
  akin_status status = akin_view_check(&count, &view, storage->as.storage->count, m->err);
  if (status != AKIN_OK) return akin_fail_context(m->err, status, "the tensor at byte %zu of the pickle", m->at);
  akin_pickle_value *value = akin_machine_value(m, AKIN_PICKLE_TENSOR);
  akin_pickle_tensor *tensor = value ? akin_arena_alloc(m->arena, sizeof *tensor) : NULL;
  if (!tensor) return akin_machine_memory(m);
  *tensor = (akin_pickle_tensor){storage->as.storage, view, count};
  value->as.tensor = tensor;
  return akin_machine_push(m, value);
}

static akin_status calls_rebuild_parameter(akin_machine *m, const akin_pickle_value *arguments) {
  const akin_pickle_value *tensor = calls_argument(arguments, 0, AKIN_PICKLE_TENSOR);
  if (!tensor)
    return akin_fail(m->err, AKIN_ERROR_FORMAT, "the parameter at byte %zu of the pickle has no tensor", m->at);
  akin_pickle_value *value = akin_machine_value(m, AKIN_PICKLE_TENSOR);
  if (value) value->as.tensor = tensor->as.tensor;
  return akin_machine_push(m, value);
}

static const struct akin_pickle_function calls_functions[] = {
    {"collections", "OrderedDict", calls_ordered_dict, 0},
    {"torch._utils", "_rebuild_tensor_v2", calls_rebuild_tensor, 0},
    {"torch._utils", "_rebuild_parameter", calls_rebuild_parameter, 0},
    {"torch", "FloatStorage", NULL, AKIN_DTYPE_F32},
    {"torch", "DoubleStorage", NULL, AKIN_DTYPE_F64},
    {"torch", "HalfStorage", NULL, AKIN_DTYPE_F16},
    {"torch", "BFloat16Storage", NULL, AKIN_DTYPE_BF16},
    {"torch", "LongStorage", NULL, AKIN_DTYPE_I64},
    {"torch", "IntStorage", NULL, AKIN_DTYPE_I32},
    {"torch", "ByteStorage", NULL, AKIN_DTYPE_U8},
    {"torch", "BoolStorage", NULL, AKIN_DTYPE_BOOL},
};

akin_status akin_machine_push_function(akin_machine *m, const char *module, const char *name) {
  for (size_t i = 0; i < sizeof calls_functions / sizeof *calls_functions; i++) {
    if (strcmp(calls_functions[i].module, module) != 0 || strcmp(calls_functions[i].name, name) != 0) continue;
    akin_pickle_value *value = akin_machine_value(m, AKIN_PICKLE_FUNCTION);
    if (value) value->as.function = &calls_functions[i];
    return akin_machine_push(m, value);
  }
  return akin_fail(m->err, AKIN_ERROR_UNSUPPORTED,
                   "names %s.%s, which a plain state dict does not need; nothing was run. Save the weights alone, by "
                   "torch.save(model.state_dict(), …)",
                   module, name);
}

akin_status akin_machine_reduce(akin_machine *m) {
  akin_pickle_value *arguments = NULL, *function = NULL;
  akin_status status = akin_machine_pop(m, &arguments);
  if (status == AKIN_OK) status = akin_machine_pop(m, &function);
  if (status != AKIN_OK) return status;
  if (function->kind != AKIN_PICKLE_FUNCTION || !function->as.function->call || arguments->kind != AKIN_PICKLE_TUPLE)
    return akin_fail(m->err, AKIN_ERROR_FORMAT, "the pickle calls what is no function, at byte %zu", m->at);
  return function->as.function->call(m, arguments);
}

/* The attributes of a state dict (its _metadata: versions of modules) say nothing about the weights. */
akin_status akin_machine_build(akin_machine *m) {
  akin_pickle_value *attributes = NULL, *object = NULL;
  akin_status status = akin_machine_pop(m, &attributes);
  if (status == AKIN_OK) status = akin_machine_pop(m, &object);
  if (status != AKIN_OK) return status;
  if (object->kind == AKIN_PICKLE_DICT) return akin_machine_push(m, object);
  return akin_fail(m->err, AKIN_ERROR_UNSUPPORTED, "the pickle gives attributes to %s, at byte %zu",
                   akin_pickle_kind_name(object->kind), m->at);
}

akin_status akin_machine_persistent(akin_machine *m) {
  akin_pickle_value *id = NULL;
  akin_status status = akin_machine_pop(m, &id);
  if (status != AKIN_OK) return status;
  const bool tuple = id->kind == AKIN_PICKLE_TUPLE;
  const akin_pickle_value *word = tuple ? calls_argument(id, 0, AKIN_PICKLE_TEXT) : NULL;
  const akin_pickle_value *type = tuple ? calls_argument(id, 1, AKIN_PICKLE_FUNCTION) : NULL;
  const akin_pickle_value *key = tuple ? calls_argument(id, 2, AKIN_PICKLE_TEXT) : NULL;
  const akin_pickle_value *count = tuple ? calls_argument(id, 4, AKIN_PICKLE_INTEGER) : NULL;
  if (!word || strcmp(word->as.text.bytes, "storage") != 0 || !type || type->as.function->call || !key || !count ||
      count->as.integer < 0)
    return akin_fail(m->err, AKIN_ERROR_FORMAT, "the persistent id at byte %zu of the pickle names no storage", m->at);
  if (tuple && id->as.items.count > 5 && !calls_argument(id, 5, AKIN_PICKLE_NONE))
    return akin_fail(m->err, AKIN_ERROR_UNSUPPORTED, "storage %s is a view of another storage", key->as.text.bytes);
  akin_pickle_value *value = akin_machine_value(m, AKIN_PICKLE_STORAGE);
  akin_pickle_storage *storage = value ? akin_arena_alloc(m->arena, sizeof *storage) : NULL;
  if (!storage) return akin_machine_memory(m);
  *storage =
      (akin_pickle_storage){key->as.text.bytes, type->as.function->dtype, (uint64_t)count->as.integer, m->storages};
  m->storages = storage;
  value->as.storage = storage;
  return akin_machine_push(m, value);
}
