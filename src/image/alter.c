/* alter.c - see alter.h. */
#include "image/alter.h"

#include "base/error.h"
#include "base/memory.h"
#include "image/image.h"

#include <string.h>

#define ALTER_QUALITY      95 /* of those that are about something else */
#define ALTER_QUALITY_HARD 10

/* The middle, half of the picture, without copying. */
static akin_pixels alter_crop(const akin_pixels *in) {
  const uint32_t across = (uint32_t)(in->width * UINT64_C(3) / 20), down = (uint32_t)(in->height * UINT64_C(3) / 20);
  return (akin_pixels){in->data + down * in->stride + (size_t)across * 3, in->width - 2 * across, in->height - 2 * down,
                       in->stride};
}

static uint8_t alter_clip(unsigned value) {
  return value > 255 ? 255 : (uint8_t)value;
}

/* All by 4/3; red by 1.2 more, blue by 0.8. */
static void alter_colour(uint8_t *pixels, size_t count) {
  for (size_t i = 0; i < count; i++) {
    uint8_t *p = pixels + 3 * i;
    p[0] = alter_clip((p[0] * 160u + 50) / 100);
    p[1] = alter_clip((p[1] * 133u + 50) / 100);
    p[2] = alter_clip((p[2] * 107u + 50) / 100);
  }
}

/* u8 [height, width, 3] without gaps; akin_free. NULL: no memory. */
static uint8_t *alter_copy(const akin_pixels *in) {
  const size_t row = (size_t)in->width * 3;
  uint8_t *copy = akin_realloc_array(NULL, in->height, row);
  for (uint32_t y = 0; copy && y < in->height; y++)
    memcpy(copy + y * row, in->data + y * in->stride, row);
  return copy;
}

akin_status akin_image_alter(akin_buffer *jpeg, const akin_pixels *in, akin_alteration alteration, akin_error *err) {
  if (alteration == AKIN_ALTERATION_COMPRESS) return akin_image_encode_jpeg(jpeg, in, ALTER_QUALITY_HARD, err);
  if (alteration == AKIN_ALTERATION_CROP) {
    const akin_pixels middle = alter_crop(in);
    return akin_image_encode_jpeg(jpeg, &middle, ALTER_QUALITY, err);
  }
  uint8_t *copy = alter_copy(in);
  if (!copy) return akin_fail_memory(err, (size_t)in->height * in->width * 3);
  if (alteration == AKIN_ALTERATION_MIRROR)
    akin_image_mirror(copy, in->width, in->height);
  else
    alter_colour(copy, (size_t)in->width * in->height);
  const akin_pixels altered = {copy, in->width, in->height, (size_t)in->width * 3};
  akin_status status = akin_image_encode_jpeg(jpeg, &altered, ALTER_QUALITY, err);
  akin_free(copy);
  return status;
}
