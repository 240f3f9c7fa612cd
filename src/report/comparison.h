/* comparison.h - what the text and the page of a comparison share. */
#ifndef AKIN_REPORT_COMPARISON_H
#define AKIN_REPORT_COMPARISON_H

#include <akin/compare.h>
#include <stdbool.h>

/* Did no other model find this image? */
bool akin_comparison_only(const akin_comparison *comparison, size_t model, const char *path);

/* How far models i and j agree. */
akin_agreement akin_comparison_agreement(const akin_comparison *comparison, size_t i, size_t j);

#endif
