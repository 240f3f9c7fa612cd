/*
 * akin/store.h - a store: the images that were indexed, their features, and everything asked of them.
 *
 * Thread safety: an akin_store is used by one thread at a time: give each thread its own (packed features are mapped,
 * and shared by all), or share one behind a lock. Any number of handles, in one process or many, may read the same
 * store while one ingests or removes; a second writer gets AKIN_ERROR_BUSY. Who reads never waits for who writes: a
 * question is answered from one moment of the store, some commit or other; what is committed before a call begins, it
 * sees. The rest (features, matrix, summary) sees whole images, perhaps with some that came meanwhile. Results belong
 * to no handle, and may be read by several threads at once. Callbacks are called by the calling thread, before the
 * function returns; they must not use the same akin_store, and get their `context` passed through.
 *
 * Paths are bytes, and need not be UTF-8. Given ones may be relative; those that come out are absolute.
 */
#ifndef AKIN_STORE_H
#define AKIN_STORE_H

#include <akin/model.h>
#include <akin/status.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct akin_store akin_store;

/*
 * Opens a store.
 *   out: closed with akin_store_close; NULL on failure
 *   folder: NULL: $AKIN_STORE, else the user's own ($XDG_DATA_HOME/akin)
 *   create: 1: made when missing; 0: AKIN_ERROR_NOT_FOUND says how to make it
 * Nothing is locked until something is written. Errors: NOT_FOUND, FORMAT (damaged), UNSUPPORTED (made by a newer
 * version), IO, MEMORY.
 */
AKIN_API akin_status akin_store_open(akin_store **out, const char *folder, int create, akin_error *err);
AKIN_API void akin_store_close(akin_store *store); /* NULL is fine */

/*
 * Has the store tell what it mended by itself, so that nobody has to act on it: packed features or a compiled network
 * that were damaged and made again.
 *   on_note: gets one line, borrowed for the call, from the thread that asks; must not use the store; NULL: nobody
 *   context: passed to on_note
 */
AKIN_API void akin_store_on_note(akin_store *store, void (*on_note)(void *context, const char *line), void *context);

/* Follows what compares all images with all: akin_store_recommend over the whole store, akin_store_matrix,
 * akin_store_map. Both may be NULL; they are called from the thread that asks and must not use the store. */
typedef struct akin_watch {
  void (*on_progress)(void *context, double share); /* how much is done, 0 to 1; many times a second */
  int (*should_cancel)(void *context);              /* not 0: stop soon; the status is AKIN_ERROR_CANCELLED */
  void *context;
} akin_watch;
/* watch: copied; NULL: nobody follows */
AKIN_API void akin_store_watch(akin_store *store, const akin_watch *watch);

AKIN_API const char *akin_store_folder(const akin_store *store); /* absolute; borrowed until close */

/* ---- ingest ---- */

/* Where an ingest stands. Counts only grow. */
typedef struct akin_progress {
  uint64_t found;              /* images seen so far */
  int scanning;                /* 1 while folders are still being read: found will grow */
  uint64_t unchanged;          /* known already: nothing to do */
  uint64_t embedded;           /* features computed */
  uint64_t reused;             /* content that was known: renamed, copied, touched */
  uint64_t skipped;            /* images that cannot be read, known ones included, and folders */
  uint64_t removed;            /* deleted files that left the store */
  uint64_t ignored;            /* files that are no images */
  uint64_t linked, link_total; /* features that approximate search has got, of those that it is to get; last of all */
  double seconds;              /* since the ingest began */
  double images_per_second;
  double remaining_seconds; /* negative: not known yet */
} akin_progress;

/*
 * How the most similar images are found. Exact search looks at every feature. Approximate search follows a graph of
 * near neighbours: many times faster where there are very many, and with the same scores in the same order, but a few
 * of the best may be missing. How many are found is measured whenever the graph is changed, and it is made to look more
 * thoroughly until that is 98 of 100 (akin_status_model has the figure). An ingest makes the graph, and keeps it up to
 * date; questions never wait for it, and look at what is newer besides.
 */
typedef enum akin_search {
  /* A graph is made from AKIN_APPROXIMATE_FROM features on. Where there is one, questions use it, but the first of a
   * handle, which reads all features anyway, and recommending to all stored images, which exact search does in one go.
   */
  AKIN_SEARCH_AUTO = 0,
  AKIN_SEARCH_EXACT,      /* a question: look at every feature; an ingest: no graph, one that is there is deleted */
  AKIN_SEARCH_APPROXIMATE /* a question: AKIN_ERROR_NOT_FOUND without a graph; an ingest: make one of any number */
} akin_search;

#define AKIN_APPROXIMATE_FROM 100000u

/* How the graph keeps features to find its way; scores are computed from the features themselves. */
typedef enum akin_graph_vectors {
  AKIN_GRAPH_DEFAULT = 0, /* as the graph that is there, else i8 */
  AKIN_GRAPH_I8,          /* 1 byte a value: the fastest and smallest */
  AKIN_GRAPH_F16,         /* 2 bytes */
  AKIN_GRAPH_F32          /* 4 bytes */
} akin_graph_vectors;

typedef struct akin_ingest_options {
  uint32_t version;
  uint32_t jobs; /* workers; 0: as many as the cores that affinity and cgroup allow */
  int prune;     /* 1: a root that is missing or empty really is: its images leave the store */
  int retry;     /* 1: unreadable files that have not changed are tried again */
  akin_search search;
  akin_graph_vectors graph_vectors; /* another kind than the graph has: it is made again */

  /* All callbacks may be NULL. */
  void (*on_progress)(void *context, const akin_progress *progress); /* several times a second */
  /* An image that cannot be used, once a run: absolute path as bytes, the reason as one line. */
  void (*on_skipped)(void *context, const char *path, const char *reason);
  /* Something worth saying: a folder that cannot be read, a link into a loop. One line. */
  void (*on_note)(void *context, const char *line);
  int (*should_cancel)(void *context); /* not 0: stop soon, keep what is done; the status is AKIN_ERROR_CANCELLED */
  void *context;
} akin_ingest_options;

#define AKIN_INGEST_OPTIONS_VERSION 1u
#define AKIN_INGEST_OPTIONS_INIT                                                                                       \
  { AKIN_INGEST_OPTIONS_VERSION, 0u, 0, 0, AKIN_SEARCH_AUTO, AKIN_GRAPH_DEFAULT, NULL, NULL, NULL, NULL, NULL }

/*
 * Brings the store up to date with folders and files: new and changed images get features, deleted ones leave (only
 * under the given folders, and only where they could be read), renamed and copied ones cost no inference. Work is
 * committed every few seconds; a run that was killed goes on where it stopped.
 *   model: whose features. Open it with as many workers as there are jobs: with fewer, jobs wait for each other.
 *     A network with large dense layers, as VGG16's, whose first use is an ingest of many images is compiled for four
 *     at a time: embedding single ones with this handle is slower then; open another one for them
 *   paths: `count` of them, folders or files
 *   options: NULL for the defaults
 *   total: the last progress; may be NULL
 * Errors: NOT_FOUND (a path), BUSY, REFUSED (see prune), MISMATCH (the store has this model's name with another
 * fingerprint: says what differs), NO_SPACE, CANCELLED, IO, RUNTIME, MEMORY. A file that cannot be read is none: see
 * on_skipped.
 */
AKIN_API akin_status akin_store_ingest(akin_store *store, akin_model *model, const char *const *paths, size_t count,
                                       const akin_ingest_options *options, akin_progress *total, akin_error *err);

/*
 * How the store's features of a model were computed: sets layer, pooling, its power, preprocess and bf16 of *options,
 * so that the model opened with them gives features of the same kind, and leaves all else as it is.
 *   model: a name; NULL: the store's first
 *   layer: `layer_size` bytes that options->layer may point to from then on; 256 suffice
 * Errors: NOT_FOUND (an empty store, no such model in it), LIMIT (layer_size), FORMAT, IO, MEMORY.
 */
AKIN_API akin_status akin_store_model_options(akin_store *store, const char *model, akin_model_options *options,
                                              char *layer, size_t layer_size, akin_error *err);

/*
 * Takes images, or all images inside folders, out of the store; the files stay. Everything or nothing.
 *   paths: `count` of them
 *   removed: how many images; 0 on failure
 * Errors: NOT_FOUND (a path of which the store knows no image), BUSY, IO, NO_SPACE, MEMORY.
 */
AKIN_API akin_status akin_store_remove(akin_store *store, const char *const *paths, size_t count, uint64_t *removed,
                                       akin_error *err);

/*
 * Takes a model with its features out of the store; images and the imported model stay.
 *   removed: how many features; 0 on failure
 * Errors: USAGE (no name), NOT_FOUND (the store has no such model), BUSY, IO, NO_SPACE, MEMORY.
 */
AKIN_API akin_status akin_store_remove_model(akin_store *store, const char *model, uint64_t *removed, akin_error *err);

/* ---- asking ---- */

/*
 * What is compared. A score is always the cosine similarity of two vectors, -1 to 1; of which:
 *   COSINE    the features as the network gave them
 *   CENTRED   features less their mean in this store, brought to unit length again: what all images of a store have in
 *             common tells nothing of any
 *   REDUCED   the same, along the AKIN_REDUCED_DIM directions in which the store's features differ most
 *   WHITENED  the same, each direction divided by how much the features differ along it
 *   DEFAULT   CENTRED where the store has a mean of all the question's models, else COSINE. It has one when it holds
 *             AKIN_MEASURED_IMAGES different images or more
 * The mean comes from a sample of the store's own images; ingest and remove take it anew when more than a fifth of the
 * images came or left. docs/quality.md has what each is worth.
 */
typedef enum akin_scores {
  AKIN_SCORES_DEFAULT = 0,
  AKIN_SCORES_COSINE = 1,
  AKIN_SCORES_CENTRED = 2,
  AKIN_SCORES_REDUCED = 3,
  AKIN_SCORES_WHITENED = 4
} akin_scores;
#define AKIN_MEASURED_IMAGES 100
#define AKIN_REDUCED_DIM     128

/* "default", "cosine", "centred", "reduced", "whitened"; static. From name: 0 when there is none of that name. */
AKIN_API const char *akin_scores_name(akin_scores scores);
AKIN_API int akin_scores_from_name(akin_scores *out, const char *name);

/* One recommended image. */
typedef struct akin_hit {
  uint32_t rank;          /* offset + 1, offset + 2 … */
  float score;            /* cosine similarity to what was asked (see akin_query), -1 to 1 */
  const char *path;       /* absolute, bytes; borrowed from the hits */
  uint32_t width, height; /* pixels, upright */
  double percentile;      /* the share of the store's pairs of images that are less alike, 0 to 100, estimated from a
                             sample of pairs; negative: not known, see akin_scores */
} akin_hit;

/* The answer to a question: what was asked, and the images found, best first. It does not depend on the store, and what
 * is read from it is borrowed until it is freed. */
typedef struct akin_hits akin_hits;
AKIN_API void akin_hits_free(akin_hits *hits);                              /* NULL is fine */
AKIN_API const char *akin_hits_model(const akin_hits *hits);                /* the model's name; "a + b" of several */
AKIN_API size_t akin_hits_query_count(const akin_hits *hits);               /* the images of the question */
AKIN_API const char *akin_hits_query(const akin_hits *hits, size_t index);  /* absolute path; NULL past the end */
AKIN_API size_t akin_hits_count(const akin_hits *hits);                     /* at most k: a store may hold fewer */
AKIN_API const akin_hit *akin_hits_at(const akin_hits *hits, size_t index); /* NULL past the end */

/* How several images become one question. */
typedef enum akin_combine {
  AKIN_COMBINE_MEAN = 0, /* like all of them: the weighted mean of their features */
  AKIN_COMBINE_ANY = 1   /* like one of them at least: each asks for itself, and a hit has the best of its scores */
} akin_combine;

/*
 * What is asked. Start from AKIN_QUERY_INIT. Arrays and strings are borrowed for the call.
 *
 * The vector that stored features are compared with is, of unit length again after each step: the sum of the images'
 * features, each times its weight (AKIN_COMBINE_ANY: each image's own), less the mean of the negatives' features, each
 * times its weight. The score of a hit is the cosine similarity to it; with AKIN_COMBINE_ANY times weight / largest
 * weight, the best of all.
 */
typedef struct akin_query {
  uint32_t version;
  const char *model; /* name; NULL: the store's first */
  uint32_t k;        /* hits wanted, 1 or more; default 5 */
  int include_self;  /* 1: images with the content of a query image, or of a negative, may be hits */
  /* How the model is opened when a query image is not stored; NULL: defaults. Layer, pooling, preprocess and bf16 are
   * not taken from here: they are what the store's features were computed with. */
  const akin_model_options *model_options;

  /* These four belong to akin_store_like; akin_store_recommend refuses them (USAGE). */
  const float *weights; /* one for each image of the question, finite and above 0; NULL: all 1 */
  akin_combine combine;
  const char *const *negatives;  /* images that hits are not to be like, `negative_count` of them */
  const float *negative_weights; /* one for each negative, finite and above 0: 1 takes off as much as the images bring
                                    in; NULL: all AKIN_NEGATIVE_WEIGHT */
  size_t negative_count;

  const char *where; /* a filter: only images that it lets through are hits; docs/filters.md; NULL: all */
  float min_score;   /* no hit scores less; -1 to 1; default -1: all may be hits */
  /* 1: no hit is a near-duplicate of a query image, of a negative or of a hit before it: the same picture in another
   * size, quality or brightness, or cropped a little (akin/duplicates.h). Pictures whose features are close are read
   * for that. Pairs that were told apart stay. With include_self, hits may repeat query images. */
  int exclude_duplicates;
  uint32_t offset; /* so many of the best hits are left out, and the k after them given; default 0 */
  /*
   * 0: the best hits; up to 1: hits that are unlike each other (maximal marginal relevance): the next hit is the one
   * with the highest (1 - diverse) × score - diverse × its highest similarity to a hit before it. So scores need not
   * fall. Chosen from the AKIN_DIVERSE_CANDIDATES best, or from ten times as many as hits are asked for when that is
   * more.
   */
  float diverse;

  /* Approximate search is for up to 256 hits, the offset included, of one model with the default scores. For more, with
   * where, exclude_duplicates and diverse, and where it would give fewer hits than there are, every feature is looked
   * at. */
  akin_search search;

  akin_scores scores; /* what is compared; default AKIN_SCORES_DEFAULT */
  /* Several models joined: a score is the mean of what each of them gives, and an image is found when all have its
   * feature. NULL, 0: the one of `model`. */
  const char *const *models;
  size_t model_count;
} akin_query;

#define AKIN_QUERY_VERSION      1u
#define AKIN_NEGATIVE_WEIGHT    0.5f
#define AKIN_DIVERSE_CANDIDATES 1000u
#define AKIN_QUERY_INIT                                                                                                \
  {                                                                                                                    \
    AKIN_QUERY_VERSION, NULL, 5u, 0, NULL, NULL, AKIN_COMBINE_MEAN, NULL, NULL, 0u, NULL, -1.0f, 0, 0u, 0.0f,          \
        AKIN_SEARCH_AUTO, AKIN_SCORES_DEFAULT, NULL, 0u                                                                \
  }

/*
 * What was asked, as the hits know it: names and arrays are the hits' own, the paths of negatives are absolute, weights
 * and negative_weights are NULL where none were given. scores is what was compared, never AKIN_SCORES_DEFAULT. models
 * and model_options are NULL. Borrowed until the hits are freed.
 */
AKIN_API const akin_query *akin_hits_asked(const akin_hits *hits);

/*
 * The k images most like the given ones. An image that is stored and unchanged is not read again, and need not be there
 * any more; of any other the content is looked up, and if the store does not know it either it is embedded with the
 * model, which is opened when first needed and kept. Ties are ordered by path. All that is read from the store is of
 * one moment. Nothing of the query costs hits: there are k whenever the store has k that fulfil it.
 *   out: freed with akin_hits_free; NULL on failure
 *   images: `count` paths of files
 *   query: NULL for the defaults
 * Errors: USAGE (k of 0, no image, a weight, a number outside its range, a filter: says where, a model twice),
 * NOT_FOUND (an empty store; no such model in it; too few images for the scores asked for; a query file), FORMAT (an
 * image that cannot be read; images and negatives that cancel each other out), those of akin_model_open and
 * akin_model_embed_path, MISMATCH (the imported model is not the one the store's features are from), IO, MEMORY.
 */
AKIN_API akin_status akin_store_like(akin_store *store, akin_hits **out, const char *const *images, size_t count,
                                     const akin_query *query, akin_error *err);

/*
 * For each image its own best k.
 *   images: `count` paths of files, asked one after the other; count 0: every stored image, in order of path. All are
 *     then compared with all at once, on all cores, each pair once: 20 times as fast as one after the other, with the
 *     same answers. Memory besides the features: 150 bytes an image, and for the hits 16 bytes × k + 600 an image, at
 *     most 256 MB, beyond which images are asked in several parts
 *   query: NULL for the defaults
 *   visit: gets each answer, borrowed for the visit. One that does not return AKIN_OK ends it, and that is the result,
 *     with err as it was
 *   on_skipped: told of an image that cannot be read, while the rest goes on; may be NULL
 * Errors: those of akin_store_like, less what is told to on_skipped.
 */
typedef akin_status akin_hits_visit(void *context, const akin_hits *hits);
AKIN_API akin_status akin_store_recommend(akin_store *store, const char *const *images, size_t count,
                                          const akin_query *query, akin_hits_visit *visit,
                                          void (*on_skipped)(void *context, const char *path, const char *reason),
                                          void *context, akin_error *err);

/*
 * Every stored feature of a model, one row an image, in order of path. Memory: the features and the paths.
 *   model: a name; NULL: the store's first
 *   visit: path and feature, f32 [dim] of unit length, borrowed for the visit. One that does not return AKIN_OK ends
 *     it, and that is the result, with err as it was
 * Errors: NOT_FOUND (an empty store; no such model in it, or no image of it), FORMAT, IO, MEMORY.
 */
typedef akin_status akin_feature_row(void *context, const char *path, const float *feature, uint32_t dim);
AKIN_API akin_status akin_store_features(akin_store *store, const char *model, akin_feature_row *visit, void *context,
                                         akin_error *err);

/*
 * The n×n similarity matrix of a model's images, row by row, in order of path; computed on all cores. It is symmetric
 * to the bit, and exactly 1 where both images have the same content. Plain features are compared: a score is that of
 * akin_store_like with AKIN_SCORES_COSINE but for rounding, less than 0.00005 in theory and 0.000001 in practice.
 *   model: a name; NULL: the store's first
 *   begin: called once, first, with the n paths, borrowed until akin_store_matrix returns, and about how many seconds
 *     computing will take, without what `row` takes
 *   row: called n times; scores f32 [n], borrowed for the call
 * A begin or row that does not return AKIN_OK ends it, and that is the result, with err as it was.
 * Memory: the features, 150 bytes an image, and 64 MB or 12 rows.
 * Errors: those of akin_store_features; CANCELLED (see akin_store_watch).
 */
typedef akin_status akin_matrix_begin(void *context, const char *const *paths, size_t n, double seconds);
typedef akin_status akin_matrix_row(void *context, size_t row, const float *scores, size_t n);
AKIN_API akin_status akin_store_matrix(akin_store *store, const char *model, akin_matrix_begin *begin,
                                       akin_matrix_row *row, void *context, akin_error *err);

/* ---- what is in it ---- */

typedef struct akin_status_model {
  const char *name;
  const char *fingerprint;
  uint32_t dim;      /* floats in a feature */
  uint64_t features; /* one a content */
  /* Approximate search; graph_features is 0 where there is no graph. */
  uint64_t graph_features;
  const char *graph_vectors; /* "i8", "f16" or "f32"; NULL without a graph */
  uint32_t graph_sampled;    /* questions that recall was measured with */
  float graph_recall;        /* of the exact best 10, how many were found: 0 to 1 */
} akin_status_model;

typedef struct akin_status_root {
  const char *path;
  uint64_t images;
  int present; /* 1: the folder can be read now */
} akin_status_root;

/* What is in a store; strings and arrays are owned by the summary. */
typedef struct akin_summary {
  const char *folder;                   /* absolute */
  uint64_t images;                      /* readable ones */
  uint64_t unreadable;                  /* files that are remembered as such */
  uint64_t contents;                    /* different ones among the images */
  uint64_t database_bytes, cache_bytes; /* on disk; a cache is only made from the database */
  const akin_status_model *models;
  size_t model_count;
  const akin_status_root *roots;
  size_t root_count;
} akin_summary;
/* out: freed with akin_summary_free, and does not depend on the store; NULL on failure. Errors: NOT_FOUND (no store),
 * FORMAT, IO, MEMORY. */
AKIN_API akin_status akin_store_summary(akin_store *store, const akin_summary **out, akin_error *err);
AKIN_API void akin_summary_free(const akin_summary *summary); /* NULL is fine */

/* The images that cannot be read, in order of path, with the reason, both borrowed for the visit. A visit that does not
 * return AKIN_OK ends it, and that is the result, with err as it was. Errors: as above. */
AKIN_API akin_status akin_store_unreadable(akin_store *store,
                                           akin_status (*visit)(void *context, const char *path, const char *reason),
                                           void *context, akin_error *err);

/*
 * Is everything sound: database, features, caches? A damaged cache is made again and reported.
 *   report: told of each fault, one line, borrowed for the call
 *   faults: how many were told
 * AKIN_OK when the check itself could be made, whatever it found. Errors: as above.
 */
AKIN_API akin_status akin_store_verify(akin_store *store, void (*report)(void *context, const char *line),
                                       void *context, uint64_t *faults, akin_error *err);

#ifdef __cplusplus
}
#endif
#endif
