/* scan.c - walks folders with a stack of its own: depth costs memory, not the call stack. */
#include "engine/scan.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/path.h"
#include "image/image.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- paths that wait ---- */

typedef struct scan_list {
  char **paths; /* owned */
  size_t count, room;
} scan_list;

static akin_status scan_push(scan_list *list, char *path, akin_error *err) {
  if (list->count == list->room) {
    size_t room = list->room ? list->room * 2 : 64;
    char **paths = akin_realloc_array(list->paths, room, sizeof *paths);
    if (!paths) {
      akin_free(path);
      return akin_fail_memory(err, room * sizeof *paths);
    }
    list->paths = paths;
    list->room = room;
  }
  list->paths[list->count++] = path;
  return AKIN_OK;
}

static void scan_list_free(scan_list *list) {
  while (list->count > 0)
    akin_free(list->paths[--list->count]);
  akin_free(list->paths);
}

/* ---- folders that were visited: a hash table with linear probing ---- */

typedef struct scan_place {
  uint64_t device, inode; /* inode 0: empty */
} scan_place;

typedef struct scan_set {
  scan_place *places;
  size_t count, room; /* room: a power of two */
} scan_set;

static size_t scan_slot(const scan_set *set, uint64_t device, uint64_t inode) {
  size_t at =
      (size_t)((inode * UINT64_C(0x9E3779B97F4A7C15)) ^ (device * UINT64_C(0xC2B2AE3D27D4EB4F))) & (set->room - 1);
  while (set->places[at].inode && (set->places[at].inode != inode || set->places[at].device != device))
    at = (at + 1) & (set->room - 1);
  return at;
}

static akin_status scan_set_grow(scan_set *set, akin_error *err) {
  scan_set bigger = {NULL, set->count, set->room ? set->room * 2 : 256};
  bigger.places = akin_calloc(bigger.room, sizeof *bigger.places);
  if (!bigger.places) return akin_fail_memory(err, bigger.room * sizeof *bigger.places);
  for (size_t i = 0; i < set->room; i++)
    if (set->places[i].inode)
      bigger.places[scan_slot(&bigger, set->places[i].device, set->places[i].inode)] = set->places[i];
  akin_free(set->places);
  *set = bigger;
  return AKIN_OK;
}

/* *added is false when it was there. */
static akin_status scan_set_add(scan_set *set, uint64_t device, uint64_t inode, bool *added, akin_error *err) {
  if (set->count * 2 >= set->room) {
    akin_status status = scan_set_grow(set, err);
    if (status) return status;
  }
  scan_place *place = &set->places[scan_slot(set, device, inode)];
  *added = place->inode == 0;
  if (*added) {
    *place = (scan_place){device, inode};
    set->count++;
  }
  return AKIN_OK;
}

/* ---- the walk ---- */

typedef struct scan {
  const akin_scan_visitor *visitor;
  scan_list folders; /* a stack */
  scan_list links;   /* to folders, for later */
  scan_set visited;
} scan;

bool akin_scan_has_magic(const char *path) {
  char bytes[16];
  int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  if (fd < 0) return false;
  ssize_t n = read(fd, bytes, sizeof bytes);
  close(fd);
  return n > 0 && akin_image_sniff(bytes, (size_t)n) != AKIN_IMAGE_UNKNOWN;
}

static akin_status scan_file(scan *s, const char *path, bool regular, akin_error *err) {
  akin_file_facts facts = {0};
  if (!akin_image_has_name(path) && !(regular && akin_scan_has_magic(path))) {
    s->visitor->other(s->visitor->context);
    return AKIN_OK;
  }
  if (akin_file_facts_of(&facts, path, NULL)) facts = (akin_file_facts){0};
  return s->visitor->image(s->visitor->context, path, &facts, err);
}

/* path is owned here. */
static akin_status scan_entry(scan *s, char *path, akin_error *err) {
  struct stat st;
  if (lstat(path, &st)) {
    akin_free(path);
    return AKIN_OK; /* gone since the folder was read */
  }
  if (S_ISDIR(st.st_mode)) return scan_push(&s->folders, path, err);
  if (S_ISLNK(st.st_mode) && stat(path, &st) == 0 && S_ISDIR(st.st_mode)) return scan_push(&s->links, path, err);
  akin_status status = scan_file(s, path, S_ISREG(st.st_mode), err);
  akin_free(path);
  return status;
}

static bool scan_is_cache(const char *folder) {
  static const char signature[] = "Signature: 8a477f597d28d172789f06886806bc55";
  akin_buffer bytes = AKIN_BUFFER_INIT(0);
  char *path = akin_path_join(folder, "CACHEDIR.TAG");
  bool is = path && !akin_file_read(&bytes, path, 65536, NULL, NULL) && bytes.size >= sizeof signature - 1 &&
            memcmp(bytes.data, signature, sizeof signature - 1) == 0;
  akin_buffer_free(&bytes);
  akin_free(path);
  return is;
}

static akin_status scan_unreadable(scan *s, const char *folder, int errnum, akin_error *err) {
  akin_error text;
  akin_fail_errno(&text, errnum, "this folder cannot be read");
  return s->visitor->unreadable(s->visitor->context, folder, text.text, err);
}

static int scan_by_name(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Every entry's path, sorted: what is told of files then comes in the same order every time. */
static akin_status scan_names(scan *s, scan_list *paths, DIR *dir, const char *folder, akin_error *err) {
  akin_status status = AKIN_OK;
  while (!status) {
    errno = 0;
    struct dirent *entry = readdir(dir);
    if (!entry && errno) return scan_unreadable(s, folder, errno, err);
    if (!entry) break;
    if (entry->d_name[0] == '.') continue;
    char *path = akin_path_join(folder, entry->d_name);
    status = path ? scan_push(paths, path, err) : akin_fail_memory(err, 0);
  }
  if (!status && paths->count > 0) qsort(paths->paths, paths->count, sizeof *paths->paths, scan_by_name);
  return status;
}

/* What was pushed last is taken first: turned round, folders are read in the order of their names. */
static void scan_reverse(scan_list *list, size_t from) {
  for (size_t to = list->count; from + 1 < to; from++) {
    char *last = list->paths[--to];
    list->paths[to] = list->paths[from];
    list->paths[from] = last;
  }
}

static akin_status scan_read(scan *s, DIR *dir, const char *folder, akin_error *err) {
  scan_list paths = {0};
  size_t folders = s->folders.count, links = s->links.count;
  akin_status status = scan_names(s, &paths, dir, folder, err);
  for (size_t i = 0; !status && i < paths.count; i++) {
    status = scan_entry(s, paths.paths[i], err);
    paths.paths[i] = NULL;
  }
  scan_reverse(&s->folders, folders);
  scan_reverse(&s->links, links);
  scan_list_free(&paths);
  return status;
}

/* is_link: a folder that was visited already is then worth a note. */
static akin_status scan_folder(scan *s, const char *folder, bool is_first, bool is_link, akin_error *err) {
  akin_file_facts facts;
  bool added = false;
  DIR *dir = opendir(folder);
  if (!dir) return errno == ENOENT && !is_first ? AKIN_OK : scan_unreadable(s, folder, errno, err);
  akin_status status = akin_file_facts_of(&facts, folder, NULL)
                           ? AKIN_OK
                           : scan_set_add(&s->visited, facts.device, facts.inode, &added, err);
  if (!status && !added && is_link) {
    akin_error text;
    akin_fail(&text, AKIN_OK, "%s: a link to a folder that was read already; not read again", folder);
    s->visitor->note(s->visitor->context, text.text);
  }
  if (!status && added && (is_first || !scan_is_cache(folder))) status = scan_read(s, dir, folder, err);
  closedir(dir);
  return status;
}

akin_status akin_scan(const char *folder, const akin_scan_visitor *visitor, akin_error *err) {
  scan s = {.visitor = visitor};
  akin_status status = scan_folder(&s, folder, true, false, err);
  while (!status && (s.folders.count > 0 || s.links.count > 0)) {
    bool is_link = s.folders.count == 0;
    scan_list *list = is_link ? &s.links : &s.folders;
    char *next = list->paths[--list->count];
    status = scan_folder(&s, next, false, is_link, err);
    akin_free(next);
  }
  scan_list_free(&s.folders);
  scan_list_free(&s.links);
  akin_free(s.visited.places);
  return status;
}
