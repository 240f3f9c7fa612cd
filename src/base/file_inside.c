/* file_inside.c - a file that must be inside a folder, whatever the text that names it says (file.h). */
#include "base/error.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define INSIDE_NAME 256 /* of one component, with its NUL */

static akin_status inside_fail(akin_error *err, int why, const char *folder, const char *inside) {
  if (why == ELOOP || why == EMLINK)
    return akin_fail(err, AKIN_ERROR_UNSUPPORTED, "%s in %s: is a link, or behind one: put the file itself there",
                     inside, folder);
  return akin_fail_errno(err, why, "%s in %s: cannot open", inside, folder);
}

/* Opens the component at *rest, which moves behind it; closes `from`. -1 and errno: none. */
static int inside_step(int from, const char **rest) {
  char name[INSIDE_NAME];
  const size_t length = strcspn(*rest, "/");
  const bool last = (*rest)[length] == '\0';
  int opened = -1, why = ENAMETOOLONG;
  if (length < sizeof name) {
    memcpy(name, *rest, length);
    name[length] = '\0';
    opened = openat(from, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | (last ? 0 : O_DIRECTORY));
    why = errno;
  }
  close(from);
  *rest += length + !last;
  errno = why;
  return opened;
}

static bool inside_goes_out(const char *inside) {
  if (!*inside || *inside == '/') return true;
  for (const char *at = inside; at; at = strchr(at, '/')) {
    at += *at == '/';
    const size_t length = strcspn(at, "/");
    if (length == 0 || (length == 2 && memcmp(at, "..", 2) == 0)) return true;
  }
  return false;
}

akin_status akin_mapping_open_inside(akin_mapping *out, const char *folder, const char *inside, akin_error *err) {
  char descriptor[32];
  const char *rest = inside;
  *out = (akin_mapping){NULL, 0};
  if (inside_goes_out(inside))
    return akin_fail(err, AKIN_ERROR_UNSUPPORTED, "'%s' is not inside the folder %s", inside, folder);
  int file = open(folder, O_RDONLY | O_CLOEXEC | O_DIRECTORY);
  while (file >= 0 && *rest)
    file = inside_step(file, &rest);
  if (file < 0) return inside_fail(err, errno, folder, inside);
  struct stat st;
  akin_status status = AKIN_OK;
  snprintf(descriptor, sizeof descriptor, "/proc/self/fd/%d", file); /* mapped by the descriptor: checked once */
  if (fstat(file, &st) == 0 && !S_ISREG(st.st_mode))
    status = akin_fail(err, AKIN_ERROR_UNSUPPORTED, "%s in %s: is not a file", inside, folder);
  else if ((status = akin_mapping_open(out, descriptor, err)) != AKIN_OK)
    akin_fail_context(err, status, "%s in %s", inside, folder);
  close(file);
  return status;
}
