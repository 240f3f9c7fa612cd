/*
 * json.h - reading JSON (RFC 8259) by Jansson, with limits: depth 64, 16 MB, duplicate keys refused. What is printed as
 * JSON is written with text.h, because results are streamed and numbers have a fixed number of places.
 */
#ifndef AKIN_BASE_JSON_H
#define AKIN_BASE_JSON_H

#include <akin/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct akin_json akin_json; /* a value: object, array, string, number, boolean or null */

/* The text need not end with NUL. An error names line and column. Free the root only; all else is borrowed from it. */
akin_status akin_json_parse(akin_json **out, const char *text, size_t n, akin_error *err);
void akin_json_free(akin_json *root); /* NULL is fine */

/* Each takes NULL for the value, so that look-ups can be chained: the answer is then "not there". */
const akin_json *akin_json_get(const akin_json *object,
                               const char *key); /* NULL: not an object, or no such key, or null */
size_t akin_json_count(const akin_json *array_or_object);
const akin_json *akin_json_at(const akin_json *array, size_t index); /* NULL past the end */
const char *akin_json_key_at(const akin_json *object, size_t index); /* keys in the order of the text */
const char *akin_json_text(const akin_json *string);                 /* NULL: not a string; has no NUL inside */
bool akin_json_number(double *out, const akin_json *number);
bool akin_json_integer(int64_t *out, const akin_json *number); /* false for 1.5, 2.0, 1e3 and for strings */
bool akin_json_boolean(bool *out, const akin_json *boolean);
bool akin_json_is_null(const akin_json *value); /* also of NULL: an item that is null, or not there */
bool akin_json_is_object(const akin_json *value);
bool akin_json_is_array(const akin_json *value);

#endif
