/* map.c - see map.h. */
#include "base/map.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>

#define MAP_SAMPLE  65536 /* scores that the range is told from, at most about */
#define MAP_OUTSIDE 200   /* one in so many lies outside of the range, on either side */

void akin_map_free(akin_map *map) {
  if (!map) return;
  for (size_t i = 0; map->paths && i < map->count; i++)
    akin_free(map->paths[i]);
  akin_free(map->paths);
  akin_free(map->scores);
  akin_free(map->model);
  akin_free(map);
}

const char *akin_map_model(const akin_map *map) {
  return map->model;
}

size_t akin_map_images(const akin_map *map) {
  return map->count;
}

const char *akin_map_image(const akin_map *map, size_t index) {
  return index < map->count ? map->paths[index] : NULL;
}

size_t akin_map_side(const akin_map *map) {
  return map->side;
}

size_t akin_map_first(const akin_map *map, size_t field) {
  const size_t whole = map->count / map->side, rest = map->count % map->side;
  return field * whole + field * rest / map->side; /* field * count / side, without overflow */
}

const float *akin_map_scores(const akin_map *map) {
  return map->scores;
}

static int map_order(const void *left, const void *right) {
  const float a = *(const float *)left, b = *(const float *)right;
  return (a > b) - (a < b);
}

/* Scores above the diagonal, every so manyth. */
static size_t map_sample(const akin_map *map, float *sample) {
  const size_t pairs = map->side * (map->side - 1) / 2, step = pairs / MAP_SAMPLE + 1;
  size_t count = 0, pair = 0;
  for (size_t i = 0; i < map->side; i++)
    for (size_t j = i + 1; j < map->side; j++)
      if (pair++ % step == 0) sample[count++] = map->scores[i * map->side + j];
  return count;
}

void akin_map_range(const akin_map *map, float *lowest, float *highest) {
  float *sample = akin_calloc(MAP_SAMPLE + 1, sizeof *sample);
  const size_t count = sample ? map_sample(map, sample) : 0;
  *lowest = 0;
  *highest = 1;
  if (count > 0) {
    qsort(sample, count, sizeof *sample, map_order);
    *lowest = sample[count / MAP_OUTSIDE];
    *highest = sample[count - 1 - count / MAP_OUTSIDE];
  }
  akin_free(sample);
  if (!(*highest - *lowest >= 0.01f)) { /* nearly all the same: still a range that can be read */
    const float middle = (*highest + *lowest) / 2;
    *lowest = middle - 0.005f;
    *highest = middle + 0.005f;
  }
}
