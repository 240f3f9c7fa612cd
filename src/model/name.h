/* name.h - names of models, which are names of folders too; and the name that was probably meant. */
#ifndef AKIN_MODEL_NAME_H
#define AKIN_MODEL_NAME_H

#include <stdbool.h>
#include <stddef.h>

#define AKIN_NAME_RULE "lower-case letters, digits, '-', '_' and '.', at most 64, a letter or digit first"

bool akin_name_valid(const char *name);

/* How many letters must be put in, taken out or changed to make one of the other; at most `most` + 1 is counted. Names
 * longer than 127 bytes are as different as can be. */
size_t akin_name_distance(const char *a, const char *b, size_t most);

#endif
