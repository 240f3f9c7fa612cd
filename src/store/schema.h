/*
 * schema.h - the tables of akin.db, their version, and how an older file becomes a newer one.
 *
 * The header of the file says whose it is (application_id "akin") and its version (user_version). Step i of a schema is
 * the SQL that brings version i to i + 1; version 0 is a file without tables. A new version is one more step: steps
 * that were released are never changed.
 */
#ifndef AKIN_STORE_SCHEMA_H
#define AKIN_STORE_SCHEMA_H

#include "store/database.h"

#define AKIN_SCHEMA_APPLICATION 0x616b696e /* "akin" */
#define AKIN_SCHEMA_PAGE        16384      /* three features of 1,280 floats a page: facts in docs/formats.md */

typedef struct akin_schema {
  const char *const *steps;
  uint32_t version; /* how many steps there are, and what the last one leads to */
} akin_schema;

extern const akin_schema akin_schema_current;

/* *version: of the file, 0 for one without tables. Errors: FORMAT (another application's), UNSUPPORTED (newer than
 * `schema`: names both versions). */
akin_status akin_schema_check(akin_database *d, const akin_schema *schema, uint32_t *version, akin_error *err);

/* Brings a checked file of `version` up to date; all steps or none. */
akin_status akin_schema_upgrade(akin_database *d, const akin_schema *schema, uint32_t version, akin_error *err);

#endif
