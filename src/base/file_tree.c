/*
 * file_tree.c - removing files and folders, and how much space they take (file.h). Every step goes from an open folder
 * to a name in it and never through a link, so that a folder exchanged for a link meanwhile leads nowhere else.
 */
#include "base/error.h"
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define TREE_BLOCK 512 /* bytes of a block in st_blocks, whatever the file system's are */

#define TREE_DEPTH 256 /* folders in folders; each holds a descriptor while the walk is in it */

/* Called for each file and, after all that is in it, for each folder. Returns 0 or an errno value. */
typedef int tree_visit(int parent, const char *name, const struct stat *st, void *context);

typedef struct tree_walk {
  tree_visit *visit;
  void *context;
  bool goes_on; /* past what cannot be read */
  unsigned depth;
  char failed[NAME_MAX + 1]; /* the name at which the walk ended */
} tree_walk;

static int tree_go(tree_walk *walk, int parent, const char *name);

/* Keeps the innermost name. */
static int tree_fail(tree_walk *walk, const char *name, int errnum) {
  if (!walk->failed[0]) {
    const size_t n = strnlen(name, sizeof walk->failed - 1);
    memcpy(walk->failed, name, n);
    walk->failed[n] = '\0';
  }
  return errnum;
}

static int tree_go_into(tree_walk *walk, int parent, const char *name) {
  if (walk->depth >= TREE_DEPTH) return ENAMETOOLONG;
  const int folder = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (folder < 0) return errno;
  DIR *entries = fdopendir(folder); /* owns folder from here on */
  if (!entries) {
    const int errnum = errno;
    close(folder);
    return errnum;
  }
  int errnum = 0;
  walk->depth++;
  while (errnum == 0) {
    errno = 0;
    const struct dirent *entry = readdir(entries);
    if (!entry) {
      errnum = errno;
      break;
    }
    if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
      errnum = tree_go(walk, folder, entry->d_name);
  }
  walk->depth--;
  closedir(entries);
  return errnum;
}

/* What vanishes during the walk is no failure. */
static int tree_go(tree_walk *walk, int parent, const char *name) {
  struct stat st;
  int errnum = 0;
  if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
    errnum = errno;
  else if (S_ISDIR(st.st_mode))
    errnum = tree_go_into(walk, parent, name);
  if (errnum == 0) errnum = walk->visit(parent, name, &st, walk->context);
  return errnum == 0 || errnum == ENOENT || walk->goes_on ? 0 : tree_fail(walk, name, errnum);
}

/* ---- removing ---- */

akin_status akin_file_remove(const char *path, akin_error *err) {
  if (unlink(path) == 0 || errno == ENOENT) return AKIN_OK;
  return akin_fail_errno(err, errno, "%s: cannot remove", path);
}

static int tree_remove(int parent, const char *name, const struct stat *st, void *context) {
  (void)context;
  return unlinkat(parent, name, S_ISDIR(st->st_mode) ? AT_REMOVEDIR : 0) == 0 ? 0 : errno;
}

/* Allocates nothing, so that what was begun is also removed when it failed for want of memory. */
akin_status akin_file_remove_folder(const char *path, akin_error *err) {
  struct stat st;
  char name[PATH_MAX];
  tree_walk walk = {.visit = tree_remove};
  akin_status status = AKIN_OK;
  size_t n = strlen(path);
  while (n > 1 && path[n - 1] == '/')
    n--; /* a slash at the end would follow a link */
  if (n >= sizeof name) return akin_fail_errno(err, ENAMETOOLONG, "%s: cannot remove", path);
  memcpy(name, path, n);
  name[n] = '\0';
  if (lstat(name, &st) != 0) {
    if (errno != ENOENT) status = akin_fail_errno(err, errno, "%s: cannot remove", path);
  } else if (!S_ISDIR(st.st_mode)) {
    status = akin_fail(err, AKIN_ERROR_USAGE, "%s: is not a folder and was not removed", path);
  } else {
    const int errnum = tree_go(&walk, AT_FDCWD, name);
    if (errnum) status = akin_fail_errno(err, errnum, "%s: cannot remove the folder: at %s", path, walk.failed);
  }
  return status;
}

/* ---- space ---- */

akin_status akin_file_free_space(uint64_t *out, const char *path, akin_error *err) {
  struct statvfs fs;
  uint64_t bytes = 0;
  if (statvfs(path, &fs) != 0) return akin_fail_errno(err, errno, "%s: cannot tell the free space", path);
  if (__builtin_mul_overflow((uint64_t)fs.f_bavail, (uint64_t)fs.f_frsize, &bytes)) bytes = UINT64_MAX;
  *out = bytes;
  return AKIN_OK;
}

static int tree_add_blocks(int parent, const char *name, const struct stat *st, void *context) {
  (void)parent, (void)name;
  *(uint64_t *)context += (uint64_t)st->st_blocks * TREE_BLOCK;
  return 0;
}

uint64_t akin_file_disk_use(const char *path) {
  uint64_t bytes = 0;
  tree_walk walk = {.visit = tree_add_blocks, .context = &bytes, .goes_on = true};
  tree_go(&walk, AT_FDCWD, path);
  return bytes;
}
