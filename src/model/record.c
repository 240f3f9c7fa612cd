/* record.c - see record.h. */
#include "model/record.h"

#include "base/buffer.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/path.h"
#include "base/text.h"

#include <string.h>

#define RECORD_FORMAT 1
#define RECORD_BYTES  65536u

void akin_record_clear(akin_record *record) {
  akin_free(record->weights.name);
  for (size_t i = 0; i < record->count; i++)
    akin_free(record->files[i].name);
  *record = (akin_record){0};
}

static akin_status record_measure(akin_record_file *file, const char *path, akin_error *err) {
  akin_file_facts facts;
  akin_status status = akin_file_facts_of(&facts, path, err);
  if (status != AKIN_OK) return status;
  file->bytes = facts.size;
  return akin_hash_file(&file->hash, path, err);
}

akin_status akin_record_add(akin_record *record, const char *folder, const char *name, akin_error *err) {
  char *path = akin_path_join(folder, name);
  akin_record_file *file = &record->files[record->count];
  akin_status status = path ? record_measure(file, path, err) : akin_fail_memory(err, strlen(folder));
  akin_free(path);
  if (status != AKIN_OK) return status;
  file->name = akin_strdup(name);
  if (!file->name) return akin_fail_memory(err, strlen(name) + 1);
  record->count++;
  return AKIN_OK;
}

/* {"KEY": "NAME", "bytes": …, "sha256": "…"} */
static akin_status record_append_file(akin_buffer *out, const char *key, const akin_record_file *file) {
  char hex[AKIN_HASH_HEX_SIZE];
  akin_hash_hex(hex, &file->hash);
  akin_status status = akin_buffer_printf(out, "{\"%s\": ", key);
  if (status == AKIN_OK) status = akin_text_json(out, file->name);
  if (status != AKIN_OK) return status;
  return akin_buffer_printf(out, ", \"bytes\": %llu, \"sha256\": \"%s\"}", (unsigned long long)file->bytes, hex);
}

static akin_status record_append(akin_buffer *out, const akin_record *record) {
  akin_status status = akin_buffer_printf(out, "{\"format\": %d,\n \"weights\": ", RECORD_FORMAT);
  if (status == AKIN_OK) status = record_append_file(out, "file", &record->weights);
  if (status == AKIN_OK) status = akin_buffer_append_text(out, ",\n \"files\": [");
  for (size_t i = 0; i < record->count && status == AKIN_OK; i++) {
    status = akin_buffer_append_text(out, i ? ",\n  " : "\n  ");
    if (status == AKIN_OK) status = record_append_file(out, "name", &record->files[i]);
  }
  return status == AKIN_OK ? akin_buffer_append_text(out, "]}\n") : status;
}

akin_status akin_record_write(const akin_record *record, const char *folder, akin_error *err) {
  akin_buffer text = AKIN_BUFFER_INIT(0);
  char *path = akin_path_join(folder, AKIN_RECORD_NAME);
  akin_status status = AKIN_OK;
  if (!path || record_append(&text, record) != AKIN_OK) status = akin_fail_memory(err, text.size);
  if (status == AKIN_OK) status = akin_file_replace(path, text.data, text.size, err);
  akin_free(path);
  akin_buffer_free(&text);
  return status;
}

/* ---- reading ---- */

static akin_status record_take_file(akin_record_file *out, const char *key, const akin_json *json, akin_error *err) {
  int64_t bytes = 0;
  const char *name = akin_json_text(akin_json_get(json, key));
  const char *hex = akin_json_text(akin_json_get(json, "sha256"));
  if (!name || strchr(name, '/') || !hex || !akin_hash_parse(&out->hash, hex) ||
      !akin_json_integer(&bytes, akin_json_get(json, "bytes")) || bytes < 0)
    return akin_fail(err, AKIN_ERROR_FORMAT, "damaged: an entry lacks its \"%s\", \"bytes\" or \"sha256\"", key);
  out->bytes = (uint64_t)bytes;
  out->name = akin_strdup(name);
  return out->name ? AKIN_OK : akin_fail_memory(err, strlen(name) + 1);
}

static akin_status record_take(akin_record *record, const akin_json *root, akin_error *err) {
  int64_t format = 0;
  const akin_json *files = akin_json_get(root, "files");
  if (!akin_json_integer(&format, akin_json_get(root, "format")) || format < 1)
    return akin_fail(err, AKIN_ERROR_FORMAT, "damaged: no \"format\"");
  if (format > RECORD_FORMAT) {
    return akin_fail(err, AKIN_ERROR_UNSUPPORTED, "imported by a newer version of akin (format %lld, known is %d)",
                     (long long)format, RECORD_FORMAT);
  }
  if (akin_json_count(files) == 0 || akin_json_count(files) > AKIN_RECORD_FILES)
    return akin_fail(err, AKIN_ERROR_FORMAT, "damaged: it lists %zu files", akin_json_count(files));
  akin_status status = record_take_file(&record->weights, "file", akin_json_get(root, "weights"), err);
  for (size_t i = 0; i < akin_json_count(files) && status == AKIN_OK; i++) {
    status = record_take_file(&record->files[i], "name", akin_json_at(files, i), err);
    if (status == AKIN_OK) record->count++;
  }
  return status;
}

akin_status akin_record_read(akin_record *record, const char *folder, akin_error *err) {
  *record = (akin_record){0};
  akin_buffer text = AKIN_BUFFER_INIT(0);
  akin_json *root = NULL;
  char *path = akin_path_join(folder, AKIN_RECORD_NAME);
  akin_status status = AKIN_OK;
  if (!path) {
    status = akin_fail_memory(err, strlen(folder));
    goto out;
  }
  status = akin_file_read(&text, path, RECORD_BYTES, NULL, err);
  if (status != AKIN_OK) goto out;
  status = akin_json_parse(&root, text.data, text.size, err);
  if (status == AKIN_OK) status = record_take(record, root, err);
  if (status != AKIN_OK) akin_fail_context(err, status, "%s", path);
out:
  if (status != AKIN_OK) akin_record_clear(record);
  akin_json_free(root);
  akin_buffer_free(&text);
  akin_free(path);
  return status;
}

/* ---- checking ---- */

static akin_status record_check_file(const akin_record_file *file, const char *path, bool hashes, akin_error *err) {
  akin_record_file found = {0};
  akin_file_facts facts;
  akin_status status = akin_file_facts_of(&facts, path, err);
  if (status != AKIN_OK) return status;
  if (facts.size != file->bytes) {
    return akin_fail(err, AKIN_ERROR_MISMATCH, "%s: has %llu bytes, it was imported with %llu: import the model again",
                     path, (unsigned long long)facts.size, (unsigned long long)file->bytes);
  }
  if (!hashes) return AKIN_OK;
  status = akin_hash_file(&found.hash, path, err);
  if (status != AKIN_OK || akin_hash_equal(&found.hash, &file->hash)) return status;
  return akin_fail(err, AKIN_ERROR_MISMATCH, "%s: its checksum differs, it is damaged: import the model again", path);
}

akin_status akin_record_check(const akin_record *record, const char *folder, bool hashes, akin_error *err) {
  akin_status status = AKIN_OK;
  for (size_t i = 0; i < record->count && status == AKIN_OK; i++) {
    char *path = akin_path_join(folder, record->files[i].name);
    status = path ? record_check_file(&record->files[i], path, hashes, err) : akin_fail_memory(err, strlen(folder));
    akin_free(path);
  }
  return status;
}
