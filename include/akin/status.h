/*
 * akin/status.h - what every function of the library returns, and the text that goes with a failure.
 *
 * Thread safety: all of this is data of the caller's own; nothing is shared between threads.
 */
#ifndef AKIN_STATUS_H
#define AKIN_STATUS_H

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__) || defined(__clang__)
#define AKIN_API __attribute__((visibility("default")))
#else
#define AKIN_API
#endif

#define AKIN_VERSION_MAJOR  0
#define AKIN_VERSION_MINOR  1
#define AKIN_VERSION_PATCH  0
#define AKIN_VERSION_STRING "0.1.0"

/* The outcome of a call. Numbers are part of the binary interface and never change their meaning. */
typedef enum akin_status {
  AKIN_OK = 0,
  AKIN_ERROR_USAGE = 1,       /* an argument is out of its range, or arguments contradict each other */
  AKIN_ERROR_MEMORY = 2,      /* the system gave no memory */
  AKIN_ERROR_IO = 3,          /* the system refused to read or write */
  AKIN_ERROR_NOT_FOUND = 4,   /* no such file, image, model, layer */
  AKIN_ERROR_FORMAT = 5,      /* bytes are not what they claim to be: damaged, truncated, of another kind */
  AKIN_ERROR_UNSUPPORTED = 6, /* sound, but this build or this machine cannot do it */
  AKIN_ERROR_LIMIT = 7,       /* larger than a limit allows */
  AKIN_ERROR_BUSY = 8,        /* another process is writing */
  AKIN_ERROR_MISMATCH = 9,    /* two things that must agree do not: fingerprints, checksums, shapes */
  AKIN_ERROR_CANCELLED = 10,  /* the caller's cancel callback said so */
  AKIN_ERROR_RUNTIME = 11,    /* the inference library is missing or failed */
  AKIN_ERROR_REFUSED = 12,    /* would lose data that the caller probably wants to keep */
  AKIN_ERROR_NO_SPACE = 13    /* the disk is full, or would be */
} akin_status;

/* Bytes of text in an error, the ending NUL included. A longer text is shortened at its end. */
#define AKIN_ERROR_TEXT 1024

/*
 * What went wrong. The caller owns it, usually on the stack; no initialisation is needed. Every function that takes
 * one accepts NULL. It is written only when the call fails.
 *   code: the same value that the function returned
 *   text: one line of valid UTF-8 without control characters: which file, what is wrong (with the numbers), what to do
 */
typedef struct akin_error {
  akin_status code;
  char text[AKIN_ERROR_TEXT];
} akin_error;

/* A short English word for a status, for logs: "ok", "not found". Never NULL; static. */
AKIN_API const char *akin_status_name(akin_status status);

/* The version of the library that is running, "0.1.0". Static. Compare with AKIN_VERSION_STRING, that of the header. */
AKIN_API const char *akin_version(void);

#ifdef __cplusplus
}
#endif
#endif
