/* fuzz_json.c - any bytes as JSON; every value of what came out is visited. */
#include "base/json.h"
#include "fuzz/fuzz.h"

static void visit(const akin_json *value, unsigned depth) {
  double number = 0;
  int64_t integer = 0;
  bool boolean = false;
  fuzz_require(value != NULL && depth <= 64);
  const char *text = akin_json_text(value);
  if (text) fuzz_require(akin_utf8_valid(text));
  const bool is_number = akin_json_number(&number, value);
  if (akin_json_integer(&integer, value)) fuzz_require(is_number);
  const int kinds = (text != NULL) + is_number + akin_json_boolean(&boolean, value) + akin_json_is_object(value) +
                    akin_json_is_array(value);
  fuzz_require(kinds <= 1); /* none of them: null */
  if (akin_json_is_array(value))
    for (size_t i = 0; i < akin_json_count(value); i++)
      visit(akin_json_at(value, i), depth + 1);
  if (!akin_json_is_object(value)) return;
  for (size_t i = 0; i < akin_json_count(value); i++) {
    const akin_json *member = akin_json_get(value, akin_json_key_at(value, i));
    fuzz_require(akin_utf8_valid(akin_json_key_at(value, i)));
    if (member) visit(member, depth + 1);
  }
}

static akin_status body(const uint8_t *bytes, size_t n, akin_error *err) {
  akin_json *json = NULL;
  const akin_status status = akin_json_parse(&json, (const char *)bytes, n, err);
  if (status != AKIN_OK) return status;
  visit(json, 0);
  akin_json_free(json);
  return status;
}

FUZZ_TARGET(body)
