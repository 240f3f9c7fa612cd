/* selection.h - the images that a filter lets through. */
#ifndef AKIN_ENGINE_SELECTION_H
#define AKIN_ENGINE_SELECTION_H

#include "store/store.h"

typedef struct akin_selection akin_selection;

/* Looks at all images once. where: see akin_query. Memory: 16 bytes an image let through, and the values of the labels
 * that the filter names while it is made. Errors: USAGE (says where in the text), FORMAT, IO, MEMORY. */
akin_status akin_selection_new(akin_selection **out, akin_storage *reader, const char *where, akin_error *err);
void akin_selection_free(akin_selection *selection); /* NULL is fine */
bool akin_selection_has_image(const akin_selection *selection, uint64_t image_id);
bool akin_selection_has_content(const akin_selection *selection, uint64_t content_id); /* of one of its images */

#endif
