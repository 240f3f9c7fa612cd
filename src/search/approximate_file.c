/*
 * approximate_file.c - the file that a graph is kept in. Numbers are little-endian, checksums XXH64 (checksum.h).
 *
 *   offset  size  what
 *        0     8  "akin.app"
 *        8     4  version of the layout: 1
 *       12     4  dim: values of a feature
 *       16     8  id of the store
 *       24    32  SHA-256 of the fingerprint's text
 *       56     8  generation of the store that the packed vectors had
 *       64     4  kind of the vectors: 0 i8, 1 f16, 2 f32
 *       68     4  connectivity
 *       72     4  expansion when a vector is added
 *       76     4  expansion when 10 are asked for
 *       80     8  vectors in the graph
 *       88     4  questions that recall was measured with
 *       92     4  recall, f32
 *       96     8  G: bytes of the graph
 *      104     8  checksum of the graph, seed 0
 *      112     8  zeros
 *      120     8  checksum of bytes 0 to 119, seed 0
 *      128     G  the graph, as usearch writes it
 *
 * It is written as a whole and replaced as a whole: who has the one before mapped keeps that.
 */
#include "search/approximate_graph.h"

#include "base/checksum.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/memory.h"

#include <string.h>
#include <unistd.h>

#define FILE_HEADER   128
#define FILE_VERSION  1
#define FILE_KEY      56 /* bytes that tell what the file is of */
#define FILE_CHECKSUM 120
#define FILE_PIECE    65536

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "vectors are used as they lie in the file");

static void file_put(uint8_t *header, size_t offset, uint64_t value, size_t size) {
  memcpy(header + offset, &value, size);
}

static uint64_t file_get(const uint8_t *header, size_t offset, size_t size) {
  uint64_t value = 0;
  memcpy(&value, header + offset, size);
  return value;
}

/* ---- the header ---- */

static akin_status file_put_key(uint8_t header[FILE_HEADER], const akin_vectors_key *key, akin_error *err) {
  akin_hash fingerprint;
  akin_status status = akin_hash_bytes(&fingerprint, key->fingerprint, strlen(key->fingerprint), err);
  if (status) return status;
  memset(header, 0, FILE_HEADER);
  memcpy(header, "akin.app", 8);
  file_put(header, 8, FILE_VERSION, 4);
  file_put(header, 12, key->dim, 4);
  file_put(header, 16, key->store_id, 8);
  memcpy(header + 24, fingerprint.bytes, sizeof fingerprint.bytes);
  return AKIN_OK;
}

static void file_put_facts(uint8_t header[FILE_HEADER], const akin_approximate_facts *facts) {
  file_put(header, 56, facts->generation, 8);
  file_put(header, 64, facts->kind, 4);
  file_put(header, 68, facts->connectivity, 4);
  file_put(header, 72, facts->expansion_add, 4);
  file_put(header, 76, facts->expansion, 4);
  file_put(header, 80, facts->features, 8);
  file_put(header, 88, facts->sampled, 4);
  memcpy(header + 92, &facts->recall, 4);
}

static void file_get_facts(akin_approximate_facts *facts, const uint8_t header[FILE_HEADER]) {
  facts->generation = file_get(header, 56, 8);
  facts->kind = (akin_compact)file_get(header, 64, 4);
  facts->connectivity = (uint32_t)file_get(header, 68, 4);
  facts->expansion_add = (uint32_t)file_get(header, 72, 4);
  facts->expansion = (uint32_t)file_get(header, 76, 4);
  facts->features = file_get(header, 80, 8);
  facts->sampled = (uint32_t)file_get(header, 88, 4);
  memcpy(&facts->recall, header + 92, 4);
}

/* Is it a sound header of that key, which wanted begins with? Its values are ours then: nobody else writes the
 * checksum.
 */
static bool file_is_sound(const uint8_t header[FILE_HEADER], const uint8_t wanted[FILE_HEADER]) {
  return memcmp(header, wanted, FILE_KEY) == 0 &&
         file_get(header, FILE_CHECKSUM, 8) == akin_checksum_of(header, FILE_CHECKSUM, 0) &&
         file_get(header, 64, 4) < AKIN_COMPACT_COUNT;
}

akin_status akin_approximate_peek(akin_approximate_facts *out, bool *found, const char *path,
                                  const akin_vectors_key *key, akin_error *err) {
  uint8_t header[FILE_HEADER], wanted[FILE_HEADER];
  int fd = -1;
  *found = false;
  akin_status status = file_put_key(wanted, key, err);
  if (status || akin_file_open(&fd, NULL, path, NULL)) return status;
  *found = pread(fd, header, sizeof header, 0) == (ssize_t)sizeof header && file_is_sound(header, wanted);
  if (*found) file_get_facts(out, header);
  close(fd);
  return AKIN_OK;
}

/* ---- opening ---- */

static bool file_verify(const akin_mapping *mapping, const uint8_t wanted[FILE_HEADER]) {
  const uint8_t *bytes = mapping->data;
  return mapping->size >= FILE_HEADER && file_is_sound(bytes, wanted) &&
         file_get(bytes, 96, 8) == mapping->size - FILE_HEADER &&
         file_get(bytes, 104, 8) == akin_checksum_of(bytes + FILE_HEADER, mapping->size - FILE_HEADER, 0);
}

/* The graph in the mapped file, which moves into the handle when it is only looked at. */
static akin_status file_take(akin_approximate **out, akin_mapping *mapping, uint32_t dim, bool writable, bool *damaged,
                             akin_error *err) {
  akin_approximate_facts facts;
  const uint8_t *bytes = mapping->data;
  const char *why = NULL;
  file_get_facts(&facts, bytes);
  akin_status status = akin_approximate_create(out, dim, &facts, err);
  if (status) return status;
  akin_approximate *a = *out;
  bool done =
      (writable ? a->hnsw->load : a->hnsw->view)(a->graph, bytes + FILE_HEADER, mapping->size - FILE_HEADER, &why);
  if (done && a->hnsw->count(a->graph) == facts.features) {
    if (writable) return AKIN_OK;
    a->mapping = *mapping;
    *mapping = (akin_mapping){NULL, 0};
    return AKIN_OK;
  }
  status = done ? AKIN_OK : akin_approximate_fail("reading a graph", why, err);
  akin_approximate_free(a);
  *out = NULL;
  if (status == AKIN_ERROR_MEMORY) return status;
  *damaged = true; /* sound bytes that this usearch does not take: another version wrote them */
  return AKIN_OK;
}

akin_status akin_approximate_open(akin_approximate **out, const char *path, const akin_vectors_key *key, bool writable,
                                  bool *damaged, akin_error *err) {
  akin_mapping mapping = {NULL, 0};
  uint8_t wanted[FILE_HEADER];
  *out = NULL;
  *damaged = false;
  if (!akin_file_exists(path)) return AKIN_OK;
  akin_status status = file_put_key(wanted, key, err);
  if (status) return status;
  if (akin_mapping_open(&mapping, path, NULL) || !file_verify(&mapping, wanted))
    *damaged = true;
  else
    status = file_take(out, &mapping, key->dim, writable, damaged, err);
  akin_mapping_close(&mapping);
  return status;
}

/* ---- writing ---- */

/* Where the graph's bytes go: into a checksum first, so that the header can stand before them, then into the file. */
typedef struct file_sink {
  akin_file_writer *writer; /* NULL: only the checksum */
  akin_checksum checksum;
  uint64_t size;
  uint8_t *piece; /* [FILE_PIECE]: what waits until it is full */
  size_t waiting;
  akin_status status;
  akin_error *err;
} file_sink;

static bool file_sink_flush(file_sink *sink) {
  if (sink->writer)
    sink->status = akin_file_writer_write(sink->writer, sink->piece, sink->waiting, sink->err);
  else
    akin_checksum_add(&sink->checksum, sink->piece, sink->waiting);
  sink->waiting = 0;
  return sink->status == AKIN_OK;
}

static bool file_sink_take(void *context, const void *bytes, size_t n) {
  file_sink *sink = context;
  const uint8_t *next = bytes;
  sink->size += n;
  while (n > 0) {
    const size_t room = FILE_PIECE - sink->waiting, size = n < room ? n : room;
    memcpy(sink->piece + sink->waiting, next, size);
    sink->waiting += size;
    next += size;
    n -= size;
    if (sink->waiting == FILE_PIECE && !file_sink_flush(sink)) return false;
  }
  return true;
}

static akin_status file_put_graph(const akin_approximate *a, file_sink *sink, akin_error *err) {
  const char *why = NULL;
  sink->size = 0;
  sink->waiting = 0;
  sink->status = AKIN_OK;
  sink->err = err;
  bool done = a->hnsw->save(a->graph, file_sink_take, sink, &why);
  if (!done && !sink->status) return akin_approximate_fail("writing a graph", why, err);
  return sink->status;
}

/* Header and graph, into a writer that is open. */
static akin_status file_write(const akin_approximate *a, file_sink *sink, uint8_t header[FILE_HEADER],
                              akin_error *err) {
  akin_file_writer *writer = sink->writer;
  sink->writer = NULL;
  akin_checksum_start(&sink->checksum, 0);
  akin_status status = file_put_graph(a, sink, err);
  sink->writer = writer;
  if (status) return status;
  file_put(header, 96, sink->size, 8);
  file_put(header, 104, akin_checksum_end(&sink->checksum, sink->piece, sink->waiting), 8);
  file_put(header, FILE_CHECKSUM, akin_checksum_of(header, FILE_CHECKSUM, 0), 8);
  status = akin_file_writer_write(writer, header, FILE_HEADER, err);
  if (!status) status = file_put_graph(a, sink, err);
  if (!status && !file_sink_flush(sink)) status = sink->status;
  return status;
}

akin_status akin_approximate_save(akin_approximate *a, const char *path, const akin_vectors_key *key,
                                  uint64_t generation, akin_error *err) {
  uint8_t header[FILE_HEADER];
  file_sink sink = {.piece = akin_alloc(FILE_PIECE)};
  if (!sink.piece) return akin_fail_memory(err, FILE_PIECE);
  a->facts.generation = generation;
  a->facts.features = a->hnsw->count(a->graph);
  akin_status status = file_put_key(header, key, err);
  if (!status) {
    file_put_facts(header, &a->facts);
    status = akin_file_writer_open(&sink.writer, path, err);
  }
  if (!status && !(status = file_write(a, &sink, header, err))) {
    status = akin_file_writer_commit(sink.writer, err);
    sink.writer = NULL;
  }
  akin_file_writer_discard(sink.writer);
  akin_free(sink.piece);
  return status;
}
