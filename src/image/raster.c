/* raster.c - decoded pixels: allocation with slack for the kernels, and alpha over white. */
#include "base/error.h"
#include "base/memory.h"
#include "image/codec.h"

#include <string.h>

akin_status akin_raster_new(akin_raster *out, uint32_t width, uint32_t height, uint32_t bytes_per_pixel,
                            akin_error *err) {
  size_t size = 0;
  if (!akin_multiply(&size, width, height) || !akin_multiply(&size, size, bytes_per_pixel) ||
      !akin_add(&size, size, AKIN_RASTER_SLACK)) {
    return akin_fail(err, AKIN_ERROR_LIMIT, "%u x %u pixels do not fit into this machine's address space", width,
                     height);
  }
  uint8_t *pixels = akin_alloc(size);
  if (!pixels) return akin_fail_memory(err, size);
  memset(pixels + size - AKIN_RASTER_SLACK, 0, AKIN_RASTER_SLACK);
  *out = (akin_raster){.pixels = pixels, .width = width, .height = height, .eighths = 8};
  return AKIN_OK;
}

static uint8_t raster_over_white(uint32_t colour, uint32_t alpha) {
  uint32_t sum = colour * alpha + 255u * (255u - alpha) + 128u;
  return (uint8_t)((sum + (sum >> 8)) >> 8); /* sum / 255, exact for 16-bit sums */
}

void akin_raster_flatten(akin_raster *raster) {
  size_t count = (size_t)raster->width * raster->height;
  const uint8_t *from = raster->pixels;
  uint8_t *to = raster->pixels; /* never ahead of from */
  for (size_t i = 0; i < count; i++, from += 4, to += 3) {
    uint8_t alpha = from[3];
    for (int c = 0; c < 3; c++)
      to[c] = alpha == 255 ? from[c] : raster_over_white(from[c], alpha);
  }
}

void akin_raster_free(akin_raster *raster) {
  akin_free(raster->pixels);
  *raster = (akin_raster){0};
}
