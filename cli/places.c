/* places.c - see places.h. */
#include "places.h"
#include "messages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *cli_path_name(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

bool cli_path_has_extension(const char *path, const char *extension) {
  const char *dot = strrchr(cli_path_name(path), '.');
  return dot && strcasecmp(dot + 1, extension) == 0;
}

const char *cli_path_absolute(char out[PATH_MAX], const char *path) {
  char folder[PATH_MAX];
  const char *name = cli_path_name(path);
  const size_t before = (size_t)(name - path);
  int length = snprintf(folder, sizeof folder, "%.*s", (int)before, before ? path : "");
  if (length < 0 || (size_t)length >= sizeof folder || !realpath(before ? folder : ".", out)) return path;
  const size_t used = strlen(out);
  const char *between = used > 0 && out[used - 1] == '/' ? "" : "/";
  length = snprintf(out + used, PATH_MAX - used, "%s%s", between, name);
  return length >= 0 && (size_t)length < PATH_MAX - used ? out : path;
}

bool cli_path_exchange(char out[PATH_MAX], const char *path, const char *from, const char *to) {
  const size_t kept = strlen(path) - (cli_path_has_extension(path, from) ? strlen(from) + 1 : 0);
  const int length = snprintf(out, PATH_MAX, "%.*s.%s", (int)kept, path, to);
  if (length >= 0 && length < PATH_MAX) return true;
  cli_error("%s: the name is too long", path);
  return false;
}
