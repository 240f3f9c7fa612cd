/*
 * replay.c - runs a fuzz target without libFuzzer, in every build: over all files of the given folders and over mutants
 * of each, the same ones every time.
 *
 *     fuzz_image_replay [--mutants N] FOLDER|FILE…
 *
 * What is being tried is in PROGRAM.input while the program runs: after a crash that file is the reproducer.
 */
#include "base/buffer.h"
#include "base/file.h"
#include "base/path.h"
#include "fuzz/fuzz.h"

#include <dirent.h>

#define REPLAY_MOST   (1u << 20) /* bytes of an input */
#define REPLAY_GROWTH 64         /* bytes by which a mutant may be longer */

#pragma weak LLVMFuzzerCustomMutator

static uint64_t random_state;

static uint32_t random_below(uint32_t bound) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return (uint32_t)((random_state >> 32) * bound >> 32);
}

/* The same file and number give the same mutant, whatever ran before. */
static void random_begin(uint32_t hash, uint32_t number) {
  random_state = ((uint64_t)hash << 32 | number) * 0x9E3779B97F4A7C15u | 1;
  random_below(2);
}

static size_t mutate_length(uint8_t *bytes, size_t n, size_t room) {
  const size_t at = random_below((uint32_t)n), run = 1 + random_below(16);
  if (random_below(2)) { /* cut some bytes out, or all from there on */
    const size_t cut = random_below(4) == 0 || run > n - at ? n - at : run;
    memmove(bytes + at, bytes + at + cut, n - at - cut);
    return n - cut;
  }
  if (run > room - n || run > n - at) return n;
  memmove(bytes + at + run, bytes + at, n - at); /* what was there is there twice */
  return n + run;
}

/* Changes bytes in one place: a bit, a byte, or two or four of them to a number at which sizes go wrong. */
static void mutate_bytes(uint8_t *bytes, size_t n) {
  static const uint32_t numbers[] = {0,      1,       0x7F,       0x80,       0xFF,      0x7FFF,
                                     0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF};
  const size_t at = random_below((uint32_t)n), width = (size_t)1 << random_below(3);
  const uint32_t number = numbers[random_below(sizeof numbers / sizeof numbers[0])];
  const bool big = random_below(2);
  if (random_below(2)) {
    bytes[at] ^= (uint8_t)(random_below(2) ? 1u << random_below(8) : 1 + random_below(255));
    return;
  }
  for (size_t i = 0; i < width && at + i < n; i++)
    bytes[at + i] = (uint8_t)(number >> 8 * (big ? width - 1 - i : i));
}

size_t LLVMFuzzerMutate(uint8_t *bytes, size_t n, size_t room) {
  for (uint32_t steps = 1 + random_below(4); steps > 0 && n > 0; steps--)
    if (random_below(4) == 0)
      n = mutate_length(bytes, n, room);
    else
      mutate_bytes(bytes, n);
  return n;
}

/* In memory of exactly its size, so that a sanitizer sees a byte read too many. */
static void try_input(const char *record, const uint8_t *bytes, size_t n) {
  akin_error err;
  uint8_t *exact = akin_alloc(n);
  fuzz_require(exact != NULL);
  if (n) memcpy(exact, bytes, n);
  FILE *file = fopen(record, "wb");
  fuzz_require(file != NULL && fwrite(bytes, 1, n, file) == n && fclose(file) == 0);
  LLVMFuzzerTestOneInput(exact, n);
  akin_free(exact);
  fuzz_require(akin_file_remove(record, &err) == AKIN_OK);
}

static void replay_file(const char *record, const char *path, uint32_t mutants) {
  akin_buffer original = AKIN_BUFFER_INIT(0);
  akin_error err;
  if (akin_file_read(&original, path, REPLAY_MOST, NULL, &err) != AKIN_OK) {
    fprintf(stderr, "%s\n", err.text);
    exit(1);
  }
  const uint8_t *bytes = (const uint8_t *)original.data;
  const size_t n = original.size, room = n + REPLAY_GROWTH;
  uint8_t *mutant = akin_alloc(room);
  fuzz_require(mutant != NULL);
  try_input(record, bytes, n);
  for (uint32_t number = 0; number < mutants; number++) {
    random_begin(fuzz_hash(bytes, n), number);
    if (n) memcpy(mutant, bytes, n);
    const size_t size = LLVMFuzzerCustomMutator ? LLVMFuzzerCustomMutator(mutant, n, room, random_below(1u << 30))
                                                : LLVMFuzzerMutate(mutant, n, room);
    try_input(record, mutant, size);
  }
  akin_free(mutant);
  akin_buffer_free(&original);
}

static int visible(const struct dirent *entry) {
  return entry->d_name[0] != '.';
}

static size_t replay_folder(const char *record, const char *folder, uint32_t mutants) {
  struct dirent **entries = NULL;
  const int count = scandir(folder, &entries, visible, alphasort);
  if (count < 0) {
    perror(folder);
    exit(1);
  }
  for (int i = 0; i < count; i++) {
    char *path = akin_path_join(folder, entries[i]->d_name);
    fuzz_require(path != NULL);
    replay_file(record, path, mutants);
    akin_free(path);
    free(entries[i]);
  }
  free(entries);
  return (size_t)count;
}

int main(int argc, char **argv) {
  uint64_t mutants = 0;
  size_t files = 0;
  int first = 1;
  if (argc > 2 && strcmp(argv[1], "--mutants") == 0) {
    if (!akin_parse_u64(&mutants, argv[2], 0, 1000000)) return 2;
    first = 3;
  }
  char *record = akin_format("%s.input", argv[0]);
  fuzz_require(record != NULL);
  for (int i = first; i < argc; i++) {
    akin_file_facts facts;
    akin_error err;
    const bool known = akin_file_facts_of(&facts, argv[i], &err) == AKIN_OK;
    if (known && facts.is_folder) {
      files += replay_folder(record, argv[i], (uint32_t)mutants);
    } else {
      replay_file(record, argv[i], (uint32_t)mutants); /* says so when it is missing */
      files++;
    }
  }
  akin_free(record);
  printf("%zu files and %llu mutants of each\n", files, (unsigned long long)mutants);
  return files > 0 ? 0 : 1;
}
