/* alter.h - an image changed as images are changed on their way through the world, to see whether it is known again. */
#ifndef AKIN_IMAGE_ALTER_H
#define AKIN_IMAGE_ALTER_H

#include "base/buffer.h"

#include <akin/image.h>
#include <akin/suggest.h>

/* Appends the altered image as a JPEG. in: 2 by 2 pixels at least. Errors: LIMIT (more than JPEG's 65,535 pixels
 * across), MEMORY. */
akin_status akin_image_alter(akin_buffer *jpeg, const akin_pixels *in, akin_alteration alteration, akin_error *err);

#endif
