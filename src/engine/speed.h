/*
 * speed.h - how long an image takes a network on this machine: measured when it is asked for, kept beside the compiled
 * networks as FINGERPRINT.speed: "3.214 PROCESSOR", one line. On another processor it is not known.
 * After an update of OpenVINO it still is, until it is measured anew.
 */
#ifndef AKIN_ENGINE_SPEED_H
#define AKIN_ENGINE_SPEED_H

#include "engine/model.h"

/* Milliseconds that the network alone takes for an image on one core, the fastest of a few; kept where that can be. The
 * model was opened for one or more workers. Errors: those of a first feature. */
akin_status akin_speed_measure(double *milliseconds, akin_model *model, akin_error *err);

/* What was kept of the model; 0: nothing, or of another processor. */
double akin_speed_known(const akin_model *model);

#endif
