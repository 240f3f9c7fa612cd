/* order.c - distances from the output, and the walk that orders layers of equal distance (order.h). */
#include "model/order.h"

#include "base/error.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

#define ORDER_NOT_MET SIZE_MAX

typedef struct order_place {
  size_t distance; /* of the longest way to the output */
  size_t met;      /* as which one the walk met it */
  size_t layer;    /* where it stands now */
} order_place;

static void order_set_distances(order_place *places, const akin_layers *layers) {
  for (size_t i = layers->count; i-- > 0;) {
    const akin_layer *layer = &layers->at[i];
    for (size_t k = 0; k < layer->input_count; k++) {
      order_place *input = &places[layer->inputs[k]];
      if (input->distance <= places[i].distance) input->distance = places[i].distance + 1;
    }
  }
}

/* Numbers layers as the walk back from the output meets them. waiting: as long as all inputs together, and one more. */
static void order_walk(order_place *places, const akin_layers *layers, size_t *waiting) {
  size_t count = 0, met = 0;
  waiting[count++] = layers->count - 1;
  while (count > 0) {
    const size_t at = waiting[--count];
    if (places[at].met != ORDER_NOT_MET) continue;
    places[at].met = met++;
    const akin_layer *layer = &layers->at[at];
    for (size_t k = layer->input_count; k-- > 0;)
      waiting[count++] = layer->inputs[k];
  }
}

static int order_compare(const void *a, const void *b) {
  const order_place *first = a, *second = b;
  if (first->distance != second->distance) return first->distance > second->distance ? -1 : 1;
  return first->met < second->met ? -1 : first->met > second->met;
}

/* Puts layers where places says, and tells each where its inputs are now. */
static akin_status order_move(akin_layers *layers, const order_place *places, size_t *moved, akin_error *err) {
  akin_layer *sorted = akin_arena_array(&layers->arena, layers->count, sizeof *sorted);
  if (!sorted) return akin_fail_memory(err, layers->count * sizeof *sorted);
  for (size_t i = 0; i < layers->count; i++)
    moved[places[i].layer] = i;
  for (size_t i = 0; i < layers->count; i++) {
    const akin_layer *layer = &layers->at[places[i].layer];
    size_t *inputs = akin_arena_array(&layers->arena, layer->input_count, sizeof *inputs);
    if (!inputs) return akin_fail_memory(err, layer->input_count * sizeof *inputs);
    for (size_t k = 0; k < layer->input_count; k++)
      inputs[k] = moved[layer->inputs[k]];
    sorted[i] = *layer;
    sorted[i].inputs = inputs;
  }
  layers->at = sorted;
  layers->room = layers->count;
  return AKIN_OK;
}

akin_status akin_layers_order(akin_layers *layers, akin_error *err) {
  size_t edges = 1;
  for (size_t i = 0; i < layers->count; i++)
    edges += layers->at[i].input_count;
  if (layers->count == 0) return AKIN_OK;
  order_place *places = akin_calloc(layers->count, sizeof *places);
  size_t *numbers = akin_calloc(edges + layers->count, sizeof *numbers);
  akin_status status = places && numbers ? AKIN_OK : akin_fail_memory(err, edges * sizeof *numbers);
  if (status == AKIN_OK) {
    for (size_t i = 0; i < layers->count; i++)
      places[i] = (order_place){0, ORDER_NOT_MET, i};
    order_set_distances(places, layers);
    order_walk(places, layers, numbers);
    qsort(places, layers->count, sizeof *places, order_compare);
    status = order_move(layers, places, numbers, err);
  }
  akin_free(places);
  akin_free(numbers);
  return status;
}
