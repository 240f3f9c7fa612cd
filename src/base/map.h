/* map.h - what an akin_map (akin/map.h) is made of. Engine fills it, report draws it. */
#ifndef AKIN_BASE_MAP_H
#define AKIN_BASE_MAP_H

#include <akin/map.h>

struct akin_map {
  char *model;
  char **paths; /* owned, and so is each; in the map's order */
  size_t count;
  size_t side; /* 1 to count */
  akin_map_order order;
  float *scores; /* f32 [side, side] */
};

#endif
