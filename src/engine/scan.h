/*
 * scan.h - the image files in a folder and in those inside it.
 *
 * An image is a file that has an image's name or starts with an image's magic bytes. Names that begin with a dot are
 * passed over (thumbnails of other programs, ._copies, trash), and so are folders marked by CACHEDIR.TAG
 * (https://bford.info/cachedir/). Links to files are followed. Links to folders are followed after all real folders;
 * every real folder is visited once, so loops end.
 */
#ifndef AKIN_ENGINE_SCAN_H
#define AKIN_ENGINE_SCAN_H

#include "base/file.h"

#include <akin/status.h>

typedef struct akin_scan_visitor {
  void *context;
  /* An image, by its look from outside; facts are all 0 when it went away meanwhile. Anything but AKIN_OK ends the scan
   * and is its result. */
  akin_status (*image)(void *context, const char *path, const akin_file_facts *facts, akin_error *err);
  /* Some other file. */
  void (*other)(void *context);
  /* A folder that could not be read, and why (one line that does not name it). */
  akin_status (*unreadable)(void *context, const char *folder, const char *reason, akin_error *err);
  /* A link to a folder that was visited already. One line. */
  void (*note)(void *context, const char *line);
} akin_scan_visitor;

/* folder: absolute. Errors: those of the visitor, MEMORY. */
akin_status akin_scan(const char *folder, const akin_scan_visitor *visitor, akin_error *err);

/* Does the file start with an image's magic bytes? Reads 16 bytes; never blocks. */
bool akin_scan_has_magic(const char *path);

#endif
