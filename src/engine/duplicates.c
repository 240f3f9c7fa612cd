/* duplicates.c - groups of near-identical images: see akin/duplicates.h for what a group is. */
#include "engine/twins.h"

#include "base/error.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

/* ---- from the best to the worst ---- */

/* A content that can be in a group, by what it is worth keeping. */
typedef struct group_rank {
  uint64_t pixels, bytes;
  const char *path;
  uint32_t content;
} group_rank;

static int group_compare_ranks(const void *a, const void *b) {
  const group_rank *x = a, *y = b;
  if (x->pixels != y->pixels) return x->pixels > y->pixels ? -1 : 1;
  if (x->bytes != y->bytes) return x->bytes > y->bytes ? -1 : 1;
  return strcmp(x->path, y->path);
}

/* A duplicate of a content: the edge of a graph, seen from one end. */
typedef struct group_edge {
  uint32_t from, to; /* ranks: 0 is the best */
} group_edge;

static int group_compare_edges(const void *a, const void *b) {
  const group_edge *x = a, *y = b;
  if (x->from != y->from) return x->from < y->from ? -1 : 1;
  return x->to < y->to ? -1 : x->to > y->to;
}

/* One content in a group. */
typedef struct group_member {
  uint32_t rank;
  bool best;
  akin_twin_pair pair; /* with the best copy; of the best copy itself only b counts: its content, as of each */
} group_member;

typedef struct grouping {
  const akin_twins *twins;
  group_rank *ranks; /* from the best */
  size_t rank_count;
  uint32_t *rank_of; /* of a content */
  bool *taken;       /* by rank */
  group_edge *edges; /* each seen from both ends */
  size_t edge_count;
  group_member *members; /* groups one after the other, the best copy first, then from the best to the worst */
  size_t member_count;
  size_t group_count;
} grouping;

static void grouping_free(grouping *g) {
  akin_free(g->ranks);
  akin_free(g->rank_of);
  akin_free(g->taken);
  akin_free(g->edges);
  akin_free(g->members);
}

static akin_status grouping_rank(grouping *g, akin_error *err) {
  const akin_twins *t = g->twins;
  const size_t n = t->content_count ? t->content_count : 1;
  g->ranks = akin_calloc(n, sizeof *g->ranks);
  g->rank_of = akin_calloc(n, sizeof *g->rank_of);
  g->taken = akin_calloc(n, sizeof *g->taken);
  g->members = akin_calloc(n, sizeof *g->members);
  if (!g->ranks || !g->rank_of || !g->taken || !g->members) return akin_fail_memory(err, n * sizeof *g->ranks);
  for (size_t i = 0; i < t->content_count; i++) {
    if (t->contents[i].best == SIZE_MAX) continue;
    const akin_twin_image *image = &t->images[t->contents[i].best];
    g->ranks[g->rank_count++] =
        (group_rank){(uint64_t)image->width * image->height, image->facts.size, image->path, (uint32_t)i};
  }
  if (g->rank_count > 0) qsort(g->ranks, g->rank_count, sizeof *g->ranks, group_compare_ranks);
  for (size_t i = 0; i < g->rank_count; i++)
    g->rank_of[g->ranks[i].content] = (uint32_t)i;
  return AKIN_OK;
}

static akin_status grouping_connect(grouping *g, akin_error *err) {
  const akin_twins *t = g->twins;
  size_t count = 0;
  for (size_t i = 0; i < t->pair_count; i++)
    count += t->pairs[i].same;
  g->edges = akin_calloc(count ? count : 1, 2 * sizeof *g->edges);
  if (!g->edges) return akin_fail_memory(err, 2 * count * sizeof *g->edges);
  for (size_t i = 0; i < t->pair_count; i++) {
    if (!t->pairs[i].same) continue;
    const uint32_t a = g->rank_of[t->pairs[i].a], b = g->rank_of[t->pairs[i].b];
    g->edges[g->edge_count++] = (group_edge){a, b};
    g->edges[g->edge_count++] = (group_edge){b, a};
  }
  if (count > 0) qsort(g->edges, g->edge_count, sizeof *g->edges, group_compare_edges);
  return AKIN_OK;
}

/* The first edge from a rank, or past it. */
static size_t grouping_edges_of(const grouping *g, uint32_t rank) {
  size_t low = 0, high = g->edge_count;
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    if (g->edges[middle].from < rank)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static const akin_hash *grouping_hash(const grouping *g, uint32_t content) {
  return &g->twins->images[g->twins->contents[content].first].hash;
}

/* Was the content told apart from one that is in the group already, from member `first` on? */
static bool grouping_apart(const grouping *g, size_t first, uint32_t content) {
  for (size_t i = first; i < g->member_count; i++)
    if (akin_apart_has(&g->twins->apart, grouping_hash(g, content), grouping_hash(g, g->members[i].pair.b)))
      return true;
  return false;
}

/* Takes a content into the group that begins with member `first`, if it is a duplicate of the best copy. */
static void grouping_take(grouping *g, size_t first, uint32_t rank) {
  akin_twin_pair pair = {.a = g->members[first].pair.b, .b = g->ranks[rank].content};
  if (g->taken[rank] || grouping_apart(g, first, pair.b) || !akin_twins_judge(g->twins, &pair)) return;
  g->taken[rank] = true;
  g->members[g->member_count++] = (group_member){rank, false, pair};
}

static int group_compare_members(const void *a, const void *b) {
  const group_member *x = a, *y = b;
  return x->rank < y->rank ? -1 : x->rank > y->rank;
}

/* The group whose best copy is of this rank: its duplicates, theirs, and so on, as far as each is one of the best copy
 * itself. Features may not be alike enough for a pair to be a candidate where pixels are. */
static void grouping_gather(grouping *g, uint32_t rank) {
  const size_t first = g->member_count;
  g->taken[rank] = true;
  g->members[g->member_count++] = (group_member){rank, true, {.b = g->ranks[rank].content}};
  for (size_t m = first; m < g->member_count; m++) {
    const uint32_t from = g->members[m].rank;
    for (size_t e = grouping_edges_of(g, from); e < g->edge_count && g->edges[e].from == from; e++)
      grouping_take(g, first, g->edges[e].to);
  }
  qsort(g->members + first, g->member_count - first, sizeof *g->members, group_compare_members);
}

/* Images of a content that can be in a group. */
static size_t grouping_images(const akin_twins *t, uint32_t content) {
  const akin_twin_content *c = &t->contents[content];
  size_t count = 0;
  for (size_t i = c->first; i < c->first + c->count; i++)
    count += t->images[i].reason == NULL;
  return count;
}

static void grouping_make(grouping *g) {
  for (uint32_t rank = 0; rank < g->rank_count; rank++) {
    const size_t first = g->member_count;
    if (g->taken[rank]) continue;
    grouping_gather(g, rank);
    if (g->member_count - first == 1 && grouping_images(g->twins, g->ranks[rank].content) < 2)
      g->member_count = first; /* alone */
    else
      g->group_count++;
  }
}

/* ---- telling ---- */

/* What is told of one image. */
static akin_duplicate duplicate_of(const akin_twin_image *image, const group_member *member, bool first) {
  akin_duplicate d = {.copy = first ? AKIN_COPY_BEST : AKIN_COPY_SAME,
                      .path = image->path,
                      .width = image->width,
                      .height = image->height,
                      .bytes = image->facts.size,
                      .score = 1.0f,
                      .agreement = 1.0f};
  if (member->best) return d;
  d.copy = member->pair.mirrored ? AKIN_COPY_MIRRORED : AKIN_COPY_NEAR;
  d.score = member->pair.score;
  d.agreement = member->pair.agreement;
  return d;
}

/* images: room for all of the group. Returns how many there are. */
static size_t duplicates_fill(akin_duplicate *images, const akin_twins *t, const group_member *members, size_t count) {
  size_t n = 0;
  for (size_t m = 0; m < count; m++) {
    const akin_twin_content *c = &t->contents[members[m].pair.b];
    for (size_t i = c->first; i < c->first + c->count; i++)
      if (!t->images[i].reason) {
        images[n] = duplicate_of(&t->images[i], &members[m], n == 0);
        n++;
      }
  }
  return n;
}

typedef struct group_start {
  const char *path; /* of the best copy */
  size_t member;    /* its first */
} group_start;

static int group_compare_starts(const void *a, const void *b) {
  return strcmp(((const group_start *)a)->path, ((const group_start *)b)->path);
}

/* Tells each group, in order of the best copies' paths. */
static akin_status grouping_tell(const grouping *g, akin_duplicates_visit *visit, void *context, akin_error *err) {
  const akin_twins *t = g->twins;
  akin_status status = AKIN_OK;
  size_t starts_count = 0;
  group_start *starts = akin_calloc(g->group_count ? g->group_count : 1, sizeof *starts);
  akin_duplicate *images = akin_calloc(t->image_count ? t->image_count : 1, sizeof *images);
  if (!starts || !images) status = akin_fail_memory(err, t->image_count * sizeof *images);
  for (size_t i = 0; !status && i < g->member_count; i++)
    if (g->members[i].best)
      starts[starts_count++] = (group_start){t->images[t->contents[g->members[i].pair.b].best].path, i};
  if (starts_count > 0) qsort(starts, starts_count, sizeof *starts, group_compare_starts);
  for (size_t i = 0; !status && i < starts_count; i++) {
    const group_member *members = &g->members[starts[i].member];
    size_t count = 1;
    while (starts[i].member + count < g->member_count && !members[count].best)
      count++;
    const akin_duplicate_group group = {t->model, i + 1, starts_count, images,
                                        duplicates_fill(images, t, members, count)};
    status = visit(context, &group);
  }
  akin_free(images);
  akin_free(starts);
  return status;
}

/* ---- all of it ---- */

static akin_status duplicates_check(const akin_duplicates_options *o, akin_error *err) {
  if (o->version != AKIN_DUPLICATES_OPTIONS_VERSION) {
    return akin_fail(err, AKIN_ERROR_USAGE, "duplicates options of version %u, this library knows version %u",
                     o->version, AKIN_DUPLICATES_OPTIONS_VERSION);
  }
  if (o->min_score >= -1.0f && o->min_score <= 1.0f) return AKIN_OK;
  return akin_fail(err, AKIN_ERROR_USAGE, "a least score of %g: scores are from -1 to 1", (double)o->min_score);
}

akin_status akin_store_duplicates(akin_store *store, const akin_duplicates_options *options,
                                  akin_duplicates_visit *visit, void *context, akin_duplicates_progress *total,
                                  akin_error *err) {
  static const akin_duplicates_options defaults = AKIN_DUPLICATES_OPTIONS_INIT;
  akin_twins twins = {0};
  grouping g = {.twins = &twins};
  if (!options) options = &defaults;
  akin_status status = duplicates_check(options, err);
  if (!status) status = akin_twins_collect(&twins, store, options, err);
  if (!status) status = akin_twins_pair(&twins, err);
  if (!status) status = akin_twins_look(&twins, err);
  if (!status) status = akin_twins_compare(&twins, err);
  if (!status) status = grouping_rank(&g, err);
  if (!status) status = grouping_connect(&g, err);
  if (!status) {
    grouping_make(&g);
    twins.progress.groups = g.group_count;
    status = grouping_tell(&g, visit, context, err);
  }
  if (total) *total = twins.progress;
  grouping_free(&g);
  akin_twins_free(&twins);
  return status;
}
