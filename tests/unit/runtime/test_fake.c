/* test_fake.c - the fake runtime computes what its description says, and the choice of the runtime. */
#include "unit/testing.h"

#include "runtime/cpu.h"
#include "runtime/runtime.h"

#define WIDTH  10u /* not a multiple of four: the squares are 2, 3, 2, 3 pixels wide */
#define HEIGHT 8u

static akin_runtime_spec spec_of(bool bgr) {
  return (akin_runtime_spec){.onnx_path = "none",
                             .key = "k",
                             .width = WIDTH,
                             .height = HEIGHT,
                             .bgr = bgr,
                             .mean = {10, 20, 30},
                             .scale = {2, 4, 8}};
}

static void test_values(void **state) {
  (void)state;
  const akin_runtime *fake = &akin_runtime_fake;
  uint8_t pixels[WIDTH * HEIGHT * 3] = {0};
  /* column 1, row 2 of the grid: x 2..4, y 4..5; one pixel of it red 60, another blue 12 */
  pixels[(4 * WIDTH + 2) * 3] = 60;
  pixels[(5 * WIDTH + 4) * 3 + 2] = 12;
  for (int bgr = 0; bgr < 2; bgr++) {
    akin_runtime_spec spec = spec_of(bgr);
    akin_network *network = NULL;
    akin_network_session *session = NULL;
    float out[49];
    for (size_t i = 0; i < 49; i++)
      out[i] = 12345.0f;
    assert_int_equal(fake->open(&network, &spec, NULL), AKIN_OK);
    assert_int_equal(fake->dim(network), 48);
    assert_false(fake->from_blob(network));
    assert_int_equal(fake->session_open(&session, network, NULL), AKIN_OK);
    assert_int_equal(fake->infer(session, out, pixels, 1, NULL), AKIN_OK);
    const float *square = out + (2 * 4 + 1) * 3;
    double first = bgr ? 2.0 : 10.0, third = bgr ? 10.0 : 2.0; /* means over the six pixels */
    assert_float_equal(square[0], (first - 10) / 2 - 0.5, 1e-6);
    assert_float_equal(square[1], (0.0 - 20) / 4 - 0.5, 1e-6);
    assert_float_equal(square[2], (third - 30) / 8 - 0.5, 1e-6);
    for (size_t i = 0; i < 48; i += 3)
      if (out + i != square) assert_float_equal(out[i], -5.5, 1e-6);
    assert_true(out[48] == 12345.0f);
    fake->session_close(session);
    fake->close(network);
  }
}

static void test_batch(void **state) {
  (void)state;
  const akin_runtime *fake = &akin_runtime_fake;
  uint8_t pixels[3][WIDTH * HEIGHT * 3];
  float out[3][48], alone[48];
  akin_network *network = NULL;
  akin_network_session *session = NULL;
  akin_runtime_spec spec = spec_of(false);
  spec.batch = 3;
  for (size_t i = 0; i < sizeof pixels; i++)
    ((uint8_t *)pixels)[i] = (uint8_t)(i * 2654435761u >> 24);
  assert_int_equal(fake->open(&network, &spec, NULL), AKIN_OK);
  assert_int_equal(fake->batch(network), 3);
  assert_int_equal(fake->session_open(&session, network, NULL), AKIN_OK);
  assert_int_equal(fake->infer(session, out[0], pixels[0], 3, NULL), AKIN_OK);
  for (int i = 0; i < 3; i++) {
    assert_int_equal(fake->infer(session, alone, pixels[i], 1, NULL), AKIN_OK);
    assert_memory_equal(out[i], alone, sizeof alone);
  }
  fake->session_close(session);
  fake->close(network);
}

static void test_failures(void **state) {
  (void)state;
  akin_runtime_spec spec = spec_of(false);
  akin_network *network = (akin_network *)&spec;
  akin_error err;
  spec.onnx_path = "/models/broken/model.onnx";
  assert_int_equal(akin_runtime_fake.open(&network, &spec, &err), AKIN_ERROR_FORMAT);
  assert_null(network);
  assert_non_null(strstr(err.text, spec.onnx_path));
  spec = spec_of(false);
  spec.width = 3;
  assert_int_equal(akin_runtime_fake.open(&network, &spec, NULL), AKIN_ERROR_USAGE);
  spec = spec_of(false);
  akin_memory_fail_at(1, true);
  assert_int_equal(akin_runtime_fake.open(&network, &spec, NULL), AKIN_ERROR_MEMORY);
  akin_memory_fail_at(0, true);
  assert_null(network);
  akin_runtime_fake.close(NULL);
  akin_runtime_fake.session_close(NULL);
}

static void test_choice(void **state) {
  (void)state;
  assert_ptr_equal(akin_runtime_get(), &akin_runtime_openvino);
  akin_runtime_set(&akin_runtime_fake);
  assert_ptr_equal(akin_runtime_get(), &akin_runtime_fake);
  akin_runtime_set(&akin_runtime_openvino);
}

/* Linux names the same features in its own list. */
static void test_processor(void **state) {
  (void)state;
  akin_buffer features = AKIN_BUFFER_INIT(0);
  char line[8192], *flags = NULL;
  assert_int_equal(akin_cpu_features(&features), AKIN_OK);
  FILE *f = fopen("/proc/cpuinfo", "r");
  assert_non_null(f);
  while (!flags && fgets(line, sizeof line, f))
    if (!strncmp(line, "flags", 5)) flags = line;
  fclose(f);
  if (!flags) {
    print_message("/proc/cpuinfo has no flags: not x86\n");
    skip();
  }
  static const char *const names[] = {"avx",      "f16c",     "fma",         "avx2",        "avx_vnni", "avx512f",
                                      "avx512dq", "avx512bw", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8"};
  flags[strcspn(flags, "\n")] = ' ';
  assert_int_equal(akin_buffer_append_text(&features, " "), AKIN_OK);
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    char word[32];
    snprintf(word, sizeof word, " %s ", names[i]);
    if (!strstr(flags, word) != !strstr(features.data, word))
      fail_msg("%s: Linux says %s, akin %s", names[i], strstr(flags, word) ? "yes" : "no", features.data);
  }
  assert_int_equal(akin_cpu_has_bf16(), strstr(flags, "avx512_bf16") || strstr(flags, "amx_bf16"));
  akin_buffer_free(&features);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_values), cmocka_unit_test(test_batch),     cmocka_unit_test(test_failures),
      cmocka_unit_test(test_choice), cmocka_unit_test(test_processor),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
