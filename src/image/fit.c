/* fit.c - see fit.h for the rules. */
#include "image/fit.h"

#include "base/error.h"

#include <math.h>

#define FIT_SIDE_AT_MOST 65535u

static uint32_t fit_round(double length) {
  double rounded = floor(length + 0.5);
  return rounded < 1.0 ? 1u : (uint32_t)rounded;
}

static bool fit_is_wider(uint32_t width, uint32_t height, const akin_preparation *p) {
  return (uint64_t)width * p->height > (uint64_t)height * p->width;
}

static akin_rectangle fit_centred(uint32_t width, uint32_t height, uint32_t in_width, uint32_t in_height) {
  if (width > in_width) width = in_width;
  if (height > in_height) height = in_height;
  return (akin_rectangle){(in_width - width) / 2, (in_height - height) / 2, width, height};
}

static akin_rectangle fit_crop(const akin_preparation *p, uint32_t width, uint32_t height) {
  double fraction = p->crop_fraction;
  double across = width, down = height;
  if (fit_is_wider(width, height, p))
    across = (double)height * p->width / p->height;
  else
    down = (double)width * p->height / p->width;
  return fit_centred(fit_round(across * fraction), fit_round(down * fraction), width, height);
}

static akin_rectangle fit_pad(const akin_preparation *p, uint32_t width, uint32_t height) {
  double across = p->width, down = p->height;
  if (fit_is_wider(width, height, p))
    down = (double)height * p->width / width;
  else
    across = (double)width * p->height / height;
  return fit_centred(fit_round(across), fit_round(down), p->width, p->height);
}

/* Half of what is left over, as Python rounds: halves to the even number. */
static uint32_t fit_half(uint32_t whole, uint32_t part) {
  const uint32_t over = whole - part, half = over / 2;
  return over % 2 ? half + half % 2 : half;
}

static void fit_resize_crop(akin_fit_plan *plan, const akin_preparation *p, uint32_t width, uint32_t height) {
  const uint64_t longer = (uint64_t)p->shorter * (width > height ? width : height) / (width > height ? height : width);
  plan->width = width > height ? (uint32_t)longer : p->shorter;
  plan->height = width > height ? p->shorter : (uint32_t)longer;
  plan->shown.left = fit_half(plan->width, p->width);
  plan->shown.top = fit_half(plan->height, p->height);
}

akin_fit_plan akin_fit_of(const akin_preparation *p, uint32_t width, uint32_t height) {
  akin_fit_plan plan = {.from = {0, 0, width, height}, .to = {0, 0, p->width, p->height}};
  if (p->fit == AKIN_FIT_CROP) plan.from = fit_crop(p, width, height);
  if (p->fit == AKIN_FIT_PAD) plan.to = fit_pad(p, width, height);
  plan.width = plan.shown.width = plan.to.width;
  plan.height = plan.shown.height = plan.to.height;
  if (p->fit == AKIN_FIT_RESIZE_CROP) fit_resize_crop(&plan, p, width, height);
  return plan;
}

uint32_t akin_fit_eighths(const akin_preparation *p, const akin_image_info *info) {
  if (!p->scaled_decoding || p->filter == AKIN_FILTER_NEAREST) return 8; /* nearest takes pixels as they are */
  bool turned = p->upright && info->orientation >= 5;
  akin_fit_plan plan = akin_fit_of(p, turned ? info->height : info->width, turned ? info->width : info->height);
  for (uint32_t eighths = 1; eighths < 8; eighths *= 2)
    if ((uint64_t)plan.from.width * eighths >= 16u * (uint64_t)plan.width &&
        (uint64_t)plan.from.height * eighths >= 16u * (uint64_t)plan.height)
      return eighths;
  return 8;
}

akin_status akin_fit_check(const akin_preparation *p, akin_error *err) {
  if (p->width < 1 || p->width > AKIN_PREPARATION_SIDE_MOST || p->height < 1 ||
      p->height > AKIN_PREPARATION_SIDE_MOST) {
    return akin_fail(err, AKIN_ERROR_USAGE, "an image cannot be prepared for %u x %u pixels: 1 to 4096 each", p->width,
                     p->height);
  }
  if (p->fit == AKIN_FIT_CROP && !(p->crop_fraction > 0.0f && p->crop_fraction <= 1.0f)) {
    return akin_fail(err, AKIN_ERROR_USAGE, "a crop fraction of %g is not in 0 (excluded) to 1",
                     (double)p->crop_fraction);
  }
  if (p->fit == AKIN_FIT_RESIZE_CROP &&
      (p->shorter < p->width || p->shorter < p->height || p->shorter > AKIN_PREPARATION_SIDE_MOST)) {
    return akin_fail(err, AKIN_ERROR_USAGE,
                     "an image whose shorter side is %u pixels has no middle of %u x %u: %u to 4096 are wanted",
                     p->shorter, p->width, p->height, p->width > p->height ? p->width : p->height);
  }
  if (p->filter != AKIN_FILTER_NEAREST && !p->antialias) {
    return akin_fail(err, AKIN_ERROR_USAGE, "the filter %s is only available with antialiasing",
                     akin_filter_name(p->filter));
  }
  return AKIN_OK;
}

akin_status akin_fit_check_pixels(const akin_pixels *pixels, akin_error *err) {
  if (!pixels->data || pixels->width < 1 || pixels->width > FIT_SIDE_AT_MOST || pixels->height < 1 ||
      pixels->height > FIT_SIDE_AT_MOST || pixels->stride < (size_t)pixels->width * 3) {
    return akin_fail(err, AKIN_ERROR_USAGE,
                     "pixels of %u x %u, rows %zu bytes apart: sides are 1 to 65535, rows at least 3 bytes a pixel",
                     pixels->width, pixels->height, pixels->stride);
  }
  return AKIN_OK;
}
