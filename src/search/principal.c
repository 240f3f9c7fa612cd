/*
 * principal.c - the directions in which vectors differ most, by subspace iteration: a few more axes than are wanted are
 * multiplied by the matrix of products again and again, brought to right angles each time, and turned into the best
 * axes of what they span in the end. With n rows of length dim the matrix is the smaller one of [dim, dim] and [n, n]:
 * both have the same variances, and the axes of one follow from those of the other.
 */
#include "search/search.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"
#include "search/kernels.h"

#include <math.h>
#include <string.h>

#define PRINCIPAL_MORE   16 /* axes beyond those that are wanted: the last ones converge slowly */
#define PRINCIPAL_ROUNDS 12
#define PRINCIPAL_SWEEPS 12
#define PRINCIPAL_SEED   UINT64_C(0x61786573)

typedef struct principal {
  size_t m, k;    /* size of the matrix; how many axes are iterated */
  float *matrix;  /* f32 [m, m] */
  float *axes;    /* f32 [k, m], rows at right angles */
  float *next;    /* f32 [k, m] */
  double *small;  /* f64 [k, k]: the matrix as the axes see it, then diagonal */
  double *turned; /* f64 [k, k]: rows: the best axes in terms of the iterated ones */
} principal;

static void principal_free(principal *p) {
  akin_free(p->matrix);
  akin_free(p->axes);
  akin_free(p->next);
  akin_free(p->small);
  akin_free(p->turned);
}

/* ---- the matrix ---- */

/* rows: f32 [m, length]; products of all pairs over n. */
static void principal_products(principal *p, const float *rows, size_t length, size_t n) {
  for (size_t i = 0; i < p->m; i++) {
    akin_search_dots(p->matrix + i * p->m, rows + i * length, rows, i + 1, length, length);
    for (size_t j = 0; j <= i; j++)
      p->matrix[j * p->m + i] = p->matrix[i * p->m + j] = p->matrix[i * p->m + j] / (float)n;
  }
}

static akin_status principal_begin(principal *p, const float *rows, size_t n, size_t dim, size_t k, akin_error *err) {
  p->m = n < dim ? n : dim;
  p->k = k + PRINCIPAL_MORE < p->m ? k + PRINCIPAL_MORE : p->m;
  p->matrix = akin_calloc(p->m, p->m * sizeof *p->matrix);
  p->axes = akin_calloc(p->k, p->m * sizeof *p->axes);
  p->next = akin_calloc(p->k, p->m * sizeof *p->next);
  p->small = akin_calloc(p->k, p->k * sizeof *p->small);
  p->turned = akin_calloc(p->k, p->k * sizeof *p->turned);
  if (!p->matrix || !p->axes || !p->next || !p->small || !p->turned)
    return akin_fail_memory(err, p->m * p->m * sizeof *p->matrix);
  if (n < dim) {
    principal_products(p, rows, dim, n);
    return AKIN_OK;
  }
  float *columns = akin_calloc(dim, n * sizeof *columns);
  if (!columns) return akin_fail_memory(err, dim * n * sizeof *columns);
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < dim; j++)
      columns[j * n + i] = rows[i * dim + j];
  principal_products(p, columns, n, n);
  akin_free(columns);
  return AKIN_OK;
}

/* ---- the iteration ---- */

static double principal_dot(const float *a, const float *b, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; i++)
    sum += (double)a[i] * (double)b[i];
  return sum;
}

/* Brings the rows to right angles and unit length, each against those before it, twice, as once leaves what rounding
 * leaves. A row that lies in the span of the others becomes zero. */
static void principal_orthogonalise(float *rows, size_t k, size_t m) {
  for (size_t i = 0; i < k; i++) {
    float *row = rows + i * m;
    const double before = sqrt(principal_dot(row, row, m));
    for (int pass = 0; pass < 2; pass++)
      for (size_t j = 0; j < i; j++) {
        const double along = principal_dot(row, rows + j * m, m);
        for (size_t x = 0; x < m; x++)
          row[x] -= (float)(along * rows[j * m + x]);
      }
    const double length = sqrt(principal_dot(row, row, m));
    const double scale = length > 1e-6 * before ? 1 / length : 0;
    for (size_t x = 0; x < m; x++)
      row[x] = (float)(row[x] * scale);
  }
}

/* next = axes · matrix, which is symmetric. */
static void principal_multiply(principal *p) {
  for (size_t i = 0; i < p->k; i++)
    akin_search_dots(p->next + i * p->m, p->axes + i * p->m, p->matrix, p->m, p->m, p->m);
}

static void principal_iterate(principal *p) {
  akin_random random = {PRINCIPAL_SEED};
  for (size_t i = 0; i < p->k * p->m; i++)
    p->axes[i] = (float)((double)(akin_random_next(&random) >> 11) / 4503599627370496.0 - 1); /* -1 to 1 */
  principal_orthogonalise(p->axes, p->k, p->m);
  for (int round = 0; round < PRINCIPAL_ROUNDS; round++) {
    principal_multiply(p);
    memcpy(p->axes, p->next, p->k * p->m * sizeof *p->axes);
    principal_orthogonalise(p->axes, p->k, p->m);
  }
  principal_multiply(p);
  for (size_t i = 0; i < p->k; i++)
    for (size_t j = 0; j < p->k; j++)
      p->small[i * p->k + j] = principal_dot(p->axes + i * p->m, p->next + j * p->m, p->m);
}

/* ---- the best axes of what they span: Jacobi's rotations ---- */

static void principal_rotate(principal *p, size_t a, size_t b) {
  const size_t k = p->k;
  double *s = p->small, off = s[a * k + b];
  if (fabs(off) <= 1e-15 * (fabs(s[a * k + a]) + fabs(s[b * k + b]))) return;
  const double theta = (s[b * k + b] - s[a * k + a]) / (2 * off);
  const double t = (theta >= 0 ? 1 : -1) / (fabs(theta) + sqrt(theta * theta + 1));
  const double cosine = 1 / sqrt(t * t + 1), sine = t * cosine;
  for (size_t i = 0; i < k; i++) {
    const double x = s[a * k + i], y = s[b * k + i];
    s[a * k + i] = cosine * x - sine * y;
    s[b * k + i] = sine * x + cosine * y;
  }
  for (size_t i = 0; i < k; i++) {
    const double x = s[i * k + a], y = s[i * k + b];
    s[i * k + a] = cosine * x - sine * y;
    s[i * k + b] = sine * x + cosine * y;
  }
  for (size_t i = 0; i < k; i++) {
    const double x = p->turned[a * k + i], y = p->turned[b * k + i];
    p->turned[a * k + i] = cosine * x - sine * y;
    p->turned[b * k + i] = sine * x + cosine * y;
  }
}

static void principal_turn(principal *p) {
  for (size_t i = 0; i < p->k; i++)
    p->turned[i * p->k + i] = 1;
  for (int sweep = 0; sweep < PRINCIPAL_SWEEPS; sweep++)
    for (size_t a = 0; a < p->k; a++)
      for (size_t b = a + 1; b < p->k; b++)
        principal_rotate(p, a, b);
}

/* The row of `small` with the largest variance that was not taken yet; it is then marked as taken. */
static size_t principal_take(principal *p, double *variance) {
  size_t best = 0;
  for (size_t i = 1; i < p->k; i++)
    if (p->small[i * p->k + i] > p->small[best * p->k + best]) best = i;
  *variance = p->small[best * p->k + best];
  p->small[best * p->k + best] = -INFINITY;
  return best;
}

/* out: f32 [m], the axis in terms of the matrix. */
static void principal_axis(const principal *p, float *out, size_t index) {
  memset(out, 0, p->m * sizeof *out);
  for (size_t j = 0; j < p->k; j++) {
    const float share = (float)p->turned[index * p->k + j];
    for (size_t x = 0; x < p->m; x++)
      out[x] += share * p->axes[j * p->m + x];
  }
}

/* out: f32 [dim] += what the rows, each times its share, add up to */
static void principal_combine(float *out, const float *shares, const float *rows, size_t n, size_t dim) {
  for (size_t i = 0; i < n; i++)
    for (size_t x = 0; x < dim; x++)
      out[x] += shares[i] * rows[i * dim + x];
}

akin_status akin_search_principal(float *axes, float *variances, const float *rows, size_t n, uint32_t dim, uint32_t k,
                                  akin_error *err) {
  principal p = {0};
  memset(axes, 0, (size_t)k * dim * sizeof *axes);
  memset(variances, 0, k * sizeof *variances);
  if (n == 0) return AKIN_OK;
  akin_status status = principal_begin(&p, rows, n, dim, k, err);
  if (!status) {
    principal_iterate(&p);
    principal_turn(&p);
  }
  for (size_t i = 0; !status && i < k && i < p.k; i++) {
    double variance = 0;
    const size_t index = principal_take(&p, &variance);
    principal_axis(&p, p.next, index);
    if (n < dim)
      principal_combine(axes + i * dim, p.next, rows, n, dim);
    else
      memcpy(axes + i * dim, p.next, dim * sizeof *axes);
    variances[i] = variance > 0 ? (float)variance : 0;
  }
  if (!status) principal_orthogonalise(axes, k, dim);
  principal_free(&p);
  return status;
}
