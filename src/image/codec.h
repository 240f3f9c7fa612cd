/*
 * codec.h - what jpeg.c, png.c and webp.c have in common: one function each, which reads the header, has it checked
 * against the limits, and decodes when asked to. decode.c has the table of them.
 */
#ifndef AKIN_IMAGE_CODEC_H
#define AKIN_IMAGE_CODEC_H

#include "base/buffer.h"
#include "image/image.h"

/* Bytes after the last row of a raster that may be read (not written), so that kernels load whole vectors. */
#define AKIN_RASTER_SLACK 32

/*
 * Pixels as the file stores them, not yet turned: u8 [height, width, 3] RGB, rows without gaps.
 *   eighths: 8 when whole; less when a JPEG was decoded smaller: the picture then covers exactly full width * eighths /
 * 8 columns and full height * eighths / 8 rows, of which the last may be a fraction
 */
typedef struct akin_raster {
  uint8_t *pixels;
  uint32_t width, height;
  uint32_t eighths;
} akin_raster;

/* bytes_per_pixel: 3, or 4 for a decoder that needs room for alpha until akin_raster_flatten. */
akin_status akin_raster_new(akin_raster *out, uint32_t width, uint32_t height, uint32_t bytes_per_pixel,
                            akin_error *err);
/* In place, u8 [height, width, 4] RGBA → RGB over white: (c * a + 255 * (255 - a)) / 255, rounded to nearest. */
void akin_raster_flatten(akin_raster *raster);
void akin_raster_free(akin_raster *raster); /* fine on {0} */

/* What is asked of a codec. Everything is borrowed. */
typedef struct akin_codec_job {
  const uint8_t *bytes;
  size_t size;
  const akin_preparation *preparation;
  const akin_limits *limits;
} akin_codec_job;

/* Fills *info but for the format. raster NULL: the header only. On failure the raster is untouched or freed by the
 * codec. Texts of errors do not name the format: decode.c puts it in front. */
typedef akin_status akin_codec_read(akin_raster *raster, akin_image_info *info, const akin_codec_job *job,
                                    akin_error *err);
akin_codec_read akin_jpeg_read;
akin_codec_read akin_png_read;
akin_codec_read akin_webp_read;

/* Called by a codec as soon as it knows the size, before it allocates anything of that size. */
akin_status akin_codec_admit(uint32_t width, uint32_t height, const akin_limits *limits, akin_error *err);

#endif
