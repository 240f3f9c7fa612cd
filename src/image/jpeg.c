/*
 * jpeg.c - JPEG by libjpeg-turbo, the only file that knows its types.
 *
 * Its classic interface, not TurboJPEG's: that one keeps only the first warning's text, so a harmless one hides the
 * "premature end" behind it; here each warning is judged by its number when it happens. libjpeg-turbo leaves a failing
 * call by longjmp: everything that must survive it is in a struct, and the functions that call setjmp change no locals.
 *
 * The defaults are kept (accurate integer DCT, smooth upsampling): they give the same bytes as Pillow.
 */
#include "image/codec.h"
#include "image/exif.h"
#include "image/fit.h"

#include "base/error.h"
#include "base/memory.h"

#include <setjmp.h>
#include <stdio.h> /* jpeglib.h needs FILE */

#include <jerror.h>
#include <jpeglib.h>
#include <string.h>

#define JPEG_ROWS_AT_ONCE    16
#define JPEG_SCANS_AT_MOST   200  /* real progressive files have about 10; each costs a pass over the picture */
#define JPEG_PIXELS_PER_BYTE 1024 /* more cannot come out of Huffman codes: a block takes at least one bit a pass */
#define JPEG_EXIF_MARKER     (JPEG_APP0 + 1)

/* How a call of the library ended, for both directions. */
typedef struct jpeg_outcome {
  struct jpeg_error_mgr manager; /* first: libjpeg's err pointer is cast back to this struct */
  jmp_buf escape;
  akin_status status;
  char text[JMSG_LENGTH_MAX];
} jpeg_outcome;

typedef struct jpeg_reader {
  struct jpeg_decompress_struct library;
  struct jpeg_source_mgr source;
  struct jpeg_progress_mgr progress;
  jpeg_outcome outcome;
  bool ended;          /* the file's bytes are used up, the library was given an end marker that is not there */
  const uint8_t *exif; /* the first Exif segment; inside the file's bytes */
  size_t exif_size;
  uint8_t *line; /* u8 [width, 4]: a row of CMYK, else NULL */
  akin_raster *raster;
} jpeg_reader;

static void jpeg_escape(j_common_ptr library, akin_status status, const char *text) {
  jpeg_outcome *outcome = (jpeg_outcome *)library->err;
  outcome->status = status;
  snprintf(outcome->text, sizeof outcome->text, "%s", text);
  longjmp(outcome->escape, 1);
}

static akin_status jpeg_status_of(int message) {
  switch (message) {
  case JERR_OUT_OF_MEMORY:
    return AKIN_ERROR_MEMORY;
  case JERR_SOF_UNSUPPORTED:
  case JERR_BAD_PRECISION:
  case JERR_ARITH_NOTIMPL:
    return AKIN_ERROR_UNSUPPORTED;
  case JERR_IMAGE_TOO_BIG:
  case JERR_WIDTH_OVERFLOW:
    return AKIN_ERROR_LIMIT;
  default:
    return AKIN_ERROR_FORMAT;
  }
}

static void jpeg_on_error(j_common_ptr library) {
  char text[JMSG_LENGTH_MAX];
  library->err->format_message(library, text);
  jpeg_escape(library, jpeg_status_of(library->err->msg_code), text);
}

/* Warnings about data that cameras and editors do write, and that costs no pixel. */
static bool jpeg_is_harmless(int message) {
  return message == JWRN_EXTRANEOUS_DATA || message == JWRN_JFIF_MAJOR || message == JWRN_ADOBE_XFORM ||
         message == JWRN_BOGUS_PROGRESSION || message == JWRN_NOT_SEQUENTIAL;
}

static void jpeg_on_message(j_common_ptr library, int level) {
  if (level >= 0 || jpeg_is_harmless(library->err->msg_code)) return; /* 0 and more: for people who debug */
  jpeg_on_error(library);
}

static void jpeg_print_nothing(j_common_ptr library) {
  (void)library;
}

static struct jpeg_error_mgr *jpeg_outcome_start(jpeg_outcome *outcome) {
  jpeg_std_error(&outcome->manager);
  outcome->manager.error_exit = jpeg_on_error;
  outcome->manager.emit_message = jpeg_on_message;
  outcome->manager.output_message = jpeg_print_nothing;
  outcome->status = AKIN_OK;
  outcome->text[0] = '\0';
  return &outcome->manager;
}

/* ---- reading: where bytes come from ---- */

static void jpeg_source_nothing(j_decompress_ptr library) {
  (void)library;
}

static boolean jpeg_source_ended(j_decompress_ptr library) {
  static const JOCTET end[2] = {0xFF, JPEG_EOI};
  ((jpeg_reader *)library->client_data)->ended = true;
  library->src->next_input_byte = end;
  library->src->bytes_in_buffer = sizeof end;
  return TRUE;
}

static void jpeg_source_skip(j_decompress_ptr library, long count) {
  struct jpeg_source_mgr *source = library->src;
  if (count <= 0) return;
  if ((unsigned long)count > source->bytes_in_buffer) {
    jpeg_source_ended(library);
    return;
  }
  source->next_input_byte += count;
  source->bytes_in_buffer -= (size_t)count;
}

/* Remembers where the Exif data is instead of having each APP1 copied. */
static boolean jpeg_note_exif(j_decompress_ptr library) {
  jpeg_reader *reader = library->client_data;
  struct jpeg_source_mgr *source = library->src;
  if (source->bytes_in_buffer < 2) return jpeg_source_ended(library);
  size_t length = (size_t)(source->next_input_byte[0] << 8 | source->next_input_byte[1]); /* counts its own 2 bytes */
  const uint8_t *data = source->next_input_byte + 2;
  if (!reader->exif && length >= 8 && length <= source->bytes_in_buffer && memcmp(data, "Exif\0\0", 6) == 0) {
    reader->exif = data;
    reader->exif_size = length - 2;
  }
  jpeg_source_skip(library, (long)(length < 2 ? 2 : length));
  return TRUE;
}

static void jpeg_on_progress(j_common_ptr library) {
  if (((j_decompress_ptr)library)->input_scan_number > JPEG_SCANS_AT_MOST)
    jpeg_escape(library, AKIN_ERROR_LIMIT, "more than 200 progressive scans: made to keep a decoder busy");
}

static void jpeg_reader_wire(jpeg_reader *reader, const akin_codec_job *job) {
  struct jpeg_decompress_struct *library = &reader->library;
  reader->source = (struct jpeg_source_mgr){
      .next_input_byte = job->bytes,
      .bytes_in_buffer = job->size,
      .init_source = jpeg_source_nothing,
      .fill_input_buffer = jpeg_source_ended,
      .skip_input_data = jpeg_source_skip,
      .resync_to_restart = jpeg_resync_to_restart,
      .term_source = jpeg_source_nothing,
  };
  reader->progress.progress_monitor = jpeg_on_progress;
  library->src = &reader->source;
  library->progress = &reader->progress;
  library->client_data = reader;
  jpeg_set_marker_processor(library, JPEG_EXIF_MARKER, jpeg_note_exif);
}

/* ---- reading: header and pixels ---- */

static bool jpeg_is_cmyk(const struct jpeg_decompress_struct *library) {
  return library->jpeg_color_space == JCS_CMYK || library->jpeg_color_space == JCS_YCCK;
}

/* False: outcome tells why. */
static bool jpeg_reader_header(jpeg_reader *reader, const akin_codec_job *job) {
  if (setjmp(reader->outcome.escape)) return false;
  jpeg_create_decompress(&reader->library);
  jpeg_reader_wire(reader, job);
  jpeg_read_header(&reader->library, TRUE);
  if (reader->library.jpeg_color_space == JCS_UNKNOWN) {
    reader->outcome.status = AKIN_ERROR_UNSUPPORTED;
    snprintf(reader->outcome.text, sizeof reader->outcome.text, "%d colour components, of a kind that is not known",
             reader->library.num_components);
    return false;
  }
  return true;
}

static bool jpeg_reader_start(jpeg_reader *reader, uint32_t eighths) {
  struct jpeg_decompress_struct *library = &reader->library;
  if (setjmp(reader->outcome.escape)) return false;
  library->scale_num = eighths;
  library->scale_denom = 8;
  library->out_color_space = jpeg_is_cmyk(library) ? JCS_CMYK : JCS_RGB;
  jpeg_start_decompress(library);
  if (reader->ended && jpeg_has_multiple_scans(library)) {
    jpeg_escape((j_common_ptr)library, AKIN_ERROR_FORMAT,
                "scans are missing"); /* a coarse picture is not the picture */
  }
  return true;
}

/* Adobe's CMYK, stored inverted, as every program but a few writes it; Pillow assumes the same of every file. */
static void jpeg_cmyk_to_rgb(uint8_t *rgb, const uint8_t *cmyk, uint32_t count) {
  for (uint32_t i = 0; i < count; i++, rgb += 3, cmyk += 4) {
    uint32_t black = cmyk[3];
    for (int c = 0; c < 3; c++) {
      uint32_t product = (255u - cmyk[c]) * black + 128u;
      rgb[c] = (uint8_t)(black - ((product + (product >> 8)) >> 8));
    }
  }
}

static void jpeg_reader_row_cmyk(jpeg_reader *reader) {
  struct jpeg_decompress_struct *library = &reader->library;
  size_t pitch = (size_t)library->output_width * 3;
  JSAMPROW line = reader->line;
  uint8_t *out = reader->raster->pixels + library->output_scanline * pitch;
  jpeg_read_scanlines(library, &line, 1);
  jpeg_cmyk_to_rgb(out, reader->line, library->output_width);
}

static void jpeg_reader_rows_rgb(jpeg_reader *reader) {
  struct jpeg_decompress_struct *library = &reader->library;
  size_t pitch = (size_t)library->output_width * 3;
  uint32_t left = library->output_height - library->output_scanline;
  uint32_t count = left < JPEG_ROWS_AT_ONCE ? left : JPEG_ROWS_AT_ONCE;
  JSAMPROW rows[JPEG_ROWS_AT_ONCE];
  for (uint32_t r = 0; r < count; r++)
    rows[r] = reader->raster->pixels + (library->output_scanline + r) * pitch;
  jpeg_read_scanlines(library, rows, count);
}

static bool jpeg_reader_pixels(jpeg_reader *reader) {
  struct jpeg_decompress_struct *library = &reader->library;
  if (setjmp(reader->outcome.escape)) return false;
  while (library->output_scanline < library->output_height)
    if (reader->line)
      jpeg_reader_row_cmyk(reader);
    else
      jpeg_reader_rows_rgb(reader);
  return true;
}

/* ---- reading: the whole ---- */

static akin_status jpeg_reader_fail(const jpeg_reader *reader, const akin_codec_job *job, akin_error *err) {
  const jpeg_outcome *outcome = &reader->outcome;
  if (outcome->status == AKIN_ERROR_MEMORY) return akin_fail(err, AKIN_ERROR_MEMORY, "%s", outcome->text);
  if (reader->ended && reader->library.image_height == 0)
    return akin_fail(err, AKIN_ERROR_FORMAT, "truncated: the file ends after %zu bytes, inside the header", job->size);
  if (reader->ended && outcome->status == AKIN_ERROR_FORMAT) {
    return akin_fail(err, AKIN_ERROR_FORMAT, "truncated: the file ends after %zu bytes, at row %u of %u (%s)",
                     job->size, reader->library.output_scanline, reader->library.image_height, outcome->text);
  }
  return akin_fail(err, outcome->status, "%s", outcome->text);
}

static akin_status jpeg_reader_info(akin_image_info *info, const jpeg_reader *reader, const akin_codec_job *job,
                                    akin_error *err) {
  info->width = reader->library.image_width;
  info->height = reader->library.image_height;
  info->orientation = 1;
  akin_status status = akin_codec_admit(info->width, info->height, job->limits, err);
  if (status != AKIN_OK) return status;
  uint64_t pixels = (uint64_t)info->width * info->height;
  if (!reader->library.arith_code && pixels / JPEG_PIXELS_PER_BYTE > job->size) {
    return akin_fail(err, AKIN_ERROR_FORMAT, "truncated or damaged: %u x %u pixels cannot come out of %zu bytes",
                     info->width, info->height, job->size);
  }
  return reader->exif ? akin_exif_orientation(&info->orientation, reader->exif, reader->exif_size, err) : AKIN_OK;
}

static akin_status jpeg_reader_decode(jpeg_reader *reader, const akin_image_info *info, const akin_codec_job *job,
                                      akin_error *err) {
  uint32_t eighths = akin_fit_eighths(job->preparation, info);
  if (!jpeg_reader_start(reader, eighths)) return jpeg_reader_fail(reader, job, err);
  const struct jpeg_decompress_struct *library = &reader->library;
  akin_status status = akin_raster_new(reader->raster, library->output_width, library->output_height, 3, err);
  if (status != AKIN_OK) return status;
  reader->raster->eighths = eighths;
  if (library->output_components == 4) {
    size_t size = (size_t)library->output_width * 4;
    reader->line = akin_alloc(size);
    if (!reader->line) status = akin_fail_memory(err, size);
  }
  if (status == AKIN_OK && !jpeg_reader_pixels(reader)) status = jpeg_reader_fail(reader, job, err);
  if (status != AKIN_OK) akin_raster_free(reader->raster);
  return status;
}

akin_status akin_jpeg_read(akin_raster *raster, akin_image_info *info, const akin_codec_job *job, akin_error *err) {
  jpeg_reader reader = {.raster = raster};
  reader.library.err = jpeg_outcome_start(&reader.outcome);
  akin_status status;
  if (jpeg_reader_header(&reader, job)) {
    status = jpeg_reader_info(info, &reader, job, err);
    if (status == AKIN_OK && raster) status = jpeg_reader_decode(&reader, info, job, err);
  } else {
    status = jpeg_reader_fail(&reader, job, err);
  }
  jpeg_destroy_decompress(&reader.library);
  akin_free(reader.line);
  return status;
}

/* ---- writing ---- */

typedef struct jpeg_writer {
  struct jpeg_compress_struct library;
  struct jpeg_destination_mgr destination;
  jpeg_outcome outcome;
  akin_buffer *out;
  JOCTET block[4096];
} jpeg_writer;

static void jpeg_block_start(j_compress_ptr library) {
  jpeg_writer *writer = library->client_data;
  writer->destination.next_output_byte = writer->block;
  writer->destination.free_in_buffer = sizeof writer->block;
}

static void jpeg_block_append(j_compress_ptr library, size_t count) {
  jpeg_writer *writer = library->client_data;
  akin_status status = akin_buffer_append(writer->out, writer->block, count);
  if (status != AKIN_OK) jpeg_escape((j_common_ptr)library, status, "no room for the encoded picture");
}

static boolean jpeg_block_full(j_compress_ptr library) {
  jpeg_block_append(library, sizeof((jpeg_writer *)library->client_data)->block);
  jpeg_block_start(library);
  return TRUE;
}

static void jpeg_block_last(j_compress_ptr library) {
  jpeg_writer *writer = library->client_data;
  jpeg_block_append(library, sizeof writer->block - writer->destination.free_in_buffer);
}

static bool jpeg_writer_run(jpeg_writer *writer, const akin_pixels *in, int quality) {
  struct jpeg_compress_struct *library = &writer->library;
  if (setjmp(writer->outcome.escape)) return false;
  jpeg_create_compress(library);
  library->client_data = writer;
  library->dest = &writer->destination;
  library->image_width = in->width;
  library->image_height = in->height;
  library->input_components = 3;
  library->in_color_space = JCS_RGB;
  jpeg_set_defaults(library);
  jpeg_set_quality(library, quality, TRUE);
  library->optimize_coding = TRUE; /* thumbnails are embedded in pages: smaller is worth the second pass */
  jpeg_start_compress(library, TRUE);
  while (library->next_scanline < library->image_height) {
    JSAMPROW row = (JSAMPROW)(uintptr_t)(in->data + library->next_scanline * in->stride); /* it is only read */
    jpeg_write_scanlines(library, &row, 1);
  }
  jpeg_finish_compress(library);
  return true;
}

akin_status akin_image_encode_jpeg(akin_buffer *out, const akin_pixels *in, int quality, akin_error *err) {
  akin_status status = akin_fit_check_pixels(in, err);
  if (status != AKIN_OK) return status;
  if (quality < 1 || quality > 100)
    return akin_fail(err, AKIN_ERROR_USAGE, "JPEG quality %d is not in 1 to 100", quality);
  size_t before = out->size;
  jpeg_writer writer = {.out = out,
                        .destination = {.init_destination = jpeg_block_start,
                                        .empty_output_buffer = jpeg_block_full,
                                        .term_destination = jpeg_block_last}};
  writer.library.err = jpeg_outcome_start(&writer.outcome);
  if (!jpeg_writer_run(&writer, in, quality)) {
    if (out->data) out->data[before] = '\0';
    out->size = before;
    status = akin_fail(err, writer.outcome.status, "encoding a JPEG of %u x %u pixels: %s", in->width, in->height,
                       writer.outcome.text);
  }
  jpeg_destroy_compress(&writer.library);
  return status;
}
