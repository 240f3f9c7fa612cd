/* answer.h - a hit as text, the same wherever hits are listed. */
#ifndef AKIN_REPORT_ANSWER_H
#define AKIN_REPORT_ANSWER_H

#include "report/sink.h"

#include <akin/store.h>

/* Of a table: rank, score, percentile where it is known, and path, without the line's end. */
void akin_answer_line(akin_sink *out, const akin_hit *hit);
/* The members of a JSON object, without its braces. */
void akin_answer_json(akin_sink *out, const akin_hit *hit);
/* rank,image,score,percentile of a CSV line; what is not known is left empty. */
void akin_answer_csv(akin_sink *out, const akin_hit *hit);

#endif
