/* test_resample.c - Pillow's pixels on every instruction set; edges of rows and buffers; turned and smaller decoded
 * pictures end where the plain ones do. */
#include "files.h"
#include "image/kernels.h"

static const char *const kernel_names[] = {"plain", "sse4.1", "avx2", "neon"};
#define KERNELS (sizeof kernel_names / sizeof kernel_names[0])

static const akin_filter filters[] = {AKIN_FILTER_NEAREST, AKIN_FILTER_BOX, AKIN_FILTER_BILINEAR, AKIN_FILTER_BICUBIC};

static void kernels_are_chosen_by_name(void **state) {
  (void)state;
  unsigned there = 0;
  for (size_t i = 0; i < KERNELS; i++) {
    if (!akin_image_use_kernels(kernel_names[i])) continue;
    assert_string_equal(akin_image_kernels(), kernel_names[i]);
    there++;
  }
  assert_true(there >= 1);
  const char *before = akin_image_kernels();
  assert_false(akin_image_use_kernels("no such kernels"));
  assert_string_equal(akin_image_kernels(), before);
  assert_true(akin_image_use_kernels("plain"));
#if defined(__aarch64__)
  assert_true(akin_image_use_kernels("neon"));
#elif defined(__x86_64__)
  assert_int_equal(akin_image_use_kernels("avx2"), __builtin_cpu_supports("avx2") != 0);
#endif
}

/* ---- against Pillow ---- */

static void scene_equals_pillow(void **state) {
  (void)state;
  static const struct {
    akin_fit fit;
    float fraction;
    uint32_t width, height;
  } shapes[] = {{AKIN_FIT_STRETCH, 1.0f, 20, 9},
                {AKIN_FIT_STRETCH, 1.0f, 61, 40},
                {AKIN_FIT_CROP, 0.875f, 16, 16},
                {AKIN_FIT_PAD, 1.0f, 23, 30}};
  files_bytes file = files_load("scene.png");
  for (size_t k = 0; k < KERNELS * 4 * 4; k++) {
    if (!akin_image_use_kernels(kernel_names[k / 16])) continue;
    akin_error err;
    akin_preparation p = AKIN_PREPARATION_INIT(shapes[k % 4].width, shapes[k % 4].height);
    p.filter = filters[k / 4 % 4];
    p.fit = shapes[k % 4].fit;
    p.crop_fraction = shapes[k % 4].fraction;
    memcpy(p.pad_colour, (const uint8_t[]){10, 20, 30}, 3);
    akin_image got = {akin_alloc((size_t)p.width * p.height * 3), p.width, p.height};
    assert_non_null(got.pixels);
    testing_ok(akin_image_prepare(got.pixels, NULL, file.data, file.size, &p, NULL, &err), &err);
    char *suffix = akin_format(".%s-%s-%ux%u.ppm", akin_filter_name(p.filter), akin_fit_name(p.fit), p.width, p.height);
    files_expect_ppm(&got, "scene.png", suffix);
    akin_free(suffix);
    akin_image_free(&got);
  }
  akin_free(file.data);
}

/* ---- against each other ---- */

#define GUARD 64

/* Resizes noise; the output stands between guards that must stay as they are. akin_free(result - GUARD). */
static uint8_t *resized_noise(const akin_preparation *p, uint32_t width, uint32_t height, size_t gap, uint32_t seed) {
  akin_error err;
  const size_t size = (size_t)p->width * p->height * 3, row = (size_t)width * 3, stride = row + gap;
  uint8_t *noise = files_noise(width, height, seed);
  files_bytes in = {akin_alloc((height - 1) * stride + row), 0}; /* ends with the last pixel */
  uint8_t *out = akin_alloc(size + 2 * GUARD);
  assert_non_null(in.data);
  assert_non_null(out);
  for (uint32_t y = 0; y < height; y++) {
    memcpy(in.data + y * stride, noise + y * row, row);
    if (y + 1 < height) memset(in.data + y * stride + row, 0x5A, gap);
  }
  memset(out, 0xC3, size + 2 * GUARD);
  const akin_pixels pixels = {in.data, width, height, stride};
  testing_ok(akin_image_resize(out + GUARD, &pixels, p, &err), &err);
  for (size_t i = 0; i < GUARD; i++) {
    assert_int_equal(out[i], 0xC3);
    assert_int_equal(out[GUARD + size + i], 0xC3);
  }
  akin_free(in.data);
  akin_free(noise);
  return out + GUARD;
}

static void all_kernels_give_the_same_bytes(void **state) {
  (void)state;
  uint32_t seed = 7;
  for (unsigned i = 0; i < 250; i++) {
    const uint32_t width = 1 + files_random(&seed) % (i % 10 ? 90 : 1500), height = 1 + files_random(&seed) % 70;
    akin_preparation p =
        AKIN_PREPARATION_INIT(1 + files_random(&seed) % 70, 1 + files_random(&seed) % (i % 10 ? 60 : 3));
    p.filter = filters[1 + i % 3];
    p.fit = (akin_fit)(i / 3 % 3);
    p.crop_fraction = 0.6f;
    assert_true(akin_image_use_kernels("plain"));
    uint8_t *want = resized_noise(&p, width, height, i % 5, seed);
    for (size_t k = 1; k < KERNELS; k++) {
      if (!akin_image_use_kernels(kernel_names[k])) continue;
      uint8_t *got = resized_noise(&p, width, height, i % 5, seed);
      if (memcmp(got, want, (size_t)p.width * p.height * 3) != 0)
        fail_msg("%s: %u x %u to %u x %u with %s differs from plain", kernel_names[k], width, height, p.width, p.height,
                 akin_filter_name(p.filter));
      akin_free(got - GUARD);
    }
    akin_free(want - GUARD);
  }
}

static void extreme_proportions_work(void **state) {
  (void)state;
  static const uint32_t sizes[][4] = {{65535, 1, 1, 1},   {1, 65535, 1, 1}, {1, 1, 300, 200}, {65535, 2, 1, 300},
                                      {2, 65535, 300, 1}, {3, 1, 1, 4096},  {1, 2, 4096, 1}};
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    for (size_t k = 0; k < KERNELS; k++) {
      if (!akin_image_use_kernels(kernel_names[k])) continue;
      akin_preparation p = AKIN_PREPARATION_INIT(sizes[i][2], sizes[i][3]);
      p.filter = filters[(i + k) % 4];
      akin_free(resized_noise(&p, sizes[i][0], sizes[i][1], 0, 11) - GUARD);
    }
  }
}

/* One colour stays that colour, at every edge: weights add up to one. */
static void a_flat_colour_stays_flat(void **state) {
  (void)state;
  static const uint8_t colour[3] = {255, 1, 128};
  for (unsigned i = 0; i < 4 * 60; i++) {
    akin_error err;
    const uint32_t width = 1 + i * 7 % 61, height = 1 + i * 5 % 53;
    akin_preparation p = AKIN_PREPARATION_INIT(1 + i * 3 % 47, 1 + i * 11 % 43);
    p.filter = filters[i % 4];
    uint8_t *flat = akin_alloc((size_t)width * height * 3), *out = akin_alloc((size_t)p.width * p.height * 3);
    assert_non_null(flat);
    assert_non_null(out);
    for (size_t k = 0; k < (size_t)width * height; k++)
      memcpy(flat + k * 3, colour, 3);
    const akin_pixels in = {flat, width, height, (size_t)width * 3};
    testing_ok(akin_image_resize(out, &in, &p, &err), &err);
    for (size_t k = 0; k < (size_t)p.width * p.height; k++)
      assert_memory_equal(out + k * 3, colour, 3);
    akin_free(flat);
    akin_free(out);
  }
}

/* ---- the ways to the same picture ---- */

static void prepare_is_decode_and_resize(const char *name) {
  files_bytes file = files_load(name);
  for (unsigned i = 0; i < 12; i++) {
    akin_error err;
    akin_image image;
    uint8_t at_once[17 * 11 * 3], in_steps[17 * 11 * 3];
    akin_preparation p = AKIN_PREPARATION_INIT(17, 11);
    p.filter = filters[i % 4];
    p.fit = (akin_fit)(i / 4);
    p.crop_fraction = 0.7f;
    testing_ok(akin_image_prepare(at_once, NULL, file.data, file.size, &p, NULL, &err), &err);
    testing_ok(akin_image_decode(&image, NULL, file.data, file.size, &p, NULL, &err), &err);
    const akin_pixels in = {image.pixels, image.width, image.height, (size_t)image.width * 3};
    testing_ok(akin_image_resize(in_steps, &in, &p, &err), &err);
    if (memcmp(at_once, in_steps, sizeof at_once) != 0)
      fail_msg("%s: %s, %s: not the same at once and in steps", name, akin_filter_name(p.filter), akin_fit_name(p.fit));
    akin_image_free(&image);
  }
  akin_free(file.data);
}

static void at_once_and_in_steps_are_the_same(void **state) {
  (void)state;
  assert_true(files_each("", prepare_is_decode_and_resize) >= 45);
}

/* A JPEG of saw teeth, steep enough that a shift by a few pixels shows; orientation 0: without Exif. */
static akin_buffer teeth_jpeg(uint32_t width, uint32_t height, uint8_t orientation) {
  akin_error err;
  uint8_t *pixels = akin_alloc((size_t)width * height * 3);
  assert_non_null(pixels);
  for (uint32_t y = 0; y < height; y++) {
    for (uint32_t x = 0; x < width; x++) {
      uint8_t *p = pixels + ((size_t)y * width + x) * 3;
      p[0] = (uint8_t)(abs((int)(x % 200) - 100) * 12 / 5);
      p[1] = (uint8_t)(abs((int)(y % 200) - 100) * 12 / 5);
      p[2] = 90;
    }
  }
  akin_buffer plain = AKIN_BUFFER_INIT(0), out = AKIN_BUFFER_INIT(0);
  const akin_pixels in = {pixels, width, height, (size_t)width * 3};
  testing_ok(akin_image_encode_jpeg(&plain, &in, 95, &err), &err);
  akin_free(pixels);
  if (orientation == 0) return plain;
  const uint8_t exif[] = {0xFF, 0xE1, 0, 34, 'E', 'x', 'i', 'f', 0, 0, 'M', 'M',         0, 42, 0, 0, 0, 8,
                          0,    1,    1, 18, 0,   3,   0,   0,   0, 1, 0,   orientation, 0, 0,  0, 0, 0, 0};
  assert_int_equal(akin_buffer_append(&out, plain.data, 2), AKIN_OK);
  assert_int_equal(akin_buffer_append(&out, exif, sizeof exif), AKIN_OK);
  assert_int_equal(akin_buffer_append(&out, plain.data + 2, plain.size - 2), AKIN_OK);
  akin_buffer_free(&plain);
  return out;
}

static void smaller_decoding_hardly_shows(void **state) {
  (void)state;
  static const uint32_t sizes[][2] = {{801, 803}, {403, 607}, {800, 400}};
  for (unsigned i = 0; i < 3 * 9; i++) {
    akin_error err;
    static uint8_t scaled[50 * 50 * 3], whole[50 * 50 * 3];
    akin_buffer jpeg = teeth_jpeg(sizes[i / 9][0], sizes[i / 9][1], (uint8_t)(i % 9));
    akin_preparation p = AKIN_PREPARATION_INIT(50, 50);
    p.fit = i % 2 ? AKIN_FIT_CROP : AKIN_FIT_STRETCH;
    akin_image image;
    testing_ok(akin_image_decode(&image, NULL, jpeg.data, jpeg.size, &p, NULL, &err), &err);
    assert_true((uint64_t)image.width * image.height * 15 <= (uint64_t)sizes[i / 9][0] * sizes[i / 9][1] * 4);
    assert_true(image.width >= 100 && image.height >= 100);
    akin_image_free(&image);
    testing_ok(akin_image_prepare(scaled, NULL, jpeg.data, jpeg.size, &p, NULL, &err), &err);
    p.scaled_decoding = false;
    testing_ok(akin_image_prepare(whole, NULL, jpeg.data, jpeg.size, &p, NULL, &err), &err);
    int largest = 0;
    for (size_t k = 0; k < sizeof whole; k++) {
      const int difference = abs(scaled[k] - whole[k]);
      if (difference > largest) largest = difference;
    }
    if (largest > 4) fail_msg("orientation %u: differs by %d", i % 9, largest);
    akin_buffer_free(&jpeg);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(kernels_are_chosen_by_name),      cmocka_unit_test(scene_equals_pillow),
      cmocka_unit_test(all_kernels_give_the_same_bytes), cmocka_unit_test(extreme_proportions_work),
      cmocka_unit_test(a_flat_colour_stays_flat),        cmocka_unit_test(at_once_and_in_steps_are_the_same),
      cmocka_unit_test(smaller_decoding_hardly_shows),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
