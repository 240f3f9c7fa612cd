/* test_card.c - cards: the built-in ones, the text they are written as, and everything that is refused by its key. */
#include "unit/model/model_testing.h"

#include "model/card.h"
#include "weights/reader.h"

static akin_status parse(akin_card **card, const char *text, akin_error *err) {
  *card = TESTING_POISON;
  return akin_card_parse(card, text, strlen(text), err);
}

/* The card of a file of that name and hash; NULL: none. */
static const akin_card *card_of(const char *path, const akin_hash *sha256, bool verified) {
  const akin_card *card = TESTING_POISON;
  akin_error err;
  bool is_verified = !verified;
  testing_ok(akin_card_find(&card, &is_verified, path, sha256, &err), &err);
  assert_int_equal(is_verified, verified);
  return card;
}

/* Published with an MD5 (a file of that MD5 cannot be made), or with nothing: known by their names. */
static void test_hints(void **state) {
  (void)state;
  static const char *const names[][2] = {{"MobileNetV2", "; did you mean mobilenet-v2?"},
                                         {"VGG-16", "; did you mean vgg16?"},
                                         {"efficientnet_v2_b0", "; did you mean efficientnet-v2-b0?"},
                                         {"NASNetlarg", "; did you mean nasnet-large?"},
                                         {"resnet", "; did you mean resnet50?"},
                                         {"vgg16", "; did you mean vgg16?"},
                                         {"own", ""},
                                         {"", ""},
                                         {"-/.", ""}};
  char hint[AKIN_CARD_HINT_SIZE];
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    memset(hint, '?', sizeof hint);
    assert_ptr_equal(akin_card_hint(hint, names[i][0]), hint);
    assert_string_equal(hint, names[i][1]);
  }
  char long_name[1000] = "vgg16"; /* its beginning is not taken for it */
  memset(long_name + 5, 'x', sizeof long_name - 6);
  assert_string_equal(akin_card_hint(hint, long_name), "");
}

static void test_builtin_by_name(void **state) {
  const akin_hash hash = {{1, 2, 3}};
  const char *folder = *state;
  char *own = testing_path(folder, "mobilenet_5_0_160_tf_no_top.h5");
  char *hashed = testing_path(folder, "vgg16_weights_tf_dim_ordering_tf_kernels.h5");
  testing_write(own, "x", 1);
  testing_write(hashed, "x", 1);
  const akin_card *card = card_of(own, &hash, false);
  assert_string_equal(card->name, "mobilenet-0.50-160-notop");
  assert_string_equal(card->variant_of, "mobilenet");
  assert_int_equal(card->classes, 0);
  assert_int_equal(card->weights_count, 1);
  assert_false(card->weights[0].top);
  assert_null(card_of(hashed, &hash, false));
  akin_free(own);
  akin_free(hashed);
}

/* The file's name does not matter. */
static void test_builtin_by_beginning(void **state) {
  const akin_hash second = {{0x11, 0xad, 0x3f, 0xa6, 7}}, almost = {{0x11, 0xad, 0x3f, 0xa7, 7}};
  char *path = testing_path(*state, "resnet50-0676ba61.pth");
  testing_write(path, "x", 1);
  assert_string_equal(card_of(path, &second, true)->name, "resnet50-torchvision-v2");
  assert_null(card_of(path, &almost, false));
  akin_free(path);
}

static void test_builtin_by_md5(void **state) {
  akin_error err;
  char md5[AKIN_MD5_HEX_SIZE], *path = testing_path(*state, "file");
  testing_write(path, "abc", 3);
  testing_ok(akin_hash_file_md5(md5, path, &err), &err);
  assert_string_equal(md5, "900150983cd24fb0d6963f7d28e17f72"); /* RFC 1321, A.5 */
  akin_free(path);
  const akin_card *vgg = akin_card_builtin("vgg16"), *notop = akin_card_builtin("vgg16-notop");
  assert_string_equal(vgg->weights[0].md5, "64373286793e3c8b2b4e3219cbf3544b");
  assert_string_equal(notop->weights[0].md5, "6d6bbae143d832006294945121d1f1fc");
  assert_int_equal(vgg->weights_count + notop->weights_count, 2);
  assert_true(vgg->bgr && vgg->mean[0] == 103.939f && vgg->scale[0] == 1);
}

/* A file of so many numbers gives the card so many classes. */
static void expect_own(const char *name, uint64_t numbers, uint32_t classes) {
  akin_tensor list[2] = {{.name = "all", .dtype = AKIN_DTYPE_F32, .rank = 1, .count = numbers},
                         {.name = "num_batches_tracked", .dtype = AKIN_DTYPE_I64, .count = 1}};
  const akin_tensors file = {.list = list, .count = 2};
  akin_card *card = TESTING_POISON;
  akin_error err;
  testing_ok(akin_card_own(&card, akin_card_builtin(name), &file, &err), &err);
  if (card->classes != classes) fail_msg("%s: %u classes, not %u", name, card->classes, classes);
  assert_string_equal(card->name, name);
  assert_string_equal(card->licence, "NOASSERTION");
  assert_int_equal(card->weights_count, 0);
  assert_non_null(strstr(card->description, "weights of your own"));
  akin_card_free(card);
}

/* Numbers by hand: VGG16 has 138,357,544, its last layer 4,097 a class; without its dense layers 14,714,688. */
static void test_own(void **state) {
  (void)state;
  expect_own("vgg16", 138357544, 1000);
  expect_own("vgg16", 138357544 - 990 * 4097, 10);
  expect_own("vgg16", 138357544 + 4097, 1001);
  expect_own("vgg16", 14714688, 0);
  expect_own("vgg16", 138357543, 1000); /* of no number of classes: the card's */
  expect_own("vgg16", 138357544 - 1000 * 4097, 1000);
  expect_own("vgg16", UINT64_MAX, 1000);
  expect_own("vgg16", 0, 1000);
  expect_own("vgg16-notop", 5, 0);
  expect_own("mobilenet", 4253864 - 998 * 1025, 2);
  expect_own("mobilenet-v3-large", 5507432 - 997 * 1281, 3);
  expect_own("efficientnet-lite0", 4694024 - 900 * 1281, 100);
  expect_own("densenet121", 8062504 - 990 * 1025, 10);
  expect_own("convnext-tiny", 28589128 - 997 * 769, 3);
  expect_own("convnext-tiny", 28589128 - 1000 * 769, 0); /* as many as without class scores: a normalization in both */
}

static void test_builtin(void **state) {
  (void)state;
  static const struct {
    const char *name, *hash;
    double width, depth;
    uint32_t size;
  } wanted[] = {
      {"efficientnet-lite0", "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db", 1.0, 1.0, 224},
      {"efficientnet-lite1", "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850", 1.0, 1.1, 240},
      {"efficientnet-lite2", "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d", 1.1, 1.2, 260},
  };
  for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
    const akin_card *card = akin_card_builtin(wanted[i].name);
    akin_hash hash;
    assert_non_null(card);
    assert_string_equal(card->family, "efficientnet-lite");
    assert_true(card->width_factor == wanted[i].width && card->depth_factor == wanted[i].depth);
    assert_int_equal(card->preparation.width, wanted[i].size);
    assert_int_equal(card->preparation.height, wanted[i].size);
    assert_true(card->mean[1] == 127 && card->scale[2] == 128 && !card->bgr);
    assert_string_equal(card->licence, "Apache-2.0");
    assert_true(akin_hash_parse(&hash, wanted[i].hash));
    assert_ptr_equal(card_of(AKIN_TEST_DATA "/models/tiny.json", &hash, true), card);
    hash.bytes[31] ^= 1;
    assert_null(card_of(AKIN_TEST_DATA "/models/tiny.json", &hash, false));
  }
  assert_null(akin_card_builtin("efficientnet-lite"));
  assert_null(akin_card_builtin_at(akin_card_builtin_count()));
}

/* What is written is read back the same, and written the same again. */
static void test_round_trip(void **state) {
  (void)state;
  for (size_t i = 0; i < akin_card_builtin_count(); i++) {
    akin_buffer first = AKIN_BUFFER_INIT(0), second = AKIN_BUFFER_INIT(0);
    akin_card *card = NULL;
    akin_error err;
    assert_int_equal(akin_card_json(&first, akin_card_builtin_at(i)), AKIN_OK);
    testing_ok(akin_card_parse(&card, first.data, first.size, &err), &err);
    assert_int_equal(akin_card_json(&second, card), AKIN_OK);
    assert_string_equal(first.data, second.data);
    assert_int_equal(card->weights_count, akin_card_builtin_at(i)->weights_count);
    akin_card_free(card);
    akin_buffer_free(&first);
    akin_buffer_free(&second);
  }
}

static void test_everything_survives(void **state) {
  (void)state;
  static const char text[] =
      "{\"name\": \"a-1\", \"description\": \"d \\u00e9 \\\"q\\\"\", \"family\": \"efficientnet-lite\",\n"
      "\"width_factor\": 1.1, \"depth_factor\": 0.3333333333333333, \"classes\": 7, \"input\": {\"width\": 31,\n"
      "\"height\": 4096, \"filter\": \"nearest\", \"antialias\": false, \"fit\": \"pad\",\n"
      "\"pad_colour\": [1, 2, 255], \"alpha\": \"drop\", \"upright\": false, \"scaled_decoding\": false},\n"
      "\"mirror\": true, \"channels\": \"bgr\", \"mean\": [103.939, 116.779, 123.68],\n"
      "\"scale\": [58.395, 0.017, 1], \"layer\": \"stem_bn\", \"licence\": \"MIT\", \"citation\": \"c\",\n"
      "\"weights\": [{\"format\": \"pth\", \"file\": \"f\", \"origin\": \"o\", \"bytes\": 5000000000}]}";
  akin_card *first = NULL, *card = NULL;
  akin_buffer written = AKIN_BUFFER_INIT(0);
  akin_error err;
  testing_ok(parse(&first, text, &err), &err);
  assert_int_equal(akin_card_json(&written, first), AKIN_OK);
  testing_ok(parse(&card, written.data, &err), &err);
  assert_string_equal(card->description, "d é \"q\"");
  assert_true(card->width_factor == 1.1 && card->depth_factor == 0.3333333333333333);
  assert_int_equal(card->preparation.height, 4096);
  assert_int_equal(card->preparation.filter, AKIN_FILTER_NEAREST);
  assert_int_equal(card->preparation.fit, AKIN_FIT_PAD);
  assert_int_equal(card->preparation.pad_colour[2], 255);
  assert_int_equal(card->preparation.alpha, AKIN_ALPHA_DROP);
  assert_true(card->mirror && card->bgr && !card->preparation.upright && !card->preparation.scaled_decoding);
  assert_true(card->mean[0] == 103.939f && card->scale[0] == 58.395f && card->scale[1] == 0.017f);
  assert_string_equal(card->layer, "stem_bn");
  assert_int_equal(card->weights_count, 1);
  assert_true(card->weights[0].bytes == 5000000000 && !card->weights[0].has_hash);
  akin_card_free(card);
  akin_card_free(first);
  akin_buffer_free(&written);
}

/* One thing changed in the tiny card, and what the error must say. */
static void test_refused(void **state) {
  (void)state;
  static const struct {
    const char *from, *to, *says;
  } changes[] = {
      {"\"name\": \"tiny\"", "\"name\": \"Tiny\"", "\"name\""},
      {"\"name\": \"tiny\"", "\"name\": \"../tiny\"", "\"name\""},
      {"\"name\": \"tiny\"", "\"name\": \"\"", "\"name\""},
      {"\"name\": \"tiny\",", "", "\"name\""},
      {"\"classes\": 10", "\"classes\": -1", "\"classes\" must be a whole number from 0"},
      {"\"classes\": 10", "\"classes\": 10.5", "\"classes\""},
      {"\"classes\": 10", "\"classes\": \"10\"", "\"classes\""},
      {"\"classes\": 10", "\"klasses\": 10", "\"klasses\" is not known"},
      {"\"width_factor\": 0.05", "\"width_factor\": -1", "\"width_factor\""},
      {"\"width_factor\": 0.05", "\"width_factor\": 1e300", "\"width_factor\""},
      {"\"depth_factor\": 0.3", "\"depth_factor\": 6.5", "\"depth_factor\""},
      {"\"depth_factor\": 0.3", "\"depth_factor\": null", "\"depth_factor\""},
      {"\"efficientnet-lite\"", "\"lenet\"", "family \"lenet\" is not known: there are "},
      {"\"efficientnet-lite\"", "\"resnet\"", "\"width_factor\" must not be there: family \"resnet\" takes none"},
      {"\"depth_factor\": 0.3", "\"depth_factor\": 0.3, \"depth\": 16", "\"depth\" must not be there"},
      {"\"width\": 50", "\"width\": 0", "\"input.width\""},
      {"\"width\": 50", "\"width\": 4097", "\"input.width\""},
      {"\"height\": 42,", "", "\"input.height\""},
      {"\"bilinear\"", "\"lanczos\"", "\"input.filter\""},
      {"\"bilinear\"", "\"nearest\"", "\"input.antialias\""},
      {"\"antialias\": true", "\"antialias\": false", "\"input.antialias\""},
      {"\"antialias\": true", "\"antialias\": 1", "\"input.antialias\""},
      {"\"stretch\"", "\"squash\"", "\"input.fit\""},
      {"\"stretch\"", "\"crop\"", "\"input.crop_fraction\""},
      {"\"stretch\"", "\"crop\", \"crop_fraction\": 1.5", "\"input.crop_fraction\""},
      {"\"stretch\"", "\"stretch\", \"crop_fraction\": 0.9", "\"input.crop_fraction\""},
      {"\"stretch\"", "\"pad\"", "\"input.pad_colour\""},
      {"\"stretch\"", "\"pad\", \"pad_colour\": [0, 0, 256]", "\"input.pad_colour\""},
      {"\"white\"", "\"black\"", "\"input.alpha\""},
      {"\"upright\": true", "\"upright\": \"yes\"", "\"input.upright\""},
      {"\"upright\": true", "\"uprihgt\": true", "\"input.uprihgt\" is not known"},
      {"\"scaled_decoding\": true", "\"scaled_decoding\": []", "\"input.scaled_decoding\""},
      {"\"mirror\": false", "\"mirror\": 0", "\"mirror\""},
      {"\"rgb\"", "\"grb\"", "\"channels\""},
      {"[127, 127, 127]", "[127, 127]", "\"mean\" must be three numbers"},
      {"[127, 127, 127]", "127", "\"mean\""},
      {"[127, 127, 127]", "[127, 127, \"127\"]", "\"mean\""},
      {"[128, 128, 128]", "[128, 0, 128]", "\"scale\""},
      {"\"weights\": []", "\"weights\": [], \"layer\": \"\"", "\"layer\""},
      {"\"Apache-2.0\"", "true", "\"licence\""},
      {"\"weights\": []", "\"weights\": {}", "\"weights\""},
      {"\"weights\": []", "\"weights\": [1]", "weights"},
      {"\"weights\": []", "\"weights\": [{\"format\": \"h6\"}]", "\"weights.format\""},
      {"\"weights\": []", "\"weights\": [{\"format\": \"pth\", \"file\": \"f\"}]", "\"weights.origin\""},
      {"\"weights\": []", "\"weights\": [{\"format\": \"pth\", \"file\": \"f\", \"origin\": \"o\", \"bytes\": 0}]",
       "\"weights.bytes\""},
      {"\"weights\": []",
       "\"weights\": [{\"format\": \"pth\", \"file\": \"f\", \"origin\": \"o\", \"bytes\": 9, \"sha256\": \"12\"}]",
       "\"weights.sha256\""},
      {"\"weights\": []",
       "\"weights\": [{\"format\": \"pth\", \"file\": \"f\", \"origin\": \"o\", \"sha256_prefix\": \"1234567\"}]",
       "\"weights.sha256_prefix\" must be 8 to 64"},
      {"\"weights\": []",
       "\"weights\": [{\"format\": \"pth\", \"file\": \"f\", \"origin\": \"o\", \"sha256_prefix\": \"1234567G\"}]",
       "\"weights.sha256_prefix\""},
      {"\"weights\": []", "\"weights\": [{}, {}, {}, {}, {}]", "\"weights\""},
      {"\"stretch\"", "\"resize-crop\"", "\"input.shorter\" must be there"},
      {"\"stretch\"", "\"stretch\", \"shorter\": 60", "\"input.shorter\" must be there with"},
      {"\"stretch\"", "\"resize-crop\", \"shorter\": 49", "\"input.shorter\" must be a whole number from 50 to 4096"},
      {"\"classes\": 10", "\"dialect\": \"torchvision\", \"classes\": 10",
       "\"dialect\" must be \"keras\": this family"},
      {"\"classes\": 10", "\"groups\": 2, \"classes\": 10", "\"groups\" must not be there"},
      {"\"mirror\": false", "\"mirror\": false, \"mirror\": true", "JSON"},
  };
  char *text = testing_read(TINY_CARD, NULL);
  akin_card *card = NULL;
  akin_error err;
  testing_ok(parse(&card, text, &err), &err);
  akin_card_free(card);
  for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
    char *changed = replaced(text, changes[i].from, changes[i].to);
    akin_status status = parse(&card, changed, &err);
    if (status != AKIN_ERROR_FORMAT && status != AKIN_ERROR_UNSUPPORTED) fail_msg("%s: %d", changes[i].to, status);
    assert_null(card);
    testing_says(&err, changes[i].says);
    akin_free(changed);
  }
  akin_free(text);
  testing_expect(parse(&card, "[]", &err), AKIN_ERROR_FORMAT, &err);
  testing_expect(parse(&card, "", &err), AKIN_ERROR_FORMAT, &err);
}

static akin_status parse_once(void *text) {
  akin_card *card = NULL;
  akin_status status = parse(&card, text, NULL);
  akin_buffer written = AKIN_BUFFER_INIT(0);
  if (status == AKIN_OK) status = akin_card_json(&written, card);
  akin_buffer_free(&written);
  akin_card_free(card);
  return status;
}

static void test_no_memory(void **state) {
  (void)state;
  char *text = testing_read(TINY_CARD, NULL);
  assert_true(testing_fail_allocations(parse_once, text, true) > 3);
  assert_true(testing_fail_allocations(parse_once, text, false) > 3);
  akin_free(text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_builtin),
      cmocka_unit_test(test_round_trip),
      cmocka_unit_test(test_everything_survives),
      cmocka_unit_test(test_refused),
      cmocka_unit_test(test_no_memory),
      cmocka_unit_test(test_own),
      cmocka_unit_test(test_hints),
      cmocka_unit_test_setup_teardown(test_builtin_by_name, testing_setup, testing_teardown),
      cmocka_unit_test_setup_teardown(test_builtin_by_beginning, testing_setup, testing_teardown),
      cmocka_unit_test_setup_teardown(test_builtin_by_md5, testing_setup, testing_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
