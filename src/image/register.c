/* register.c - see register.h. */
#include "image/register.h"

#include <math.h>
#include <string.h>

#define UNKNOWNS 6 /* gain, offset, scale and shift across, scale and shift down */

/* How far from "as it is" a placing may be, as a part of half the picture. */
#define REGISTER_REACH 0.3f
/* The most that one step may change. */
#define REGISTER_STEP 0.1f
/* Keeps flat parts from throwing the placing about: as if each pixel had a gradient of its own, squared. */
#define REGISTER_DAMPING 0.02
/* A step that moves nothing by more than this part of half a pixel is the last one. */
#define REGISTER_RESTS 0.1f
/* Below and above, the two have nothing in common. */
#define REGISTER_GAIN_LEAST 0.2
#define REGISTER_GAIN_MOST  5.0

static const int register_steps[AKIN_REGISTER_LEVELS] = {6, 4, 3};

/* ---- the pyramid ---- */

/* 1 2 1 across and down; the edge repeats itself. */
static void pyramid_smooth(float *out, const float *in, int side) {
  float across[64 * 64];
  for (int y = 0; y < side; y++)
    for (int x = 0; x < side; x++) {
      const float *p = in + y * side + x;
      across[y * side + x] = (p[x > 0 ? -1 : 0] + 2.0f * p[0] + p[x + 1 < side ? 1 : 0]) * 0.25f;
    }
  for (int y = 0; y < side; y++)
    for (int x = 0; x < side; x++) {
      const float *p = across + y * side + x;
      out[y * side + x] = (p[y > 0 ? -side : 0] + 2.0f * p[0] + p[y + 1 < side ? side : 0]) * 0.25f;
    }
}

static void pyramid_halve(float *out, const float *in, int side) {
  for (int y = 0; y < side / 2; y++)
    for (int x = 0; x < side / 2; x++) {
      const float *p = in + 2 * y * side + 2 * x;
      out[y * (side / 2) + x] = (p[0] + p[1] + p[side] + p[side + 1]) * 0.25f;
    }
}

void akin_pyramid_make(akin_pyramid *out, const uint8_t *luma) {
  float smaller[16 * 16];
  float plain[64 * 64];
  for (int i = 0; i < 64 * 64; i++)
    plain[i] = luma[i];
  pyramid_smooth(out->level[2], plain, 64);
  pyramid_halve(plain, out->level[2], 64);
  pyramid_halve(smaller, plain, 32);
  pyramid_smooth(out->level[1], plain, 32);
  pyramid_smooth(out->level[0], smaller, 16);
}

/* ---- one step ---- */

/* Sums are kept in lanes, so that the compiler can add several pixels at once. */
#define LANES 8
/* Products of two unknowns' factors, the upper right half of a matrix, then those with the value. */
#define PRODUCTS (UNKNOWNS * (UNKNOWNS + 1) / 2 + UNKNOWNS)

/* A row of pixels: each one's factors of the unknowns, and its value; all 0 where the other picture does not reach. */
typedef struct register_row {
  float factor[UNKNOWNS][64];
  float value[64];
} register_row;

/* For a column: the pixel of b at its left, and how far it is beyond it. */
typedef struct register_columns {
  int left[64];
  float beyond[64], place[64];
  int first, end; /* the columns that b reaches */
} register_columns;

static void register_place_columns(register_columns *c, int side, const akin_placing *p) {
  c->first = c->end = 0;
  for (int x = 0; x < side; x++) {
    const float across = akin_placing_at(p->scale_x, p->shift_x, x, side);
    if (!(across >= 0.0f && across <= (float)(side - 1))) continue;
    if (c->end == 0) c->first = x;
    c->end = x + 1;
    c->left[x] = across < (float)(side - 1) ? (int)across : side - 2;
    c->beyond[x] = across - (float)c->left[x];
    c->place[x] = ((float)x + 0.5f) / (float)side * 2.0f - 1.0f;
  }
}

/* False when b does not reach the row. Value of a = gain · b + offset + the change of b with the placing. */
static bool register_fill_row(register_row *row, const float *a, const float *b, int side, const akin_placing *p,
                              const register_columns *c, int y) {
  const float half = 0.5f * (float)side;
  const float down = akin_placing_at(p->scale_y, p->shift_y, y, side);
  if (!(down >= 0.0f && down <= (float)(side - 1))) return false;
  const int top = down < (float)(side - 1) ? (int)down : side - 2;
  const float fy = down - (float)top;
  const float place_y = ((float)y + 0.5f) / half - 1.0f;
  for (int x = c->first; x < c->end; x++) {
    const float *q = b + top * side + c->left[x];
    const float fx = c->beyond[x];
    const float upper = q[0] + fx * (q[1] - q[0]), lower = q[side] + fx * (q[side + 1] - q[side]);
    const float gx = half * ((q[1] - q[0]) * (1.0f - fy) + (q[side + 1] - q[side]) * fy);
    const float gy = half * (lower - upper);
    row->factor[0][x] = upper + fy * (lower - upper);
    row->factor[1][x] = 1.0f;
    row->factor[2][x] = gx * c->place[x];
    row->factor[3][x] = gx;
    row->factor[4][x] = gy * place_y;
    row->factor[5][x] = gy;
    row->value[x] = a[y * side + x];
  }
  return true;
}

static void register_add_product(float lanes[LANES], const float *a, const float *b, int side) {
  float sums[LANES];
  memcpy(sums, lanes, sizeof sums);
  for (int x = 0; x < side; x += LANES)
    for (int lane = 0; lane < LANES; lane++)
      sums[lane] += a[x + lane] * b[x + lane];
  memcpy(lanes, sums, sizeof sums);
}

static void register_add_row(float lanes[PRODUCTS][LANES], const register_row *row, int side) {
  int product = 0;
  for (int i = 0; i < UNKNOWNS; i++)
    for (int j = i; j < UNKNOWNS; j++)
      register_add_product(lanes[product++], row->factor[i], row->factor[j], side);
  for (int i = 0; i < UNKNOWNS; i++)
    register_add_product(lanes[product++], row->factor[i], row->value, side);
}

/* Least squares: what is to be solved for the unknowns. */
typedef struct register_sums {
  double matrix[UNKNOWNS][UNKNOWNS];
  double vector[UNKNOWNS];
} register_sums;

static double register_total(const float lanes[LANES]) {
  double sum = 0;
  for (int lane = 0; lane < LANES; lane++)
    sum += (double)lanes[lane];
  return sum;
}

static void register_collect(register_sums *s, float lanes[PRODUCTS][LANES], int side) {
  const double half = 0.5 * side;
  int product = 0;
  for (int i = 0; i < UNKNOWNS; i++)
    for (int j = i; j < UNKNOWNS; j++)
      s->matrix[i][j] = s->matrix[j][i] = register_total(lanes[product++]);
  for (int i = 0; i < UNKNOWNS; i++)
    s->vector[i] = register_total(lanes[product++]);
  for (int i = 2; i < UNKNOWNS; i++) /* matrix[1][1] counts the pixels */
    s->matrix[i][i] += s->matrix[1][1] * REGISTER_DAMPING * half * half;
}

/* Gaussian elimination with the largest pivot; false when there is none. */
static bool register_solve(double solution[UNKNOWNS], register_sums *s) {
  double(*m)[UNKNOWNS] = s->matrix;
  for (int i = 0; i < UNKNOWNS; i++) {
    int pivot = i;
    for (int k = i + 1; k < UNKNOWNS; k++)
      if (fabs(m[k][i]) > fabs(m[pivot][i])) pivot = k;
    if (!(fabs(m[pivot][i]) > 1e-9)) return false;
    for (int j = i; j < UNKNOWNS; j++) {
      const double kept = m[i][j];
      m[i][j] = m[pivot][j];
      m[pivot][j] = kept;
    }
    const double kept = s->vector[i];
    s->vector[i] = s->vector[pivot];
    s->vector[pivot] = kept;
    for (int k = i + 1; k < UNKNOWNS; k++) {
      const double factor = m[k][i] / m[i][i];
      for (int j = i; j < UNKNOWNS; j++)
        m[k][j] -= factor * m[i][j];
      s->vector[k] -= factor * s->vector[i];
    }
  }
  for (int i = UNKNOWNS - 1; i >= 0; i--) {
    double rest = s->vector[i];
    for (int j = i + 1; j < UNKNOWNS; j++)
      rest -= m[i][j] * solution[j];
    solution[i] = rest / m[i][i];
  }
  return true;
}

/* *largest: becomes the size of the change when that is more. */
static bool register_move(float *value, double change, float rest, float *largest) {
  const float wanted = (float)change;
  const float step = wanted > REGISTER_STEP ? REGISTER_STEP : wanted < -REGISTER_STEP ? -REGISTER_STEP : wanted;
  *value += step;
  if (fabsf(step) > *largest) *largest = fabsf(step);
  return fabsf(*value - rest) <= REGISTER_REACH; /* false for NaN */
}

static bool register_step(akin_placing *p, const float *a, const float *b, int side, float *largest) {
  float lanes[PRODUCTS][LANES] = {{0}};
  register_row row = {{{0}}, {0}};
  register_columns columns;
  register_sums sums;
  double solution[UNKNOWNS];
  register_place_columns(&columns, side, p);
  for (int y = 0; y < side; y++)
    if (register_fill_row(&row, a, b, side, p, &columns, y)) register_add_row(lanes, &row, side);
  register_collect(&sums, lanes, side);
  if (!register_solve(solution, &sums)) return false;
  const double gain = solution[0];
  if (!(gain >= REGISTER_GAIN_LEAST && gain <= REGISTER_GAIN_MOST)) return false;
  *largest = 0.0f;
  return register_move(&p->scale_x, solution[2] / gain, 1.0f, largest) &&
         register_move(&p->shift_x, solution[3] / gain, 0.0f, largest) &&
         register_move(&p->scale_y, solution[4] / gain, 1.0f, largest) &&
         register_move(&p->shift_y, solution[5] / gain, 0.0f, largest);
}

bool akin_register(akin_placing *placing, const akin_pyramid *a, const akin_pyramid *b, int level) {
  const int side = AKIN_REGISTER_SIDE(level);
  float largest = 1.0f;
  for (int i = 0; i < register_steps[level] && largest > REGISTER_RESTS / (float)side; i++)
    if (!register_step(placing, a->level[level], b->level[level], side, &largest)) return false;
  return true;
}
