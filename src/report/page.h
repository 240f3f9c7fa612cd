/* page.h - the page with pictures, as the engine sees it: it brings the function that makes a thumbnail. */
#ifndef AKIN_REPORT_PAGE_H
#define AKIN_REPORT_PAGE_H

#include "base/buffer.h"

#include <akin/report.h>

/* Appends a JPEG of the image at path, at most `side` pixels wide and high, without metadata; its size. Called from the
 * thread that adds. */
typedef akin_status akin_thumbnail(void *context, akin_buffer *jpeg, uint32_t *width, uint32_t *height,
                                   const char *path, uint32_t side, akin_error *err);

/* As akin_page_open of akin/report.h, which the engine implements with it. */
akin_status akin_page_open_with(akin_page **out, const char *path, int folder, const char *title,
                                akin_thumbnail *thumbnail, void *context, akin_error *err);

#endif
