/*
 * prepare.c - how long one thread takes from an image file's bytes to a network's pixels. prepare.py runs it beside
 * Pillow.
 *
 *     bench_prepare SIZE < REQUESTS
 *
 * Requests, one a line: "file PATH" reads a file into memory; "decode" decodes every file at full size, "whole" also
 * resizes it (antialiased, bilinear, stretched to SIZE × SIZE), "scaled" does the same with smaller JPEG decoding
 * allowed. The last three answer with the seconds of processor time that one pass over all files took.
 */
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "image/image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BENCH_FILE_AT_MOST ((size_t)1 << 28)

typedef struct bench_files {
  akin_buffer *all;
  size_t count;
} bench_files;

static double bench_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void bench_check(akin_status status, const akin_error *err) {
  if (status == AKIN_OK) return;
  fprintf(stderr, "bench_prepare: %s\n", err->text);
  exit(1);
}

static void bench_add(bench_files *files, const char *path) {
  akin_error err;
  akin_buffer *all = akin_realloc_array(files->all, files->count + 1, sizeof *all);
  if (!all) bench_check(AKIN_ERROR_MEMORY, &(akin_error){.text = "out of memory"});
  files->all = all;
  all[files->count] = (akin_buffer)AKIN_BUFFER_INIT(BENCH_FILE_AT_MOST);
  bench_check(akin_file_read(&all[files->count], path, BENCH_FILE_AT_MOST, NULL, &err), &err);
  files->count++;
}

static void bench_one(const akin_buffer *file, const char *what, const akin_preparation *p, uint8_t *out) {
  akin_error err;
  if (strcmp(what, "decode") == 0) {
    akin_image image;
    bench_check(akin_image_decode(&image, NULL, file->data, file->size, NULL, NULL, &err), &err);
    akin_image_free(&image);
  } else {
    bench_check(akin_image_prepare(out, NULL, file->data, file->size, p, NULL, &err), &err);
  }
}

int main(int argc, char **argv) {
  uint64_t size;
  if (argc != 2 || !akin_parse_u64(&size, argv[1], 1, 4096)) {
    fprintf(stderr, "usage: bench_prepare SIZE < REQUESTS\n");
    return 2;
  }
  bench_files files = {0};
  akin_preparation p = AKIN_PREPARATION_INIT((uint32_t)size, (uint32_t)size);
  uint8_t *out = akin_alloc((size_t)(size * size * 3));
  if (!out) return 1;
  for (char line[8192]; fgets(line, sizeof line, stdin);) {
    line[strcspn(line, "\n")] = '\0';
    if (strncmp(line, "file ", 5) == 0) {
      bench_add(&files, line + 5);
      continue;
    }
    p.scaled_decoding = strcmp(line, "scaled") == 0;
    double start = bench_now();
    for (size_t i = 0; i < files.count; i++)
      bench_one(&files.all[i], line, &p, out);
    printf("%.6f\n", bench_now() - start);
    fflush(stdout);
  }
  for (size_t i = 0; i < files.count; i++)
    akin_buffer_free(&files.all[i]);
  akin_free(files.all);
  akin_free(out);
  return 0;
}
