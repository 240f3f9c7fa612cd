/*
 * server_testing.h - a web server that behaves as badly as it is told, on a port of its own. It answers one connection
 * after the other: the nth with the nth of its behaviours, and all later ones with the last.
 */
#ifndef AKIN_TESTS_FETCH_SERVER_TESTING_H
#define AKIN_TESTS_FETCH_SERVER_TESTING_H

#include "unit/testing.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

typedef enum server_behaviour {
  SERVER_FAIR,      /* ranges and all */
  SERVER_NO_RANGES, /* always the whole file */
  SERVER_CUTS_OFF,  /* half of what it promised */
  SERVER_STALLS,    /* half, then silence */
  SERVER_SAYS_MORE, /* promises 100 bytes more than there are */
  SERVER_SAYS_LESS, /* promises 100 bytes fewer */
  SERVER_SAYS_NONE, /* no length at all */
  SERVER_OTHER,     /* another file of the same size */
  SERVER_LONG,      /* a file that is longer by 100 bytes, and says so */
  SERVER_MISSING,   /* 404 */
  SERVER_TROUBLE,   /* 503 */
  SERVER_TO_FILE,   /* leads to file:///etc/passwd */
  SERVER_IN_CIRCLES /* leads to itself */
} server_behaviour;

#define SERVER_SIZE 50000

typedef struct server {
  int listener;
  unsigned port;
  const server_behaviour *behaviours;
  size_t count;
  pthread_t thread;
  atomic_size_t connections;
  atomic_size_t bytes; /* of bodies that were sent */
  char file[SERVER_SIZE + 100];
  char first_range[64]; /* of the second connection's request: "bytes=25000-"; "" when there was none */
} server;

static void server_send(server *s, int client, const char *bytes, size_t n, bool body) {
  while (n > 0) {
    const ssize_t sent = send(client, bytes, n, MSG_NOSIGNAL);
    if (sent <= 0) return;
    if (body) atomic_fetch_add(&s->bytes, (size_t)sent);
    bytes += sent;
    n -= (size_t)sent;
  }
}

static void server_head(server *s, int client, const char *text) {
  server_send(s, client, text, strlen(text), false);
}

/* Answers 200 or 206 with file bytes from `start`, promising `promised` of them and sending `sent`. */
static void server_body(server *s, int client, size_t start, size_t promised, size_t sent) {
  char head[256];
  if (start > 0)
    snprintf(head, sizeof head,
             "HTTP/1.1 206 Partial Content\r\nContent-Length: %zu\r\nContent-Range: bytes %zu-%zu/%d\r\n\r\n", promised,
             start, start + promised - 1, SERVER_SIZE);
  else
    snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", promised);
  server_head(s, client, head);
  server_send(s, client, s->file + start, sent, true);
}

static void server_answer(server *s, int client, server_behaviour behaviour, size_t start) {
  char elsewhere[128];
  const size_t rest = SERVER_SIZE - start, whole = SERVER_SIZE;
  switch (behaviour) {
  case SERVER_FAIR:
    server_body(s, client, start, rest, rest);
    break;
  case SERVER_NO_RANGES:
    server_body(s, client, 0, whole, whole);
    break;
  case SERVER_CUTS_OFF:
    server_body(s, client, start, rest, rest / 2);
    break;
  case SERVER_STALLS:
    server_body(s, client, start, rest, rest / 2);
    recv(client, elsewhere, 1, 0); /* until the other side has had enough */
    break;
  case SERVER_SAYS_MORE:
    server_body(s, client, 0, whole + 100, whole);
    break;
  case SERVER_SAYS_LESS:
    server_body(s, client, 0, whole - 100, whole);
    break;
  case SERVER_SAYS_NONE:
    server_head(s, client, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    server_send(s, client, s->file, whole, true);
    break;
  case SERVER_OTHER:
    s->file[0] ^= 1;
    server_body(s, client, start, rest, rest);
    s->file[0] ^= 1;
    break;
  case SERVER_LONG:
    server_body(s, client, 0, whole + 100, whole + 100);
    break;
  case SERVER_MISSING:
    server_head(s, client, "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone");
    break;
  case SERVER_TROUBLE:
    server_head(s, client, "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nbusy");
    break;
  case SERVER_TO_FILE:
    server_head(s, client, "HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n");
    break;
  case SERVER_IN_CIRCLES:
    snprintf(elsewhere, sizeof elsewhere,
             "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:%u/again\r\nContent-Length: 0\r\n\r\n", s->port);
    server_head(s, client, elsewhere);
    break;
  }
}

/* Reads a request's head; the start of the range that it asks for. */
static size_t server_request(server *s, int client, size_t connection) {
  char head[4096] = "";
  size_t size = 0;
  while (size + 1 < sizeof head && !strstr(head, "\r\n\r\n")) {
    const ssize_t got = recv(client, head + size, sizeof head - 1 - size, 0);
    if (got <= 0) break;
    size += (size_t)got;
    head[size] = '\0';
  }
  const char *range = strstr(head, "Range: bytes=");
  if (connection == 1)
    snprintf(s->first_range, sizeof s->first_range, "%.*s", range ? (int)strcspn(range, "\r") - 7 : 0,
             range ? range + 7 : "");
  return range ? strtoul(range + strlen("Range: bytes="), NULL, 10) : 0;
}

static void *server_run(void *context) {
  server *s = context;
  for (int client; (client = accept(s->listener, NULL, NULL)) >= 0; close(client)) {
    const size_t connection = atomic_fetch_add(&s->connections, 1);
    const size_t start = server_request(s, client, connection);
    server_answer(s, client, s->behaviours[connection < s->count ? connection : s->count - 1], start);
    shutdown(client, SHUT_WR);
  }
  return NULL;
}

TESTING void server_start(server *s, const server_behaviour *behaviours, size_t count) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  *s = (server){.behaviours = behaviours, .count = count};
  for (size_t i = 0; i < sizeof s->file; i++)
    s->file[i] = (char)(i * 2654435761u >> 13);
  s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_true(s->listener >= 0);
  assert_int_equal(bind(s->listener, (struct sockaddr *)&address, size), 0);
  assert_int_equal(listen(s->listener, 8), 0);
  assert_int_equal(getsockname(s->listener, (struct sockaddr *)&address, &size), 0);
  s->port = ntohs(address.sin_port);
  assert_int_equal(pthread_create(&s->thread, NULL, server_run, s), 0);
}

TESTING void server_stop(server *s) {
  shutdown(s->listener, SHUT_RDWR);
  close(s->listener);
  pthread_join(s->thread, NULL);
}

#endif
