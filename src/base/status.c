/* status.c - the words for statuses and the version of the library (akin/status.h). */
#include <akin/status.h>

const char *akin_status_name(akin_status status) {
  switch (status) {
  case AKIN_OK:
    return "ok";
  case AKIN_ERROR_USAGE:
    return "wrong usage";
  case AKIN_ERROR_MEMORY:
    return "out of memory";
  case AKIN_ERROR_IO:
    return "input or output failed";
  case AKIN_ERROR_NOT_FOUND:
    return "not found";
  case AKIN_ERROR_FORMAT:
    return "wrong format";
  case AKIN_ERROR_UNSUPPORTED:
    return "unsupported";
  case AKIN_ERROR_LIMIT:
    return "limit exceeded";
  case AKIN_ERROR_BUSY:
    return "busy";
  case AKIN_ERROR_MISMATCH:
    return "mismatch";
  case AKIN_ERROR_CANCELLED:
    return "cancelled";
  case AKIN_ERROR_RUNTIME:
    return "inference failed";
  case AKIN_ERROR_REFUSED:
    return "refused";
  case AKIN_ERROR_NO_SPACE:
    return "no space left";
  }
  return "unknown status";
}

const char *akin_version(void) {
  return AKIN_VERSION_STRING;
}
