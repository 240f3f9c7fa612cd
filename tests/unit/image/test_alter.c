/* test_alter.c - each alteration does to the pixels what its name says; JPEG's own loss is the tolerance. */
#include "unit/testing.h"

#include "image/alter.h"
#include "image/image.h"

enum { W = 64, H = 40, PAD = 7 };

/* Four flat quarters, rows with a gap behind them. */
static const uint8_t quarters[4][3] = {{200, 40, 40}, {30, 160, 60}, {40, 60, 140}, {90, 90, 90}};
static uint8_t pixels[H * (W * 3 + PAD)];

static akin_pixels picture(void) {
  const akin_pixels p = {pixels, W, H, W * 3 + PAD};
  memset(pixels, 255, sizeof pixels);
  for (unsigned y = 0; y < H; y++)
    for (unsigned x = 0; x < W; x++)
      memcpy(pixels + y * p.stride + x * 3, quarters[(y >= H / 2) * 2 + (x >= W / 2)], 3);
  return p;
}

static akin_image altered(akin_alteration alteration, size_t *bytes) {
  const akin_pixels in = picture();
  akin_buffer jpeg = AKIN_BUFFER_INIT(0);
  akin_image out = {0};
  akin_error err;
  testing_ok(akin_image_alter(&jpeg, &in, alteration, &err), &err);
  testing_ok(akin_image_decode(&out, NULL, jpeg.data, jpeg.size, NULL, NULL, &err), &err);
  if (bytes) *bytes = jpeg.size;
  akin_buffer_free(&jpeg);
  return out;
}

static void expect_near(const akin_image *image, unsigned x, unsigned y, int r, int g, int b) {
  const uint8_t *p = image->pixels + (y * image->width + x) * 3;
  const int wanted[] = {r, g, b};
  for (int i = 0; i < 3; i++)
    if (abs(p[i] - wanted[i]) > 8) fail_msg("at %u, %u: %d %d %d, not %d %d %d", x, y, p[0], p[1], p[2], r, g, b);
}

static void crop_is_the_middle_half(void **state) {
  (void)state;
  akin_image out = altered(AKIN_ALTERATION_CROP, NULL);
  assert_int_equal(out.width, W - 2 * 9); /* of 9.6 pixels at each side whole ones */
  assert_int_equal(out.height, H - 2 * 6);
  expect_near(&out, W / 2 - 9 - 8, 4, 200, 40, 40); /* the quarters still meet in the middle */
  expect_near(&out, W / 2 - 9 + 8, 4, 30, 160, 60);
  expect_near(&out, out.width - 4, out.height - 4, 90, 90, 90);
  akin_image_free(&out);
}

static void mirror_exchanges_left_and_right(void **state) {
  (void)state;
  akin_image out = altered(AKIN_ALTERATION_MIRROR, NULL);
  assert_int_equal(out.width, W);
  expect_near(&out, 4, 4, 30, 160, 60);
  expect_near(&out, W - 5, 4, 200, 40, 40);
  expect_near(&out, 4, H - 5, 90, 90, 90);
  akin_image_free(&out);
}

static void colour_is_brighter_and_warmer(void **state) {
  (void)state;
  akin_image out = altered(AKIN_ALTERATION_COLOUR, NULL);
  expect_near(&out, 4, 4, 255, 53, 43);
  expect_near(&out, W - 5, H - 5, 144, 120, 96);
  akin_image_free(&out);
}

static void compression_loses(void **state) {
  (void)state;
  size_t hard = 0, other = 0;
  akin_image out = altered(AKIN_ALTERATION_COMPRESS, &hard), mirror = altered(AKIN_ALTERATION_MIRROR, &other);
  assert_int_equal(out.width, W);
  assert_int_equal(out.height, H);
  assert_true(hard < other);
  akin_image_free(&out);
  akin_image_free(&mirror);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(crop_is_the_middle_half), cmocka_unit_test(mirror_exchanges_left_and_right),
      cmocka_unit_test(colour_is_brighter_and_warmer), cmocka_unit_test(compression_loses)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
