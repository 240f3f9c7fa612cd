/* agreement.h - how far two rankings agree. */
#ifndef AKIN_ENGINE_AGREEMENT_H
#define AKIN_ENGINE_AGREEMENT_H

#include <akin/compare.h>
#include <stddef.h>
#include <stdint.h>

/* a, b: what was found, best first, each thing once. Two rankings of nothing agree; nothing agrees with no something.
 * Time: a_count · b_count. */
akin_agreement akin_agreement_of(const uint64_t *a, size_t a_count, const uint64_t *b, size_t b_count);

#endif
