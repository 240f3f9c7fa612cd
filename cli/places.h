/* places.h - paths as the program needs them. */
#ifndef AKIN_CLI_PLACES_H
#define AKIN_CLI_PLACES_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

/* The part after the last '/'; borrowed. */
const char *cli_path_name(const char *path);
/* Does path end in .extension, letters compared without case? */
bool cli_path_has_extension(const char *path, const char *extension);
/* path made absolute: its folder resolved, its last part kept. Where that is not possible, path as it is. */
const char *cli_path_absolute(char out[PATH_MAX], const char *path);
/* path with its extension .from, if it has it, replaced by .to. False, with a message printed, when it is too long. */
bool cli_path_exchange(char out[PATH_MAX], const char *path, const char *from, const char *to);

#endif
