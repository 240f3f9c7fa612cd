/*
 * png.c - PNG by libspng, the only file that knows its types.
 *
 * The decoder sees the critical chunks and tRNS only. All else (texts, colour profiles, animations) is stepped over by
 * its length before libspng can allocate or inflate it, and so costs nothing, however absurd it is. eXIf is read here.
 * libspng allocates through base/memory.h.
 */
#include "image/codec.h"
#include "image/exif.h"

#include "base/error.h"
#include "base/memory.h"

#include <spng.h>
#include <string.h>

#define PNG_SIGNATURE_SIZE 8
#define PNG_CHUNK_FRAME    12        /* length, type, checksum */
#define PNG_CHUNK_AT_MOST  (1 << 20) /* of the chunks that libspng keeps: a palette has 768 bytes */
#define PNG_SIDE_AT_MOST   65535u
#define PNG_INFLATE_RATIO  1032u /* of deflate, at most */

typedef struct png_chunk {
  const uint8_t *start; /* of its length field */
  const uint8_t *data;
  const char *type; /* 4 letters, no NUL */
  size_t length;    /* of the data as the chunk claims it */
  bool whole;       /* all of it, checksum included, is in the file */
} png_chunk;

/* The chunk at *at; moves *at behind it. False when not even its length and type are left. */
static bool png_chunk_next(png_chunk *out, const uint8_t **at, const uint8_t *end) {
  size_t left = (size_t)(end - *at);
  if (left < PNG_CHUNK_FRAME) return false;
  const uint8_t *p = *at;
  out->start = p;
  out->length = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
  out->type = (const char *)p + 4;
  out->data = p + 8;
  out->whole = out->length <= left - PNG_CHUNK_FRAME;
  *at = out->whole ? p + PNG_CHUNK_FRAME + out->length : end;
  return true;
}

static bool png_chunk_is(const png_chunk *chunk, const char *type) {
  return memcmp(chunk->type, type, 4) == 0;
}

static bool png_chunk_is_needed(const png_chunk *chunk) {
  bool critical = (chunk->type[0] & 0x20) == 0; /* an upper-case first letter: PNG specification, 5.4 */
  return critical || png_chunk_is(chunk, "tRNS");
}

/* The needed chunks as one stream. */
typedef struct png_stream {
  const uint8_t *piece; /* what is being handed over */
  size_t left;          /* of it */
  const uint8_t *next;  /* chunk */
  const uint8_t *end;   /* of the file */
} png_stream;

static bool png_stream_advance(png_stream *stream) {
  png_chunk chunk;
  while (png_chunk_next(&chunk, &stream->next, stream->end)) {
    if (!png_chunk_is_needed(&chunk)) continue;
    stream->piece = chunk.start;
    stream->left = (size_t)(stream->next - chunk.start);
    return true;
  }
  return false;
}

static int png_stream_read(spng_ctx *ctx, void *user, void *out, size_t length) {
  (void)ctx;
  png_stream *stream = user;
  for (uint8_t *to = out; length > 0;) {
    if (stream->left == 0 && !png_stream_advance(stream)) return SPNG_IO_EOF;
    size_t count = length < stream->left ? length : stream->left;
    memcpy(to, stream->piece, count);
    stream->piece += count;
    stream->left -= count;
    to += count;
    length -= count;
  }
  return SPNG_OK;
}

/* Did libspng, or zlib under it, ask in vain? Their codes do not always say so: zlib's "init error" and "stream error"
 * may mean either, and an image called damaged is not tried again. Their allocators are given no context. */
static _Thread_local bool png_starved;

static void *png_note(void *p) {
  if (!p) png_starved = true;
  return p;
}

static void *png_alloc(size_t size) {
  return png_note(akin_alloc(size));
}

static void *png_calloc(size_t count, size_t size) {
  return png_note(akin_calloc(count, size));
}

static void *png_realloc(void *p, size_t size) {
  return png_note(akin_realloc_array(p, 1, size));
}

/* Where the file breaks off, for the message. */
static akin_status png_fail_truncated(const akin_codec_job *job, akin_error *err) {
  const uint8_t *at = job->bytes + PNG_SIGNATURE_SIZE, *end = job->bytes + job->size;
  png_chunk chunk;
  while (png_chunk_next(&chunk, &at, end)) {
    if (chunk.whole) continue;
    return akin_fail(err, AKIN_ERROR_FORMAT, "truncated: the chunk %.4s at byte %zu has %zu of its %zu bytes",
                     chunk.type, (size_t)(chunk.start - job->bytes), (size_t)(end - chunk.data), chunk.length);
  }
  return akin_fail(err, AKIN_ERROR_FORMAT, "truncated: the file ends after %zu bytes, without an IEND chunk",
                   job->size);
}

static akin_status png_fail(int code, const akin_codec_job *job, akin_error *err) {
  if (png_starved) code = SPNG_EMEM;
  switch (code) {
  case SPNG_EMEM:
    return akin_fail(err, AKIN_ERROR_MEMORY, "out of memory while decoding");
  case SPNG_IO_EOF:
  case SPNG_EOF:
    return png_fail_truncated(job, err);
  default:
    return akin_fail(err, AKIN_ERROR_FORMAT, "damaged: %s", spng_strerror(code));
  }
}

/* Samples as deflate packs them, one filter byte a row; interlacing only adds to it. */
static bool png_is_possible(const struct spng_ihdr *header, size_t size) {
  static const uint8_t channels[7] = {1, 0, 3, 1, 2, 0, 4}; /* by colour type */
  uint64_t bits = (uint64_t)header->width * channels[header->color_type] * header->bit_depth;
  uint64_t packed = ((bits + 7) / 8 + 1) * header->height;
  return packed / PNG_INFLATE_RATIO <= size;
}

/* Orientation, and that the file is whole: what follows the picture (eXIf may) belongs to it. */
static akin_status png_walk(uint8_t *orientation, const akin_codec_job *job, akin_error *err) {
  const uint8_t *at = job->bytes + PNG_SIGNATURE_SIZE, *end = job->bytes + job->size;
  png_chunk chunk, notes = {0};
  bool ended = false;
  while (!ended && png_chunk_next(&chunk, &at, end) && chunk.whole) {
    if (!notes.data && png_chunk_is(&chunk, "eXIf")) notes = chunk;
    ended = png_chunk_is(&chunk, "IEND");
  }
  if (!ended) return png_fail_truncated(job, err);
  *orientation = 1;
  return notes.data ? akin_exif_orientation(orientation, notes.data, notes.length, err) : AKIN_OK;
}

static akin_status png_header(akin_image_info *info, spng_ctx *ctx, const akin_codec_job *job, akin_error *err) {
  struct spng_ihdr header;
  int code = spng_get_ihdr(ctx, &header);
  if (code != SPNG_OK) return png_fail(code, job, err);
  info->width = header.width;
  info->height = header.height;
  akin_status status = akin_codec_admit(header.width, header.height, job->limits, err);
  if (status != AKIN_OK) return status;
  if (!png_is_possible(&header, job->size)) {
    return akin_fail(err, AKIN_ERROR_FORMAT, "truncated or damaged: %u x %u pixels cannot come out of %zu bytes",
                     header.width, header.height, job->size);
  }
  return png_walk(&info->orientation, job, err);
}

/* *out: is any pixel transparent, as far as header and tRNS tell? */
static int png_has_alpha(bool *out, spng_ctx *ctx) {
  struct spng_ihdr header;
  struct spng_trns transparency;
  int code = spng_get_ihdr(ctx, &header);
  if (code != SPNG_OK) return code;
  *out = header.color_type == SPNG_COLOR_TYPE_GRAYSCALE_ALPHA || header.color_type == SPNG_COLOR_TYPE_TRUECOLOR_ALPHA;
  if (*out) return SPNG_OK;
  code = spng_get_trns(ctx, &transparency);
  *out = code == SPNG_OK;
  return code == SPNG_ECHUNKAVAIL ? SPNG_OK : code;
}

static akin_status png_decode(akin_raster *raster, spng_ctx *ctx, const akin_image_info *info,
                              const akin_codec_job *job, akin_error *err) {
  bool alpha = false;
  int code = png_has_alpha(&alpha, ctx);
  if (code != SPNG_OK) return png_fail(code, job, err);
  alpha = alpha && job->preparation->alpha == AKIN_ALPHA_WHITE;
  akin_status status = akin_raster_new(raster, info->width, info->height, alpha ? 4 : 3, err);
  if (status != AKIN_OK) return status;
  size_t size = (size_t)info->width * info->height * (alpha ? 4 : 3);
  code = spng_decode_image(ctx, raster->pixels, size, alpha ? SPNG_FMT_RGBA8 : SPNG_FMT_RGB8,
                           alpha ? SPNG_DECODE_TRNS : 0);
  if (code != SPNG_OK) {
    akin_raster_free(raster);
    return png_fail(code, job, err);
  }
  if (alpha) akin_raster_flatten(raster);
  return AKIN_OK;
}

akin_status akin_png_read(akin_raster *raster, akin_image_info *info, const akin_codec_job *job, akin_error *err) {
  struct spng_alloc memory = {png_alloc, png_realloc, png_calloc, akin_free};
  png_stream stream = {.piece = job->bytes,
                       .left = PNG_SIGNATURE_SIZE,
                       .next = job->bytes + PNG_SIGNATURE_SIZE,
                       .end = job->bytes + job->size};
  png_starved = false;
  spng_ctx *ctx = spng_ctx_new2(&memory, 0);
  if (!ctx) return akin_fail(err, AKIN_ERROR_MEMORY, "out of memory while decoding");
  akin_status status = AKIN_OK;
  int code = spng_set_png_stream(ctx, png_stream_read, &stream);
  if (code == SPNG_OK) code = spng_set_chunk_limits(ctx, PNG_CHUNK_AT_MOST, PNG_CHUNK_AT_MOST);
  if (code != SPNG_OK) status = png_fail(code, job, err);
  if (status == AKIN_OK) status = png_header(info, ctx, job, err);
  if (status == AKIN_OK && raster) status = png_decode(raster, ctx, info, job, err);
  spng_ctx_free(ctx);
  return status;
}

/* ---- writing ---- */

static int png_describe(spng_ctx *ctx, const akin_indexed *in) {
  struct spng_ihdr header = {in->width, in->height, 8, SPNG_COLOR_TYPE_INDEXED, 0, 0, 0};
  struct spng_plte palette = {.n_entries = in->colour_count};
  for (unsigned i = 0; i < in->colour_count; i++) {
    palette.entries[i].red = in->colours[i][0];
    palette.entries[i].green = in->colours[i][1];
    palette.entries[i].blue = in->colours[i][2];
  }
  int code = spng_set_option(ctx, SPNG_ENCODE_TO_BUFFER, 1);
  if (code == SPNG_OK) code = spng_set_ihdr(ctx, &header);
  return code == SPNG_OK ? spng_set_plte(ctx, &palette) : code;
}

akin_status akin_image_encode_png(akin_buffer *out, const akin_indexed *in, akin_error *err) {
  struct spng_alloc memory = {png_alloc, png_realloc, png_calloc, akin_free};
  akin_status status = AKIN_OK;
  void *bytes = NULL;
  size_t size = 0;
  png_starved = false;
  spng_ctx *ctx = spng_ctx_new2(&memory, SPNG_CTX_ENCODER);
  if (!ctx) return akin_fail_memory(err, 0);
  int code = png_describe(ctx, in);
  if (code == SPNG_OK)
    code = spng_encode_image(ctx, in->pixels, (size_t)in->width * in->height, SPNG_FMT_PNG, SPNG_ENCODE_FINALIZE);
  if (code == SPNG_OK) bytes = spng_get_png_buffer(ctx, &size, &code);
  if (bytes) status = akin_buffer_append(out, bytes, size);
  if (status) akin_fail(err, status, "a PNG of %u x %u pixels does not fit into memory", in->width, in->height);
  if (!bytes) {
    status = code == SPNG_EMEM || png_starved ? AKIN_ERROR_MEMORY : AKIN_ERROR_UNSUPPORTED;
    akin_fail(err, status, "a PNG of %u x %u pixels: %s", in->width, in->height, spng_strerror(code));
  }
  akin_free(bytes);
  spng_ctx_free(ctx);
  return status;
}
