/*
 * hnsw.cpp - hnsw.h by usearch. Vectors are bytes to usearch too (its scalars are i8, which it does not convert), and
 * distances are the caller's: so it needs no kernels of its own, and a vector may carry what its distance needs.
 *
 * A graph that is only looked at is usearch's inner index, the links alone: there one may say what is to be fetched
 * before it is needed, which in a graph larger than the caches is most of the time of a question.
 */
#include "search/hnsw.h"

#include <exception>
#include <memory>
#include <new>

#include <usearch/index_dense.hpp>

namespace {

using index_t = unum::usearch::index_dense_t;
using limits_t = unum::usearch::index_limits_t;
using mapped_t = unum::usearch::memory_mapped_file_t;
using metric_t = unum::usearch::metric_punned_t;
using vector_t = unum::usearch::i8_t const *;
using links_t = unum::usearch::index_gt<float, std::uint64_t, std::uint32_t>; /* what is inside of index_t */

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

/* The vectors that a file holds, one after the other, in the order of the links' slots. */
struct vectors_t {
  const char *first;
  std::size_t size;
  akin_hnsw_distance *distance;

  template <typename place_t> const char *of(const place_t &place) const {
    return first + static_cast<std::size_t>(get_slot(place)) * size;
  }
  /* A metric of usearch. */
  template <typename place_t> float operator()(const char *query, const place_t &place) const {
    return distance(query, of(place), size);
  }
};

/* What usearch calls with the places whose distances it will ask for. */
struct fetch_t {
  const vectors_t &vectors;

  template <typename places_t> void operator()(places_t next, places_t end) const {
    for (; next != end; ++next)
      for (std::size_t at = 0; at < vectors.size + 63; at += 64) /* lines of the cache */
        __builtin_prefetch(vectors.of(next) + at);
  }
};

/* A file of index_t: u32 rows, u32 columns, the rows, a header, the links. */
struct viewed_t {
  links_t links;
  vectors_t vectors;
  std::size_t rows, count; /* those that were removed are no part of the count */

  bool open(const akin_hnsw_options &options, char *bytes, std::size_t n, const char **why) {
    std::uint32_t shape[2];
    unum::usearch::index_dense_head_buffer_t head_bytes;
    *why = "the file is too short";
    if (n < sizeof shape + sizeof head_bytes) return false;
    std::memcpy(shape, bytes, sizeof shape);
    vectors = {bytes + sizeof shape, shape[1], options.distance};
    std::size_t at = sizeof shape + std::size_t(shape[0]) * shape[1];
    if (at > n - sizeof head_bytes) return false;
    std::memcpy(head_bytes, bytes + at, sizeof head_bytes);
    unum::usearch::index_dense_head_t head(head_bytes);
    *why = "another version of usearch made it";
    if (head.version_major != USEARCH_VERSION_MAJOR || shape[1] != options.size) return false;
    rows = shape[0];
    count = head.count_present;
    return view(reinterpret_cast<unum::usearch::byte_t *>(bytes), n, at + sizeof head_bytes, why);
  }

  bool view(unum::usearch::byte_t *bytes, std::size_t n, std::size_t at, const char **why) {
    auto result = links.view(mapped_t(bytes, n), at, {});
    if (!succeeded(result, why)) return false;
    *why = "there are not as many links as vectors";
    return links.size() == rows;
  }

  bool search(const char *query, std::size_t wanted, std::size_t expansion, std::uint64_t *ids, std::size_t *found,
              const char **why) {
    auto is_live = [](const links_t::member_cref_t &member) noexcept {
      return member.key != unum::usearch::default_free_value<std::uint64_t>();
    };
    unum::usearch::index_search_config_t config;
    config.expansion = expansion;
    auto result = links.search(query, wanted, vectors, config, is_live, fetch_t{vectors});
    if (!succeeded(result, why)) return false;
    *found = result.dump_to(ids, wanted);
    return true;
  }
};

} // namespace

struct akin_hnsw {
  akin_hnsw_options options;
  std::unique_ptr<viewed_t> viewed; /* instead of the index */
  index_t index;

  bool start(const char **why) {
    unum::usearch::index_dense_config_t config(options.connectivity, options.expansion_add);
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
    graph = new akin_hnsw{*options, nullptr, {}};
    return graph->start(why);
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
  return !graph->viewed && graph->index.contains(id);
}

bool hnsw_remove(akin_hnsw *graph, uint64_t id, const char **why) {
  return guarded(why, [&] {
    auto result = graph->index.remove(id);
    return succeeded(result, why);
  });
}

size_t hnsw_count(const akin_hnsw *graph) {
  return graph->viewed ? graph->viewed->count : graph->index.size();
}

bool hnsw_search(akin_hnsw *graph, const void *vector, size_t wanted, size_t expansion, uint64_t *ids, size_t *found,
                 const char **why) {
  return guarded(why, [&] {
    if (graph->viewed)
      return graph->viewed->search(static_cast<const char *>(vector), wanted, expansion, ids, found, why);
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
    if (!graph->start(why)) return false;
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
    graph->viewed.reset(new viewed_t{});
    return graph->viewed->open(graph->options, static_cast<char *>(const_cast<void *>(bytes)), n, why); /* only read */
  });
}

} // namespace

extern "C" __attribute__((visibility("default"))) const akin_hnsw_table *akin_hnsw_functions() {
  static const akin_hnsw_table table = {AKIN_HNSW_VERSION, hnsw_create,   hnsw_destroy, hnsw_reserve,
                                        hnsw_add,          hnsw_contains, hnsw_remove,  hnsw_count,
                                        hnsw_search,       hnsw_save,     hnsw_load,    hnsw_view};
  return &table;
}
