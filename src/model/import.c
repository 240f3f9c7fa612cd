/*
 * import.c - a card and a weights file, or an ONNX network, become a model's folder: card.json, weights.bin,
 * model.onnx, the graph cut at the default feature layer, checksums.json. Everything is written into a folder beside,
 * which gets the model's name at the end, so there is never half a model; a failure takes the folder away again.
 */
#include "base/error.h"
#include "base/file.h"
#include "base/format.h"
#include "base/memory.h"
#include "base/path.h"
#include "model/binding.h"
#include "model/card.h"
#include "model/cut.h"
#include "model/families/families.h"
#include "model/keras_weights.h"
#include "model/lower.h"
#include "model/name.h"
#include "model/net.h"
#include "model/onnx.h"
#include "model/own.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define IMPORT_SPARE_BYTES  1048576u /* what a model takes beside its weights, generously */
#define IMPORT_OUTPUTS_TOLD 8u

typedef struct import_job {
  const akin_import_request *request;
  const akin_card *card;
  akin_card *own_card; /* when it is not a built-in one */
  akin_card made;      /* of a user's own model, or of an ONNX network */
  akin_arena arena;    /* its texts */
  const char *note;    /* what was assumed of an ONNX network */
  const char *name;
  akin_layers layers;
  akin_tensors *tensors; /* or */
  bool is_net;
  akin_net net;
  akin_record record;
  char *folder; /* where it comes into being */
  char *target; /* where it goes */
  int lock;
} import_job;

/* ---- the card ---- */

/* Of a file that its publisher gives no hash of: what it is now, or that the model was made of another. */
static akin_status import_note_unverified(const import_job *job, const char *hex, akin_error *err) {
  const akin_import_request *q = job->request;
  const char *name = q->name ? q->name : job->card->name;
  akin_hash pinned;
  char *line = NULL, kept[AKIN_HASH_HEX_SIZE];
  if (!q->on_note) return AKIN_OK;
  if (akin_folder_pinned(&pinned, q->models_folder, name, job->card) &&
      !akin_hash_equal(&pinned, &job->record.weights.hash)) {
    akin_hash_hex(kept, &pinned);
    line = akin_format("%s: not the file that %s was made of: its SHA-256 is %s, that was %s; its publisher gives no "
                       "hash, so nothing says which is right",
                       q->weights_path, name, hex, kept);
  } else {
    line = akin_format("%s: taken for %s by its name: its publisher gives no hash, so nothing verifies it; its SHA-256 "
                       "%s is kept with the model",
                       q->weights_path, job->card->name, hex);
  }
  if (!line) return akin_fail_memory(err, strlen(q->weights_path));
  q->on_note(q->note_context, line);
  akin_free(line);
  return AKIN_OK;
}

/* A file that describes its network: a user's own model. */
static akin_status import_own(import_job *job, const akin_keras_file *keras, akin_error *err) {
  const akin_import_request *q = job->request;
  const char *note = NULL;
  akin_buffer network = AKIN_BUFFER_INIT(0);
  akin_status status = akin_own_pack(&network, keras, err);
  if (status == AKIN_OK) status = akin_own_build(&job->layers, &network, q->height, q->width, err);
  akin_buffer_free(&network);
  if (status == AKIN_OK)
    status = akin_own_card(&job->made, &note, &job->arena, &job->layers, q->weights_path, q->name, q->pixels, err);
  if (status != AKIN_OK) return akin_fail_context(err, status, "%s", q->weights_path);
  job->card = &job->made;
  if (note && q->on_note) q->on_note(q->note_context, note);
  return AKIN_OK;
}

static akin_status import_recognise(import_job *job, akin_error *err) {
  const char *path = job->request->weights_path;
  char hex[AKIN_HASH_HEX_SIZE];
  bool verified = false;
  akin_status status = akin_card_find(&job->card, &verified, path, &job->record.weights.hash, err);
  if (status != AKIN_OK || (job->card && verified)) return status;
  akin_hash_hex(hex, &job->record.weights.hash);
  const akin_keras_file *keras = akin_tensors_keras(job->tensors);
  if (keras && keras->config) return import_own(job, keras, err);
  if (job->card) return import_note_unverified(job, hex, err);
  return akin_fail(err, AKIN_ERROR_UNSUPPORTED,
                   "%s: no card knows this file (SHA-256 %s): if you know what network it is for, say --card NAME",
                   path, hex);
}

/* Is found the named card, or that of the same network without its last layers? */
static bool import_is_of(const akin_card *found, const akin_card *named) {
  const size_t length = strlen(named->name);
  return found == named ||
         (strncmp(found->name, named->name, length) == 0 && strcmp(found->name + length, "-notop") == 0);
}

/* The named card as it is when the file is one of its own; else for weights of the user's. */
static akin_status import_take_card(import_job *job, const akin_card *named, akin_error *err) {
  bool verified = false;
  akin_status status =
      akin_card_find(&job->card, &verified, job->request->weights_path, &job->record.weights.hash, err);
  if (status != AKIN_OK || (verified && import_is_of(job->card, named))) return status;
  const bool by_name = job->card == named;
  char hex[AKIN_HASH_HEX_SIZE];
  status = akin_card_own(&job->own_card, named, job->tensors, err);
  job->card = job->own_card;
  if (status != AKIN_OK || !by_name || job->own_card->classes != named->classes) return status;
  job->card = named; /* as far as can be seen */
  akin_hash_hex(hex, &job->record.weights.hash);
  return import_note_unverified(job, hex, err);
}

static akin_status import_no_card(const char *wanted, akin_error *err) {
  char hint[AKIN_CARD_HINT_SIZE];
  return akin_fail(err, AKIN_ERROR_NOT_FOUND,
                   "no card '%s': 'akin model list' shows them; a card of your own is given as FILE.json%s", wanted,
                   akin_card_hint(hint, wanted));
}

/* Is the file, as far as its name tells, one that the card's publisher gives no hash of? */
static bool import_is_called(const akin_card *card, const char *path) {
  const char *name = akin_path_name(path);
  for (size_t i = 0; i < card->weights_count; i++) {
    const akin_card_weights *w = &card->weights[i];
    if (akin_card_weights_hashed(w)) continue;
    if (strcmp(name, w->file) == 0 || (w->address && strcmp(name, akin_path_name(w->address)) == 0)) return true;
  }
  return false;
}

/* Is an ONNX file of the named built-in card's own? When it is not, nothing is said of where it comes from. */
static akin_status import_judge_net(import_job *job, const akin_card *named, akin_error *err) {
  const char *path = job->request->weights_path;
  const akin_card *found = NULL;
  bool verified = false;
  char hex[AKIN_HASH_HEX_SIZE];
  akin_status status = akin_card_find(&found, &verified, path, &job->record.weights.hash, err);
  if (status != AKIN_OK || (verified && found == named)) return status;
  akin_hash_hex(hex, &job->record.weights.hash);
  if (import_is_called(named, path)) return import_note_unverified(job, hex, err);
  return akin_net_disown(&job->made, &job->arena, err);
}

/* The card that was named for an ONNX network, or that of a known one; NULL: none. */
static akin_status import_find_net_card(import_job *job, const akin_card **out, akin_error *err) {
  const char *wanted = job->request->card;
  bool verified = false;
  *out = NULL;
  if (!wanted) {
    akin_status status = akin_card_find(out, &verified, job->request->weights_path, &job->record.weights.hash, err);
    if (!verified) *out = NULL; /* many networks are called model.onnx */
    return status;
  }
  if (akin_path_has_extension(wanted, "json")) {
    akin_status status = akin_card_read(&job->own_card, wanted, err);
    *out = job->own_card;
    return status;
  }
  *out = akin_card_builtin(wanted);
  return *out ? AKIN_OK : import_no_card(wanted, err);
}

static akin_status import_make_net_card(import_job *job, akin_error *err) {
  const akin_import_request *q = job->request;
  const akin_card *card = NULL;
  akin_status status = import_find_net_card(job, &card, err);
  if (status != AKIN_OK) return status;
  status = akin_net_card(&job->made, &job->note, &job->arena, &job->net, q, card, err);
  if (status != AKIN_OK) return akin_fail_context(err, status, "%s", q->weights_path);
  job->card = &job->made;
  const akin_card *named = q->card ? akin_card_builtin(q->card) : NULL;
  return named && named == card && akin_net_is(named) ? import_judge_net(job, named, err) : AKIN_OK;
}

/* Of an ONNX network: which of its outputs is taken, where nobody said it. */
static akin_status import_note_outputs(const import_job *job, akin_error *err) {
  akin_buffer text = AKIN_BUFFER_INIT(0);
  akin_status status =
      akin_buffer_printf(&text, "gives %zu values, '%s' is taken (else --layer): ", job->net.output_count,
                         job->layers.at[akin_layers_output(&job->layers)].name);
  for (size_t i = 0; i < job->net.output_count && i < IMPORT_OUTPUTS_TOLD && status == AKIN_OK; i++)
    status = akin_buffer_printf(&text, i ? ", %s" : "%s", job->net.outputs[i]);
  if (status == AKIN_OK && job->net.output_count > IMPORT_OUTPUTS_TOLD) status = akin_buffer_append_text(&text, " …");
  if (status == AKIN_OK)
    job->request->on_note(job->request->note_context, text.data);
  else
    akin_fail_memory(err, text.size);
  akin_buffer_free(&text);
  return status;
}

/* What was assumed of an ONNX network. */
static akin_status import_note_net(const import_job *job, akin_error *err) {
  if (!job->request->on_note) return AKIN_OK;
  if (job->note) job->request->on_note(job->request->note_context, job->note);
  return job->net.output_count > 1 && !job->card->layer ? import_note_outputs(job, err) : AKIN_OK;
}

static akin_status import_find_card(import_job *job, akin_error *err) {
  const char *wanted = job->request->card;
  if (job->is_net) return import_make_net_card(job, err);
  if (!wanted) return import_recognise(job, err);
  if (akin_path_has_extension(wanted, "json")) {
    akin_status status = akin_card_read(&job->own_card, wanted, err);
    job->card = job->own_card;
    return status;
  }
  const akin_card *card = akin_card_builtin(wanted);
  return card ? import_take_card(job, card, err) : import_no_card(wanted, err);
}

/* Opens the weights and takes their hash. First opened: who gives a photo is told that it is none. */
static akin_status import_open(import_job *job, akin_file_facts *facts, akin_error *err) {
  const char *path = job->request->weights_path;
  akin_status status = akin_file_facts_of(facts, path, err);
  job->is_net = akin_net_is_file(path);
  job->record.weights.bytes = facts->size;
  if (status == AKIN_OK && job->is_net) {
    status = akin_net_open(&job->net, path, job->request->layer, err);
    if (status == AKIN_OK)
      status = akin_net_hash(&job->record.weights.hash, &job->record.weights.bytes, &job->net, err);
  } else if (status == AKIN_OK) {
    status = akin_tensors_open(&job->tensors, path, err);
    if (status == AKIN_OK) status = akin_hash_file(&job->record.weights.hash, path, err);
  }
  if (status != AKIN_OK) return status;
  job->record.weights.name = akin_strdup(akin_path_name(path));
  return job->record.weights.name ? AKIN_OK : akin_fail_memory(err, strlen(path));
}

/* Nobody wrote to the file since `before`, nor to external data. */
static akin_status import_check_unchanged(const import_job *job, const akin_file_facts *before, akin_error *err) {
  akin_file_facts now;
  akin_status status = akin_file_facts_of(&now, job->request->weights_path, err);
  if (status != AKIN_OK) return status;
  if (akin_file_facts_same(before, &now)) return job->is_net ? akin_net_check_unchanged(&job->net, err) : AKIN_OK;
  return akin_fail(err, AKIN_ERROR_IO, "%s: was changed while it was read: try again", job->request->weights_path);
}

/* ---- checks before anything is written ---- */

/* What is said of a file that says it itself, or whose card does, would be without effect. */
static akin_status import_check_options(const import_job *job, akin_error *err) {
  const akin_import_request *q = job->request;
  const bool of_net = q->mean || q->deviation || q->channels || q->filter || q->fit || q->crop != 0 || q->layer ||
                      q->pool != AKIN_POOL_CARD;
  if (!job->is_net && of_net)
    return akin_fail(err, AKIN_ERROR_USAGE,
                     "%s: mean, std, channels, resize, fit, crop, layer and pooling are said of networks in ONNX "
                     "(.onnx), not of other files: layer and pooling are options of index and embed, the rest is in "
                     "a card",
                     q->weights_path);
  if (job->card != &job->made && (q->pixels || q->width || q->height))
    return akin_fail(err, AKIN_ERROR_USAGE,
                     "%s: pixels and size are said of models of your own, Keras' or ONNX: card %s says how this "
                     "network is given its images",
                     q->weights_path, job->card->name);
  return AKIN_OK;
}

static akin_status import_check_name(import_job *job, akin_error *err) {
  job->name = job->request->name ? job->request->name : job->card->name;
  if (!akin_name_valid(job->name) && !job->request->name) /* that of a file, or in a card */
    return akin_fail(err, AKIN_ERROR_USAGE, "%s: '%s' cannot be a model's name (%s): give one by --name",
                     job->request->weights_path, job->name, AKIN_NAME_RULE);
  if (!akin_name_valid(job->name))
    return akin_fail(err, AKIN_ERROR_USAGE, "'%s' cannot be a model's name: %s", job->name, AKIN_NAME_RULE);
  job->target = akin_path_join(job->request->models_folder, job->name);
  if (!job->target) return akin_fail_memory(err, strlen(job->name));
  if (job->request->replace || !akin_file_exists(job->target)) return AKIN_OK;
  return akin_fail(err, AKIN_ERROR_REFUSED,
                   "%s: there is a model of this name: take another by --name, or --replace it", job->target);
}

static akin_status import_check_weights(import_job *job, akin_error *err) {
  if (job->is_net) return AKIN_OK; /* checked when it was opened */
  akin_status status = job->card == &job->made ? AKIN_OK : akin_family_build(&job->layers, job->card, err);
  if (status != AKIN_OK) return status;
  const bool keras = akin_tensors_keras(job->tensors);
  if (keras && job->card->dialect == AKIN_DIALECT_TORCHVISION)
    status = akin_fail(err, AKIN_ERROR_MISMATCH,
                       "this is a file of Keras, whose networks differ from torchvision's: Keras' cards are named "
                       "without \"-torchvision\"");
  else if (keras)
    status = akin_keras_weights_bind(&job->layers, job->tensors, err);
  if (status == AKIN_OK) status = akin_binding_take_older(&job->layers, job->tensors, err);
  if (status == AKIN_OK) status = akin_binding_check(&job->layers, job->tensors, err);
  if (status == AKIN_OK) return AKIN_OK;
  if (job->card == &job->made) return akin_fail_context(err, status, "%s", job->request->weights_path);
  return akin_fail_context(err, status, "%s: does not fit card %s", job->request->weights_path, job->card->name);
}

static akin_status import_check_space(const import_job *job, akin_error *err) {
  uint64_t space = 0, wanted = IMPORT_SPARE_BYTES;
  for (size_t i = 0; i < job->net.network.graph.tensor_count; i++) /* f16 doubles */
    wanted += 2 * job->net.network.graph.tensors[i].bytes;
  for (size_t i = 0; i < job->layers.count; i++) { /* of a shared layer for each call, as they are written */
    const akin_layer *layer = &job->layers.at[i];
    for (size_t k = 0; k < layer->weight_count; k++)
      wanted += akin_layer_weight_count(&layer->weights[k]) * sizeof(float);
  }
  akin_status status = akin_file_free_space(&space, job->request->models_folder, err);
  if (status != AKIN_OK || space >= wanted) return status;
  return akin_fail(err, AKIN_ERROR_NO_SPACE, "%s: the model needs %llu MB, the disk has %llu MB left",
                   job->request->models_folder, (unsigned long long)(wanted >> 20), (unsigned long long)(space >> 20));
}

/* ---- writing ---- */

static akin_status import_read_weight(void *context, const akin_layer *layer, size_t weight, float *out,
                                      akin_error *err) {
  return akin_binding_read(out, layer, weight, context, err);
}

static akin_status import_put(const import_job *job, const char *name, const akin_buffer *bytes, akin_error *err) {
  char *path = akin_path_join(job->folder, name);
  akin_status status =
      path ? akin_file_replace(path, bytes->data, bytes->size, err) : akin_fail_memory(err, strlen(job->folder));
  akin_free(path);
  return status;
}

static akin_status import_write_card(const import_job *job, akin_error *err) {
  akin_buffer text = AKIN_BUFFER_INIT(0);
  akin_status status = akin_card_json(&text, job->card);
  if (status != AKIN_OK)
    akin_fail_memory(err, text.size);
  else
    status = import_put(job, AKIN_FOLDER_CARD, &text, err);
  akin_buffer_free(&text);
  return status;
}

/* What the folder keeps of a network that no card describes: of a user's own model what its file says of it, of an ONNX
 * network what was found of its tensors. */
static akin_status import_write_description(import_job *job, akin_error *err) {
  const char *name = job->is_net ? AKIN_FOLDER_LAYERS : AKIN_FOLDER_NETWORK;
  akin_buffer text = AKIN_BUFFER_INIT(0);
  akin_status status = AKIN_OK;
  if (job->card != &job->made) return AKIN_OK;
  if (!job->is_net)
    status = akin_own_pack(&text, akin_tensors_keras(job->tensors), err);
  else if (akin_net_layers_pack(&text, &job->layers) != AKIN_OK)
    status = akin_fail_memory(err, text.size);
  if (status == AKIN_OK) status = import_put(job, name, &text, err);
  if (status == AKIN_OK) status = akin_record_add(&job->record, job->folder, name, err);
  akin_buffer_free(&text);
  return status;
}

/* weights.bin, streamed; graph is then what reads it. */
static akin_status import_write_weights(import_job *job, akin_graph *graph, akin_error *err) {
  const akin_weight_source source = {import_read_weight, job->tensors};
  akin_file_writer *writer = NULL;
  char *path = akin_path_join(job->folder, AKIN_ONNX_WEIGHTS);
  akin_status status = path ? akin_file_writer_open(&writer, path, err) : akin_fail_memory(err, strlen(job->folder));
  akin_free(path);
  if (status != AKIN_OK) return status;
  status = job->is_net ? akin_net_write_numbers(&job->net, writer, err)
                       : akin_lower(graph, &job->layers, &source, writer, err);
  if (status == AKIN_OK) return akin_file_writer_commit(writer, err);
  akin_file_writer_discard(writer);
  return status;
}

/* What the runtime finds of an ONNX network's tensors, and what its output says of the card. */
static akin_status import_look_at_net(import_job *job, akin_error *err) {
  akin_status status = akin_net_layers(&job->layers, &job->net, job->card->layer, job->folder, err);
  if (status != AKIN_OK) return akin_fail_context(err, status, "%s", job->request->weights_path);
  const akin_shape *output = &job->layers.at[akin_layers_output(&job->layers)].shape;
  job->made.classes = output->rank == 1 && output->size[0] <= AKIN_CARD_CLASSES_MOST ? output->size[0] : 0;
  return AKIN_OK;
}

static akin_status import_write_network(import_job *job, akin_error *err) {
  const akin_preparation *p = &job->card->preparation;
  akin_graph lowered = AKIN_GRAPH_INIT, *graph = job->is_net ? &job->net.network.graph : &lowered;
  akin_buffer packed = AKIN_BUFFER_INIT(0);
  akin_status status = AKIN_OK;
  if (job->is_net) status = akin_net_fit(&job->net, job->card->layer, p->width, p->height, err);
  graph->name = job->card->name;
  if (status == AKIN_OK) status = import_write_weights(job, graph, err);
  if (status != AKIN_OK && job->is_net) akin_fail_context(err, status, "%s", job->request->weights_path);
  if (status == AKIN_OK && job->is_net) status = import_look_at_net(job, err);
  if (status == AKIN_OK) status = akin_onnx_pack(&packed, graph, err);
  if (status == AKIN_OK) status = import_put(job, AKIN_FOLDER_GRAPH, &packed, err);
  akin_buffer_free(&packed);
  akin_graph_free(&lowered);
  return status;
}

/* The graph cut where it is cut when nobody asks otherwise; opens the new folder as any other model's. */
static akin_status import_write_cut(import_job *job, akin_error *err) {
  akin_folder *folder = NULL;
  akin_cut_place place = {0};
  char *name = NULL;
  akin_status status = akin_record_write(&job->record, job->folder, err);
  if (status == AKIN_OK) status = akin_folder_open_at(&folder, job->folder, job->name, err);
  if (status == AKIN_OK) status = akin_cut_place_find(&place, folder, NULL, AKIN_POOL_CARD, 0, err);
  if (status == AKIN_OK) status = akin_cut_write(&name, folder, &place, err);
  if (status == AKIN_OK) status = akin_record_add(&job->record, job->folder, name, err);
  if (status == AKIN_OK) status = akin_record_write(&job->record, job->folder, err);
  akin_free(name);
  akin_cut_place_clear(&place);
  akin_folder_close(folder);
  return status;
}

static akin_status import_write(import_job *job, akin_error *err) {
  akin_status status = akin_path_create_folder(job->folder, false, err);
  if (status == AKIN_OK) status = import_write_network(job, err);
  if (status == AKIN_OK) status = import_write_card(job, err);
  if (status == AKIN_OK) status = import_write_description(job, err);
  if (status == AKIN_OK) status = akin_record_add(&job->record, job->folder, AKIN_FOLDER_CARD, err);
  if (status == AKIN_OK) status = akin_record_add(&job->record, job->folder, AKIN_FOLDER_GRAPH, err);
  if (status == AKIN_OK) status = akin_record_add(&job->record, job->folder, AKIN_ONNX_WEIGHTS, err);
  if (status == AKIN_OK) status = import_write_cut(job, err);
  return status;
}

/* ---- into its place ---- */

/* An older model of the name trades places with the new one, and is swept with the folder that it then is. */
static akin_status import_place(const import_job *job, akin_error *err) {
  if (rename(job->folder, job->target) == 0) return AKIN_OK;
  if (errno != EEXIST && errno != ENOTEMPTY)
    return akin_fail_errno(err, errno, "%s: cannot move the model there", job->target);
  if (!job->request->replace)
    return akin_fail(err, AKIN_ERROR_REFUSED, "%s: a model of this name came meanwhile", job->target);
  if (renameat2(AT_FDCWD, job->folder, AT_FDCWD, job->target, RENAME_EXCHANGE) == 0) return AKIN_OK;
  akin_status status = akin_file_remove_folder(job->target, err); /* a file system that cannot exchange */
  if (status != AKIN_OK || rename(job->folder, job->target) == 0) return status;
  return akin_fail_errno(err, errno, "%s: cannot move the model there", job->target);
}

static void import_clear(import_job *job) {
  akin_tensors_free(job->tensors);
  akin_net_close(&job->net);
  akin_layers_free(&job->layers);
  akin_record_clear(&job->record);
  akin_card_free(job->own_card);
  akin_arena_free(&job->arena);
  if (job->lock >= 0) {
    if (job->folder) akin_file_remove_folder(job->folder, NULL);
    akin_file_unlock(job->lock);
  }
  akin_free(job->folder);
  akin_free(job->target);
}

static akin_status import_run(import_job *job, char **name_out, akin_error *err) {
  akin_file_facts facts;
  akin_status status = import_open(job, &facts, err);
  if (status == AKIN_OK) status = import_find_card(job, err);
  if (status == AKIN_OK) status = import_check_options(job, err);
  if (status == AKIN_OK) status = import_check_name(job, err);
  if (status == AKIN_OK) status = import_check_weights(job, err);
  if (status == AKIN_OK) status = akin_folder_claim(&job->lock, job->request->models_folder, err);
  if (status == AKIN_OK) status = import_check_space(job, err);
  if (status != AKIN_OK) return status;
  job->folder = akin_path_join(job->request->models_folder, AKIN_FOLDER_IMPORT);
  char *name = akin_strdup(job->name);
  if (!job->folder || !name) status = akin_fail_memory(err, strlen(job->target));
  if (status == AKIN_OK) status = import_write(job, err);
  if (status == AKIN_OK) status = import_check_unchanged(job, &facts, err);
  if (status == AKIN_OK) status = import_note_net(job, err);
  if (status == AKIN_OK) status = import_place(job, err);
  if (status == AKIN_OK)
    *name_out = name;
  else
    akin_free(name);
  return status;
}

akin_status akin_model_import(char **name_out, const akin_import_request *request, akin_error *err) {
  *name_out = NULL;
  import_job job = {.request = request, .layers = AKIN_LAYERS_INIT, .arena = AKIN_ARENA_INIT(0), .lock = -1};
  akin_status status = import_run(&job, name_out, err);
  import_clear(&job);
  return status;
}
