/* pictures.c - see pictures.h. A picture's file is named by the hash of its image's path, so that looking for the file
 * tells whether it was made already, and a page of any length needs no table of its pictures. */
#include "report/pictures.h"
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/path.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* No picture of that side is larger: three bytes a pixel. */
#define PICTURES_CEILING ((size_t)3 * AKIN_PICTURE_SIDE * AKIN_PICTURE_SIDE + 4096)

/* Leaves jpeg empty when the image cannot be read. */
static akin_status pictures_make(akin_pictures *p, akin_buffer *jpeg, const char *path, akin_error *err) {
  uint32_t width = 0, height = 0;
  akin_error reason;
  akin_status status = p->thumbnail(p->context, jpeg, &width, &height, path, AKIN_PICTURE_SIDE, &reason);
  if (status == AKIN_ERROR_MEMORY) return akin_fail(err, status, "%s", reason.text);
  if (status) akin_buffer_clear(jpeg);
  return AKIN_OK;
}

/* ---- in memory ---- */

static akin_status pictures_grow(akin_pictures *p, akin_error *err) {
  if (p->count < p->room) return AKIN_OK;
  const size_t room = p->room ? 2 * p->room : 64;
  akin_picture_kept *kept = akin_realloc_array(p->kept, room, sizeof *kept);
  if (!kept) return akin_fail_memory(err, room * sizeof *kept);
  p->kept = kept;
  p->room = room;
  return AKIN_OK;
}

static akin_status pictures_keep(akin_picture *out, akin_pictures *p, const akin_hash *hash, const char *path,
                                 akin_error *err) {
  akin_status status = pictures_grow(p, err);
  if (status) return status;
  akin_picture_kept *kept = &p->kept[p->count];
  *kept = (akin_picture_kept){*hash, AKIN_BUFFER_INIT(PICTURES_CEILING)};
  if ((status = pictures_make(p, &kept->jpeg, path, err))) {
    akin_buffer_free(&kept->jpeg);
    return status;
  }
  p->count++;
  out->jpeg = kept->jpeg.size > 0 ? &kept->jpeg : NULL;
  return AKIN_OK;
}

static akin_status pictures_find_kept(akin_picture *out, akin_pictures *p, const akin_hash *hash, const char *path,
                                      akin_error *err) {
  for (size_t i = 0; i < p->count; i++) {
    if (akin_hash_equal(&p->kept[i].path, hash)) {
      out->jpeg = p->kept[i].jpeg.size > 0 ? &p->kept[i].jpeg : NULL;
      return AKIN_OK;
    }
  }
  return pictures_keep(out, p, hash, path, err);
}

/* ---- as files ---- */

/* Not synchronised: the page's folder is, once, before it appears. */
static akin_status pictures_write(const char *file_path, const akin_buffer *jpeg, akin_error *err) {
  FILE *file = fopen(file_path, "wbe");
  if (!file) return akin_fail_errno(err, errno, "%s: cannot write", file_path);
  errno = 0;
  const size_t written = fwrite(jpeg->data, 1, jpeg->size, file);
  const int closed = fclose(file);
  if (written != jpeg->size || closed != 0)
    return akin_fail_errno(err, errno ? errno : EIO, "%s: cannot write", file_path);
  return AKIN_OK;
}

static akin_status pictures_find_file(akin_picture *out, akin_pictures *p, const akin_hash *hash, const char *path,
                                      akin_error *err) {
  char hex[AKIN_HASH_HEX_SIZE];
  akin_buffer jpeg = AKIN_BUFFER_INIT(PICTURES_CEILING);
  akin_status status = AKIN_OK;
  akin_hash_hex(hex, hash);
  snprintf(out->name, sizeof out->name, "thumbs/%.32s.jpg", hex);
  char *file_path = akin_path_join(p->folder, out->name);
  if (!file_path) {
    status = akin_fail_memory(err, strlen(p->folder) + sizeof out->name);
  } else if (!akin_file_exists(file_path) && !(status = pictures_make(p, &jpeg, path, err))) {
    if (jpeg.size > 0)
      status = pictures_write(file_path, &jpeg, err);
    else
      out->name[0] = '\0';
  }
  akin_buffer_free(&jpeg);
  akin_free(file_path);
  return status;
}

akin_status akin_pictures_find(akin_picture *out, akin_pictures *pictures, const char *path, akin_error *err) {
  akin_hash hash;
  *out = (akin_picture){NULL, ""};
  akin_status status = akin_hash_bytes(&hash, path, strlen(path), err);
  if (status) return status;
  return pictures->folder ? pictures_find_file(out, pictures, &hash, path, err)
                          : pictures_find_kept(out, pictures, &hash, path, err);
}

void akin_pictures_free(akin_pictures *pictures) {
  for (size_t i = 0; i < pictures->count; i++)
    akin_buffer_free(&pictures->kept[i].jpeg);
  akin_free(pictures->kept);
  pictures->kept = NULL;
  pictures->count = pictures->room = 0;
}
