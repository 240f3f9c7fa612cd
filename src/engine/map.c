/*
 * map.c - the heat map: images in order, a mean feature for each field of a row, all products of those. The report
 * draws, the image room makes PNG of it.
 */
#include "base/map.h"
#include "base/error.h"
#include "base/memory.h"
#include "engine/likeness.h"
#include "engine/table.h"
#include "image/image.h"
#include "report/map.h"
#include "report/sink.h"
#include "search/tiles.h"

#include <string.h>

#define MAP_BAND 240 /* rows at a time */

/* ---- computing ---- */

/* Images in the map's order, those of one content side by side when it goes by likeness. */
static akin_status map_order(uint32_t *order, const akin_table *table, size_t dim, akin_map_order by, akin_error *err) {
  size_t count = 0;
  if (by == AKIN_MAP_BY_FOLDER) {
    for (; count < table->count; count++)
      order[count] = (uint32_t)count;
    return AKIN_OK;
  }
  uint32_t *contents = akin_calloc(table->content_count, sizeof *contents);
  if (!contents) return akin_fail_memory(err, table->content_count * sizeof *contents);
  akin_status status = akin_order_by_likeness(contents, table->features, table->content_count, dim, err);
  for (size_t i = 0; !status && i < table->content_count; i++)
    for (uint32_t image = table->firsts[contents[i]]; image != AKIN_TABLE_NONE; image = table->images[image].next)
      order[count++] = image;
  akin_free(contents);
  return status;
}

/* means: f32 [side, dim], of the features of each row of fields */
static void map_means(float *means, const akin_map *map, const akin_table *table, const uint32_t *order, size_t dim) {
  for (size_t field = 0; field < map->side; field++) {
    const size_t first = akin_map_first(map, field), end = akin_map_first(map, field + 1);
    float *mean = means + field * dim;
    for (size_t i = first; i < end; i++) {
      const float *feature = table->features[table->images[order[i]].content];
      for (size_t j = 0; j < dim; j++)
        mean[j] += feature[j] / (float)(end - first);
    }
  }
}

/* From a band, whose rows and columns are rounded up, into the map. */
static void map_take(akin_map *map, const float *band, size_t stride, size_t first, size_t rows) {
  for (size_t i = 0; i < rows; i++)
    for (size_t j = 0; j < map->side; j++) {
      const float score = band[i * stride + j];
      map->scores[(first + i) * map->side + j] = score > 1 ? 1 : score < -1 ? -1 : score;
    }
}

static akin_status map_products(akin_map *map, const float *means, size_t dim, const akin_store *store,
                                akin_error *err) {
  const size_t side = map->side, stride = akin_tile_round(side, AKIN_TILE_COLUMNS);
  const float **rows = akin_calloc(side, sizeof *rows);
  float *band = akin_alloc_aligned(64, MAP_BAND * stride * sizeof *band);
  float *scratch = akin_alloc_aligned(64, akin_tile_scratch(MAP_BAND) * sizeof *scratch);
  akin_status status = rows && band && scratch ? AKIN_OK : akin_fail_memory(err, MAP_BAND * stride * sizeof *band);
  for (size_t i = 0; !status && i < side; i++)
    rows[i] = means + i * dim;
  for (size_t first = 0; !status && first < side; first += MAP_BAND) {
    const size_t count = side - first < MAP_BAND ? side - first : MAP_BAND;
    akin_tile_products(band, stride, rows + first, count, rows, side, dim, scratch);
    map_take(map, band, stride, first, count);
    if (akin_store_follow(store, (double)(first + count) / (double)side))
      status = akin_fail(err, AKIN_ERROR_CANCELLED, "stopped at row %zu of %zu", first, side);
  }
  akin_free(scratch);
  akin_free(band);
  akin_free(rows);
  return status;
}

/* Fields of one image each: of the same content, exactly 1. */
static void map_ones(akin_map *map, const akin_table *table, const uint32_t *order) {
  if (map->side < map->count) return;
  for (size_t i = 0; i < map->side; i++) {
    map->scores[i * map->side + i] = 1.0f;
    for (size_t j = i + 1; j < map->side; j++)
      if (table->images[order[i]].content == table->images[order[j]].content)
        map->scores[i * map->side + j] = map->scores[j * map->side + i] = 1.0f;
  }
}

/* The paths move from the table to the map. */
static void map_take_paths(akin_map *map, akin_table *table, const uint32_t *order) {
  for (size_t i = 0; i < map->count; i++) {
    map->paths[i] = table->paths[order[i]];
    table->paths[order[i]] = NULL;
  }
}

static akin_status map_fill(akin_map *map, akin_store *store, const akin_map_options *options, akin_table *table,
                            size_t dim, akin_error *err) {
  uint32_t *order = akin_calloc(table->count, sizeof *order);
  map->count = table->count;
  map->side = table->count < options->side ? table->count : options->side;
  map->order = options->order;
  map->paths = akin_calloc(map->count, sizeof *map->paths);
  map->scores = akin_calloc(map->side, map->side * sizeof *map->scores);
  float *means = akin_calloc(map->side, dim * sizeof *means);
  akin_status status = order && map->paths && map->scores && means ? AKIN_OK : akin_fail_memory(err, map->side * dim);
  if (!status) status = map_order(order, table, dim, options->order, err);
  if (!status) {
    map_means(means, map, table, order, dim);
    status = map_products(map, means, dim, store, err);
  }
  if (!status) {
    map_ones(map, table, order);
    map_take_paths(map, table, order);
  }
  akin_free(means);
  akin_free(order);
  return status;
}

static akin_status map_check(const akin_map_options *options, akin_error *err) {
  if (options->version != AKIN_MAP_OPTIONS_VERSION)
    return akin_fail(err, AKIN_ERROR_USAGE, "options of version %u, this library knows version %u", options->version,
                     AKIN_MAP_OPTIONS_VERSION);
  if (options->side < 16 || options->side > AKIN_MAP_SIDE)
    return akin_fail(err, AKIN_ERROR_USAGE, "a map of %u fields a row: 16 to %u are possible", options->side,
                     AKIN_MAP_SIDE);
  if (options->order != AKIN_MAP_BY_FOLDER && options->order != AKIN_MAP_BY_LIKENESS)
    return akin_fail(err, AKIN_ERROR_USAGE, "a map has no order number %d", (int)options->order);
  return AKIN_OK;
}

akin_status akin_store_map(akin_store *store, akin_map **out, const akin_map_options *options, akin_error *err) {
  static const akin_map_options defaults = AKIN_MAP_OPTIONS_INIT;
  akin_table table = {0};
  akin_stored_model *model = NULL;
  *out = NULL;
  options = options ? options : &defaults;
  akin_map *map = akin_calloc(1, sizeof *map);
  akin_status status = map ? map_check(options, err) : akin_fail_memory(err, sizeof *map);
  if (!status) status = akin_table_of_model(&table, &model, store, options->model, err);
  if (!status && !(map->model = akin_strdup(model->name))) status = akin_fail_memory(err, strlen(model->name));
  if (!status) status = map_fill(map, store, options, &table, model->dim, err);
  akin_stored_models_free(model, model ? 1 : 0);
  akin_table_free(&table);
  if (status) {
    akin_map_free(map);
    return status;
  }
  *out = map;
  return AKIN_OK;
}

/* ---- showing ---- */

static akin_status map_encode(akin_buffer *png, const akin_map_picture *picture, akin_error *err) {
  const akin_indexed indexed = {picture->pixels, picture->width, picture->height, picture->colours,
                                AKIN_MAP_PICTURE_COLOURS};
  return akin_image_encode_png(png, &indexed, err);
}

akin_status akin_map_png(FILE *out, const akin_map *map, akin_error *err) {
  akin_map_picture picture = {0};
  akin_sink png = AKIN_SINK_INIT(AKIN_SINK_CEILING);
  akin_status status = akin_map_draw(&picture, map, true, err);
  if (!status) status = map_encode(&png.buffer, &picture, err);
  if (!status) status = akin_sink_write(out, png.buffer.data, png.buffer.size, err);
  akin_sink_free(&png);
  akin_map_picture_free(&picture);
  return status;
}

akin_status akin_map_page(const char *path, const akin_map *map, const char *title, akin_error *err) {
  akin_map_picture picture = {0};
  akin_buffer png = AKIN_BUFFER_INIT(0);
  akin_status status = akin_map_draw(&picture, map, false, err);
  if (!status) status = map_encode(&png, &picture, err);
  if (!status) status = akin_map_write_page(path, map, title, &png, err);
  akin_buffer_free(&png);
  akin_map_picture_free(&picture);
  return status;
}
