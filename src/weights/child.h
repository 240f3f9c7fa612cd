/*
 * child.h - work that reads bytes with a library which damaged or hostile ones may break, done in a child process that
 * can do nothing but compute and answer.
 *
 * Before it reads a byte the child has given up: every file descriptor but the pipe to its parent, opening any other
 * (so no file, socket or program), memory beyond what it is granted, and all system calls that computing does without
 * (where the kernel has seccomp). Its standard streams lead nowhere. Its answer is bytes that the caller must trust no
 * more than those that were read.
 */
#ifndef AKIN_WEIGHTS_CHILD_H
#define AKIN_WEIGHTS_CHILD_H

#include "base/buffer.h"

typedef struct akin_child_work {
  akin_status (*prepare)(void *context, akin_error *err); /* in the child, still free: starts the library */
  akin_status (*run)(void *context, akin_buffer *answer, akin_error *err); /* in the child, confined */
  void *context;
  unsigned seconds; /* of the clock and of the processor; afterwards it is ended */
  size_t memory;    /* bytes beyond those that the caller has already */
} akin_child_work;

/*
 * Threads: the program may have others, so that neither function may do what needs another thread's lock: load a
 * library, above all. Memory can be allocated.
 *
 * Forks, and gives what run appended to answer, of at most answer->ceiling bytes. Run never touches the caller's
 * memory: it has a copy.
 * Errors: those of prepare and run, as they said them; FORMAT (the child crashed: the bytes are damaged), LIMIT (it
 * took too long, or its answer was too large), IO and MEMORY of the system.
 */
akin_status akin_child_run(akin_buffer *answer, const akin_child_work *work, akin_error *err);

#endif
