/* h5.c - libhdf5 behind h5.h; the only file that knows its types. It is loaded when it is first needed. */
#include "weights/h5.h"

#include "base/error.h"
#include "weights/gather.h"
#include "weights/reader.h"

#include <dlfcn.h>
#include <hdf5.h>
#include <hdf5_hl.h>
#include <pthread.h>
#include <string.h>

/* ---- the library's functions ---- */

#define H5_FUNCTIONS(X)                                                                                                \
  X(H5dont_atexit)                                                                                                     \
  X(H5open)                                                                                                            \
  X(H5Eset_auto2)                                                                                                      \
  X(H5Oopen)                                                                                                           \
  X(H5Iget_type)                                                                                                       \
  X(H5Gget_info)                                                                                                       \
  X(H5Lexists)                                                                                                         \
  X(H5Lget_info)                                                                                                       \
  X(H5Lget_name_by_idx)                                                                                                \
  X(H5Aexists)                                                                                                         \
  X(H5Aopen)                                                                                                           \
  X(H5Aget_space)                                                                                                      \
  X(H5Aget_type)                                                                                                       \
  X(H5Aread)                                                                                                           \
  X(H5Sget_simple_extent_npoints)                                                                                      \
  X(H5Sget_simple_extent_type)                                                                                         \
  X(H5Sget_simple_extent_ndims)                                                                                        \
  X(H5Sget_simple_extent_dims)                                                                                         \
  X(H5Tget_class)                                                                                                      \
  X(H5Tget_size)                                                                                                       \
  X(H5Tget_order)                                                                                                      \
  X(H5Tget_sign)                                                                                                       \
  X(H5Tget_precision)                                                                                                  \
  X(H5Tget_ebias)                                                                                                      \
  X(H5Tget_fields)                                                                                                     \
  X(H5Tis_variable_str)                                                                                                \
  X(H5Dget_space)                                                                                                      \
  X(H5Dget_type)                                                                                                       \
  X(H5Dget_offset)                                                                                                     \
  X(H5Dget_storage_size)                                                                                               \
  X(H5Dget_create_plist)                                                                                               \
  X(H5Pget_layout)                                                                                                     \
  X(H5Pget_nfilters)                                                                                                   \
  X(H5Pget_external_count)

/* Versions of a function hide behind macros (H5Lget_info is H5Lget_info2 since 1.12): they are expanded on their way
 * through H5_FUNCTIONS, in the table, in the look-up and where they are called. */
static struct h5_table {
#define H5_FIELD(name) __typeof__(name) *name;
  H5_FUNCTIONS(H5_FIELD)
#undef H5_FIELD
  __typeof__(H5LTopen_file_image) *H5LTopen_file_image;
} h5;

static bool h5_symbol(void *function, void *handle, const char *name) {
  void *symbol = dlsym(handle, name);
  memcpy(function, &symbol, sizeof symbol);
  return symbol != NULL;
}

static akin_status h5_lacks(const char *name, akin_error *err) {
  return akin_fail(err, AKIN_ERROR_RUNTIME, "the HDF5 library lacks %s: install the version that akin was built with",
                   name);
}

static akin_status h5_load(akin_error *err) {
  void *core = dlopen(AKIN_HDF5_SONAME, RTLD_NOW | RTLD_LOCAL);
  void *more = core ? dlopen(AKIN_HDF5_HL_SONAME, RTLD_NOW | RTLD_LOCAL) : NULL;
  if (!more) {
    return akin_fail(err, AKIN_ERROR_RUNTIME, "the HDF5 library cannot be loaded: %s (Debian: apt install libhdf5-dev)",
                     dlerror());
  }
#define H5_LOOK_UP_NAMED(name, text)                                                                                   \
  if (!h5_symbol(&h5.name, core, text)) return h5_lacks(text, err);
#define H5_TEXT(name)    #name
#define H5_LOOK_UP(name) H5_LOOK_UP_NAMED(name, H5_TEXT(name))
  H5_FUNCTIONS(H5_LOOK_UP)
#undef H5_LOOK_UP
  if (!h5_symbol(&h5.H5LTopen_file_image, more, "H5LTopen_file_image")) return h5_lacks("H5LTopen_file_image", err);
  return AKIN_OK;
}

akin_status akin_h5_load(akin_error *err) {
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  static bool loaded;
  pthread_mutex_lock(&lock);
  const akin_status status = loaded ? AKIN_OK : h5_load(err);
  loaded = status == AKIN_OK;
  pthread_mutex_unlock(&lock);
  return status;
}

akin_status akin_h5_start(akin_error *err) {
  h5.H5dont_atexit(); /* the list of what is done at the end has a lock, which another thread may have held */
  if (h5.H5open() >= 0 && h5.H5Eset_auto2(H5E_DEFAULT, NULL, NULL) >= 0) return AKIN_OK;
  return akin_fail(err, AKIN_ERROR_RUNTIME, "the HDF5 library does not start");
}

static akin_status h5_damaged(const char *what, akin_error *err) {
  return akin_fail(err, AKIN_ERROR_FORMAT, "damaged HDF5: %s cannot be read", what);
}

/* ---- the file, its groups ---- */

akin_status akin_h5_open(akin_h5 *out, const uint8_t *bytes, size_t n, akin_error *err) {
  /* Read only, not copied and not freed, whatever the parameter's type says. */
  *out = h5.H5LTopen_file_image((void *)bytes, n, H5LT_FILE_IMAGE_DONT_COPY | H5LT_FILE_IMAGE_DONT_RELEASE);
  return *out < 0 ? h5_damaged("the file", err) : AKIN_OK;
}

/* One step: name is of one component. */
static akin_status h5_step(akin_h5 *out, akin_h5_kind *kind, akin_h5 group, const char *name, akin_error *err) {
  H5L_info_t link;
  *kind = AKIN_H5_NOTHING;
  const htri_t exists = h5.H5Lexists(group, name, H5P_DEFAULT);
  if (exists == 0) return AKIN_OK;
  if (exists < 0 || h5.H5Lget_info(group, name, &link, H5P_DEFAULT) < 0) return h5_damaged(name, err);
  if (link.type != H5L_TYPE_HARD)
    return akin_fail(err, AKIN_ERROR_UNSUPPORTED, "'%s' is a link to another place or file, which is not followed",
                     name);
  *out = h5.H5Oopen(group, name, H5P_DEFAULT);
  if (*out < 0) return h5_damaged(name, err);
  const H5I_type_t type = h5.H5Iget_type(*out);
  if (type != H5I_GROUP && type != H5I_DATASET)
    return akin_fail(err, AKIN_ERROR_FORMAT, "'%s' is neither a group nor a dataset", name);
  *kind = type == H5I_GROUP ? AKIN_H5_GROUP : AKIN_H5_DATASET;
  return AKIN_OK;
}

akin_status akin_h5_find(akin_h5 *out, akin_h5_kind *kind, akin_h5 group, const char *path, akin_error *err) {
  char name[AKIN_H5_NAME];
  *kind = AKIN_H5_GROUP;
  while (*kind == AKIN_H5_GROUP) {
    const size_t length = strcspn(path, "/");
    if (length == 0 || length >= sizeof name || strspn(path, ".") == length)
      return akin_fail(err, AKIN_ERROR_FORMAT, "'%.64s' cannot be a name in an HDF5 file", path);
    memcpy(name, path, length);
    name[length] = '\0';
    akin_status status = h5_step(out, kind, group, name, err);
    if (status != AKIN_OK || !path[length]) return status;
    group = *out;
    path += length + 1;
  }
  *kind = AKIN_H5_NOTHING;
  return AKIN_OK;
}

akin_status akin_h5_names(char ***out, size_t *count, akin_h5 group, size_t most, akin_arena *arena, akin_error *err) {
  H5G_info_t info;
  char name[AKIN_H5_NAME];
  if (h5.H5Gget_info(group, &info) < 0) return h5_damaged("a group", err);
  if (info.nlinks > most)
    return akin_fail(err, AKIN_ERROR_LIMIT, "a group has %llu members, at most %zu are read",
                     (unsigned long long)info.nlinks, most);
  *count = (size_t)info.nlinks;
  *out = akin_arena_array(arena, *count, sizeof **out);
  if (!*out) return akin_reader_arena_failed(arena, err);
  for (size_t i = 0; i < *count; i++) {
    const ssize_t length =
        h5.H5Lget_name_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_INC, i, name, sizeof name, H5P_DEFAULT);
    if (length <= 0 || (size_t)length >= sizeof name) return h5_damaged("the name of a member", err);
    (*out)[i] = akin_arena_text(arena, name, (size_t)length);
    if (!(*out)[i]) return akin_reader_arena_failed(arena, err);
  }
  return AKIN_OK;
}

/* ---- attributes ---- */

typedef struct h5_attribute {
  hid_t id, type;
  hssize_t count; /* of elements; negative: no such attribute */
} h5_attribute;

static akin_status h5_attribute_open(h5_attribute *out, akin_h5 object, const char *name, akin_error *err) {
  *out = (h5_attribute){-1, -1, -1};
  const htri_t exists = h5.H5Aexists(object, name);
  if (exists == 0) return AKIN_OK;
  if (exists > 0) out->id = h5.H5Aopen(object, name, H5P_DEFAULT);
  if (out->id < 0) return h5_damaged(name, err);
  const hid_t space = h5.H5Aget_space(out->id);
  out->type = h5.H5Aget_type(out->id);
  if (space >= 0) out->count = h5.H5Sget_simple_extent_npoints(space);
  return out->type < 0 || out->count < 0 ? h5_damaged(name, err) : AKIN_OK;
}

/* Texts of variable length: the library gives pointers. */
static akin_status h5_read_variable(char **texts, const h5_attribute *a, const char *name, akin_arena *arena,
                                    akin_error *err) {
  char **given = akin_arena_array(arena, (size_t)a->count, sizeof *given);
  if (!given) return akin_reader_arena_failed(arena, err);
  if (h5.H5Aread(a->id, a->type, given) < 0) return h5_damaged(name, err);
  for (hssize_t i = 0; i < a->count; i++) {
    texts[i] = akin_arena_text(arena, given[i] ? given[i] : "", given[i] ? strlen(given[i]) : 0);
    if (!texts[i]) return akin_reader_arena_failed(arena, err);
  }
  return AKIN_OK;
}

/* Texts of one length, filled up with NUL. */
static akin_status h5_read_fixed(char **texts, const h5_attribute *a, const char *name, akin_arena *arena,
                                 akin_error *err) {
  const size_t size = h5.H5Tget_size(a->type);
  char *bytes = akin_arena_array(arena, (size_t)a->count, size);
  if (!bytes) return akin_reader_arena_failed(arena, err);
  if (size == 0 || h5.H5Aread(a->id, a->type, bytes) < 0) return h5_damaged(name, err);
  for (hssize_t i = 0; i < a->count; i++) {
    const char *text = bytes + (size_t)i * size;
    texts[i] = akin_arena_text(arena, text, strnlen(text, size));
    if (!texts[i]) return akin_reader_arena_failed(arena, err);
  }
  return AKIN_OK;
}

akin_status akin_h5_texts(char ***out, size_t *count, akin_h5 object, const char *name, akin_arena *arena,
                          akin_error *err) {
  h5_attribute a;
  *out = NULL;
  *count = 0;
  akin_status status = h5_attribute_open(&a, object, name, err);
  if (status != AKIN_OK || a.id < 0) return status;
  *out = akin_arena_array(arena, (size_t)a.count, sizeof **out);
  if (!*out) return akin_reader_arena_failed(arena, err);
  if (a.count == 0) return AKIN_OK;
  if (h5.H5Tget_class(a.type) != H5T_STRING)
    return akin_fail(err, AKIN_ERROR_FORMAT, "attribute '%s' must be text", name);
  *count = (size_t)a.count;
  return h5.H5Tis_variable_str(a.type) > 0 ? h5_read_variable(*out, &a, name, arena, err)
                                           : h5_read_fixed(*out, &a, name, arena, err);
}

akin_status akin_h5_text(char **out, akin_h5 object, const char *name, akin_arena *arena, akin_error *err) {
  char **texts = NULL;
  size_t count = 0;
  *out = NULL;
  akin_status status = akin_h5_texts(&texts, &count, object, name, arena, err);
  if (status != AKIN_OK || !texts) return status;
  if (count != 1) return akin_fail(err, AKIN_ERROR_FORMAT, "attribute '%s' must be one text, it is %zu", name, count);
  *out = texts[0];
  return AKIN_OK;
}

/* ---- datasets ---- */

typedef struct h5_float {
  akin_dtype dtype;
  size_t bytes, exponent, fraction; /* bits of the latter two */
  size_t bias;
} h5_float;

static const h5_float h5_floats[] = {
    {AKIN_DTYPE_F32, 4, 8, 23, 127},
    {AKIN_DTYPE_F64, 8, 11, 52, 1023},
    {AKIN_DTYPE_F16, 2, 5, 10, 15},
    {AKIN_DTYPE_BF16, 2, 8, 7, 127},
};

/* IEEE 754's own layout: sign, exponent, fraction, from the highest bit. */
static bool h5_is_float(const h5_float *f, hid_t type) {
  size_t sign = 0, exponent_at = 0, exponent = 0, fraction_at = 0, fraction = 0;
  return h5.H5Tget_size(type) == f->bytes &&
         h5.H5Tget_fields(type, &sign, &exponent_at, &exponent, &fraction_at, &fraction) >= 0 &&
         sign == 8 * f->bytes - 1 && exponent_at == f->fraction && exponent == f->exponent && fraction_at == 0 &&
         fraction == f->fraction && h5.H5Tget_ebias(type) == f->bias;
}

static bool h5_find_integer(akin_dtype *out, hid_t type) {
  const size_t size = h5.H5Tget_size(type);
  const bool is_signed = h5.H5Tget_sign(type) == H5T_SGN_2;
  *out = size == 8 ? AKIN_DTYPE_I64 : size == 4 ? AKIN_DTYPE_I32 : AKIN_DTYPE_U8;
  return h5.H5Tget_precision(type) == 8 * size && (is_signed ? size == 8 || size == 4 : size == 1);
}

static bool h5_find_dtype(akin_dtype *out, hid_t type) {
  const H5T_class_t kind = h5.H5Tget_class(type);
  if (kind == H5T_OPAQUE && h5.H5Tget_size(type) == 2) { /* as h5py keeps a type of numpy's that HDF5 has not */
    *out = AKIN_DTYPE_BF16;
    return true;
  }
  if ((kind != H5T_FLOAT && kind != H5T_INTEGER) || h5.H5Tget_order(type) != H5T_ORDER_LE) return false;
  if (kind == H5T_INTEGER) return h5_find_integer(out, type);
  for (size_t i = 0; i < sizeof h5_floats / sizeof *h5_floats; i++) {
    *out = h5_floats[i].dtype;
    if (h5_is_float(&h5_floats[i], type)) return true;
  }
  return false;
}

/* Only what lies in the file in one piece, as it is. */
static akin_status h5_check_storage(hid_t dataset, akin_error *err) {
  const hid_t how = h5.H5Dget_create_plist(dataset);
  if (how < 0) return h5_damaged("how a dataset is stored", err);
  const H5D_layout_t layout = h5.H5Pget_layout(how);
  if (layout == H5D_VIRTUAL || h5.H5Pget_external_count(how) != 0)
    return akin_fail(err, AKIN_ERROR_UNSUPPORTED, "its numbers are in other files, which are not opened");
  if (layout == H5D_CONTIGUOUS && h5.H5Pget_nfilters(how) == 0) return AKIN_OK;
  return akin_fail(err, AKIN_ERROR_UNSUPPORTED,
                   "its numbers are compressed or in chunks, as Keras does not write them: load the model in Keras and "
                   "save it again");
}

static akin_status h5_find_shape(akin_h5_numbers *out, hid_t dataset, akin_error *err) {
  hsize_t sizes[AKIN_TENSOR_RANK] = {0};
  const hid_t space = h5.H5Dget_space(dataset);
  const H5S_class_t kind = space < 0 ? H5S_NO_CLASS : h5.H5Sget_simple_extent_type(space);
  const int rank = kind == H5S_SIMPLE || kind == H5S_SCALAR ? h5.H5Sget_simple_extent_ndims(space) : -1;
  if (rank < 0 || rank > AKIN_TENSOR_RANK) {
    return akin_fail(err, AKIN_ERROR_FORMAT, "its shape has %d axes, a weight has from 0 to %d", rank,
                     AKIN_TENSOR_RANK);
  }
  if (rank > 0 && h5.H5Sget_simple_extent_dims(space, sizes, NULL) != rank) return h5_damaged("its shape", err);
  out->rank = (uint32_t)rank;
  for (int i = 0; i < rank; i++)
    out->shape[i] = sizes[i];
  return AKIN_OK;
}

static akin_status h5_find_bytes(akin_h5_numbers *out, hid_t dataset, akin_error *err) {
  uint64_t bytes = akin_dtype_size(out->dtype);
  for (uint32_t i = 0; i < out->rank; i++)
    if (__builtin_mul_overflow(bytes, out->shape[i], &bytes))
      return akin_fail(err, AKIN_ERROR_FORMAT, "its shape makes more than 2^64 bytes");
  const uint64_t stored = h5.H5Dget_storage_size(dataset);
  const haddr_t at = h5.H5Dget_offset(dataset);
  if (bytes == 0) return AKIN_OK;
  if (stored != bytes || at == HADDR_UNDEF) {
    return akin_fail(err, AKIN_ERROR_FORMAT, "its shape makes %llu bytes, the file has %llu", (unsigned long long)bytes,
                     (unsigned long long)stored);
  }
  out->offset = at;
  return AKIN_OK;
}

akin_status akin_h5_numbers_of(akin_h5_numbers *out, akin_h5 dataset, akin_error *err) {
  *out = (akin_h5_numbers){.rank = 0};
  akin_status status = h5_check_storage(dataset, err);
  if (status != AKIN_OK) return status;
  const hid_t type = h5.H5Dget_type(dataset);
  if (type < 0 || !h5_find_dtype(&out->dtype, type))
    return akin_fail(err, AKIN_ERROR_UNSUPPORTED,
                     "its numbers are of a type that is not read (little-endian floats are)");
  status = h5_find_shape(out, dataset, err);
  return status == AKIN_OK ? h5_find_bytes(out, dataset, err) : status;
}
