/* output.h - where what is written under a name goes. */
#ifndef AKIN_REPORT_OUTPUT_H
#define AKIN_REPORT_OUTPUT_H

#include <akin/status.h>

/* *out: where path leads, through symbolic links, so that a link stays when a file is replaced; a path that is not
 * there yet is made absolute. Freed with akin_free. */
akin_status akin_output_resolve(char **out, const char *path, akin_error *err);

#endif
