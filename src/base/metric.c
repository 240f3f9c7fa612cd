/* metric.c - the names of akin_metric. */
#include <akin/evaluate.h>

static const char *const metric_names[AKIN_METRICS] = {"precision", "recall", "map_k", "map_r", "map"};

const char *akin_metric_name(akin_metric metric) {
  return (size_t)metric < AKIN_METRICS ? metric_names[metric] : "unknown";
}
