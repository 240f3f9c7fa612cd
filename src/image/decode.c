/* decode.c - from a file's bytes to an upright picture, or to a network's input: formats, limits, turning, resizing. */
#include "base/error.h"
#include "base/memory.h"
#include "image/codec.h"
#include "image/fit.h"
#include "image/resample.h"
#include "image/view.h"

#define DECODE_SIDE_AT_MOST 65535u
#define DECODE_ROWS_AT_ONCE 16u

/* What can be done with each format: decode it, or say which tool turns it into one that can be decoded. */
typedef struct decode_format {
  akin_image_format format;
  akin_codec_read *read; /* NULL: not decoded */
  const char *convert;   /* a command that does it, where read is NULL */
} decode_format;

static const decode_format decode_formats[] = {
    {AKIN_IMAGE_JPEG, akin_jpeg_read, NULL},
    {AKIN_IMAGE_PNG, akin_png_read, NULL},
    {AKIN_IMAGE_WEBP, akin_webp_read, NULL},
    {AKIN_IMAGE_GIF, NULL, "gif2webp IN.gif -o OUT.webp"},
    {AKIN_IMAGE_BMP, NULL, "convert IN.bmp OUT.png"},
    {AKIN_IMAGE_TIFF, NULL, "convert IN.tif OUT.png"},
    {AKIN_IMAGE_HEIC, NULL, "heif-convert IN.heic OUT.jpg"},
    {AKIN_IMAGE_AVIF, NULL, "avifdec IN.avif OUT.png"},
    {AKIN_IMAGE_JXL, NULL, "djxl IN.jxl OUT.png"},
    {AKIN_IMAGE_JPEG2000, NULL, "opj_decompress -i IN.jp2 -o OUT.png"},
};

static const akin_limits decode_default_limits = AKIN_LIMITS_INIT;

/* For callers without a preparation: the whole picture, upright, over white. The size is not used then. */
static const akin_preparation decode_whole = {.width = 1,
                                              .height = 1,
                                              .antialias = true,
                                              .crop_fraction = 1.0f,
                                              .alpha = AKIN_ALPHA_WHITE,
                                              .upright = true,
                                              .scaled_decoding = false};

akin_status akin_codec_admit(uint32_t width, uint32_t height, const akin_limits *limits, akin_error *err) {
  if (width == 0 || height == 0)
    return akin_fail(err, AKIN_ERROR_FORMAT, "%u x %u pixels: there is no picture", width, height);
  uint64_t pixels = (uint64_t)width * height;
  if (pixels > limits->max_pixels) {
    return akin_fail(err, AKIN_ERROR_LIMIT,
                     "%u x %u are %llu pixels, %llu are allowed: make it smaller, or raise the limit", width, height,
                     (unsigned long long)pixels, (unsigned long long)limits->max_pixels);
  }
  if (width > DECODE_SIDE_AT_MOST || height > DECODE_SIDE_AT_MOST) {
    return akin_fail(err, AKIN_ERROR_LIMIT, "%u x %u pixels: a side has at most %u", width, height,
                     DECODE_SIDE_AT_MOST);
  }
  return AKIN_OK;
}

static akin_status decode_fail_unknown(const uint8_t *bytes, size_t n, akin_error *err) {
  char shown[17] = "";
  for (size_t i = 0; i < n && i < sizeof shown - 1; i++)
    shown[i] = bytes[i] >= 0x20 && bytes[i] < 0x7F ? (char)bytes[i] : '.';
  return akin_fail(err, AKIN_ERROR_FORMAT, "not an image: its %zu bytes begin with \"%s\", which no image format does",
                   n, shown);
}

/* Sniffs, applies the limit on bytes, and has the codec do the rest. raster NULL: the header only. */
static akin_status decode_read(akin_raster *raster, akin_image_info *info, const void *bytes, size_t n,
                               const akin_preparation *p, const akin_limits *limits, akin_error *err) {
  if (!limits) limits = &decode_default_limits;
  if (n == 0 || !bytes) return akin_fail(err, AKIN_ERROR_FORMAT, "not an image: the file is empty");
  if (n > limits->max_bytes) {
    return akin_fail(err, AKIN_ERROR_LIMIT, "%zu bytes, %llu are allowed: make it smaller, or raise the limit", n,
                     (unsigned long long)limits->max_bytes);
  }
  akin_image_info found = {.format = akin_image_sniff(bytes, n), .orientation = 1};
  for (size_t i = 0; i < sizeof decode_formats / sizeof decode_formats[0]; i++) {
    const decode_format *f = &decode_formats[i];
    if (f->format != found.format) continue;
    const char *name = akin_image_format_name(f->format);
    if (!f->read) {
      return akin_fail(err, AKIN_ERROR_UNSUPPORTED,
                       "%s images are not decoded: convert it to JPEG, PNG or WebP, for example with: %s", name,
                       f->convert);
    }
    const akin_codec_job job = {bytes, n, p, limits};
    akin_status status = f->read(raster, &found, &job, err);
    if (status != AKIN_OK) return akin_fail_context(err, status, "%s", name);
    if (info) *info = found;
    return AKIN_OK;
  }
  return decode_fail_unknown(bytes, n, err);
}

akin_status akin_image_inspect(akin_image_info *out, const void *bytes, size_t n, const akin_limits *limits,
                               akin_error *err) {
  return decode_read(NULL, out, bytes, n, &decode_whole, limits, err);
}

static akin_view decode_view(const akin_raster *raster, const akin_image_info *info, const akin_preparation *p) {
  const akin_pixels stored = {raster->pixels, raster->width, raster->height, (size_t)raster->width * 3};
  return akin_view_of(&stored, AKIN_RASTER_SLACK, p->upright ? info->orientation : 1);
}

/* *raster is handed over to *out, or copied turned and freed. */
static akin_status decode_turn(akin_image *out, akin_raster *raster, const akin_image_info *info,
                               const akin_preparation *p, akin_error *err) {
  if (!p->upright || info->orientation == 1) {
    *out = (akin_image){raster->pixels, raster->width, raster->height};
    return AKIN_OK;
  }
  akin_view view = decode_view(raster, info, p);
  akin_raster turned;
  akin_status status = akin_raster_new(&turned, view.width, view.height, 3, err);
  if (status == AKIN_OK) {
    size_t pitch = (size_t)view.width * 3;
    for (uint32_t y = 0; y < view.height; y += DECODE_ROWS_AT_ONCE) {
      uint32_t rows = view.height - y < DECODE_ROWS_AT_ONCE ? view.height - y : DECODE_ROWS_AT_ONCE;
      akin_view_copy(turned.pixels + y * pitch, pitch, &view, 0, view.width, y, rows);
    }
    *out = (akin_image){turned.pixels, turned.width, turned.height};
  }
  akin_raster_free(raster);
  return status;
}

akin_status akin_image_decode(akin_image *out, akin_image_info *info, const void *bytes, size_t n,
                              const akin_preparation *p, const akin_limits *limits, akin_error *err) {
  akin_raster raster = {0};
  akin_image_info found = {0};
  *out = (akin_image){0};
  if (!p) p = &decode_whole;
  akin_status status = akin_fit_check(p, err);
  if (status == AKIN_OK) status = decode_read(&raster, &found, bytes, n, p, limits, err);
  if (status == AKIN_OK) status = decode_turn(out, &raster, &found, p, err);
  if (status == AKIN_OK && info) *info = found;
  return status;
}

void akin_image_free(akin_image *image) {
  akin_free(image->pixels);
  *image = (akin_image){0};
}

akin_status akin_image_resize(uint8_t *out, const akin_pixels *in, const akin_preparation *p, akin_error *err) {
  akin_status status = akin_fit_check(p, err);
  if (status == AKIN_OK) status = akin_fit_check_pixels(in, err);
  if (status != AKIN_OK) return status;
  akin_view view = akin_view_of(in, 0, 1);
  return akin_resample_fit(out, &view, in->width, in->height, 8, p, err);
}

akin_status akin_image_prepare(uint8_t *out, akin_image_info *info, const void *bytes, size_t n,
                               const akin_preparation *p, const akin_limits *limits, akin_error *err) {
  akin_raster raster = {0};
  akin_image_info found = {0};
  akin_status status = akin_fit_check(p, err);
  if (status == AKIN_OK) status = decode_read(&raster, &found, bytes, n, p, limits, err);
  if (status != AKIN_OK) return status;
  akin_view view = decode_view(&raster, &found, p);
  bool swapped = p->upright && found.orientation >= 5;
  status = akin_resample_fit(out, &view, swapped ? found.height : found.width, swapped ? found.width : found.height,
                             raster.eighths, p, err);
  akin_raster_free(&raster);
  if (status == AKIN_OK && info) *info = found;
  return status;
}
