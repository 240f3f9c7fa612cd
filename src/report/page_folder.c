/* page_folder.c - see page_folder.h. */
#include "report/page_folder.h"
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER_ATTEMPTS 1000u

/* As https://bford.info/cachedir/ wants it: an index of the folder that the page lies in passes the thumbnails over. */
static const char folder_cache_tag[] = "Signature: 8a477f597d28d172789f06886806bc55\n"
                                       "# Thumbnails of a page that akin made.\n";

/* Is this one of the names that a page's folder has? */
static bool folder_is_ours(const char *name) {
  if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) return true;
  if (strcmp(name, "index.html") == 0 || strcmp(name, "thumbs") == 0) return true;
  if (strncmp(name, "page-", 5) != 0) return false;
  const char *number = name + 5;
  const size_t digits = strspn(number, "0123456789");
  return digits > 0 && strcmp(number + digits, ".html") == 0;
}

akin_status akin_page_folder_check(const char *path, akin_error *err) {
  struct stat st;
  if (stat(path, &st) != 0)
    return errno == ENOENT ? AKIN_OK : akin_fail_errno(err, errno, "%s: cannot look at it", path);
  if (!S_ISDIR(st.st_mode)) {
    return akin_fail(err, AKIN_ERROR_REFUSED, "%s: is no folder, and a page of many images is one: choose another name",
                     path);
  }
  DIR *folder = opendir(path);
  if (!folder) return akin_fail_errno(err, errno, "%s: cannot look into it", path);
  akin_status status = AKIN_OK;
  for (struct dirent *entry = NULL; !status && (entry = readdir(folder));) {
    if (!folder_is_ours(entry->d_name)) {
      status = akin_fail(err, AKIN_ERROR_REFUSED,
                         "%s: holds %s, so it is not a page that may be replaced: choose another folder", path,
                         entry->d_name);
    }
  }
  closedir(folder);
  return status;
}

/* A new folder beside path, with the rights that the user's other folders have (mkdtemp would keep others out). */
static akin_status folder_beside(char **out, const char *path, akin_error *err) {
  *out = NULL;
  for (unsigned attempt = 0; attempt < FOLDER_ATTEMPTS; attempt++) {
    char *work = akin_format("%s.new-%ld-%u", path, (long)getpid(), attempt);
    if (!work) return akin_fail_memory(err, strlen(path) + 32);
    if (mkdir(work, 0777) == 0) {
      *out = work;
      return AKIN_OK;
    }
    const int errnum = errno;
    akin_free(work);
    if (errnum != EEXIST) return akin_fail_errno(err, errnum, "%s: cannot make a folder beside it", path);
  }
  return akin_fail(err, AKIN_ERROR_IO, "%s: %u unfinished pages lie beside it: remove them", path, FOLDER_ATTEMPTS);
}

static akin_status folder_make_thumbs(const char *work, akin_error *err) {
  char *thumbs = akin_path_join(work, "thumbs"), *tag = akin_path_join(work, "thumbs/CACHEDIR.TAG");
  akin_status status = thumbs && tag ? AKIN_OK : akin_fail_memory(err, strlen(work) + 20);
  if (!status) status = akin_path_create_folder(thumbs, false, err);
  if (!status) status = akin_file_replace(tag, folder_cache_tag, sizeof folder_cache_tag - 1, err);
  akin_free(tag);
  akin_free(thumbs);
  return status;
}

akin_status akin_page_folder_begin(char **work, const char *path, akin_error *err) {
  akin_status status = folder_beside(work, path, err);
  if (status) return status;
  status = folder_make_thumbs(*work, err);
  if (status) {
    akin_file_remove_folder(*work, NULL);
    akin_free(*work);
    *work = NULL;
  }
  return status;
}

/* One call for thousands of small files; a file system that cannot is no reason to give up the page. */
static void folder_synchronise(const char *work) {
  const int folder = open(work, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder >= 0) {
    syncfs(folder);
    close(folder);
  }
}

/* For file systems that cannot exchange two names: for a moment there is nothing at path. */
static akin_status folder_replace_in_steps(const char *work, const char *path, akin_error *err) {
  akin_status status = AKIN_OK;
  char *old = akin_format("%s.old", work);
  if (!old) return akin_fail_memory(err, strlen(work) + 5);
  if (rename(path, old) != 0) {
    status = akin_fail_errno(err, errno, "%s: cannot replace it", path);
  } else if (rename(work, path) != 0) {
    status = akin_fail_errno(err, errno, "%s: cannot replace it", path);
    rename(old, path);
  } else {
    akin_file_remove_folder(old, NULL);
  }
  akin_free(old);
  return status;
}

akin_status akin_page_folder_finish(const char *work, const char *path, akin_error *err) {
  akin_status status = akin_page_folder_check(path, err);
  if (status) return status;
  folder_synchronise(work);
  if (!akin_file_exists(path))
    return rename(work, path) == 0 ? AKIN_OK : akin_fail_errno(err, errno, "%s: cannot put the page there", path);
  if (renameat2(AT_FDCWD, work, AT_FDCWD, path, RENAME_EXCHANGE) == 0) {
    akin_file_remove_folder(work, NULL);
    return AKIN_OK;
  }
  return folder_replace_in_steps(work, path, err);
}
