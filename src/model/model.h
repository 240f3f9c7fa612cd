/*
 * model.h - the room model, as the engine sees it: cards, imported models, cutting.
 *
 *     card + weights file ──▶ layers (Keras' terms) ──▶ model.onnx + weights.bin in a folder        akin_model_import
 *     folder ──▶ layers ──▶ the feature layer ──▶ a cut graph on disk + fingerprint                   akin_folder_open,
 * akin_folder_cut
 *
 * An imported model is the folder MODELS/NAME: card.json, model.onnx (whole network, external data), weights.bin,
 * checksums.json. It comes into being as a whole (written beside, renamed) and never changes, except that graphs cut
 * elsewhere are added to it.
 */
#ifndef AKIN_MODEL_MODEL_H
#define AKIN_MODEL_MODEL_H

#include "base/buffer.h"
#include "base/hash.h"
#include "base/preparation.h"

#include <akin/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- cards ---- */

/* How a feature layer that is a map, or a row of tokens, becomes one vector (pool.c). */
typedef enum akin_pool {
  AKIN_POOL_CARD,    /* as the card says; else the mean of a map, the class token of tokens */
  AKIN_POOL_AVERAGE, /* the mean over all places, or all tokens */
  AKIN_POOL_MAX,     /* the largest of them */
  AKIN_POOL_GEM,     /* generalised mean (Radenović, Tolias, Chum, 2018): (mean of x^p)^(1/p), x at least 1e-6 */
  AKIN_POOL_CLASS,   /* of tokens: the first */
  AKIN_POOL_PATCHES, /* of tokens: the mean of those behind the card's prefix_tokens */
  AKIN_POOL_BOTH     /* CLASS, then PATCHES: twice as long */
} akin_pool;
#define AKIN_POOL_COUNT 7

#define AKIN_POOL_POWER       3.0 /* p of AKIN_POOL_GEM when nobody says otherwise */
#define AKIN_POOL_POWER_LEAST 1.0
#define AKIN_POOL_POWER_MOST  100.0

/*
 * Their names, as cards, stores and fingerprints have them: "card", "average" … "gem:4.5" says the power, too.
 *   power: of AKIN_POOL_GEM; 0: nothing is said, and of all others
 * From a name: false when there is none such, or its power is out of range.
 */
akin_status akin_pool_text(akin_buffer *out, akin_pool pool, double power);
bool akin_pool_from_name(akin_pool *out, double *power, const char *name);

/* Whose network of a family it is: Keras and torchvision differ in strides, paddings, biases, epsilon and names. */
typedef enum akin_dialect { AKIN_DIALECT_KERAS, AKIN_DIALECT_TORCHVISION } akin_dialect;

/* A weights file that a card knows: by its hash where one was published, else by its name. */
typedef struct akin_card_weights {
  const char *format;  /* "pth", "h5" */
  const char *file;    /* its usual name */
  const char *origin;  /* where it comes from, for people */
  const char *address; /* where it can be had; NULL: none */
  uint64_t bytes;      /* 0: not known */
  bool has_hash;
  akin_hash hash;            /* SHA-256 */
  const char *sha256_prefix; /* its first digits, lower case, at least 8; NULL: none */
  const char *md5;           /* 32 lower-case hexadecimal digits; NULL: none */
  bool top;                  /* false: of the network without its last layers */
} akin_card_weights;

typedef struct akin_card {
  const char *name;                  /* "efficientnet-lite0" */
  const char *description;           /* one line */
  const char *family;                /* "efficientnet-lite" */
  double width_factor, depth_factor; /* the family's parameters, those that it takes (families.h) */
  uint32_t depth;                    /* layers, as the network's name counts them */
  bool minimalistic;
  akin_dialect dialect;
  uint32_t groups, group_width; /* ResNeXt, wide ResNet: of the 3×3 convolutions, and channels of each at 64 filters */
  bool normalized;              /* VGG: a batch normalization behind each convolution */
  uint32_t classes;             /* 0: the network without its last layers, those that make class scores */
  akin_preparation preparation;
  bool mirror; /* the feature is the mean of the image's and its mirror image's */
  bool bgr;
  float mean[3], scale[3]; /* (x - mean) / scale, x in 0..255, in the network's channel order */
  const char *layer;       /* NULL: by the rule */
  akin_pool pool;          /* what AKIN_POOL_CARD stands for; AKIN_POOL_CARD: nothing is said */
  double pool_power;       /* of AKIN_POOL_GEM; 0: AKIN_POOL_POWER */
  bool has_prefix_tokens;
  uint32_t prefix_tokens; /* tokens in front of those of patches: class token and registers; when it has */
  const char *variant_of; /* the card that this one is another form of; NULL: none */
  const char *licence;    /* SPDX */
  const char *citation;
  akin_card_weights weights[4];
  size_t weights_count;
} akin_card;

/*
 * The built-in cards; static for the process. One that knows weights without the last layers is there twice: the second
 * time without them, named NAME-notop.
 */
size_t akin_card_builtin_count(void);
const akin_card *akin_card_builtin_at(size_t index);  /* NULL only when memory ran out while parsing them */
const akin_card *akin_card_builtin(const char *name); /* NULL: none */

/* For messages: "; did you mean vgg16?" of a name that nearly is that of a built-in card, as VGG-16 and MobileNetV2
 * are; else "". Returns out. */
#define AKIN_CARD_HINT_SIZE 96
const char *akin_card_hint(char out[AKIN_CARD_HINT_SIZE], const char *name);

/* Does the publisher of a file give a hash of it, or the first digits of one? Files of which none is given are known by
 * their names. */
bool akin_card_weights_hashed(const akin_card_weights *weights);
/*
 * The built-in card of a weights file: by its SHA-256 or the first digits of it, else by its MD5, else, when its
 * publisher gives no hash, by its name. NULL: none.
 *   verified: false when it was found by name
 * Errors: those of reading the file.
 */
akin_status akin_card_find(const akin_card **out, bool *verified, const char *path, const akin_hash *sha256,
                           akin_error *err);
/* Every field is checked: unknown keys, sizes, ranges. Errors name the key. The card owns its strings; akin_card_free
 * frees it. */
akin_status akin_card_parse(akin_card **out, const char *json, size_t n, akin_error *err);
/* The same card without the network's last layers: NAME-notop, classes 0, and the weights of that form alone; *out is
 * NULL when there are none. */
akin_status akin_card_parse_notop(akin_card **out, const char *json, size_t n, akin_error *err);
/* Floats in the feature and weights of a built-in card's network, as they will be; 0 each where only its file tells. */
void akin_card_extent(uint32_t *dim, uint64_t *parameters, const akin_card *card);
void akin_card_free(akin_card *card); /* NULL is fine; never on a built-in one */
akin_status akin_card_json(akin_buffer *out, const akin_card *card);
/* Appends the parameters that its family takes: ", width 0.5, minimalistic". */
akin_status akin_card_parameters_text(akin_buffer *out, const akin_card *card);

/* ---- importing ---- */

typedef struct akin_import_request {
  const char *models_folder; /* where imported models are */
  const char *weights_path;
  const char *card;   /* name of a built-in card, or a path ending in .json; NULL: found by the file (akin_card_find) */
  const char *name;   /* NULL: the card's */
  bool replace;       /* an imported model of that name is replaced */
  const char *pixels; /* of a user's own model: as in akin_own_card; else NULL */
  uint32_t width, height;        /* of its images, where it leaves them open; 0: it must say so */
  const float *mean, *deviation; /* these, of an ONNX network, are as in akin_import_options */
  const char *channels, *filter, *fit, *layer;
  double crop;
  akin_pool pool;
  double pool_power;
  void (*on_note)(void *context, const char *line); /* as in akin_import_options; may be NULL */
  void *note_context;
} akin_import_request;

/* name_out: akin_free. Errors: NOT_FOUND (file, card), UNSUPPORTED (no card for this hash: says --card), MISMATCH (a
 * layer's weights have another shape: names layer, expected and found; weights missing or left over), FORMAT (also NaN
 * or infinite weights), those of akin_tensors_open, REFUSED (name taken), BUSY (another import or removal is running),
 * USAGE (name), IO, NO_SPACE, MEMORY. Nothing is left behind on failure. */
akin_status akin_model_import(char **name_out, const akin_import_request *request, akin_error *err);

/* ---- an imported model ---- */

typedef struct akin_folder akin_folder;

/* Names of imported models, sorted; akin_free each and the array. A missing folder has none. */
akin_status akin_folder_list(char ***out, size_t *count, const char *models_folder, akin_error *err);
/* NOT_FOUND: says which command imports it. Checks card and sizes, not the hash of the weights (akin_folder_verify
 * does). */
akin_status akin_folder_open(akin_folder **out, const char *models_folder, const char *name, akin_error *err);
void akin_folder_close(akin_folder *f);
const akin_card *akin_folder_card(const akin_folder *f);
const char *akin_folder_name(const akin_folder *f);
const char *akin_folder_path(const akin_folder *f);
const akin_hash *akin_folder_weights_hash(const akin_folder *f); /* of the original weights file */
/* The hash of the weights that the model `name` was made of, when it was made by this card: they are pinned where their
 * publisher gives no hash. False: there is no such model. */
bool akin_folder_pinned(akin_hash *out, const char *models_folder, const char *name, const akin_card *card);
uint64_t akin_folder_parameters(const akin_folder *f); /* how many weights */
uint64_t akin_folder_disk_use(const akin_folder *f);
akin_status akin_folder_verify(const akin_folder *f, akin_error *err); /* MISMATCH: which file */
akin_status akin_folder_remove(const char *models_folder, const char *name, akin_error *err);

typedef struct akin_layer_info {
  const char *name;
  const char *kind; /* Keras' class name: "Conv2D"; of an ONNX graph the operator: "Conv" */
  uint32_t rank;    /* of the output without the batch: 3 for [h, w, c], 1 for a vector; 1 to 4 */
  uint32_t shape[4];
  uint64_t parameters;
} akin_layer_info;
size_t akin_folder_layer_count(const akin_folder *f);
void akin_folder_layer(const akin_folder *f, size_t index, akin_layer_info *out);

/* The network cut at its feature layer. Strings belong to the cut. */
typedef struct akin_cut {
  char *layer; /* name of the feature layer */
  size_t layer_index;
  char *rule;         /* which rule found it, for people */
  char *pooling;      /* what makes one vector of it, in the fingerprint's words: "none", "average", "gem:3" … */
  char *pooling_text; /* the same for people: ", mean over its places"; "" of "none" */
  uint32_t dim;
  uint64_t vector_weights; /* numbers in the dense layers from vector to vector, up to the feature layer: those that an
                              inference reads from memory and uses once an image */
  char *onnx_path;         /* a graph that ends there; exists when akin_folder_cut has returned */
  char *meaning; /* canonical text of everything the fingerprint covers, "key: value" lines, so that a mismatch can be
                    explained */
  char fingerprint[AKIN_HASH_HEX_SIZE]; /* SHA-256 of meaning */
} akin_cut;

/* Where and for what a network is cut. preparation, mirror and precision enter the fingerprint: those that are used,
 * not the card's. All is borrowed for the call. */
typedef struct akin_cut_request {
  const char *layer; /* NULL: the card's, else by the rule; a layer's name; "-2" counted from the end as Keras does */
  akin_pool pool;    /* of a layer that is a map, or tokens; else without effect */
  double pool_power; /* of AKIN_POOL_GEM; 0: the card's, else AKIN_POOL_POWER */
  const akin_preparation *preparation;
  bool mirror;
  const char *precision;   /* "f32", "bf16" */
  unsigned decode_version; /* AKIN_IMAGE_VERSION */
} akin_cut_request;

/* Errors: NOT_FOUND (no such layer: names the nearest), UNSUPPORTED (a layer that is computed together with the next
 * one: names that), MISMATCH or FORMAT (a damaged folder), IO (the graph has to be written, and cannot be), MEMORY.
 * Free with akin_cut_clear. */
akin_status akin_folder_cut(akin_cut *out, const akin_folder *f, const akin_cut_request *request, akin_error *err);
void akin_cut_clear(akin_cut *cut); /* fine on {0} */
/* One line on what differs between two meanings: "weights differ; preprocessing: bilinear here, nearest there".
 * akin_free. */
char *akin_cut_difference(const char *meaning_here, const char *meaning_there);

/* Writes the network as one self-contained ONNX file (weights inside) that onnx.checker accepts, input f32 [N, 3, H, W]
 * already preprocessed; how is in its metadata, from the cut, which must not be NULL. whole: up to the class scores,
 * else up to the cut. Errors: LIMIT (above 2 GB one file cannot hold them), MISMATCH or FORMAT (a damaged folder), IO,
 * NO_SPACE, MEMORY. */
akin_status akin_folder_export(const akin_folder *f, const char *onnx_path, const akin_cut *cut, bool whole,
                               akin_error *err);

#endif
