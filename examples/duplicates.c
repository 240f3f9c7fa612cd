/*
 * duplicates.c - prints which images of the store are near-identical: for each group the one to keep, then its copies.
 *
 *     duplicates MODEL [mirrored]     MODEL: a name whose features the store has; mirrored: such copies, too
 *
 * The store is the user's own, or where $AKIN_STORE says. Nothing is deleted.
 */
#include <akin/akin.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static akin_status print_group(void *context, const akin_duplicate_group *group) {
  uint64_t *spared = context;
  for (size_t i = 0; i < group->count; i++) {
    const akin_duplicate *image = &group->images[i];
    if (image->copy != AKIN_COPY_BEST) *spared += image->bytes;
    printf("%s  %" PRIu32 " x %" PRIu32 "  %s\n", image->copy == AKIN_COPY_BEST ? "keep" : akin_copy_name(image->copy),
           image->width, image->height, image->path);
  }
  return AKIN_OK;
}

static void show_skipped(void *context, const char *path, const char *reason) {
  (void)context;
  fprintf(stderr, "skipped %s: %s\n", path, reason);
}

int main(int count, char **arguments) {
  akin_duplicates_options options = AKIN_DUPLICATES_OPTIONS_INIT;
  akin_error err;
  akin_store *store = NULL;
  uint64_t spared = 0;
  if (count < 2 || count > 3 || (count == 3 && strcmp(arguments[2], "mirrored") != 0)) {
    fprintf(stderr, "usage: duplicates MODEL [mirrored]\n");
    return 2;
  }
  options.model = arguments[1];
  options.mirrored = count == 3;
  options.on_skipped = show_skipped;
  akin_status status = akin_store_open(&store, NULL, 0, &err);
  if (!status) status = akin_store_duplicates(store, &options, print_group, &spared, NULL, &err);
  akin_store_close(store);
  if (status)
    fprintf(stderr, "duplicates: %s\n", err.text);
  else
    fprintf(stderr, "%" PRIu64 " bytes are in copies\n", spared);
  return status || fflush(stdout) != 0;
}
