/* classes.h - which class is an image of? By its folder, a label of the store, or a column of a CSV file. */
#ifndef AKIN_ENGINE_CLASSES_H
#define AKIN_ENGINE_CLASSES_H

#include "store/store.h"

typedef struct akin_class_entry {
  char *path, *name;
  size_t line; /* of the file */
  bool used;   /* an image of the store had this path */
} akin_class_entry;

typedef struct akin_classes {
  bool by_folder;
  char *from;                /* in words: "folders", "the label colour", "labels.csv" */
  akin_class_entry *entries; /* by path */
  size_t count, room;
} akin_classes;

/* file, label: see akin_evaluate_options. *out is freed also after a failure. */
akin_status akin_classes_read(akin_classes *out, akin_storage *reader, const char *file, const char *label,
                              akin_error *err);
/* *out: the class of the image at path, freed with akin_free; NULL: it has none. */
akin_status akin_classes_of(char **out, akin_classes *classes, const char *path, akin_error *err);
/* After all images were asked for: NOT_FOUND names the first line of the file whose image is not among them. */
akin_status akin_classes_check(const akin_classes *classes, akin_error *err);
void akin_classes_free(akin_classes *classes);

#endif
