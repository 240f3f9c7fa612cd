/* path.h - paths are byte strings; only '/' and NUL mean anything. What is allocated is freed with akin_free. */
#ifndef AKIN_BASE_PATH_H
#define AKIN_BASE_PATH_H

#include <akin/status.h>
#include <stdbool.h>

char *akin_path_join(const char *folder, const char *name); /* one '/' between; name alone when it is absolute */
const char *akin_path_name(const char *path);               /* the part after the last '/'; borrowed */
char *akin_path_folder(const char *path);                   /* the part before it; "/" or "." at least */
/* Is path inside folder (or the same)? Returns the rest without a leading '/', borrowed from path ("" for the folder
 * itself), or NULL. Both absolute and normalised. */
const char *akin_path_inside(const char *path, const char *folder);
/* Ends with .ext, letters compared without case? ext without the dot. */
bool akin_path_has_extension(const char *path, const char *ext);
/* Absolute, with "." ".." and "//" removed, links NOT followed in the last component, so that an image keeps the name
 * the user gave; the folder part is resolved by realpath. Nothing of the path need exist: what does not is taken as
 * written, so that an image whose folder is gone can still be named. */
akin_status akin_path_absolute(char **out, const char *path, akin_error *err);
/* `path` as seen from the folder `from`: both absolute; "../" steps as needed. */
char *akin_path_relative(const char *path, const char *from);
/* Creates a folder and those above it (mode 0777 less umask; only_user: 0700). Fine when it exists. */
akin_status akin_path_create_folder(const char *path, bool only_user, akin_error *err);

/* The user's folders by the XDG base directory specification: $XDG_DATA_HOME/akin or ~/.local/share/akin,
 * $XDG_CACHE_HOME/akin or ~/.cache/akin. AKIN_ERROR_NOT_FOUND when neither the variable nor HOME is set. */
akin_status akin_path_user_data(char **out, akin_error *err);
akin_status akin_path_user_cache(char **out, akin_error *err);

#endif
