/*
 * child.c - the child process of child.h: forked, confined, listened to.
 *
 * What goes through the pipe: the status in 4 bytes and the length of what follows in 8, little-endian; then the answer
 * or the text of the error. Anything else is a crash.
 */
#include "weights/child.h"

#include "base/error.h"
#include "base/little.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CHILD_HEADER     12
#define CHILD_UNCONFINED 2 /* exit code of a child that was never confined */
#define CHILD_PIPE       3 /* in the child, behind the standard streams */

/* ---- the child: giving up what it does not need ---- */

#if defined(__x86_64__)
#define CHILD_MACHINE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define CHILD_MACHINE AUDIT_ARCH_AARCH64
#else
#error "child.c: which AUDIT_ARCH_ is this machine?"
#endif

#define CHILD_ALLOW(name)                                                                                              \
  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_##name, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

/* Memory, locks, the clock, the pipe, the end. All else fails as if it were not permitted. */
static void child_filter_calls(void) {
  struct sock_filter rules[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, CHILD_MACHINE, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      CHILD_ALLOW(read),
      CHILD_ALLOW(write),
      CHILD_ALLOW(close),
      CHILD_ALLOW(brk),
      CHILD_ALLOW(mmap),
      CHILD_ALLOW(munmap),
      CHILD_ALLOW(mremap),
      CHILD_ALLOW(mprotect),
      CHILD_ALLOW(madvise),
      CHILD_ALLOW(futex),
      CHILD_ALLOW(sched_yield),
      CHILD_ALLOW(clock_gettime),
      CHILD_ALLOW(gettimeofday),
      CHILD_ALLOW(getpid),
      CHILD_ALLOW(gettid),
      CHILD_ALLOW(getrandom),
      CHILD_ALLOW(rt_sigprocmask),
      CHILD_ALLOW(rt_sigreturn),
      CHILD_ALLOW(exit),
      CHILD_ALLOW(exit_group),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (EPERM & SECCOMP_RET_DATA)),
  };
  const struct sock_fprog program = {sizeof rules / sizeof *rules, rules};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0) prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

/* Bytes of address space that this process has, from /proc/self/statm; 0 when it cannot be known. */
static uint64_t child_address_space(void) {
  char text[32];
  const int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  const ssize_t got = read(file, text, sizeof text);
  close(file);
  uint64_t pages = 0;
  for (ssize_t i = 0; i < got && text[i] >= '0' && text[i] <= '9'; i++)
    pages = pages * 10 + (uint64_t)(text[i] - '0');
  return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static bool child_limit(__rlimit_resource_t resource, rlim_t most) {
  struct rlimit limit;
  if (getrlimit(resource, &limit) != 0) return false;
  if (limit.rlim_max < most) most = limit.rlim_max;
  limit.rlim_cur = limit.rlim_max = most;
  return setrlimit(resource, &limit) == 0;
}

/* The program's handlers are not for here: a crash is to end the child, and nothing else. */
static void child_reset_signals(void) {
  for (int i = 1; i < NSIG; i++)
    signal(i, SIG_DFL); /* fails for two, which have no handlers */
}

/* The standard streams lead nowhere, the pipe is number CHILD_PIPE, and there are no others. */
static bool child_close_files(int pipe_end) {
  const int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
  const int answer = fcntl(pipe_end, F_DUPFD, CHILD_PIPE + 1); /* out of the way of those below */
  if (nowhere < 0 || answer < 0) return false;
  for (int i = 0; i < CHILD_PIPE; i++)
    if (dup2(nowhere, i) < 0) return false;
  return dup2(answer, CHILD_PIPE) == CHILD_PIPE && close_range(CHILD_PIPE + 1, ~0u, 0) == 0;
}

static akin_status child_confine(const akin_child_work *work, akin_error *err) {
  const uint64_t has = child_address_space();
  if (!has || !child_limit(RLIMIT_AS, has + work->memory) || !child_limit(RLIMIT_CPU, work->seconds) ||
      !child_limit(RLIMIT_FSIZE, 0) || !child_limit(RLIMIT_CORE, 0) || !child_limit(RLIMIT_NOFILE, 0))
    return akin_fail(err, AKIN_ERROR_RUNTIME, "the system does not let a process be confined (is /proc there?)");
  child_filter_calls();
  return AKIN_OK;
}

/* ---- the child: its answer ---- */

static void child_write(const void *bytes, size_t n) {
  const char *at = bytes;
  while (n > 0) {
    const ssize_t written = write(CHILD_PIPE, at, n);
    if (written < 0 && errno != EINTR) return; /* the parent has gone, or gave up */
    if (written > 0) {
      at += written;
      n -= (size_t)written;
    }
  }
}

static void child_send(uint32_t status, const void *bytes, size_t n) {
  uint8_t header[CHILD_HEADER];
  akin_little_put(header, 4, status);
  akin_little_put(header + 4, 8, n);
  child_write(header, sizeof header);
  child_write(bytes, n);
}

static _Noreturn void child_main(const akin_child_work *work, int pipe_end, size_t ceiling) {
  akin_error err = {AKIN_OK, ""};
  akin_buffer answer = AKIN_BUFFER_INIT(ceiling);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  child_reset_signals();
  if (!child_close_files(pipe_end)) _exit(CHILD_UNCONFINED);
  akin_status status = work->prepare(work->context, &err);
  if (status == AKIN_OK) status = child_confine(work, &err);
  if (status == AKIN_OK) status = work->run(work->context, &answer, &err);
  if (status == AKIN_OK)
    child_send(AKIN_OK, answer.data, answer.size);
  else
    child_send(status, err.text, strlen(err.text));
  _exit(0); /* without what the program has registered for its end: that is the parent's */
}

/* ---- the parent ---- */

static int64_t child_now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Everything up to the end of the pipe. LIMIT: too much, or too late. */
static akin_status child_listen(akin_buffer *heard, int pipe_end, unsigned seconds, akin_error *err) {
  const int64_t end = child_now_ms() + (int64_t)seconds * 1000;
  char piece[65536];
  for (;;) {
    const int64_t left = end - child_now_ms();
    struct pollfd readable = {pipe_end, POLLIN, 0};
    if (left <= 0) return akin_fail(err, AKIN_ERROR_LIMIT, "reading it takes more than %u seconds", seconds);
    if (poll(&readable, 1, left > 1000 ? 1000 : (int)left) <= 0) continue;
    const ssize_t got = read(pipe_end, piece, sizeof piece);
    if (got == 0) return AKIN_OK;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return akin_fail_errno(err, errno, "cannot hear the process that reads it");
    const akin_status status = akin_buffer_append(heard, piece, (size_t)got);
    if (status == AKIN_ERROR_LIMIT)
      return akin_fail(err, status, "its description takes more than %zu bytes", heard->ceiling);
    if (status != AKIN_OK) return akin_fail_memory(err, heard->size + (size_t)got);
  }
}

static akin_status child_died(int how, unsigned seconds, akin_error *err) {
  if (WIFSIGNALED(how) && (WTERMSIG(how) == SIGXCPU || WTERMSIG(how) == SIGKILL))
    return akin_fail(err, AKIN_ERROR_LIMIT, "reading it takes more than %u seconds, or too much memory", seconds);
  if (WIFSIGNALED(how))
    return akin_fail(err, AKIN_ERROR_FORMAT, "damaged: the library that reads it crashed (signal %d)", WTERMSIG(how));
  if (WIFEXITED(how) && WEXITSTATUS(how) == CHILD_UNCONFINED)
    return akin_fail(err, AKIN_ERROR_RUNTIME, "the system does not let a process be confined (is /dev/null there?)");
  return akin_fail(err, AKIN_ERROR_FORMAT, "damaged: the library that reads it failed");
}

/* Splits what was heard into status and answer. */
static akin_status child_answer(akin_buffer *answer, const akin_buffer *heard, int how, unsigned seconds,
                                akin_error *err) {
  const bool whole = heard->size >= CHILD_HEADER;
  const uint64_t status = whole ? akin_little_get(heard->data, 4) : 0;
  const uint64_t size = whole ? akin_little_get(heard->data + 4, 8) : 0;
  if (!whole || size != heard->size - CHILD_HEADER || status > AKIN_ERROR_NO_SPACE)
    return child_died(how, seconds, err);
  const char *rest = heard->data + CHILD_HEADER;
  if (status != AKIN_OK) return akin_fail(err, (akin_status)status, "%s", rest);
  return akin_buffer_append(answer, rest, (size_t)size) == AKIN_OK ? AKIN_OK : akin_fail_memory(err, (size_t)size);
}

/* `how` as waitpid says it; 0 when the program has others wait for its children. */
static int child_reap(pid_t child) {
  int how = 0;
  while (waitpid(child, &how, 0) < 0)
    if (errno != EINTR) return 0;
  return how;
}

akin_status akin_child_run(akin_buffer *answer, const akin_child_work *work, akin_error *err) {
  akin_buffer heard = AKIN_BUFFER_INIT(answer->ceiling + CHILD_HEADER);
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return akin_fail_errno(err, errno, "cannot make a pipe");
  const pid_t child = fork();
  if (child == 0) child_main(work, ends[1], answer->ceiling);
  close(ends[1]);
  if (child < 0) {
    const int why = errno;
    close(ends[0]);
    return akin_fail_errno(err, why, "cannot start a process to read it");
  }
  akin_status status = child_listen(&heard, ends[0], work->seconds, err);
  if (status != AKIN_OK) kill(child, SIGKILL);
  close(ends[0]);
  const int how = child_reap(child);
  if (status == AKIN_OK) status = child_answer(answer, &heard, how, work->seconds, err);
  akin_buffer_free(&heard);
  return status;
}
