/*
 * cachefile.c - the layout of the vectors cache. Numbers are little-endian, checksums XXH64 (checksum.h).
 *
 * The file is a header, blocks, and a slot of zeros. All of them begin at multiples of 64 bytes.
 *
 *   header  offset  size  what
 *                0     8  "akin.vec"
 *                8     4  version of the layout: 1
 *               12     4  dim: floats in a row
 *               16     8  id of the store
 *               24    32  SHA-256 of the fingerprint's text
 *               56     8  zeros
 *
 *   block   offset  size  what: all that one commit changed
 *                0     8  generation of the store up to which the file is complete with this block
 *                8     8  R: rows
 *               16     8  T: tombstones
 *               24     8  checksum of all from offset 64 on, seed 0
 *               32    24  zeros
 *               56     8  checksum of bytes 0 to 55, never 0; its seed is the checksum at 56 of the block before (for
 * the first: of the 64 bytes of the header), so that no block is taken for another's. 0: this block is not committed 64
 * 8·R  ids of the rows 64+8·R   8·T  ids of rows of earlier blocks that are gone
 *              ...   ...  zeros up to the next multiple of 64
 *              ...   S·R  rows: f32 [dim], then zeros; S is 4·dim rounded up to a multiple of 64
 *
 * Killed while appending: the slot's checksum is written last, after a sync, as one aligned word. Until then it is 0,
 * whoever opens the file stops there, and the next append begins there again. A file that was cut off reads as what is
 * whole in it. Anything else that does not fit its checksums is damage, and then nothing of the file is used.
 *
 * Reading beside the writer: a reader maps what is there and looks only at committed blocks, which never change. The
 * file never shrinks; when it is made anew, that is another file under the same name. (Somebody else who truncates it
 * ends the programs that have it mapped, by SIGBUS; deleting it does no harm.)
 *
 * All is verified at opening: 10 MB (2,000 × 1,280) take 0.5 ms, 100 MB 5 ms, about twice what one question takes. Who
 * opens it for writing looks at no rows afterwards: what is verified leaves that process's memory at once, so that
 * bringing a large file up to date needs little.
 */
#include "search/cachefile.h"

#include "base/checksum.h"
#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define CACHEFILE_SLOT     AKIN_CACHEFILE_SLOT
#define CACHEFILE_VERSION  1
#define CACHEFILE_CHECKSUM 56 /* its offset in a slot */

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "rows are used as they lie in the file");
_Static_assert(CACHEFILE_SLOT % AKIN_CHECKSUM_STRIPE == 0, "pieces of a block are checksummed one by one");

static const uint8_t cachefile_zeros[CACHEFILE_SLOT];

/* ---- numbers and sizes ---- */

static void cachefile_put(uint8_t *slot, size_t offset, uint64_t value, size_t size) {
  memcpy(slot + offset, &value, size);
}

static uint64_t cachefile_get(const uint8_t *slot, size_t offset) {
  uint64_t value;
  memcpy(&value, slot + offset, sizeof value);
  return value;
}

/* n rounded up to whole slots; false when it does not fit. */
static bool cachefile_round_up(size_t *out, size_t n) {
  bool fits = akin_add(out, n, CACHEFILE_SLOT - 1);
  *out -= *out % CACHEFILE_SLOT;
  return fits;
}

/* Bytes of ids and tombstones, and of all that follows a block's slot. */
static bool cachefile_block_size(size_t *ids, size_t *all, size_t rows, size_t tombstones, size_t row_size) {
  size_t count = 0, vectors = 0;
  return akin_add(&count, rows, tombstones) && akin_multiply(ids, count, sizeof(uint64_t)) &&
         cachefile_round_up(ids, *ids) && akin_multiply(&vectors, rows, row_size) && akin_add(all, *ids, vectors);
}

static uint64_t cachefile_slot_checksum(const uint8_t *slot, uint64_t chain) {
  uint64_t checksum = akin_checksum_of(slot, CACHEFILE_CHECKSUM, chain);
  return checksum ? checksum : 1;
}

/* The seed of the first block's checksum. */
static uint64_t cachefile_first_chain(const akin_cachefile *f) {
  return akin_checksum_of(f->header, CACHEFILE_SLOT, 0);
}

/* ---- opening ---- */

akin_status akin_cachefile_init(akin_cachefile *f, const akin_vectors_key *key, akin_error *err) {
  akin_hash fingerprint;
  *f = (akin_cachefile){.fd = -1};
  if (key->dim == 0 || key->dim > AKIN_CACHEFILE_DIM_LIMIT) {
    return akin_fail(err, AKIN_ERROR_USAGE, "features have %u values, 1 to %u are possible", (unsigned)key->dim,
                     (unsigned)AKIN_CACHEFILE_DIM_LIMIT);
  }
  akin_status status = akin_hash_bytes(&fingerprint, key->fingerprint, strlen(key->fingerprint), err);
  if (status) return status;
  (void)cachefile_round_up(&f->row_size, key->dim * sizeof(float));
  memcpy(f->header, "akin.vec", 8);
  cachefile_put(f->header, 8, CACHEFILE_VERSION, 4);
  cachefile_put(f->header, 12, key->dim, 4);
  cachefile_put(f->header, 16, key->store_id, 8);
  memcpy(f->header + 24, fingerprint.bytes, sizeof fingerprint.bytes);
  return AKIN_OK;
}

/* O_NONBLOCK: a FIFO must not make us wait. */
static int cachefile_open_fd(const char *path, bool writable, bool *appendable) {
  const int flags = O_CLOEXEC | O_NONBLOCK;
  int fd = writable ? open(path, O_RDWR | flags) : -1;
  *appendable = fd >= 0;
  return fd >= 0 ? fd : open(path, O_RDONLY | flags);
}

/* Maps the file as large as it is now. */
static bool cachefile_map(akin_cachefile *f) {
  struct stat facts;
  if (fstat(f->fd, &facts) != 0 || !S_ISREG(facts.st_mode) || facts.st_size < CACHEFILE_SLOT) return false;
  void *data = mmap(NULL, (size_t)facts.st_size, PROT_READ, MAP_SHARED, f->fd, 0);
  if (data == MAP_FAILED) return false;
  if (f->data) munmap((void *)f->data, f->size);
  f->data = data;
  f->size = (size_t)facts.st_size;
  return true;
}

akin_cachefile_answer akin_cachefile_open(akin_cachefile *f, const char *path, bool writable) {
  f->fd = cachefile_open_fd(path, writable, &f->appendable);
  if (f->fd < 0) return errno == ENOENT || errno == ENOTDIR ? AKIN_CACHEFILE_END : AKIN_CACHEFILE_DAMAGED;
  if (!cachefile_map(f) || memcmp(f->data, f->header, CACHEFILE_SLOT) != 0) {
    akin_cachefile_close(f);
    return AKIN_CACHEFILE_DAMAGED;
  }
  akin_cachefile_rewind(f);
  return AKIN_CACHEFILE_FOUND;
}

void akin_cachefile_rewind(akin_cachefile *f) {
  f->end = CACHEFILE_SLOT;
  f->chain = cachefile_first_chain(f);
}

void akin_cachefile_close(akin_cachefile *f) {
  if (f->data) munmap((void *)f->data, f->size);
  if (f->fd >= 0) close(f->fd);
  f->data = NULL;
  f->size = f->end = 0;
  f->fd = -1;
}

/* ---- reading ---- */

/* What a writer verifies at a time. */
#define CACHEFILE_PIECE ((size_t)4 << 20)

/* Takes whole pages out of this process's memory; they stay in the file, and come back when they are read. */
static void cachefile_let_go(const uint8_t *from, size_t n) {
  const size_t page = (size_t)sysconf(_SC_PAGESIZE), skip = (page - (uintptr_t)from % page) % page;
  if (n > skip) (void)madvise((void *)(from + skip), (n - skip) / page * page, MADV_DONTNEED);
}

static uint64_t cachefile_content_checksum(const akin_cachefile *f, const uint8_t *content, size_t n) {
  akin_checksum checksum;
  akin_checksum_start(&checksum, 0);
  for (; n > CACHEFILE_PIECE; content += CACHEFILE_PIECE, n -= CACHEFILE_PIECE) {
    akin_checksum_add(&checksum, content, CACHEFILE_PIECE);
    if (f->appendable) cachefile_let_go(content, CACHEFILE_PIECE);
  }
  const uint64_t result = akin_checksum_end(&checksum, content, n);
  if (f->appendable) cachefile_let_go(content, n);
  return result;
}

akin_cachefile_answer akin_cachefile_next(akin_cachefile *f, akin_cacheblock *block) {
  size_t ids = 0, all = 0, left = f->size - f->end;
  const uint8_t *slot = f->data + f->end, *content = slot + CACHEFILE_SLOT;
  if (left < CACHEFILE_SLOT) return AKIN_CACHEFILE_END;
  /* The writer stores this word last, so all else is there when it is. */
  uint64_t checksum = __atomic_load_n((const uint64_t *)(slot + CACHEFILE_CHECKSUM), __ATOMIC_ACQUIRE);
  if (checksum == 0) return AKIN_CACHEFILE_END;
  if (checksum != cachefile_slot_checksum(slot, f->chain)) return AKIN_CACHEFILE_DAMAGED;
  block->generation = cachefile_get(slot, 0);
  block->rows = cachefile_get(slot, 8);
  block->tombstones = cachefile_get(slot, 16);
  if (!cachefile_block_size(&ids, &all, block->rows, block->tombstones, f->row_size)) return AKIN_CACHEFILE_DAMAGED;
  if (all > left - CACHEFILE_SLOT) return AKIN_CACHEFILE_END;
  if (cachefile_content_checksum(f, content, all) != cachefile_get(slot, 24)) return AKIN_CACHEFILE_DAMAGED;
  block->ids = (const uint64_t *)content;
  block->tombstone = block->ids + block->rows;
  block->vectors = f->end + CACHEFILE_SLOT + ids;
  f->end += CACHEFILE_SLOT + all;
  f->chain = checksum;
  return AKIN_CACHEFILE_FOUND;
}

/* ---- writing ---- */

/* Where the bytes of a block go: into a checksum, into the file at an offset, or into a new file. */
typedef struct cachefile_sink {
  akin_status (*put)(struct cachefile_sink *sink, const void *bytes, size_t n, akin_error *err);
  akin_checksum checksum;
  int fd;
  off_t offset;
  const char *path;
  akin_file_writer *writer;
} cachefile_sink;

static akin_status cachefile_put_checksum(cachefile_sink *sink, const void *bytes, size_t n, akin_error *err) {
  (void)err;
  akin_checksum_add(&sink->checksum, bytes, n);
  return AKIN_OK;
}

static akin_status cachefile_put_fd(cachefile_sink *sink, const void *bytes, size_t n, akin_error *err) {
  const uint8_t *p = bytes;
  while (n > 0) {
    ssize_t written = pwrite(sink->fd, p, n, sink->offset);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return akin_fail_errno(err, written < 0 ? errno : EIO, "%s: cannot append", sink->path);
    p += written;
    n -= (size_t)written;
    sink->offset += written;
  }
  return AKIN_OK;
}

static akin_status cachefile_put_writer(cachefile_sink *sink, const void *bytes, size_t n, akin_error *err) {
  return akin_file_writer_write(sink->writer, bytes, n, err);
}

/* A block that is being written: its slot, and the ids and tombstones as they stand behind it. */
typedef struct cachefile_draft {
  uint8_t slot[CACHEFILE_SLOT];
  uint64_t *ids;
  size_t ids_size;
  const akin_cacheblock_source *source;
  size_t row_size;
} cachefile_draft;

/* The rows in as few pieces as they lie in memory. */
static akin_status cachefile_put_rows(const cachefile_draft *d, cachefile_sink *sink, akin_error *err) {
  const float *const *vectors = d->source->vectors;
  akin_status status = AKIN_OK;
  for (size_t i = 0, n; !status && i < d->source->rows; i += n) {
    for (n = 1; i + n < d->source->rows && vectors[i + n] == vectors[i] + n * (d->row_size / sizeof(float)); n++) {
    }
    status = sink->put(sink, vectors[i], n * d->row_size, err);
  }
  return status;
}

/* All that follows the slot. */
static akin_status cachefile_put_content(const cachefile_draft *d, cachefile_sink *sink, akin_error *err) {
  akin_status status = sink->put(sink, d->ids, d->ids_size, err);
  return status ? status : cachefile_put_rows(d, sink, err);
}

/* Everything but the slot's own checksum. d->ids is freed by the caller. */
static akin_status cachefile_draft_init(cachefile_draft *d, const akin_cachefile *f,
                                        const akin_cacheblock_source *source, akin_error *err) {
  size_t all = 0;
  cachefile_sink sink = {.put = cachefile_put_checksum};
  *d = (cachefile_draft){.source = source, .row_size = f->row_size};
  if (!cachefile_block_size(&d->ids_size, &all, source->rows, source->tombstones, f->row_size)) {
    return akin_fail(err, AKIN_ERROR_LIMIT, "%zu features of %zu bytes do not fit in memory", source->rows,
                     f->row_size);
  }
  d->ids = akin_calloc(d->ids_size, 1);
  if (!d->ids) return akin_fail_memory(err, d->ids_size);
  if (source->rows) memcpy(d->ids, source->ids, source->rows * sizeof *d->ids);
  if (source->tombstones) memcpy(d->ids + source->rows, source->tombstone, source->tombstones * sizeof *d->ids);
  akin_checksum_start(&sink.checksum, 0);
  (void)cachefile_put_content(d, &sink, NULL);
  cachefile_put(d->slot, 0, source->generation, 8);
  cachefile_put(d->slot, 8, source->rows, 8);
  cachefile_put(d->slot, 16, source->tombstones, 8);
  cachefile_put(d->slot, 24, akin_checksum_end(&sink.checksum, cachefile_zeros, 0), 8);
  return AKIN_OK;
}

/* The block without its checksum, and the empty slot behind it, safely on the disk. */
static akin_status cachefile_append_draft(const cachefile_draft *d, cachefile_sink *sink, akin_error *err) {
  akin_status status = sink->put(sink, d->slot, CACHEFILE_SLOT, err);
  if (!status) status = cachefile_put_content(d, sink, err);
  if (!status) status = sink->put(sink, cachefile_zeros, CACHEFILE_SLOT, err);
  if (!status && fdatasync(sink->fd) != 0) status = akin_fail_errno(err, errno, "%s: cannot sync", sink->path);
  return status;
}

akin_status akin_cachefile_append(akin_cachefile *f, const char *path, const akin_cacheblock_source *source,
                                  akin_error *err) {
  cachefile_draft draft;
  cachefile_sink sink = {.put = cachefile_put_fd, .fd = f->fd, .offset = (off_t)f->end, .path = path};
  akin_status status = cachefile_draft_init(&draft, f, source, err);
  if (!status) status = cachefile_append_draft(&draft, &sink, err);
  if (!status) {
    uint64_t checksum = cachefile_slot_checksum(draft.slot, f->chain);
    sink.offset = (off_t)(f->end + CACHEFILE_CHECKSUM);
    status = sink.put(&sink, &checksum, sizeof checksum, err);
  }
  if (!status && !cachefile_map(f)) status = akin_fail(err, AKIN_ERROR_IO, "%s: cannot map what was appended", path);
  if (status) f->appendable = false;
  akin_free(draft.ids);
  return status;
}

akin_status akin_cachefile_replace(const akin_cachefile *f, const char *path, const akin_cacheblock_source *source,
                                   akin_error *err) {
  cachefile_draft draft;
  cachefile_sink sink = {.put = cachefile_put_writer};
  akin_status status = cachefile_draft_init(&draft, f, source, err);
  if (!status) status = akin_file_writer_open(&sink.writer, path, err);
  if (!status) {
    uint64_t checksum = cachefile_slot_checksum(draft.slot, cachefile_first_chain(f));
    cachefile_put(draft.slot, CACHEFILE_CHECKSUM, checksum, 8);
    status = sink.put(&sink, f->header, CACHEFILE_SLOT, err);
  }
  if (!status) status = sink.put(&sink, draft.slot, CACHEFILE_SLOT, err);
  if (!status) status = cachefile_put_content(&draft, &sink, err);
  if (!status) status = sink.put(&sink, cachefile_zeros, CACHEFILE_SLOT, err);
  if (!status) {
    status = akin_file_writer_commit(sink.writer, err);
    sink.writer = NULL;
  }
  akin_file_writer_discard(sink.writer);
  akin_free(draft.ids);
  return status;
}
