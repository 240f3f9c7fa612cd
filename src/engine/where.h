/*
 * where.h - a filter of images, as text: "class = shoes and not (width < 200 or price >= 50)".
 *
 *     filter      = conjunction { "or" conjunction }
 *     conjunction = negation { "and" negation }
 *     negation    = "not" negation | "(" filter ")" | condition
 *     condition   = column operator value
 *     operator    = "=" | "!=" | "<" | "<=" | ">" | ">=" | "~"
 *
 * docs/filters.md says what the columns are and how values are compared. Text may come from anywhere: its length and
 * its nesting are limited, and what is wrong is told with its position.
 */
#ifndef AKIN_ENGINE_WHERE_H
#define AKIN_ENGINE_WHERE_H

#include <akin/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AKIN_WHERE_LENGTH 65536 /* bytes of a filter, at most */
#define AKIN_WHERE_DEPTH  64    /* brackets and "not" inside each other, at most */

typedef struct akin_where akin_where;

/* labels: the names of all labels that there are, `count` of them. Errors: USAGE, MEMORY. */
akin_status akin_where_parse(akin_where **out, const char *text, const char *const *labels, size_t count,
                             akin_error *err);
void akin_where_free(akin_where *where); /* NULL is fine */

/* Is there a column of that name already, which no label can have? */
bool akin_where_has_column(const char *name);

/* The labels that it looks at, by name; NULL past the last. */
const char *akin_where_label(const akin_where *where, size_t index);

/* What is known of an image. */
typedef struct akin_where_image {
  const char *root, *path; /* absolute */
  uint64_t size;
  int64_t mtime_ns;
  uint32_t width, height;
  const char *const *labels; /* values, one for each akin_where_label; NULL: it has none of that name */
} akin_where_image;
bool akin_where_matches(const akin_where *where, const akin_where_image *image);

#endif
