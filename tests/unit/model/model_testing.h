/* model_testing.h - the tiny model for the tests of the room model: cards changed in a word, weights in a few bytes.
 * Include it first. */
#ifndef AKIN_TESTS_UNIT_MODEL_TESTING_H
#define AKIN_TESTS_UNIT_MODEL_TESTING_H

#include "unit/testing.h"

#include "model/model.h"

#define TINY_CARD    AKIN_TEST_DATA "/models/tiny.json"
#define TINY_WEIGHTS AKIN_TEST_MODELS "/tiny.pth"

/* text with every `from` made `to`, of which there must be some; akin_free. */
TESTING char *replaced(const char *text, const char *from, const char *to) {
  akin_buffer out = AKIN_BUFFER_INIT(0);
  size_t count = 0;
  for (const char *at = strstr(text, from); at; at = strstr(text, from)) {
    assert_int_equal(akin_buffer_append(&out, text, (size_t)(at - text)), AKIN_OK);
    assert_int_equal(akin_buffer_append_text(&out, to), AKIN_OK);
    text = at + strlen(from);
    count++;
  }
  assert_true(count > 0);
  assert_int_equal(akin_buffer_append_text(&out, text), AKIN_OK);
  return akin_buffer_take(&out);
}

/* The tiny card with `from` made `to`, as folder/NAME.json; akin_free the path. */
TESTING char *changed_card(const char *folder, const char *name, const char *from, const char *to) {
  char *path = testing_path(folder, name), *text = testing_read(TINY_CARD, NULL), *changed = replaced(text, from, to);
  testing_write_text(path, changed);
  akin_free(changed);
  akin_free(text);
  return path;
}

/* The tiny weights with the first `from` made `to` (n bytes each), as folder/NAME; akin_free the path. */
TESTING char *changed_weights(const char *folder, const char *name, const char *from, const char *to, size_t n) {
  size_t size = 0;
  char *path = testing_path(folder, name), *bytes = testing_read(TINY_WEIGHTS, &size);
  char *at = memmem(bytes, size, from, n);
  assert_non_null(at);
  memcpy(at, to, n);
  testing_write(path, bytes, size);
  akin_free(bytes);
  return path;
}

TESTING akin_status import_as(const char *models, const char *weights, const char *card, const char *name,
                              akin_error *err) {
  const akin_import_request request = {.models_folder = models, .weights_path = weights, .card = card, .name = name};
  char *given = TESTING_POISON;
  akin_status status = akin_model_import(&given, &request, err);
  if (status == AKIN_OK) {
    assert_string_equal(given, name ? name : "tiny");
    akin_free(given);
  } else {
    assert_null(given);
  }
  return status;
}

/* The tiny model, imported into `models` and opened. */
TESTING akin_folder *open_tiny(const char *models) {
  akin_folder *folder = TESTING_POISON;
  akin_error err;
  testing_ok(import_as(models, TINY_WEIGHTS, TINY_CARD, NULL, &err), &err);
  testing_ok(akin_folder_open(&folder, models, "tiny", &err), &err);
  return folder;
}

/* Cuts as its card says, in full precision. */
TESTING akin_status cut_at(akin_cut *cut, const akin_folder *folder, const char *layer, akin_pool pool,
                           akin_error *err) {
  const akin_card *card = akin_folder_card(folder);
  memset(cut, 0x5E, sizeof *cut);
  const akin_cut_request request = {layer, pool, 0, &card->preparation, card->mirror, "f32", 1};
  return akin_folder_cut(cut, folder, &request, err);
}

#endif
