/*
 * approximate.h - a store's graph of near neighbours, for approximate search: one a model, of its points as the default
 * scores have them (space.h), beside their file with the ending .hnsw. An ingest makes it and brings it up to date,
 * last of all. Questions never do, and never wait: what is newer than the graph they look at besides, and without a
 * graph they ask exactly.
 */
#ifndef AKIN_ENGINE_APPROXIMATE_H
#define AKIN_ENGINE_APPROXIMATE_H

#include "engine/space.h"
#include "search/approximate.h"

#define AKIN_APPROXIMATE_K 256 /* for more hits than this, all vectors are looked at */

/*
 * Brings the graph of a model up to date with its packed features: made when there are enough of them or the options
 * ask for it, and kept from then on. Another process that does so already is left to do it.
 *   tick: see search/approximate.h
 * Errors: CANCELLED, and what keeps it from being made (IO, NO_SPACE, RUNTIME …): the answers do not depend on it.
 */
akin_status akin_store_link(akin_store *store, const akin_stored_model *model, const akin_ingest_options *options,
                            akin_approximate_tick *tick, void *context, akin_error *err);

/*
 * The graph that a question may use on v, the points of the space. By itself it is looked for by the second question on
 * the same points: to open them, the first has read them all, and looking at them once more takes no longer than
 * opening the graph.
 *   out: borrowed until the next call, or until the store's reader is closed; NULL: look at all vectors
 *   how: AKIN_SEARCH_APPROXIMATE: NOT_FOUND when there is none
 */
akin_status akin_store_graph(akin_store *store, akin_approximate **out, const akin_space *space, const akin_vectors *v,
                             akin_search how, akin_error *err);
void akin_store_close_graph(akin_store *store);

/* What is known of the graph, from its file's header. *found: is there a sound one? */
akin_status akin_store_graph_facts(akin_store *store, akin_approximate_facts *out, bool *found,
                                   const akin_stored_model *model, akin_error *err);

/* Is its file sound? If not, *fault says so, and the file is removed: the next ingest makes it again. */
akin_status akin_store_verify_graph(akin_store *store, const akin_stored_model *model, akin_error *fault,
                                    akin_error *err);

#endif
