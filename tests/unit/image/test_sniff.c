/* test_sniff.c - formats are told by their first bytes, never by more than there are, and names by their ending. */
#include "files.h"

typedef struct sniffed {
  akin_image_format format;
  const char *name;
  const char *bytes;
  size_t n;
} sniffed;

#define SNIFFED(format, name, bytes)                                                                                   \
  { (format), (name), (bytes), sizeof(bytes) - 1 }

static const sniffed sniffed_files[] = {
    SNIFFED(AKIN_IMAGE_JPEG, "JPEG", "\xFF\xD8\xFF\xE0\0\x10JFIF"),
    SNIFFED(AKIN_IMAGE_JPEG, "JPEG", "\xFF\xD8\xFF"),
    SNIFFED(AKIN_IMAGE_PNG, "PNG", "\x89PNG\r\n\x1A\n\0\0\0\rIHDR"),
    SNIFFED(AKIN_IMAGE_WEBP, "WebP", "RIFF\x24\0\0\0WEBPVP8 "),
    SNIFFED(AKIN_IMAGE_GIF, "GIF", "GIF89a\1\0\1\0"),
    SNIFFED(AKIN_IMAGE_GIF, "GIF", "GIF87a"),
    SNIFFED(AKIN_IMAGE_BMP, "BMP", "BM\x36\4\0\0\0\0\0\0\x36"),
    SNIFFED(AKIN_IMAGE_TIFF, "TIFF", "II*\0\x08\0\0\0"),
    SNIFFED(AKIN_IMAGE_TIFF, "TIFF", "MM\0*\0\0\0\x08"),
    SNIFFED(AKIN_IMAGE_TIFF, "TIFF", "II+\0\x08\0\0\0"),
    SNIFFED(AKIN_IMAGE_HEIC, "HEIC",
            "\0\0\0\x18"
            "ftypheic\0\0\0\0"),
    SNIFFED(AKIN_IMAGE_HEIC, "HEIC",
            "\0\0\0\x18"
            "ftypmif1\0\0\0\0"),
    SNIFFED(AKIN_IMAGE_AVIF, "AVIF",
            "\0\0\0\x1C"
            "ftypavif\0\0\0\0"),
    SNIFFED(AKIN_IMAGE_JXL, "JPEG XL", "\xFF\x0A\xFA\x1F"),
    SNIFFED(AKIN_IMAGE_JXL, "JPEG XL", "\0\0\0\x0CJXL \r\n\x87\n"),
    SNIFFED(AKIN_IMAGE_JPEG2000, "JPEG 2000", "\0\0\0\x0CjP  \r\n\x87\n"),
    SNIFFED(AKIN_IMAGE_JPEG2000, "JPEG 2000", "\xFF\x4F\xFF\x51\0\x2F"),
    SNIFFED(AKIN_IMAGE_UNKNOWN, "unknown", "Hello, world"),
    SNIFFED(AKIN_IMAGE_UNKNOWN, "unknown", "BMW is a car maker"),
    SNIFFED(AKIN_IMAGE_UNKNOWN, "unknown", "RIFF\x24\0\0\0WAVEfmt "),
    SNIFFED(AKIN_IMAGE_UNKNOWN, "unknown",
            "\0\0\0\x18"
            "ftypisom\0\0\0\0"),
    SNIFFED(AKIN_IMAGE_UNKNOWN, "unknown", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
};

static void formats_are_told_by_their_first_bytes(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof sniffed_files / sizeof sniffed_files[0]; i++) {
    const sniffed *s = &sniffed_files[i];
    files_bytes copy = files_copy(s->bytes, s->n);
    assert_int_equal(akin_image_sniff(copy.data, copy.size), s->format);
    assert_string_equal(akin_image_format_name(s->format), s->name);
    akin_free(copy.data);
  }
}

/* The sanitizer watches the end of each block. */
static void no_byte_past_the_end_is_read(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof sniffed_files / sizeof sniffed_files[0]; i++) {
    for (size_t n = 0; n < sniffed_files[i].n; n++) {
      files_bytes copy = files_copy(sniffed_files[i].bytes, n);
      const akin_image_format format = akin_image_sniff(copy.data, copy.size);
      assert_true(format == AKIN_IMAGE_UNKNOWN || format == sniffed_files[i].format);
      akin_free(copy.data);
    }
  }
  assert_int_equal(akin_image_sniff(NULL, 0), AKIN_IMAGE_UNKNOWN);
}

static void names_promise_images_by_their_ending(void **state) {
  (void)state;
  static const char *const images[] = {"a.jpg",  "/x/B.JPEG", "a.Png",  "a.webp", "a.heic", "a.HEIF", "a.gif",
                                       "a.tiff", "a.avif",    "a.jfif", "a.bmp",  "a.jxl",  "a.jp2",  "a b\n.jpg"};
  static const char *const others[] = {"a.txt", "jpg", "/x/png", "a.jpg.txt", "a.jpgx", "", "a.", "/photos.jpg/readme"};
  for (size_t i = 0; i < sizeof images / sizeof images[0]; i++)
    if (!akin_image_has_name(images[i])) fail_msg("%s is an image's name", images[i]);
  for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
    if (akin_image_has_name(others[i])) fail_msg("%s is no image's name", others[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(formats_are_told_by_their_first_bytes),
      cmocka_unit_test(no_byte_past_the_end_is_read),
      cmocka_unit_test(names_promise_images_by_their_ending),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
