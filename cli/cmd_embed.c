/* cmd_embed.c - akin embed: features of images, nothing stored. */
#include "commands.h"
#include "labelled.h"
#include "messages.h"
#include "opened.h"
#include "places.h"
#include "signals.h"

typedef struct embed_work {
  const cli_settings *settings;
  akin_model *model;
  float *feature; /* [dim] */
  uint32_t dim;
  cli_result result; /* CSV and JSON */
  cli_labelled npy;
  uint64_t told, skipped;
} embed_work;

/* Is this the image's own fault, so that the others go on? */
static bool embed_skips(akin_status status) {
  return status == AKIN_ERROR_NOT_FOUND || status == AKIN_ERROR_IO || status == AKIN_ERROR_FORMAT ||
         status == AKIN_ERROR_UNSUPPORTED || status == AKIN_ERROR_LIMIT;
}

/* ---- one feature ---- */

static akin_status embed_csv(embed_work *work, const char *path, akin_error *err) {
  FILE *out = work->result.file;
  if (work->told == 0) {
    fputs("image", out);
    for (uint32_t i = 0; i < work->dim; i++)
      fprintf(out, ",%u", i);
    fputc('\n', out);
  }
  akin_status status = akin_csv_text(out, '\0', path, err);
  fputc(',', out);
  if (!status) status = akin_float_list(out, work->feature, work->dim, err);
  fputc('\n', out);
  return status;
}

static akin_status embed_json(embed_work *work, const char *path, akin_error *err) {
  FILE *out = work->result.file;
  fputs("{\"model\": ", out);
  akin_status status = akin_json_string(out, akin_model_name(work->model), err);
  fputs(", ", out);
  if (!status) status = akin_json_path(out, "image", path, err);
  fputs(", \"feature\": [", out);
  if (!status) status = akin_float_list(out, work->feature, work->dim, err);
  fputs("]}\n", out);
  return status;
}

static akin_status embed_tell(embed_work *work, const char *path, akin_error *err) {
  char absolute[PATH_MAX];
  akin_status status = AKIN_OK;
  path = cli_path_absolute(absolute, path);
  if (work->settings->format == CLI_FORMAT_JSON) {
    status = embed_json(work, path, err);
  } else if (work->settings->format == CLI_FORMAT_CSV) {
    status = embed_csv(work, path, err);
  } else {
    status = cli_labelled_row(&work->npy, path, work->feature, work->dim);
    if (work->npy.status) *err = work->npy.err;
  }
  work->told++;
  return status;
}

/* ---- all of them ---- */

static int embed_image(embed_work *work, const char *path) {
  akin_error err;
  akin_status status = akin_model_embed_path(work->model, work->feature, path, work->settings->raw, &err);
  if (embed_skips(status)) {
    cli_tell_skipped(path, err.text);
    work->skipped++;
    return CLI_DONE;
  }
  if (!status) status = embed_tell(work, path, &err);
  return status ? cli_fail(status, &err) : CLI_DONE;
}

static int embed_images(embed_work *work) {
  const cli_list *images = &work->settings->operands;
  int code = CLI_DONE;
  for (size_t i = 0; code == CLI_DONE && i < images->count && !cli_interrupted(); i++)
    code = embed_image(work, images->items[i]);
  if (code != CLI_DONE || work->skipped == 0) return code;
  return work->told > 0 ? CLI_SKIPPED : CLI_FAILED;
}

static int embed_write(embed_work *work) {
  const cli_settings *s = work->settings;
  const bool npy = s->format == CLI_FORMAT_NPY;
  int code = npy ? cli_labelled_open(&work->npy, s->output) : cli_result_open(&work->result, s->output);
  if (code == CLI_DONE) code = embed_images(work);
  return npy ? cli_labelled_close(&work->npy, akin_model_name(work->model), code)
             : cli_result_close(&work->result, code);
}

static int embed_run(const cli_settings *s) {
  embed_work work = {.settings = s};
  int code = cli_model_open(&work.model, s, 0, false);
  if (code != CLI_DONE) return code;
  work.dim = akin_model_dim(work.model);
  work.feature = cli_allocate(work.dim, sizeof *work.feature);
  if (work.feature) {
    code = embed_write(&work);
  } else {
    cli_error("there is no memory for %u numbers", work.dim);
    code = CLI_FAILED;
  }
  cli_release(work.feature);
  akin_model_free(work.model);
  return code;
}

static const cli_option embed_raw = {
    0, "raw", NULL, CLI_FLAG, offsetof(cli_settings, raw), 0, 0, NULL, "as the network gives it, not of unit length"};

static const cli_option *const embed_options[] = {&cli_option_format,     &cli_option_output,    &embed_raw,
                                                  &cli_option_model,      &cli_option_store,     &cli_option_files_from,
                                                  &cli_option_null,       &cli_option_layer,     &cli_option_pooling,
                                                  &cli_option_preprocess, &cli_option_precision, &cli_option_max_bytes,
                                                  &cli_option_max_pixels, &cli_option_quiet,     NULL};

static const cli_example embed_examples[] = {
    {"akin embed a.jpg b.jpg", "one line of CSV for each"},
    {"akin embed --raw -o pool.npy --layer top_bn *.jpg", "another layer for NumPy; pool.json has the paths"},
    {NULL, NULL}};

const cli_command cli_embed = {
    .name = "embed",
    .synopsis = "IMAGE...",
    .operand = CLI_OPERAND_FILES,
    .least = 1,
    .most = SIZE_MAX,
    .summary = "print the features of images, store nothing",
    .description = "Computes the feature of each image: a vector of unit length, or with --raw as the network gives "
                   "it. JSON is one line an image. NPY is float32 [n, dim] with the paths in FILE.json beside it. An "
                   "image that cannot be read is skipped and named with the reason.",
    .formats = "csv|json|npy",
    .options = embed_options,
    .examples = embed_examples,
    .may_skip = true,
    .run = embed_run};
