/* test_imprint.c - one scene in many forms is the same picture; other scenes, other colours and additions are not. */
#include "unit/scene.h"

#include "image/imprint.h"
#include "image/register.h"

#include <math.h>

#define SEEDS 8

static akin_imprint imprint_of(const scene *s) {
  akin_error err;
  akin_buffer jpeg = AKIN_BUFFER_INIT(0);
  akin_imprint out;
  scene_encode(&jpeg, s);
  testing_ok(akin_image_imprint(&out, jpeg.data, jpeg.size, NULL, &err), &err);
  akin_buffer_free(&jpeg);
  return out;
}

/* Both orders give the same, to the bit. */
static bool same(const akin_imprint *a, const akin_imprint *b) {
  float forth = NAN, back = NAN;
  const bool found = akin_imprint_same(a, b, &forth);
  assert_int_equal(akin_imprint_same(b, a, &back), found);
  assert_memory_equal(&forth, &back, sizeof forth);
  assert_true(forth >= 0.0f && forth <= 1.0f);
  return found;
}

/* Is every one of the seeds' scenes the same as it is when `change` was done to it? Returns how many are. */
static int found_after(void (*change)(scene *s)) {
  int count = 0;
  for (uint64_t seed = 1; seed <= SEEDS; seed++) {
    scene plain = SCENE(seed), other = SCENE(seed);
    change(&other);
    const akin_imprint a = imprint_of(&plain), b = imprint_of(&other);
    count += same(&a, &b);
  }
  return count;
}

static void nothing(scene *s) {
  (void)s;
}
static void half(scene *s) {
  s->width /= 2;
  s->height /= 2;
}
static void coarse(scene *s) {
  s->quality = 30;
}
static void cut_at_one_side(scene *s) {
  s->left = 0.05;
  s->bottom = 0.95;
}
static void cut_all_around(scene *s) {
  s->left = s->top = 0.05;
  s->right = s->bottom = 0.95;
}
static void dark(scene *s) {
  s->gain = 0.7;
}
static void bright(scene *s) {
  s->gain = 1.3;
}
static void all_at_once(scene *s) {
  half(s);
  cut_at_one_side(s);
  s->quality = 40;
  s->gain = 1.15;
}
static void mirrored(scene *s) {
  s->mirrored = true;
}
static void dyed(scene *s) {
  s->dyed = true;
}
static void cut_in_half(scene *s) {
  s->right = 0.5;
}
static void cut_by_a_fifth(scene *s) {
  s->left = 0.2;
}

static void a_picture_is_known_again(void **state) {
  (void)state;
  assert_int_equal(found_after(nothing), SEEDS);
  assert_int_equal(found_after(half), SEEDS);
  assert_int_equal(found_after(coarse), SEEDS);
  assert_int_equal(found_after(cut_at_one_side), SEEDS);
  assert_int_equal(found_after(cut_all_around), SEEDS);
  assert_int_equal(found_after(dark), SEEDS);
  assert_int_equal(found_after(bright), SEEDS);
  assert_int_equal(found_after(all_at_once), SEEDS);
}

static void what_is_something_else_is_not(void **state) {
  (void)state;
  assert_int_equal(found_after(mirrored), 0);
  assert_int_equal(found_after(dyed), 0);
  assert_int_equal(found_after(cut_in_half), 0);
  assert_int_equal(found_after(cut_by_a_fifth), 0);
}

static void a_mirrored_imprint_is_that_of_the_mirrored_picture(void **state) {
  (void)state;
  scene plain = SCENE(3), turned = SCENE(3);
  turned.mirrored = true;
  const akin_imprint a = imprint_of(&plain), b = imprint_of(&turned);
  akin_imprint once, twice;
  akin_imprint_mirror(&once, &a);
  assert_true(same(&once, &b));
  assert_false(same(&a, &b));
  akin_imprint_mirror(&twice, &once);
  assert_memory_equal(&twice, &a, sizeof a);
}

static void different_scenes_differ(void **state) {
  (void)state;
  akin_imprint all[SEEDS];
  for (uint64_t seed = 0; seed < SEEDS; seed++) {
    scene s = SCENE(seed + 1);
    all[seed] = imprint_of(&s);
  }
  for (int i = 0; i < SEEDS; i++)
    for (int j = 0; j < i; j++)
      assert_false(same(&all[i], &all[j]));
}

/* A dark bar in the middle of a light picture, as a word that was printed on it: most squares agree all the same. */
static void a_word_makes_another_picture(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= SEEDS; seed++) {
    scene s = SCENE(seed);
    const akin_imprint a = imprint_of(&s);
    akin_imprint b = a;
    for (int y = 28; y < 34; y++)
      for (int x = 24; x < 40; x++)
        b.luma[y * AKIN_IMPRINT_SIDE + x] = x % 4 < 2 ? 10 : 250;
    assert_false(same(&a, &b));
  }
}

/* What is white in one picture and was printed on in the other is not taken for clipped. */
static void a_print_on_white_is_seen(void **state) {
  (void)state;
  akin_imprint plain = {{0}, {0}, {0}}, printed;
  for (int i = 0; i < AKIN_IMPRINT_SIDE * AKIN_IMPRINT_SIDE; i++) {
    const int x = i % AKIN_IMPRINT_SIDE, y = i / AKIN_IMPRINT_SIDE;
    plain.luma[i] = x >= 12 && x < 52 && y >= 12 && y < 52 ? 255 : (uint8_t)(60 + 20 * ((x / 8 + y / 8) % 3));
  }
  printed = plain;
  for (int y = 26; y < 38; y++)
    for (int x = 22; x < 42; x++)
      printed.luma[y * AKIN_IMPRINT_SIDE + x] = (uint8_t)(60 + 30 * (x % 4));
  assert_true(same(&plain, &plain));
  assert_false(same(&plain, &printed));
}

static akin_imprint flat(uint8_t luma, int16_t blue) {
  akin_imprint p;
  memset(p.luma, luma, sizeof p.luma);
  for (int i = 0; i < AKIN_IMPRINT_COLOUR * AKIN_IMPRINT_COLOUR; i++) {
    p.blue[i] = blue;
    p.red[i] = 0;
  }
  return p;
}

static void flat_pictures_are_the_same_when_their_pixels_are(void **state) {
  (void)state;
  const akin_imprint grey = flat(100, 0), nearly = flat(102, 1), darker = flat(80, 0), blue = flat(100, 30);
  scene s = SCENE(1);
  const akin_imprint picture = imprint_of(&s);
  assert_true(same(&grey, &grey));
  assert_true(same(&grey, &nearly));
  assert_false(same(&grey, &darker));
  assert_false(same(&grey, &blue));
  assert_false(same(&grey, &picture));
}

/* No values, however wild, give anything but an answer. */
static void noise_is_the_same_as_itself_only(void **state) {
  (void)state;
  akin_imprint p[8];
  uint64_t random = 5;
  for (int i = 0; i < 8; i++) {
    for (int j = 0; j < AKIN_IMPRINT_SIDE * AKIN_IMPRINT_SIDE; j++)
      p[i].luma[j] = (uint8_t)(256 * scene_random(&random));
    for (int j = 0; j < AKIN_IMPRINT_COLOUR * AKIN_IMPRINT_COLOUR; j++) {
      p[i].blue[j] = (int16_t)(510 * scene_random(&random) - 255);
      p[i].red[j] = (int16_t)(510 * scene_random(&random) - 255);
    }
    for (int j = 0; j <= i; j++)
      assert_int_equal(same(&p[i], &p[j]), i == j);
  }
}

static void what_is_no_image_has_no_imprint(void **state) {
  (void)state;
  akin_error err;
  akin_imprint out;
  const akin_limits limits = {1000000, 100};
  akin_buffer jpeg = AKIN_BUFFER_INIT(0);
  scene s = SCENE(1);
  scene_encode(&jpeg, &s);
  testing_expect(akin_image_imprint(&out, "no image", 8, NULL, &err), AKIN_ERROR_FORMAT, &err);
  testing_expect(akin_image_imprint(&out, jpeg.data, jpeg.size / 2, NULL, &err), AKIN_ERROR_FORMAT, &err);
  testing_expect(akin_image_imprint(&out, jpeg.data, jpeg.size, &limits, &err), AKIN_ERROR_LIMIT, &err);
  akin_buffer_free(&jpeg);
}

/* The placing that is found is the one that was cut. */
static void a_cut_is_found_where_it_is(void **state) {
  (void)state;
  static akin_pyramid a, b;
  for (uint64_t seed = 1; seed <= SEEDS; seed++) {
    scene whole = SCENE(seed), part = SCENE(seed);
    part.left = 0.06;
    part.top = 0.02;
    part.bottom = 0.97;
    const akin_imprint x = imprint_of(&whole), y = imprint_of(&part);
    akin_placing p = {1.0f, 0.0f, 1.0f, 0.0f};
    akin_pyramid_make(&a, x.luma);
    akin_pyramid_make(&b, y.luma);
    for (int level = 0; level < AKIN_REGISTER_LEVELS; level++)
      assert_true(akin_register(&p, &a, &b, level));
    /* from whole to part: u' = (u - left) / (right - left), both from -1 to 1 */
    assert_true(fabsf(p.scale_x - 1 / 0.94f) <= 0.01f);
    assert_true(fabsf(p.shift_x - (0.0f - 0.06f) / 0.94f) <= 0.01f);
    assert_true(fabsf(p.scale_y - 1 / 0.95f) <= 0.01f);
    assert_true(fabsf(p.shift_y - (1.0f - 0.02f - 0.97f) / 0.95f) <= 0.01f);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_picture_is_known_again),
      cmocka_unit_test(what_is_something_else_is_not),
      cmocka_unit_test(a_mirrored_imprint_is_that_of_the_mirrored_picture),
      cmocka_unit_test(different_scenes_differ),
      cmocka_unit_test(a_word_makes_another_picture),
      cmocka_unit_test(a_print_on_white_is_seen),
      cmocka_unit_test(flat_pictures_are_the_same_when_their_pixels_are),
      cmocka_unit_test(noise_is_the_same_as_itself_only),
      cmocka_unit_test(what_is_no_image_has_no_imprint),
      cmocka_unit_test(a_cut_is_found_where_it_is),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
