/* library.h - where OpenVINO is: base/library.h looks for it, by the name that this build was made for. */
#ifndef AKIN_RUNTIME_LIBRARY_H
#define AKIN_RUNTIME_LIBRARY_H

#include "base/library.h"

/* Looks into $AKIN_OPENVINO too. Once loaded it stays: OpenVINO and its threads do not survive being unloaded. Its
 * libraries find each other beside themselves, so that only the first of them has to be found. */
static const akin_library akin_library_openvino = {
    "OpenVINO", AKIN_OPENVINO_SONAME, /* libopenvino_c.so.2641: the number is the version */
    "libopenvino_c.so", "AKIN_OPENVINO", AKIN_OPENVINO_LIB};

#endif
