/* test_compact.c - half precision against its definition, kernels against each other, distances against double. */
#include "seeded.h"

#include "search/compact.h"

static void test_halves_are_the_nearest(void **state) {
  (void)state;
  /* every finite half is itself again, with its sign; between two neighbours the nearer one, in the middle the even */
  for (unsigned half = 0; half < 0x7c00; half++) {
    const float value = akin_compact_from_half((uint16_t)half), above = akin_compact_from_half((uint16_t)(half + 1));
    assert_int_equal(akin_compact_half(value), half);
    assert_int_equal(akin_compact_half(-value), half | 0x8000u);
    if (half + 1 == 0x7c00) break; /* infinity */
    assert_true(above > value);
    const float middle = value + (above - value) / 2;
    assert_int_equal(akin_compact_half(middle), half + (half & 1));
    assert_int_equal(akin_compact_half(nextafterf(middle, 0)), half);
    assert_int_equal(akin_compact_half(nextafterf(middle, above)), half + 1);
  }
  assert_true(akin_compact_from_half(0x3c00) == 1.0f);
  assert_true(akin_compact_from_half(0x0001) == 0x1p-24f);
  assert_true(akin_compact_from_half(0x7bff) == 65504.0f);
}

static void test_kernels_agree(void **state) {
  (void)state;
  enum { N = 512 };
  static int8_t a[N + 1], b[N + 1];
  static uint16_t x[N + 1], y[N + 1];
  seeded s = {11};
  if (!akin_compact_avx2_supported()) skip();
  for (size_t round = 0; round < 200; round++) {
    const size_t n = 32 * (1 + seeded_below(&s, N / 32)), shift = round % 2; /* also where nothing is aligned */
    for (size_t i = 0; i <= N; i++) {
      a[i] = (int8_t)(round == 0 ? 127 : (int)seeded_below(&s, 255) - 127);
      b[i] = (int8_t)(round == 0 ? -127 : (int)seeded_below(&s, 255) - 127);
      x[i] = akin_compact_half(seeded_value(&s));
      y[i] = akin_compact_half(seeded_value(&s));
    }
    assert_int_equal(akin_compact_avx2.dot_i8(a + shift, b + shift, n),
                     akin_compact_plain.dot_i8(a + shift, b + shift, n));
    const float fast = akin_compact_avx2.dot_f16(x + shift, y + shift, n);
    assert_true(fabsf(fast - akin_compact_plain.dot_f16(x + shift, y + shift, n)) <= 1e-4f);
  }
}

static double exact_distance(const float *a, const float *b, size_t dim) {
  double sum = 0;
  for (size_t i = 0; i < dim; i++)
    sum += (double)a[i] * b[i];
  return 1 - sum;
}

static void test_distances(void **state) {
  (void)state;
  static const double bound[AKIN_COMPACT_COUNT] = {
      [AKIN_COMPACT_I8] = 2e-2, [AKIN_COMPACT_F16] = 1e-3, [AKIN_COMPACT_F32] = 1e-6};
  static const size_t dims[] = {1, 2, 31, 32, 33, 256, 1280};
  seeded s = {5};
  float *a = seeded_floats(1280), *b = seeded_floats(1280);
  for (size_t d = 0; d < sizeof dims / sizeof *dims; d++)
    for (akin_compact kind = 0; kind < AKIN_COMPACT_COUNT; kind++) {
      const size_t dim = dims[d], size = akin_compact_size(kind, dim);
      void *of_a = akin_alloc(size), *of_b = akin_alloc(size);
      for (size_t round = 0; round < 20; round++) {
        seeded_unit(&s, a, dim);
        seeded_unit(&s, b, dim);
        akin_compact_pack(kind, of_a, a, dim);
        akin_compact_pack(kind, of_b, b, dim);
        const float distance = akin_compact_distance(kind)(of_a, of_b, size);
        assert_true(fabs((double)distance - exact_distance(a, b, dim)) <= bound[kind]);
        assert_true(distance == akin_compact_distance(kind)(of_b, of_a, size));
        assert_true(fabsf(akin_compact_distance(kind)(of_a, of_a, size)) <= (float)bound[kind]);
      }
      akin_free(of_a);
      akin_free(of_b);
    }
  akin_free(a);
  akin_free(b);
}

/* A feature is never zero, but a vector of bytes must not hold what memory held before. */
static void test_zero(void **state) {
  (void)state;
  const float zero[40] = {0};
  uint8_t packed[256], again[256];
  for (akin_compact kind = 0; kind < AKIN_COMPACT_COUNT; kind++) {
    const size_t size = akin_compact_size(kind, 40);
    assert_true(size <= sizeof packed);
    memset(packed, 0xa5, sizeof packed);
    memset(again, 0x5a, sizeof again);
    akin_compact_pack(kind, packed, zero, 40);
    akin_compact_pack(kind, again, zero, 40);
    assert_memory_equal(packed, again, size);
    assert_true(akin_compact_distance(kind)(packed, again, size) == 1.0f);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_halves_are_the_nearest),
                                     cmocka_unit_test(test_kernels_agree), cmocka_unit_test(test_distances),
                                     cmocka_unit_test(test_zero)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
