/* condition.h - one condition of a filter, such as "width >= 200": its value understood, and held against an image. */
#ifndef AKIN_ENGINE_CONDITION_H
#define AKIN_ENGINE_CONDITION_H

#include "engine/where.h"

typedef enum akin_condition_column {
  AKIN_CONDITION_ROOT,
  AKIN_CONDITION_FOLDER,
  AKIN_CONDITION_CLASS,
  AKIN_CONDITION_PATH,
  AKIN_CONDITION_NAME,
  AKIN_CONDITION_SIZE,
  AKIN_CONDITION_DATE,
  AKIN_CONDITION_WIDTH,
  AKIN_CONDITION_HEIGHT,
  AKIN_CONDITION_LABEL
} akin_condition_column;
/* By column up to AKIN_CONDITION_LABEL. */
extern const char *const akin_condition_columns[];

typedef enum akin_condition_operator {
  AKIN_CONDITION_EQUAL,
  AKIN_CONDITION_UNEQUAL,
  AKIN_CONDITION_LESS,
  AKIN_CONDITION_AT_MOST,
  AKIN_CONDITION_MORE,
  AKIN_CONDITION_AT_LEAST,
  AKIN_CONDITION_LIKE
} akin_condition_operator;

#define AKIN_CONDITION_NO_LABEL SIZE_MAX

typedef struct akin_condition {
  akin_condition_column column;
  size_t label; /* index of the label that is looked at; AKIN_CONDITION_NO_LABEL: none */
  akin_condition_operator op;
  const char *text;     /* the value; borrowed */
  bool is_number;       /* number counts, not text */
  double number;        /* of bytes or pixels, or what the label is compared with */
  int64_t begin, after; /* a date's time: nanoseconds since 1970, the first and the one after the last */
} akin_condition;

/* Sets what follows from column, op, text. quoted: the value was in quotes. NULL when it is well, else what is wrong
 * with the value, a constant. */
const char *akin_condition_understand(akin_condition *t, bool quoted);

bool akin_condition_matches(const akin_condition *condition, const akin_where_image *image);

#endif
