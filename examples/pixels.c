/*
 * pixels.c - features of pictures that are in memory only: how alike are a pattern, a darker copy, and another pattern?
 *
 *     pixels MODEL     MODEL: a name that `akin model list` shows as imported
 */
#include <akin/akin.h>
#include <stdio.h>
#include <stdlib.h>

#define SIDE 96

typedef uint8_t picture[SIDE][SIDE][3]; /* rows from top to bottom; red, green, blue */

/* Red and yellow squares of `size` pixels, as bright as `light` of 255. */
static void paint_squares(picture p, int size, int light) {
  for (int y = 0; y < SIDE; y++)
    for (int x = 0; x < SIDE; x++) {
      p[y][x][0] = (uint8_t)light;
      p[y][x][1] = (uint8_t)((x / size + y / size) % 2 ? light : 0);
      p[y][x][2] = 0;
    }
}

/* A blue that fades from left to right. */
static void paint_fade(picture p) {
  for (int y = 0; y < SIDE; y++)
    for (int x = 0; x < SIDE; x++) {
      p[y][x][0] = p[y][x][1] = (uint8_t)(x * 255 / SIDE);
      p[y][x][2] = 255;
    }
}

static akin_status embed(akin_model *model, float *feature, picture p, akin_error *err) {
  const akin_pixels pixels = {&p[0][0][0], SIDE, SIDE, sizeof p[0]};
  return akin_model_embed_pixels(model, feature, &pixels, 0, err);
}

/* Features are of unit length, so their dot product is the cosine. */
static double cosine(const float *a, const float *b, uint32_t dim) {
  double sum = 0;
  for (uint32_t i = 0; i < dim; i++)
    sum += (double)a[i] * (double)b[i];
  return sum;
}

static akin_status compare(akin_model *model, float *features, akin_error *err) {
  static picture pictures[3];
  const uint32_t dim = akin_model_dim(model);
  akin_status status = AKIN_OK;
  paint_squares(pictures[0], 12, 255);
  paint_squares(pictures[1], 12, 235);
  paint_fade(pictures[2]);
  for (size_t i = 0; !status && i < 3; i++)
    status = embed(model, features + i * dim, pictures[i], err);
  if (!status)
    printf("squares and darker squares: %.4f\nsquares and a fade: %.4f\n", cosine(features, features + dim, dim),
           cosine(features, features + 2 * (size_t)dim, dim));
  return status;
}

int main(int count, char **arguments) {
  akin_error err;
  akin_model *model = NULL;
  float *features = NULL; /* [3, dim] */
  int done = 0;
  if (count != 2) {
    fprintf(stderr, "usage: pixels MODEL\n");
    return 2;
  }
  akin_status status = akin_model_open(&model, arguments[1], NULL, &err);
  if (!status) {
    features = calloc(3, akin_model_dim(model) * sizeof *features);
    if (!features) {
      fprintf(stderr, "pixels: out of memory\n");
      goto out;
    }
    status = compare(model, features, &err);
  }
  if (status)
    fprintf(stderr, "pixels: %s\n", err.text);
  else
    done = fflush(stdout) == 0;
out:
  free(features);
  akin_model_free(model);
  return done ? 0 : 1;
}
