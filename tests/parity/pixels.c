/*
 * pixels.c - what akin makes of image files, as raw pixels, for pillow.py to compare.
 *
 * Requests are read from standard input, one a line, fields separated by single spaces, the path last:
 *     WIDTH HEIGHT FILTER FIT FRACTION ALPHA UPRIGHT SCALED KERNELS PATH    WIDTH 0: the whole image, decoded
 *     FILTER "keras": as akin_preparation_keras says. ALPHA: white or drop. UPRIGHT, SCALED: 0 or 1. KERNELS: or "best"
 * Each answer is a line "ok WIDTH HEIGHT" and WIDTH * HEIGHT * 3 bytes, or a line "error TEXT".
 */
#include "base/file.h"
#include "base/memory.h"
#include "image/image.h"

#include <stdio.h>
#include <string.h>

#define PIXELS_FILE_AT_MOST ((size_t)256 << 20)

typedef struct pixels_request {
  akin_preparation p;
  char kernels[16];
  char path[4096];
} pixels_request;

static bool pixels_parse(pixels_request *out, char *line) {
  char filter[16], fit[16], alpha[16];
  unsigned width, height, upright, scaled;
  float fraction;
  int path_at = 0;
  line[strcspn(line, "\n")] = '\0';
  if (sscanf(line, "%u %u %15s %15s %f %15s %u %u %15s %n", &width, &height, filter, fit, &fraction, alpha, &upright,
             &scaled, out->kernels, &path_at) != 9 ||
      path_at == 0)
    return false;
  out->p = (akin_preparation)AKIN_PREPARATION_INIT(width, height);
  snprintf(out->path, sizeof out->path, "%s", line + path_at);
  if (strcmp(filter, "keras") == 0) {
    akin_preparation_keras(&out->p);
    return true;
  }
  out->p.crop_fraction = fraction;
  out->p.shorter = (uint32_t)fraction;
  out->p.alpha = strcmp(alpha, "drop") == 0 ? AKIN_ALPHA_DROP : AKIN_ALPHA_WHITE;
  out->p.upright = upright != 0;
  out->p.scaled_decoding = scaled != 0;
  out->p.pad_colour[0] = 10;
  out->p.pad_colour[1] = 20;
  out->p.pad_colour[2] = 30;
  return akin_filter_from_name(&out->p.filter, filter) && akin_fit_from_name(&out->p.fit, fit);
}

static akin_status pixels_make(akin_image *out, const akin_buffer *file, const pixels_request *request,
                               akin_error *err) {
  akin_preparation p = request->p;
  if (p.width == 0) {
    p.width = p.height = 1;
    return akin_image_decode(out, NULL, file->data, file->size, &p, NULL, err);
  }
  out->width = p.width;
  out->height = p.height;
  out->pixels = akin_alloc((size_t)p.width * p.height * 3);
  if (!out->pixels) return AKIN_ERROR_MEMORY;
  return akin_image_prepare(out->pixels, NULL, file->data, file->size, &p, NULL, err);
}

static void pixels_answer(const pixels_request *request) {
  akin_error err = {0};
  akin_buffer file = AKIN_BUFFER_INIT(PIXELS_FILE_AT_MOST);
  akin_image image = {0};
  bool chosen = strcmp(request->kernels, "best") == 0 || akin_image_use_kernels(request->kernels);
  akin_status status = akin_file_read(&file, request->path, PIXELS_FILE_AT_MOST, NULL, &err);
  if (status == AKIN_OK) status = pixels_make(&image, &file, request, &err);
  if (!chosen) {
    printf("error no kernels %s on this machine\n", request->kernels);
  } else if (status != AKIN_OK) {
    printf("error %s\n", err.text);
  } else {
    printf("ok %u %u\n", image.width, image.height);
    fwrite(image.pixels, 3, (size_t)image.width * image.height, stdout);
  }
  fflush(stdout);
  akin_image_free(&image);
  akin_buffer_free(&file);
}

int main(void) {
  char line[8192];
  while (fgets(line, sizeof line, stdin)) {
    pixels_request request;
    if (!pixels_parse(&request, line)) {
      fprintf(stderr, "pixels: not a request: %s\n", line);
      return 2;
    }
    pixels_answer(&request);
  }
  return 0;
}
