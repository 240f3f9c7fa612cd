/* matrix.c - every stored feature, and the similarity of every pair, row by row in order of path. */
#include "base/error.h"
#include "base/memory.h"
#include "engine/store.h"

#include <string.h>

/* The readable images that have a feature, in order of path. */
typedef struct matrix_images {
  char **paths;       /* owned */
  const float **rows; /* f32 [dim] each, borrowed from the store's vectors */
  uint64_t *contents;
  size_t count, room;
  akin_vectors *vectors;
} matrix_images;

static void matrix_images_free(matrix_images *m) {
  for (size_t i = 0; i < m->count; i++)
    akin_free(m->paths[i]);
  akin_free(m->paths);
  akin_free(m->rows);
  akin_free(m->contents);
}

static akin_status matrix_grow(matrix_images *m, akin_error *err) {
  size_t room = m->room ? m->room * 2 : 256;
  char **paths = akin_realloc_array(m->paths, room, sizeof *paths);
  m->paths = paths ? paths : m->paths;
  const float **rows = akin_realloc_array(m->rows, room, sizeof *rows);
  m->rows = rows ? rows : m->rows;
  uint64_t *contents = akin_realloc_array(m->contents, room, sizeof *contents);
  m->contents = contents ? contents : m->contents;
  if (!paths || !rows || !contents) return akin_fail_memory(err, room * sizeof *paths);
  m->room = room;
  return AKIN_OK;
}

static akin_status matrix_visit(void *context, const akin_stored_image *image, akin_error *err) {
  matrix_images *m = context;
  const float *row = image->state == AKIN_IMAGE_READABLE ? akin_vectors_find(m->vectors, image->content_id) : NULL;
  akin_status status = row && m->count == m->room ? matrix_grow(m, err) : AKIN_OK;
  if (status || !row) return status;
  m->paths[m->count] = akin_strdup(image->path);
  if (!m->paths[m->count]) return akin_fail_memory(err, strlen(image->path) + 1);
  m->rows[m->count] = row;
  m->contents[m->count++] = image->content_id;
  return AKIN_OK;
}

static akin_status matrix_collect(matrix_images *m, uint32_t *dim, akin_store *store, const char *name,
                                  akin_error *err) {
  akin_stored_model *model = NULL;
  akin_storage *reader = NULL;
  akin_status status = akin_store_find_model(store, &model, name, err);
  if (!status && !(status = akin_store_vectors(store, &m->vectors, model, err)) &&
      !(status = akin_store_reader(store, &reader, err))) {
    *dim = model->dim;
    status = akin_storage_images(reader, NULL, matrix_visit, m, err);
  }
  if (!status && m->count == 0) {
    status = akin_fail(err, AKIN_ERROR_NOT_FOUND, "the store %s holds no images of %s yet: akin index FOLDER",
                       store->folder, model->name);
  }
  akin_stored_models_free(model, model ? 1 : 0);
  return status;
}

akin_status akin_store_features(akin_store *store, const char *model, akin_feature_row *visit, void *context,
                                akin_error *err) {
  matrix_images m = {0};
  uint32_t dim = 0;
  akin_status status = matrix_collect(&m, &dim, store, model, err);
  for (size_t i = 0; !status && i < m.count; i++)
    status = visit(context, m.paths[i], m.rows[i], dim);
  matrix_images_free(&m);
  return status;
}

/* scores: f32 [count] of image i with each. The same content is exactly 1. The order of the two vectors does not matter
 * to a score's bits, so the matrix is symmetric. */
static void matrix_scores(float *scores, const matrix_images *m, size_t i, uint32_t dim) {
  for (size_t j = 0; j < m->count; j++)
    if (m->contents[i] == m->contents[j])
      scores[j] = 1.0f;
    else
      akin_search_scores(&scores[j], m->rows[i], m->rows[j], 1, dim, dim);
}

akin_status akin_store_matrix(akin_store *store, const char *model, akin_matrix_begin *begin, akin_matrix_row *row,
                              void *context, akin_error *err) {
  matrix_images m = {0};
  uint32_t dim = 0;
  float *scores = NULL;
  akin_status status = matrix_collect(&m, &dim, store, model, err);
  if (!status && !(scores = akin_calloc(m.count, sizeof *scores)))
    status = akin_fail_memory(err, m.count * sizeof *scores);
  if (!status) status = begin(context, (const char *const *)m.paths, m.count);
  for (size_t i = 0; !status && i < m.count; i++) {
    matrix_scores(scores, &m, i, dim);
    status = row(context, i, scores, m.count);
  }
  akin_free(scores);
  matrix_images_free(&m);
  return status;
}
