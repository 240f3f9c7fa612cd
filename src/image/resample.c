/*
 * resample.c - the two passes.
 *
 * Rows come from the view two at a time and are resampled across into a ring of rows of the result's width; as soon as
 * the ring holds all rows that an output row is made of, that one is resampled down and written. So nothing of the
 * size of the picture is allocated, and rows that no output needs are never touched.
 *
 *     view ──(strip, when turned)──▶ across ──▶ ring ──▶ down ──▶ out
 */
#include "image/resample.h"

#include "base/error.h"
#include "base/memory.h"
#include "image/fit.h"
#include "image/kernels.h"
#include "image/taps.h"

#include <string.h>

#define RESAMPLE_STRIP_ROWS 16u
#define RESAMPLE_PIXEL      3u

/* Where rows of the result go. */
typedef struct resample_target {
  uint8_t *pixels;
  size_t stride;
  uint32_t width, height;
} resample_target;

typedef struct resampler {
  const akin_kernels *kernels;
  const akin_view *view;
  uint32_t left, top; /* of the span in the view */
  akin_taps across, down;

  uint8_t *ring; /* u8 [ring_rows, ring_pitch] */
  size_t ring_pitch;
  uint32_t ring_rows;
  uint32_t next;         /* source row, counted from top, that enters the ring next */
  const uint8_t **stack; /* the rows that one output row is made of, from top to bottom */
  uint8_t *line;         /* u8 [ring_pitch]: an output row */

  uint8_t *strip; /* u8 [RESAMPLE_STRIP_ROWS, strip_pitch]: rows that cannot be read where they are */
  size_t strip_pitch;
  uint32_t strip_first, strip_rows; /* which rows are in it */
  size_t reach;
} resampler;

/* ---- making and freeing ---- */

static uint32_t resampler_most(const akin_taps *taps) {
  uint32_t most = 1;
  for (uint32_t i = 0; i < taps->outputs; i++)
    if (taps->count[i] > most) most = taps->count[i];
  return most;
}

static size_t resampler_round_up(size_t n) {
  return (n + AKIN_KERNELS_BLOCK - 1) / AKIN_KERNELS_BLOCK * AKIN_KERNELS_BLOCK;
}

static void resampler_free(resampler *r) {
  akin_taps_free(&r->across);
  akin_taps_free(&r->down);
  akin_free(r->ring);
  akin_free(r->stack);
  akin_free(r->line);
  akin_free(r->strip);
}

static akin_status resampler_allocate(resampler *r, akin_error *err) {
  uint32_t most = resampler_most(&r->down);
  r->ring_rows = most + 2; /* rows come in twos: one may be ahead, and one is being written */
  r->ring_pitch = resampler_round_up((size_t)r->across.padded * RESAMPLE_PIXEL + 4);
  r->reach = akin_kernels_reach(&r->across);
  r->strip_pitch = resampler_round_up(r->reach);
  r->ring = akin_calloc(r->ring_rows, r->ring_pitch);
  r->stack = akin_calloc((size_t)most + 1, sizeof *r->stack);
  r->line = akin_alloc(r->ring_pitch);
  r->strip = akin_calloc(RESAMPLE_STRIP_ROWS, r->strip_pitch);
  if (r->ring && r->stack && r->line && r->strip) return AKIN_OK;
  return akin_fail(err, AKIN_ERROR_MEMORY, "out of memory: no room for %u rows of %zu bytes to resample", r->ring_rows,
                   r->ring_pitch);
}

static akin_status resampler_make(resampler *r, const akin_view *view, const akin_span *x, const akin_span *y,
                                  const resample_target *target, akin_filter filter, akin_error *err) {
  *r = (resampler){.kernels = akin_kernels_current(), .view = view, .left = x->low, .top = y->low};
  akin_status status = akin_taps_make(&r->across, x, target->width, filter, err);
  if (status == AKIN_OK) status = akin_taps_make(&r->down, y, target->height, filter, err);
  if (status == AKIN_OK) status = resampler_allocate(r, err);
  if (status != AKIN_OK) resampler_free(r);
  return status;
}

/* ---- rows in ---- */

/* Row y, counted from top, readable for r->reach bytes. last: rows of the span. */
static const uint8_t *resampler_row(resampler *r, uint32_t y, uint32_t last) {
  const uint8_t *row = akin_view_at(r->view, r->left, r->top + y);
  bool contiguous = r->view->across == (ptrdiff_t)RESAMPLE_PIXEL;
  if (contiguous && (size_t)(r->view->end - row) >= r->reach) return row;
  if (y < r->strip_first || y - r->strip_first >= r->strip_rows) {
    uint32_t columns = (uint32_t)(r->reach / RESAMPLE_PIXEL), left = r->view->width - r->left;
    r->strip_first = y;
    r->strip_rows = last - y < RESAMPLE_STRIP_ROWS ? last - y : RESAMPLE_STRIP_ROWS;
    akin_view_copy(r->strip, r->strip_pitch, r->view, r->left, columns < left ? columns : left, r->top + y,
                   r->strip_rows);
  }
  return r->strip + (y - r->strip_first) * r->strip_pitch;
}

static uint8_t *resampler_slot(const resampler *r, uint32_t y) {
  return r->ring + (y % r->ring_rows) * r->ring_pitch;
}

/* Brings rows into the ring until row `until` - 1 is in it. */
static void resampler_advance(resampler *r, uint32_t until, uint32_t last) {
  for (; r->next < until; r->next += 2) {
    const uint8_t *in[2] = {resampler_row(r, r->next, last), NULL};
    uint8_t *const out[2] = {resampler_slot(r, r->next), resampler_slot(r, r->next + 1)};
    in[1] = r->next + 1 < last ? resampler_row(r, r->next + 1, last) : in[0];
    r->kernels->across(out, in, &r->across);
  }
}

/* ---- rows out ---- */

static void resampler_output(resampler *r, const resample_target *target, uint32_t y) {
  uint32_t first = r->down.first[y], count = r->down.count[y];
  for (uint32_t k = 0; k < count; k++)
    r->stack[k] = resampler_slot(r, first + k);
  r->stack[count] = r->stack[count - 1]; /* kernels take rows in twos; the weight of this one is zero */
  r->kernels->down(r->line, r->stack, &r->down, y, r->ring_pitch);
  memcpy(target->pixels + y * target->stride, r->line, (size_t)target->width * RESAMPLE_PIXEL);
}

static akin_status resample_filtered(const resample_target *target, const akin_view *view, const akin_span *x,
                                     const akin_span *y, akin_filter filter, akin_error *err) {
  resampler r;
  akin_status status = resampler_make(&r, view, x, y, target, filter, err);
  if (status != AKIN_OK) return status;
  uint32_t last = y->high - y->low;
  r.next = r.down.first[0];
  for (uint32_t row = 0; row < target->height; row++) {
    resampler_advance(&r, r.down.first[row] + r.down.count[row], last);
    resampler_output(&r, target, row);
  }
  resampler_free(&r);
  return AKIN_OK;
}

/* ---- nearest neighbour ---- */

/* The pixel under each output's centre. The position is summed up step by step, as Pillow does: where a centre falls
 * on a pixel's border, the rounding errors decide. */
static void resample_positions(uint32_t *out, const akin_span *span, uint32_t outputs) {
  double step = (span->to - span->from) / span->whole;
  double at = span->from - span->low + step * 0.5;
  uint32_t last = span->high - span->low - 1;
  for (uint32_t i = 0; i < span->first + outputs; i++, at += step) {
    if (i < span->first) continue;
    uint32_t position = at < 0.0 ? 0 : (uint32_t)at;
    out[i - span->first] = span->low + (position < last ? position : last);
  }
}

static akin_status resample_nearest(const resample_target *target, const akin_view *view, const akin_span *x,
                                    const akin_span *y, akin_error *err) {
  uint32_t *columns = akin_calloc((size_t)target->width + target->height, sizeof *columns);
  if (!columns) return akin_fail(err, AKIN_ERROR_MEMORY, "out of memory: no room to resample");
  uint32_t *rows = columns + target->width;
  resample_positions(columns, x, target->width);
  resample_positions(rows, y, target->height);
  for (uint32_t row = 0; row < target->height; row++) {
    uint8_t *out = target->pixels + row * target->stride;
    for (uint32_t i = 0; i < target->width; i++, out += RESAMPLE_PIXEL)
      memcpy(out, akin_view_at(view, columns[i], rows[row]), RESAMPLE_PIXEL);
  }
  akin_free(columns);
  return AKIN_OK;
}

/* ---- the whole ---- */

/* The part from begin, `length` long, of a side of `whole` upright pixels, in pixels of a view that shows eighths / 8
 * of it on `side` pixels. A fraction of a pixel that the decoder added hangs over at the stored end, which is the
 * upright beginning where the axis is reversed. */
static akin_span resample_span(uint32_t begin, uint32_t length, uint32_t whole, uint32_t side, uint32_t eighths,
                               bool reversed) {
  double scale = eighths / 8.0;
  double shift = reversed ? side - whole * scale : 0.0;
  akin_span span = {.from = shift + begin * scale, .to = shift + ((double)begin + length) * scale};
  span.low = (uint32_t)span.from;
  span.high = (uint32_t)span.to + (span.to > (uint32_t)span.to);
  if (span.high > side) span.high = side;
  return span;
}

static void resample_pad(uint8_t *out, const akin_preparation *p) {
  size_t count = (size_t)p->width * p->height;
  for (size_t i = 0; i < count; i++)
    memcpy(out + i * RESAMPLE_PIXEL, p->pad_colour, RESAMPLE_PIXEL);
}

akin_status akin_resample_fit(uint8_t *out, const akin_view *view, uint32_t width, uint32_t height, uint32_t eighths,
                              const akin_preparation *p, akin_error *err) {
  akin_fit_plan plan = akin_fit_of(p, width, height);
  akin_span x = resample_span(plan.from.left, plan.from.width, width, view->width, eighths, view->across < 0);
  akin_span y = resample_span(plan.from.top, plan.from.height, height, view->height, eighths, view->down < 0);
  x.whole = plan.width;
  x.first = plan.shown.left;
  y.whole = plan.height;
  y.first = plan.shown.top;
  size_t stride = (size_t)p->width * RESAMPLE_PIXEL;
  resample_target target = {.pixels = out + plan.to.top * stride + (size_t)plan.to.left * RESAMPLE_PIXEL,
                            .stride = stride,
                            .width = plan.to.width,
                            .height = plan.to.height};
  if (plan.to.width != p->width || plan.to.height != p->height) resample_pad(out, p);
  if (p->filter == AKIN_FILTER_NEAREST) return resample_nearest(&target, view, &x, &y, err);
  return resample_filtered(&target, view, &x, &y, p->filter, err);
}
