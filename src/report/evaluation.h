/* evaluation.h - what the text and the page of an evaluation share. */
#ifndef AKIN_REPORT_EVALUATION_H
#define AKIN_REPORT_EVALUATION_H

#include <akin/evaluate.h>

#define AKIN_METRIC_TITLE 24

/* "P@5", "recall@5", "mAP@5", "MAP@R", "mAP". */
void akin_metric_title(char out[AKIN_METRIC_TITLE], akin_metric metric, uint32_t k);

#endif
