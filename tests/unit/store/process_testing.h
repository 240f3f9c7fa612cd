/*
 * process_testing.h - tests in child processes. A failed assertion in a child prints its message and aborts the child,
 * which the parent sees.
 */
#ifndef AKIN_TESTS_UNIT_STORE_PROCESS_TESTING_H
#define AKIN_TESTS_UNIT_STORE_PROCESS_TESTING_H

#include "unit/testing.h"

#include <signal.h>
#include <sys/wait.h>

#define CHILD_SKIPPED 77

/* In a child: ends it so that its test counts as skipped. */
TESTING void child_skip(const char *why) {
  fprintf(stderr, "skipped: %s (%s)\n", why, strerror(errno));
  _exit(CHILD_SKIPPED);
}

/* Starts work(context) in a child. */
TESTING pid_t child_start(void (*work)(const void *context), const void *context) {
  fflush(NULL);
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) {
    setenv("CMOCKA_TEST_ABORT", "1", 1);
    alarm(60);
    work(context);
    _exit(0);
  }
  return pid;
}

/* Waits; the exit code, or 128 + the signal. */
TESTING int child_wait(pid_t pid) {
  int how = 0;
  while (waitpid(pid, &how, 0) < 0)
    assert_int_equal(errno, EINTR);
  return WIFEXITED(how) ? WEXITSTATUS(how) : 128 + WTERMSIG(how);
}

/* Runs work in a child and fails the test unless it succeeds; a child that cannot do its work here skips the test. */
TESTING void child_run(void (*work)(const void *context), const void *context) {
  int code = child_wait(child_start(work, context));
  if (code == CHILD_SKIPPED) skip();
  assert_int_equal(code, 0);
}

#endif
