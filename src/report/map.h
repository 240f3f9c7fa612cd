/* map.h - the heat map as pixels and as a page; the engine brings the PNG in between. */
#ifndef AKIN_REPORT_MAP_H
#define AKIN_REPORT_MAP_H

#include "base/buffer.h"

#include <akin/map.h>
#include <stdbool.h>

/* Colours of a picture: those of scores first, from low to high, then those of a frame. */
#define AKIN_MAP_SCORE_COLOURS   240
#define AKIN_MAP_PICTURE_COLOURS 243

typedef struct akin_map_picture {
  uint8_t *pixels; /* [height, width], numbers of colours */
  uint32_t width, height;
  uint8_t colours[AKIN_MAP_PICTURE_COLOURS][3];
} akin_map_picture;

/* framed: enlarged, with a legend and marks, to be seen on its own; else one pixel a field. Freed in any case. */
akin_status akin_map_draw(akin_map_picture *out, const akin_map *map, bool framed, akin_error *err);
void akin_map_picture_free(akin_map_picture *picture);

/* The points that the colours of scores run through, as CSS writes colours; "#rrggbb,#rrggbb…". */
extern const char akin_map_ramp[];

/* Where a folder begins: the image there is not in the folder of the one before. */
bool akin_map_begins_folder(const akin_map *map, size_t image);

/* png: the map, one pixel a field. See akin_map_page. */
akin_status akin_map_write_page(const char *path, const akin_map *map, const char *title, const akin_buffer *png,
                                akin_error *err);

/* The page's style sheet and script; map_script.c. */
extern const char akin_map_style[], akin_map_script[];

#endif
