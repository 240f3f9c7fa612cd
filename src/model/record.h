/*
 * record.h - checksums.json of an imported model: which weights it was made from, and what its files must be.
 *
 *     {"format": 1,
 *      "weights": {"file": "net.pth", "bytes": 18826032, "sha256": "…"},
 *      "files": [{"name": "model.onnx", "bytes": 41322, "sha256": "…"}, …]}
 */
#ifndef AKIN_MODEL_RECORD_H
#define AKIN_MODEL_RECORD_H

#include "base/hash.h"

#include <akin/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AKIN_RECORD_NAME  "checksums.json"
#define AKIN_RECORD_FILES 8

typedef struct akin_record_file {
  char *name;
  uint64_t bytes;
  akin_hash hash;
} akin_record_file;

typedef struct akin_record {
  akin_record_file weights; /* the file that was imported */
  akin_record_file files[AKIN_RECORD_FILES];
  size_t count;
} akin_record;

void akin_record_clear(akin_record *record); /* fine on {0} */

/* Takes the size and hash of FOLDER/name into the record. */
akin_status akin_record_add(akin_record *record, const char *folder, const char *name, akin_error *err);
akin_status akin_record_write(const akin_record *record, const char *folder, akin_error *err);
/* Errors: NOT_FOUND, FORMAT, UNSUPPORTED (of a newer version). */
akin_status akin_record_read(akin_record *record, const char *folder, akin_error *err);

/* Has every file its size? With hashes: its bytes too. MISMATCH names the file that differs. */
akin_status akin_record_check(const akin_record *record, const char *folder, bool hashes, akin_error *err);

#endif
