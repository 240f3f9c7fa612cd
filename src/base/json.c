/*
 * json.c - JSON by Jansson; none of its types leave this file.
 *
 * Jansson's tree is copied into arrays of akin_json, because finding the nth key in a Jansson object takes n steps and
 * a hostile file of a million keys would take hours. Texts stay where Jansson has them, so its tree lives as long as
 * ours. Its own limits are wider than ours: size and depth are checked on the text before it sees it.
 */
#include "base/json.h"

#include "base/error.h"
#include "base/memory.h"

#include <jansson.h>
#include <string.h>

#define JSON_MOST_BYTES ((size_t)16 << 20)
#define JSON_DEPTH      64

typedef enum json_kind {
  JSON_KIND_NULL,
  JSON_KIND_BOOLEAN,
  JSON_KIND_INTEGER,
  JSON_KIND_REAL,
  JSON_KIND_TEXT,
  JSON_KIND_ARRAY,
  JSON_KIND_OBJECT
} json_kind;

struct akin_json {
  json_kind kind;
  const char *key; /* when it is in an object */
  union {
    bool boolean;
    int64_t integer;
    double real;
    const char *text;
    struct {
      akin_json *items;
      size_t count;
    } list; /* arrays and objects */
  } is;
};

typedef struct json_root {
  akin_json value; /* first, so that a pointer to it is one to the root */
  json_t *tree;    /* owns keys and texts */
} json_root;

/* ---- limits ---- */

static akin_status json_fail_at(akin_error *err, const char *text, size_t at, const char *what) {
  size_t line = 1, column = 1;
  for (size_t i = 0; i < at; i++) {
    const bool ends = text[i] == '\n';
    line += ends;
    column = ends ? 1 : column + ((text[i] & 0xC0) != 0x80); /* continuation bytes are no characters */
  }
  return akin_fail(err, AKIN_ERROR_FORMAT, "JSON, line %zu, column %zu: %s", line, column, what);
}

/* Counts brackets outside strings. Whether they match is Jansson's to say. */
static akin_status json_check_depth(const char *text, size_t n, akin_error *err) {
  size_t depth = 0;
  bool inside = false; /* a string */
  for (size_t i = 0; i < n; i++) {
    const char c = text[i];
    if (c == '"')
      inside = !inside;
    else if (inside && c == '\\')
      i++;
    else if (!inside && (c == '[' || c == '{') && ++depth > JSON_DEPTH)
      return json_fail_at(err, text, i, "nested more than 64 deep");
    else if (!inside && (c == ']' || c == '}') && depth > 0)
      depth--;
  }
  return AKIN_OK;
}

/* ---- copying Jansson's tree ---- */

static bool json_take(akin_json *out, const json_t *from);

static bool json_new_list(akin_json *out, size_t count) {
  out->is.list.items = akin_calloc(count, sizeof *out);
  out->is.list.count = out->is.list.items ? count : 0;
  return out->is.list.items != NULL;
}

static bool json_take_array(akin_json *out, const json_t *from) {
  if (!json_new_list(out, json_array_size(from))) return false;
  for (size_t i = 0; i < out->is.list.count; i++)
    if (!json_take(&out->is.list.items[i], json_array_get(from, i))) return false;
  return true;
}

static bool json_take_object(akin_json *out, json_t *from) {
  if (!json_new_list(out, json_object_size(from))) return false;
  akin_json *item = out->is.list.items;
  for (void *at = json_object_iter(from); at; at = json_object_iter_next(from, at), item++) {
    item->key = json_object_iter_key(at);
    if (!json_take(item, json_object_iter_value(at))) return false;
  }
  return true;
}

/* out is cleared. On failure it can be freed as far as it got. */
static bool json_take(akin_json *out, const json_t *from) {
  switch (json_typeof(from)) {
  case JSON_OBJECT:
    out->kind = JSON_KIND_OBJECT;
    return json_take_object(out, (json_t *)from);
  case JSON_ARRAY:
    out->kind = JSON_KIND_ARRAY;
    return json_take_array(out, from);
  case JSON_STRING:
    out->kind = JSON_KIND_TEXT;
    out->is.text = json_string_value(from);
    return true;
  case JSON_INTEGER:
    out->kind = JSON_KIND_INTEGER;
    out->is.integer = json_integer_value(from);
    return true;
  case JSON_REAL:
    out->kind = JSON_KIND_REAL;
    out->is.real = json_real_value(from);
    return true;
  case JSON_TRUE:
  case JSON_FALSE:
    out->kind = JSON_KIND_BOOLEAN;
    out->is.boolean = json_is_true(from);
    return true;
  case JSON_NULL:
    break;
  }
  out->kind = JSON_KIND_NULL;
  return true;
}

static bool json_is_list(const akin_json *value) {
  return value && (value->kind == JSON_KIND_ARRAY || value->kind == JSON_KIND_OBJECT);
}

static void json_free_items(akin_json *value) {
  if (!json_is_list(value)) return;
  for (size_t i = 0; i < value->is.list.count; i++)
    json_free_items(&value->is.list.items[i]);
  akin_free(value->is.list.items);
}

/* ---- parsing ---- */

static akin_status json_fail_parse(const json_error_t *error, akin_error *err) {
  if (json_error_code(error) == json_error_out_of_memory)
    return akin_fail(err, AKIN_ERROR_MEMORY, "JSON: out of memory");
  return akin_fail(err, AKIN_ERROR_FORMAT, "JSON, line %d, column %d: %s", error->line, error->column, error->text);
}

akin_status akin_json_parse(akin_json **out, const char *text, size_t n, akin_error *err) {
  json_error_t error;
  if (n > JSON_MOST_BYTES)
    return akin_fail(err, AKIN_ERROR_LIMIT, "JSON: %zu bytes, at most %zu are read", n, JSON_MOST_BYTES);
  const akin_status status = json_check_depth(text, n, err);
  if (status != AKIN_OK) return status;
  json_root *root = akin_calloc(1, sizeof *root);
  if (!root) return akin_fail_memory(err, sizeof *root);
  root->tree = json_loadb(text, n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
  if (!root->tree) {
    akin_free(root);
    return json_fail_parse(&error, err);
  }
  if (!json_take(&root->value, root->tree)) {
    akin_json_free(&root->value);
    return akin_fail(err, AKIN_ERROR_MEMORY, "JSON: out of memory for the values of %zu bytes", n);
  }
  *out = &root->value;
  return AKIN_OK;
}

void akin_json_free(akin_json *root) {
  if (!root) return;
  json_root *whole = (json_root *)root;
  json_free_items(root);
  json_decref(whole->tree);
  akin_free(whole);
}

/* ---- asking ---- */

const akin_json *akin_json_get(const akin_json *object, const char *key) {
  if (!akin_json_is_object(object)) return NULL;
  for (size_t i = 0; i < object->is.list.count; i++) {
    const akin_json *item = &object->is.list.items[i];
    if (strcmp(item->key, key) == 0) return item->kind == JSON_KIND_NULL ? NULL : item;
  }
  return NULL;
}

size_t akin_json_count(const akin_json *array_or_object) {
  return json_is_list(array_or_object) ? array_or_object->is.list.count : 0;
}

const akin_json *akin_json_at(const akin_json *array, size_t index) {
  return akin_json_is_array(array) && index < array->is.list.count ? &array->is.list.items[index] : NULL;
}

const char *akin_json_key_at(const akin_json *object, size_t index) {
  return akin_json_is_object(object) && index < object->is.list.count ? object->is.list.items[index].key : NULL;
}

const char *akin_json_text(const akin_json *string) {
  return string && string->kind == JSON_KIND_TEXT ? string->is.text : NULL;
}

bool akin_json_number(double *out, const akin_json *number) {
  if (!number || (number->kind != JSON_KIND_REAL && number->kind != JSON_KIND_INTEGER)) return false;
  *out = number->kind == JSON_KIND_REAL ? number->is.real : (double)number->is.integer;
  return true;
}

bool akin_json_integer(int64_t *out, const akin_json *number) {
  if (!number || number->kind != JSON_KIND_INTEGER) return false;
  *out = number->is.integer;
  return true;
}

bool akin_json_boolean(bool *out, const akin_json *boolean) {
  if (!boolean || boolean->kind != JSON_KIND_BOOLEAN) return false;
  *out = boolean->is.boolean;
  return true;
}

bool akin_json_is_null(const akin_json *value) {
  return !value || value->kind == JSON_KIND_NULL;
}

bool akin_json_is_object(const akin_json *value) {
  return value && value->kind == JSON_KIND_OBJECT;
}
bool akin_json_is_array(const akin_json *value) {
  return value && value->kind == JSON_KIND_ARRAY;
}
