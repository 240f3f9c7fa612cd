/* page.c - the page's pictures: the report lays the page out, the image room makes its thumbnails. */
#include "report/page.h"
#include "base/file.h"
#include "image/image.h"

static akin_status page_thumbnail(void *context, akin_buffer *jpeg, uint32_t *width, uint32_t *height, const char *path,
                                  uint32_t side, akin_error *err) {
  static const akin_limits limits = AKIN_LIMITS_INIT;
  akin_buffer bytes = AKIN_BUFFER_INIT(0);
  (void)context;
  akin_status status = akin_file_read(&bytes, path, limits.max_bytes, NULL, err);
  if (!status) status = akin_image_thumbnail(jpeg, width, height, bytes.data, bytes.size, side, &limits, err);
  akin_buffer_free(&bytes);
  return status;
}

akin_status akin_page_open(akin_page **out, const char *path, int folder, const char *title, akin_error *err) {
  return akin_page_open_with(out, path, folder, title, page_thumbnail, NULL, err);
}
