/*
 * map_page.c - the heat map's page: the map as a picture, folders at its sides, a legend, and beside it the pair that a
 * small script reads from the scores in the page. Those are 16 bits each, of the upper triangle. The policy lets this
 * script run, by its hash, and no other.
 */
#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/map.h"
#include "base/memory.h"
#include "base/path.h"
#include "report/map.h"
#include "report/output.h"
#include "report/page_html.h"

#include <math.h>
#include <string.h>

#define PAGE_LABEL 0.018 /* of the map's side: a folder with less gets no name at the side */

/* ---- the scores ---- */

/* Little-endian, 0: the lowest score, 65535: the highest. */
static akin_status page_scores(akin_sink *out, const akin_map *map, float low, float high, akin_error *err) {
  const size_t side = map->side, bytes = side * (side + 1);
  uint8_t *packed = akin_alloc(bytes);
  size_t at = 0;
  if (!packed) return akin_fail_memory(err, bytes);
  for (size_t i = 0; i < side; i++) {
    for (size_t j = i; j < side; j++) {
      const double share = ((double)map->scores[i * side + j] - low) / ((double)high - low);
      const unsigned value = (unsigned)lround(65535 * (share > 1 ? 1 : share > 0 ? share : 0));
      packed[at++] = (uint8_t)(value & 0xFF);
      packed[at++] = (uint8_t)(value >> 8);
    }
  }
  akin_sink_base64(out, packed, bytes);
  akin_free(packed);
  return AKIN_OK;
}

/* All scores, also those that the colours leave out. */
static void page_extremes(const akin_map *map, float *low, float *high) {
  *low = *high = map->scores[0];
  for (size_t i = 0; i < map->side * map->side; i++) {
    *low = fminf(*low, map->scores[i]);
    *high = fmaxf(*high, map->scores[i]);
  }
  if (!(*high > *low)) *low = *high - 1;
}

/* ["URL of the first image", how many], … */
static akin_status page_cells(akin_sink *out, const akin_map *map, const char *base, akin_error *err) {
  for (size_t field = 0; field < map->side; field++) {
    const size_t first = akin_map_first(map, field);
    char *link = akin_path_relative(map->paths[first], base);
    if (!link) return akin_fail_memory(err, strlen(map->paths[first]) + strlen(base));
    akin_sink_text(out, field ? ",\n[\"" : "[\"");
    akin_sink_url(out, link); /* has nothing that JSON or HTML would have to escape */
    akin_sink_printf(out, "\",%zu]", akin_map_first(map, field + 1) - first);
    akin_free(link);
  }
  return AKIN_OK;
}

static akin_status page_data(akin_sink *out, const akin_map *map, const char *base, akin_error *err) {
  float low, high;
  page_extremes(map, &low, &high);
  akin_sink_printf(out, "<script type=\"application/json\" id=\"cells\">{\"side\":%zu,\"low\":", map->side);
  akin_sink_float(out, low);
  akin_sink_text(out, ",\"high\":");
  akin_sink_float(out, high);
  akin_sink_text(out, ",\"scores\":\"");
  akin_status status = page_scores(out, map, low, high, err);
  akin_sink_text(out, "\",\"cells\":[");
  if (!status) status = page_cells(out, map, base, err);
  akin_sink_text(out, "]}</script>\n");
  return status;
}

/* ---- folders at the sides ---- */

/* The folder's own name, or all of its path when it has none. */
static void page_label(akin_sink *out, const char *image, const char *edge, double from, double size) {
  char *folder = akin_path_folder(image);
  const char *name = folder ? akin_path_name(folder) : "";
  if (!folder) out->status = AKIN_ERROR_MEMORY;
  akin_sink_text(out, strcmp(edge, "top") == 0 ? "<span style=\"top:" : "<span style=\"left:");
  akin_sink_number(out, 100 * from, 3);
  akin_sink_text(out, strcmp(edge, "top") == 0 ? "%;height:" : "%;width:");
  akin_sink_number(out, 100 * size, 3);
  akin_sink_text(out, "%\" title=\"");
  akin_sink_html(out, folder ? folder : "");
  akin_sink_text(out, "\">");
  akin_sink_html(out, name[0] ? name : folder ? folder : "");
  akin_sink_text(out, "</span>\n");
  akin_free(folder);
}

/* edge: "top": one below the other, "left": side by side */
static void page_axis(akin_sink *out, const akin_map *map, const char *edge) {
  const double count = (double)map->count;
  size_t first = 0;
  for (size_t i = 1; i <= map->count; i++) {
    if (i < map->count && !akin_map_begins_folder(map, i)) continue;
    const double from = (double)first / count, size = (double)(i - first) / count;
    if (size >= PAGE_LABEL) page_label(out, map->paths[first], edge, from, size);
    first = i;
  }
}

/* ---- the page ---- */

static void page_map(akin_sink *out, const akin_map *map, const akin_buffer *png) {
  const bool folders = map->order == AKIN_MAP_BY_FOLDER;
  akin_sink_text(out, "<div class=\"map\">\n");
  if (folders) {
    akin_sink_text(out, "<div class=\"axis above\" aria-hidden=\"true\">\n");
    page_axis(out, map, "left");
    akin_sink_text(out, "</div>\n<div class=\"axis left\">\n");
    page_axis(out, map, "top");
    akin_sink_text(out, "</div>\n");
  }
  akin_sink_text(out, "<div class=\"field\" tabindex=\"0\" role=\"application\" "
                      "aria-label=\"Map of pairs: the arrow keys go from pair to pair\">\n"
                      "<img alt=\"How alike each two images are\" src=\"data:image/png;base64,");
  akin_sink_base64(out, png->data, png->size);
  akin_sink_text(out, "\">\n<i class=\"v\"></i><i class=\"h\"></i></div>\n</div>\n");
}

static void page_legend(akin_sink *out, const akin_map *map) {
  float low, high;
  akin_map_range(map, &low, &high);
  akin_sink_text(out, "<div class=\"legend\"><span>");
  akin_sink_number(out, (double)low, 2);
  akin_sink_text(out, "</span><span class=\"ramp\" style=\"background:linear-gradient(90deg,");
  akin_sink_text(out, akin_map_ramp);
  akin_sink_text(out, ")\" role=\"img\" aria-label=\"Colours from low to high scores\"></span><span>");
  akin_sink_number(out, (double)high, 2);
  akin_sink_text(out, "</span></div>\n");
}

static void page_side(akin_sink *out, const akin_map *map) {
  static const char card[] = "<figure><a class=\"frame\"><img alt=\"\" hidden></a><figcaption><span class=\"line\">"
                             "<span class=\"tag\">%s</span></span><bdi class=\"name\"></bdi></figcaption></figure>\n";
  akin_sink_text(out, "<div class=\"side\">\n");
  page_legend(out, map);
  akin_sink_text(out, "<div class=\"pair\">\n<p id=\"said\" aria-live=\"polite\"></p>\n");
  akin_sink_printf(out, card, "Row");
  akin_sink_printf(out, card, "Column");
  akin_sink_text(out, "<p id=\"hint\">Without script the map cannot tell which pair is where.</p>\n</div>\n</div>\n");
}

/* "'sha256-…'" */
static akin_status page_policy(akin_sink *out, akin_error *err) {
  akin_hash hash;
  akin_status status = akin_hash_bytes(&hash, akin_map_script, strlen(akin_map_script), err);
  if (status) return status;
  akin_sink_text(out, "'sha256-");
  akin_sink_base64(out, hash.bytes, sizeof hash.bytes);
  akin_sink_text(out, "'");
  return akin_sink_check(out, err);
}

static void page_subtitle(akin_sink *out, const akin_map *map) {
  akin_sink_printf(out, "%zu images, model ", map->count);
  akin_sink_text(out, map->model);
  akin_sink_text(out, map->order == AKIN_MAP_BY_FOLDER ? ", in order of folder and name" : ", alike ones side by side");
  if (map->side < map->count)
    akin_sink_printf(out, ". Averaged: each of the %zu × %zu fields is the mean of about %.0f pairs", map->side,
                     map->side, pow((double)map->count / (double)map->side, 2));
}

static akin_status page_compose(akin_sink *out, const akin_map *map, const char *title, const char *base,
                                const akin_buffer *png, akin_error *err) {
  akin_sink subtitle = AKIN_SINK_INIT(4096), policy = AKIN_SINK_INIT(256);
  page_subtitle(&subtitle, map);
  akin_status status = page_policy(&policy, err);
  if (!status) status = akin_sink_check(&subtitle, err);
  if (!status) {
    const akin_page_frame frame = {.title = title,
                                   .model = map->model,
                                   .noun = "map",
                                   .number = 1,
                                   .pages = 1,
                                   .last = true,
                                   .subtitle = subtitle.buffer.data,
                                   .style = akin_map_style,
                                   .script = policy.buffer.data};
    akin_page_html_head(out, &frame);
    akin_sink_text(out, "<div class=\"look\">\n");
    page_map(out, map, png);
    page_side(out, map);
    akin_sink_text(out, "</div>\n");
    status = page_data(out, map, base, err);
    akin_sink_text(out, "<script>");
    akin_sink_text(out, akin_map_script);
    akin_sink_text(out, "</script>\n");
    akin_page_html_foot(out, &frame);
  }
  akin_sink_free(&policy);
  akin_sink_free(&subtitle);
  return status ? status : akin_sink_check(out, err);
}

akin_status akin_map_write_page(const char *path, const akin_map *map, const char *title, const akin_buffer *png,
                                akin_error *err) {
  akin_sink page = AKIN_SINK_INIT(AKIN_SINK_CEILING);
  char *real = NULL, *base = NULL;
  akin_status status = akin_output_resolve(&real, path, err);
  if (!status && !(base = akin_path_folder(real))) status = akin_fail_memory(err, strlen(real) + 1);
  if (!status) status = page_compose(&page, map, title, base, png, err);
  if (!status) status = akin_file_replace(real, page.buffer.data, page.buffer.size, err);
  akin_sink_free(&page);
  akin_free(base);
  akin_free(real);
  return status;
}
