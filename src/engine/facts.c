/* facts.c - see facts.h. */
#include "engine/facts.h"

#include <time.h>

/* FAT counts in steps of 2 seconds, and kernels stamp files by a clock that may lag by some milliseconds. */
#define FACTS_REST INT64_C(2500000000)

/* In place of the time of change, which no program can set, so that no file has this one. */
#define FACTS_UNSETTLED INT64_MIN

int64_t akin_facts_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void akin_facts_settle(akin_file_facts *facts, int64_t before) {
  /* An mtime far ahead was set on purpose; a later change would not give it again. */
  bool written = facts->mtime_ns > before - FACTS_REST && facts->mtime_ns < before + FACTS_REST;
  if (written || facts->ctime_ns > before - FACTS_REST) facts->ctime_ns = FACTS_UNSETTLED;
}

bool akin_facts_same(const akin_file_facts *a, const akin_file_facts *b) {
  return a->size == b->size && a->mtime_ns == b->mtime_ns && a->ctime_ns == b->ctime_ns && a->inode == b->inode &&
         a->ctime_ns != FACTS_UNSETTLED;
}
