/* test_child.c - the confined child: what it says comes through, what it breaks stays there, and it can do nothing. */
#include "unit/testing.h"

#include "base/error.h"
#include "weights/child.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define CEILING 4194304u

static akin_status nothing(void *context, akin_error *err) {
  (void)context;
  (void)err;
  return AKIN_OK;
}

static akin_status run(akin_buffer *answer, akin_status (*work)(void *, akin_buffer *, akin_error *), void *context,
                       akin_error *err) {
  const akin_child_work child = {nothing, work, context, 2, 64u << 20};
  *answer = (akin_buffer)AKIN_BUFFER_INIT(CEILING);
  return akin_child_run(answer, &child, err);
}

static void expect(akin_status (*work)(void *, akin_buffer *, akin_error *), void *context, akin_status want,
                   const char *part) {
  akin_buffer answer;
  akin_error err;
  testing_expect(run(&answer, work, context, &err), want, &err);
  testing_says(&err, part);
  assert_int_equal(answer.size, 0);
  akin_buffer_free(&answer);
}

/* ---- answers ---- */

static akin_status answer_much(void *context, akin_buffer *answer, akin_error *err) {
  const size_t n = *(const size_t *)context;
  (void)err;
  akin_status status = AKIN_OK;
  for (size_t i = 0; i < n && status == AKIN_OK; i++) {
    const uint8_t byte = (uint8_t)(i * 7 + i / 256);
    status = akin_buffer_append(answer, &byte, 1);
  }
  return status == AKIN_OK ? status : akin_fail(err, status, "too much");
}

static void test_answers(void **state) {
  (void)state;
  for (size_t n = 0; n <= 1000000; n = n * 10 + 1) { /* less and more than a pipe holds */
    akin_buffer answer;
    akin_error err;
    testing_ok(run(&answer, answer_much, &n, &err), &err);
    assert_int_equal(answer.size, n);
    for (size_t i = 0; i < n; i++)
      if ((uint8_t)answer.data[i] != (uint8_t)(i * 7 + i / 256)) fail_msg("byte %zu of %zu differs", i, n);
    akin_buffer_free(&answer);
  }
  size_t too_much = CEILING + 1;
  expect(answer_much, &too_much, AKIN_ERROR_LIMIT, "too much");
}

static akin_status refuse(void *context, akin_buffer *answer, akin_error *err) {
  (void)context;
  akin_buffer_append_text(answer, "what was found until then");
  return akin_fail(err, AKIN_ERROR_UNSUPPORTED, "layer %s: 100%% unknown", "x");
}

static akin_status refuse_to_start(void *context, akin_error *err) {
  (void)context;
  return akin_fail(err, AKIN_ERROR_RUNTIME, "no library");
}

static void test_errors(void **state) {
  (void)state;
  akin_error err;
  akin_buffer answer = AKIN_BUFFER_INIT(CEILING);
  expect(refuse, NULL, AKIN_ERROR_UNSUPPORTED, "layer x: 100% unknown");
  const akin_child_work child = {refuse_to_start, refuse, NULL, 2, 64u << 20};
  testing_expect(akin_child_run(&answer, &child, &err), AKIN_ERROR_RUNTIME, &err);
  assert_string_equal(err.text, "no library");
}

/* ---- breaking ---- */

static akin_status crash(void *context, akin_buffer *answer, akin_error *err) {
  (void)context;
  (void)answer;
  (void)err;
  __builtin_trap();
}

static akin_status abort_itself(void *context, akin_buffer *answer, akin_error *err) {
  (void)context;
  (void)answer;
  (void)err;
  abort();
}

static akin_status write_and_crash(void *context, akin_buffer *answer, akin_error *err) {
  (void)context;
  (void)answer;
  (void)err;
  if (write(3, "\0\0\0\0\xff\0\0\0\0\0\0\0half", 16) == 16) __builtin_trap();
  return AKIN_OK;
}

static akin_status loop(void *context, akin_buffer *answer, akin_error *err) {
  (void)answer;
  (void)err;
  for (volatile bool forever = true; forever;)
    *(volatile unsigned *)context += 1;
  return AKIN_OK;
}

static akin_status sleep_long(void *context, akin_buffer *answer, akin_error *err) {
  uint32_t word = 0;
  (void)context;
  (void)answer;
  (void)err;
  while (word == 0) /* nobody changes it */
    syscall(SYS_futex, &word, FUTEX_WAIT, 0, NULL, NULL, 0);
  return AKIN_OK;
}

static akin_status take_memory(void *context, akin_buffer *answer, akin_error *err) {
  (void)context;
  (void)answer;
  for (size_t taken = 0; taken < 1u << 30; taken += 1u << 20) {
    char *piece = akin_alloc(1u << 20);
    if (!piece) return akin_fail(err, AKIN_ERROR_MEMORY, "no more after %zu MB", taken >> 20);
    memset(piece, 1, 1u << 20);
  }
  return AKIN_OK;
}

static void test_breaks(void **state) {
  (void)state;
  unsigned number = 7;
  expect(crash, NULL, AKIN_ERROR_FORMAT, "damaged: the library that reads it");
  expect(abort_itself, NULL, AKIN_ERROR_FORMAT, "damaged: the library that reads it");
  expect(write_and_crash, NULL, AKIN_ERROR_FORMAT, "damaged");
  expect(loop, &number, AKIN_ERROR_LIMIT, "2 seconds");
  expect(sleep_long, NULL, AKIN_ERROR_LIMIT, "2 seconds");
  assert_int_equal(number, 7); /* the loop counted in its own memory */
  assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
  assert_int_equal(errno, ECHILD);
}

static void test_memory(void **state) {
  (void)state;
  akin_buffer answer;
  akin_error err;
  if (TESTING_SANITIZED) {
    print_message("a sanitizer's allocator takes no refusal: it ends the process, or never ends\n");
    skip();
  }
  testing_expect(run(&answer, take_memory, NULL, &err), AKIN_ERROR_MEMORY, &err);
  testing_says(&err, "no more after");
}

/* ---- confinement ---- */

#define TRY(call)                                                                                                      \
  if ((call) >= 0) return akin_fail(err, AKIN_ERROR_IO, "%s is possible", #call)

static akin_status try_everything(void *context, akin_buffer *answer, akin_error *err) {
  const int inherited = *(const int *)context;
  char *const arguments[] = {"true", NULL};
  (void)answer;
  TRY(open("/etc/passwd", O_RDONLY));
  TRY(open("/tmp/akin-child", O_WRONLY | O_CREAT, 0600));
  TRY(unlink("/tmp/akin-child"));
  TRY(socket(AF_INET, SOCK_STREAM, 0));
  TRY(socket(AF_UNIX, SOCK_STREAM, 0));
  TRY(write(inherited, "x", 1));
  TRY(dup(3));
  TRY(fork());
  TRY(execv("/bin/true", arguments));
  TRY(kill(getppid(), 0));
  return AKIN_OK;
}

static void test_confined(void **state) {
  char *path = testing_path(*state, "file");
  const int opened = open(path, O_RDWR | O_CREAT, 0600), file = fcntl(opened, F_DUPFD, 10);
  assert_true(file >= 10);
  akin_buffer answer;
  akin_error err;
  testing_ok(run(&answer, try_everything, (void *)&file, &err), &err);
  akin_file_facts facts;
  testing_ok(akin_file_facts_of(&facts, path, &err), &err);
  assert_int_equal(facts.size, 0);
  akin_buffer_free(&answer);
  close(file);
  close(opened);
  akin_free(path);
}

static akin_status count_files(void *context) {
  size_t n = 1000;
  (void)context;
  akin_buffer answer;
  akin_status status = run(&answer, answer_much, &n, NULL);
  akin_buffer_free(&answer);
  return status;
}

static void test_leaves_nothing(void **state) {
  (void)state;
  const size_t before = testing_names_in("/proc/self/fd");
  assert_true(testing_fail_allocations(count_files, NULL, true) > 0);
  assert_int_equal(testing_names_in("/proc/self/fd"), before);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_answers),
      cmocka_unit_test(test_errors),
      cmocka_unit_test(test_breaks),
      cmocka_unit_test(test_memory),
      cmocka_unit_test_setup_teardown(test_confined, testing_setup, testing_teardown),
      cmocka_unit_test(test_leaves_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
