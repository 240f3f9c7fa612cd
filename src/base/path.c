/* path.c - cutting and joining path texts; folders made; where the user's own data is. */
#include "base/path.h"

#include "base/buffer.h"
#include "base/error.h"
#include "base/memory.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

char *akin_path_join(const char *folder, const char *name) {
  if (name[0] == '/' || folder[0] == '\0') return akin_strdup(name);
  const char *between = folder[strlen(folder) - 1] == '/' ? "" : "/";
  return akin_format("%s%s%s", folder, between, name);
}

const char *akin_path_name(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

/* Length of path[0, n) without the slashes at its end; a path of slashes only keeps one. */
static size_t path_trimmed(const char *path, size_t n) {
  while (n > 1 && path[n - 1] == '/')
    n--;
  return n;
}

char *akin_path_folder(const char *path) {
  const char *slash = strrchr(path, '/');
  if (!slash) return akin_strdup(".");
  return akin_strndup(path, path_trimmed(path, (size_t)(slash - path) + 1));
}

const char *akin_path_inside(const char *path, const char *folder) {
  const size_t n = strlen(folder);
  if (strncmp(path, folder, n) != 0) return NULL;
  if (path[n] == '\0') return path + n;
  if (path[n] == '/') return path + n + 1;
  return n == 1 && folder[0] == '/' ? path + 1 : NULL; /* everything is inside "/" */
}

/* tolower follows the locale: a Turkish one would not find ".GIF". */
static char path_lower(char c) {
  return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool akin_path_has_extension(const char *path, const char *ext) {
  const size_t n = strlen(path), m = strlen(ext);
  if (m >= n || path[n - m - 1] != '.') return false;
  for (size_t i = 0; i < m; i++)
    if (path_lower(path[n - m + i]) != path_lower(ext[i])) return false;
  return true;
}

static bool path_is(const char *name, size_t n, const char *what) {
  return n == strlen(what) && memcmp(name, what, n) == 0;
}

/* folder + the n bytes of name, where folder is absolute and normalised and name one component. */
static char *path_step(const char *folder, const char *name, size_t n) {
  if (path_is(name, n, ".")) return akin_strdup(folder);
  if (path_is(name, n, "..")) return akin_path_folder(folder);
  return akin_format("%s%s%.*s", folder, folder[1] ? "/" : "", (int)n, name);
}

/* Where the last component of path[0, n) begins; n when there is none, as in "/". */
static size_t path_last_start(const char *path, size_t n) {
  n = path_trimmed(path, n);
  while (n > 0 && path[n - 1] != '/')
    n--;
  return n;
}

/* Resolves text[0, *n) into found; where that does not exist, the longest part of it that does, and *n is then that
 * part's length. */
static akin_status path_resolve(char found[PATH_MAX], char *text, size_t *n, akin_error *err) {
  for (;;) {
    const char kept = text[*n];
    text[*n] = '\0';
    const bool done = realpath(*n > 0 ? text : ".", found) != NULL;
    text[*n] = kept;
    if (done) return AKIN_OK;
    const size_t shorter = path_last_start(text, *n);
    if ((errno != ENOENT && errno != ENOTDIR) || shorter == *n)
      return akin_fail_errno(err, errno, "%s: cannot resolve", text);
    *n = shorter;
  }
}

akin_status akin_path_absolute(char **out, const char *path, akin_error *err) {
  char found[PATH_MAX];
  char *result = NULL;
  const size_t size = path_trimmed(path, strlen(path));
  char *text = akin_strndup(path, size);
  if (!text) return akin_fail_memory(err, size + 1);
  size_t at = path_last_start(text, size); /* text from here on is not resolved by the system */
  if (path_is(text + at, size - at, ".") || path_is(text + at, size - at, "..")) at = size;
  akin_status status =
      size == 0 ? akin_fail(err, AKIN_ERROR_USAGE, "a path is empty") : path_resolve(found, text, &at, err);
  if (status != AKIN_OK) goto out;
  result = akin_strdup(found);
  for (size_t n = 0; result && at < size; at += n) {
    at += strspn(text + at, "/");
    n = strcspn(text + at, "/");
    char *longer = path_step(result, text + at, n);
    akin_free(result);
    result = longer;
  }
  status = result ? AKIN_OK : akin_fail_memory(err, size + PATH_MAX);
  if (result) *out = result;
out:
  akin_free(text);
  return status;
}

/* How many bytes of two absolute paths are the same components: the index of a '/' or of an end in both. */
static size_t path_common(const char *a, const char *b) {
  size_t common = 0, i = 0;
  for (;; i++) {
    const bool a_ends = a[i] == '\0' || a[i] == '/', b_ends = b[i] == '\0' || b[i] == '/';
    if (a_ends && b_ends) common = i;
    if (a[i] != b[i] || a[i] == '\0') return common;
  }
}

char *akin_path_relative(const char *path, const char *from) {
  akin_buffer text = AKIN_BUFFER_INIT(0);
  char *result = NULL;
  if (path_is(path, strlen(path), "/")) path = ""; /* the root is where no component is left */
  if (path_is(from, strlen(from), "/")) from = "";
  const size_t common = path_common(path, from);
  for (const char *up = from + common; *up; up++)
    if (*up == '/' && akin_buffer_append_text(&text, text.size ? "/.." : "..") != AKIN_OK) goto out;
  const char *down = path + common + (path[common] == '/');
  if (*down && text.size && akin_buffer_append_text(&text, "/") != AKIN_OK) goto out;
  if (akin_buffer_append_text(&text, *down || text.size ? down : ".") != AKIN_OK) goto out;
  result = akin_buffer_take(&text);
out:
  akin_buffer_free(&text);
  return result;
}

/* One folder whose parent exists. */
static akin_status path_create_one(const char *path, mode_t mode, akin_error *err) {
  struct stat st;
  if (mkdir(path, mode) == 0) return AKIN_OK;
  const int errnum = errno;
  if (stat(path, &st) != 0) return akin_fail_errno(err, errnum, "%s: cannot create the folder", path);
  if (S_ISDIR(st.st_mode)) return AKIN_OK;
  return akin_fail(err, AKIN_ERROR_IO, "%s: cannot create the folder: a file of that name exists", path);
}

akin_status akin_path_create_folder(const char *path, bool only_user, akin_error *err) {
  const mode_t mode = only_user ? 0700 : 0777;
  const size_t size = path_trimmed(path, strlen(path));
  akin_status status = AKIN_OK;
  char *text = akin_strndup(path, size);
  if (!text) return akin_fail_memory(err, size + 1);
  for (size_t i = 1; i < size && status == AKIN_OK; i++) {
    if (text[i] != '/') continue;
    text[i] = '\0';
    status = path_create_one(text, mode, err);
    text[i] = '/';
  }
  if (status == AKIN_OK) status = path_create_one(text, mode, err);
  akin_free(text);
  return status;
}

/* $variable/akin when the variable is an absolute path (the specification ignores others), else $HOME/below/akin. */
static akin_status path_user(char **out, const char *variable, const char *below, akin_error *err) {
  const char *base = getenv(variable), *home = getenv("HOME");
  char *path = NULL;
  if (base && base[0] == '/')
    path = akin_path_join(base, "akin");
  else if (home && home[0] == '/')
    path = akin_format("%s/%s/akin", home, below);
  else
    return akin_fail(err, AKIN_ERROR_NOT_FOUND, "neither %s nor HOME is an absolute path: set one", variable);
  if (!path) return akin_fail_memory(err, PATH_MAX);
  *out = path;
  return AKIN_OK;
}

akin_status akin_path_user_data(char **out, akin_error *err) {
  return path_user(out, "XDG_DATA_HOME", ".local/share", err);
}

akin_status akin_path_user_cache(char **out, akin_error *err) {
  return path_user(out, "XDG_CACHE_HOME", ".cache", err);
}
