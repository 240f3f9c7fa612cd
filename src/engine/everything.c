/*
 * everything.c - recommendations for every stored image: all features against all, in tiles (search/pairs.h), as many
 * questions at once as their lists fit into memory. The answers are those of one question after the other, to the bit.
 */
#include "base/error.h"
#include "base/hits.h"
#include "base/memory.h"
#include "base/thread.h"
#include "engine/like.h"
#include "engine/table.h"
#include "search/pairs.h"

#include <stdlib.h>

typedef struct everything {
  akin_question *question;
  akin_table table;
  akin_pairs *pairs;
  size_t wanted;    /* hits of an image, those that the query's offset leaves out included */
  size_t band;      /* images asked for at once */
  uint32_t *asked;  /* [band]: contents */
  bool *asks;       /* [contents]: is it among them? */
  akin_pair *found; /* images of the answer at hand; row: an image's number */
  size_t found_room;
} everything;

static bool everything_stop(void *context, double share) {
  const everything *e = context;
  return akin_store_follow(e->question->store, share);
}

/* ---- one answer ---- */

static akin_status everything_find(everything *e, size_t count, uint32_t image, float score, akin_error *err) {
  if (count == e->found_room) {
    const size_t room = e->found_room ? 2 * e->found_room : 64;
    akin_pair *found = akin_realloc_array(e->found, room, sizeof *found);
    if (!found) return akin_fail_memory(err, room * sizeof *found);
    e->found = found;
    e->found_room = room;
  }
  e->found[count] = (akin_pair){score, image};
  return AKIN_OK;
}

/* Images are numbered in order of path. */
static int everything_order(const void *left, const void *right) {
  const akin_pair *a = left, *b = right;
  if (a->score != b->score) return a->score > b->score ? -1 : 1;
  return a->row < b->row ? -1 : a->row > b->row;
}

/* Contents, best first with all ties → images, best first, ties by path. */
static akin_status everything_images(everything *e, const akin_pair *best, size_t contents, size_t *count,
                                     akin_error *err) {
  akin_status status = AKIN_OK;
  *count = 0;
  for (size_t i = 0; !status && i < contents; i++) {
    /* contents of equal score are taken together; after a whole group, there may be enough images */
    if (*count >= e->wanted && best[i].score < best[i - 1].score) break;
    uint32_t image = e->table.firsts[best[i].row];
    for (; !status && image != AKIN_TABLE_NONE; image = e->table.images[image].next)
      status = everything_find(e, (*count)++, image, best[i].score, err);
  }
  if (!status && *count > 0) qsort(e->found, *count, sizeof *e->found, everything_order);
  return status;
}

/* Fills the question's hits. */
static akin_status everything_answer(everything *e, size_t image, akin_error *err) {
  akin_question *q = e->question;
  const akin_pair *best = NULL;
  size_t contents = 0, count = 0;
  akin_status status = akin_question_restart(q, err);
  if (!status) status = akin_hits_add_query(q->hits, e->table.paths[image], err);
  if (!status) status = akin_pairs_best(e->pairs, e->table.images[image].content, &best, &contents, err);
  if (!status) status = everything_images(e, best, contents, &count, err);
  for (size_t i = q->query->offset; !status && i < count && i < e->wanted; i++) {
    const uint32_t number = e->found[i].row;
    const akin_table_image *hit = &e->table.images[number];
    if (e->found[i].score < q->query->min_score) break;
    status = akin_question_add_hit(q, e->table.paths[number], e->found[i].score, hit->width, hit->height, err);
  }
  return status;
}

/* ---- all answers ---- */

/* Asks for the contents of images [first, end), each once. */
static akin_status everything_ask(everything *e, size_t first, size_t end, akin_error *err) {
  size_t count = 0;
  for (size_t i = first; i < end; i++) {
    const uint32_t content = e->table.images[i].content;
    if (!e->asks[content]) e->asked[count++] = content;
    e->asks[content] = true;
  }
  for (size_t i = 0; i < count; i++)
    e->asks[e->asked[i]] = false;
  return akin_pairs_ask(e->pairs, e->asked, count, err);
}

static akin_status everything_begin(everything *e, size_t bytes, akin_error *err) {
  const akin_question *q = e->question;
  const size_t contents = e->table.content_count;
  e->wanted = (size_t)q->query->k + q->query->offset;
  const akin_pairs_options options = {.rows = e->table.features,
                                      .n = contents,
                                      .dim = akin_vectors_dim(q->vectors),
                                      .k = e->wanted,
                                      .self = q->query->include_self != 0,
                                      .threads = akin_thread_cores(),
                                      .stop = everything_stop,
                                      .context = e};
  akin_status status = akin_pairs_new(&e->pairs, &options, err);
  if (status) return status;
  e->band = bytes / akin_pairs_bytes(contents, e->wanted) + 1;
  if (e->band > e->table.count) e->band = e->table.count;
  e->asked = akin_calloc(e->band, sizeof *e->asked);
  e->asks = akin_calloc(contents, sizeof *e->asks);
  return e->asked && e->asks ? AKIN_OK : akin_fail_memory(err, e->band * sizeof *e->asked);
}

static akin_status everything_tell(everything *e, akin_hits_visit *visit, void *context, akin_error *err) {
  akin_status status = AKIN_OK;
  for (size_t i = 0; !status && i < e->table.count; i++) {
    if (i % e->band == 0)
      status = everything_ask(e, i, i + e->band < e->table.count ? i + e->band : e->table.count, err);
    if (!status) status = everything_answer(e, i, err);
    if (!status) status = visit(context, e->question->hits);
  }
  return status;
}

bool akin_question_is_plain(const akin_question *q) {
  return !q->selection && !q->seen && !(q->query->diverse > 0.0f);
}

akin_status akin_question_everything(akin_question *q, size_t bytes, akin_hits_visit *visit, void *context,
                                     akin_error *err) {
  everything e = {.question = q};
  akin_status status = akin_table_read(&e.table, q->reader, q->vectors, err);
  if (!status && e.table.count > 0) {
    status = everything_begin(&e, bytes, err);
    if (!status) status = everything_tell(&e, visit, context, err);
  }
  akin_pairs_free(e.pairs);
  akin_table_free(&e.table);
  akin_free(e.asked);
  akin_free(e.asks);
  akin_free(e.found);
  return status;
}
