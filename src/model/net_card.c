/* net_card.c - the card of an ONNX network: what was said of it, and what has to be assumed (akin_net_card). */
#include "base/error.h"
#include "base/memory.h"
#include "base/path.h"
#include "model/net.h"
#include "model/own.h"
#include "model/pixels.h"

#include <math.h>
#include <string.h>

#define CARD_CROP 0.875f

typedef struct card_maker {
  akin_card *card;
  akin_arena *arena;
  const akin_net *net;
  const akin_import_request *request;
  const char *assumed_pixels; /* how images are given, when nobody said it; NULL */
  bool assumed_fit, assumed_filter;
  akin_error *err;
} card_maker;

/* ---- size ---- */

/* *out: what the card says, 0: nothing; the network itself and the request go before it. */
static akin_status card_side(const card_maker *m, uint32_t *out, const char *side, uint32_t own, uint32_t asked) {
  if (own || asked) *out = own ? own : asked;
  if (own && asked && own != asked)
    return akin_fail(m->err, AKIN_ERROR_USAGE, "the network takes images of a %s of %u, not of %u", side, own, asked);
  if (*out > AKIN_PREPARATION_SIDE_MOST)
    return akin_fail(m->err, AKIN_ERROR_USAGE, "a %s of %u: images are at most %u", side, *out,
                     AKIN_PREPARATION_SIDE_MOST);
  if (*out) return AKIN_OK;
  return akin_fail(m->err, AKIN_ERROR_USAGE,
                   "the network leaves the size of its images open: say by --size which it was trained with (224, or "
                   "WIDTHxHEIGHT)");
}

/* ---- pixels ---- */

static bool card_set_three(float out[3], const float *values, float otherwise, float factor, float lowest,
                           float highest) {
  for (int i = 0; i < 3; i++) {
    out[i] = (values ? values[i] : otherwise) * factor;
    if (!(out[i] >= lowest && out[i] <= highest)) return false;
  }
  return true;
}

static float card_largest(const float *values) {
  float largest = 0;
  for (int i = 0; values && i < 3; i++)
    if (fabsf(values[i]) > largest) largest = fabsf(values[i]);
  return largest;
}

/* Is one of them of pixels from 0 to 1, the other of 0 to 255? */
static bool card_numbers_differ(const float *mean, const float *deviation) {
  const float m = card_largest(mean), d = card_largest(deviation);
  return mean && deviation && ((m > 1 && d < 1) || (m > 0 && m <= 1 && d > 1));
}

/* Numbers of pixels from 0 to 1, or from 0 to 255 where one of them is above 1. The one that is not given is as the
 * card or the pixels' kind says, else 0 or 1. */
static akin_status card_set_numbers(const card_maker *m, bool based) {
  const float *mean = m->request->mean, *deviation = m->request->deviation;
  const float factor = card_largest(mean) > 1 || card_largest(deviation) > 1 ? 1 : 255;
  if (card_numbers_differ(mean, deviation))
    return akin_fail(m->err, AKIN_ERROR_USAGE,
                     "the mean, %g and less, and the deviation, %g and less, are not of the same pixels: give both of "
                     "0 to 1, or both of 0 to 255",
                     (double)card_largest(mean), (double)card_largest(deviation));
  if ((mean || !based) && !card_set_three(m->card->mean, mean, 0, factor, -1000, 1000))
    return akin_fail(m->err, AKIN_ERROR_USAGE, "the mean must be three numbers from -1000 to 1000");
  if ((deviation || !based) && !card_set_three(m->card->scale, deviation, 1, factor, 0.001f, 100000))
    return akin_fail(m->err, AKIN_ERROR_USAGE, "the deviation must be three numbers above 0");
  return AKIN_OK;
}

static void card_swap(float values[3]) {
  const float first = values[0];
  values[0] = values[2];
  values[2] = first;
}

/* Another order than the card's, or that of the pixels' kind: their numbers go with their channels. */
static akin_status card_set_channels(const card_maker *m) {
  const char *order = m->request->channels;
  const bool bgr = strcmp(order, "bgr") == 0;
  if (!bgr && strcmp(order, "rgb") != 0)
    return akin_fail(m->err, AKIN_ERROR_USAGE, "channels '%s': there are rgb and bgr", order);
  if (bgr == m->card->bgr) return AKIN_OK;
  m->card->bgr = bgr;
  card_swap(m->card->mean);
  card_swap(m->card->scale);
  return AKIN_OK;
}

/* The node that first does something with pixels, and what it has besides; NULL: it is not arithmetic. */
static const akin_graph_node *card_first_step(const akin_net *net, const akin_graph_tensor **constant) {
  const akin_graph *graph = &net->network.graph;
  const char *value = net->image.name;
  for (size_t i = 0; i < graph->node_count; i++) {
    const akin_graph_node *node = &graph->nodes[i];
    if (node->input_count == 0 || strcmp(node->inputs[0], value) != 0) continue;
    const bool passes = strcmp(node->operation, "Transpose") == 0 || strcmp(node->operation, "Cast") == 0 ||
                        strcmp(node->operation, "Identity") == 0;
    if (passes) value = node->outputs[0];
    if (passes) continue;
    *constant = node->input_count == 2 ? akin_graph_find_tensor(graph, node->inputs[1]) : NULL;
    return *constant && (*constant)->type == AKIN_ELEMENT_F32 && (*constant)->bytes >= sizeof(float) ? node : NULL;
  }
  return NULL;
}

/* A network that begins with arithmetic prepares its images itself: by the size of what it takes away or divides by one
 * sees whether it counts from 0 to 255 or to 1. */
static const char *card_guess_pixels(const akin_net *net) {
  const akin_graph_tensor *constant = NULL;
  const akin_graph_node *node = card_first_step(net, &constant);
  float number = 0;
  if (net->image.type == AKIN_ELEMENT_U8) return "raw";
  if (!node) return net->grey ? "unit" : "torch";
  memcpy(&number, akin_net_bytes(net, constant), sizeof number);
  number = fabsf(number);
  if (strcmp(node->operation, "Mul") == 0) return number < 0.1f ? "raw" : "unit";
  if (strcmp(node->operation, "Sub") == 0 || strcmp(node->operation, "Add") == 0 || strcmp(node->operation, "Div") == 0)
    return number > 2 ? "raw" : "unit";
  return net->grey ? "unit" : "torch";
}

static akin_status card_set_pixels(card_maker *m, const akin_card *from) {
  const akin_import_request *q = m->request;
  const bool bytes = m->net->image.type == AKIN_ELEMENT_U8;
  if (bytes && (q->mean || q->deviation || (q->pixels && strcmp(q->pixels, "raw") != 0)))
    return akin_fail(m->err, AKIN_ERROR_USAGE,
                     "the network takes pixels as they are, from 0 to 255: no mean and no "
                     "deviation can be taken from them");
  const bool bgr = from && from->bgr;
  akin_status status = AKIN_OK;
  if (q->pixels) {
    status = akin_pixels_set(m->card, q->pixels, m->err);
  } else if (bytes) {
    akin_pixels_use(m->card, akin_pixels_find("raw"));
    m->card->bgr = bgr;
  } else if (!from) {
    const akin_pixels_kind *guess = akin_pixels_find(card_guess_pixels(m->net));
    akin_pixels_use(m->card, guess);
    if (!q->mean && !q->deviation) m->assumed_pixels = guess->name;
  }
  if (status == AKIN_OK && q->channels) status = card_set_channels(m);
  if (status == AKIN_OK && (q->mean || q->deviation)) status = card_set_numbers(m, from || q->pixels);
  return status;
}

/* ---- resizing ---- */

static akin_status card_set_fit(card_maker *m, const akin_card *from) {
  const akin_import_request *q = m->request;
  akin_preparation *p = &m->card->preparation;
  m->assumed_filter = !from && !q->filter;
  m->assumed_fit = !from && !q->fit && q->crop == 0;
  if (q->filter && !akin_filter_from_name(&p->filter, q->filter))
    return akin_fail(m->err, AKIN_ERROR_USAGE, "filter '%s': there are nearest, box, bilinear and bicubic", q->filter);
  p->antialias = p->filter != AKIN_FILTER_NEAREST;
  if (m->assumed_fit || (q->crop != 0 && !q->fit)) p->fit = AKIN_FIT_CROP;
  if (q->fit && !akin_fit_from_name(&p->fit, q->fit))
    return akin_fail(m->err, AKIN_ERROR_USAGE, "fit '%s': there are stretch, crop and pad", q->fit);
  if (q->crop != 0 && (p->fit != AKIN_FIT_CROP || !(q->crop >= 0.01 && q->crop <= 1)))
    return akin_fail(m->err, AKIN_ERROR_USAGE,
                     "the part that a crop keeps is 0.01 to 1, and goes with the fit \"crop\"");
  if (q->crop != 0)
    p->crop_fraction = (float)q->crop;
  else if (!from || from->preparation.fit != AKIN_FIT_CROP)
    p->crop_fraction = p->fit == AKIN_FIT_CROP ? CARD_CROP : 1;
  return AKIN_OK;
}

/* ---- the whole ---- */

static akin_status card_note(const card_maker *m, const char **note) {
  akin_buffer text = AKIN_BUFFER_INIT(0);
  akin_status status = AKIN_OK;
  *note = NULL;
  if (!m->assumed_pixels && !m->assumed_fit && !m->assumed_filter) return AKIN_OK;
  status = akin_buffer_append_text(&text, "assumed, as nothing in the file says it:");
  if (status == AKIN_OK && m->assumed_pixels)
    status = akin_buffer_printf(&text, " pixels as %s, %s (else --pixels, or --mean and --std);", m->assumed_pixels,
                                akin_pixels_find(m->assumed_pixels)->meaning);
  if (status == AKIN_OK && m->assumed_fit)
    status = akin_buffer_append_text(&text, " the middle 0.875 of an image (else --fit, --crop);");
  if (status == AKIN_OK && m->assumed_filter) status = akin_buffer_append_text(&text, " bilinear (else --resize);");
  if (status == AKIN_OK) *note = akin_arena_text(m->arena, text.data, text.size - 1);
  akin_buffer_free(&text);
  return *note ? AKIN_OK : akin_fail_memory(m->err, 256);
}

/* Nothing is said of the network yet; its images are given as to another card's, where there is one. */
static akin_card card_blank(const akin_card *from) {
  akin_card card = {.width_factor = 1,
                    .depth_factor = 1,
                    .licence = "NOASSERTION", /* SPDX: nobody has said */
                    .citation = "none",
                    .preparation = AKIN_PREPARATION_INIT(0, 0)};
  if (!from) return card;
  card.preparation = from->preparation;
  card.mirror = from->mirror;
  card.bgr = from->bgr;
  memcpy(card.mean, from->mean, sizeof card.mean);
  memcpy(card.scale, from->scale, sizeof card.scale);
  return card;
}

/* What is said of the network itself: by its card, or that it is the user's own. */
static akin_status card_describe(card_maker *m, const akin_card *from) {
  const akin_import_request *q = m->request;
  akin_card *card = m->card;
  const bool known = from && akin_net_is(from);
  char *description = known ? NULL : akin_format("an ONNX network, from %s", akin_path_name(q->weights_path));
  *card = known ? *from : card_blank(from);
  if (!known) {
    card->description = description ? akin_arena_text(m->arena, description, strlen(description)) : NULL;
    card->name = akin_own_stem(m->arena, q->weights_path);
  }
  akin_free(description);
  card->family = AKIN_NET_FAMILY;
  if (q->name && !known) card->name = q->name;
  if (q->layer) card->layer = q->layer;
  if (q->pool != AKIN_POOL_CARD) {
    card->pool = q->pool;
    card->pool_power = q->pool_power;
  }
  return card->name && card->description ? AKIN_OK : akin_fail_memory(m->err, strlen(q->weights_path));
}

akin_status akin_net_disown(akin_card *card, akin_arena *arena, akin_error *err) {
  char *description = akin_format("%s with weights of your own", card->name);
  card->description = description ? akin_arena_text(arena, description, strlen(description)) : NULL;
  card->licence = "NOASSERTION";
  card->weights_count = 0;
  akin_free(description);
  return card->description ? AKIN_OK : akin_fail_memory(err, strlen(card->name));
}

akin_status akin_net_card(akin_card *out, const char **note, akin_arena *arena, const akin_net *net,
                          const akin_import_request *request, const akin_card *card, akin_error *err) {
  card_maker m = {.card = out, .arena = arena, .net = net, .request = request, .err = err};
  akin_preparation *p = &out->preparation;
  akin_status status = card_describe(&m, card);
  if (status == AKIN_OK) status = card_side(&m, &p->width, "width", net->width, request->width);
  if (status == AKIN_OK) status = card_side(&m, &p->height, "height", net->height, request->height);
  if (status == AKIN_OK) status = card_set_pixels(&m, card);
  if (status == AKIN_OK) status = card_set_fit(&m, card);
  return status == AKIN_OK ? card_note(&m, note) : status;
}
