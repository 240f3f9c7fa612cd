/* sniff.c - which format a file has, told by its first bytes alone, and which names promise an image. */
#include "base/path.h"
#include "image/image.h"

#include <string.h>

/* A magic number: `bytes` stand at `offset`. `also` (offset also_at) must match too when it is given. */
typedef struct sniff_magic {
  akin_image_format format;
  uint8_t offset, length;
  uint8_t also_at, also_length;
  const char *bytes;
  const char *also;
} sniff_magic;

#define SNIFF_AT(offset, bytes) (offset), sizeof(bytes) - 1, 0, 0, (bytes), NULL
#define SNIFF_BOTH(offset, bytes, also_offset, also)                                                                   \
  (offset), sizeof(bytes) - 1, (also_offset), sizeof(also) - 1, (bytes), (also)

static const sniff_magic sniff_table[] = {
    {AKIN_IMAGE_JPEG, SNIFF_AT(0, "\xFF\xD8\xFF")},
    {AKIN_IMAGE_PNG, SNIFF_AT(0, "\x89PNG\r\n\x1A\n")},
    {AKIN_IMAGE_WEBP, SNIFF_BOTH(0, "RIFF", 8, "WEBP")},
    {AKIN_IMAGE_GIF, SNIFF_AT(0, "GIF87a")},
    {AKIN_IMAGE_GIF, SNIFF_AT(0, "GIF89a")},
    {AKIN_IMAGE_BMP,
     SNIFF_BOTH(0, "BM", 6, "\0\0\0\0")}, /* two letters begin many a text; the reserved field does not */
    {AKIN_IMAGE_TIFF, SNIFF_AT(0, "II*\0")},
    {AKIN_IMAGE_TIFF, SNIFF_AT(0, "MM\0*")},
    {AKIN_IMAGE_TIFF, SNIFF_AT(0, "II+\0")}, /* BigTIFF */
    {AKIN_IMAGE_TIFF, SNIFF_AT(0, "MM\0+")},
    {AKIN_IMAGE_AVIF, SNIFF_AT(4, "ftypavif")},
    {AKIN_IMAGE_AVIF, SNIFF_AT(4, "ftypavis")},
    {AKIN_IMAGE_HEIC, SNIFF_AT(4, "ftyphei")}, /* heic, heix, heim, heis */
    {AKIN_IMAGE_HEIC, SNIFF_AT(4, "ftyphev")}, /* hevc, hevx, hevm, hevs */
    {AKIN_IMAGE_HEIC, SNIFF_AT(4, "ftypmif1")},
    {AKIN_IMAGE_HEIC, SNIFF_AT(4, "ftypmsf1")},
    {AKIN_IMAGE_JXL, SNIFF_AT(0, "\xFF\x0A")},
    {AKIN_IMAGE_JXL, SNIFF_AT(0, "\0\0\0\x0CJXL \r\n\x87\n")},
    {AKIN_IMAGE_JPEG2000, SNIFF_AT(0, "\xFF\x4F\xFF\x51")},
    {AKIN_IMAGE_JPEG2000, SNIFF_AT(0, "\0\0\0\x0CjP  \r\n\x87\n")},
};

static bool sniff_has(const uint8_t *bytes, size_t n, size_t offset, const char *magic, size_t length) {
  return n >= offset && n - offset >= length && memcmp(bytes + offset, magic, length) == 0;
}

akin_image_format akin_image_sniff(const void *bytes, size_t n) {
  for (size_t i = 0; n > 0 && i < sizeof sniff_table / sizeof sniff_table[0]; i++) {
    const sniff_magic *m = &sniff_table[i];
    if (!sniff_has(bytes, n, m->offset, m->bytes, m->length)) continue;
    if (m->also && !sniff_has(bytes, n, m->also_at, m->also, m->also_length)) continue;
    return m->format;
  }
  return AKIN_IMAGE_UNKNOWN;
}

const char *akin_image_format_name(akin_image_format format) {
  switch (format) {
  case AKIN_IMAGE_JPEG:
    return "JPEG";
  case AKIN_IMAGE_PNG:
    return "PNG";
  case AKIN_IMAGE_WEBP:
    return "WebP";
  case AKIN_IMAGE_GIF:
    return "GIF";
  case AKIN_IMAGE_BMP:
    return "BMP";
  case AKIN_IMAGE_TIFF:
    return "TIFF";
  case AKIN_IMAGE_HEIC:
    return "HEIC";
  case AKIN_IMAGE_AVIF:
    return "AVIF";
  case AKIN_IMAGE_JXL:
    return "JPEG XL";
  case AKIN_IMAGE_JPEG2000:
    return "JPEG 2000";
  case AKIN_IMAGE_UNKNOWN:
    break;
  }
  return "unknown";
}

bool akin_image_has_name(const char *path) {
  static const char *const extensions[] = {"jpg",  "jpeg", "jpe",  "jfif", "png", "webp", "gif", "bmp", "tif",
                                           "tiff", "heic", "heif", "avif", "jxl", "jp2",  "j2k", "jpf", "jpx"};
  for (size_t i = 0; i < sizeof extensions / sizeof extensions[0]; i++)
    if (akin_path_has_extension(path, extensions[i])) return true;
  return false;
}
