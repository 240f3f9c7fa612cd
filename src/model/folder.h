/* folder.h - an imported model's folder, as the files of this room share it. */
#ifndef AKIN_MODEL_FOLDER_H
#define AKIN_MODEL_FOLDER_H

#include "model/graph.h"
#include "model/layers.h"
#include "model/model.h"
#include "model/record.h"

#define AKIN_FOLDER_CARD   "card.json"
#define AKIN_FOLDER_GRAPH  "model.onnx"
#define AKIN_FOLDER_LOCK   ".lock"    /* held by who adds or removes models */
#define AKIN_FOLDER_IMPORT ".import"  /* a model that is coming into being; left by a killed process, it is swept */
#define AKIN_FOLDER_GONE   ".removed" /* a model that is going; likewise */

struct akin_folder {
  char *name, *path;
  akin_card *card;
  akin_layers layers;
  akin_record record;
};

/* Opens the model in the folder at path, whatever the folder is called. */
akin_status akin_folder_open_at(akin_folder **out, const char *path, const char *name, akin_error *err);
/* Makes sure that the folder exists, takes its lock and sweeps what a killed process left. BUSY while another adds or
 * removes models. The caller gives *lock to akin_file_unlock. */
akin_status akin_folder_claim(int *lock, const char *models_folder, akin_error *err);
/* The whole network's graph; freed by the caller, also on failure. MISMATCH when the file is not the imported one. */
akin_status akin_folder_graph(akin_graph *graph, const akin_folder *f, akin_error *err);

#endif
