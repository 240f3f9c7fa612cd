/* thumbnail.c - small things done to finished pixels: mirroring, and pictures for pages. */
#include "image/image.h"

#include "base/error.h"
#include "base/memory.h"

#include <string.h>

#define THUMBNAIL_QUALITY 82

void akin_image_mirror(uint8_t *pixels, uint32_t width, uint32_t height) {
  for (uint32_t y = 0; y < height; y++) {
    uint8_t *left = pixels + (size_t)y * width * 3;
    uint8_t *right = left + (size_t)width * 3;
    for (uint32_t x = 0; x < width / 2; x++, left += 3) {
      uint8_t kept[3];
      right -= 3;
      memcpy(kept, left, 3);
      memcpy(left, right, 3);
      memcpy(right, kept, 3);
    }
  }
}

/* The largest size of these proportions inside side × side; never larger than the picture. */
static void thumbnail_size(akin_preparation *p, uint32_t width, uint32_t height, uint32_t side) {
  uint32_t longest = width > height ? width : height;
  p->width = width;
  p->height = height;
  if (longest <= side) return;
  p->width = (uint32_t)(((uint64_t)width * side + longest / 2) / longest);
  p->height = (uint32_t)(((uint64_t)height * side + longest / 2) / longest);
  if (p->width == 0) p->width = 1;
  if (p->height == 0) p->height = 1;
}

akin_status akin_image_thumbnail(akin_buffer *jpeg, uint32_t *width, uint32_t *height, const void *bytes, size_t n,
                                 uint32_t side, const akin_limits *limits, akin_error *err) {
  akin_preparation p = AKIN_PREPARATION_INIT(side, side);
  akin_image_info info;
  if (side < 1 || side > AKIN_PREPARATION_SIDE_MOST)
    return akin_fail(err, AKIN_ERROR_USAGE, "a thumbnail of %u pixels: 1 to %u", side, AKIN_PREPARATION_SIDE_MOST);
  akin_status status = akin_image_inspect(&info, bytes, n, limits, err);
  if (status != AKIN_OK) return status;
  bool swapped = info.orientation >= 5;
  thumbnail_size(&p, swapped ? info.height : info.width, swapped ? info.width : info.height, side);
  size_t size = (size_t)p.width * p.height * 3;
  uint8_t *pixels = akin_alloc(size);
  if (!pixels) return akin_fail_memory(err, size);
  status = akin_image_prepare(pixels, NULL, bytes, n, &p, limits, err);
  if (status == AKIN_OK) {
    const akin_pixels in = {pixels, p.width, p.height, (size_t)p.width * 3};
    status = akin_image_encode_jpeg(jpeg, &in, THUMBNAIL_QUALITY, err);
  }
  if (status == AKIN_OK) {
    *width = p.width;
    *height = p.height;
  }
  akin_free(pixels);
  return status;
}
