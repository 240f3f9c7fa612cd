/* approximate_graph.h - what the files approximate*.c share, and nobody else sees. */
#ifndef AKIN_SEARCH_APPROXIMATE_GRAPH_H
#define AKIN_SEARCH_APPROXIMATE_GRAPH_H

#include "base/file.h"
#include "search/approximate.h"
#include "search/hnsw.h"

struct akin_approximate {
  const akin_hnsw_table *hnsw;
  akin_hnsw *graph;
  akin_approximate_facts facts;
  uint32_t dim;
  size_t size;          /* bytes of a vector in the graph */
  akin_mapping mapping; /* of the file that the graph is a view of; else empty */
  void *packed;         /* room for a question's vector */
  uint64_t *candidates; /* room for ids */
  size_t candidate_room;
  uint64_t *extra;
  size_t extra_count, extra_room;
};

/* An empty graph with these facts, of which kind, connectivity and expansion_add count. */
akin_status akin_approximate_create(akin_approximate **out, uint32_t dim, const akin_approximate_facts *facts,
                                    akin_error *err);
/* What a function of the table said: RUNTIME, or MEMORY. */
akin_status akin_approximate_fail(const char *what, const char *why, akin_error *err);

#endif
