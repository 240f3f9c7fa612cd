/* hits.h - building an akin_hits (akin/store.h). Engine fills it, report and programs read it. */
#ifndef AKIN_BASE_HITS_H
#define AKIN_BASE_HITS_H

#include <akin/store.h>

akin_status akin_hits_new(akin_hits **out, const char *model, akin_error *err);
/* Copies what is asked, but the names of negatives, which are added when their absolute paths are known. Once, before
 * negatives and hits are added.
 *   images: how many there will be, one for each weight */
akin_status akin_hits_ask(akin_hits *hits, const akin_query *query, size_t images, akin_error *err);
akin_status akin_hits_add_query(akin_hits *hits, const char *path, akin_error *err);    /* copies */
akin_status akin_hits_add_negative(akin_hits *hits, const char *path, akin_error *err); /* copies */
/* Of the hit that was added last; before that its percentile is not known. */
void akin_hits_rate(akin_hits *hits, double percentile);
/* Copies; the rank is the query's offset plus the number of hits so far plus one. */
akin_status akin_hits_add(akin_hits *hits, const char *path, float score, uint32_t width, uint32_t height,
                          akin_error *err);

#endif
