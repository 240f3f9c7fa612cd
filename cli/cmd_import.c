/* cmd_import.c - akin model import. */
#include "commands.h"
#include "messages.h"
#include "opened.h"
#include "parse.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define IMPORT_SIZE_MOST 4096u

static void import_on_note(void *context, const char *line) {
  (void)context;
  cli_note(CLI_YELLOW, "note", "%s", line);
}

static int import_wrong(const char *option, const char *value, const char *wanted) {
  cli_error("model import: %s \"%s\": %s", option, value, wanted);
  return cli_usage_hint(&cli_model_import);
}

/* A whole number of 1 to IMPORT_SIZE_MOST; *text is moved behind it. */
static bool import_side(uint32_t *out, const char **text) {
  uint32_t number = 0;
  const char *digit = *text;
  for (; *digit >= '0' && *digit <= '9' && number <= IMPORT_SIZE_MOST; digit++)
    number = number * 10 + (uint32_t)(*digit - '0');
  if (digit == *text || number < 1 || number > IMPORT_SIZE_MOST) return false;
  *text = digit;
  *out = number;
  return true;
}

/* "224", or "320x240". */
static int import_size(akin_import_options *options, const char *value) {
  const char *text = value;
  if (!value) return CLI_DONE;
  bool right = import_side(&options->width, &text);
  options->height = options->width;
  if (right && *text == 'x') {
    text++;
    right = import_side(&options->height, &text);
  }
  if (right && !*text) return CLI_DONE;
  return import_wrong("--size", value, "give WIDTHxHEIGHT, or one number of both, from 1 to 4096");
}

/* "0.485,0.456,0.406", or one number of all three. */
static int import_three(const float **out, float three[3], const char *option, const char *value) {
  const char *text = value;
  size_t count = 0;
  bool more = true;
  if (!value) return CLI_DONE;
  for (; more && count < 3; count++) {
    char *end = NULL;
    const double number = strtod(text, &end);
    if (end == text || text[strspn(text, "0123456789.+-eE,")] || !isfinite((float)number)) break;
    three[count] = (float)number;
    more = *end == ',';
    text = more ? end + 1 : end;
  }
  if (*text || more || (count != 1 && count != 3))
    return import_wrong(option, value, "give three numbers, such as 0.485,0.456,0.406, or one of all three");
  for (size_t i = count; i < 3; i++)
    three[i] = three[0];
  *out = three;
  return CLI_DONE;
}

static int import_part(double *out, const char *value) {
  char *end = NULL;
  if (!value) return CLI_DONE;
  *out = strtod(value, &end);
  if (end > value && !value[strspn(value, "0123456789.")] && !*end && *out >= 0.01 && *out <= 1) return CLI_DONE;
  return import_wrong("--crop", value, "give a part of the shorter side, from 0.01 to 1");
}

static int import_run(const cli_settings *s) {
  akin_error err;
  char name[CLI_MODEL_NAME];
  float mean[3], deviation[3];
  akin_import_options options = AKIN_IMPORT_OPTIONS_INIT;
  options.card = s->card;
  options.name = s->name;
  options.replace = s->replace;
  options.on_note = import_on_note;
  options.pixels = s->pixels;
  options.channels = s->channels;
  options.filter = s->filter;
  options.fit = s->fit;
  options.layer = s->layer;
  cli_pooling(&options.pooling, &options.pooling_power, s);
  int code = import_size(&options, s->image_size);
  if (code == CLI_DONE) code = import_part(&options.crop, s->crop);
  if (code == CLI_DONE) code = import_three(&options.mean, mean, "--mean", s->mean);
  if (code == CLI_DONE) code = import_three(&options.deviation, deviation, "--std", s->deviation);
  if (code != CLI_DONE) return code;
  akin_status status = akin_model_import_file(s->operands.items[0], &options, name, sizeof name, &err);
  if (status) return cli_fail(status, &err);
  cli_tell_imported(name);
  return CLI_DONE;
}

/* ---- the table ---- */

#define IMPORT_FIELD(field) offsetof(cli_settings, field)

static const cli_option import_card = {
    0,
    "card",
    "CARD",
    CLI_TEXT,
    IMPORT_FIELD(card),
    0,
    0,
    NULL,
    "which network the weights are of: a name of `akin model list`, or a .json file"};
static const cli_option import_pixels = {
    0,
    "pixels",
    "HOW",
    CLI_TEXT,
    IMPORT_FIELD(pixels),
    0,
    0,
    NULL,
    "how your own model was given its images: raw (0 to 255), unit (x / 255), tf (x / 127.5 - 1), torch, caffe, or as "
    "a model's name: vgg16 (default: as the model says, and said)"};
static const cli_option import_size_option = {
    0,
    "size",
    "WxH",
    CLI_TEXT,
    IMPORT_FIELD(image_size),
    0,
    0,
    NULL,
    "width and height of your own model's images, where it leaves them open: 320x240, or 224 for both"};
static const cli_option import_mean = {
    0,
    "mean",
    "A,B,C",
    CLI_TEXT,
    IMPORT_FIELD(mean),
    0,
    0,
    NULL,
    "of an ONNX network: what is taken from each channel, of pixels from 0 to 1; from 0 to 255 where a number is above "
    "1"};
static const cli_option import_deviation = {0,
                                            "std",
                                            "A,B,C",
                                            CLI_TEXT,
                                            IMPORT_FIELD(deviation),
                                            0,
                                            0,
                                            NULL,
                                            "of an ONNX network: what each channel is then divided by"};
static const cli_option import_channels = {0,
                                           "channels",
                                           "ORDER",
                                           CLI_CHOICE,
                                           IMPORT_FIELD(channels),
                                           0,
                                           0,
                                           "rgb|bgr",
                                           "of an ONNX network: the order of channels it wants: rgb (default) or bgr"};
static const cli_option import_resize = {
    0,
    "resize",
    "FILTER",
    CLI_CHOICE,
    IMPORT_FIELD(filter),
    0,
    0,
    "nearest|box|bilinear|bicubic",
    "of an ONNX network: how images are resized: nearest, box, bilinear (default) or "
    "bicubic"};
static const cli_option import_fit = {
    0,
    "fit",
    "HOW",
    CLI_CHOICE,
    IMPORT_FIELD(fit),
    0,
    0,
    "stretch|crop|pad",
    "of an ONNX network: how images get its proportions: stretch, crop (default) or pad"};
static const cli_option import_crop = {
    0,
    "crop",
    "PART",
    CLI_TEXT,
    IMPORT_FIELD(crop),
    0,
    0,
    NULL,
    "with --fit crop: the part of the shorter side that is kept, 0.01 to 1 (default: 0.875)"};
static const cli_option *const import_options[] = {
    &import_card, &cli_option_name,  &cli_option_replace, &import_pixels,    &import_size_option,
    &import_mean, &import_deviation, &import_channels,    &import_resize,    &import_fit,
    &import_crop, &cli_option_layer, &cli_option_pooling, &cli_option_quiet, NULL};
static const cli_example import_examples[] = {
    {"akin model import my.keras --name shop", "a whole Keras model of your own"},
    {"akin model import net.onnx --name net --size 224", "any network of images, from ONNX"},
    {"akin model import efficientnet_lite0.pth", "weights that akin knows by their hash"},
    {"akin model import own.pth --card efficientnet-lite0 --name shop", "weights of your own"},
    {NULL, NULL}};

const cli_command cli_model_import = {
    .name = "model import",
    .synopsis = "WEIGHTS",
    .operand = CLI_OPERAND_FILES,
    .least = 1,
    .most = 1,
    .summary = "make a model of weights, a Keras model or an ONNX network",
    .description =
        "Reads a file of weights (.pth, .safetensors, .h5, .weights.h5), executing nothing in it, checks every layer "
        "against the card and writes the model. The card is found by the file's hash, by its name where no hash is "
        "known, or is named with --card.\n\nA whole Keras model (.keras, .h5) needs no card: its network is the one "
        "that the file describes. What it has been trained to see is not always in the file: see --pixels.\n\nA "
        "network in "
        "ONNX (.onnx) that takes images needs none either. How it wants its images is never in the file: "
        "what the options do not say is assumed, and a note tells it. With --layer any of its tensors "
        "gives the feature.",
    .options = import_options,
    .examples = import_examples,
    .run = import_run};
