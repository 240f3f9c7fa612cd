/*
 * embed.c - prints the feature of an image: what the network sees in it, as numbers.
 *
 *     embed MODEL IMAGE     MODEL: a name that `akin model list` shows as imported
 */
#include <akin/akin.h>
#include <stdio.h>
#include <stdlib.h>

/* One line a value, with the digits that give exactly this float back. */
static int print_feature(const float *feature, uint32_t dim) {
  for (uint32_t i = 0; i < dim; i++)
    printf("%.9g\n", (double)feature[i]);
  return fflush(stdout) == 0;
}

int main(int count, char **arguments) {
  akin_error err;
  akin_model *model = NULL;
  float *feature = NULL;
  int done = 0;
  if (count != 3) {
    fprintf(stderr, "usage: embed MODEL IMAGE\n");
    return 2;
  }
  akin_status status = akin_model_open(&model, arguments[1], NULL, &err);
  if (!status) {
    feature = malloc(akin_model_dim(model) * sizeof *feature);
    if (!feature) {
      fprintf(stderr, "embed: out of memory\n");
      goto out;
    }
    status = akin_model_embed_path(model, feature, arguments[2], 0, &err);
  }
  if (status)
    fprintf(stderr, "embed: %s\n", err.text);
  else
    done = print_feature(feature, akin_model_dim(model));
out:
  free(feature);
  akin_model_free(model);
  return done ? 0 : 1;
}
