/* asked.h - what was asked, beside the names of the images: weights, negatives, the filter and other conditions. */
#ifndef AKIN_REPORT_ASKED_H
#define AKIN_REPORT_ASKED_H

#include "report/sink.h"

#include <akin/store.h>

/* The images, the negatives and the conditions, a line each. */
void akin_asked_table(akin_sink *out, const akin_hits *hits);
/* ", "asked": {…}": the members of docs/json.md; nothing when nothing but images was asked. */
void akin_asked_json(akin_sink *out, const akin_hits *hits);
/* Names for a heading, and the conditions as a paragraph, if there are any. */
void akin_asked_html_heading(akin_sink *out, const akin_hits *hits);
void akin_asked_html_conditions(akin_sink *out, const akin_hits *hits);
/* Why there are no hits, without a full stop. Static. */
const char *akin_asked_nothing(const akin_hits *hits);

#endif
