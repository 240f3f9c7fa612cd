/* recommend.c - for each image its own best k: the shop's table. */
#include "base/error.h"
#include "engine/like.h"
#include "engine/skip.h"

#define RECOMMEND_BYTES ((size_t)256 << 20) /* of hits that are gathered at the same time */

typedef struct recommend {
  akin_question question;
  akin_hits_visit *visit;
  void (*on_skipped)(void *context, const char *path, const char *reason);
  void *context;
} recommend;

/* The question has its image: answers, and hands the hits over. */
static akin_status recommend_tell(recommend *r, akin_error *err) {
  akin_status status = akin_question_answer(&r->question, err);
  return status ? status : r->visit(r->context, r->question.hits);
}

static akin_status recommend_stored(void *context, const akin_stored_image *image, akin_error *err) {
  recommend *r = context;
  if (image->state != AKIN_IMAGE_READABLE || !akin_vectors_find(r->question.vectors, image->content_id))
    return AKIN_OK; /* told when it was indexed */
  akin_status status = akin_question_restart(&r->question, err);
  if (!status) status = akin_question_add_stored(&r->question, image->path, image->content_id, err);
  return status ? status : recommend_tell(r, err);
}

static akin_status recommend_path(recommend *r, const char *path, akin_error *err) {
  akin_error why;
  akin_status status = akin_question_restart(&r->question, err);
  if (status) return status;
  status = akin_question_add_path(&r->question, path, &why);
  if (akin_image_is_at_fault(status) && !r->question.model_failed) {
    if (r->on_skipped) r->on_skipped(r->context, path, why.text);
    return AKIN_OK;
  }
  return status ? akin_fail(err, status, "%s", why.text) : recommend_tell(r, err);
}

akin_status akin_store_recommend(akin_store *store, const char *const *images, size_t count, const akin_query *query,
                                 akin_hits_visit *visit,
                                 void (*on_skipped)(void *context, const char *path, const char *reason), void *context,
                                 akin_error *err) {
  recommend r = {.visit = visit, .on_skipped = on_skipped, .context = context};
  if (query && (query->weights || query->negative_count > 0 || query->combine != AKIN_COMBINE_MEAN))
    return akin_fail(err, AKIN_ERROR_USAGE,
                     "recommendations are for one image each: no weights, negatives, or ways to combine images");
  akin_status status = akin_question_begin(&r.question, store, query, 1, err);
  if (!status && count == 0) {
    const bool approximate = r.question.query->search == AKIN_SEARCH_APPROXIMATE;
    status = akin_question_is_plain(&r.question) && !approximate
                 ? akin_question_everything(&r.question, RECOMMEND_BYTES, visit, context, err)
                 : akin_storage_images(r.question.reader, NULL, recommend_stored, &r, err);
  }
  for (size_t i = 0; !status && i < count; i++)
    status = recommend_path(&r, images[i], err);
  akin_question_end(&r.question);
  return status;
}
