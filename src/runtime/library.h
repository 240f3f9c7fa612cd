/* library.h - finding and loading OpenVINO's C library. Nothing of its types is here: see openvino.c. */
#ifndef AKIN_RUNTIME_LIBRARY_H
#define AKIN_RUNTIME_LIBRARY_H

#include <akin/status.h>

/*
 * Loads the library of the version that this build was made for and gives the handle of dlopen. It is never unloaded:
 * OpenVINO and its threads do not survive that. Looked for, in this order:
 *     $AKIN_OPENVINO, and lib inside it; when the variable is set, nowhere else
 *     akin and ../lib/akin, seen from the folder of libakin.so, then from that of the program
 *     the folder that was staged when this was built
 * AKIN_ERROR_RUNTIME: nowhere (says where it looked, which other version lies there, and what to do), or it cannot be
 * loaded (says why).
 */
akin_status akin_library_load(void **handle, akin_error *err);

#endif
