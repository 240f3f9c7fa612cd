/*
 * fuzz_image.c - any bytes as an image file: looked at, decoded whole, and prepared as one of four models wants it. A
 * mutated PNG gets right checksums again, so that what is behind them is reached.
 */
#include "fuzz/crc.h"
#include "fuzz/fuzz.h"
#include "image/image.h"

#define SIDE 24 /* of what is prepared */

static const akin_limits limits = {1u << 20, 1u << 18};

/* Every pixel is read, so that the sanitizer sees one that is out of bounds. */
static void look_at(const uint8_t *pixels, size_t n) {
  __asm__ volatile("" : : "r"(fuzz_hash(pixels, n))); /* the compiler may not leave it out */
}

static akin_preparation preparation_for(uint32_t choice) {
  akin_preparation p = AKIN_PREPARATION_INIT(SIDE, SIDE);
  if (choice % 4 == 1) p.fit = AKIN_FIT_PAD, p.filter = AKIN_FILTER_BOX;
  if (choice % 4 == 2) p.fit = AKIN_FIT_CROP, p.crop_fraction = 0.875f, p.filter = AKIN_FILTER_BICUBIC;
  if (choice % 4 == 3) akin_preparation_keras(&p);
  if (choice % 8 == 5) p.fit = AKIN_FIT_RESIZE_CROP, p.shorter = SIDE + 3;
  p.scaled_decoding = choice & 4;
  return p;
}

static void check_decoded(const akin_image *image, const akin_image_info *info, const akin_image_info *inspected) {
  const bool turned = info->orientation >= 5;
  fuzz_require(info->orientation >= 1 && info->orientation <= 8);
  fuzz_require(info->format == inspected->format && info->orientation == inspected->orientation);
  fuzz_require(info->width == inspected->width && info->height == inspected->height);
  fuzz_require(image->width == (turned ? info->height : info->width));
  fuzz_require(image->height == (turned ? info->width : info->height));
  fuzz_require((uint64_t)image->width * image->height <= limits.max_pixels);
  look_at(image->pixels, (size_t)image->width * image->height * 3);
}

static akin_status body(const uint8_t *bytes, size_t n, akin_error *err) {
  akin_image image = {0};
  akin_image_info inspected, info;
  uint8_t prepared[SIDE * SIDE * 3];
  akin_status status = akin_image_inspect(&inspected, bytes, n, &limits, err);
  if (status != AKIN_OK) return status;
  status = akin_image_decode(&image, &info, bytes, n, NULL, &limits, err);
  if (status == AKIN_OK) check_decoded(&image, &info, &inspected);
  akin_image_free(&image);
  if (status != AKIN_OK) return status;
  const akin_preparation p = preparation_for(fuzz_hash(bytes, n));
  status = akin_image_prepare(prepared, NULL, bytes, n, &p, &limits, err);
  if (status == AKIN_OK) look_at(prepared, sizeof prepared);
  fuzz_require(status == AKIN_OK || status == AKIN_ERROR_MEMORY); /* what can be decoded can be prepared */
  return status;
}

FUZZ_TARGET(body)

static void repair_png(uint8_t *bytes, size_t n) {
  if (n < 8 || memcmp(bytes, "\x89PNG\r\n\x1A\n", 8) != 0) return;
  for (size_t at = 8; n - at >= 12;) {
    const size_t size = fuzz_read_be(bytes + at);
    if (size > n - at - 12) return;
    fuzz_write_be(bytes + at + 8 + size, fuzz_crc(bytes + at + 4, size + 4));
    at += size + 12;
  }
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t n, size_t room, unsigned seed) {
  n = LLVMFuzzerMutate(bytes, n, room);
  if (seed % 8) repair_png(bytes, n); /* wrong ones must be met too */
  return n;
}
