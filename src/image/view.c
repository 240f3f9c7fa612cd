/* view.c - the eight orientations as steps, and copying rows of a turned picture in strips that suit the cache. */
#include "image/view.h"

#include <stdbool.h>
#include <string.h>

#define VIEW_PIXEL 3

akin_view akin_view_of(const akin_pixels *stored, size_t slack, uint8_t orientation) {
  /* Where the stored picture's first row and column are in the upright one (TIFF 6.0, Orientation). */
  bool swapped = orientation >= 5;
  bool right_to_left = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  bool bottom_to_top = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  /* For 5 to 8 these two tell how the stored axes run, before they are exchanged. */
  ptrdiff_t column = VIEW_PIXEL, row = (ptrdiff_t)stored->stride;
  const uint8_t *origin = stored->data;
  if (right_to_left) {
    origin += (ptrdiff_t)(stored->width - 1) * column;
    column = -column;
  }
  if (bottom_to_top) {
    origin += (ptrdiff_t)(stored->height - 1) * row;
    row = -row;
  }
  return (akin_view){
      .origin = origin,
      .end = stored->data + (size_t)(stored->height - 1) * stored->stride + (size_t)stored->width * VIEW_PIXEL + slack,
      .across = swapped ? row : column,
      .down = swapped ? column : row,
      .width = swapped ? stored->height : stored->width,
      .height = swapped ? stored->width : stored->height,
  };
}

void akin_view_copy(uint8_t *out, size_t pitch, const akin_view *view, uint32_t left, uint32_t columns, uint32_t y,
                    uint32_t rows) {
  if (view->across == VIEW_PIXEL) {
    for (uint32_t r = 0; r < rows; r++)
      memcpy(out + r * pitch, akin_view_at(view, left, y + r), (size_t)columns * VIEW_PIXEL);
    return;
  }
  /* The inner loop runs over rows: in a picture on its side those are neighbours in memory. */
  for (uint32_t x = 0; x < columns; x++) {
    const uint8_t *from = akin_view_at(view, left + x, y);
    uint8_t *to = out + (size_t)x * VIEW_PIXEL;
    for (uint32_t r = 0; r < rows; r++, from += view->down, to += pitch)
      memcpy(to, from, VIEW_PIXEL);
  }
}
