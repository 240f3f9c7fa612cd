/*
 * library.h - finding and loading a shared library that is only needed at times, so that nobody pays for it who does
 * not need it. One that comes with akin lies in lib/akin, so that a program can be moved together with it.
 */
#ifndef AKIN_BASE_LIBRARY_H
#define AKIN_BASE_LIBRARY_H

#include <akin/status.h>

typedef struct akin_library {
  const char *title;    /* for messages: "OpenVINO" */
  const char *file;     /* its name, version included where it has one */
  const char *stem;     /* the name without version, so that another version can be told of; NULL: it has none */
  const char *variable; /* environment variable that names its folder; NULL: none does */
  const char *built;    /* folder that has it where akin was built */
} akin_library;

/*
 * Loads the library and gives the handle of dlopen. It is never unloaded. Looked for, in this order:
 *     the variable's folder, and lib inside it; when the variable is set, nowhere else
 *     akin and ../lib/akin, seen from the folder of libakin.so, then from that of the program
 *     the folder where akin was built
 * AKIN_ERROR_RUNTIME: nowhere (says where it looked, which other version lies there, and what to do), or it cannot be
 * loaded (says why).
 */
akin_status akin_library_open(void **handle, const akin_library *library, akin_error *err);

#endif
