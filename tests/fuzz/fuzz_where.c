/* fuzz_where.c - any bytes as a filter; one that is accepted takes any image, and "not" turns its answer round. */
#include "engine/where.h"
#include "fuzz/fuzz.h"

static const char *const labels[] = {"colour", "price", "odd name"};

static bool answer(const akin_where *where, const char *const *values) {
  const akin_where_image image = {.root = "/photos",
                                  .path = "/photos/shoes/a.jpg",
                                  .size = 1500,
                                  .mtime_ns = 1717180205500000000,
                                  .width = 640,
                                  .height = 480,
                                  .labels = values};
  return akin_where_matches(where, &image);
}

static akin_status turned(bool *out, const char *text, akin_error *err) {
  static const char *const none[] = {NULL, NULL, NULL};
  akin_where *where = NULL;
  char *other = akin_format("not (%s)", text);
  akin_status status = other ? akin_where_parse(&where, other, labels, 3, err) : AKIN_ERROR_MEMORY;
  if (status == AKIN_OK) *out = answer(where, none);
  akin_where_free(where);
  akin_free(other);
  return status;
}

static akin_status body(const uint8_t *bytes, size_t n, akin_error *err) {
  static const char *const none[] = {NULL, NULL, NULL}, *const some[] = {"red", "8.5", "\xFF"};
  akin_error ignored;
  akin_where *where = NULL;
  bool other = false;
  char *text = akin_strndup((const char *)bytes, n);
  if (!text) {
    *err = (akin_error){AKIN_ERROR_MEMORY, "no memory"};
    return AKIN_ERROR_MEMORY;
  }
  akin_status status = akin_where_parse(&where, text, labels, 3, err);
  if (status == AKIN_OK) {
    (void)answer(where, some);
    /* a filter at its limits has no room for more */
    if (turned(&other, text, &ignored) == AKIN_OK) fuzz_require(other != answer(where, none));
  } else {
    fuzz_require(where == NULL);
  }
  akin_where_free(where);
  akin_free(text);
  return status;
}

FUZZ_TARGET(body)
