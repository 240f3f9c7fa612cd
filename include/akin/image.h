/*
 * akin/image.h - pixels that the caller has, and how large an image file may be.
 */
#ifndef AKIN_IMAGE_H
#define AKIN_IMAGE_H

#include <akin/status.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Pixels in memory: red, green, blue, 8 bits each, sRGB, upright, rows from top to bottom.
 *   data: height rows of width * 3 bytes, each row `stride` bytes after the one before; borrowed for the call
 *   width, height: 1 to 65,535
 *   stride: at least width * 3
 */
typedef struct akin_pixels {
  const uint8_t *data;
  uint32_t width;
  uint32_t height;
  size_t stride;
} akin_pixels;

/*
 * Ceilings for image files, checked before anything of that size is allocated.
 *   max_bytes: of the file; default 268,435,456
 *   max_pixels: width * height as stored; default 250,000,000
 */
typedef struct akin_limits {
  uint64_t max_bytes;
  uint64_t max_pixels;
} akin_limits;

#define AKIN_LIMITS_INIT                                                                                               \
  { 268435456u, 250000000u }

#ifdef __cplusplus
}
#endif
#endif
