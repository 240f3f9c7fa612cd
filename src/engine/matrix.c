/*
 * matrix.c - every stored feature, and the similarity of every pair, row by row in order of path.
 *
 * Rows are made in bands, tile by tile on all cores. A pair's product is computed for both of its rows: holding one
 * back until the other row's turn would take the memory of half the matrix, and writing it to its place in a file would
 * scatter the writes; the products of 20,000 × 20,000 take less time than writing them. Both have the same bits
 * (search/tiles.h).
 */
#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/thread.h"
#include "engine/table.h"
#include "search/tiles.h"

#include <stdatomic.h>

akin_status akin_store_features(akin_store *store, const char *model, akin_feature_row *visit, void *context,
                                akin_error *err) {
  akin_table table;
  akin_stored_model *stored = NULL;
  akin_status status = akin_table_of_model(&table, &stored, store, model, err);
  for (size_t i = 0; !status && i < table.count; i++)
    status = visit(context, table.paths[i], table.features[table.images[i].content], stored->dim);
  akin_stored_models_free(stored, stored ? 1 : 0);
  akin_table_free(&table);
  return status;
}

/* ---- the matrix ---- */

#define MATRIX_BAND    240                /* rows at a time, a multiple of AKIN_TILE_ROWS … */
#define MATRIX_BYTES   ((size_t)64 << 20) /* … or fewer, so that they take no more than this */
#define MATRIX_COLUMNS 512                /* of a tile, a multiple of AKIN_TILE_COLUMNS */
#define MATRIX_TRIAL   0.005              /* seconds that the estimate measures at least */

typedef struct matrix {
  akin_table table;
  const float **features; /* [n], of the images */
  uint32_t dim;
  size_t n, stride;
  unsigned threads;
  size_t band;    /* rows at a time */
  float *scores;  /* f32 [band, stride] */
  float *scratch; /* f32 [threads, scratch_size] */
  size_t scratch_size;
  size_t first, rows; /* of the band at hand */
  atomic_size_t next; /* column */
} matrix;

static void matrix_free(matrix *m) {
  akin_table_free(&m->table);
  akin_free(m->features);
  akin_free(m->scores);
  akin_free(m->scratch);
}

static akin_status matrix_begin(matrix *m, akin_store *store, const char *model, akin_error *err) {
  akin_stored_model *stored = NULL;
  akin_status status = akin_table_of_model(&m->table, &stored, store, model, err);
  if (status) return status;
  m->dim = stored->dim;
  akin_stored_models_free(stored, 1);
  m->n = m->table.count;
  m->threads = akin_thread_cores();
  m->stride = akin_tile_round(m->n, AKIN_TILE_COLUMNS);
  const size_t fit = MATRIX_BYTES / (m->stride * sizeof(float)) / AKIN_TILE_ROWS * AKIN_TILE_ROWS;
  m->band = fit < AKIN_TILE_ROWS ? AKIN_TILE_ROWS : fit < MATRIX_BAND ? fit : MATRIX_BAND;
  m->scratch_size = akin_tile_scratch(m->band);
  m->features = akin_calloc(m->n, sizeof *m->features);
  m->scores = akin_alloc_aligned(64, m->band * m->stride * sizeof(float));
  m->scratch = akin_alloc_aligned(64, m->threads * m->scratch_size * sizeof(float));
  if (!m->features || !m->scores || !m->scratch) return akin_fail_memory(err, m->band * m->stride * sizeof(float));
  for (size_t i = 0; i < m->n; i++)
    m->features[i] = m->table.features[m->table.images[i].content];
  return AKIN_OK;
}

/* Columns [column, …) of the band, and what rounding adds beyond -1 or 1 taken off. */
static void matrix_tile(matrix *m, size_t column, float *scratch) {
  const size_t columns = m->n - column < MATRIX_COLUMNS ? m->n - column : MATRIX_COLUMNS;
  akin_tile_products(m->scores + column, m->stride, m->features + m->first, m->rows, m->features + column, columns,
                     m->dim, scratch);
  for (size_t i = 0; i < m->rows; i++) {
    float *scores = m->scores + i * m->stride + column;
    for (size_t j = 0; j < columns; j++)
      scores[j] = scores[j] > 1 ? 1 : scores[j] < -1 ? -1 : scores[j];
  }
}

static void matrix_work(void *context, unsigned index) {
  matrix *m = context;
  for (size_t column; (column = atomic_fetch_add(&m->next, MATRIX_COLUMNS)) < m->n;)
    matrix_tile(m, column, m->scratch + index * m->scratch_size);
}

static akin_status matrix_compute(matrix *m, size_t first, akin_error *err) {
  m->first = first;
  m->rows = m->n - first < m->band ? m->n - first : m->band;
  atomic_store(&m->next, 0);
  return akin_threads_run(m->threads, matrix_work, m, err);
}

/* Seconds that all tiles will take, by a few of them. */
static double matrix_estimate(matrix *m) {
  const double began = akin_clock_seconds();
  double seconds = 0;
  size_t tiles = 0;
  m->first = 0;
  m->rows = m->n < m->band ? m->n : m->band;
  while (seconds < MATRIX_TRIAL) {
    matrix_tile(m, 0, m->scratch);
    tiles++;
    seconds = akin_clock_seconds() - began;
  }
  const size_t columns = m->n < MATRIX_COLUMNS ? m->n : MATRIX_COLUMNS;
  return seconds / (double)tiles * ((double)m->n / (double)m->rows) * ((double)m->n / (double)columns) / m->threads;
}

/* Images of one content are exactly alike. */
static void matrix_ones(const matrix *m, size_t row, float *scores) {
  uint32_t image = m->table.firsts[m->table.images[row].content];
  for (; image != AKIN_TABLE_NONE; image = m->table.images[image].next)
    scores[image] = 1.0f;
}

akin_status akin_store_matrix(akin_store *store, const char *model, akin_matrix_begin *begin, akin_matrix_row *row,
                              void *context, akin_error *err) {
  matrix m = {0};
  akin_status status = matrix_begin(&m, store, model, err);
  if (!status) status = begin(context, (const char *const *)m.table.paths, m.n, matrix_estimate(&m));
  for (size_t first = 0; !status && first < m.n; first += m.band) {
    if (akin_store_follow(store, (double)first / (double)m.n))
      status = akin_fail(err, AKIN_ERROR_CANCELLED, "stopped at row %zu of %zu", first, m.n);
    if (!status) status = matrix_compute(&m, first, err);
    for (size_t i = 0; !status && i < m.rows; i++) {
      matrix_ones(&m, first + i, m.scores + i * m.stride);
      status = row(context, first + i, m.scores + i * m.stride, m.n);
    }
  }
  matrix_free(&m);
  return status;
}
