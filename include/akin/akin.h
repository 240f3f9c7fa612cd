/* akin/akin.h - everything: images in, features, stores, recommendations, reports. See each header. */
#ifndef AKIN_AKIN_H
#define AKIN_AKIN_H

#include <akin/compare.h>
#include <akin/duplicates.h>
#include <akin/evaluate.h>
#include <akin/image.h>
#include <akin/labels.h>
#include <akin/map.h>
#include <akin/model.h>
#include <akin/report.h>
#include <akin/status.h>
#include <akin/store.h>
#include <akin/suggest.h>

#endif
