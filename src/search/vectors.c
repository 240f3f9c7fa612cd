/*
 * vectors.c - packed vectors by id: rows in a mapped file (cachefile.c has its layout and says why it can be trusted),
 * rows appended since then in memory, and which of them are live. All rows are numbered through, those of the file
 * first; ids[row] is 0 once a row is gone.
 */
#include "search/search.h"

#include "base/error.h"
#include "base/memory.h"
#include "search/cachefile.h"
#include "search/idmap.h"

#include <string.h>

/* Rows in memory are kept in chunks that never move; each is twice as large as the one before, up to this. */
#define VECTORS_CHUNK_BYTES ((size_t)4 << 20)
#define VECTORS_CHUNK_ROWS  16

/* Rows that lie together: a block of the file or a chunk in memory. */
typedef struct vectors_run {
  float *memory; /* NULL: in the file, at offset */
  size_t offset;
  size_t first, count; /* rows first … first + count - 1 */
  size_t room;         /* rows that fit into memory */
} vectors_run;

struct akin_vectors {
  char *path;
  akin_cachefile file;
  uint32_t dim;
  bool writable;
  uint64_t generation;
  vectors_run *runs;
  size_t run_count, run_room;
  uint64_t *ids; /* of all rows */
  size_t rows, ids_room;
  size_t file_runs, file_rows; /* how many of the runs and rows are in the file */
  size_t live;
  uint64_t *tombstones; /* rows of the file that went since the last commit */
  size_t tombstone_count, tombstone_room;
  akin_idmap *index; /* made when first needed */
};

/* ---- rows ---- */

/* An array with room for `need` elements, 1 or more: the same one, or one that is at least twice as large in its place.
 * NULL when there is no memory; elements then stays valid. */
static void *vectors_grown(void *elements, size_t *room, size_t need, size_t size, akin_error *err) {
  if (need <= *room) return elements;
  size_t now = *room > need / 2 ? 2 * *room : need;
  void *grown = akin_realloc_array(elements, now, size);
  if (grown)
    *room = now;
  else
    akin_fail_memory(err, now * size);
  return grown;
}

static akin_status vectors_reserve_ids(akin_vectors *v, size_t more, akin_error *err) {
  if (more > AKIN_IDMAP_ROW_LIMIT - v->rows)
    return akin_fail(err, AKIN_ERROR_LIMIT, "%s: more than %zu rows", v->path, AKIN_IDMAP_ROW_LIMIT);
  uint64_t *ids = vectors_grown(v->ids, &v->ids_room, v->rows + more, sizeof *ids, err);
  if (!ids) return AKIN_ERROR_MEMORY;
  v->ids = ids;
  return AKIN_OK;
}

static akin_status vectors_add_run(akin_vectors *v, const vectors_run *run, akin_error *err) {
  vectors_run *runs = vectors_grown(v->runs, &v->run_room, v->run_count + 1, sizeof *runs, err);
  if (!runs) return AKIN_ERROR_MEMORY;
  v->runs = runs;
  v->runs[v->run_count++] = *run;
  return AKIN_OK;
}

static size_t vectors_stride(const akin_vectors *v) {
  return v->file.row_size / sizeof(float);
}

static const float *vectors_run_rows(const akin_vectors *v, const vectors_run *run) {
  return run->memory ? run->memory : (const float *)(const void *)(v->file.data + run->offset);
}

/* The run that a row is in: the last one that begins at it or before. */
static const float *vectors_row(const akin_vectors *v, size_t row) {
  size_t low = 0, high = v->run_count;
  while (high - low > 1) {
    size_t middle = low + (high - low) / 2;
    *(v->runs[middle].first <= row ? &low : &high) = middle;
  }
  const vectors_run *run = &v->runs[low];
  return vectors_run_rows(v, run) + (row - run->first) * vectors_stride(v);
}

static size_t vectors_row_of(const akin_vectors *v, uint64_t id) {
  if (akin_idmap_update(v->index, v->ids, v->rows)) return akin_idmap_find(v->index, v->ids, id);
  for (size_t row = 0; id && row < v->rows; row++) /* no memory for an index */
    if (v->ids[row] == id) return row;
  return AKIN_IDMAP_NONE;
}

static void vectors_bury(akin_vectors *v, size_t row) {
  v->ids[row] = 0;
  v->live--;
}

/* Forgets the rows in memory. */
static void vectors_drop_memory(akin_vectors *v) {
  while (v->run_count > v->file_runs)
    akin_free(v->runs[--v->run_count].memory);
  while (v->rows > v->file_rows)
    v->live -= v->ids[--v->rows] != 0;
  akin_idmap_drop(v->index);
}

/* Back to no rows and no file. */
static void vectors_clear(akin_vectors *v) {
  v->file_runs = v->file_rows = 0;
  vectors_drop_memory(v);
  v->tombstone_count = 0;
  v->generation = 0;
  akin_cachefile_close(&v->file);
}

/* ---- from the file ---- */

static akin_status vectors_take_block(akin_vectors *v, const akin_cacheblock *block, akin_error *err) {
  const vectors_run run = {NULL, block->vectors, v->rows, block->rows, 0};
  akin_status status = AKIN_OK;
  for (size_t i = 0; i < block->tombstones; i++) {
    size_t row = vectors_row_of(v, block->tombstone[i]);
    if (row != AKIN_IDMAP_NONE) vectors_bury(v, row);
  }
  if (block->rows) {
    status = vectors_reserve_ids(v, block->rows, err);
    if (!status) status = vectors_add_run(v, &run, err);
  }
  if (status) return status;
  for (size_t i = 0; i < block->rows; i++) {
    v->ids[v->rows++] = block->ids[i];
    v->live += block->ids[i] != 0;
  }
  v->file_runs = v->run_count;
  v->file_rows = v->rows;
  v->generation = block->generation;
  return AKIN_OK;
}

/* Takes the blocks that are committed by now; of a damaged file nothing. */
static akin_status vectors_take_blocks(akin_vectors *v, bool *damaged, akin_error *err) {
  akin_cacheblock block;
  akin_status status = AKIN_OK;
  akin_cachefile_answer answer = AKIN_CACHEFILE_FOUND;
  while (!status && (answer = akin_cachefile_next(&v->file, &block)) == AKIN_CACHEFILE_FOUND)
    status = vectors_take_block(v, &block, err);
  *damaged = answer == AKIN_CACHEFILE_DAMAGED;
  if (*damaged || status) vectors_clear(v);
  return status;
}

static akin_status vectors_load(akin_vectors *v, bool *damaged, akin_error *err) {
  akin_cachefile_answer answer = akin_cachefile_open(&v->file, v->path, v->writable);
  *damaged = answer == AKIN_CACHEFILE_DAMAGED;
  return answer == AKIN_CACHEFILE_FOUND ? vectors_take_blocks(v, damaged, err) : AKIN_OK;
}

akin_status akin_vectors_open(akin_vectors **out, const char *path, const akin_vectors_key *key, bool writable,
                              bool *rebuilt, akin_error *err) {
  akin_cachefile file;
  *out = NULL;
  *rebuilt = false;
  akin_status status = akin_cachefile_init(&file, key, err);
  if (status) return status;
  akin_vectors *v = akin_calloc(1, sizeof *v);
  if (!v) return akin_fail_memory(err, sizeof *v);
  v->file = file;
  v->dim = key->dim;
  v->writable = writable;
  v->path = akin_strdup(path);
  v->index = akin_calloc(1, sizeof *v->index);
  status = v->path && v->index ? vectors_load(v, rebuilt, err) : akin_fail_memory(err, strlen(path));
  if (status) {
    akin_vectors_close(v);
    return status;
  }
  *out = v;
  return AKIN_OK;
}

void akin_vectors_close(akin_vectors *v) {
  if (!v) return;
  if (v->index) vectors_clear(v);
  akin_free(v->index);
  akin_free(v->tombstones);
  akin_free(v->ids);
  akin_free(v->runs);
  akin_free(v->path);
  akin_free(v);
}

/* ---- asking ---- */

uint32_t akin_vectors_dim(const akin_vectors *v) {
  return v->dim;
}

uint64_t akin_vectors_generation(const akin_vectors *v) {
  return v->generation;
}

size_t akin_vectors_live(const akin_vectors *v) {
  return v->live;
}

const float *akin_vectors_find(const akin_vectors *v, uint64_t id) {
  size_t row = vectors_row_of(v, id);
  return row == AKIN_IDMAP_NONE ? NULL : vectors_row(v, row);
}

size_t akin_vectors_run(const akin_vectors *v, size_t index, const float **rows, size_t *stride, const uint64_t **ids) {
  if (index >= v->run_count) return 0;
  const vectors_run *run = &v->runs[index];
  *rows = vectors_run_rows(v, run);
  *stride = vectors_stride(v);
  *ids = v->ids + run->first;
  return run->count;
}

akin_status akin_vectors_verify(const akin_vectors *v, akin_error *err) {
  akin_cachefile file = v->file;
  akin_cacheblock block;
  if (file.fd < 0) return AKIN_OK;
  akin_cachefile_rewind(&file);
  while (file.end < v->file.end) {
    size_t begin = file.end;
    if (akin_cachefile_next(&file, &block) != AKIN_CACHEFILE_FOUND)
      return akin_fail(err, AKIN_ERROR_MISMATCH, "%s: the block at byte %zu does not fit its checksum", v->path, begin);
  }
  return AKIN_OK;
}

/* ---- changing ---- */

/* Bytes of a chunk stay in bounds because dim does. */
static akin_status vectors_add_chunk(akin_vectors *v, akin_error *err) {
  const size_t most = VECTORS_CHUNK_BYTES / v->file.row_size;
  const vectors_run *last = v->run_count > v->file_runs ? &v->runs[v->run_count - 1] : NULL;
  vectors_run chunk = {.first = v->rows, .room = last ? 2 * last->room : VECTORS_CHUNK_ROWS};
  if (chunk.room > most) chunk.room = most ? most : 1;
  chunk.memory = akin_alloc_aligned(AKIN_CACHEFILE_SLOT, chunk.room * v->file.row_size);
  if (!chunk.memory) return akin_fail_memory(err, chunk.room * v->file.row_size);
  akin_status status = vectors_add_run(v, &chunk, err);
  if (status) akin_free(chunk.memory);
  return status;
}

akin_status akin_vectors_append(akin_vectors *v, uint64_t id, const float *row, akin_error *err) {
  if (id == 0 || vectors_row_of(v, id) != AKIN_IDMAP_NONE)
    return akin_fail(err, AKIN_ERROR_USAGE, "%s: id %llu is 0 or already there", v->path, (unsigned long long)id);
  akin_status status = vectors_reserve_ids(v, 1, err);
  const vectors_run *last = v->run_count > v->file_runs ? &v->runs[v->run_count - 1] : NULL;
  if (!status && (!last || last->count == last->room)) status = vectors_add_chunk(v, err);
  if (status) return status;
  vectors_run *run = &v->runs[v->run_count - 1];
  float *to = run->memory + run->count++ * vectors_stride(v);
  memset(to, 0, v->file.row_size);
  memcpy(to, row, v->dim * sizeof *to);
  v->ids[v->rows++] = id;
  v->live++;
  return AKIN_OK;
}

akin_status akin_vectors_remove(akin_vectors *v, uint64_t id, akin_error *err) {
  size_t row = vectors_row_of(v, id);
  if (row == AKIN_IDMAP_NONE) return AKIN_OK;
  if (row < v->file_rows) {
    uint64_t *tombstones =
        vectors_grown(v->tombstones, &v->tombstone_room, v->tombstone_count + 1, sizeof *tombstones, err);
    if (!tombstones) return AKIN_ERROR_MEMORY;
    v->tombstones = tombstones;
    v->tombstones[v->tombstone_count++] = id;
  }
  vectors_bury(v, row);
  return AKIN_OK;
}

/* ---- committing ---- */

/* A file of the live rows alone is written when there is none yet, or when a quarter of its rows would be dead. */
static bool vectors_must_replace(const akin_vectors *v) {
  return v->file.fd < 0 || !v->file.appendable || (v->rows - v->live) > v->rows / 4;
}

/* The live rows from row `first` on; ids and vectors are freed by the caller. */
static akin_status vectors_collect(const akin_vectors *v, size_t first, akin_cacheblock_source *source, uint64_t **ids,
                                   const float ***vectors, akin_error *err) {
  const size_t room = v->rows - first;
  *ids = akin_calloc(room, sizeof **ids);
  *vectors = akin_calloc(room, sizeof **vectors);
  if (!*ids || !*vectors) return akin_fail_memory(err, room * sizeof **ids);
  source->ids = *ids;
  source->vectors = *vectors;
  for (size_t row = first; row < v->rows; row++) {
    if (v->ids[row]) {
      (*ids)[source->rows] = v->ids[row];
      (*vectors)[source->rows++] = vectors_row(v, row);
    }
  }
  return AKIN_OK;
}

static akin_status vectors_write(akin_vectors *v, bool replace, uint64_t generation, akin_error *err) {
  akin_cacheblock_source source = {.generation = generation};
  uint64_t *ids = NULL;
  const float **vectors = NULL;
  akin_status status = vectors_collect(v, replace ? 0 : v->file_rows, &source, &ids, &vectors, err);
  if (!status && replace) {
    status = akin_cachefile_replace(&v->file, v->path, &source, err);
  } else if (!status) {
    source.tombstone = v->tombstones;
    source.tombstones = v->tombstone_count;
    status = akin_cachefile_append(&v->file, v->path, &source, err);
  }
  akin_free(vectors);
  akin_free(ids);
  return status;
}

akin_status akin_vectors_commit(akin_vectors *v, uint64_t generation, akin_error *err) {
  bool damaged = false, replace = vectors_must_replace(v);
  if (!v->writable) {
    v->generation = generation;
    return AKIN_OK;
  }
  if (v->file.fd >= 0 && v->rows == v->file_rows && v->tombstone_count == 0 && v->generation == generation)
    return AKIN_OK;
  akin_status status = vectors_write(v, replace, generation, err);
  if (status) return status;
  if (replace) {
    vectors_clear(v);
    status = vectors_load(v, &damaged, err);
  } else {
    vectors_drop_memory(v);
    v->tombstone_count = 0;
    status = vectors_take_blocks(v, &damaged, err);
  }
  if (!status && damaged)
    status = akin_fail(err, AKIN_ERROR_IO, "%s: what was written reads back differently", v->path);
  return status;
}
