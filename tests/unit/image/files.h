/*
 * files.h - the image files under tests/data/images for the tests of this room: loading one, its pixels as Pillow has
 * them (generate.py beside them says what is what), and walking over all.
 */
#ifndef AKIN_TESTS_UNIT_IMAGE_FILES_H
#define AKIN_TESTS_UNIT_IMAGE_FILES_H

#include "unit/testing.h"

#include "image/image.h"

#include <dirent.h>

/* A file's bytes, in a block of exactly that size, so that a sanitizer sees the first byte read past the end. */
typedef struct files_bytes {
  uint8_t *data;
  size_t size;
} files_bytes;

TESTING files_bytes files_copy(const void *data, size_t size) {
  files_bytes out = {akin_alloc(size), size};
  assert_non_null(out.data);
  memcpy(out.data, data, size);
  return out;
}

/* name: inside tests/data/images. */
TESTING files_bytes files_load(const char *name) {
  char *path = akin_format("%s/images/%s", AKIN_TEST_DATA, name);
  assert_non_null(path);
  size_t size;
  char *data = testing_read(path, &size);
  files_bytes out = files_copy(data, size);
  akin_free(data);
  akin_free(path);
  return out;
}

/* A binary PPM of 8 bits. */
TESTING akin_image files_load_ppm(const char *name) {
  files_bytes file = files_load(name);
  akin_image out = {0};
  int header = 0;
  assert_int_equal(sscanf((const char *)file.data, "P6 %u %u 255%n", &out.width, &out.height, &header), 2);
  const size_t size = (size_t)out.width * out.height * 3;
  assert_int_equal(file.size, (size_t)header + 1 + size);
  out.pixels = akin_alloc(size);
  assert_non_null(out.pixels);
  memcpy(out.pixels, file.data + header + 1, size);
  akin_free(file.data);
  return out;
}

/* Are the pixels those of NAME + suffix? */
TESTING void files_expect_ppm(const akin_image *got, const char *name, const char *suffix) {
  char *ppm = akin_format("%s%s", name, suffix);
  assert_non_null(ppm);
  akin_image want = files_load_ppm(ppm);
  if (got->width != want.width || got->height != want.height)
    fail_msg("%s: %u x %u pixels, expected %u x %u", ppm, got->width, got->height, want.width, want.height);
  for (size_t i = 0; i < (size_t)want.width * want.height * 3; i++) {
    if (got->pixels[i] == want.pixels[i]) continue;
    fail_msg("%s: sample %zu is %u, expected %u", ppm, i, got->pixels[i], want.pixels[i]);
  }
  akin_image_free(&want);
  akin_free(ppm);
}

/* Calls visit with each file of tests/data/images/FOLDER ("" or "bad") whose name says that it is an image; returns how
 * many there were. Files without pixels beside them (bombs) are among them. */
TESTING unsigned files_each(const char *folder, void (*visit)(const char *name)) {
  char *path = akin_format("%s/images/%s", AKIN_TEST_DATA, folder);
  assert_non_null(path);
  DIR *all = opendir(path);
  assert_non_null(all);
  unsigned count = 0;
  for (struct dirent *entry; (entry = readdir(all));) {
    if (!akin_image_has_name(entry->d_name)) continue;
    char *name = akin_format("%s%s%s", folder, *folder ? "/" : "", entry->d_name);
    assert_non_null(name);
    visit(name);
    akin_free(name);
    count++;
  }
  closedir(all);
  akin_free(path);
  return count;
}

/* Small steps of a seeded generator (xorshift), the same on every machine. */
TESTING uint32_t files_random(uint32_t *state) {
  *state ^= *state << 13;
  *state ^= *state >> 17;
  *state ^= *state << 5;
  return *state;
}

/* Pixels that differ everywhere: u8 [height, width, 3]; akin_free. */
TESTING uint8_t *files_noise(uint32_t width, uint32_t height, uint32_t seed) {
  const size_t size = (size_t)width * height * 3;
  uint8_t *out = akin_alloc(size);
  assert_non_null(out);
  for (size_t i = 0; i < size; i++)
    out[i] = (uint8_t)(files_random(&seed) >> 9);
  return out;
}

#endif
