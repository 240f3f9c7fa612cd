/*
 * akin/map.h - the heat map of a store: how alike all its images are, as one picture of a bounded size. Each field of
 * the map is the mean score of the images in its row with those in its column, which are one each as long as there are
 * no more images than fields.
 *
 * Thread safety: a map does not depend on its store and never changes; any number of threads may read it.
 */
#ifndef AKIN_MAP_H
#define AKIN_MAP_H

#include <akin/status.h>
#include <akin/store.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum akin_map_order {
  AKIN_MAP_BY_FOLDER = 0,  /* by path: the images of a folder are side by side */
  AKIN_MAP_BY_LIKENESS = 1 /* images that are alike are side by side: bisected again and again into two clusters */
} akin_map_order;

typedef struct akin_map_options {
  uint32_t version;
  const char *model; /* name; NULL: the store's first. Borrowed for the call */
  akin_map_order order;
  uint32_t side; /* fields in a row at most, 16 to AKIN_MAP_SIDE */
} akin_map_options;

#define AKIN_MAP_SIDE            4096u
#define AKIN_MAP_OPTIONS_VERSION 1u
#define AKIN_MAP_OPTIONS_INIT                                                                                          \
  { AKIN_MAP_OPTIONS_VERSION, NULL, AKIN_MAP_BY_FOLDER, 1000u }

typedef struct akin_map akin_map;

/*
 * Computes the map. Because the mean of the scores of many pairs is the product of two mean features, this takes time
 * and memory in proportion to the images and to the fields, not to the pairs: the features, 150 bytes an image, and for
 * each field of a row one feature.
 *   out: freed with akin_map_free; NULL on failure
 *   options: NULL for the defaults
 * Errors: USAGE (side, order), NOT_FOUND (an empty store; no such model in it, or no image of it), CANCELLED (see
 * akin_store_watch), FORMAT, IO, MEMORY.
 */
AKIN_API akin_status akin_store_map(akin_store *store, akin_map **out, const akin_map_options *options,
                                    akin_error *err);
AKIN_API void akin_map_free(akin_map *map); /* NULL is fine */

AKIN_API const char *akin_map_model(const akin_map *map); /* borrowed, as all below, until the map is freed */
AKIN_API size_t akin_map_images(const akin_map *map);
/* In the map's order; NULL past the end. Absolute, bytes. */
AKIN_API const char *akin_map_image(const akin_map *map, size_t index);
AKIN_API size_t akin_map_side(const akin_map *map); /* fields in a row and in a column: at most as many as images */
/* The first image of a row or column of fields; that of `side` is the number of images. */
AKIN_API size_t akin_map_first(const akin_map *map, size_t field);
/* f32 [side, side], symmetric to the bit; exactly 1 for an image with itself. */
AKIN_API const float *akin_map_scores(const akin_map *map);

/* The colours run from the lowest score to the highest one, but for a few that lie far out: 1 in 200 on either side.
 * The pairs of an image with itself do not count. */
AKIN_API void akin_map_range(const akin_map *map, float *lowest, float *highest);

/* Writes a PNG: the map, small ones enlarged, with a legend, and with marks at its left and top where a folder begins.
 */
AKIN_API akin_status akin_map_png(FILE *out, const akin_map *map, akin_error *err);

/*
 * Writes a page with the map that names the two images under the pointer, shows them, and says their score; folders
 * stand at its sides. One file that needs no network; the images are not in it, but shown from where they are. Without
 * script the map and its legend remain. Nothing is at path until AKIN_OK.
 *   title: shown at the top
 * Errors: NOT_FOUND (the folder of path), USAGE (path is no file), NO_SPACE, IO, MEMORY.
 */
AKIN_API akin_status akin_map_page(const char *path, const akin_map *map, const char *title, akin_error *err);

#ifdef __cplusplus
}
#endif
#endif
