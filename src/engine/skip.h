/* skip.h - whose fault is it that an image could not be used? */
#ifndef AKIN_ENGINE_SKIP_H
#define AKIN_ENGINE_SKIP_H

#include <akin/status.h>
#include <stdbool.h>

/* Does this failure lie in the image, so that the others can go on? */
static inline bool akin_image_is_at_fault(akin_status status) {
  return status == AKIN_ERROR_NOT_FOUND || status == AKIN_ERROR_IO || status == AKIN_ERROR_FORMAT ||
         status == AKIN_ERROR_UNSUPPORTED || status == AKIN_ERROR_LIMIT;
}

#endif
