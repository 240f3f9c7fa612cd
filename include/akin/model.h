/*
 * akin/model.h - pretrained networks: importing them, opening one, turning images into features.
 *
 * Words: a *card* describes a network (family, input size, preprocessing, licence); importing a weights file with a
 * card makes a *model*, a folder under the models folder; the *feature* of an image is the vector that the model gives
 * for it, f32 [dim].
 *
 * Thread safety: functions that take no akin_model may be called from any thread. An akin_model may be used from
 * several threads at once; as many images are computed at a time as it was opened for (options.workers), further
 * callers wait. akin_model_free: when no other call is running.
 */
#ifndef AKIN_MODEL_H
#define AKIN_MODEL_H

#include <akin/image.h>
#include <akin/status.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct akin_model akin_model;

typedef enum akin_preprocess {
  AKIN_PREPROCESS_CARD = 0, /* as the model's card says */
  /* exactly Keras' load_img: nearest neighbour, stretched, no EXIF orientation, transparency dropped */
  AKIN_PREPROCESS_KERAS = 1
} akin_preprocess;

/* How a layer that is a map (a vector a place), or tokens (as those of a vision transformer), becomes one vector. */
typedef enum akin_pooling {
  AKIN_POOLING_CARD = 0,    /* as the model's card says; else the mean of a map; of tokens the class token, where
                               there is one, else the mean of patches */
  AKIN_POOLING_AVERAGE = 1, /* the mean over all places or tokens */
  AKIN_POOLING_MAX = 2,     /* the largest of them */
  AKIN_POOLING_GEM = 3,     /* their generalised mean, (mean of x^p)^(1/p), what is below 1e-6 counted as that */
  AKIN_POOLING_CLASS = 4,   /* of tokens: the first one */
  AKIN_POOLING_PATCHES = 5, /* of tokens: the mean of those of patches */
  AKIN_POOLING_BOTH = 6     /* of tokens: the first one and the mean of patches, one behind the other */
} akin_pooling;

/*
 * "card", "average", "max", "gem", "gem:4.5" (with its power), "class", "patches", "both".
 *   power: p of "gem:4.5"; 0 of all others
 * Returns 1, or 0 when there is no such pooling or its power is not from 1 to 100; then both may have changed.
 */
AKIN_API int akin_pooling_from_name(akin_pooling *pooling, double *power, const char *name);

/* How a model is opened. Start from AKIN_MODEL_OPTIONS_INIT. Strings are borrowed for the call. */
typedef struct akin_model_options {
  uint32_t version; /* AKIN_MODEL_OPTIONS_VERSION */
  /* where imported models are; NULL: $AKIN_MODELS, else the user's own ($XDG_DATA_HOME/akin/models) */
  const char *models_folder;
  /* feature layer: a name, or "-2" counted from the end as Keras does; NULL: the card's, else by the rule that
   * akin_model_describe tells */
  const char *layer;
  akin_pooling pooling;
  akin_preprocess preprocess;
  /* 0: compute in f32; 1: in bfloat16. Where the processor has none the first feature is AKIN_ERROR_UNSUPPORTED. */
  int bf16;
  uint32_t workers;   /* images at a time, one core each; 0: one at a time with all cores */
  akin_limits limits; /* for image files */
  /* Told when something was mended that nobody has to act on: a damaged compiled network that was made again. One line,
   * borrowed for the call; it comes from the thread that computes the first feature. May be NULL. */
  void (*on_note)(void *context, const char *line);
  void *note_context;   /* passed to on_note */
  double pooling_power; /* p of AKIN_POOLING_GEM, 1 to 100; 0: as the model's card says, else 3 */
} akin_model_options;

#define AKIN_MODEL_OPTIONS_VERSION 1u
#define AKIN_MODEL_OPTIONS_INIT                                                                                        \
  {                                                                                                                    \
    AKIN_MODEL_OPTIONS_VERSION, NULL, NULL, AKIN_POOLING_CARD, AKIN_PREPROCESS_CARD, 0, 0u, AKIN_LIMITS_INIT, NULL,    \
        NULL, 0                                                                                                        \
  }

/* Cores that this process may use, by its affinity and control group; at least 1. What jobs of 0 stands for. */
AKIN_API uint32_t akin_cores(void);

/*
 * Opens an imported model by name; cheap: the network is compiled (or its blob loaded) when the first image is
 * embedded.
 *   out: freed with akin_model_free; NULL on failure
 *   options: NULL for the defaults
 * Errors: NOT_FOUND (not imported: says how; no such layer), USAGE (options), FORMAT or MISMATCH (a damaged model
 * folder), IO, MEMORY.
 */
AKIN_API akin_status akin_model_open(akin_model **out, const char *name, const akin_model_options *options,
                                     akin_error *err);
AKIN_API void akin_model_free(akin_model *model); /* NULL is fine */

AKIN_API const char *akin_model_name(const akin_model *model); /* borrowed until akin_model_free */
AKIN_API uint32_t akin_model_dim(const akin_model *model);     /* floats in a feature */
/* 64 hexadecimal digits, borrowed until akin_model_free; features are comparable when they are equal. */
AKIN_API const char *akin_model_fingerprint(const akin_model *model);

/*
 * The feature of one image: a file, the bytes of one, or pixels. The first one compiles the network: seconds, or a
 * fraction of one when that was done before.
 *   feature: f32 [akin_model_dim], owned by the caller; undefined on failure
 *   path: a regular file, known by its bytes, not by its name
 *   bytes: `size` of them, borrowed for the call
 *   pixels: used as they are; borrowed for the call
 *   raw: 0: of unit length; 1: as the network gives it
 * Errors: NOT_FOUND, IO, FORMAT (not an image, damaged), UNSUPPORTED (HEIC …; bf16), LIMIT, RUNTIME (the
 * inference library), USAGE (pixels out of their range), MEMORY. A feature that is zero, NaN or infinite is FORMAT.
 */
AKIN_API akin_status akin_model_embed_path(akin_model *model, float *feature, const char *path, int raw,
                                           akin_error *err);
AKIN_API akin_status akin_model_embed_memory(akin_model *model, float *feature, const void *bytes, size_t size, int raw,
                                             akin_error *err);
AKIN_API akin_status akin_model_embed_pixels(akin_model *model, float *feature, const akin_pixels *pixels, int raw,
                                             akin_error *err);

/* ---- importing and looking at models ---- */

/* How a weights file becomes a model. Start from AKIN_IMPORT_OPTIONS_INIT. */
typedef struct akin_import_options {
  uint32_t version;
  const char *models_folder; /* as in akin_model_options */
  /* a built-in card's name (for other weights than its own with as many classes as they are for, or without the last
   * layers) or a card file (.json); NULL: found by the weights file's hash, or by its name where its publisher gives
   * none */
  const char *card;
  const char *name; /* NULL: the card's name */
  int replace;      /* 1: a model of that name is replaced; 0: AKIN_ERROR_REFUSED */
  /* Told what the user should know of an import that succeeds: a file that was known by its name alone, how a user's
   * own model is given its images. One line, borrowed for the call; it comes from the calling thread. May be NULL. */
  void (*on_note)(void *context, const char *line);
  void *note_context; /* passed to on_note */
  /* Of a user's own model, a Keras file that describes its network: how it is to be given its images: "raw" (0 to 255),
   * "unit" (x / 255), "tf" (x / 127.5 - 1), "torch", "caffe", or the name of a built-in card whose network was trained
   * alike. NULL: raw when the model prepares them itself, else as the known network that is inside it, else "unit"; a
   * note says which. Of an ONNX network likewise (see mean). Other files: AKIN_ERROR_USAGE. */
  const char *pixels;
  /* of its images, 1 to 4096, where it leaves their size open; 0: it must say so itself. As pixels */
  uint32_t width, height;
  /* All that follows is said of an ONNX network, in front of what a card says of it; USAGE with other files. What is
   * not said is assumed, and a note says so. */
  const float *mean, *deviation; /* three numbers each, in the order of channels: the network gets (x - mean) /
                                    deviation; of pixels from 0 to 1 when all are 1 at most, else of pixels from 0 to
                                    255. NULL: as `pixels` or the card says; one alone goes with a mean of 0
                                    or a deviation of 1 */
  const char *channels;          /* "rgb" or "bgr"; NULL: "rgb" */
  const char *filter;            /* "nearest", "box", "bilinear" or "bicubic"; NULL: "bilinear" */
  const char *fit;               /* "stretch", "crop" or "pad"; NULL: "crop" */
  double crop;                   /* of "crop": the part of the shorter side that is kept, 0.01 to 1; 0: 0.875 */
  const char *layer;             /* the feature layer by default: a tensor's name; NULL: by the rule */
  akin_pooling pooling;          /* its pooling by default */
  double pooling_power;          /* of AKIN_POOLING_GEM, 1 to 100; 0: 3 */
} akin_import_options;

#define AKIN_IMPORT_OPTIONS_VERSION 1u
#define AKIN_IMPORT_OPTIONS_INIT                                                                                       \
  {                                                                                                                    \
    AKIN_IMPORT_OPTIONS_VERSION, NULL, NULL, NULL, 0, NULL, NULL, NULL, 0, 0, NULL, NULL, NULL, NULL, NULL, 0, NULL,   \
        AKIN_POOLING_CARD, 0                                                                                           \
  }

/*
 * Imports a weights file (.pth, .safetensors, .h5, .weights.h5), a whole Keras model (.keras, .h5) or a network in
 * ONNX (.onnx). Everything or nothing.
 *   options: NULL for the defaults
 *   name: where the model's name is written, shortened to name_size bytes with its NUL; 128 suffice. May be NULL
 * Errors: NOT_FOUND, USAGE (options), UNSUPPORTED (unknown file: says --card), MISMATCH (weights that do not fit:
 * layer, expected and found shape), FORMAT (damaged; NaN), LIMIT (more in it than is read; ten seconds and more of
 * reading), RUNTIME (Keras files: the HDF5 library is missing, or a process cannot be confined), REFUSED (name taken),
 * BUSY (another import or removal is at work), IO, NO_SPACE, MEMORY.
 * Threads: Keras files are looked through by a child process, which is waited for by its id. It is forked from the
 * calling thread and needs no lock of the program's.
 */
AKIN_API akin_status akin_model_import_file(const char *path, const akin_import_options *options, char *name,
                                            size_t name_size, akin_error *err);

/* How a network is pulled. Start from AKIN_PULL_OPTIONS_INIT. Strings are borrowed for the call. */
typedef struct akin_pull_options {
  uint32_t version;
  const char *models_folder; /* as in akin_model_options */
  const char *from;          /* the weights file, had by other means: nothing is fetched; NULL: it is fetched */
  const char *name;          /* NULL: the card's name */
  int replace;               /* as in akin_import_options */

  /* All callbacks may be NULL, and are called by the calling thread. */
  void (*on_note)(void *context, const char *line); /* what is fetched; a file that nothing verifies. One line */
  /* Several times a second: bytes of the weights file. total 0: the server does not say. */
  void (*on_progress)(void *context, uint64_t got, uint64_t total);
  int (*should_cancel)(void *context); /* not 0: stop, keep what has come; the status is AKIN_ERROR_CANCELLED */
  void *context;
} akin_pull_options;

#define AKIN_PULL_OPTIONS_VERSION 1u
#define AKIN_PULL_OPTIONS_INIT                                                                                         \
  { AKIN_PULL_OPTIONS_VERSION, NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL }

/*
 * Fetches the official weights of a built-in card and imports them; from then on the network is needed no more. The
 * address is the card's, or, where $AKIN_MIRROR is set, that folder's: "https://mirror.example/keras" (http:// is
 * taken, too); proxies are those of libcurl's environment variables. What was fetched is held against the card's hash;
 * a file whose publisher gives none is taken, on_note is told its SHA-256, and later pulls of the same model must give
 * the same. One that was stopped or failed goes on where it was.
 *   card: a built-in card's name
 *   options: NULL for the defaults
 *   name: as in akin_model_import_file
 * Errors: those of akin_model_import_file; NOT_FOUND (no such card; the server has no such file), MISMATCH (not the
 * file that the card names), UNSUPPORTED (a card without an address; no libcurl), IO (the address cannot be reached:
 * says how to do without), LIMIT (above 8 GB), CANCELLED.
 */
AKIN_API akin_status akin_model_pull(const char *card, const akin_pull_options *options, char *name, size_t name_size,
                                     akin_error *err);

/*
 * Measures how long an imported model takes for an image on this machine: the network alone, with the default options,
 * on one core, the fastest of a few runs, not counting what other programs had the core for. Compiles the network when
 * that was not done. Where there is a cache folder ($XDG_CACHE_HOME/akin) akin_model_list tells the figure from then
 * on, as long as the processor is the same.
 *   models_folder: as in akin_model_options
 *   milliseconds: undefined on failure
 * Errors: those of akin_model_open and of a first feature.
 */
AKIN_API akin_status akin_model_time(const char *models_folder, const char *name, double *milliseconds,
                                     akin_error *err);

/*
 * Takes an imported model away. Features that stores hold of it stay.
 *   models_folder: as in akin_model_options
 * Errors: USAGE (no name), NOT_FOUND, BUSY, IO, MEMORY.
 */
AKIN_API akin_status akin_model_delete(const char *models_folder, const char *name, akin_error *err);

/*
 * What akin_model_list tells of a built-in card or an imported model. Strings are borrowed for the visit, never NULL.
 */
typedef struct akin_model_entry {
  const char *name;
  const char *description;
  const char *licence;
  /* of a card: the network that it is another width or size of, has other weights of (torchvision's), or is without
   * its last layers; "": none */
  const char *variant_of;
  /* Floats in a feature, and weights of the whole network. Of a card that is not imported as well; 0: not known before
   * the import. */
  uint32_t dim;
  uint64_t parameters;
  uint32_t width, height; /* of the input; 0: not known */
  int imported;           /* 1: it can be opened */
  int damaged;            /* its folder is there, but cannot be used: akin_model_open says why; imported is then 0 */
  uint64_t bytes;         /* on disk; 0 when not imported */
  double milliseconds;    /* of an image, as akin_model_time found it on this machine; 0: it was not asked */
} akin_model_entry;
typedef akin_status akin_model_visit(void *context, const akin_model_entry *entry);
/*
 * Every built-in card and every imported model, in order of name.
 *   models_folder: as in akin_model_options
 *   visit: one that does not return AKIN_OK ends it, and that is the result, with err as it was
 * Errors: IO, MEMORY.
 */
AKIN_API akin_status akin_model_list(const char *models_folder, akin_model_visit *visit, void *context,
                                     akin_error *err);

/*
 * Writes what an opened model is: layers with shapes, the feature layer and the rule that chose it, preprocessing,
 * origin, licence, fingerprint.
 *   out: a FILE of the caller's, written but not flushed
 *   json: 1 for JSON (docs/json.md), 0 for a text for people
 * Errors: IO, NO_SPACE, MEMORY.
 */
AKIN_API akin_status akin_model_describe(const akin_model *model, FILE *out, int json, akin_error *err);

/*
 * Writes the network as one ONNX file, which replaces what is at path as a whole or not at all.
 *   whole: 1: up to the class scores; 0: up to the feature layer
 * Errors: IO, NO_SPACE, MISMATCH or FORMAT (a damaged model folder), MEMORY.
 */
AKIN_API akin_status akin_model_export_onnx(const akin_model *model, const char *path, int whole, akin_error *err);

/* Holds the model's folder against the checksums that were written when it was imported. Errors: MISMATCH (names the
 * file that differs), IO, MEMORY. */
AKIN_API akin_status akin_model_verify(const akin_model *model, akin_error *err);

#ifdef __cplusplus
}
#endif
#endif
