/*
 * map_draw.c - the heat map as pixels. The colours grow lighter all the way from low to high scores, so that the map
 * can be read without telling hues apart, and in print.
 *
 *        ┌── marks: where folders begin
 *      ┌┴───────────────┐
 *      ┤                │ ▒ 0.87
 *      │      map       │ ▒
 *      ┤                │ ▒ 0.12
 *      └────────────────┘
 */
#include "report/map.h"

#include "base/error.h"
#include "base/map.h"
#include "base/memory.h"
#include "base/path.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const char akin_map_ramp[] = "#0d0b2c,#2a2a7c,#2c5f93,#2f8f8a,#62b574,#bfd45c,#fff3b8";
#define DRAW_STOPS 7

enum { DRAW_PAPER = AKIN_MAP_SCORE_COLOURS, DRAW_INK, DRAW_SOFT };

#define DRAW_LEAST  600 /* pixels that a framed map is wide at least */
#define DRAW_MARGIN 24
#define DRAW_MARK   8   /* length of a mark */
#define DRAW_BAR    20  /* width of the legend's bar */
#define DRAW_LEGEND 110 /* all of its width */
#define DRAW_TICKS  5
#define DRAW_ZOOM   2 /* pixels of a dot of a digit */

/* ---- colours ---- */

static unsigned draw_hex(const char *text) {
  unsigned value = 0;
  for (int i = 0; i < 2; i++)
    value = value * 16 + (unsigned)(text[i] <= '9' ? text[i] - '0' : text[i] - 'a' + 10);
  return value;
}

static void draw_colours(uint8_t colours[AKIN_MAP_PICTURE_COLOURS][3]) {
  static const uint8_t frame[AKIN_MAP_PICTURE_COLOURS - AKIN_MAP_SCORE_COLOURS][3] = {
      {255, 255, 255}, {29, 31, 35}, {120, 126, 135}};
  for (size_t i = 0; i < AKIN_MAP_SCORE_COLOURS; i++) {
    const double at = (double)i / (AKIN_MAP_SCORE_COLOURS - 1) * (DRAW_STOPS - 1);
    const size_t stop = at < DRAW_STOPS - 1 ? (size_t)at : DRAW_STOPS - 2;
    for (size_t c = 0; c < 3; c++) {
      const double from = draw_hex(akin_map_ramp + 8 * stop + 1 + 2 * c);
      const double to = draw_hex(akin_map_ramp + 8 * (stop + 1) + 1 + 2 * c);
      colours[i][c] = (uint8_t)lround(from + (at - (double)stop) * (to - from));
    }
  }
  memcpy(colours[AKIN_MAP_SCORE_COLOURS], frame, sizeof frame);
}

static uint8_t draw_colour(float score, float low, float high) {
  const double share = ((double)score - low) / ((double)high - low);
  const double clamped = share > 1 ? 1 : share > 0 ? share : 0;
  return (uint8_t)lround(clamped * (AKIN_MAP_SCORE_COLOURS - 1));
}

/* ---- pixels ---- */

/* What leaves the picture is cut off. */
static void draw_box(akin_map_picture *p, size_t x, size_t y, size_t width, size_t height, uint8_t colour) {
  for (size_t row = y; row < y + height && row < p->height; row++)
    for (size_t column = x; column < x + width && column < p->width; column++)
      p->pixels[row * p->width + column] = colour;
}

/* Digits of 3 × 5 dots, three bits a row from the top. */
static void draw_number(akin_map_picture *p, size_t x, size_t y, const char *text) {
  static const char known[] = "0123456789.-";
  static const uint16_t dots[] = {075557, 026227, 071747, 071717, 055711, 074717,
                                  074757, 071122, 075757, 075717, 000002, 000700};
  for (; *text; text++, x += 4 * DRAW_ZOOM) {
    const char *found = strchr(known, *text);
    for (unsigned dot = 0; found && dot < 15; dot++)
      if (dots[found - known] >> (14 - dot) & 1)
        draw_box(p, x + dot % 3 * DRAW_ZOOM, y + dot / 3 * DRAW_ZOOM, DRAW_ZOOM, DRAW_ZOOM, DRAW_INK);
  }
}

static void draw_fields(akin_map_picture *p, const akin_map *map, size_t at, size_t zoom, float low, float high) {
  const size_t side = akin_map_side(map);
  const float *scores = akin_map_scores(map);
  for (size_t i = 0; i < side; i++)
    for (size_t j = 0; j < side; j++)
      draw_box(p, at + j * zoom, at + i * zoom, zoom, zoom, draw_colour(scores[i * side + j], low, high));
}

/* ---- the frame ---- */

bool akin_map_begins_folder(const akin_map *map, size_t image) {
  const char *here = akin_map_image(map, image), *before = image > 0 ? akin_map_image(map, image - 1) : NULL;
  const size_t length = (size_t)(akin_path_name(here) - here);
  return !before || (size_t)(akin_path_name(before) - before) != length || memcmp(here, before, length) != 0;
}

static void draw_marks(akin_map_picture *p, const akin_map *map, size_t zoom) {
  for (size_t field = 0; field < akin_map_side(map); field++) {
    bool begins = false;
    for (size_t i = akin_map_first(map, field); i < akin_map_first(map, field + 1); i++)
      begins = begins || akin_map_begins_folder(map, i);
    if (!begins) continue;
    draw_box(p, DRAW_MARGIN - DRAW_MARK - 2, DRAW_MARGIN + field * zoom, DRAW_MARK, 1, DRAW_SOFT);
    draw_box(p, DRAW_MARGIN + field * zoom, DRAW_MARGIN - DRAW_MARK - 2, 1, DRAW_MARK, DRAW_SOFT);
  }
}

static void draw_legend(akin_map_picture *p, size_t map_width, float low, float high) {
  const size_t x = DRAW_MARGIN + map_width + DRAW_MARGIN;
  for (size_t y = 0; y < map_width; y++) {
    const float share = 1 - (float)y / (float)(map_width - 1);
    draw_box(p, x, DRAW_MARGIN + y, DRAW_BAR, 1, draw_colour(low + share * (high - low), low, high));
  }
  for (size_t tick = 0; tick < DRAW_TICKS; tick++) {
    char text[16];
    const size_t y = DRAW_MARGIN + tick * (map_width - 1) / (DRAW_TICKS - 1);
    const double score = (double)high - (double)tick * ((double)high - low) / (DRAW_TICKS - 1);
    const int hundredths = (int)lround(100 * fabs(score)); /* a printed double would follow the locale */
    snprintf(text, sizeof text, "%s%d.%02d", score < 0 && hundredths > 0 ? "-" : "", hundredths / 100,
             hundredths % 100);
    draw_box(p, x + DRAW_BAR, y, DRAW_MARK, 1, DRAW_SOFT);
    draw_number(p, x + DRAW_BAR + DRAW_MARK + 4, y - 5 * DRAW_ZOOM / 2, text);
  }
}

/* ---- the whole ---- */

static akin_status draw_paper(akin_map_picture *p, size_t width, size_t height, akin_error *err) {
  p->width = (uint32_t)width;
  p->height = (uint32_t)height;
  p->pixels = akin_alloc(width * height);
  if (!p->pixels) return akin_fail_memory(err, width * height);
  memset(p->pixels, DRAW_PAPER, width * height);
  draw_colours(p->colours);
  return AKIN_OK;
}

akin_status akin_map_draw(akin_map_picture *out, const akin_map *map, bool framed, akin_error *err) {
  const size_t side = akin_map_side(map), zoom = framed && side < DRAW_LEAST ? (DRAW_LEAST + side - 1) / side : 1;
  const size_t width = side * zoom;
  float low, high;
  *out = (akin_map_picture){0};
  akin_map_range(map, &low, &high);
  akin_status status = framed ? draw_paper(out, width + 2 * DRAW_MARGIN + DRAW_LEGEND, width + 2 * DRAW_MARGIN, err)
                              : draw_paper(out, width, width, err);
  if (status) return status;
  draw_fields(out, map, framed ? DRAW_MARGIN : 0, zoom, low, high);
  if (!framed) return AKIN_OK;
  if (map->order == AKIN_MAP_BY_FOLDER) draw_marks(out, map, zoom);
  draw_legend(out, width, low, high);
  return AKIN_OK;
}

void akin_map_picture_free(akin_map_picture *picture) {
  akin_free(picture->pixels);
  picture->pixels = NULL;
}
