/* schema.c - see schema.h. docs/formats.md describes the tables for people. */
#include "store/schema.h"

#include "base/error.h"
#include "base/memory.h"

/* Paths and hashes are BLOBs: bytes, compared as bytes. AUTOINCREMENT: an id that is gone never comes back, so that
 * what was derived from it cannot be taken for something else. */
static const char schema_step_1[] =
    "CREATE TABLE store ("
    "  id INTEGER PRIMARY KEY CHECK (id = 1),"
    "  random INTEGER NOT NULL," /* tells this store from any other */
    "  generation INTEGER NOT NULL,"
    "  removals_after INTEGER NOT NULL);" /* the table removals is complete for generations from here on */
    "INSERT INTO store VALUES (1, random(), 0, 0);"

    "CREATE TABLE roots ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  path BLOB NOT NULL UNIQUE,"
    "  scanned INTEGER NOT NULL);"

    "CREATE TABLE contents ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),"
    "  width INTEGER NOT NULL,"
    "  height INTEGER NOT NULL);"

    "CREATE TABLE images ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  root_id INTEGER NOT NULL REFERENCES roots (id),"
    "  path BLOB NOT NULL UNIQUE,"
    "  size INTEGER NOT NULL,"
    "  mtime_ns INTEGER NOT NULL,"
    "  ctime_ns INTEGER NOT NULL,"
    "  inode INTEGER NOT NULL,"
    "  device INTEGER NOT NULL,"
    "  state INTEGER NOT NULL CHECK (state IN (0, 1)),"
    "  reason TEXT NOT NULL,"
    "  content_id INTEGER REFERENCES contents (id),"
    "  CHECK ((state = 0) = (content_id IS NOT NULL)));"
    "CREATE INDEX images_by_root ON images (root_id);"
    "CREATE INDEX images_by_content ON images (content_id);"

    "CREATE TABLE models ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  name TEXT NOT NULL UNIQUE,"
    "  fingerprint TEXT NOT NULL,"
    "  dim INTEGER NOT NULL CHECK (dim > 0),"
    "  card TEXT NOT NULL);"

    "CREATE TABLE features ("
    "  model_id INTEGER NOT NULL REFERENCES models (id),"
    "  content_id INTEGER NOT NULL REFERENCES contents (id),"
    "  generation INTEGER NOT NULL," /* that it came with */
    "  vector BLOB NOT NULL);"       /* last, so that the others are read without it */
    "CREATE UNIQUE INDEX features_by_content ON features (content_id, model_id);"
    "CREATE INDEX features_by_generation ON features (model_id, generation, content_id);"

    "CREATE TABLE removals ("
    "  id INTEGER PRIMARY KEY,"
    "  generation INTEGER NOT NULL," /* that the feature went with */
    "  model_id INTEGER NOT NULL REFERENCES models (id),"
    "  content_id INTEGER NOT NULL);"
    "CREATE INDEX removals_by_generation ON removals (model_id, generation);";

/* What people said of images and pairs, and what was measured of a model's features. They leave with what they tell of.
 */
static const char schema_step_2[] =
    "CREATE TABLE labels ("
    "  image_id INTEGER NOT NULL REFERENCES images (id) ON DELETE CASCADE,"
    "  name TEXT NOT NULL,"
    "  value TEXT NOT NULL,"
    "  PRIMARY KEY (image_id, name)) WITHOUT ROWID;"

    "CREATE TABLE not_duplicates (" /* by content, so that moved files stay told apart */
    "  first_hash BLOB NOT NULL CHECK (length(first_hash) = 32),"
    "  second_hash BLOB NOT NULL CHECK (length(second_hash) = 32 AND first_hash < second_hash),"
    "  PRIMARY KEY (first_hash, second_hash)) WITHOUT ROWID;"

    "CREATE TABLE model_facts ("
    "  model_id INTEGER NOT NULL REFERENCES models (id) ON DELETE CASCADE,"
    "  name TEXT NOT NULL,"
    "  generation INTEGER NOT NULL," /* of the features that it was measured on */
    "  value BLOB NOT NULL,"
    "  PRIMARY KEY (model_id, name));";

static const char *const schema_steps[] = {schema_step_1, schema_step_2};

const akin_schema akin_schema_current = {schema_steps, sizeof schema_steps / sizeof *schema_steps};

typedef struct schema_header {
  uint64_t application, version, tables;
} schema_header;

/* In one transaction: another process may be making the tables just now. */
static akin_status schema_read_header(akin_database *d, schema_header *header, akin_error *err) {
  akin_status status = akin_database_run(d, "BEGIN", err);
  if (status) return status;
  status = akin_database_number(d, "PRAGMA application_id", NULL, 0, &header->application, err);
  if (!status) status = akin_database_number(d, "PRAGMA user_version", NULL, 0, &header->version, err);
  if (!status) status = akin_database_number(d, "SELECT count(*) FROM sqlite_schema", NULL, 0, &header->tables, err);
  akin_status ended = akin_database_run(d, "COMMIT", status ? NULL : err);
  return status ? status : ended;
}

akin_status akin_schema_check(akin_database *d, const akin_schema *schema, uint32_t *version, akin_error *err) {
  schema_header header = {0};
  akin_status status = schema_read_header(d, &header, err);
  if (status) return status;
  const uint64_t application = header.application, found = header.version;
  bool nothing = application == 0 && found == 0 && header.tables == 0;
  if (!nothing && application != AKIN_SCHEMA_APPLICATION) {
    return akin_fail(err, AKIN_ERROR_FORMAT,
                     "%s: a database of another application (application_id 0x%08x, akin's is 0x%08x): choose another "
                     "folder",
                     akin_database_path(d), (unsigned)application, (unsigned)AKIN_SCHEMA_APPLICATION);
  }
  if (found > schema->version) { /* a negative one too */
    return akin_fail(err, AKIN_ERROR_UNSUPPORTED,
                     "%s: has version %lld of the store's format, this akin knows version %u: use a newer akin",
                     akin_database_path(d), (long long)found, (unsigned)schema->version);
  }
  *version = (uint32_t)found;
  return AKIN_OK;
}

static akin_status schema_finish(akin_database *d, const akin_schema *schema, akin_error *err) {
  char *sql = akin_format("PRAGMA application_id = %d; PRAGMA user_version = %u; COMMIT;", AKIN_SCHEMA_APPLICATION,
                          (unsigned)schema->version);
  akin_status status = sql ? akin_database_run(d, sql, err) : akin_fail_memory(err, 0);
  akin_free(sql);
  return status;
}

akin_status akin_schema_upgrade(akin_database *d, const akin_schema *schema, uint32_t version, akin_error *err) {
  if (version == schema->version) return AKIN_OK;
  akin_status status = akin_database_run(d, "BEGIN IMMEDIATE", err);
  for (; !status && version < schema->version; version++)
    status = akin_database_run(d, schema->steps[version], err);
  if (!status) status = schema_finish(d, schema, err);
  if (status && akin_database_in_transaction(d)) (void)akin_database_run(d, "ROLLBACK", NULL);
  return status;
}
