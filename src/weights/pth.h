/*
 * pth.h - what the two layouts of PyTorch's .pth share: a pickled state dict whose tensors are views of storages.
 *
 * A layout unpickles the state dict, says where each storage's bytes are, and asks akin_pth_list for the tensors.
 */
#ifndef AKIN_WEIGHTS_PTH_H
#define AKIN_WEIGHTS_PTH_H

#include "weights/reader.h"
#include "weights/unpickle.h"

/* A storage of the file, once. */
typedef struct akin_pth_storage {
  const char *key;
  akin_dtype dtype;
  uint64_t count; /* of elements */
  uint64_t bytes;
  uint64_t place; /* old layout: offset in the file; zip layout: number of the entry */
} akin_pth_storage;

/* Where a tensor of the list has its numbers. */
typedef struct akin_pth_source {
  const akin_pth_storage *storage;
  akin_view view;
} akin_pth_source;

typedef struct akin_pth {
  akin_pth_storage *storages; /* by key; in the arena */
  size_t storage_count;
  akin_pth_source *sources; /* [count of the list]; in the arena */
} akin_pth;

/* The distinct storages of a pickle, sorted by key. FORMAT when two of one key disagree, or a size overflows. */
akin_status akin_pth_storages(akin_pth *pth, akin_arena *arena, const akin_pickle_storage *storages, akin_error *err);
akin_pth_storage *akin_pth_storage_find(const akin_pth *pth, const char *key); /* NULL: none */

/*
 * The tensors of a state dict, into t->list and pth->sources: root is the dict itself or {"state_dict": dict, …}; a
 * "module." that all names begin with (torch.nn.DataParallel) goes.
 */
akin_status akin_pth_list(akin_tensors *t, akin_pth *pth, const akin_pickle_value *root, akin_error *err);

#endif
