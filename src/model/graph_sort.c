/* graph_sort.c - the order of a graph that is not trusted, and whether it has one (akin_graph_sort). */
#include "base/error.h"
#include "base/memory.h"
#include "model/graph.h"

#include <string.h>

typedef enum sort_state { SORT_NEW, SORT_OPEN, SORT_DONE } sort_state;

/* A node whose inputs are being looked at. */
typedef struct sort_step {
  size_t node, next_input;
} sort_step;

typedef struct sorter {
  akin_graph *graph;
  akin_graph_index *makers, *given;
  sort_state *states;     /* [node_count] */
  sort_step *stack;       /* [node_count] */
  akin_graph_node *order; /* [node_count], in the graph's arena */
  size_t depth, done;
  akin_error *err;
} sorter;

static akin_status sort_check_names(const sorter *s) {
  const char *twice = akin_graph_index_twice(s->makers);
  if (!twice) twice = akin_graph_index_twice(s->given);
  for (size_t i = 0; !twice && i < s->graph->node_count; i++) {
    const akin_graph_node *node = &s->graph->nodes[i];
    for (size_t k = 0; !twice && k < node->output_count; k++)
      if (*node->outputs[k] && akin_graph_index_find(s->given, node->outputs[k])) twice = node->outputs[k];
  }
  if (!twice) return AKIN_OK;
  return akin_fail(s->err, AKIN_ERROR_FORMAT, "two values of the graph are named '%s'", twice);
}

/* Looks at one more input of the node on top of the stack; a node that must come first goes on top of it. */
static akin_status sort_step_input(sorter *s) {
  sort_step *top = &s->stack[s->depth - 1];
  const akin_graph_node *node = &s->graph->nodes[top->node];
  const char *name = node->inputs[top->next_input++];
  const size_t maker = *name ? akin_graph_index_find(s->makers, name) : 0;
  if (maker == 0) {
    if (!*name || akin_graph_index_find(s->given, name)) return AKIN_OK;
    return akin_fail(s->err, AKIN_ERROR_FORMAT, "node '%s', %s: nothing in the file gives its input '%s'",
                     *node->name ? node->name : node->outputs[0], node->operation, name);
  }
  if (s->states[maker - 1] == SORT_OPEN)
    return akin_fail(s->err, AKIN_ERROR_FORMAT, "the graph goes round in a circle: '%s' is made of itself", name);
  if (s->states[maker - 1] == SORT_NEW) {
    s->states[maker - 1] = SORT_OPEN;
    s->stack[s->depth++] = (sort_step){maker - 1, 0};
  }
  return AKIN_OK;
}

static akin_status sort_from(sorter *s, size_t first) {
  akin_status status = AKIN_OK;
  if (s->states[first] != SORT_NEW) return AKIN_OK;
  s->states[first] = SORT_OPEN;
  s->stack[s->depth++] = (sort_step){first, 0};
  while (s->depth > 0 && status == AKIN_OK) {
    const sort_step *top = &s->stack[s->depth - 1];
    if (top->next_input < s->graph->nodes[top->node].input_count) {
      status = sort_step_input(s);
      continue;
    }
    s->states[top->node] = SORT_DONE;
    s->order[s->done++] = s->graph->nodes[top->node];
    s->depth--;
  }
  return status;
}

akin_status akin_graph_sort(akin_graph *graph, const akin_graph_value *inputs, size_t input_count, akin_error *err) {
  const size_t count = graph->node_count;
  sorter s = {.graph = graph,
              .makers = akin_graph_index_makers(graph),
              .given = akin_graph_index_given(graph, inputs, input_count),
              .states = akin_calloc(count, sizeof *s.states),
              .stack = akin_calloc(count, sizeof *s.stack),
              .order = akin_arena_array(&graph->arena, count, sizeof *s.order),
              .err = err};
  const bool room = s.makers && s.given && s.states && s.stack && s.order;
  akin_status status = room ? sort_check_names(&s) : akin_fail_memory(err, count * sizeof *s.order);
  for (size_t i = 0; i < count && status == AKIN_OK; i++)
    status = sort_from(&s, i);
  if (status == AKIN_OK) {
    graph->nodes = s.order;
    graph->node_room = count;
  }
  akin_free(s.stack);
  akin_free(s.states);
  akin_free(s.given);
  akin_free(s.makers);
  return status;
}
