/* webp.c - WebP by libwebp, the only file that knows its types: lossy, lossless, alpha, an animation's first frame. */
#include "image/codec.h"
#include "image/exif.h"

#include "base/error.h"
#include "base/memory.h"

#include <string.h>
#include <webp/decode.h>
#include <webp/demux.h>

#define WEBP_RIFF_FRAME 8 /* "RIFF" and the size of what follows */

/* Why the demuxer refuses a file. */
static akin_status webp_fail_parse(const akin_codec_job *job, akin_error *err) {
  const uint8_t *p = job->bytes + 4;
  uint64_t promised = ((uint64_t)p[3] << 24 | (uint64_t)p[2] << 16 | (uint64_t)p[1] << 8 | p[0]) + WEBP_RIFF_FRAME;
  if (promised > job->size) {
    return akin_fail(err, AKIN_ERROR_FORMAT, "truncated: the file has %zu of the %llu bytes that its header promises",
                     job->size, (unsigned long long)promised);
  }
  return akin_fail(err, AKIN_ERROR_FORMAT, "damaged: its chunks do not fit together, or the picture is missing");
}

static akin_status webp_fail_decode(VP8StatusCode code, akin_error *err) {
  switch (code) {
  case VP8_STATUS_OUT_OF_MEMORY:
    return akin_fail(err, AKIN_ERROR_MEMORY, "out of memory while decoding");
  case VP8_STATUS_UNSUPPORTED_FEATURE:
    return akin_fail(err, AKIN_ERROR_UNSUPPORTED, "it uses a feature that this libwebp does not know");
  case VP8_STATUS_NOT_ENOUGH_DATA:
  case VP8_STATUS_SUSPENDED:
    return akin_fail(err, AKIN_ERROR_FORMAT, "truncated: the picture data ends before the picture does");
  default:
    return akin_fail(err, AKIN_ERROR_FORMAT, "the picture data is damaged (libwebp's status %d)", (int)code);
  }
}

static akin_status webp_orientation(uint8_t *out, const WebPDemuxer *demuxer, akin_error *err) {
  WebPChunkIterator chunk;
  *out = 1;
  if (!WebPDemuxGetChunk(demuxer, "EXIF", 1, &chunk)) return AKIN_OK;
  akin_status status = akin_exif_orientation(out, chunk.chunk.bytes, chunk.chunk.size, err);
  WebPDemuxReleaseChunkIterator(&chunk);
  return status;
}

static akin_status webp_header(akin_image_info *info, const WebPDemuxer *demuxer, const akin_codec_job *job,
                               akin_error *err) {
  info->width = WebPDemuxGetI(demuxer, WEBP_FF_CANVAS_WIDTH);
  info->height = WebPDemuxGetI(demuxer, WEBP_FF_CANVAS_HEIGHT);
  akin_status status = akin_codec_admit(info->width, info->height, job->limits, err);
  return status == AKIN_OK ? webp_orientation(&info->orientation, demuxer, err) : status;
}

/* out: the canvas; bytes_per_pixel 3 or 4. The frame is written where it belongs. */
static akin_status webp_decode_frame(akin_raster *canvas, uint32_t bytes_per_pixel, const WebPIterator *frame,
                                     akin_error *err) {
  WebPDecoderConfig config;
  if (!WebPInitDecoderConfig(&config))
    return akin_fail(err, AKIN_ERROR_RUNTIME, "libwebp's version is not the one this program was built with");
  size_t stride = (size_t)canvas->width * bytes_per_pixel;
  size_t skipped = (size_t)frame->y_offset * stride + (size_t)frame->x_offset * bytes_per_pixel;
  config.output.colorspace = bytes_per_pixel == 4 ? MODE_RGBA : MODE_RGB;
  config.output.is_external_memory = 1;
  config.output.u.RGBA.rgba = canvas->pixels + skipped;
  config.output.u.RGBA.stride = (int)stride; /* sides are 16,384 at most where libwebp decodes */
  config.output.u.RGBA.size = stride * canvas->height - skipped;
  VP8StatusCode code = WebPDecode(frame->fragment.bytes, frame->fragment.size, &config);
  WebPFreeDecBuffer(&config.output);
  return code == VP8_STATUS_OK ? AKIN_OK : webp_fail_decode(code, err);
}

static bool webp_frame_fits(const WebPIterator *frame, const akin_image_info *info) {
  return frame->x_offset >= 0 && frame->y_offset >= 0 && frame->width > 0 && frame->height > 0 &&
         (uint32_t)frame->x_offset <= info->width &&
         (uint32_t)frame->width <= info->width - (uint32_t)frame->x_offset &&
         (uint32_t)frame->y_offset <= info->height &&
         (uint32_t)frame->height <= info->height - (uint32_t)frame->y_offset;
}

/* What a frame leaves free of its canvas is transparent black, as in libwebp's own animation decoder. */
static akin_status webp_decode(akin_raster *raster, const WebPIterator *frame, const akin_image_info *info,
                               const akin_codec_job *job, akin_error *err) {
  if (!webp_frame_fits(frame, info))
    return akin_fail(err, AKIN_ERROR_FORMAT, "damaged: its first frame lies outside the picture");
  bool covers = (uint32_t)frame->width == info->width && (uint32_t)frame->height == info->height;
  bool alpha = job->preparation->alpha == AKIN_ALPHA_WHITE && (frame->has_alpha || !covers);
  uint32_t bytes_per_pixel = alpha ? 4 : 3;
  akin_status status = akin_raster_new(raster, info->width, info->height, bytes_per_pixel, err);
  if (status != AKIN_OK) return status;
  if (!covers) memset(raster->pixels, 0, (size_t)info->width * info->height * bytes_per_pixel);
  status = webp_decode_frame(raster, bytes_per_pixel, frame, err);
  if (status != AKIN_OK) {
    akin_raster_free(raster);
    return status;
  }
  if (alpha) akin_raster_flatten(raster);
  return AKIN_OK;
}

akin_status akin_webp_read(akin_raster *raster, akin_image_info *info, const akin_codec_job *job, akin_error *err) {
  WebPData data = {job->bytes, job->size};
  WebPDemuxer *demuxer = WebPDemux(&data);
  if (!demuxer) return webp_fail_parse(job, err);
  akin_status status = webp_header(info, demuxer, job, err);
  WebPIterator frame;
  if (status == AKIN_OK && raster) {
    if (WebPDemuxGetFrame(demuxer, 1, &frame)) {
      status = webp_decode(raster, &frame, info, job, err);
      WebPDemuxReleaseIterator(&frame);
    } else {
      status = webp_fail_parse(job, err);
    }
  }
  WebPDemuxDelete(demuxer);
  return status;
}
