/*
 * openvino.c - OpenVINO behind runtime.h; the only file that knows its types.
 *
 *     model.onnx ─ read ─▶ model f32 [1, 3, H, W] ─ preprocessing put in front, batch set ─▶ model u8 [N, H, W, 3]
 *                ─ compile ─▶ compiled network ─ export ─▶ blob                                     the first time
 *     blob ─ checksum, key ─ import, without a copy ─▶ compiled network                             afterwards
 *
 * The library is loaded when a network is first opened: a process that needs none pays nothing for it. Each network has
 * a core of its own (0.6 ms), because importing takes its settings from the core and two networks may want different
 * ones. OpenVINO keeps the text of its last error for the whole process, so everything that opens runs under one lock,
 * up to the reading of the text; inference takes the lock only when it has failed.
 */
#include "runtime/blob.h"
#include "runtime/library.h"
#include "runtime/runtime.h"
#include "runtime/spec.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/thread.h"

#include <dlfcn.h>
#include <openvino/c/openvino.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- the library's functions ---- */

#define OPENVINO_FUNCTIONS(X)                                                                                          \
  X(ov_free)                                                                                                           \
  X(ov_get_last_err_msg)                                                                                               \
  X(ov_get_openvino_version)                                                                                           \
  X(ov_version_free)                                                                                                   \
  X(ov_core_create)                                                                                                    \
  X(ov_core_free)                                                                                                      \
  X(ov_core_set_properties)                                                                                            \
  X(ov_core_read_model)                                                                                                \
  X(ov_core_compile_model_props)                                                                                       \
  X(ov_core_import_model)                                                                                              \
  X(ov_model_free)                                                                                                     \
  X(ov_model_inputs_size)                                                                                              \
  X(ov_model_outputs_size)                                                                                             \
  X(ov_model_const_input)                                                                                              \
  X(ov_model_const_output_by_index)                                                                                    \
  X(ov_model_reshape_single_input)                                                                                     \
  X(ov_compiled_model_free)                                                                                            \
  X(ov_compiled_model_input)                                                                                           \
  X(ov_compiled_model_output)                                                                                          \
  X(ov_compiled_model_get_property)                                                                                    \
  X(ov_compiled_model_export_model)                                                                                    \
  X(ov_compiled_model_create_infer_request)                                                                            \
  X(ov_output_const_port_free)                                                                                         \
  X(ov_port_get_partial_shape)                                                                                         \
  X(ov_port_get_element_type)                                                                                          \
  X(ov_partial_shape_create_static)                                                                                    \
  X(ov_partial_shape_free)                                                                                             \
  X(ov_layout_create)                                                                                                  \
  X(ov_layout_free)                                                                                                    \
  X(ov_infer_request_get_input_tensor)                                                                                 \
  X(ov_infer_request_get_output_tensor)                                                                                \
  X(ov_tensor_get_byte_size)                                                                                           \
  X(ov_tensor_data)                                                                                                    \
  X(ov_tensor_free)                                                                                                    \
  X(ov_infer_request_free)                                                                                             \
  X(ov_infer_request_infer)                                                                                            \
  X(ov_preprocess_prepostprocessor_create)                                                                             \
  X(ov_preprocess_prepostprocessor_free)                                                                               \
  X(ov_preprocess_prepostprocessor_build)                                                                              \
  X(ov_preprocess_prepostprocessor_get_input_info)                                                                     \
  X(ov_preprocess_input_info_free)                                                                                     \
  X(ov_preprocess_input_info_get_tensor_info)                                                                          \
  X(ov_preprocess_input_info_get_model_info)                                                                           \
  X(ov_preprocess_input_info_get_preprocess_steps)                                                                     \
  X(ov_preprocess_input_tensor_info_free)                                                                              \
  X(ov_preprocess_input_tensor_info_set_element_type)                                                                  \
  X(ov_preprocess_input_tensor_info_set_layout)                                                                        \
  X(ov_preprocess_input_model_info_free)                                                                               \
  X(ov_preprocess_input_model_info_set_layout)                                                                         \
  X(ov_preprocess_preprocess_steps_free)                                                                               \
  X(ov_preprocess_preprocess_steps_convert_element_type)                                                               \
  X(ov_preprocess_preprocess_steps_reverse_channels)                                                                   \
  X(ov_preprocess_preprocess_steps_mean_multi_channels)                                                                \
  X(ov_preprocess_preprocess_steps_scale_multi_channels)

static struct openvino_table {
#define OPENVINO_FIELD(name) __typeof__(name) *name;
  OPENVINO_FUNCTIONS(OPENVINO_FIELD)
#undef OPENVINO_FIELD
} openvino;

static pthread_mutex_t openvino_lock = PTHREAD_MUTEX_INITIALIZER; /* the table, and the last error's text */
static bool openvino_loaded;

static const char openvino_device[] = "CPU";

static bool openvino_symbol(void *function, void *handle, const char *name) {
  void *symbol = dlsym(handle, name);
  memcpy(function, &symbol, sizeof symbol);
  return symbol != NULL;
}

/* Under the lock. */
static akin_status openvino_load(akin_error *err) {
  void *handle = NULL;
  if (openvino_loaded) return AKIN_OK;
  akin_status status = akin_library_open(&handle, &akin_library_openvino, err);
  if (status) return status;
#define OPENVINO_LOOK_UP(name)                                                                                         \
  if (!openvino_symbol(&openvino.name, handle, #name))                                                                 \
    return akin_fail(err, AKIN_ERROR_RUNTIME, "OpenVINO's library lacks %s; run scripts/bootstrap", #name);
  OPENVINO_FUNCTIONS(OPENVINO_LOOK_UP)
#undef OPENVINO_LOOK_UP
  openvino_loaded = true;
  return AKIN_OK;
}

/* ---- its errors ---- */

/* Does this line only say where in OpenVINO's source something was noticed, or that something was? */
static bool openvino_says_nothing(const char *line, size_t n) {
  static const char *const beginnings[] = {"Exception from ", "Check '", "FrontEnd API failed with ",
                                           "Model wasn't fully converted.", "Summary:"};
  for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++) {
    const size_t length = strlen(beginnings[i]);
    if (n >= length && memcmp(line, beginnings[i], length) == 0) return true;
  }
  return false;
}

/* "Exception from …:84:\nLoading input model\nInvalid usage …\n\n" → "Loading input model; Invalid usage …" */
static akin_status openvino_one_line(akin_buffer *out, const char *text) {
  akin_status status = AKIN_OK;
  while (!status && *text) {
    size_t n = strcspn(text, "\n");
    if (n && !openvino_says_nothing(text, n)) {
      if (out->size) status = akin_buffer_append_text(out, "; ");
      if (!status) status = akin_buffer_append(out, text, n);
    }
    text += n + (text[n] == '\n');
  }
  return status;
}

/* Under the lock, right after the call that failed. */
static akin_status openvino_fail(akin_error *err, akin_status code, const char *what, const char *advice) {
  akin_buffer line = AKIN_BUFFER_INIT(AKIN_ERROR_TEXT);
  const char *text = openvino.ov_get_last_err_msg();
  if (text) (void)openvino_one_line(&line, text); /* a line cut short still says something */
  openvino.ov_free(text);
  akin_status status = akin_fail(err, code, "%s: %s%s", what, line.size ? line.data : "no reason given", advice);
  akin_buffer_free(&line);
  return status;
}

/* ---- a network ---- */

struct akin_network {
  ov_core_t *core;
  ov_compiled_model_t *compiled;
  akin_blob blob; /* where it was imported from: must outlive it */
  uint32_t width, height, batch, dim;
};

struct akin_network_session {
  ov_infer_request_t *request;
  ov_tensor_t *input, *output;     /* the request's own */
  void *pixels, *values;           /* their memory: u8 [batch, H, W, 3], f32 [batch, dim] */
  size_t pixel_bytes, value_bytes; /* of one image */
};

#define OPENVINO_DIM_MAX 16777216u /* floats in an output: a whole map of a large network is less */

static const char openvino_damaged[] = "; the model's files are damaged: import it again";

/*
 * Precision is always said: processors with bfloat16 take that by themselves. Threads are not pinned: two processes, or
 * a cgroup's quota, would fight for the first cores while others are idle. Every core that we are given is used, also
 * the second of a hyper-threaded pair: how many is akin_thread_cores' decision.
 */
static akin_status openvino_configure(akin_network *n, const akin_runtime_spec *spec, akin_error *err) {
  char streams[16], threads[16];
  const ov_property_t properties[] = {
      {"INFERENCE_PRECISION_HINT", akin_spec_precision(spec)},
      {"NUM_STREAMS", streams},
      {"INFERENCE_NUM_THREADS", threads},
      {"ENABLE_CPU_PINNING", "NO"},
      {"ENABLE_HYPER_THREADING", "YES"},
  };
  snprintf(streams, sizeof streams, "%u", spec->workers ? spec->workers : 1u);
  snprintf(threads, sizeof threads, "%u", spec->workers ? spec->workers : akin_thread_cores());
  if (openvino.ov_core_create(&n->core) ||
      openvino.ov_core_set_properties(n->core, openvino_device, sizeof properties / sizeof properties[0], properties))
    return openvino_fail(err, AKIN_ERROR_RUNTIME, "OpenVINO does not start", "");
  return AKIN_OK;
}

/* ---- what goes in and comes out ---- */

#define OPENVINO_RANK_MAX 8

/* A port, in words of our own. */
typedef struct openvino_port {
  bool fixed; /* the number of dimensions and each of them is known, none is 0 */
  int64_t rank, dims[OPENVINO_RANK_MAX];
  char text[128]; /* "f32 [1,3,?,224]" */
} openvino_port;

static void openvino_describe(openvino_port *out, ov_element_type_e type, const ov_partial_shape_t *shape) {
  const char *name = type == F32 ? "f32" : type == U8 ? "u8" : "another element type";
  size_t at = (size_t)snprintf(out->text, sizeof out->text, "%s [", name);
  out->rank = shape->rank.max;
  out->fixed = shape->rank.min == shape->rank.max && out->rank <= OPENVINO_RANK_MAX;
  for (int64_t i = 0; shape->dims && i < out->rank && i < OPENVINO_RANK_MAX; i++) {
    const ov_dimension_t *dim = &shape->dims[i];
    const char *comma = i ? "," : "";
    out->dims[i] = dim->max;
    out->fixed = out->fixed && dim->min == dim->max && dim->max > 0;
    if (at >= sizeof out->text) break;
    if (dim->min == dim->max)
      at += (size_t)snprintf(out->text + at, sizeof out->text - at, "%s%lld", comma, (long long)dim->max);
    else
      at += (size_t)snprintf(out->text + at, sizeof out->text - at, "%s?", comma);
  }
  if (at < sizeof out->text) snprintf(out->text + at, sizeof out->text - at, "]");
}

/* Frees port. */
static akin_status openvino_look_at(openvino_port *out, ov_output_const_port_t *port, const char *path,
                                    akin_error *err) {
  ov_element_type_e type = DYNAMIC;
  ov_partial_shape_t shape = {{0, 0}, NULL};
  akin_status status = AKIN_OK;
  if (openvino.ov_port_get_element_type(port, &type) || openvino.ov_port_get_partial_shape(port, &shape))
    status = openvino_fail(err, AKIN_ERROR_RUNTIME, path, "");
  else
    openvino_describe(out, type, &shape);
  openvino.ov_partial_shape_free(&shape);
  openvino.ov_output_const_port_free(port);
  return status;
}

static akin_status openvino_check_input(ov_output_const_port_t *port, const char *wanted, const char *path,
                                        akin_error *err) {
  openvino_port input;
  akin_status status = openvino_look_at(&input, port, path, err);
  if (!status && strcmp(input.text, wanted) != 0)
    status = akin_fail(err, AKIN_ERROR_FORMAT, "%s: the network's input is %s, expected %s", path, input.text, wanted);
  return status;
}

/* [N, C], [N, C, 1, 1], [N, C, H, W] … → the product without the batch N. */
static akin_status openvino_flatten(akin_network *n, ov_output_const_port_t *port, const char *path, akin_error *err) {
  openvino_port output;
  size_t product = 1;
  akin_status status = openvino_look_at(&output, port, path, err);
  if (status) return status;
  bool usable = output.fixed && output.rank >= 2 && output.dims[0] == n->batch && !strncmp(output.text, "f32 ", 4);
  for (int64_t i = 1; usable && i < output.rank; i++)
    usable = akin_multiply(&product, product, (size_t)output.dims[i]) && product <= OPENVINO_DIM_MAX;
  if (!usable)
    return akin_fail(err, AKIN_ERROR_FORMAT,
                     "%s: the network's output is %s, expected f32 [%u,…] with 1 to %u values and no open dimension",
                     path, output.text, n->batch, OPENVINO_DIM_MAX);
  n->dim = (uint32_t)product;
  return AKIN_OK;
}

/* The compiled network, also one that was imported, must take and give what akin_runtime promises. */
static akin_status openvino_check_compiled(akin_network *n, const char *path, akin_error *err) {
  ov_output_const_port_t *input = NULL, *output = NULL;
  char wanted[64];
  snprintf(wanted, sizeof wanted, "u8 [%u,%u,%u,3]", n->batch, n->height, n->width);
  if (openvino.ov_compiled_model_input(n->compiled, &input)) return openvino_fail(err, AKIN_ERROR_RUNTIME, path, "");
  akin_status status = openvino_check_input(input, wanted, path, err);
  if (status) return status;
  if (openvino.ov_compiled_model_output(n->compiled, &output)) return openvino_fail(err, AKIN_ERROR_RUNTIME, path, "");
  return openvino_flatten(n, output, path, err);
}

static akin_status openvino_check_model(const ov_model_t *model, const akin_runtime_spec *spec, akin_error *err) {
  size_t inputs = 0, outputs = 0;
  ov_output_const_port_t *input = NULL;
  char wanted[64];
  snprintf(wanted, sizeof wanted, "f32 [1,3,%u,%u]", spec->height, spec->width);
  if (openvino.ov_model_inputs_size(model, &inputs) || openvino.ov_model_outputs_size(model, &outputs))
    return openvino_fail(err, AKIN_ERROR_RUNTIME, spec->onnx_path, "");
  if (inputs != 1 || outputs != 1)
    return akin_fail(err, AKIN_ERROR_FORMAT, "%s: the network has %zu inputs and %zu outputs, expected one each",
                     spec->onnx_path, inputs, outputs);
  if (openvino.ov_model_const_input(model, &input)) return openvino_fail(err, AKIN_ERROR_RUNTIME, spec->onnx_path, "");
  return openvino_check_input(input, wanted, spec->onnx_path, err);
}

/* ---- compiling ---- */

/* u8 → f32 → blue first where wanted → less mean → over scale. */
static bool openvino_add_steps(ov_preprocess_preprocess_steps_t *steps, const akin_runtime_spec *spec) {
  return !openvino.ov_preprocess_preprocess_steps_convert_element_type(steps, F32) &&
         (!spec->bgr || !openvino.ov_preprocess_preprocess_steps_reverse_channels(steps)) &&
         !openvino.ov_preprocess_preprocess_steps_mean_multi_channels(steps, spec->mean, 3) &&
         !openvino.ov_preprocess_preprocess_steps_scale_multi_channels(steps, spec->scale, 3);
}

/* The tensor that callers fill is u8 [1, H, W, 3], what the network wants [1, 3, H, W]: OpenVINO puts the transposition
 * between. */
static bool openvino_describe_input(const ov_preprocess_input_info_t *info) {
  ov_preprocess_input_tensor_info_t *tensor = NULL;
  ov_preprocess_input_model_info_t *network = NULL;
  ov_layout_t *ours = NULL, *theirs = NULL;
  bool done = !openvino.ov_layout_create("NHWC", &ours) && !openvino.ov_layout_create("NCHW", &theirs) &&
              !openvino.ov_preprocess_input_info_get_tensor_info(info, &tensor) &&
              !openvino.ov_preprocess_input_tensor_info_set_element_type(tensor, U8) &&
              !openvino.ov_preprocess_input_tensor_info_set_layout(tensor, ours) &&
              !openvino.ov_preprocess_input_info_get_model_info(info, &network) &&
              !openvino.ov_preprocess_input_model_info_set_layout(network, theirs);
  openvino.ov_preprocess_input_model_info_free(network);
  openvino.ov_preprocess_input_tensor_info_free(tensor);
  openvino.ov_layout_free(theirs);
  openvino.ov_layout_free(ours);
  return done;
}

static bool openvino_put_in_front(ov_model_t **out, const ov_model_t *model, const akin_runtime_spec *spec) {
  ov_preprocess_prepostprocessor_t *builder = NULL;
  ov_preprocess_input_info_t *info = NULL;
  ov_preprocess_preprocess_steps_t *steps = NULL;
  bool done = !openvino.ov_preprocess_prepostprocessor_create(model, &builder) &&
              !openvino.ov_preprocess_prepostprocessor_get_input_info(builder, &info) &&
              openvino_describe_input(info) && !openvino.ov_preprocess_input_info_get_preprocess_steps(info, &steps) &&
              openvino_add_steps(steps, spec) && !openvino.ov_preprocess_prepostprocessor_build(builder, out);
  openvino.ov_preprocess_preprocess_steps_free(steps);
  openvino.ov_preprocess_input_info_free(info);
  openvino.ov_preprocess_prepostprocessor_free(builder);
  return done;
}

static bool openvino_set_batch(const akin_network *n, const ov_model_t *model) {
  const int64_t dims[] = {n->batch, 3, n->height, n->width};
  ov_partial_shape_t shape = {{0, 0}, NULL};
  bool done = !openvino.ov_partial_shape_create_static(4, dims, &shape) &&
              !openvino.ov_model_reshape_single_input(model, shape);
  openvino.ov_partial_shape_free(&shape);
  return done;
}

static akin_status openvino_compile(akin_network *n, const akin_runtime_spec *spec, akin_error *err) {
  const char *path = spec->onnx_path;
  ov_model_t *model = NULL, *whole = NULL;
  akin_status status = AKIN_OK;
  if (openvino.ov_core_read_model(n->core, path, NULL, &model))
    return openvino_fail(err, AKIN_ERROR_FORMAT, path, openvino_damaged);
  status = openvino_check_model(model, spec, err);
  if (status) goto out;
  if ((n->batch > 1 && !openvino_set_batch(n, model)) || !openvino_put_in_front(&whole, model, spec) ||
      openvino.ov_core_compile_model_props(n->core, whole, openvino_device, 0, NULL, &n->compiled)) {
    status = openvino_fail(err, AKIN_ERROR_RUNTIME, path, "");
    goto out;
  }
  status = openvino_check_compiled(n, path, err);
out:
  openvino.ov_model_free(whole);
  openvino.ov_model_free(model);
  return status;
}

/* OpenVINO would compute in f32 without a word where it cannot do better. */
static akin_status openvino_check_precision(const akin_network *n, const akin_runtime_spec *spec, akin_error *err) {
  char *found = NULL;
  akin_status status = AKIN_OK;
  const char *wanted = akin_spec_precision(spec);
  if (openvino.ov_compiled_model_get_property(n->compiled, "INFERENCE_PRECISION_HINT", &found))
    return openvino_fail(err, AKIN_ERROR_RUNTIME, spec->onnx_path, "");
  if (strcmp(found, wanted) != 0)
    status = akin_fail(err, AKIN_ERROR_UNSUPPORTED, "OpenVINO computes in %s here though %s is wanted", found, wanted);
  openvino.ov_free(found);
  return status;
}

/* ---- blobs ---- */

static char *openvino_blob_key(const akin_network *n, const akin_runtime_spec *spec) {
  ov_version_t version = {NULL, NULL};
  if (openvino.ov_get_openvino_version(&version)) return NULL;
  char *key = akin_spec_blob_key(spec, n->batch, version.buildNumber);
  openvino.ov_version_free(&version);
  return key;
}

/* AKIN_OK: n is usable. Anything else: it must be compiled; what was imported is gone again. */
static akin_status openvino_import(akin_network *n, const akin_runtime_spec *spec, const char *path, const char *key) {
  akin_error why;
  akin_status status = akin_blob_open(&n->blob, path, key, &why);
  if (status == AKIN_ERROR_FORMAT && spec->on_note) {
    akin_fail_context(&why, status, "the network is compiled again");
    spec->on_note(spec->note_context, why.text);
  }
  if (status) return status;
  if (openvino.ov_core_import_model(n->core, n->blob.payload, n->blob.size, openvino_device, &n->compiled))
    status = AKIN_ERROR_RUNTIME;
  if (!status) status = openvino_check_compiled(n, path, NULL);
  if (!status) status = openvino_check_precision(n, spec, NULL);
  if (status) {
    openvino.ov_compiled_model_free(n->compiled);
    n->compiled = NULL;
    akin_blob_close(&n->blob);
  }
  return status;
}

/* Keeps what was compiled; a failure costs the next process a compilation and no more. */
static void openvino_export(const akin_network *n, const char *folder, const char *path, const char *key) {
  int fd = -1;
  char scratch[32];
  akin_mapping exported = {NULL, 0};
  if (akin_blob_scratch(&fd, folder, NULL)) return;
  snprintf(scratch, sizeof scratch, "/proc/self/fd/%d", fd);
  if (!openvino.ov_compiled_model_export_model(n->compiled, scratch) && !akin_mapping_open(&exported, scratch, NULL))
    (void)akin_blob_save(path, key, exported.data, exported.size, NULL);
  akin_mapping_close(&exported);
  close(fd);
}

/* Under the lock. */
static akin_status openvino_import_or_compile(akin_network *n, const akin_runtime_spec *spec, akin_error *err) {
  akin_status status = AKIN_OK;
  bool keep = spec->blob_folder && akin_blob_folder_ready(spec->blob_folder);
  char *key = keep ? openvino_blob_key(n, spec) : NULL, *path = key ? akin_blob_path(spec->blob_folder, key) : NULL;
  if (!path || openvino_import(n, spec, path, key)) {
    if (spec->check) status = spec->check(spec->check_context, err);
    if (!status) status = openvino_compile(n, spec, err);
    if (!status) status = openvino_check_precision(n, spec, err);
    if (!status && path) openvino_export(n, spec->blob_folder, path, key);
  }
  akin_free(path);
  akin_free(key);
  return status;
}

/* ---- runtime.h ---- */

static void openvino_close(akin_network *n) {
  if (!n) return;
  openvino.ov_compiled_model_free(n->compiled);
  openvino.ov_core_free(n->core);
  akin_blob_close(&n->blob);
  akin_free(n);
}

/* Under the lock. */
static akin_status openvino_open_batch(akin_network **out, const akin_runtime_spec *spec, uint32_t batch,
                                       akin_error *err) {
  akin_network *n = akin_calloc(1, sizeof *n);
  if (!n) return akin_fail_memory(err, sizeof *n);
  n->width = spec->width;
  n->height = spec->height;
  n->batch = batch;
  akin_status status = openvino_configure(n, spec, err);
  if (!status) status = openvino_import_or_compile(n, spec, err);
  if (status) {
    openvino_close(n);
    return status;
  }
  *out = n;
  return AKIN_OK;
}

/* Under the lock. A graph in whose constants it is written that there is one image takes one. */
static akin_status openvino_open_locked(akin_network **out, const akin_runtime_spec *spec, akin_error *err) {
  akin_status status = openvino_load(err);
  if (status) return status;
  if (spec->batch > 1 && !openvino_open_batch(out, spec, spec->batch, NULL)) return AKIN_OK;
  return openvino_open_batch(out, spec, 1, err);
}

static akin_status openvino_open(akin_network **out, const akin_runtime_spec *spec, akin_error *err) {
  akin_file_facts facts;
  *out = NULL;
  akin_status status = akin_spec_check(spec, err);
  if (!status) status = akin_file_facts_of(&facts, spec->onnx_path, err);
  if (status) return status;
  pthread_mutex_lock(&openvino_lock);
  status = openvino_open_locked(out, spec, err);
  pthread_mutex_unlock(&openvino_lock);
  return status;
}

static uint32_t openvino_dim(const akin_network *n) {
  return n->dim;
}
static uint32_t openvino_batch(const akin_network *n) {
  return n->batch;
}
static bool openvino_from_blob(const akin_network *n) {
  return n->blob.payload != NULL;
}

static void openvino_session_close(akin_network_session *s) {
  if (!s) return;
  openvino.ov_infer_request_free(s->request);
  openvino.ov_tensor_free(s->output);
  openvino.ov_tensor_free(s->input);
  akin_free(s);
}

/* The memory of a tensor, if it has the size that it must have. */
static bool openvino_memory(void **out, const ov_tensor_t *tensor, size_t bytes) {
  size_t found = 0;
  return !openvino.ov_tensor_get_byte_size(tensor, &found) && found == bytes && !openvino.ov_tensor_data(tensor, out);
}

/* Shapes are fixed, so the request's tensors keep their memory: it is looked up once. */
static bool openvino_bind(akin_network_session *s, const akin_network *n) {
  s->pixel_bytes = (size_t)n->width * n->height * 3;
  s->value_bytes = n->dim * sizeof(float);
  return !openvino.ov_compiled_model_create_infer_request(n->compiled, &s->request) &&
         !openvino.ov_infer_request_get_input_tensor(s->request, &s->input) &&
         !openvino.ov_infer_request_get_output_tensor(s->request, &s->output) &&
         openvino_memory(&s->pixels, s->input, n->batch * s->pixel_bytes) &&
         openvino_memory(&s->values, s->output, n->batch * s->value_bytes);
}

static akin_status openvino_session_open(akin_network_session **out, akin_network *n, akin_error *err) {
  akin_network_session *s = akin_calloc(1, sizeof *s);
  *out = NULL;
  if (!s) return akin_fail_memory(err, sizeof *s);
  pthread_mutex_lock(&openvino_lock);
  akin_status status = AKIN_OK;
  if (!openvino_bind(s, n)) status = openvino_fail(err, AKIN_ERROR_RUNTIME, "OpenVINO gives no request", "");
  pthread_mutex_unlock(&openvino_lock);
  if (status) {
    openvino_session_close(s);
    return status;
  }
  *out = s;
  return AKIN_OK;
}

/* Behind the last image there is what was there before: rows do not depend on each other. */
static akin_status openvino_infer(akin_network_session *s, float *out, const uint8_t *pixels, uint32_t count,
                                  akin_error *err) {
  memcpy(s->pixels, pixels, count * s->pixel_bytes);
  if (openvino.ov_infer_request_infer(s->request)) {
    pthread_mutex_lock(&openvino_lock);
    akin_status status = openvino_fail(err, AKIN_ERROR_RUNTIME, "OpenVINO fails to compute", "");
    pthread_mutex_unlock(&openvino_lock);
    return status;
  }
  memcpy(out, s->values, count * s->value_bytes);
  return AKIN_OK;
}

/* Under the lock. */
static akin_status openvino_read_shapes(akin_runtime_shape *out, size_t count, const ov_model_t *model,
                                        const char *path, akin_error *err) {
  size_t found = 0;
  akin_status status = AKIN_OK;
  if (openvino.ov_model_outputs_size(model, &found)) return openvino_fail(err, AKIN_ERROR_RUNTIME, path, "");
  if (found != count)
    return akin_fail(err, AKIN_ERROR_FORMAT, "%s: gives %zu values, expected %zu", path, found, count);
  for (size_t i = 0; i < count && !status; i++) {
    ov_output_const_port_t *port = NULL;
    openvino_port shape;
    if (openvino.ov_model_const_output_by_index(model, i, &port))
      return openvino_fail(err, AKIN_ERROR_RUNTIME, path, "");
    status = openvino_look_at(&shape, port, path, err);
    if (status) return status;
    out[i] = (akin_runtime_shape){.known = shape.fixed && !strncmp(shape.text, "f32 ", 4), .rank = 0};
    for (int64_t k = 0; out[i].known && k < shape.rank; k++)
      out[i].size[out[i].rank++] = shape.dims[k];
  }
  return status;
}

/* Under the lock. Operators that there are not are named alone. */
static akin_status openvino_fail_to_read(akin_error *err) {
  static const char lacks[] = "No conversion rule found for operations: ";
  akin_error why;
  openvino_fail(&why, AKIN_ERROR_UNSUPPORTED, "OpenVINO cannot run it", "");
  const char *operators = strstr(why.text, lacks);
  if (!operators) return akin_fail(err, AKIN_ERROR_UNSUPPORTED, "%s", why.text);
  operators += sizeof lacks - 1;
  return akin_fail(err, AKIN_ERROR_UNSUPPORTED, "OpenVINO lacks operators that it has: %.*s",
                   (int)strcspn(operators, ";"), operators);
}

/* Under the lock. */
static akin_status openvino_shapes_locked(akin_runtime_shape *out, size_t count, const char *path, akin_error *err) {
  ov_core_t *core = NULL;
  ov_model_t *model = NULL;
  akin_status status = openvino_load(err);
  if (status) return status;
  if (openvino.ov_core_create(&core))
    status = openvino_fail(err, AKIN_ERROR_RUNTIME, "OpenVINO does not start", "");
  else if (openvino.ov_core_read_model(core, path, NULL, &model))
    status = openvino_fail_to_read(err);
  if (!status) status = openvino_read_shapes(out, count, model, path, err);
  openvino.ov_model_free(model);
  openvino.ov_core_free(core);
  return status;
}

static akin_status openvino_shapes(akin_runtime_shape *out, size_t count, const char *onnx_path, akin_error *err) {
  pthread_mutex_lock(&openvino_lock);
  akin_status status = openvino_shapes_locked(out, count, onnx_path, err);
  pthread_mutex_unlock(&openvino_lock);
  return status;
}

static akin_status openvino_version(char **out, akin_error *err) {
  ov_version_t version = {NULL, NULL};
  *out = NULL;
  pthread_mutex_lock(&openvino_lock);
  akin_status status = openvino_load(err);
  if (!status && openvino.ov_get_openvino_version(&version))
    status = openvino_fail(err, AKIN_ERROR_RUNTIME, "OpenVINO does not tell its version", "");
  if (!status) {
    *out = akin_format("OpenVINO %s", version.buildNumber);
    if (!*out) status = akin_fail_memory(err, strlen(version.buildNumber));
    openvino.ov_version_free(&version);
  }
  pthread_mutex_unlock(&openvino_lock);
  return status;
}

const akin_runtime akin_runtime_openvino = {
    .name = "openvino",
    .open = openvino_open,
    .close = openvino_close,
    .dim = openvino_dim,
    .batch = openvino_batch,
    .from_blob = openvino_from_blob,
    .session_open = openvino_session_open,
    .session_close = openvino_session_close,
    .infer = openvino_infer,
    .shapes = openvino_shapes,
    .version = openvino_version,
};
