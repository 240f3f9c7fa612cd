/*
 * pictures.h - the small pictures of a page, each made once however often it is shown: kept in memory for a page in one
 * file, as files under thumbs/ for a page in a folder.
 */
#ifndef AKIN_REPORT_PICTURES_H
#define AKIN_REPORT_PICTURES_H

#include "base/hash.h"
#include "report/page.h"

/* Longest side of a picture: a card is at most about this wide. */
#define AKIN_PICTURE_SIDE 320

/* "thumbs/", 32 hexadecimal digits of the path's hash, ".jpg". */
#define AKIN_PICTURE_NAME 48

typedef struct akin_picture_kept {
  akin_hash path;
  akin_buffer jpeg; /* empty: cannot be read */
} akin_picture_kept;

typedef struct akin_pictures {
  akin_thumbnail *thumbnail;
  void *context;
  const char *folder; /* borrowed; NULL: in memory */
  akin_picture_kept *kept;
  size_t count, room;
} akin_pictures;

/* Where the picture of an image is; both empty when it cannot be read. */
typedef struct akin_picture {
  const akin_buffer *jpeg;      /* in memory; borrowed until the next find */
  char name[AKIN_PICTURE_NAME]; /* in the folder: relative to it */
} akin_picture;

/* An image that cannot be read is no failure; those of writing and memory are. */
akin_status akin_pictures_find(akin_picture *out, akin_pictures *pictures, const char *path, akin_error *err);
void akin_pictures_free(akin_pictures *pictures); /* the files stay */

#endif
