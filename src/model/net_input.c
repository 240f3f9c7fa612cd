/* net_input.c - see net_input.h. */
#include "model/net_input.h"

#include "base/error.h"
#include "base/memory.h"

#include <string.h>

/* ---- what an image is ---- */

/* Can images be given to it? Sets where their channels are, and how many. */
static bool input_is_image(const akin_graph_value *value, bool *channels_last, bool *grey) {
  if (value->rank != 4 || (!akin_element_is_float(value->type) && value->type != AKIN_ELEMENT_U8)) return false;
  const int64_t first = value->shape[1], last = value->shape[3];
  *channels_last = false;
  *grey = false;
  if (first == 3) return true;
  *channels_last = last == 3;
  if (*channels_last) return true;
  *grey = first == 1 || last == 1;
  *channels_last = first != 1 && last == 1;
  if (*grey || first == -1) return true;
  *channels_last = last == -1;
  return *channels_last;
}

/* "'pixel_values' f32 [?, 3, ?, ?]" */
static akin_status input_append(akin_buffer *out, const akin_graph_value *value) {
  akin_status status =
      akin_buffer_printf(out, "%s'%s' %s [", out->size ? ", " : "", value->name, akin_element_name(value->type));
  for (uint32_t i = 0; i < value->rank && status == AKIN_OK; i++)
    if (value->shape[i] < 0)
      status = akin_buffer_append_text(out, i ? ", ?" : "?");
    else
      status = akin_buffer_printf(out, i ? ", %lld" : "%lld", (long long)value->shape[i]);
  return status == AKIN_OK ? akin_buffer_append_text(out, "]") : status;
}

/* Fails with a text in which %s stands for what the network's inputs are. */
static akin_status input_refuse(const akin_net *net, const char *why, akin_error *err) {
  akin_buffer inputs = AKIN_BUFFER_INIT(300); /* what does not fit into an error anyway is left out */
  akin_status status = AKIN_OK;
  for (size_t i = 0; i < net->network.input_count && status == AKIN_OK; i++)
    status = input_append(&inputs, &net->network.inputs[i]);
  if (status == AKIN_ERROR_MEMORY)
    akin_fail_memory(err, inputs.size);
  else
    status = akin_fail(err, AKIN_ERROR_UNSUPPORTED, "%s; its inputs are: %s", why, inputs.size ? inputs.data : "none");
  akin_buffer_free(&inputs);
  return status;
}

static akin_status input_choose(akin_net *net, akin_error *err) {
  size_t images = 0;
  bool last = false, grey = false;
  for (size_t i = 0; i < net->network.input_count; i++) {
    const akin_graph_value *value = &net->network.inputs[i];
    if (!input_is_image(value, &last, &grey) || images++) continue;
    net->image = *value;
    net->channels_last = last;
    net->grey = grey;
  }
  if (images == 0)
    return input_refuse(net, "takes no images, which are [N, 3, height, width] or [N, height, width, 3], f32 or u8",
                        err);
  if (images > 1) return input_refuse(net, "takes more than one image", err);
  const int64_t height = net->image.shape[net->channels_last ? 1 : 2];
  const int64_t width = net->image.shape[net->channels_last ? 2 : 3];
  if (height > AKIN_PREPARATION_SIDE_MOST || width > AKIN_PREPARATION_SIDE_MOST)
    return input_refuse(net, "takes images above 4096 x 4096", err);
  net->height = height > 0 ? (uint32_t)height : 0;
  net->width = width > 0 ? (uint32_t)width : 0;
  return AKIN_OK;
}

/* ---- what follows from it ---- */

uint8_t akin_net_value_flags(const akin_net *net, const akin_graph_index *makers, const uint8_t *flags,
                             const char *name) {
  const size_t maker = *name ? akin_graph_index_find(makers, name) : 0;
  if (maker) return flags[maker - 1];
  if (strcmp(name, net->image.name) == 0) return AKIN_NET_ON_IMAGE;
  for (size_t i = 0; i < net->network.input_count; i++)
    if (strcmp(name, net->network.inputs[i].name) == 0) return AKIN_NET_ON_OTHER;
  return 0;
}

uint8_t *akin_net_flags(const akin_net *net, const akin_graph_index *makers) {
  const akin_graph *graph = &net->network.graph;
  uint8_t *flags = akin_calloc(graph->node_count, sizeof *flags);
  for (size_t i = 0; flags && i < graph->node_count; i++)
    for (size_t k = 0; k < graph->nodes[i].input_count; k++)
      flags[i] |= akin_net_value_flags(net, makers, flags, graph->nodes[i].inputs[k]);
  return flags;
}

/* Outputs that the image alone decides; the layer that is wanted, when there are none. */
static void input_take_outputs(akin_net *net, const akin_graph_index *makers, const uint8_t *flags, const char *layer) {
  for (size_t i = 0; i < net->network.output_count; i++) {
    const char *name = net->network.outputs[i].name;
    if (akin_net_value_flags(net, makers, flags, name) == AKIN_NET_ON_IMAGE && akin_graph_index_find(makers, name))
      net->outputs[net->output_count++] = name;
  }
  const size_t maker = layer ? akin_graph_index_find(makers, layer) : 0;
  if (net->output_count || !maker || flags[maker - 1] != AKIN_NET_ON_IMAGE) return;
  const akin_graph_node *node = &net->network.graph.nodes[maker - 1];
  for (size_t k = 0; k < node->output_count; k++)
    if (strcmp(node->outputs[k], layer) == 0) net->outputs[net->output_count++] = node->outputs[k];
}

akin_status akin_net_find_image(akin_net *net, const char *layer, akin_error *err) {
  akin_graph *graph = &net->network.graph;
  akin_status status = input_choose(net, err);
  if (status != AKIN_OK) return status;
  akin_graph_index *makers = akin_graph_index_makers(graph);
  uint8_t *flags = makers ? akin_net_flags(net, makers) : NULL;
  net->outputs = akin_arena_array(&graph->arena, net->network.output_count + 1, sizeof *net->outputs);
  if (!flags || !net->outputs) {
    status = akin_fail_memory(err, graph->node_count);
  } else {
    input_take_outputs(net, makers, flags, layer);
    if (!net->output_count)
      status =
          input_refuse(net, "none of its outputs follows from an image alone: name a tensor that does by --layer", err);
  }
  akin_free(flags);
  akin_free(makers);
  return status;
}
