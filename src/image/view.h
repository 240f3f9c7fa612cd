/*
 * view.h - pixels seen turned, without moving them: pixel (x, y) of the upright picture is at
 *     origin + x * across + y * down
 * so the eight EXIF orientations differ in three numbers only.
 */
#ifndef AKIN_IMAGE_VIEW_H
#define AKIN_IMAGE_VIEW_H

#include <akin/image.h>
#include <stddef.h>
#include <stdint.h>

typedef struct akin_view {
  const uint8_t *origin;  /* the upright picture's top left pixel */
  const uint8_t *end;     /* one past the bytes that may be read */
  ptrdiff_t across, down; /* bytes from a pixel to its right and to its lower neighbour */
  uint32_t width, height; /* upright */
} akin_view;

/* slack: bytes that may be read after the last row. orientation: 1 to 8. The view borrows the pixels. */
akin_view akin_view_of(const akin_pixels *stored, size_t slack, uint8_t orientation);

static inline const uint8_t *akin_view_at(const akin_view *view, uint32_t x, uint32_t y) {
  return view->origin + (ptrdiff_t)x * view->across + (ptrdiff_t)y * view->down;
}

/* Copies `rows` upright rows from row y, columns from `left`, `columns` of them. out: rows `pitch` bytes apart. */
void akin_view_copy(uint8_t *out, size_t pitch, const akin_view *view, uint32_t left, uint32_t columns, uint32_t y,
                    uint32_t rows);

#endif
