/*
 * runtime.h - the room runtime: runs a graph that lies on disk as ONNX. OpenVINO behind it, or a fake for tests.
 *
 * The graph has one input f32 [1, 3, H, W] and one output f32 [1, …]; the runtime puts the arithmetic of preprocessing
 * in front, so that callers hand over 8-bit pixels, and flattens the output to dim values. The compiled network is kept
 * as a blob of our own (blob.h): checked, keyed, rebuilt in silence when anything does not match.
 */
#ifndef AKIN_RUNTIME_RUNTIME_H
#define AKIN_RUNTIME_RUNTIME_H

#include <akin/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum akin_precision { AKIN_PRECISION_F32 = 0, AKIN_PRECISION_BF16 = 1 } akin_precision;

typedef struct akin_runtime_spec {
  const char *onnx_path; /* the graph, cut; its weights as external data beside it */
  const char *key; /* identifies graph + weights + preprocessing: the model's fingerprint; part of the blob's key */
  const char *blob_folder; /* where compiled networks are kept; made when missing; NULL: nowhere. One that cannot be
                              written, or that others can, is no error: the network is compiled each time */
  uint32_t width, height;  /* of the input */
  bool bgr;                /* the network wants blue first; callers always hand over RGB */
  float mean[3], scale[3]; /* in the network's channel order: (x - mean) / scale */
  akin_precision precision;
  uint32_t workers; /* sessions that run at once, one core each; 0: one session with all cores */
  uint32_t batch;   /* images that an inference takes at most, 1 to AKIN_RUNTIME_BATCH_MOST; 0: 1. A wish (see below) */
  /* Are the files sound? Asked before they are compiled, not when a blob is there: what is compiled from damaged
   * weights answers nonsense, and its blob would outlive the damage. NULL: not asked. Its error is that of open. */
  akin_status (*check)(void *context, akin_error *err);
  void *check_context;
  /* Told, in one line, of a blob that was damaged and is made again. May be NULL. */
  void (*on_note)(void *context, const char *line);
  void *note_context;
} akin_runtime_spec;

/* What comes out of a graph. */
typedef struct akin_runtime_shape {
  bool known; /* the number of dimensions and each of them, and it is f32; else nothing below counts */
  uint32_t rank;
  int64_t size[8];
} akin_runtime_shape;

/* An inference costs as much for one image as for all that it takes: a larger batch pays where images are many. */
#define AKIN_RUNTIME_BATCH_MOST 64u

typedef struct akin_network akin_network;                 /* a compiled network; shared by threads */
typedef struct akin_network_session akin_network_session; /* one request; used by one thread at a time */

typedef struct akin_runtime {
  const char *name;
  /* Borrows spec and its strings for the call. Errors: NOT_FOUND (no graph), FORMAT (a graph or weights that cannot be
   * read, shapes that are not as above), UNSUPPORTED (bf16 on a processor that has none), USAGE (spec), RUNTIME (no
   * library: says where it was looked for), MEMORY. *out is then NULL. */
  akin_status (*open)(akin_network **out, const akin_runtime_spec *spec, akin_error *err);
  void (*close)(akin_network *network); /* after its sessions; NULL is fine */
  uint32_t (*dim)(const akin_network *network);
  uint32_t (*batch)(const akin_network *network); /* the spec's, or 1 where the graph takes one image alone */
  bool (*from_blob)(const akin_network *network); /* was it loaded from a blob, not compiled? */
  akin_status (*session_open)(akin_network_session **out, akin_network *network, akin_error *err);
  void (*session_close)(akin_network_session *session); /* NULL is fine */
  /* The shapes of a graph's outputs, in their order, without compiling it. out: [count], as many as it has. Errors: as
   * those of open; UNSUPPORTED (an operator that there is not: names it). */
  akin_status (*shapes)(akin_runtime_shape *out, size_t count, const char *onnx_path, akin_error *err);
  /* pixels: u8 [count, height, width, 3] RGB. out: f32 [count, dim]. count: 1 to batch. A row does not depend on the
   * other images, and is the same to the bit at every place. */
  akin_status (*infer)(akin_network_session *session, float *out, const uint8_t *pixels, uint32_t count,
                       akin_error *err);
  /* "OpenVINO 2026.4.1 …": loads the library when it is not yet. The caller frees with akin_free. */
  akin_status (*version)(char **out, akin_error *err);
} akin_runtime;

extern const akin_runtime akin_runtime_openvino;
/* Needs no file, has no blobs: dim = 48, the mean colours of a 4×4 grid, row by row, in the network's channel order,
 * each less mean, over scale, less 0.5: deterministic, similar for similar images, so that everything above it can be
 * tested. A path holding "broken" fails to open (FORMAT). Width and height must be 4 or more. */
extern const akin_runtime akin_runtime_fake;

/* The runtime in use: OpenVINO, unless a test has chosen another (before any network is opened; not thread-safe). */
const akin_runtime *akin_runtime_get(void);
void akin_runtime_set(const akin_runtime *runtime);

#endif
