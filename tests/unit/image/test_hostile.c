/* test_hostile.c - every prefix of every small file, thousands of mutants, and every allocation made to fail: never a
 * crash, never a picture that is not the file's. The sanitizers watch. */
#include "files.h"

#include <unistd.h>

#define HOSTILE_MUTANTS 150  /* of each file */
#define HOSTILE_SECONDS 240u /* for all; a hang ends the program */

/* What a mutant may claim; keeps its cost small. */
static const akin_limits hostile_limits = {1u << 20, 1u << 18};

static akin_status hostile_decode(akin_image *out, const void *bytes, size_t n) {
  akin_error err = {.text = ""};
  *out = (akin_image){TESTING_POISON, 0, 0};
  const akin_status status = akin_image_decode(out, NULL, bytes, n, NULL, &hostile_limits, &err);
  if (status != AKIN_OK) {
    assert_null(out->pixels);
    assert_int_equal(err.code, status);
    assert_true(err.text[0] != '\0' && !strchr(err.text, '\n'));
  }
  return status;
}

static void hostile_prefixes(const char *name) {
  files_bytes file = files_load(name);
  akin_image whole, part;
  if (file.size > 4096 || hostile_decode(&whole, file.data, file.size) != AKIN_OK) {
    akin_free(file.data);
    return;
  }
  for (size_t n = 0; n < file.size; n++) {
    files_bytes prefix = files_copy(file.data, n);
    if (hostile_decode(&part, prefix.data, prefix.size) == AKIN_OK) {
      if (part.width != whole.width || part.height != whole.height ||
          memcmp(part.pixels, whole.pixels, (size_t)whole.width * whole.height * 3) != 0)
        fail_msg("%s: the first %zu of %zu bytes give another picture, and no error", name, n, file.size);
      akin_image_free(&part);
    }
    akin_free(prefix.data);
  }
  akin_image_free(&whole);
  akin_free(file.data);
}

static void a_truncated_file_is_an_error_or_whole(void **state) {
  (void)state;
  assert_true(files_each("", hostile_prefixes) >= 45);
}

/* One of: bits flipped, a byte replaced, a run removed, a run repeated, four bytes set to an extreme. */
static files_bytes hostile_mutant(const files_bytes *file, uint32_t *seed) {
  files_bytes out = files_copy(file->data, file->size);
  for (uint32_t changes = 1 + files_random(seed) % 3; changes > 0; changes--) {
    const size_t at = files_random(seed) % out.size, left = out.size - at;
    const size_t run = 1 + files_random(seed) % (left < 32 ? left : 32);
    switch (files_random(seed) % 5) {
    case 0:
      out.data[at] ^= (uint8_t)(1u << files_random(seed) % 8);
      break;
    case 1:
      out.data[at] = (uint8_t)files_random(seed);
      break;
    case 2:
      memmove(out.data + at, out.data + at + run, left - run);
      if (out.size > run) out.size -= run;
      break;
    case 3:
      memmove(out.data + at, out.data + files_random(seed) % (out.size - run + 1), run);
      break;
    default:
      memset(out.data + at, files_random(seed) % 2 ? 0xFF : 0, left < 4 ? left : 4);
    }
  }
  files_bytes exact = files_copy(out.data, out.size); /* removed bytes must not lie behind it */
  akin_free(out.data);
  return exact;
}

static void hostile_mutants(const char *name) {
  static const akin_fit fits[] = {AKIN_FIT_STRETCH, AKIN_FIT_CROP, AKIN_FIT_PAD, AKIN_FIT_RESIZE_CROP};
  files_bytes file = files_load(name);
  uint32_t seed = (uint32_t)file.size * 2654435761u + 1;
  for (unsigned i = 0; file.size > 0 && file.size < 20000 && i < HOSTILE_MUTANTS; i++) {
    files_bytes mutant = hostile_mutant(&file, &seed);
    akin_image image;
    if (hostile_decode(&image, mutant.data, mutant.size) == AKIN_OK) akin_image_free(&image);
    akin_error err;
    uint8_t out[9 * 7 * 3];
    akin_preparation p = AKIN_PREPARATION_INIT(9, 7);
    p.filter = (akin_filter)(i % 4);
    p.fit = fits[i / 3 % 4];
    p.shorter = 11;
    const akin_status status = akin_image_prepare(out, NULL, mutant.data, mutant.size, &p, &hostile_limits, &err);
    assert_true(status == AKIN_OK || err.code == status);
    akin_free(mutant.data);
  }
  akin_free(file.data);
}

static void mutants_do_no_harm(void **state) {
  (void)state;
  files_each("", hostile_mutants);
  files_each("bad", hostile_mutants);
}

typedef struct hostile_work {
  files_bytes file;
  akin_preparation p;
  bool prepare;
} hostile_work;

static akin_status hostile_run(void *context) {
  const hostile_work *work = context;
  akin_error err;
  akin_image image;
  uint8_t out[9 * 7 * 3];
  if (work->prepare) return akin_image_prepare(out, NULL, work->file.data, work->file.size, &work->p, NULL, &err);
  const akin_status status = akin_image_decode(&image, NULL, work->file.data, work->file.size, &work->p, NULL, &err);
  if (status != AKIN_OK) assert_null(image.pixels);
  akin_image_free(&image);
  return status;
}

static void every_allocation_may_fail(void **state) {
  (void)state;
  static const char *const names[] = {"turned6.jpg", "cmyk.jpg",     "progressive.jpg", "turned6.png",
                                      "rgba8.png",   "palette4.png", "turned6.webp",    "animated_inside.webp"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    for (unsigned way = 0; way < 8; way++) {
      hostile_work work = {files_load(names[i]), AKIN_PREPARATION_INIT(9, 7), way & 1};
      if (way & 2) work.p.filter = AKIN_FILTER_NEAREST;
      assert_true(testing_fail_allocations(hostile_run, &work, way & 4) > 0);
      akin_free(work.file.data);
    }
  }
}

int main(void) {
  alarm(HOSTILE_SECONDS);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_truncated_file_is_an_error_or_whole),
      cmocka_unit_test(mutants_do_no_harm),
      cmocka_unit_test(every_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
