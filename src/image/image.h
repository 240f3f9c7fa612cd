/*
 * image.h - the room image: bytes of a file → upright RGB → exactly the pixels that a network was trained on.
 *
 *     sniff → header (size, orientation; limits) → decode (JPEG smaller where allowed) → turn → fit and resize
 *
 * What is decoded, and how it relates to Pillow, which networks' preprocessing is usually written with:
 *   JPEG  grey, RGB, YCbCr, CMYK and YCCK (stored inverted, as Adobe does), sequential and progressive: Pillow's bytes
 *   PNG   every colour type and depth, interlaced or not, tRNS: Pillow's bytes, but for two of its faults: of 16-bit
 *         grey the high byte is taken (Pillow clips it at 255), and a transparent value of 2- or 4-bit grey is found
 *   WebP  lossy, lossless, alpha; of an animation the first frame: Pillow's bytes
 * Colour profiles (ICC, gAMA) are not applied, as Pillow and Keras do not: networks were trained on such pixels.
 * Resampling is that of Pillow up to 12.2, to the bit: antialiased, across, then down, 8 bits between the passes. Later
 * versions go down first where that is faster, which moves values by 1, and by up to 9 with bicubic on photos. fit.h
 * says what crop and pad take.
 *
 * Everything here is thread-safe: no state is shared but the choice of kernels, which is the same in every thread.
 */
#ifndef AKIN_IMAGE_IMAGE_H
#define AKIN_IMAGE_IMAGE_H

#include "base/preparation.h"

#include <akin/image.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum akin_image_format {
  AKIN_IMAGE_UNKNOWN, /* no image's magic bytes */
  AKIN_IMAGE_JPEG,
  AKIN_IMAGE_PNG,
  AKIN_IMAGE_WEBP,
  /* known by their magic bytes, so that the message can name them, not decoded in this build: */
  AKIN_IMAGE_GIF,
  AKIN_IMAGE_BMP,
  AKIN_IMAGE_TIFF,
  AKIN_IMAGE_HEIC,
  AKIN_IMAGE_AVIF,
  AKIN_IMAGE_JXL,
  AKIN_IMAGE_JPEG2000
} akin_image_format;

/* By magic bytes; 16 bytes suffice. */
akin_image_format akin_image_sniff(const void *bytes, size_t n);
const char *akin_image_format_name(akin_image_format format); /* "JPEG" */
/* Does the file's name promise an image (.jpg, .jpeg, .png, .webp, .heic, .gif …)? Letters compared without case. */
bool akin_image_has_name(const char *path);

typedef struct akin_image_info {
  akin_image_format format;
  uint32_t width, height; /* as stored in the file, before turning */
  uint8_t orientation;    /* EXIF, 1 to 8; 1 when there is none or it is out of range */
} akin_image_info;

/* An image decoded: u8 [height, width, 3] RGB, rows without gaps; pixels are owned. */
typedef struct akin_image {
  uint8_t *pixels;
  uint32_t width, height;
} akin_image;

/* Format, size and orientation without decoding; sizes are checked against the limits (NULL: AKIN_LIMITS_INIT).
 * Errors: FORMAT (not an image, damaged header), UNSUPPORTED (a known format that is not decoded: names it and says
 * what to do), LIMIT. */
akin_status akin_image_inspect(akin_image_info *out, const void *bytes, size_t n, const akin_limits *limits,
                               akin_error *err);

/*
 * Decodes the whole image, turned upright when p->upright, alpha as p->alpha says; p's size only serves to choose a
 * scaled JPEG decoding. p NULL: upright, over white, full size. A truncated file is an error (FORMAT), not a grey half,
 * and so is one whose data is visibly damaged.
 * info (may be NULL) as akin_image_inspect gives it. *out is freed with akin_image_free; {0} on failure.
 */
akin_status akin_image_decode(akin_image *out, akin_image_info *info, const void *bytes, size_t n,
                              const akin_preparation *p, const akin_limits *limits, akin_error *err);
void akin_image_free(akin_image *image); /* fine on {0} */

/* out: u8 [p->height, p->width, 3], owned by the caller. Fit and resize as p says. */
akin_status akin_image_resize(uint8_t *out, const akin_pixels *in, const akin_preparation *p, akin_error *err);

/*
 * decode + resize: what the ingest of one image does. out: u8 [p->height, p->width, 3].
 * The same as akin_image_decode and akin_image_resize, with less memory; of a JPEG that was decoded smaller, the
 * fraction of a pixel by which it grew is accounted for.
 */
akin_status akin_image_prepare(uint8_t *out, akin_image_info *info, const void *bytes, size_t n,
                               const akin_preparation *p, const akin_limits *limits, akin_error *err);

/* in place, u8 [height, width, 3]: left and right exchanged. */
void akin_image_mirror(uint8_t *pixels, uint32_t width, uint32_t height);

/* Appends a baseline JPEG of the pixels, without any metadata. quality: 1 to 100. For thumbnails. */
akin_status akin_image_encode_jpeg(akin_buffer *out, const akin_pixels *in, int quality, akin_error *err);

/* A picture of at most 256 colours. */
typedef struct akin_indexed {
  const uint8_t *pixels; /* [height, width], numbers of colours */
  uint32_t width, height;
  const uint8_t (*colours)[3]; /* red, green, blue; `colour_count` of them, 1 to 256 */
  unsigned colour_count;
} akin_indexed;
/* Appends a PNG with a palette. Errors: MEMORY, LIMIT (the buffer's ceiling), UNSUPPORTED (sizes that PNG has not). */
akin_status akin_image_encode_png(akin_buffer *out, const akin_indexed *in, akin_error *err);

/*
 * Appends a JPEG of the image in a file, upright, at most `side` pixels wide and high (1 to 4,096), never enlarged, and
 * writes its size. Errors as akin_image_prepare.
 */
akin_status akin_image_thumbnail(akin_buffer *jpeg, uint32_t *width, uint32_t *height, const void *bytes, size_t n,
                                 uint32_t side, const akin_limits *limits, akin_error *err);

/* Which kernels the resampler uses on this machine: "avx2", "sse4.1", "neon", "plain". Static. For `akin --version`,
 * tests and benchmarks. akin_image_use_kernels("plain") chooses by name, for tests; false when this machine has no such
 * kernels. */
const char *akin_image_kernels(void);
bool akin_image_use_kernels(const char *name);

/* Changes whenever the same file and preparation would give other pixels; part of the fingerprint. */
#define AKIN_IMAGE_VERSION 1

#endif
