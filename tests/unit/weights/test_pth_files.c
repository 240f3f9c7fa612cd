/*
 * test_pth_files.c - files that others wrote: the tiny model in both layouts (by Python's own pickle), and, where it
 * is, the real EfficientNet-Lite0 against numbers read by Python.
 */
#include "unit/testing.h"

#include "weights/tensors.h"

#define REAL_WEIGHTS AKIN_TEST_DATA "/../../.deps/weights/efficientnet-lite0-57934424.pth"

static float *read_tensor(const akin_tensors *t, const akin_tensor *tensor) {
  akin_error err;
  float *numbers = akin_alloc(tensor->count * sizeof *numbers);
  assert_non_null(numbers);
  testing_ok(akin_tensors_read(t, tensor, NULL, numbers, &err), &err);
  return numbers;
}

static void test_layouts_agree(void **state) {
  (void)state;
  akin_tensors *old = NULL, *zip = NULL;
  akin_error err;
  testing_ok(akin_tensors_open(&old, AKIN_TEST_MODELS "/tiny.pth", &err), &err);
  testing_ok(akin_tensors_open(&zip, AKIN_TEST_MODELS "/tiny_zip.pth", &err), &err);
  assert_true(akin_tensors_count(old) > 100);
  assert_int_equal(akin_tensors_count(old), akin_tensors_count(zip));
  for (size_t i = 0; i < akin_tensors_count(old); i++) {
    const akin_tensor *a = akin_tensors_at(old, i), *b = akin_tensors_at(zip, i);
    assert_string_equal(a->name, b->name);
    assert_int_equal(a->rank, b->rank);
    assert_memory_equal(a->shape, b->shape, sizeof a->shape);
    float *left = read_tensor(old, a), *right = read_tensor(zip, b);
    assert_memory_equal(left, right, a->count * sizeof *left);
    akin_free(left);
    akin_free(right);
  }
  akin_tensors_free(old);
  akin_tensors_free(zip);
}

static void expect_number(const akin_tensors *t, const char *name, const uint64_t *shape, uint32_t rank,
                          const uint64_t *at, float want) {
  const akin_tensor *tensor = akin_tensors_find(t, name);
  assert_non_null(tensor);
  assert_int_equal(tensor->rank, rank);
  uint64_t place = 0;
  for (uint32_t i = 0; i < rank; i++) {
    assert_int_equal(tensor->shape[i], shape[i]);
    place = place * shape[i] + at[i];
  }
  float *numbers = read_tensor(t, tensor);
  if (numbers[place] != want) fail_msg("%s: %a, not %a", name, (double)numbers[place], (double)want);
  akin_free(numbers);
}

static void test_real_weights(void **state) {
  (void)state;
  akin_tensors *t = NULL;
  akin_error err;
  if (!akin_file_exists(REAL_WEIGHTS)) {
    print_message("%s is missing: scripts/bootstrap fetches it\n", REAL_WEIGHTS);
    skip();
  }
  testing_ok(akin_tensors_open(&t, REAL_WEIGHTS, &err), &err);
  assert_int_equal(akin_tensors_count(t), 296);
  expect_number(t, "_conv_stem.weight", (const uint64_t[]){32, 3, 3, 3}, 4, (const uint64_t[]){5, 1, 2, 0},
                0x1.02146p-4f);
  expect_number(t, "_blocks.1._depthwise_conv.weight", (const uint64_t[]){96, 1, 3, 3}, 4,
                (const uint64_t[]){95, 0, 2, 1}, -0x1.a21c14p-3f);
  expect_number(t, "_blocks.15._project_conv.weight", (const uint64_t[]){320, 1152, 1, 1}, 4,
                (const uint64_t[]){319, 1151, 0, 0}, -0x1.665372p-5f);
  expect_number(t, "_fc.weight", (const uint64_t[]){1000, 1280}, 2, (const uint64_t[]){0, 1279}, -0x1.97dcfp-4f);
  expect_number(t, "_fc.weight", (const uint64_t[]){1000, 1280}, 2, (const uint64_t[]){999, 0}, -0x1.ef14bep-4f);
  expect_number(t, "_bn1.running_var", (const uint64_t[]){1280}, 1, (const uint64_t[]){7}, 0x1.54b6dp+3f);
  assert_int_equal(akin_tensors_find(t, "_bn1.num_batches_tracked")->dtype, AKIN_DTYPE_I64);
  akin_tensors_free(t);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_layouts_agree), cmocka_unit_test(test_real_weights)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
