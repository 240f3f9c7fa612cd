/*
 * hnsw.cpp - hnsw.h by usearch. Vectors are bytes to usearch too (its scalars are i8, which it does not convert), and
 * distances are the caller's: so it needs no kernels of its own, and a vector may carry what its distance needs.
 */
#include "search/hnsw.h"

#include <exception>
#include <new>

#include <usearch/index_dense.hpp>

namespace {

using index_t = unum::usearch::index_dense_t;
using limits_t = unum::usearch::index_limits_t;
using mapped_t = unum::usearch::memory_mapped_file_t;
using metric_t = unum::usearch::metric_punned_t;
using vector_t = unum::usearch::i8_t const *;

/* The third argument of such a metric is the number of scalars: bytes, here. */
metric_t metric_of(const akin_hnsw_options &options) {
  return metric_t::stateless(options.size, reinterpret_cast<std::uintptr_t>(options.distance),
                             unum::usearch::metric_punned_signature_t::array_array_size_k,
                             unum::usearch::metric_kind_t::ip_k, unum::usearch::scalar_kind_t::i8_k);
}

/* usearch's texts are literals. */
template <typename result_t> bool succeeded(result_t &result, const char **why) {
  if (result) return true;
  *why = result.error.release();
  return false;
}

/* Runs work() -> bool; what it throws becomes a text. */
template <typename work_t> bool guarded(const char **why, work_t &&work) {
  try {
    return work();
  } catch (const std::bad_alloc &) {
    *why = "no memory";
  } catch (const std::exception &) {
    *why = "an exception in usearch";
  }
  return false;
}

} // namespace

struct akin_hnsw {
  akin_hnsw_options options;
  bool lookups; /* is there a table from ids to vectors? Only who changes the graph needs it. */
  index_t index;

  bool start(bool with_lookups, const char **why) {
    unum::usearch::index_dense_config_t config(options.connectivity, options.expansion_add);
    config.enable_key_lookups = lookups = with_lookups;
    auto made = index_t::make(metric_of(options), config, unum::usearch::default_free_value<std::uint64_t>(),
                              limits_t(0, options.threads));
    if (!succeeded(made, why)) return false;
    index = std::move(made.index);
    return true;
  }

  /* After loading, usearch has a metric of its own. */
  bool restore_metric(const char **why) {
    if (index.bytes_per_vector() == options.size && index.try_change_metric(metric_of(options))) return true;
    *why = "the vectors have another size";
    return false;
  }
};

namespace {

akin_hnsw *hnsw_create(const akin_hnsw_options *options, const char **why) {
  akin_hnsw *graph = nullptr;
  bool done = guarded(why, [&] {
    graph = new akin_hnsw{*options, true, {}};
    return graph->start(true, why);
  });
  if (done) return graph;
  delete graph;
  return nullptr;
}

void hnsw_destroy(akin_hnsw *graph) {
  delete graph;
}

bool hnsw_reserve(akin_hnsw *graph, size_t count, const char **why) {
  return guarded(why, [&] {
    if (graph->index.try_reserve(limits_t(count, graph->options.threads))) return true;
    *why = "no memory";
    return false;
  });
}

bool hnsw_add(akin_hnsw *graph, uint64_t id, const void *vector, size_t thread, const char **why) {
  return guarded(why, [&] {
    auto result = graph->index.add(id, static_cast<vector_t>(vector), thread);
    return succeeded(result, why);
  });
}

bool hnsw_contains(const akin_hnsw *graph, uint64_t id) {
  return graph->lookups && graph->index.contains(id);
}

bool hnsw_remove(akin_hnsw *graph, uint64_t id, const char **why) {
  return guarded(why, [&] {
    auto result = graph->index.remove(id);
    return succeeded(result, why);
  });
}

size_t hnsw_count(const akin_hnsw *graph) {
  return graph->index.size();
}

bool hnsw_search(akin_hnsw *graph, const void *vector, size_t wanted, size_t expansion, uint64_t *ids, size_t *found,
                 const char **why) {
  return guarded(why, [&] {
    graph->index.change_expansion_search(expansion);
    auto result = graph->index.search(static_cast<vector_t>(vector), wanted, 0);
    if (!succeeded(result, why)) return false;
    *found = result.dump_to(ids, wanted);
    return true;
  });
}

bool hnsw_save(const akin_hnsw *graph, akin_hnsw_sink *sink, void *context, const char **why) {
  return guarded(why, [&] {
    auto result =
        graph->index.save_to_stream([&](const void *bytes, size_t n) { return sink(context, bytes, n); }, {});
    return succeeded(result, why);
  });
}

bool hnsw_load(akin_hnsw *graph, const void *bytes, size_t n, const char **why) {
  return guarded(why, [&] {
    const char *next = static_cast<const char *>(bytes);
    if (!graph->start(true, why)) return false;
    auto result = graph->index.load_from_stream(
        [&](void *to, size_t size) {
          if (size > n) return false;
          std::memcpy(to, next, size);
          next += size;
          n -= size;
          return true;
        },
        {});
    return succeeded(result, why) && graph->restore_metric(why);
  });
}

bool hnsw_view(akin_hnsw *graph, const void *bytes, size_t n, const char **why) {
  return guarded(why, [&] {
    if (!graph->start(false, why)) return false;
    auto *data = reinterpret_cast<unum::usearch::byte_t *>(const_cast<void *>(bytes)); /* only read */
    auto result = graph->index.view(mapped_t(data, n), 0, {});
    return succeeded(result, why) && graph->restore_metric(why);
  });
}

} // namespace

extern "C" __attribute__((visibility("default"))) const akin_hnsw_table *akin_hnsw_functions() {
  static const akin_hnsw_table table = {AKIN_HNSW_VERSION, hnsw_create,   hnsw_destroy, hnsw_reserve,
                                        hnsw_add,          hnsw_contains, hnsw_remove,  hnsw_count,
                                        hnsw_search,       hnsw_save,     hnsw_load,    hnsw_view};
  return &table;
}
