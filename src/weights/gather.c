/* gather.c - walks a strided view in the order wanted, converting as it goes. */
#include "weights/gather.h"

#include "base/error.h"
#include "base/little.h"

#include <string.h>

static float gather_f32_bits(uint32_t bits) {
  float value = 0;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static float gather_f32(const uint8_t *p) {
  return gather_f32_bits((uint32_t)akin_little_get(p, 4));
}

static float gather_f64(const uint8_t *p) {
  uint64_t bits = akin_little_get(p, 8);
  double value = 0;
  memcpy(&value, &bits, sizeof value);
  return (float)value;
}

/* 1 sign, 5 exponent, 10 fraction bits; a zero exponent has no hidden bit, an exponent of ones is infinity or NaN. */
static float gather_f16(const uint8_t *p) {
  uint32_t bits = (uint32_t)akin_little_get(p, 2);
  uint32_t sign = (bits & 0x8000u) << 16, exponent = bits >> 10 & 31u, fraction = bits & 1023u;
  if (exponent == 31u) return gather_f32_bits(sign | 0x7F800000u | fraction << 13);
  if (exponent == 0) return (sign ? -1.0f : 1.0f) * (float)fraction * 0x1p-24f;
  return gather_f32_bits(sign | (exponent + 112u) << 23 | fraction << 13);
}

static float gather_bf16(const uint8_t *p) {
  return gather_f32_bits((uint32_t)akin_little_get(p, 2) << 16);
}

static float gather_i64(const uint8_t *p) {
  return (float)(int64_t)akin_little_get(p, 8);
}

static float gather_i32(const uint8_t *p) {
  return (float)(int32_t)(uint32_t)akin_little_get(p, 4);
}

static float gather_u8(const uint8_t *p) {
  return (float)*p;
}

static float gather_bool(const uint8_t *p) {
  return *p ? 1.0f : 0.0f;
}

typedef struct gather_type {
  const char *name;
  size_t size;
  float (*load)(const uint8_t *p);
} gather_type;

static const gather_type gather_types[] = {
    [AKIN_DTYPE_F32] = {"f32", 4, gather_f32}, [AKIN_DTYPE_F64] = {"f64", 8, gather_f64},
    [AKIN_DTYPE_F16] = {"f16", 2, gather_f16}, [AKIN_DTYPE_BF16] = {"bf16", 2, gather_bf16},
    [AKIN_DTYPE_I64] = {"i64", 8, gather_i64}, [AKIN_DTYPE_I32] = {"i32", 4, gather_i32},
    [AKIN_DTYPE_U8] = {"u8", 1, gather_u8},    [AKIN_DTYPE_BOOL] = {"bool", 1, gather_bool},
};

size_t akin_dtype_size(akin_dtype dtype) {
  return gather_types[dtype].size;
}

const char *akin_dtype_name(akin_dtype dtype) {
  return gather_types[dtype].name;
}

akin_view akin_view_row_major(const akin_tensor *tensor) {
  akin_view view = {.rank = tensor->rank};
  uint64_t stride = 1;
  for (uint32_t i = tensor->rank; i-- > 0; stride *= tensor->shape[i]) {
    view.shape[i] = tensor->shape[i];
    view.strides[i] = stride;
  }
  return view;
}

akin_status akin_view_check(uint64_t *count, const akin_view *view, uint64_t stored, akin_error *err) {
  uint64_t elements = 1, last = view->offset;
  bool overflow = false;
  for (uint32_t i = 0; i < view->rank; i++) {
    uint64_t reach = 0;
    overflow |= __builtin_mul_overflow(elements, view->shape[i], &elements);
    if (view->shape[i] == 0) continue;
    overflow |= __builtin_mul_overflow(view->shape[i] - 1, view->strides[i], &reach);
    overflow |= __builtin_add_overflow(last, reach, &last);
  }
  if (overflow) return akin_fail(err, AKIN_ERROR_FORMAT, "its shape and strides overflow");
  if (elements > stored) {
    return akin_fail(err, AKIN_ERROR_FORMAT, "has %llu elements, its storage only %llu", (unsigned long long)elements,
                     (unsigned long long)stored);
  }
  if (elements > 0 && last >= stored) {
    return akin_fail(err, AKIN_ERROR_FORMAT, "reaches element %llu of a storage of %llu", (unsigned long long)last,
                     (unsigned long long)stored);
  }
  *count = elements;
  return AKIN_OK;
}

void akin_gather(float *out, const uint8_t *bytes, akin_dtype dtype, const akin_view *view, const uint32_t *axes) {
  const gather_type *type = &gather_types[dtype];
  const uint32_t rank = view->rank;
  uint64_t size[AKIN_TENSOR_RANK] = {0}, step[AKIN_TENSOR_RANK] = {0}, at[AKIN_TENSOR_RANK] = {0};
  uint64_t count = 1, place = view->offset;
  for (uint32_t i = 0; i < rank; i++) {
    size[i] = view->shape[axes ? axes[i] : i];
    step[i] = view->strides[axes ? axes[i] : i];
    count *= size[i];
  }
  for (uint64_t n = 0; n < count; n++) {
    out[n] = type->load(bytes + place * type->size);
    for (uint32_t i = rank; i > 0; i--) { /* as an odometer: the last axis turns fastest */
      place += step[i - 1];
      if (++at[i - 1] < size[i - 1]) break;
      place -= step[i - 1] * size[i - 1];
      at[i - 1] = 0;
    }
  }
}
