/* page.c - the page's pictures: the report lays the page out, the image room makes its thumbnails. */
#include "report/page.h"
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "image/image.h"

#define PAGE_JPEG_QUALITY 82

/* The size that fits into side × side with the proportions kept; never larger than the image. */
static void page_fit(uint32_t *width, uint32_t *height, const akin_image_info *info, uint32_t side) {
  bool turned = info->orientation >= 5;
  uint64_t w = turned ? info->height : info->width, h = turned ? info->width : info->height;
  uint64_t longer = w > h ? w : h;
  if (longer > side) {
    w = (w * side + longer / 2) / longer;
    h = (h * side + longer / 2) / longer;
  }
  *width = w ? (uint32_t)w : 1;
  *height = h ? (uint32_t)h : 1;
}

static akin_status page_shrink(akin_buffer *jpeg, uint32_t *width, uint32_t *height, const akin_buffer *bytes,
                               uint32_t side, akin_error *err) {
  static const akin_limits limits = AKIN_LIMITS_INIT;
  akin_image_info info;
  akin_status status = akin_image_inspect(&info, bytes->data, bytes->size, &limits, err);
  if (status) return status;
  page_fit(width, height, &info, side);
  akin_preparation preparation = AKIN_PREPARATION_INIT(*width, *height);
  size_t size = (size_t)*width * *height * 3;
  uint8_t *pixels = akin_alloc(size);
  if (!pixels) return akin_fail_memory(err, size);
  status = akin_image_prepare(pixels, &info, bytes->data, bytes->size, &preparation, &limits, err);
  if (!status) {
    akin_pixels view = {pixels, *width, *height, (size_t)*width * 3};
    status = akin_image_encode_jpeg(jpeg, &view, PAGE_JPEG_QUALITY, err);
  }
  akin_free(pixels);
  return status;
}

static akin_status page_thumbnail(void *context, akin_buffer *jpeg, uint32_t *width, uint32_t *height, const char *path,
                                  uint32_t side, akin_error *err) {
  static const akin_limits limits = AKIN_LIMITS_INIT;
  akin_buffer bytes = AKIN_BUFFER_INIT(0);
  (void)context;
  akin_status status = akin_file_read(&bytes, path, limits.max_bytes, NULL, err);
  if (!status) status = page_shrink(jpeg, width, height, &bytes, side, err);
  akin_buffer_free(&bytes);
  return status;
}

akin_status akin_page_open(akin_page **out, const char *path, int folder, const char *title, akin_error *err) {
  return akin_page_open_with(out, path, folder, title, page_thumbnail, NULL, err);
}
