/*
 * facts.h - is a file still the one that was read? Told from the file's facts alone, so that an unchanged file need not
 * be opened.
 *
 * Times have steps: a file that is written again within the step in which it was read looks the same if its size is the
 * same. So facts only count when the file had rested for a while before it was read. The others are kept as unsettled,
 * are the same as nothing, and the file is hashed when it is next met: by then it has rested.
 */
#ifndef AKIN_ENGINE_FACTS_H
#define AKIN_ENGINE_FACTS_H

#include "base/file.h"

/* The moment to give to akin_facts_settle: nanoseconds since 1970. Taken before the file is looked at. */
int64_t akin_facts_now(void);
/* facts: of a file that was read after the moment `before`. They become unsettled when the file was changed just before
 * it, or, by a clock that is ahead of ours, after it. */
void akin_facts_settle(akin_file_facts *facts, int64_t before);
/* Size, times and inode are equal, and neither is unsettled. */
bool akin_facts_same(const akin_file_facts *a, const akin_file_facts *b);

#endif
