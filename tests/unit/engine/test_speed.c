/* test_speed.c - what akin_model_list tells of cards and models: dimension, weights, and milliseconds that were
 * measured on this processor and on no other. */
#include "unit/engine/engine_testing.h"

#include "base/file.h"
#include "engine/speed.h"

#include <string.h>

typedef struct wanted {
  const char *name;
  akin_model_entry found; /* its strings are not kept */
} wanted;

static akin_status look(void *context, const akin_model_entry *entry) {
  wanted *w = context;
  if (strcmp(entry->name, w->name) == 0) w->found = *entry;
  return AKIN_OK;
}

static akin_model_entry listed(const engine_bench *b, const char *name) {
  wanted w = {.name = name, .found = {.dim = 77, .milliseconds = -1}};
  akin_error err;
  testing_ok(akin_model_list(b->models, look, &w, &err), &err);
  return w.found;
}

static char *kept(const engine_bench *b) {
  char name[128];
  snprintf(name, sizeof name, "akin/compiled/%s.speed", akin_model_fingerprint(b->model));
  return testing_path(b->folder, name);
}

static void cards_tell_before_the_import(void **state) {
  const akin_model_entry vgg = listed(*state, "vgg16"), cut = listed(*state, "vgg16-notop");
  assert_int_equal(vgg.dim, 4096);
  assert_int_equal(vgg.parameters, 138357544);
  assert_int_equal(cut.dim, 512);
  assert_int_equal(cut.parameters, 14714688);
  assert_true(vgg.milliseconds == 0 && !vgg.imported && vgg.bytes == 0);
  const akin_model_entry lite = listed(*state, "efficientnet-lite0");
  assert_int_equal(lite.dim, 1280);
  assert_int_equal(lite.parameters, 4694024);
}

static void a_model_is_measured_when_it_is_asked(void **state) {
  engine_bench *b = *state;
  akin_error err;
  double milliseconds = -1;
  assert_true(listed(b, "tiny").milliseconds == 0);
  testing_ok(akin_model_time(b->models, "tiny", &milliseconds, &err), &err);
  assert_true(milliseconds > 0 && milliseconds < 1e6);
  const akin_model_entry entry = listed(b, "tiny");
  assert_true(entry.imported && entry.dim == engine_dim && entry.parameters > 0);
  assert_true(entry.milliseconds > milliseconds - 1e-3 && entry.milliseconds < milliseconds + 1e-3);
  testing_expect(akin_model_time(b->models, "none", &milliseconds, &err), AKIN_ERROR_NOT_FOUND, &err);
}

/* With --preprocess keras the network is the same and the feature another: nothing is known of that one. */
static void other_options_are_another_figure(void **state) {
  engine_bench *b = *state;
  akin_error err;
  double milliseconds;
  akin_model *keras = NULL;
  akin_model_options options = AKIN_MODEL_OPTIONS_INIT;
  options.models_folder = b->models;
  options.preprocess = AKIN_PREPROCESS_KERAS;
  testing_ok(akin_model_time(b->models, "tiny", &milliseconds, &err), &err);
  testing_ok(akin_model_open(&keras, "tiny", &options, &err), &err);
  assert_true(akin_speed_known(keras) == 0);
  assert_true(akin_speed_known(b->model) > 0);
  akin_model_free(keras);
}

static void damaged_figures_and_those_of_other_processors_do_not_count(void **state) {
  static const char *const texts[] = {
      "", "\n", "3.5", "3.5\n", "3.5 \n", " \n", "x here\n", "3.5 another processor\n", "nan here\n", "-1 x\n"};
  engine_bench *b = *state;
  akin_error err;
  double milliseconds;
  size_t size = 0;
  testing_ok(akin_model_time(b->models, "tiny", &milliseconds, &err), &err);
  char *path = kept(b), *line = testing_read(path, &size), changed[1024];
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    testing_write_text(path, texts[i]);
    assert_true(akin_speed_known(b->model) == 0);
  }
  snprintf(changed, sizeof changed, "12.5%.*s", (int)(size - (size_t)(strchr(line, ' ') - line)), strchr(line, ' '));
  testing_write_text(path, changed);
  assert_true(akin_speed_known(b->model) == 12.5);
  snprintf(changed, sizeof changed, "-12.5%.*s", (int)(size - (size_t)(strchr(line, ' ') - line)), strchr(line, ' '));
  testing_write_text(path, changed);
  assert_true(akin_speed_known(b->model) == 0);
  akin_free(line);
  akin_free(path);
}

/* A cache that cannot be written: the figure is told, and not kept. */
static void without_a_cache(void **state) {
  engine_bench *b = *state;
  akin_error err;
  double milliseconds = -1;
  char *file = testing_path(b->folder, "file");
  testing_write_text(file, "no folder");
  setenv("XDG_CACHE_HOME", file, 1);
  testing_ok(akin_model_time(b->models, "tiny", &milliseconds, &err), &err);
  assert_true(milliseconds > 0);
  assert_true(listed(b, "tiny").milliseconds == 0);
  akin_free(file);
}

static void memory_runs_out(void **state) {
  engine_bench *b = *state;
  uint64_t failed = 0;
  for (uint64_t nth = 1;; nth += nth < 60 ? 1 : 23) { /* reading a graph makes thousands */
    double milliseconds = 0;
    akin_error err;
    akin_memory_fail_at(nth, true);
    const akin_status status = akin_model_time(b->models, "tiny", &milliseconds, &err);
    const bool reached = akin_memory_count() >= nth;
    akin_memory_fail_at(0, true);
    if (status == AKIN_OK && !reached) break;
    assert_true(status ? status == AKIN_ERROR_MEMORY : milliseconds > 0); /* not keeping it is no failure */
    failed += status != AKIN_OK;
  }
  assert_true(failed > 30);
}

#define SPEED_TEST(test) cmocka_unit_test_setup_teardown(test, engine_setup, engine_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {SPEED_TEST(cards_tell_before_the_import),
                                     SPEED_TEST(a_model_is_measured_when_it_is_asked),
                                     SPEED_TEST(other_options_are_another_figure),
                                     SPEED_TEST(damaged_figures_and_those_of_other_processors_do_not_count),
                                     SPEED_TEST(without_a_cache),
                                     SPEED_TEST(memory_runs_out)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
