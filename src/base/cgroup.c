/*
 * cgroup.c - reads the processor quota of control groups, v1 and v2, both may be mounted at once.
 *
 *     /proc/self/mountinfo   31 23 0:29 /docker/7f /sys/fs/cgroup/cpu rw … - cgroup cgroup rw,cpu,cpuacct
 *                                       mount root  mount point              kind         options
 *     /proc/self/cgroup      4:cpu,cpuacct:/docker/7f/job         (v2: 0::/docker/7f/job)
 *
 * The group's files are then in MOUNT POINT + (group's path less MOUNT ROOT), and those of its ancestors above, up to
 * the mount point. In a container the path may lie outside what is mounted; then only the mount point can be read.
 * Whatever cannot be read sets no limit: the affinity mask still does (thread.h).
 */
#include "base/cgroup.h"

#include "base/buffer.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/path.h"
#include "base/text.h"

#include <string.h>

#define CGROUP_TEXT (1u << 20) /* ceiling of what is read from /proc; a mountinfo of 4,000 lines fits */

typedef struct cgroup_mount {
  const char *root;  /* the group that is seen at point */
  const char *point; /* where it is mounted */
  bool unified;      /* v2 */
} cgroup_mount;

/* Is `item` among those of a list separated by commas? */
static bool cgroup_listed(const char *list, const char *item) {
  const size_t n = strlen(item);
  for (size_t length = 0;; list += length + 1) {
    length = strcspn(list, ",");
    if (length == n && memcmp(list, item, n) == 0) return true;
    if (list[length] == '\0') return false;
  }
}

/* mountinfo writes space, tab, newline and backslash as \ooo; undone in place. */
static void cgroup_unescape(char *text) {
  char *to = text;
  for (const char *from = text; *from; to++) {
    if (from[0] == '\\' && from[1] >= '0' && from[1] <= '3' && from[2] >= '0' && from[2] <= '7' && from[3] >= '0' &&
        from[3] <= '7') {
      *to = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'));
      from += 4;
    } else {
      *to = *from++;
    }
  }
  *to = '\0';
}

/* Cuts the next word off *text. NULL: none is left. */
static char *cgroup_word(char **text) {
  char *word = *text + strspn(*text, " \n");
  if (*word == '\0') return NULL;
  char *end = word + strcspn(word, " \n");
  *text = *end ? end + 1 : end;
  *end = '\0';
  return word;
}

/* One line of mountinfo; false when it is no mount that has the processor's files. */
static bool cgroup_read_mount(cgroup_mount *out, char *line) {
  char *field[5] = {NULL}, *word = NULL;
  for (size_t i = 0; i < 5; i++)
    if (!(field[i] = cgroup_word(&line))) return false;
  do /* the mount's own options, as many as there are */
    word = cgroup_word(&line);
  while (word && strcmp(word, "-") != 0);
  const char *kind = cgroup_word(&line), *source = cgroup_word(&line), *options = cgroup_word(&line);
  if (!kind || !source || !options) return false;
  const bool unified = strcmp(kind, "cgroup2") == 0;
  if (!unified && !(strcmp(kind, "cgroup") == 0 && cgroup_listed(options, "cpu"))) return false;
  cgroup_unescape(field[3]);
  cgroup_unescape(field[4]);
  *out = (cgroup_mount){.root = field[3], .point = field[4], .unified = unified};
  return true;
}

/* The path of this process' group in a line of /proc/self/cgroup; NULL when the line is of another hierarchy. */
static const char *cgroup_read_path(char *line, bool unified) {
  char *controllers = strchr(line, ':');
  char *path = controllers ? strchr(controllers + 1, ':') : NULL;
  if (!path) return NULL;
  *path++ = '\0';
  controllers++;
  return (unified ? *controllers == '\0' : cgroup_listed(controllers, "cpu")) ? path : NULL;
}

static bool cgroup_read(akin_buffer *out, const char *root, const char *folder, const char *name) {
  char *path = akin_format("%s%s/%s", root, folder, name);
  const bool read = path && akin_file_read(out, path, CGROUP_TEXT, NULL, NULL) == AKIN_OK;
  akin_free(path);
  return read;
}

/* The quota of one group in cores, 0: none. */
static unsigned cgroup_quota_at(const char *root, const char *folder, bool unified) {
  akin_buffer quota_text = AKIN_BUFFER_INIT(0), period_text = AKIN_BUFFER_INIT(0);
  uint64_t quota = 0, period = 0;
  unsigned cores = 0;
  if (!cgroup_read(&quota_text, root, folder, unified ? "cpu.max" : "cpu.cfs_quota_us")) goto out;
  char *rest = quota_text.data;
  const char *first = cgroup_word(&rest), *second = NULL;
  if (unified) {
    second = cgroup_word(&rest);
  } else if (cgroup_read(&period_text, root, folder, "cpu.cfs_period_us")) {
    rest = period_text.data;
    second = cgroup_word(&rest);
  }
  /* "max" and -1 mean no quota and are no numbers here */
  if (first && second && akin_parse_u64(&quota, first, 1, UINT32_MAX) && akin_parse_u64(&period, second, 1, UINT32_MAX))
    cores = (unsigned)((quota + period - 1) / period);
out:
  akin_buffer_free(&quota_text);
  akin_buffer_free(&period_text);
  return cores;
}

static unsigned cgroup_least(unsigned a, unsigned b) {
  return a == 0 || (b != 0 && b < a) ? b : a;
}

/* The least quota of the group `path` and of those above it, as far as the mount shows them. */
static unsigned cgroup_quota_along(const char *root, const cgroup_mount *mount, const char *path) {
  unsigned least = 0;
  const char *below = akin_path_inside(path, mount->root);
  const bool shown = below && !strstr(path, "/..");
  char *folder = akin_path_join(mount->point, shown ? below : "");
  while (folder) {
    least = cgroup_least(least, cgroup_quota_at(root, folder, mount->unified));
    char *above = strlen(folder) > strlen(mount->point) + 1 ? akin_path_folder(folder) : NULL;
    akin_free(folder);
    folder = above;
  }
  return least;
}

/* Cuts the next line off *text. NULL: none is left. */
static char *cgroup_line(char **text) {
  char *line = *text;
  if (*line == '\0') return NULL;
  char *end = line + strcspn(line, "\n");
  *text = *end ? end + 1 : end;
  *end = '\0';
  return line;
}

static unsigned cgroup_quota_of_mount(const char *root, const cgroup_mount *mount) {
  akin_buffer groups = AKIN_BUFFER_INIT(0);
  unsigned least = 0;
  if (cgroup_read(&groups, root, "/proc/self", "cgroup")) {
    char *rest = groups.data, *line = NULL;
    while ((line = cgroup_line(&rest))) {
      const char *path = cgroup_read_path(line, mount->unified);
      if (path) least = cgroup_least(least, cgroup_quota_along(root, mount, path));
    }
  }
  akin_buffer_free(&groups);
  return least;
}

unsigned akin_cgroup_cores(const char *root) {
  akin_buffer mounts = AKIN_BUFFER_INIT(0);
  cgroup_mount mount;
  unsigned least = 0;
  if (cgroup_read(&mounts, root, "/proc/self", "mountinfo")) {
    char *rest = mounts.data, *line = NULL;
    while ((line = cgroup_line(&rest)))
      if (cgroup_read_mount(&mount, line)) least = cgroup_least(least, cgroup_quota_of_mount(root, &mount));
  }
  akin_buffer_free(&mounts);
  return least;
}
