/* test_file.c - reading what is a file and nothing else, mapping, and locks between processes. */
#include "unit/testing.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#define CEILING 1000

/* ---- looking ---- */

static void facts_are_those_of_the_file(void **state) {
  akin_error err;
  akin_file_facts facts;
  char *path = testing_path(*state, "f"), *link = testing_path(*state, "link");
  testing_write_text(path, "12345");
  const struct timespec times[2] = {{1000000000, 1}, {1234567890, 123456789}};
  assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
  assert_int_equal(symlink("f", link), 0);
  testing_ok(akin_file_facts_of(&facts, link, &err), &err);
  assert_int_equal(facts.size, 5);
  assert_int_equal(facts.mtime_ns, 1234567890123456789);
  assert_true(facts.is_regular && !facts.is_folder);
  struct stat st;
  assert_int_equal(stat(path, &st), 0);
  assert_int_equal(facts.inode, st.st_ino);
  assert_int_equal(facts.device, st.st_dev);
  assert_int_equal(facts.ctime_ns, (int64_t)st.st_ctim.tv_sec * 1000000000 + st.st_ctim.tv_nsec);
  testing_ok(akin_file_facts_of(&facts, *state, &err), &err);
  assert_true(facts.is_folder && !facts.is_regular);
  akin_free(link);
  akin_free(path);
}

static void missing_files(void **state) {
  akin_error err;
  akin_file_facts facts;
  akin_buffer b = AKIN_BUFFER_INIT(0);
  akin_mapping m;
  char *path = testing_path(*state, "gone\n\xFF");
  testing_expect(akin_file_facts_of(&facts, path, &err), AKIN_ERROR_NOT_FOUND, &err);
  testing_says(&err, "gone\\x0A\\xFF");
  testing_expect(akin_file_read(&b, path, CEILING, NULL, &err), AKIN_ERROR_NOT_FOUND, &err);
  testing_expect(akin_mapping_open(&m, path, &err), AKIN_ERROR_NOT_FOUND, &err);
  assert_false(akin_file_exists(path));
  assert_true(akin_file_exists(*state));
  akin_buffer_free(&b);
  akin_free(path);
}

/* ---- reading ---- */

static void check_read(const char *path, size_t size) {
  akin_error err;
  akin_buffer b = AKIN_BUFFER_INIT(0);
  akin_file_facts facts;
  unsigned char *bytes = akin_alloc(size);
  for (size_t i = 0; i < size; i++)
    bytes[i] = (unsigned char)(i * 31 >> 3);
  testing_write(path, bytes, size);
  akin_buffer_append_text(&b, "something old");
  testing_ok(akin_file_read(&b, path, CEILING, &facts, &err), &err);
  assert_int_equal(b.size, size);
  assert_memory_equal(b.data, bytes, size);
  assert_int_equal(b.data[size], 0);
  assert_int_equal(facts.size, size);
  akin_buffer_free(&b);
  akin_free(bytes);
}

static void whole_files_up_to_the_ceiling(void **state) {
  char *path = testing_path(*state, "f");
  static const size_t sizes[] = {0, 1, 63, 64, 65, CEILING - 1, CEILING};
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
    check_read(path, sizes[i]);
  akin_free(path);
}

static void too_large_is_seen_before_anything_is_allocated(void **state) {
  akin_error err;
  akin_buffer b = AKIN_BUFFER_INIT(0), small = AKIN_BUFFER_INIT(10);
  char *path = testing_path(*state, "f");
  testing_write_text(path, "12345678901");
  assert_int_equal(truncate(path, (off_t)1 << 40), 0); /* a terabyte, sparse */
  akin_memory_fail_at(0, true);
  testing_expect(akin_file_read(&b, path, CEILING, NULL, &err), AKIN_ERROR_LIMIT, &err);
  assert_int_equal(akin_memory_count(), 0);
  testing_says(&err, "f: has 1099511627776 bytes, more than the 1000 that are allowed");
  assert_int_equal(truncate(path, 11), 0);
  testing_expect(akin_file_read(&small, path, CEILING, NULL, &err), AKIN_ERROR_LIMIT, &err); /* the buffer's own */
  testing_says(&err, "more than the 10");
  akin_buffer_free(&small);
  akin_buffer_free(&b);
  akin_free(path);
}

/* Files of /proc announce no size. */
static void a_file_may_be_longer_than_it_says(void **state) {
  (void)state;
  akin_error err;
  akin_buffer b = AKIN_BUFFER_INIT(0);
  akin_file_facts facts;
  testing_ok(akin_file_read(&b, "/proc/self/status", 1 << 20, &facts, &err), &err);
  assert_int_equal(facts.size, 0);
  assert_non_null(strstr(b.data, "\nPid:"));
  testing_expect(akin_file_read(&b, "/proc/self/status", 100, NULL, &err), AKIN_ERROR_LIMIT, &err);
  assert_int_equal(b.size, 0);
  akin_buffer_free(&b);
}

typedef struct churn {
  const char *path;
  bool stop; /* atomically */
} churn;

/* Grows and cuts the file until told to stop. */
static void *churn_main(void *context) {
  churn *c = context;
  const int file = open(c->path, O_WRONLY);
  char block[4096];
  memset(block, 'z', sizeof block);
  while (!__atomic_load_n(&c->stop, __ATOMIC_ACQUIRE)) {
    if (ftruncate(file, 100) != 0) break;
    for (int i = 0; i < 64; i++)
      if (pwrite(file, block, sizeof block, i * 4096) < 0) break;
  }
  close(file);
  return NULL;
}

static void a_file_may_change_while_it_is_read(void **state) {
  char *path = testing_path(*state, "f");
  pthread_t thread;
  churn c = {path, false};
  testing_write_text(path, "z");
  assert_int_equal(pthread_create(&thread, NULL, churn_main, &c), 0);
  akin_buffer b = AKIN_BUFFER_INIT(0);
  for (int i = 0; i < 300; i++) {
    akin_error err;
    const akin_status status = akin_file_read(&b, path, 200000, NULL, &err);
    if (status != AKIN_ERROR_LIMIT) testing_ok(status, &err);
    assert_true(b.size <= 200000);
    if (b.data) assert_int_equal(b.data[b.size], 0);
  }
  __atomic_store_n(&c.stop, true, __ATOMIC_RELEASE);
  pthread_join(thread, NULL);
  akin_buffer_free(&b);
  akin_free(path);
}

/* ---- what is no file ---- */

static void check_refused(const char *path, const char *kind) {
  akin_error err;
  akin_buffer b = AKIN_BUFFER_INIT(0);
  akin_mapping m;
  int file = 4711;
  testing_expect(akin_file_read(&b, path, CEILING, NULL, &err), AKIN_ERROR_UNSUPPORTED, &err);
  testing_says(&err, path);
  testing_says(&err, kind);
  testing_expect(akin_mapping_open(&m, path, &err), AKIN_ERROR_UNSUPPORTED, &err);
  testing_expect(akin_file_open(&file, NULL, path, &err), AKIN_ERROR_UNSUPPORTED, &err);
  assert_int_equal(file, 4711);
  akin_buffer_free(&b);
}

static void on_alarm(int number) {
  (void)number;
  static const char text[] = "akin_file_read blocks\n";
  if (write(2, text, sizeof text - 1) > 0) _exit(1);
}

static void nothing_else_is_read_and_nothing_blocks(void **state) {
  char *fifo = testing_path(*state, "fifo.jpg"), *link = testing_path(*state, "link");
  char *socket_path = testing_path(*state, "s");
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  signal(SIGALRM, on_alarm);
  alarm(20);
  assert_int_equal(mkfifo(fifo, 0600), 0);
  check_refused(fifo, "is a FIFO, not a file");
  assert_int_equal(symlink("fifo.jpg", link), 0);
  check_refused(link, "is a FIFO");
  check_refused(*state, "is a folder, not a file");
  check_refused("/dev/zero", "is a device, not a file");
  const int listening = socket(AF_UNIX, SOCK_STREAM, 0);
  memcpy(address.sun_path, socket_path, strlen(socket_path) + 1);
  assert_int_equal(bind(listening, (struct sockaddr *)&address, sizeof address), 0);
  check_refused(socket_path, "is a socket, not a file");
  close(listening);
  alarm(0);
  akin_free(socket_path);
  akin_free(link);
  akin_free(fifo);
}

/* A writer that waits at the FIFO for a reader goes on waiting: it was not even opened. */
static void the_fifos_writer_is_left_alone(void **state) {
  char *fifo = testing_path(*state, "fifo");
  assert_int_equal(mkfifo(fifo, 0600), 0);
  const pid_t child = fork();
  if (child == 0) _exit(open(fifo, O_WRONLY) >= 0 ? 0 : 1);
  usleep(50000);
  for (int i = 0; i < 20; i++)
    check_refused(fifo, "is a FIFO");
  int outcome = 0;
  assert_int_equal(waitpid(child, &outcome, WNOHANG), 0);
  kill(child, SIGKILL);
  assert_int_equal(waitpid(child, &outcome, 0), child);
  akin_free(fifo);
}

static void a_loop_of_links(void **state) {
  akin_error err;
  akin_buffer b = AKIN_BUFFER_INIT(0);
  char *loop = testing_path(*state, "loop");
  assert_int_equal(symlink("loop", loop), 0);
  testing_expect(akin_file_read(&b, loop, CEILING, NULL, &err), AKIN_ERROR_IO, &err);
  testing_says(&err, "loop: cannot open");
  akin_free(loop);
}

/* ---- mapping ---- */

static void mappings(void **state) {
  akin_error err;
  akin_mapping m = {TESTING_POISON, 99};
  char *path = testing_path(*state, "f");
  testing_write_text(path, "");
  testing_ok(akin_mapping_open(&m, path, &err), &err);
  assert_null(m.data);
  assert_int_equal(m.size, 0);
  akin_mapping_close(&m);
  char bytes[10000];
  memset(bytes, 'm', sizeof bytes);
  testing_write(path, bytes, sizeof bytes);
  testing_ok(akin_mapping_open(&m, path, &err), &err);
  assert_int_equal(unlink(path), 0); /* what is mapped stays */
  assert_int_equal(m.size, sizeof bytes);
  assert_memory_equal(m.data, bytes, sizeof bytes);
  akin_mapping_close(&m);
  assert_null(m.data);
  akin_mapping_close(&m);
  akin_free(path);
}

/* ---- locks ---- */

static void a_lock_is_held_once(void **state) {
  akin_error err;
  int first = 4711, second = 4711;
  char *path = testing_path(*state, "lock"), *own = akin_format("process %ld:", (long)getpid());
  testing_ok(akin_file_lock(&first, path, &err), &err);
  assert_true(first >= 0);
  testing_expect(akin_file_lock(&second, path, &err), AKIN_ERROR_BUSY, &err);
  assert_int_equal(second, -1);
  testing_says(&err, path);
  testing_says(&err, own);
  akin_file_unlock(first);
  testing_ok(akin_file_lock(&second, path, &err), &err);
  akin_file_unlock(second);
  akin_file_unlock(-1);
  akin_free(own);
  akin_free(path);
}

/* Takes the lock, says so by a byte, and holds it until it is killed. */
static pid_t hold_lock(const char *path) {
  int pipes[2];
  char byte = 0;
  assert_int_equal(pipe(pipes), 0);
  const pid_t child = fork();
  if (child == 0) {
    int lock = -1;
    byte = akin_file_lock(&lock, path, NULL) == AKIN_OK ? 'y' : 'n';
    if (write(pipes[1], &byte, 1) != 1) _exit(1);
    for (;;)
      pause();
  }
  close(pipes[1]);
  assert_int_equal(read(pipes[0], &byte, 1), 1);
  close(pipes[0]);
  assert_int_equal(byte, 'y');
  return child;
}

static void a_killed_process_holds_no_lock(void **state) {
  akin_error err;
  int lock = -1, outcome = 0;
  char *path = testing_path(*state, "lock");
  const pid_t child = hold_lock(path);
  char *holder = akin_format("locked by process %ld:", (long)child);
  testing_expect(akin_file_lock(&lock, path, &err), AKIN_ERROR_BUSY, &err);
  testing_says(&err, holder);
  kill(child, SIGKILL);
  assert_int_equal(waitpid(child, &outcome, 0), child);
  testing_ok(akin_file_lock(&lock, path, &err), &err);
  size_t size = 0;
  char *text = testing_read(path, &size);
  assert_int_equal(strtol(text, NULL, 10), getpid());
  akin_file_unlock(lock);
  akin_free(text);
  akin_free(holder);
  akin_free(path);
}

static void nothing_of_the_last_holder_is_left(void **state) {
  akin_error err;
  int lock = -1;
  char *path = testing_path(*state, "lock"), *own = akin_format("%ld\n", (long)getpid());
  testing_write_text(path, "123456789012345\nand more\n");
  testing_ok(akin_file_lock(&lock, path, &err), &err);
  char *text = testing_read(path, NULL);
  assert_string_equal(text, own);
  akin_file_unlock(lock);
  akin_free(text);
  akin_free(own);
  akin_free(path);
}

static void locks_that_cannot_be(void **state) {
  akin_error err;
  int lock = 4711;
  char *path = testing_path(*state, "none/lock"), *fifo = testing_path(*state, "fifo");
  testing_expect(akin_file_lock(&lock, path, &err), AKIN_ERROR_NOT_FOUND, &err);
  assert_int_equal(lock, -1);
  assert_int_equal(mkfifo(fifo, 0600), 0);
  testing_expect(akin_file_lock(&lock, fifo, &err), AKIN_ERROR_UNSUPPORTED, &err);
  assert_int_equal(lock, -1);
  akin_free(fifo);
  akin_free(path);
}

/* ---- without memory ---- */

static akin_status read_once(void *context) {
  akin_buffer b = AKIN_BUFFER_INIT(0);
  const akin_status status = akin_file_read(&b, context, 1 << 20, NULL, NULL);
  akin_buffer_free(&b);
  return status;
}

static void reading_without_memory(void **state) {
  char *path = testing_path(*state, "f");
  testing_write_text(path, "text");
  assert_int_equal(testing_fail_allocations(read_once, path, false), 1);
  char status[] = "/proc/self/status"; /* grows while it is read */
  assert_true(testing_fail_allocations(read_once, status, true) > 2);
  akin_free(path);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, testing_setup, testing_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      IN_FOLDER(facts_are_those_of_the_file),
      IN_FOLDER(missing_files),
      IN_FOLDER(whole_files_up_to_the_ceiling),
      IN_FOLDER(too_large_is_seen_before_anything_is_allocated),
      IN_FOLDER(a_file_may_be_longer_than_it_says),
      IN_FOLDER(a_file_may_change_while_it_is_read),
      IN_FOLDER(nothing_else_is_read_and_nothing_blocks),
      IN_FOLDER(the_fifos_writer_is_left_alone),
      IN_FOLDER(a_loop_of_links),
      IN_FOLDER(mappings),
      IN_FOLDER(a_lock_is_held_once),
      IN_FOLDER(a_killed_process_holds_no_lock),
      IN_FOLDER(nothing_of_the_last_holder_is_left),
      IN_FOLDER(locks_that_cannot_be),
      IN_FOLDER(reading_without_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
