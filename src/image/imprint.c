/* imprint.c - see imprint.h. */
#include "image/imprint.h"

#include "image/image.h"
#include "image/register.h"

#include <math.h>
#include <string.h>

#define SIDE    AKIN_IMPRINT_SIDE
#define COLOUR  AKIN_IMPRINT_COLOUR
#define SQUARES 8                /* across and down */
#define SQUARE  (SIDE / SQUARES) /* pixels across and down */

/* Set on one half of the photos, measured on the other: docs/duplicates.md. */
#define IMPRINT_AGREEMENT  0.93f /* at least */
#define IMPRINT_BRIGHTNESS 8.0f  /* at most: root mean square of the squares' differences */
#define IMPRINT_DYED       0.4f  /* at most: the difference of colours, as a part of them */
#define IMPRINT_GAIN       2.5f  /* contrast changed by this factor at most */
#define IMPRINT_SQUARE     20.0f /* at most: root mean square of what is left in any one square */
#define IMPRINT_CUT        0.12f /* at most: of a side's length, from either picture */

/* Below, nothing is worth laying over anything: the smallest correlation of 8 × 8 pixels as they lie. True copies have
 * 0.8 and more. */
#define IMPRINT_ROUGHLY 0.6f
/* The same at half the size, before the last level: true copies have 0.9 and more. */
#define IMPRINT_MIDDLE 0.75f
/* A picture whose brightness varies by less is flat; two flat ones may differ by as much. */
#define IMPRINT_FLAT 3.0f

/* ---- making one ---- */

akin_status akin_image_imprint(akin_imprint *out, const void *bytes, size_t n, const akin_limits *limits,
                               akin_error *err) {
  const akin_preparation p = AKIN_PREPARATION_INIT(SIDE, SIDE);
  uint8_t rgb[SIDE * SIDE * 3];
  int blue[COLOUR * COLOUR] = {0}, red[COLOUR * COLOUR] = {0};
  const int part = SIDE / COLOUR;
  akin_status status = akin_image_prepare(rgb, NULL, bytes, n, &p, limits, err);
  if (status) return status;
  for (int y = 0; y < SIDE; y++)
    for (int x = 0; x < SIDE; x++) {
      const uint8_t *c = rgb + (y * SIDE + x) * 3;
      const int luma = (299 * c[0] + 587 * c[1] + 114 * c[2] + 500) / 1000;
      const int cell = y / part * COLOUR + x / part;
      out->luma[y * SIDE + x] = (uint8_t)luma;
      blue[cell] += c[2] - luma;
      red[cell] += c[0] - luma;
    }
  for (int i = 0; i < COLOUR * COLOUR; i++) {
    out->blue[i] = (int16_t)(blue[i] / (part * part));
    out->red[i] = (int16_t)(red[i] / (part * part));
  }
  return AKIN_OK;
}

void akin_imprint_mirror(akin_imprint *out, const akin_imprint *in) {
  for (int y = 0; y < SIDE; y++)
    for (int x = 0; x < SIDE; x++)
      out->luma[y * SIDE + x] = in->luma[y * SIDE + SIDE - 1 - x];
  for (int y = 0; y < COLOUR; y++)
    for (int x = 0; x < COLOUR; x++) {
      out->blue[y * COLOUR + x] = in->blue[y * COLOUR + COLOUR - 1 - x];
      out->red[y * COLOUR + x] = in->red[y * COLOUR + COLOUR - 1 - x];
    }
}

/* ---- a first look ---- */

static float imprint_spread(const akin_imprint *p) {
  float sum = 0.0f, squares = 0.0f;
  for (int i = 0; i < SIDE * SIDE; i++) {
    sum += (float)p->luma[i];
    squares += (float)p->luma[i] * (float)p->luma[i];
  }
  const float mean = sum / (SIDE * SIDE), variance = squares / (SIDE * SIDE) - mean * mean;
  return variance > 0.0f ? sqrtf(variance) : 0.0f;
}

/* Mean difference of pixels, brightness and colour. */
static float imprint_difference(const akin_imprint *a, const akin_imprint *b) {
  float luma = 0.0f, colour = 0.0f;
  for (int i = 0; i < SIDE * SIDE; i++)
    luma += fabsf((float)a->luma[i] - (float)b->luma[i]);
  for (int i = 0; i < COLOUR * COLOUR; i++)
    colour += fabsf((float)(a->blue[i] - b->blue[i])) + fabsf((float)(a->red[i] - b->red[i]));
  luma /= SIDE * SIDE;
  colour /= COLOUR * COLOUR;
  return luma > colour ? luma : colour;
}

static void imprint_shrink(float out[SQUARES * SQUARES], const akin_imprint *p) {
  memset(out, 0, SQUARES * SQUARES * sizeof *out);
  for (int i = 0; i < SIDE * SIDE; i++)
    out[i / SIDE / SQUARE * SQUARES + i % SIDE / SQUARE] += (float)p->luma[i];
}

/* The correlation of 8 × 8 pixels as they lie. */
static float imprint_roughly(const akin_imprint *a, const akin_imprint *b) {
  float x[SQUARES * SQUARES], y[SQUARES * SQUARES], mean_x = 0.0f, mean_y = 0.0f;
  float xx = 0.0f, yy = 0.0f, xy = 0.0f;
  imprint_shrink(x, a);
  imprint_shrink(y, b);
  for (int i = 0; i < SQUARES * SQUARES; i++) {
    mean_x += x[i] / (SQUARES * SQUARES);
    mean_y += y[i] / (SQUARES * SQUARES);
  }
  for (int i = 0; i < SQUARES * SQUARES; i++) {
    xx += (x[i] - mean_x) * (x[i] - mean_x);
    yy += (y[i] - mean_y) * (y[i] - mean_y);
    xy += (x[i] - mean_x) * (y[i] - mean_y);
  }
  return xy / (sqrtf(xx * yy) + 1e-9f);
}

/* ---- laid over each other ---- */

/* The value at a place; false outside. plane: [side, side] */
static bool imprint_sample(float *out, const float *plane, int side, float x, float y) {
  const float last = (float)(side - 1);
  if (!(x >= 0.0f && x <= last && y >= 0.0f && y <= last)) return false;
  const int left = x < last ? (int)x : side - 2, top = y < last ? (int)y : side - 2;
  const float fx = x - (float)left, fy = y - (float)top;
  const float *p = plane + top * side + left;
  const float upper = p[0] + fx * (p[1] - p[0]), lower = p[side] + fx * (p[side + 1] - p[side]);
  *out = upper + fy * (lower - upper);
  return true;
}

/* Sums over pixels: of one square, or of all. */
typedef struct overlay_sums {
  float n, a, b, aa, bb, ab;
} overlay_sums;

static void overlay_add(overlay_sums *s, float a, float b) {
  s->n += 1.0f;
  s->a += a;
  s->b += b;
  s->aa += a * a;
  s->bb += b * b;
  s->ab += a * b;
}

static void overlay_total(overlay_sums *total, const overlay_sums *s) {
  total->n += s->n;
  total->a += s->a;
  total->b += s->b;
  total->aa += s->aa;
  total->bb += s->bb;
  total->ab += s->ab;
}

/* Variances and covariance, never negative but for the latter. */
static void overlay_moments(const overlay_sums *s, float *aa, float *bb, float *ab) {
  const float ma = s->a / s->n, mb = s->b / s->n;
  *aa = fmaxf(s->aa / s->n - ma * ma, 0.0f);
  *bb = fmaxf(s->bb / s->n - mb * mb, 0.0f);
  *ab = s->ab / s->n - ma * mb;
}

typedef struct overlay {
  overlay_sums bright[SQUARES * SQUARES]; /* pixels that are not clipped to white */
  overlay_sums clear[SQUARES * SQUARES];  /* those that are not clipped to black either */
  float least;                            /* pixels that a square must have to count */
} overlay;

#define OVERLAY_WHITE 238.0f
#define OVERLAY_LIGHT 170.0f
#define OVERLAY_BLACK 6.0f

/* White in one picture and light in the other: what was there may be gone. A dark print on what is white in the other
 * picture is no such thing. */
static bool overlay_clipped(float a, float b) {
  return (a >= OVERLAY_WHITE || b >= OVERLAY_WHITE) && a >= OVERLAY_LIGHT && b >= OVERLAY_LIGHT;
}

/* A square counts when this part of its pixels does. */
#define OVERLAY_PART 0.375f

static void overlay_make(overlay *o, const akin_pyramid *a, const akin_pyramid *b, const akin_placing *p, int level) {
  const int side = AKIN_REGISTER_SIDE(level), square = side / SQUARES;
  memset(o, 0, sizeof *o);
  for (int y = 0; y < side; y++) {
    const float down = akin_placing_at(p->scale_y, p->shift_y, y, side);
    for (int x = 0; x < side; x++) {
      const float va = a->level[level][y * side + x];
      const int at = y / square * SQUARES + x / square;
      float vb;
      if (!imprint_sample(&vb, b->level[level], side, akin_placing_at(p->scale_x, p->shift_x, x, side), down)) continue;
      if (overlay_clipped(va, vb)) continue;
      overlay_add(&o->bright[at], va, vb);
      if (va > OVERLAY_BLACK && vb > OVERLAY_BLACK) overlay_add(&o->clear[at], va, vb);
    }
  }
  o->least = OVERLAY_PART * (float)(square * square);
}

/* Noise that is no structure: its variance, in a smoothed picture. */
#define OVERLAY_NOISE 9.0f

/* The smaller of two means of the squares' correlations: as they are, and weighted by what is to be seen in them. */
static float overlay_agreement(const overlay *o) {
  float plain = 0.0f, count = 0.0f, weighted = 0.0f, weight = 0.0f;
  for (int i = 0; i < SQUARES * SQUARES; i++) {
    float aa, bb, ab;
    if (o->bright[i].n < o->least) continue;
    overlay_moments(&o->bright[i], &aa, &bb, &ab);
    const float correlation = (ab + OVERLAY_NOISE) / sqrtf((aa + OVERLAY_NOISE) * (bb + OVERLAY_NOISE));
    const float w = sqrtf(fmaxf(aa, bb));
    plain += correlation;
    count += 1.0f;
    weighted += w * correlation;
    weight += w;
  }
  if (!(count > 0.0f && weight > 0.0f)) return 0.0f;
  return fminf(plain / count, weighted / weight);
}

/* One contrast and brightness for all squares: a = gain · (b - mean_b) + mean_a. False when there are too few pixels.
 */
static bool overlay_gain(const overlay *o, float *gain, float *mean_a, float *mean_b) {
  overlay_sums all = {0};
  float aa, bb, ab;
  for (int i = 0; i < SQUARES * SQUARES; i++)
    overlay_total(&all, &o->clear[i]);
  if (all.n < SIDE * SIDE / 20.0f) return false;
  overlay_moments(&all, &aa, &bb, &ab);
  *gain = ab / (bb + 1e-3f);
  *mean_a = all.a / all.n;
  *mean_b = all.b / all.n;
  return *gain >= 1.0f / IMPRINT_GAIN && *gain <= IMPRINT_GAIN;
}

/* Root mean square of what is left of the squares' mean brightness. */
static float overlay_brightness(const overlay *o, float gain, float mean_a, float mean_b) {
  float sum = 0.0f, count = 0.0f;
  for (int i = 0; i < SQUARES * SQUARES; i++) {
    const overlay_sums *s = &o->clear[i];
    if (s->n < o->least) continue;
    const float left = s->a / s->n - mean_a - gain * (s->b / s->n - mean_b);
    sum += left * left;
    count += 1.0f;
  }
  return count > 0.0f ? sqrtf(sum / count) : 0.0f;
}

/* The most that is left in one square: what was written or drawn into one of the pictures. */
static float overlay_worst_square(const overlay *o, float gain) {
  float worst = 0.0f;
  for (int i = 0; i < SQUARES * SQUARES; i++) {
    float aa, bb, ab;
    if (o->bright[i].n < o->least) continue;
    overlay_moments(&o->bright[i], &aa, &bb, &ab);
    worst = fmaxf(worst, aa - 2.0f * gain * ab + gain * gain * bb);
  }
  return sqrtf(worst);
}

/* The largest part of a side that one picture lacks of the other. */
static float placing_cut(float scale, float shift) {
  const float of_a = fmaxf((-1.0f - shift) / scale + 1.0f, 1.0f - (1.0f - shift) / scale);
  const float of_b = fmaxf(shift - scale + 1.0f, 1.0f - scale - shift);
  return 0.5f * fmaxf(of_a, of_b);
}

/* ---- colour ---- */

typedef struct dye {
  float difference[SQUARES * SQUARES], count[SQUARES * SQUARES], size; /* of one of the two axes of colour */
} dye;

/* One axis of colour, in squares of 2 × 2 of its pixels. */
static void dye_measure(dye *d, const overlay *o, const int16_t *a, const int16_t *b, const akin_placing *p,
                        float gain) {
  float plane[COLOUR * COLOUR];
  const int part = COLOUR / SQUARES;
  memset(d, 0, sizeof *d);
  for (int i = 0; i < COLOUR * COLOUR; i++)
    plane[i] = b[i];
  for (int y = 0; y < COLOUR; y++)
    for (int x = 0; x < COLOUR; x++) {
      const int square = y / part * SQUARES + x / part;
      float vb;
      if (o->clear[square].n < o->least ||
          !imprint_sample(&vb, plane, COLOUR, akin_placing_at(p->scale_x, p->shift_x, x, COLOUR),
                          akin_placing_at(p->scale_y, p->shift_y, y, COLOUR)))
        continue;
      const float va = a[y * COLOUR + x];
      d->difference[square] += va - gain * vb;
      d->count[square] += 1.0f;
      d->size += fmaxf(va * va, gain * vb * gain * vb);
    }
}

/* How differently they are dyed, as a part of the colour that there is. */
static float overlay_dyed(const overlay *o, const akin_imprint *a, const akin_imprint *b, const akin_placing *p,
                          float gain) {
  dye blue, red;
  float sum = 0.0f, squares = 0.0f, pixels = 0.0f;
  dye_measure(&blue, o, a->blue, b->blue, p, gain);
  dye_measure(&red, o, a->red, b->red, p, gain);
  for (int i = 0; i < SQUARES * SQUARES; i++) {
    pixels += blue.count[i];
    if (blue.count[i] < 2.0f) continue;
    const float db = blue.difference[i] / blue.count[i], dr = red.difference[i] / red.count[i];
    sum += db * db + dr * dr;
    squares += 1.0f;
  }
  if (!(squares > 0.0f)) return 0.0f;
  const float noise = 10.0f; /* so that near grey nothing is dyed */
  return sqrtf(sum / squares) / (noise + sqrtf((blue.size + red.size) / pixels));
}

/* ---- the judgement ---- */

typedef struct judgement {
  float agreement;
  bool same;
} judgement;

static judgement imprint_judge(const akin_imprint *a, const akin_imprint *b, const akin_pyramid *pa,
                               const akin_pyramid *pb, const akin_placing *p) {
  overlay o;
  judgement j = {0.0f, false};
  float gain, mean_a, mean_b;
  overlay_make(&o, pa, pb, p, AKIN_REGISTER_LEVELS - 1);
  j.agreement = fminf(fmaxf(overlay_agreement(&o), 0.0f), 1.0f);
  j.same = j.agreement >= IMPRINT_AGREEMENT && placing_cut(p->scale_x, p->shift_x) <= IMPRINT_CUT &&
           placing_cut(p->scale_y, p->shift_y) <= IMPRINT_CUT && overlay_gain(&o, &gain, &mean_a, &mean_b) &&
           overlay_worst_square(&o, gain) <= IMPRINT_SQUARE &&
           overlay_brightness(&o, gain, mean_a, mean_b) <= IMPRINT_BRIGHTNESS &&
           overlay_dyed(&o, a, b, p, gain) <= IMPRINT_DYED;
  return j;
}

/* From one beginning. Most that are not the same are seen to be different on the middle level already. */
static judgement imprint_try(const akin_imprint *a, const akin_imprint *b, const akin_pyramid *pa,
                             const akin_pyramid *pb, akin_placing p) {
  overlay o;
  judgement j = {0.0f, false};
  if (!akin_register(&p, pa, pb, 0) || !akin_register(&p, pa, pb, 1)) return j;
  overlay_make(&o, pa, pb, &p, 1);
  j.agreement = fminf(fmaxf(overlay_agreement(&o), 0.0f), 1.0f);
  if (j.agreement < IMPRINT_MIDDLE || !akin_register(&p, pa, pb, 2)) return j;
  return imprint_judge(a, b, pa, pb, &p);
}

/* Tries several beginnings: as it is, and cut by a tenth in one picture or the other. */
static judgement imprint_overlay(const akin_imprint *a, const akin_imprint *b) {
  static const akin_placing starts[] = {
      {1.0f, 0.0f, 1.0f, 0.0f}, {0.9f, 0.0f, 0.9f, 0.0f}, {1.11f, 0.0f, 1.11f, 0.0f}, {0.9f, 0.0f, 1.11f, 0.0f}};
  akin_pyramid pa, pb;
  judgement best = {0.0f, false};
  akin_pyramid_make(&pa, a->luma);
  akin_pyramid_make(&pb, b->luma);
  for (size_t i = 0; i < sizeof starts / sizeof *starts && best.agreement < IMPRINT_AGREEMENT; i++) {
    const judgement j = imprint_try(a, b, &pa, &pb, starts[i]);
    if (j.agreement > best.agreement) best = j;
  }
  return best;
}

bool akin_imprint_same(const akin_imprint *a, const akin_imprint *b, float *agreement) {
  if (memcmp(a, b, sizeof *a) > 0) { /* one order, whatever the caller's */
    const akin_imprint *kept = a;
    a = b;
    b = kept;
  }
  *agreement = 0.0f;
  if (imprint_spread(a) < IMPRINT_FLAT || imprint_spread(b) < IMPRINT_FLAT) {
    const float difference = imprint_difference(a, b);
    *agreement = fmaxf(1.0f - difference / 255.0f, 0.0f);
    return difference <= IMPRINT_FLAT;
  }
  if (imprint_roughly(a, b) < IMPRINT_ROUGHLY) return false;
  const judgement j = imprint_overlay(a, b);
  *agreement = j.agreement;
  return j.same;
}
