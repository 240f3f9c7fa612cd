/* net_input.h - which input of a network takes its images, and what follows from them alone. */
#ifndef AKIN_MODEL_NET_INPUT_H
#define AKIN_MODEL_NET_INPUT_H

#include "model/net.h"

/* Sets image, channels_last, grey, height, width and outputs of a net whose graph is sorted. Errors: UNSUPPORTED (no
 * input is an image, or more than one; nothing follows from it alone: says what there is), MEMORY. */
akin_status akin_net_find_image(akin_net *net, const char *layer, akin_error *err);

#define AKIN_NET_ON_IMAGE 1u /* follows from the image */
#define AKIN_NET_ON_OTHER 2u /* follows from another input */

/* For each node, of what it follows: the flags above; akin_free. NULL when memory is short. */
uint8_t *akin_net_flags(const akin_net *net, const akin_graph_index *makers);
/* The same of any value. */
uint8_t akin_net_value_flags(const akin_net *net, const akin_graph_index *makers, const uint8_t *flags,
                             const char *name);

#endif
