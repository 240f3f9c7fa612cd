/* test_exif.c - orientation: byte orders, types and places of the entry; damaged notes are no notes; memory that ends
 * is told, not taken for "not turned". */
#include "files.h"
#include "image/exif.h"

/* Exif data of one IFD with Orientation, written as TIFF 6.0 says. */
typedef struct exif_notes {
  uint8_t bytes[128];
  size_t size;
  bool big;
} exif_notes;

static void exif_put(exif_notes *notes, uint32_t value, unsigned width) {
  for (unsigned i = 0; i < width; i++) {
    const unsigned shift = 8 * (notes->big ? width - 1 - i : i);
    notes->bytes[notes->size++] = (uint8_t)(value >> shift);
  }
}

/* type: 3 is SHORT, 4 is LONG. others: entries in front. */
static exif_notes exif_write(bool big, bool marked, unsigned type, uint32_t value, unsigned others) {
  exif_notes notes = {.big = big};
  if (marked) {
    memcpy(notes.bytes, "Exif\0\0", 6);
    notes.size = 6;
  }
  memcpy(notes.bytes + notes.size, big ? "MM" : "II", 2);
  notes.size += 2;
  exif_put(&notes, 42, 2);
  exif_put(&notes, 8, 4);
  exif_put(&notes, others + 1, 2);
  for (unsigned i = 0; i <= others; i++) {
    exif_put(&notes, i == others ? 0x0112 : 0x0100 + i, 2);
    exif_put(&notes, i == others ? type : 4, 2);
    exif_put(&notes, 1, 4);
    exif_put(&notes, i == others ? value : 7, i == others && type == 3 ? 2 : 4);
    if (i == others && type == 3) exif_put(&notes, 0, 2);
  }
  exif_put(&notes, 0, 4);
  return notes;
}

static uint8_t exif_orientation(const exif_notes *notes, size_t size) {
  akin_error err;
  uint8_t orientation = 77;
  files_bytes copy = files_copy(notes->bytes, size);
  testing_ok(akin_exif_orientation(&orientation, copy.data, copy.size, &err), &err);
  akin_free(copy.data);
  return orientation;
}

static void every_orientation_is_read(void **state) {
  (void)state;
  for (uint32_t value = 1; value <= 8; value++) {
    for (unsigned way = 0; way < 16; way++) {
      const exif_notes notes = exif_write(way & 1, way & 2, way & 4 ? 3 : 4, value, way & 8 ? 3 : 0);
      assert_int_equal(exif_orientation(&notes, notes.size), value);
    }
  }
}

static void a_value_out_of_range_means_upright(void **state) {
  (void)state;
  static const uint32_t values[] = {0, 9, 255, 65535};
  for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
    const exif_notes notes = exif_write(i & 1, true, 3, values[i], 0);
    assert_int_equal(exif_orientation(&notes, notes.size), 1);
  }
  const exif_notes large = exif_write(false, true, 4, 0x10006, 0);
  assert_int_equal(exif_orientation(&large, large.size), 1);
}

/* Cut anywhere, the notes say 6 or nothing. */
static void cut_notes_say_the_same_or_nothing(void **state) {
  (void)state;
  for (unsigned way = 0; way < 4; way++) {
    const exif_notes notes = exif_write(way & 1, way & 2, 3, 6, 1);
    for (size_t n = 0; n <= notes.size; n++) {
      const uint8_t orientation = exif_orientation(&notes, n);
      assert_true(orientation == 1 || orientation == 6);
    }
  }
}

static void damaged_notes_do_no_harm(void **state) {
  (void)state;
  uint32_t seed = 20261;
  for (unsigned i = 0; i < 20000; i++) {
    exif_notes notes = exif_write(i & 1, i & 2, 3, 6, i % 5);
    for (unsigned flips = 1 + files_random(&seed) % 4; flips > 0; flips--)
      notes.bytes[files_random(&seed) % notes.size] = (uint8_t)files_random(&seed);
    assert_in_range(exif_orientation(&notes, notes.size), 1, 8);
  }
}

static akin_status exif_work(void *context) {
  akin_error err;
  uint8_t orientation;
  const exif_notes *notes = context;
  const akin_status status = akin_exif_orientation(&orientation, notes->bytes, notes->size, &err);
  if (status == AKIN_OK) assert_int_equal(orientation, 6);
  return status;
}

static void memory_that_ends_is_not_taken_for_upright(void **state) {
  (void)state;
  for (unsigned way = 0; way < 4; way++) {
    exif_notes notes = exif_write(true, way & 1, 3, 6, 2);
    assert_true(testing_fail_allocations(exif_work, &notes, way & 2) > 5);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_orientation_is_read),
      cmocka_unit_test(a_value_out_of_range_means_upright),
      cmocka_unit_test(cut_notes_say_the_same_or_nothing),
      cmocka_unit_test(damaged_notes_do_no_harm),
      cmocka_unit_test(memory_that_ends_is_not_taken_for_upright),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
