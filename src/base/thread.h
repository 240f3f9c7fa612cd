/* thread.h - as many threads as the machine gives us, and a queue with an end between them. */
#ifndef AKIN_BASE_THREAD_H
#define AKIN_BASE_THREAD_H

#include <akin/status.h>
#include <stdbool.h>
#include <stddef.h>

/* Cores that this process may use: the least of the affinity mask and the cgroup quota (v2 cpu.max, v1
 * cpu.cfs_quota_us; rounded up), at least 1. */
unsigned akin_thread_cores(void);

/* Runs work(context, index) for index 0..count-1 and waits for all: index 0 on the calling thread, each other on a
 * thread of its own or, when the system gives none, on the calling thread later, so that work is never lost. An error
 * (MEMORY) means that nothing ran. */
akin_status akin_threads_run(unsigned count, void (*work)(void *context, unsigned index), void *context,
                             akin_error *err);
/* The same without waiting, all on threads of their own: *out is joined (waits for all, frees) later. Here a thread
 * that cannot be started is an error when none could be; with some, fewer run: the lowest indices. */
typedef struct akin_threads akin_threads;
akin_status akin_threads_start(akin_threads **out, unsigned count, void (*work)(void *context, unsigned index),
                               void *context, akin_error *err);
unsigned akin_threads_count(const akin_threads *t); /* of those that run */
void akin_threads_join(akin_threads *t);            /* NULL is fine */

/* `count` locks, each held by one thread at a time. */
typedef struct akin_locks akin_locks;
akin_status akin_locks_new(akin_locks **out, size_t count, akin_error *err);
void akin_locks_take(akin_locks *locks, size_t index);
void akin_locks_give(akin_locks *locks, size_t index);
void akin_locks_free(akin_locks *locks); /* NULL is fine; none may be held */

/*
 * A bounded queue of pointers, any number of producers and consumers.
 * push waits while the queue is full; false once it is closed (the item stays the caller's).
 * pop waits while it is empty; false once it is closed *and* empty. Closing wakes everybody.
 */
typedef struct akin_queue akin_queue;
akin_status akin_queue_new(akin_queue **out, size_t bound, akin_error *err);
bool akin_queue_push(akin_queue *q, void *item);
bool akin_queue_pop(akin_queue *q, void **item);
/* For who takes items in bulk: an item that is there is given at once; else it waits until half of the room is taken,
 * at most `milliseconds`, so that it is not woken for every item. 1 an item, 0 none came in that time, -1 closed and
 * empty. */
int akin_queue_pop_timed(akin_queue *q, void **item, unsigned milliseconds);
void akin_queue_close(akin_queue *q);
void akin_queue_free(akin_queue *q); /* NULL is fine; the items left in it are the caller's business: pop them first */

#endif
