/*
 * scene.h - painted scenes for tests of near-duplicates: the same seed is the same scene, at any size, cut anywhere,
 * brighter, mirrored or in other colours, written as JPEG.
 */
#ifndef AKIN_TESTS_UNIT_SCENE_H
#define AKIN_TESTS_UNIT_SCENE_H

#include "unit/testing.h"

#include "image/image.h"

typedef struct scene {
  uint64_t seed;
  uint32_t width, height;
  double left, top, right, bottom; /* what is seen of it, 0 to 1 */
  double gain;                     /* of brightness */
  bool mirrored, dyed;             /* dyed: red and blue exchanged */
  int quality;                     /* of the JPEG */
} scene;

#define SCENE(number)                                                                                                  \
  { .seed = (number), .width = 240, .height = 180, .right = 1, .bottom = 1, .gain = 1, .quality = 90 }

#define SCENE_BLOBS 24

typedef struct scene_blob {
  double x, y, size, colour[3];
} scene_blob;

TESTING double scene_random(uint64_t *state) {
  *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (double)(*state >> 33) / 2147483648.0;
}

TESTING void scene_plan(scene_blob *blobs, uint64_t seed) {
  uint64_t state = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
  for (int i = 0; i < SCENE_BLOBS; i++) {
    blobs[i] = (scene_blob){.x = scene_random(&state), .y = scene_random(&state)};
    blobs[i].size = 0.04 + 0.16 * scene_random(&state);
    for (int c = 0; c < 3; c++)
      blobs[i].colour[c] = 30 + 150 * scene_random(&state);
  }
}

/* The colour at a place: of the last ellipse that holds it, or of the ground. */
TESTING void scene_colour(double colour[3], const scene_blob *blobs, double x, double y) {
  colour[0] = 90 + 60 * x;
  colour[1] = 120 - 50 * y;
  colour[2] = 70 + 40 * x * y;
  for (int i = 0; i < SCENE_BLOBS; i++) {
    const double dx = (x - blobs[i].x) / blobs[i].size, dy = (y - blobs[i].y) / blobs[i].size;
    if (dx * dx + dy * dy <= 1) memcpy(colour, blobs[i].colour, sizeof blobs[i].colour);
  }
}

/* u8 [height, width, 3], akin_free. Four samples a pixel, so that sizes can be compared. */
TESTING uint8_t *scene_pixels(const scene *s) {
  scene_blob blobs[SCENE_BLOBS];
  uint8_t *pixels = akin_alloc((size_t)s->width * s->height * 3);
  assert_non_null(pixels);
  scene_plan(blobs, s->seed);
  for (uint32_t y = 0; y < s->height; y++)
    for (uint32_t x = 0; x < s->width; x++) {
      double sum[3] = {0};
      for (int sample = 0; sample < 4; sample++) {
        double colour[3], across = (x + 0.25 + 0.5 * (sample & 1)) / s->width;
        if (s->mirrored) across = 1 - across;
        scene_colour(colour, blobs, s->left + across * (s->right - s->left),
                     s->top + (y + 0.25 + 0.5 * (sample >> 1)) / s->height * (s->bottom - s->top));
        for (int c = 0; c < 3; c++)
          sum[c] += colour[s->dyed ? 2 - c : c] / 4;
      }
      for (int c = 0; c < 3; c++) {
        const double value = sum[c] * s->gain;
        pixels[((size_t)y * s->width + x) * 3 + c] = (uint8_t)(value > 255 ? 255 : value);
      }
    }
  return pixels;
}

TESTING void scene_encode(akin_buffer *out, const scene *s) {
  akin_error err;
  uint8_t *pixels = scene_pixels(s);
  const akin_pixels view = {pixels, s->width, s->height, (size_t)s->width * 3};
  testing_ok(akin_image_encode_jpeg(out, &view, s->quality, &err), &err);
  akin_free(pixels);
}

/* Writes folder/name and returns its path; akin_free. */
TESTING char *scene_write(const scene *s, const char *folder, const char *name) {
  akin_buffer jpeg = AKIN_BUFFER_INIT(0);
  char *path = testing_path(folder, name);
  scene_encode(&jpeg, s);
  testing_write(path, jpeg.data, jpeg.size);
  akin_buffer_free(&jpeg);
  return path;
}

#endif
