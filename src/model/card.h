/* card.h - what the files of this room share about cards. */
#ifndef AKIN_MODEL_CARD_H
#define AKIN_MODEL_CARD_H

#include "model/model.h"
#include "weights/tensors.h"

#define AKIN_CARD_CLASSES_MOST 1000000u
#define AKIN_CARD_GROUP_WIDTH  64u /* ResNet's own */

/* Appends value in the fewest digits that give it back when read: as a float when `single`, else as a double. */
akin_status akin_card_number(akin_buffer *out, double value, bool single);

/* A card from a file of at most 1 MB. Errors name the file. */
akin_status akin_card_read(akin_card **out, const char *path, akin_error *err);

/*
 * A built-in card for weights that are not the official ones: with as many classes as their numbers are for, or without
 * the last layers; the card's own number when none fits, so that a comparison can say what does not. Errors: MEMORY.
 */
akin_status akin_card_own(akin_card **out, const akin_card *from, const akin_tensors *tensors, akin_error *err);

#endif
