/* library.c - see library.h. */
#include "base/library.h"

#include "base/buffer.h"
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/path.h"

#include <dirent.h>
#include <dlfcn.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

typedef struct library_search {
  const akin_library *library;
  void *handle;
  akin_buffer places; /* that were looked at, for the message */
} library_search;

/* Another version's library in the folder, or NULL. */
static char *library_other_version(const char *folder, const char *stem) {
  char *found = NULL;
  DIR *listing = stem ? opendir(folder) : NULL;
  if (!listing) return NULL;
  for (const struct dirent *entry; !found && (entry = readdir(listing));)
    if (!strncmp(entry->d_name, stem, strlen(stem))) found = akin_strdup(entry->d_name);
  closedir(listing);
  return found;
}

static akin_status library_note(library_search *search, const char *folder) {
  if (search->places.data && strstr(search->places.data, folder))
    return AKIN_OK; /* library and program in one folder */
  char *other = library_other_version(folder, search->library->stem);
  akin_status status = akin_buffer_printf(&search->places, "%s%s", search->places.size ? ", " : "", folder);
  if (!status && other) status = akin_buffer_printf(&search->places, " (has another version: %s)", other);
  akin_free(other);
  return status;
}

/* Tries FOLDER/SUB (SUB may be empty). AKIN_OK with no handle: it is not there. */
static akin_status library_try(library_search *search, const char *folder, const char *sub, akin_error *err) {
  akin_status status = AKIN_OK;
  char *place = *sub ? akin_path_join(folder, sub) : akin_strdup(folder);
  char *path = place ? akin_path_join(place, search->library->file) : NULL;
  if (!path)
    status = akin_fail_memory(err, strlen(folder));
  else if (akin_file_exists(path)) {
    search->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!search->handle)
      status = akin_fail(err, AKIN_ERROR_RUNTIME, "%s cannot be loaded: %s; run scripts/bootstrap", path, dlerror());
  } else if (library_note(search, place))
    status = akin_fail_memory(err, strlen(place));
  akin_free(path);
  akin_free(place);
  return status;
}

/* An installed akin has the libraries in lib/akin: beside libakin.so, or one up from bin/. */
static akin_status library_try_beside(library_search *search, const char *file, akin_error *err) {
  char real[PATH_MAX];
  if (!realpath(file, real)) return AKIN_OK;
  char *folder = akin_path_folder(real);
  if (!folder) return akin_fail_memory(err, strlen(real));
  akin_status status = library_try(search, folder, "akin", err);
  if (!status && !search->handle) status = library_try(search, folder, "../lib/akin", err);
  akin_free(folder);
  return status;
}

static akin_status library_search_all(library_search *search, akin_error *err) {
  static const char here = 0; /* an address inside libakin */
  Dl_info module;
  akin_status status = AKIN_OK;
  const char *variable = search->library->variable, *chosen = variable ? secure_getenv(variable) : NULL;
  if (chosen && *chosen) {
    status = library_try(search, chosen, "", err);
    if (!status && !search->handle) status = library_try(search, chosen, "lib", err);
    return status;
  }
  if (dladdr(&here, &module)) status = library_try_beside(search, module.dli_fname, err);
  if (!status && !search->handle) status = library_try_beside(search, "/proc/self/exe", err);
  if (!status && !search->handle) status = library_try(search, search->library->built, "", err);
  return status;
}

static akin_status library_fail_missing(const library_search *search, akin_error *err) {
  const akin_library *library = search->library;
  const char *variable = library->variable;
  return akin_fail(err, AKIN_ERROR_RUNTIME, "%s is missing: no %s in %s; run scripts/bootstrap%s%s%s", library->title,
                   library->file, search->places.data, variable ? ", or set " : "", variable ? variable : "",
                   variable ? " to its folder" : "");
}

akin_status akin_library_open(void **handle, const akin_library *library, akin_error *err) {
  library_search search = {library, NULL, AKIN_BUFFER_INIT(0)};
  *handle = NULL;
  akin_status status = library_search_all(&search, err);
  if (!status && !search.handle) status = library_fail_missing(&search, err);
  if (!status) *handle = search.handle;
  akin_buffer_free(&search.places);
  return status;
}
