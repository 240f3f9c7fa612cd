/* net_numbers.h - numbers of any type as f32. */
#ifndef AKIN_MODEL_NET_NUMBERS_H
#define AKIN_MODEL_NET_NUMBERS_H

#include "model/net.h"

/*
 * `count` floating-point numbers of `type` as f32. of: whose they are, for the message.
 *   alone: an infinity is let through: one number may be a bound, or what is left out of a maximum
 * Errors: FORMAT (a number that is not finite in f32).
 */
akin_status akin_net_convert(float *out, const uint8_t *bytes, akin_element type, size_t count, bool alone,
                             const char *of, akin_error *err);

#endif
