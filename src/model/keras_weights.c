/* keras_weights.c - Keras' rules of which weights are whose (keras_weights.h). */
#include "model/keras_weights.h"

#include "base/error.h"
#include "model/binding.h"

#include <stdio.h>
#include <string.h>

#define WEIGHTS_DEPTH 64   /* of models inside models */
#define WEIGHTS_PLACE 1024 /* bytes of a place in a file */

typedef struct weights_binding {
  akin_layers *layers;
  const akin_layers_entry *entries; /* model.layers, those of nested models among them */
  size_t entry_count;
  const akin_tensors *tensors;
  const akin_keras_file *file;
  bool *taken; /* [file->group_count] */
  akin_error *err;
} weights_binding;

static const akin_tensor *weights_tensor(const weights_binding *b, const akin_keras_group *group, size_t number) {
  return akin_tensors_at(b->tensors, group->first + number);
}

/* ---- the list of layers ---- */

/* A family's network has no entries: every layer is one. */
static akin_status weights_list_entries(weights_binding *b) {
  akin_layers *layers = b->layers;
  b->entries = layers->entries;
  b->entry_count = layers->entry_count;
  if (b->entry_count) return AKIN_OK;
  akin_layers_entry *made = akin_arena_array(&layers->arena, layers->count, sizeof *made);
  if (!made) return akin_fail_memory(b->err, layers->count * sizeof *made);
  for (size_t i = 0; i < layers->count; i++) {
    const akin_layer *layer = &layers->at[i];
    made[i] =
        (akin_layers_entry){.name = layer->name, .class_name = akin_layer_class(layer), .trainable = true, .layer = i};
  }
  b->entries = made;
  b->entry_count = layers->count;
  return AKIN_OK;
}

/* NULL: it is never called. */
static akin_layer *weights_layer(const weights_binding *b, const akin_layers_entry *entry) {
  return entry->layer < b->layers->count ? &b->layers->at[entry->layer] : NULL;
}

static size_t weights_count(const weights_binding *b, const akin_layers_entry *entry) {
  return entry->layer < b->layers->count ? b->layers->at[entry->layer].weight_count : 0;
}

/* Is entry number `inner` in model number `outer`, at any depth? Whose parents lead in circles are in none. */
static bool weights_is_inside(const weights_binding *b, size_t inner, size_t outer) {
  size_t at = inner;
  for (int depth = 0; depth < WEIGHTS_DEPTH && b->entries[at].parent; depth++) {
    at = b->entries[at].parent - 1;
    if (at == outer) return true;
  }
  return false;
}

/* ---- one layer ---- */

static akin_status weights_bind_one(weights_binding *b, akin_layer *layer, size_t weight, const akin_tensor *tensor) {
  layer->weights[weight].tensor = tensor->name;
  return akin_binding_check_weight(layer, weight, b->tensors, b->err);
}

/* The layer's weights are the group's tensors, in order. */
static akin_status weights_bind_layer(weights_binding *b, const akin_layers_entry *entry,
                                      const akin_keras_group *group) {
  akin_layer *layer = weights_layer(b, entry);
  if (group->count != layer->weight_count) {
    return akin_fail(b->err, AKIN_ERROR_MISMATCH, "layer %s (%s) has %zu weights, the file's '%s' has %zu", entry->name,
                     entry->class_name, layer->weight_count, group->name, group->count);
  }
  akin_status status = AKIN_OK;
  for (size_t i = 0; i < group->count && status == AKIN_OK; i++)
    status = weights_bind_one(b, layer, i, weights_tensor(b, group, i));
  return status;
}

/* ---- legacy files: by order ---- */

static bool weights_is_trained(akin_weight_role role) {
  return role != AKIN_WEIGHT_MOVING_MEAN && role != AKIN_WEIGHT_MOVING_VARIANCE && role != AKIN_WEIGHT_MEAN &&
         role != AKIN_WEIGHT_VARIANCE && role != AKIN_WEIGHT_COUNT;
}

/* Does what the file calls a weight contradict the role that it is to have? Names of Keras 1 say nothing. */
static bool weights_contradicts(const char *tensor, akin_weight_role role) {
  const char *slash = strrchr(tensor, '/');
  const char *name = slash ? slash + 1 : tensor;
  const size_t length = strcspn(name, ":");
  const char *end = role == AKIN_WEIGHT_KERNEL && length > 6 ? name + length - 6 : name; /* depthwise_kernel */
  const char *wanted = akin_weight_role_name(role);
  if (strncmp(end, wanted, strlen(wanted)) == 0 && end + strlen(wanted) == name + length) return false;
  for (int other = 0; other <= AKIN_WEIGHT_COUNT; other++) {
    const char *known = akin_weight_role_name((akin_weight_role)other);
    if (strlen(known) == length && strncmp(name, known, length) == 0) return true;
  }
  return false;
}

static akin_status weights_check_role(const weights_binding *b, const akin_layer *layer, size_t weight) {
  const akin_layer_weight *w = &layer->weights[weight];
  if (!weights_contradicts(w->tensor, w->role)) return AKIN_OK;
  return akin_fail(b->err, AKIN_ERROR_MISMATCH,
                   "layer %s: by the order of the file's weights its %s is '%s': its layers were frozen in another way "
                   "when it was written: save the model as .keras",
                   layer->name, akin_weight_role_name(w->role), w->tensor);
}

/*
 * A nested model is one flat list: what is trained, then the rest. What that means depends on who wrote the file:
 *
 *     Keras 3   a weight is trained when its layer is, whatever the models around it say; nothing is when the outermost
 *               nested model is frozen. Each part in the order of layers
 *     Keras 2   a frozen model has nothing that is trained; its rest is what is trained of each layer in it, then the
 *               rest of each
 */
typedef struct weights_flat {
  const akin_keras_group *group;
  size_t next;   /* tensor of the group */
  size_t wanted; /* weights so far */
  bool keras_3;
  bool frozen; /* Keras 3: the outermost nested model is */
} weights_flat;

static akin_status weights_take_flat(weights_binding *b, weights_flat *flat, akin_layer *layer, size_t weight) {
  flat->wanted++;
  if (flat->next == flat->group->count) return AKIN_OK; /* too few: said when all are counted */
  akin_status status = weights_bind_one(b, layer, weight, weights_tensor(b, flat->group, flat->next++));
  return status == AKIN_OK ? weights_check_role(b, layer, weight) : status;
}

static akin_status weights_take_layer(weights_binding *b, weights_flat *flat, const akin_layers_entry *entry,
                                      bool trained) {
  akin_layer *layer = weights_layer(b, entry);
  const bool layer_trained = entry->trainable && !flat->frozen;
  akin_status status = AKIN_OK;
  for (size_t i = 0; i < weights_count(b, entry) && status == AKIN_OK; i++)
    if ((layer_trained && weights_is_trained(layer->weights[i].role)) == trained)
      status = weights_take_flat(b, flat, layer, i);
  return status;
}

static akin_status weights_take_model(weights_binding *b, weights_flat *flat, size_t model, bool trained,
                                      unsigned depth);

/* One part of everything that is directly in a model. */
static akin_status weights_take_members(weights_binding *b, weights_flat *flat, size_t model, bool trained,
                                        unsigned depth) {
  akin_status status = AKIN_OK;
  for (size_t i = 0; i < b->entry_count && status == AKIN_OK; i++) {
    const akin_layers_entry *entry = &b->entries[i];
    if (entry->parent != model + 1 || entry->is_operation) continue;
    status = entry->is_model ? weights_take_model(b, flat, i, trained, depth + 1)
                             : weights_take_layer(b, flat, entry, trained);
  }
  return status;
}

static akin_status weights_take_model(weights_binding *b, weights_flat *flat, size_t model, bool trained,
                                      unsigned depth) {
  const bool frozen = !flat->keras_3 && !b->entries[model].trainable;
  if (depth > WEIGHTS_DEPTH) {
    return akin_fail(b->err, AKIN_ERROR_LIMIT, "model %s is more than %d deep in others", b->entries[model].name,
                     WEIGHTS_DEPTH);
  }
  if (frozen && trained) return AKIN_OK;
  akin_status status = frozen ? weights_take_members(b, flat, model, true, depth) : AKIN_OK;
  return status == AKIN_OK ? weights_take_members(b, flat, model, trained, depth) : status;
}

static akin_status weights_bind_nested(weights_binding *b, size_t outer, const akin_keras_group *group) {
  const bool keras_3 = b->file->version && b->file->version[0] == '3';
  weights_flat flat = {.group = group, .keras_3 = keras_3, .frozen = keras_3 && !b->entries[outer].trainable};
  akin_status status = weights_take_model(b, &flat, outer, true, 0);
  if (status == AKIN_OK) status = weights_take_model(b, &flat, outer, false, 0);
  if (status != AKIN_OK || flat.wanted == group->count) return status;
  return akin_fail(b->err, AKIN_ERROR_MISMATCH, "model %s has %zu weights, the file's '%s' has %zu",
                   b->entries[outer].name, flat.wanted, group->name, group->count);
}

/* Are there weights in an entry of the outermost model? */
static bool weights_has_any(const weights_binding *b, size_t number) {
  const akin_layers_entry *entry = &b->entries[number];
  if (!entry->is_model) return weights_count(b, entry) > 0;
  for (size_t i = 0; i < b->entry_count; i++)
    if (!b->entries[i].is_model && weights_count(b, &b->entries[i]) && weights_is_inside(b, i, number)) return true;
  return false;
}

/* The next group that has weights, from *at on; NULL: none. */
static const akin_keras_group *weights_next_group(const weights_binding *b, size_t *at) {
  while (*at < b->file->group_count && !b->file->groups[*at].count)
    (*at)++;
  return *at < b->file->group_count ? &b->file->groups[(*at)++] : NULL;
}

static akin_status weights_bind_legacy(weights_binding *b) {
  size_t at = 0;
  akin_status status = AKIN_OK;
  for (size_t i = 0; i < b->entry_count && status == AKIN_OK; i++) {
    const akin_layers_entry *entry = &b->entries[i];
    if (entry->parent || entry->is_operation || !weights_has_any(b, i)) continue;
    const akin_keras_group *group = weights_next_group(b, &at);
    if (!group) {
      return akin_fail(b->err, AKIN_ERROR_MISMATCH, "layer %s (%s) and what follows have no weights in the file",
                       entry->name, entry->class_name);
    }
    status = entry->is_model ? weights_bind_nested(b, i, group) : weights_bind_layer(b, entry, group);
  }
  if (status != AKIN_OK) return status;
  const akin_keras_group *left = weights_next_group(b, &at);
  if (!left) return AKIN_OK;
  return akin_fail(b->err, AKIN_ERROR_MISMATCH, "the file's '%s' and what follows belong to no layer", left->name);
}

/* ---- .weights.h5 and .keras: by class and number ---- */

/* Keras' own: "DepthwiseConv2D" to "depthwise_conv2d", "PReLU" to "p_re_lu". */
static void weights_snake_case(char out[WEIGHTS_PLACE], const char *name) {
  size_t size = 0;
  for (size_t i = 0; name[i] && size + 2 < WEIGHTS_PLACE; i++) {
    const bool upper = name[i] >= 'A' && name[i] <= 'Z';
    const bool lower_before = i > 0 && name[i - 1] >= 'a' && name[i - 1] <= 'z';
    const bool lower_behind = name[i + 1] >= 'a' && name[i + 1] <= 'z';
    if (i > 0 && upper && (lower_before || lower_behind)) out[size++] = '_';
    out[size++] = upper ? (char)(name[i] - 'A' + 'a') : name[i];
  }
  out[size] = '\0';
}

/* How many of model.layers before entry `number` are of its class. */
static size_t weights_number_in_class(const weights_binding *b, size_t number) {
  const akin_layers_entry *entry = &b->entries[number];
  size_t count = 0;
  for (size_t i = 0; i < number; i++)
    if (b->entries[i].parent == entry->parent && !b->entries[i].is_operation &&
        strcmp(b->entries[i].class_name, entry->class_name) == 0)
      count++;
  return count;
}

/* "layers/functional/layers/conv2d_1"; false: too long, or too deep. */
static bool weights_place(const weights_binding *b, size_t number, const char *folder, char out[WEIGHTS_PLACE],
                          unsigned depth) {
  char outer[WEIGHTS_PLACE] = "", name[WEIGHTS_PLACE];
  const size_t parent = b->entries[number].parent, in_class = weights_number_in_class(b, number);
  if (depth > WEIGHTS_DEPTH || (parent && !weights_place(b, parent - 1, folder, outer, depth + 1))) return false;
  weights_snake_case(name, b->entries[number].class_name);
  const char *between = *outer ? "/" : "";
  const int length = in_class ? snprintf(out, WEIGHTS_PLACE, "%s%s%s/%s_%zu", outer, between, folder, name, in_class)
                              : snprintf(out, WEIGHTS_PLACE, "%s%s%s/%s", outer, between, folder, name);
  return length > 0 && length < WEIGHTS_PLACE;
}

static const akin_keras_group *weights_find_group(weights_binding *b, const char *place) {
  for (size_t i = 0; i < b->file->group_count; i++) {
    if (strcmp(b->file->groups[i].name, place) != 0) continue;
    b->taken[i] = true;
    return &b->file->groups[i];
  }
  return NULL;
}

/* Has the entry weights that are not a model's or an operation's? */
static bool weights_has_own(const weights_binding *b, size_t number) {
  const akin_layers_entry *entry = &b->entries[number];
  return !entry->is_model && !entry->is_operation && weights_count(b, entry) > 0;
}

/* Binds the weights of entry `number` when they are in the file. */
static akin_status weights_bind_place(weights_binding *b, size_t number, const char *folder) {
  const akin_layers_entry *entry = &b->entries[number];
  char place[WEIGHTS_PLACE];
  if (!weights_place(b, number, folder, place, 0)) {
    return akin_fail(b->err, AKIN_ERROR_LIMIT, "layer %s is too deep in models, or its class has too long a name",
                     entry->name);
  }
  const akin_keras_group *group = weights_find_group(b, place);
  return group ? weights_bind_layer(b, entry, group) : AKIN_OK;
}

/* A layer that two models have is in the file once: so this is seen when all are bound. */
static akin_status weights_check_bound(const weights_binding *b, size_t number, const char *folder) {
  const akin_layers_entry *entry = &b->entries[number];
  const akin_layer *layer = weights_layer(b, entry);
  char place[WEIGHTS_PLACE];
  for (size_t i = 0; i < weights_count(b, entry); i++)
    if (!layer->weights[i].tensor && weights_place(b, number, folder, place, 0))
      return akin_fail(b->err, AKIN_ERROR_MISMATCH, "layer %s (%s): its weights, '%s', are not in the file",
                       entry->name, entry->class_name, place);
  return AKIN_OK;
}

static akin_status weights_check_left_over(const weights_binding *b) {
  for (size_t i = 0; i < b->file->group_count; i++)
    if (!b->taken[i] && b->file->groups[i].count)
      return akin_fail(b->err, AKIN_ERROR_MISMATCH, "the file's weights '%s' belong to no layer",
                       b->file->groups[i].name);
  return AKIN_OK;
}

static akin_status weights_bind_places(weights_binding *b) {
  static const char before[] = "_layer_checkpoint_dependencies";
  const char *folder = "layers";
  akin_status status = AKIN_OK;
  for (size_t i = 0; i < b->file->group_count; i++)
    if (strncmp(b->file->groups[i].name, before, sizeof before - 1) == 0) folder = before;
  b->taken = akin_arena_array(&b->layers->arena, b->file->group_count, sizeof *b->taken);
  if (!b->taken) return akin_fail_memory(b->err, b->file->group_count);
  for (size_t i = 0; i < b->layers->count; i++)
    for (size_t k = 0; k < b->layers->at[i].weight_count; k++)
      b->layers->at[i].weights[k].tensor = NULL;
  for (size_t i = 0; i < b->entry_count && status == AKIN_OK; i++)
    if (weights_has_own(b, i)) status = weights_bind_place(b, i, folder);
  for (size_t i = 0; i < b->entry_count && status == AKIN_OK; i++)
    if (weights_has_own(b, i)) status = weights_check_bound(b, i, folder);
  return status == AKIN_OK ? weights_check_left_over(b) : status;
}

/* ---- all ---- */

/* Later calls of a layer have the weights of its first. */
static void weights_share(akin_layers *layers) {
  for (size_t i = 0; i < layers->count; i++) {
    akin_layer *layer = &layers->at[i];
    if (!layer->shares) continue;
    for (size_t k = 0; k < layer->weight_count; k++)
      layer->weights[k].tensor = layers->at[layer->shares - 1].weights[k].tensor;
  }
}

akin_status akin_keras_weights_bind(akin_layers *layers, const akin_tensors *file, akin_error *err) {
  weights_binding binding = {.layers = layers, .tensors = file, .file = akin_tensors_keras(file), .err = err};
  akin_status status = weights_list_entries(&binding);
  if (status != AKIN_OK) return status;
  status = binding.file->form == AKIN_KERAS_LEGACY ? weights_bind_legacy(&binding) : weights_bind_places(&binding);
  if (status == AKIN_OK) weights_share(layers);
  return status;
}
