/* exif.h - the orientation that a camera noted beside the picture. */
#ifndef AKIN_IMAGE_EXIF_H
#define AKIN_IMAGE_EXIF_H

#include <akin/status.h>
#include <stddef.h>
#include <stdint.h>

/*
 * *out is 1 to 8, TIFF 6.0's Orientation of the main image; 1 when the data has none, has one out of range or is
 * damaged: a picture whose notes are unreadable is still a picture. bytes: with or without "Exif\0\0" in front.
 * Only the first 64 KB are looked at. Errors: MEMORY.
 */
akin_status akin_exif_orientation(uint8_t *out, const uint8_t *bytes, size_t n, akin_error *err);

#endif
