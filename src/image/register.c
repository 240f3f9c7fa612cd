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
/* Below and above, the two have nothing in common. */
#define REGISTER_GAIN_LEAST 0.2
#define REGISTER_GAIN_MOST  5.0

static const int register_side[AKIN_REGISTER_LEVELS] = {16, 32, 64};
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

/* Least squares: sum of row·rowᵀ and row·value. */
typedef struct register_sums {
  double matrix[UNKNOWNS][UNKNOWNS]; /* the upper right half while adding */
  double vector[UNKNOWNS];
  int count;
} register_sums;

static void register_add(register_sums *s, const float row[UNKNOWNS], float value) {
  for (int i = 0; i < UNKNOWNS; i++) {
    for (int j = i; j < UNKNOWNS; j++)
      s->matrix[i][j] += (double)(row[i] * row[j]);
    s->vector[i] += (double)(row[i] * value);
  }
  s->count++;
}

/* One row of pixels: value of `a` = gain · b + offset + the change of b with the placing. */
static void register_add_row(register_sums *s, const float *a, const float *b, int side, const akin_placing *p, int y) {
  const float half = 0.5f * (float)side;
  const float down = akin_placing_at(p->scale_y, p->shift_y, y, side);
  if (!(down >= 0.0f && down <= (float)(side - 1))) return;
  const int top = down < (float)(side - 1) ? (int)down : side - 2;
  const float fy = down - (float)top;
  const float place_y = ((float)y + 0.5f) / half - 1.0f;
  for (int x = 0; x < side; x++) {
    const float across = akin_placing_at(p->scale_x, p->shift_x, x, side);
    if (!(across >= 0.0f && across <= (float)(side - 1))) continue;
    const int left = across < (float)(side - 1) ? (int)across : side - 2;
    const float fx = across - (float)left;
    const float *q = b + top * side + left;
    const float upper = q[0] + fx * (q[1] - q[0]), lower = q[side] + fx * (q[side + 1] - q[side]);
    const float gx = half * ((q[1] - q[0]) * (1.0f - fy) + (q[side + 1] - q[side]) * fy);
    const float gy = half * (lower - upper);
    const float place_x = ((float)x + 0.5f) / half - 1.0f;
    const float row[UNKNOWNS] = {upper + fy * (lower - upper), 1.0f, gx * place_x, gx, gy * place_y, gy};
    register_add(s, row, a[y * side + x]);
  }
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

static bool register_move(float *value, double change, float rest) {
  const float step = (float)change;
  *value += step > REGISTER_STEP ? REGISTER_STEP : step < -REGISTER_STEP ? -REGISTER_STEP : step;
  return fabsf(*value - rest) <= REGISTER_REACH; /* false for NaN */
}

static bool register_step(akin_placing *p, const float *a, const float *b, int side) {
  register_sums sums = {0};
  double solution[UNKNOWNS];
  for (int y = 0; y < side; y++)
    register_add_row(&sums, a, b, side, p, y);
  const double half = 0.5 * side;
  for (int i = 0; i < UNKNOWNS; i++) {
    for (int j = 0; j < i; j++)
      sums.matrix[i][j] = sums.matrix[j][i];
    if (i >= 2) sums.matrix[i][i] += sums.count * REGISTER_DAMPING * half * half;
  }
  if (!register_solve(solution, &sums)) return false;
  const double gain = solution[0];
  if (!(gain >= REGISTER_GAIN_LEAST && gain <= REGISTER_GAIN_MOST)) return false;
  return register_move(&p->scale_x, solution[2] / gain, 1.0f) && register_move(&p->shift_x, solution[3] / gain, 0.0f) &&
         register_move(&p->scale_y, solution[4] / gain, 1.0f) && register_move(&p->shift_y, solution[5] / gain, 0.0f);
}

bool akin_register(akin_placing *placing, const akin_pyramid *a, const akin_pyramid *b) {
  for (int level = 0; level < AKIN_REGISTER_LEVELS; level++)
    for (int i = 0; i < register_steps[level]; i++)
      if (!register_step(placing, a->level[level], b->level[level], register_side[level])) return false;
  return true;
}
