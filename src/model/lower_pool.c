/*
 * lower_pool.c - poolings in ONNX's operations (pool.h): only such as are written the same way in every version of ONNX
 * that is read, because they are added to graphs that others wrote: Gather, not Slice; or in the form that the graph's
 * version has.
 */
#include "base/memory.h"
#include "model/lowering.h"
#include "model/pool.h"

#define POOL_LEAST 1e-6 /* GeM's clamp, as its authors have it */

#define POOL_MAX_SPREADS 8 /* the version from which on Max takes values of different shapes */

/* Are the graph's operations of this version, or of a later one? */
static bool pool_is_since(const lowering *lo, int64_t version) {
  for (size_t i = 0; i < lo->graph->opset_count; i++)
    if (!*lo->graph->opsets[i].domain) return lo->graph->opsets[i].version >= version;
  return true; /* our own graphs */
}

static const char *pool_transposed(lowering *lo, const char *value, const int64_t *axes, size_t rank,
                                   const char *output) {
  akin_graph_set_integers(akin_lowering_node(lo, "Transpose", output, &value, 1), "perm", axes, rank);
  return output;
}

/* Tokens from `start` to before `end`. */
static const char *pool_tokens(lowering *lo, const char *value, uint32_t start, uint32_t end, const char *output) {
  const char *inputs[2] = {value, akin_lowering_name(lo, output, "numbers")};
  int64_t *numbers = akin_calloc(end - start, sizeof *numbers);
  for (uint32_t i = start; numbers && i < end; i++)
    numbers[i - start] = i;
  if (lo->status == AKIN_OK && !(numbers && akin_graph_add_integers(lo->graph, inputs[1], numbers, end - start)))
    akin_lowering_starve(lo);
  akin_graph_set_integer(akin_lowering_node(lo, "Gather", output, inputs, 2), "axis", 1);
  akin_free(numbers);
  return output;
}

static const char *pool_flat(lowering *lo, const char *value, const char *output) {
  akin_graph_set_integer(akin_lowering_node(lo, "Flatten", output, &value, 1), "axis", 1);
  return output;
}

/* [1, channels, places …], which is what ONNX's global poolings take. */
static const char *pool_places(lowering *lo, const akin_pool_plan *plan, const char *value, const char *output) {
  if (plan->tokens) return pool_transposed(lo, value, (const int64_t[]){0, 2, 1}, 3, output);
  return plan->channels_last ? pool_transposed(lo, value, (const int64_t[]){0, 3, 1, 2}, 4, output) : value;
}

static const char *pool_clamped(lowering *lo, const char *value, const char *output) {
  if (pool_is_since(lo, POOL_MAX_SPREADS))
    return akin_lowering_binary(lo, "Max", value, akin_lowering_scalar(lo, POOL_LEAST), output);
  akin_graph_set_number(akin_lowering_node(lo, "Clip", output, &value, 1), "min", POOL_LEAST);
  return output;
}

/* (mean of x^p)^(1/p), each channel by its largest value, so that no power leaves what f32 can hold. */
static const char *pool_gem(lowering *lo, double power, const char *value, const char *base) {
  const char *clamped = pool_clamped(lo, value, akin_lowering_name(lo, base, "clamped"));
  const char *peak = akin_lowering_unary(lo, "GlobalMaxPool", clamped, akin_lowering_name(lo, base, "peak"));
  const char *share = akin_lowering_binary(lo, "Div", clamped, peak, akin_lowering_name(lo, base, "share"));
  const char *raised =
      akin_lowering_binary(lo, "Pow", share, akin_lowering_scalar(lo, power), akin_lowering_name(lo, base, "raised"));
  const char *mean = akin_lowering_unary(lo, "GlobalAveragePool", raised, akin_lowering_name(lo, base, "mean"));
  const char *root =
      akin_lowering_binary(lo, "Pow", mean, akin_lowering_scalar(lo, 1 / power), akin_lowering_name(lo, base, "root"));
  return akin_lowering_binary(lo, "Mul", root, peak, akin_lowering_name(lo, base, "map"));
}

/* The mean of the tokens of patches. */
static const char *pool_patches(lowering *lo, const akin_pool_plan *plan, const char *value, const char *output) {
  if (plan->prefix > 0)
    value = pool_tokens(lo, value, plan->prefix, plan->count, akin_lowering_name(lo, output, "tokens"));
  value = pool_places(lo, plan, value, akin_lowering_name(lo, output, "places"));
  return pool_flat(lo, akin_lowering_unary(lo, "GlobalAveragePool", value, akin_lowering_name(lo, output, "map")),
                   output);
}

static const char *pool_class(lowering *lo, const char *value, const char *output) {
  return pool_flat(lo, pool_tokens(lo, value, 0, 1, akin_lowering_name(lo, output, "token")), output);
}

static void pool_both(lowering *lo, const akin_pool_plan *plan, const char *value, const char *output) {
  const char *class = pool_class(lo, value, akin_lowering_name(lo, output, "class"));
  const char *patches = pool_patches(lo, plan, value, akin_lowering_name(lo, output, "patches"));
  const char *inputs[2] = {class, patches};
  akin_graph_set_integer(akin_lowering_node(lo, "Concat", output, inputs, 2), "axis", 1);
}

/* The poolings over all places. */
static void pool_all(lowering *lo, const akin_pool_plan *plan, const char *value, const char *output) {
  value = pool_places(lo, plan, value, akin_lowering_name(lo, output, "places"));
  if (plan->pool == AKIN_POOL_GEM) {
    pool_flat(lo, pool_gem(lo, plan->power, value, output), output);
    return;
  }
  const char *operation = plan->pool == AKIN_POOL_MAX ? "GlobalMaxPool" : "GlobalAveragePool";
  pool_flat(lo, akin_lowering_unary(lo, operation, value, akin_lowering_name(lo, output, "map")), output);
}

akin_status akin_pool_lower(akin_graph *graph, const akin_pool_plan *plan, const char *input, const char *output,
                            akin_error *err) {
  lowering lo = {.graph = graph, .status = AKIN_OK, .err = err};
  switch (plan->pool) {
  case AKIN_POOL_CLASS:
    pool_class(&lo, input, output);
    break;
  case AKIN_POOL_PATCHES:
    pool_patches(&lo, plan, input, output);
    break;
  case AKIN_POOL_BOTH:
    pool_both(&lo, plan, input, output);
    break;
  default:
    pool_all(&lo, plan, input, output);
  }
  return lo.status;
}
