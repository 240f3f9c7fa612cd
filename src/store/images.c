/* images.c - images, one row a file, and contents, one row a distinct SHA-256. */
#include "store/storage.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/path.h"

#include <string.h>

/* ---- visiting ---- */

#define IMAGE_COLUMNS                                                                                                  \
  "SELECT images.id, root_id, path, size, mtime_ns, ctime_ns, inode, device, state, reason, content_id, hash, width,"  \
  " height FROM images LEFT JOIN contents ON contents.id = content_id "

/* Borrows from the row. A damaged file may have anything in it. */
static akin_status image_of_row(akin_storage *s, akin_statement *st, akin_stored_image *out, akin_error *err) {
  size_t path_size = 0, hash_size = 0;
  *out = (akin_stored_image){
      .id = akin_statement_number(st, 0),
      .root_id = akin_statement_number(st, 1),
      .facts =
          {
              .size = akin_statement_number(st, 3),
              .mtime_ns = (int64_t)akin_statement_number(st, 4),
              .ctime_ns = (int64_t)akin_statement_number(st, 5),
              .inode = akin_statement_number(st, 6),
              .device = akin_statement_number(st, 7),
              .is_regular = true,
          },
      .state = akin_statement_number(st, 8) == 0 ? AKIN_IMAGE_READABLE : AKIN_IMAGE_UNREADABLE,
      .reason = akin_statement_text(st, 9),
      .content_id = akin_statement_number(st, 10),
      .width = (uint32_t)akin_statement_number(st, 12),
      .height = (uint32_t)akin_statement_number(st, 13),
  };
  (void)akin_statement_bytes(st, 2, &path_size);
  out->path = akin_statement_text(st, 2);
  if (out->path[0] != '/' || strlen(out->path) != path_size)
    return akin_database_damaged(s->database, err, "the path of image %llu is none", (unsigned long long)out->id);
  if (out->state == AKIN_IMAGE_UNREADABLE) return AKIN_OK;
  const void *hash = akin_statement_bytes(st, 11, &hash_size);
  if (hash_size != sizeof out->content.bytes) {
    return akin_database_damaged(s->database, err, "the content %llu of image %llu is missing or damaged",
                                 (unsigned long long)out->content_id, (unsigned long long)out->id);
  }
  memcpy(out->content.bytes, hash, sizeof out->content.bytes);
  return AKIN_OK;
}

/* Visits the rows of a bound statement and ends it. *visited (may be NULL): how many there were. */
static akin_status image_visit_rows(akin_storage *s, akin_statement *st, akin_image_visit *visit, void *context,
                                    uint64_t *visited, akin_error *err) {
  akin_stored_image image;
  bool row = false;
  akin_status status;
  while (!(status = akin_statement_next(st, &row, err)) && row) {
    status = image_of_row(s, st, &image, err);
    if (!status) status = visit(context, &image, err);
    if (status) break;
    if (visited) (*visited)++;
  }
  akin_statement_end(st);
  return status;
}

akin_status akin_storage_images(akin_storage *s, const char *under, akin_image_visit *visit, void *context,
                                akin_error *err) {
  const char *folder = under ? under : "/";
  akin_statement *st = NULL;
  akin_path_range range = {0};
  akin_status status = akin_path_range_of(&range, folder, err);
  if (status) return status;
  /* "/a" and "/a/…" are the ends of one range; what else lies in it, such as "/a-b/…", is passed over. */
  status = akin_statement_start(&st, s->database,
                                IMAGE_COLUMNS "WHERE path >= ?1 AND path < ?2 AND (path = ?1 OR path >= ?3)"
                                              " ORDER BY path",
                                err);
  if (!status) {
    akin_statement_bind_bytes(st, 1, folder, strlen(folder));
    akin_statement_bind_bytes(st, 2, range.high, range.size);
    akin_statement_bind_bytes(st, 3, range.low, range.size);
    status = image_visit_rows(s, st, visit, context, NULL, err);
  }
  akin_path_range_free(&range);
  return status;
}

akin_status akin_storage_images_of(akin_storage *s, uint64_t content_id, akin_image_visit *visit, void *context,
                                   akin_error *err) {
  akin_statement *st = NULL;
  akin_status status = akin_statement_start(&st, s->database, IMAGE_COLUMNS "WHERE content_id = ?1 ORDER BY path", err);
  if (status) return status;
  akin_statement_bind_number(st, 1, content_id);
  return image_visit_rows(s, st, visit, context, NULL, err);
}

akin_status akin_storage_images_without(akin_storage *s, uint64_t model_id, akin_image_visit *visit, void *context,
                                        akin_error *err) {
  akin_statement *st = NULL;
  akin_status status = akin_statement_start(
      &st, s->database,
      IMAGE_COLUMNS "WHERE state = 0 AND NOT EXISTS (SELECT 1 FROM features"
                    " WHERE features.content_id = images.content_id AND model_id = ?1) ORDER BY path",
      err);
  if (status) return status;
  akin_statement_bind_number(st, 1, model_id);
  return image_visit_rows(s, st, visit, context, NULL, err);
}

akin_status akin_storage_image_at(akin_storage *s, const char *path, akin_image_visit *visit, void *context,
                                  akin_error *err) {
  akin_statement *st = NULL;
  uint64_t visited = 0;
  akin_status status = akin_statement_start(&st, s->database, IMAGE_COLUMNS "WHERE path = ?1", err);
  if (status) return status;
  akin_statement_bind_bytes(st, 1, path, strlen(path));
  status = image_visit_rows(s, st, visit, context, &visited, err);
  return status || visited > 0 ? status : AKIN_ERROR_NOT_FOUND;
}

akin_status akin_storage_count(akin_storage *s, akin_storage_counts *out, akin_error *err) {
  akin_statement *st = NULL;
  bool row = false;
  *out = (akin_storage_counts){0};
  /* Both counts come from the index of content_id, which only readable images have. */
  akin_status status = akin_statement_start(
      &st, s->database,
      "SELECT count(content_id), count(*) - count(content_id), (SELECT count(*) FROM contents) FROM images", err);
  if (!status) status = akin_statement_next(st, &row, err);
  if (!status && row) {
    out->images = akin_statement_number(st, 0);
    out->unreadable = akin_statement_number(st, 1);
    out->contents = akin_statement_number(st, 2);
  }
  akin_statement_end(st);
  return status;
}

/* ---- contents ---- */

akin_status akin_storage_content_find(akin_storage *s, const akin_hash *content, uint64_t *id, uint32_t *width,
                                      uint32_t *height, akin_error *err) {
  akin_statement *st = NULL;
  bool row = false;
  *id = 0;
  akin_status status =
      akin_statement_start(&st, s->database, "SELECT id, width, height FROM contents WHERE hash = ?1", err);
  if (status) return status;
  akin_statement_bind_bytes(st, 1, content->bytes, sizeof content->bytes);
  status = akin_statement_next(st, &row, err);
  if (!status && row) {
    *id = akin_statement_number(st, 0);
    if (width) *width = (uint32_t)akin_statement_number(st, 1);
    if (height) *height = (uint32_t)akin_statement_number(st, 2);
  }
  akin_statement_end(st);
  return status;
}

static akin_status content_find_or_insert(akin_storage *s, const akin_stored_image *image, uint64_t *id,
                                          akin_error *err) {
  akin_statement *st = NULL;
  akin_status status = akin_storage_content_find(s, &image->content, id, NULL, NULL, err);
  if (status || *id != 0) return status;
  status = akin_statement_start(&st, s->database,
                                "INSERT INTO contents (hash, width, height) VALUES (?1, ?2, ?3) RETURNING id", err);
  if (status) return status;
  akin_statement_bind_bytes(st, 1, image->content.bytes, sizeof image->content.bytes);
  akin_statement_bind_number(st, 2, image->width);
  akin_statement_bind_number(st, 3, image->height);
  return akin_statement_finish_number(st, id, err);
}

akin_status akin_storage_content_release(akin_storage *s, uint64_t content_id, akin_error *err) {
  const uint64_t numbers[] = {content_id, s->generation};
  uint64_t used = 0;
  akin_status status = akin_database_number(s->database, "SELECT EXISTS (SELECT 1 FROM images WHERE content_id = ?1)",
                                            numbers, 1, &used, err);
  if (status || used) return status;
  status = akin_database_run_with(s->database,
                                  "INSERT INTO removals (generation, model_id, content_id)"
                                  " SELECT ?2, model_id, content_id FROM features WHERE content_id = ?1",
                                  numbers, 2, err);
  if (!status)
    status = akin_database_run_with(s->database, "DELETE FROM features WHERE content_id = ?1", numbers, 1, err);
  if (!status) status = akin_database_run_with(s->database, "DELETE FROM contents WHERE id = ?1", numbers, 1, err);
  return status;
}

/* ---- changing ---- */

/* The content of the image at path; 0 when it has none or there is no such image. */
static akin_status image_content(akin_storage *s, const char *path, uint64_t *content_id, akin_error *err) {
  akin_statement *st = NULL;
  akin_status status = akin_statement_start(&st, s->database,
                                            "SELECT coalesce((SELECT content_id FROM images WHERE path = ?1), 0)", err);
  if (status) return status;
  akin_statement_bind_bytes(st, 1, path, strlen(path));
  return akin_statement_finish_number(st, content_id, err);
}

static akin_status image_check_root(akin_storage *s, const akin_stored_image *image, akin_error *err) {
  akin_statement *st = NULL;
  bool row = false;
  akin_status status = akin_statement_start(&st, s->database, "SELECT path FROM roots WHERE id = ?1", err);
  if (status) return status;
  akin_statement_bind_number(st, 1, image->root_id);
  status = akin_statement_next(st, &row, err);
  if (!status && (!row || !akin_path_inside(image->path, akin_statement_text(st, 0)))) {
    status = akin_fail(err, AKIN_ERROR_USAGE, "%s: is not inside the root %llu that it was given", image->path,
                       (unsigned long long)image->root_id);
  }
  akin_statement_end(st);
  return status;
}

static void image_bind_facts(akin_statement *st, int first, const akin_file_facts *facts) {
  akin_statement_bind_number(st, first, facts->size);
  akin_statement_bind_number(st, first + 1, (uint64_t)facts->mtime_ns);
  akin_statement_bind_number(st, first + 2, (uint64_t)facts->ctime_ns);
  akin_statement_bind_number(st, first + 3, facts->inode);
  akin_statement_bind_number(st, first + 4, facts->device);
}

static akin_status image_upsert(akin_storage *s, const akin_stored_image *image, uint64_t content_id, akin_error *err) {
  bool readable = image->state == AKIN_IMAGE_READABLE;
  akin_statement *st = NULL;
  akin_status status = akin_statement_start(
      &st, s->database,
      "INSERT INTO images (root_id, path, state, reason, content_id, size, mtime_ns, ctime_ns, inode, device)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"
      " ON CONFLICT (path) DO UPDATE SET root_id = ?1, state = ?3, reason = ?4, content_id = ?5, size = ?6,"
      " mtime_ns = ?7, ctime_ns = ?8, inode = ?9, device = ?10",
      err);
  if (status) return status;
  akin_statement_bind_number(st, 1, image->root_id);
  akin_statement_bind_bytes(st, 2, image->path, strlen(image->path));
  akin_statement_bind_number(st, 3, readable ? AKIN_IMAGE_READABLE : AKIN_IMAGE_UNREADABLE);
  akin_statement_bind_text(st, 4, readable || !image->reason ? "" : image->reason);
  if (readable)
    akin_statement_bind_number(st, 5, content_id);
  else
    akin_statement_bind_null(st, 5);
  image_bind_facts(st, 6, &image->facts);
  return akin_statement_finish(st, err);
}

akin_status akin_storage_image_put(akin_storage *s, const akin_stored_image *image, uint64_t *content_id,
                                   akin_error *err) {
  uint64_t before = 0, after = 0;
  akin_status status = akin_storage_check_writing(s, err);
  if (!status) status = image_check_root(s, image, err);
  if (!status) status = image_content(s, image->path, &before, err);
  if (!status && image->state == AKIN_IMAGE_READABLE) status = content_find_or_insert(s, image, &after, err);
  if (!status) status = image_upsert(s, image, after, err);
  if (!status && before != 0 && before != after) status = akin_storage_content_release(s, before, err);
  if (content_id) *content_id = status ? 0 : after;
  return status;
}

static akin_status image_unknown(uint64_t image_id, akin_error *err) {
  return akin_fail(err, AKIN_ERROR_NOT_FOUND, "the store has no image %llu any more", (unsigned long long)image_id);
}

akin_status akin_storage_image_touch(akin_storage *s, uint64_t image_id, const akin_file_facts *facts,
                                     akin_error *err) {
  akin_statement *st = NULL;
  akin_status status = akin_storage_check_writing(s, err);
  uint64_t changes = akin_database_changes(s->database);
  if (!status) {
    status = akin_statement_start(&st, s->database,
                                  "UPDATE images SET size = ?2, mtime_ns = ?3, ctime_ns = ?4, inode = ?5, device = ?6"
                                  " WHERE id = ?1",
                                  err);
  }
  if (status) return status;
  akin_statement_bind_number(st, 1, image_id);
  image_bind_facts(st, 2, facts);
  status = akin_statement_finish(st, err);
  return status || akin_database_changes(s->database) != changes ? status : image_unknown(image_id, err);
}

akin_status akin_storage_image_remove(akin_storage *s, uint64_t image_id, akin_error *err) {
  uint64_t content_id = 0;
  akin_status status = akin_storage_check_writing(s, err);
  uint64_t changes = akin_database_changes(s->database);
  if (!status) {
    status = akin_database_number(s->database, "SELECT coalesce((SELECT content_id FROM images WHERE id = ?1), 0)",
                                  &image_id, 1, &content_id, err);
  }
  if (!status) status = akin_database_run_with(s->database, "DELETE FROM images WHERE id = ?1", &image_id, 1, err);
  if (!status && akin_database_changes(s->database) == changes) return image_unknown(image_id, err);
  return status || content_id == 0 ? status : akin_storage_content_release(s, content_id, err);
}
