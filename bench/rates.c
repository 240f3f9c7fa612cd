/*
 * rates.c - how fast the parts are alone, on the threads that `akin index` would use: the limit that it is measured
 * against.
 *
 *     bench_rates inference MODELS NAME THREADS SECONDS    OpenVINO on the model's graph, the same pixels again and
 *                                                          again, each thread with a request of its own
 *     bench_rates decode MODELS NAME THREADS < PATHS       JPEG files, in memory already: libjpeg-turbo's time at the
 *                                                          scale that akin decodes at, and the resampler's
 *
 * Prints one JSON object. It uses the rooms, not the public headers, because a rate of one part is not something that
 * programs ask for.
 */
#include "base/clock.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/thread.h"
#include "image/fit.h"
#include "image/image.h"
#include "model/model.h"
#include "runtime/runtime.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h> /* after stdio.h, which it needs */

#define BENCH_FILE_MAX   (64u << 20)
#define BENCH_THREAD_MAX 1024u

static const akin_limits bench_limits = AKIN_LIMITS_INIT;

typedef struct bench_file {
  char *path;
  akin_buffer bytes;
} bench_file;

typedef struct bench_job {
  akin_folder *folder;
  akin_preparation preparation;
  bool mirror;
  unsigned threads;
  /* decode */
  bench_file *files;
  size_t file_count;
  atomic_size_t next;
  /* inference */
  akin_network *network;
  double seconds;
  atomic_size_t done;
  atomic_int failed;
} bench_job;

static int bench_print(const char *what, size_t images, double seconds) {
  printf("{\"what\": \"%s\", \"images\": %zu, \"seconds\": %.4f, \"rate\": %.3f}\n", what, images, seconds,
         (double)images / seconds);
  return 0;
}

static int bench_fail(const char *what, const char *text) {
  fprintf(stderr, "bench_rates: %s: %s\n", what, text);
  return 1;
}

/* ---- inference ---- */

static void bench_infer(void *context, unsigned index) {
  bench_job *job = context;
  const akin_runtime *runtime = akin_runtime_get();
  akin_network_session *session = NULL;
  size_t bytes = (size_t)job->preparation.width * job->preparation.height * 3, images = 0;
  uint8_t *pixels = akin_alloc(bytes);
  float *feature = akin_calloc(runtime->dim(job->network), sizeof *feature);
  int failed = !pixels || !feature || runtime->session_open(&session, job->network, NULL);
  for (size_t i = 0; !failed && i < bytes; i++)
    pixels[i] = (uint8_t)(i * 2654435761u >> 24 ^ index);
  double end = akin_clock_seconds() + job->seconds;
  while (!failed && akin_clock_seconds() < end) {
    for (int pass = 0; !failed && pass < (job->mirror ? 2 : 1); pass++)
      failed = runtime->infer(session, feature, pixels, 1, NULL);
    images++;
  }
  atomic_fetch_add(&job->done, images);
  if (failed) atomic_store(&job->failed, 1);
  runtime->session_close(session);
  akin_free(feature);
  akin_free(pixels);
}

static int bench_inference(bench_job *job, const char *seconds) {
  const akin_card *card = akin_folder_card(job->folder);
  akin_cut cut = {0};
  akin_error err;
  if (!akin_parse_double(&job->seconds, seconds, 0.1, 3600)) return bench_fail("usage", "SECONDS: 0.1 to 3,600");
  const akin_cut_request request = {.preparation = &job->preparation,
                                    .mirror = job->mirror,
                                    .precision = "f32",
                                    .decode_version = AKIN_IMAGE_VERSION};
  if (akin_folder_cut(&cut, job->folder, &request, &err)) return bench_fail("cut", err.text);
  akin_runtime_spec spec = {.onnx_path = cut.onnx_path,
                            .key = cut.fingerprint,
                            .width = job->preparation.width,
                            .height = job->preparation.height,
                            .bgr = card->bgr,
                            .workers = job->threads};
  memcpy(spec.mean, card->mean, sizeof spec.mean);
  memcpy(spec.scale, card->scale, sizeof spec.scale);
  if (akin_runtime_get()->open(&job->network, &spec, &err)) {
    akin_cut_clear(&cut);
    return bench_fail("open", err.text);
  }
  double start = akin_clock_seconds();
  akin_threads_run(job->threads, bench_infer, job, NULL);
  double took = akin_clock_seconds() - start;
  akin_runtime_get()->close(job->network);
  akin_cut_clear(&cut);
  if (atomic_load(&job->failed)) return bench_fail("inference", "failed");
  return bench_print("inference", atomic_load(&job->done), took);
}

/* ---- decoding ---- */

/* libjpeg-turbo as it is, then the resampler: nothing of akin's reading around it. The library's own error handler ends
 * the program, which is right for a benchmark. */
static bool bench_decode_one(uint8_t *out, const bench_job *job, const bench_file *file) {
  struct jpeg_decompress_struct jpeg;
  struct jpeg_error_mgr errors;
  akin_image_info info;
  const unsigned char *bytes = (const unsigned char *)file->bytes.data;
  if (akin_image_inspect(&info, bytes, file->bytes.size, &bench_limits, NULL)) return false;
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_decompress(&jpeg);
  jpeg_mem_src(&jpeg, bytes, file->bytes.size);
  jpeg_read_header(&jpeg, TRUE);
  jpeg.scale_num = akin_fit_eighths(&job->preparation, &info);
  jpeg.scale_denom = 8;
  jpeg.out_color_space = JCS_RGB;
  jpeg_start_decompress(&jpeg);
  size_t stride = (size_t)jpeg.output_width * 3;
  uint8_t *pixels = akin_alloc(stride * jpeg.output_height);
  while (pixels && jpeg.output_scanline < jpeg.output_height) {
    JSAMPROW row = pixels + stride * jpeg.output_scanline;
    jpeg_read_scanlines(&jpeg, &row, 1);
  }
  akin_pixels in = {pixels, jpeg.output_width, jpeg.output_height, stride};
  bool done = pixels && !akin_image_resize(out, &in, &job->preparation, NULL);
  jpeg_destroy_decompress(&jpeg);
  akin_free(pixels);
  return done;
}

static void bench_decode(void *context, unsigned index) {
  (void)index;
  bench_job *job = context;
  uint8_t *out = akin_alloc((size_t)job->preparation.width * job->preparation.height * 3);
  for (size_t i; out && (i = atomic_fetch_add(&job->next, 1)) < job->file_count;) {
    const bench_file *file = &job->files[i];
    if (bench_decode_one(out, job, file))
      atomic_fetch_add(&job->done, 1);
    else
      fprintf(stderr, "bench_rates: %s: cannot be decoded\n", file->path);
  }
  akin_free(out);
}

/* One path a line. */
static bool bench_read_paths(bench_job *job) {
  char line[4096];
  size_t room = 0;
  while (fgets(line, sizeof line, stdin)) {
    line[strcspn(line, "\n")] = 0;
    if (job->file_count == room) {
      room = room ? room * 2 : 256;
      bench_file *more = akin_realloc_array(job->files, room, sizeof *more);
      if (!more) return false;
      job->files = more;
    }
    bench_file *file = &job->files[job->file_count++];
    *file = (bench_file){akin_strdup(line), AKIN_BUFFER_INIT(BENCH_FILE_MAX)};
    if (!file->path || akin_file_read(&file->bytes, line, BENCH_FILE_MAX, NULL, NULL)) return false;
  }
  return job->file_count > 0;
}

static int bench_decoding(bench_job *job) {
  int result = 1;
  if (bench_read_paths(job)) {
    double start = akin_clock_seconds();
    akin_threads_run(job->threads, bench_decode, job, NULL);
    double took = akin_clock_seconds() - start;
    size_t done = atomic_load(&job->done);
    result = done == job->file_count ? bench_print("decode", done, took) : bench_fail("decode", "some images failed");
  } else
    bench_fail("decode", "paths of readable files are expected on standard input");
  for (size_t i = 0; i < job->file_count; i++) {
    akin_free(job->files[i].path);
    akin_buffer_free(&job->files[i].bytes);
  }
  akin_free(job->files);
  return result;
}

int main(int argc, char **argv) {
  bench_job job = {0};
  akin_error err;
  int result = 2;
  uint64_t threads = 0;
  if (argc < 5 || !akin_parse_u64(&threads, argv[4], 1, BENCH_THREAD_MAX))
    return bench_fail("usage", "inference|decode MODELS NAME THREADS [SECONDS]");
  job.threads = (unsigned)threads;
  if (akin_folder_open(&job.folder, argv[2], argv[3], &err)) return bench_fail("model", err.text);
  job.preparation = akin_folder_card(job.folder)->preparation;
  job.mirror = akin_folder_card(job.folder)->mirror;
  if (!strcmp(argv[1], "inference") && argc == 6)
    result = bench_inference(&job, argv[5]);
  else if (!strcmp(argv[1], "decode"))
    result = bench_decoding(&job);
  akin_folder_close(job.folder);
  return result;
}
