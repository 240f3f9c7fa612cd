/*
 * where.c - see where.h. The text becomes a row of steps in postfix order: conditions push whether they hold, the
 * others combine what was pushed. So neither long filters nor deep ones need the program's stack.
 */
#include "engine/where.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "engine/condition.h"

#include <string.h>
#include <strings.h>

typedef enum where_kind { WHERE_CONDITION, WHERE_NOT, WHERE_AND, WHERE_OR } where_kind;

typedef struct where_step {
  where_kind kind;
  akin_condition condition;
} where_step;

/* While brackets are open, at most an "or", an "and" and what they wait for lie on the stack for each. */
#define WHERE_STACK (3 * (AKIN_WHERE_DEPTH + 1))

struct akin_where {
  where_step *steps;
  size_t count, room;
  const char **labels; /* in the arena, as all texts are */
  size_t label_count, label_room;
  akin_arena arena;
};

typedef enum where_token { WHERE_END, WHERE_WORD, WHERE_QUOTED, WHERE_OPERATOR, WHERE_OPEN, WHERE_CLOSE } where_token;

typedef struct where_parser {
  akin_where *out;
  const char *const *known; /* labels */
  size_t known_count;
  const char *text, *at; /* at: behind the token */
  unsigned depth;
  where_token token;          /* the token at hand */
  const char *begin;          /* where it begins in text */
  const char *value;          /* of a word or a quoted text: in the arena */
  akin_condition_operator op; /* of an operator */
  akin_error *err;
} where_parser;

/* ---- what is wrong ---- */

/* "filter, character 9: what". The position is that of the token at hand. */
static akin_status where_wrong(const where_parser *p, const char *what) {
  size_t character = 1;
  for (const char *c = p->text; c < p->begin; character++) {
    const size_t length = akin_utf8_length(c, (size_t)(p->begin - c));
    c += length ? length : 1;
  }
  if (p->token == WHERE_END)
    return akin_fail(p->err, AKIN_ERROR_USAGE, "filter, at its end (character %zu): %s", character, what);
  return akin_fail(p->err, AKIN_ERROR_USAGE, "filter, character %zu: %s", character, what);
}

static akin_status where_no_column(const where_parser *p) {
  akin_buffer what = AKIN_BUFFER_INIT(0);
  akin_status status = akin_buffer_printf(&what, "there is no column \"%s\"; there are", p->value);
  for (size_t i = 0; !status && i < AKIN_CONDITION_LABEL; i++)
    status = akin_buffer_printf(&what, "%s %s", i ? "," : "", akin_condition_columns[i]);
  if (!status) status = akin_buffer_append_text(&what, p->known_count ? "; and your labels" : "; and no labels yet");
  for (size_t i = 0; !status && i < p->known_count; i++)
    status = akin_buffer_printf(&what, "%s %s", i ? "," : "", p->known[i]);
  status = status ? akin_fail_memory(p->err, 0) : where_wrong(p, what.data);
  akin_buffer_free(&what);
  return status;
}

/* ---- tokens ---- */

static bool where_is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool where_in_word(char c) {
  return c != '\0' && !where_is_space(c) && !strchr("()=!<>~\"'", c);
}

static akin_status where_keep(where_parser *p, const char *bytes, size_t n) {
  p->value = akin_arena_text(&p->out->arena, bytes, n);
  return p->value ? AKIN_OK : akin_fail_memory(p->err, n + 1);
}

/* 'it''s' or "it's": a quote is doubled to stand for itself. */
static akin_status where_read_quoted(where_parser *p) {
  const char quote = *p->at++;
  akin_buffer value = AKIN_BUFFER_INIT(0);
  akin_status status = akin_buffer_append_text(&value, "");
  p->token = WHERE_QUOTED;
  for (; !status && *p->at && !(*p->at == quote && p->at[1] != quote); p->at++) {
    p->at += *p->at == quote;
    status = akin_buffer_append(&value, p->at, 1);
  }
  if (status) {
    status = akin_fail_memory(p->err, 0);
  } else if (!*p->at) {
    status = where_wrong(p, "this quote is never closed");
  } else {
    p->at++;
    status = where_keep(p, value.size ? value.data : "", value.size);
  }
  akin_buffer_free(&value);
  return status;
}

static akin_status where_read_operator(where_parser *p) {
  static const struct {
    const char *text;
    akin_condition_operator op;
  } operators[] = {{"!=", AKIN_CONDITION_UNEQUAL}, {"<=", AKIN_CONDITION_AT_MOST}, {">=", AKIN_CONDITION_AT_LEAST},
                   {"=", AKIN_CONDITION_EQUAL},    {"<", AKIN_CONDITION_LESS},     {">", AKIN_CONDITION_MORE},
                   {"~", AKIN_CONDITION_LIKE}};
  p->token = WHERE_OPERATOR;
  for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
    const size_t length = strlen(operators[i].text);
    if (strncmp(p->at, operators[i].text, length) != 0) continue;
    p->op = operators[i].op;
    p->at += length;
    return AKIN_OK;
  }
  return where_wrong(p, "\"!\" alone means nothing: write != or not");
}

static akin_status where_read(where_parser *p) {
  while (where_is_space(*p->at))
    p->at++;
  p->begin = p->at;
  if (*p->at == '\0') {
    p->token = WHERE_END;
    return AKIN_OK;
  }
  if (*p->at == '(' || *p->at == ')') {
    p->token = *p->at++ == '(' ? WHERE_OPEN : WHERE_CLOSE;
    return AKIN_OK;
  }
  if (*p->at == '"' || *p->at == '\'') return where_read_quoted(p);
  if (!where_in_word(*p->at)) return where_read_operator(p);
  p->token = WHERE_WORD;
  while (where_in_word(*p->at))
    p->at++;
  return where_keep(p, p->begin, (size_t)(p->at - p->begin));
}

static bool where_at_word(const where_parser *p, const char *word) {
  return p->token == WHERE_WORD && strcasecmp(p->value, word) == 0;
}

static bool where_at_keyword(const where_parser *p) {
  return where_at_word(p, "and") || where_at_word(p, "or") || where_at_word(p, "not");
}

/* ---- steps ---- */

static akin_status where_add(where_parser *p, const where_step *step) {
  akin_where *w = p->out;
  if (w->count == w->room) {
    const size_t room = w->room ? w->room * 2 : 16;
    where_step *steps = akin_realloc_array(w->steps, room, sizeof *steps);
    if (!steps) return akin_fail_memory(p->err, room * sizeof *steps);
    w->steps = steps;
    w->room = room;
  }
  w->steps[w->count++] = *step;
  return AKIN_OK;
}

/* The index of a label that is looked at; *index AKIN_CONDITION_NO_LABEL when the store has none of that name. */
static akin_status where_label(where_parser *p, const char *name, size_t *index) {
  akin_where *w = p->out;
  *index = AKIN_CONDITION_NO_LABEL;
  for (size_t i = 0; i < w->label_count; i++) {
    if (strcmp(w->labels[i], name) != 0) continue;
    *index = i;
    return AKIN_OK;
  }
  size_t known = 0;
  while (known < p->known_count && strcmp(p->known[known], name) != 0)
    known++;
  if (known == p->known_count) return AKIN_OK;
  if (w->label_count == w->label_room) {
    const size_t room = w->label_room ? w->label_room * 2 : 8;
    const char **labels = akin_realloc_array(w->labels, room, sizeof *labels);
    if (!labels) return akin_fail_memory(p->err, room * sizeof *labels);
    w->labels = labels;
    w->label_room = room;
  }
  w->labels[w->label_count] = akin_arena_text(&w->arena, name, strlen(name));
  if (!w->labels[w->label_count]) return akin_fail_memory(p->err, strlen(name) + 1);
  *index = w->label_count++;
  return AKIN_OK;
}

static akin_condition_column where_column(const char *name) {
  size_t column = 0;
  while (column < AKIN_CONDITION_LABEL && strcmp(akin_condition_columns[column], name) != 0)
    column++;
  return (akin_condition_column)column;
}

static akin_status where_find_column(where_parser *p, akin_condition *c) {
  c->column = where_column(p->value);
  c->label = AKIN_CONDITION_NO_LABEL;
  if (c->column != AKIN_CONDITION_LABEL && c->column != AKIN_CONDITION_CLASS) return AKIN_OK;
  akin_status status = where_label(p, p->value, &c->label);
  if (status || c->column == AKIN_CONDITION_CLASS || c->label != AKIN_CONDITION_NO_LABEL) return status;
  return where_no_column(p);
}

static bool where_is_text(akin_condition_column column) {
  return column <= AKIN_CONDITION_NAME || column == AKIN_CONDITION_LABEL;
}

/* column operator value; the column is at hand */
static akin_status where_read_condition(where_parser *p) {
  where_step step = {.kind = WHERE_CONDITION};
  if ((p->token != WHERE_WORD && p->token != WHERE_QUOTED) || where_at_keyword(p))
    return where_wrong(p, "the name of a column is expected here");
  akin_status status = where_find_column(p, &step.condition);
  if (!status) status = where_read(p);
  if (status) return status;
  if (p->token != WHERE_OPERATOR) return where_wrong(p, "one of = != < <= > >= ~ is expected here");
  if (p->op == AKIN_CONDITION_LIKE && !where_is_text(step.condition.column))
    return where_wrong(p, "~ compares text, and this column has none: use = or <");
  step.condition.op = p->op;
  if ((status = where_read(p))) return status;
  if ((p->token != WHERE_WORD && p->token != WHERE_QUOTED) || where_at_keyword(p))
    return where_wrong(p, "a value is expected here");
  step.condition.text = p->value;
  const char *wrong = akin_condition_understand(&step.condition, p->token == WHERE_QUOTED);
  if (wrong) return where_wrong(p, wrong);
  status = where_add(p, &step);
  return status ? status : where_read(p);
}

/* ---- grammar: each is called with its first token at hand, and leaves with the one behind it ---- */

static akin_status where_read_filter(where_parser *p);

static akin_status where_deeper(where_parser *p) {
  if (++p->depth <= AKIN_WHERE_DEPTH) return where_read(p);
  return where_wrong(p, "brackets and \"not\" inside each other: 64 are possible");
}

static akin_status where_read_brackets(where_parser *p) {
  akin_status status = where_deeper(p);
  if (!status) status = where_read_filter(p);
  if (status) return status;
  if (p->token != WHERE_CLOSE) return where_wrong(p, "\"and\", \"or\" or \")\" is expected here");
  p->depth--;
  return where_read(p);
}

static akin_status where_read_negation(where_parser *p) {
  static const where_step negate = {.kind = WHERE_NOT};
  if (p->token == WHERE_OPEN) return where_read_brackets(p);
  if (!where_at_word(p, "not")) return where_read_condition(p);
  akin_status status = where_deeper(p);
  if (!status) status = where_read_negation(p);
  p->depth--;
  return status ? status : where_add(p, &negate);
}

static akin_status where_read_conjunction(where_parser *p) {
  static const where_step both = {.kind = WHERE_AND};
  akin_status status = where_read_negation(p);
  while (!status && where_at_word(p, "and")) {
    if (!(status = where_read(p))) status = where_read_negation(p);
    if (!status) status = where_add(p, &both);
  }
  return status;
}

static akin_status where_read_filter(where_parser *p) {
  static const where_step either = {.kind = WHERE_OR};
  akin_status status = where_read_conjunction(p);
  while (!status && where_at_word(p, "or")) {
    if (!(status = where_read(p))) status = where_read_conjunction(p);
    if (!status) status = where_add(p, &either);
  }
  return status;
}

akin_status akin_where_parse(akin_where **out, const char *text, const char *const *labels, size_t count,
                             akin_error *err) {
  *out = NULL;
  if (strlen(text) > AKIN_WHERE_LENGTH)
    return akin_fail(err, AKIN_ERROR_USAGE, "a filter of %zu bytes: %d are possible", strlen(text), AKIN_WHERE_LENGTH);
  akin_where *where = akin_calloc(1, sizeof *where);
  if (!where) return akin_fail_memory(err, sizeof *where);
  where_parser p = {.out = where, .known = labels, .known_count = count, .text = text, .at = text, .err = err};
  akin_status status = where_read(&p);
  if (!status) status = where_read_filter(&p);
  if (!status && p.token != WHERE_END) status = where_wrong(&p, "\"and\", \"or\" or the end is expected here");
  if (status) {
    akin_where_free(where);
    return status;
  }
  *out = where;
  return AKIN_OK;
}

void akin_where_free(akin_where *where) {
  if (!where) return;
  akin_free(where->steps);
  akin_free(where->labels);
  akin_arena_free(&where->arena);
  akin_free(where);
}

bool akin_where_has_column(const char *name) {
  return where_column(name) != AKIN_CONDITION_LABEL;
}

const char *akin_where_label(const akin_where *where, size_t index) {
  return index < where->label_count ? where->labels[index] : NULL;
}

bool akin_where_matches(const akin_where *where, const akin_where_image *image) {
  bool stack[WHERE_STACK] = {false};
  size_t top = 0;
  for (size_t i = 0; i < where->count; i++) {
    const where_step *step = &where->steps[i];
    if (step->kind == WHERE_CONDITION) {
      stack[top++] = akin_condition_matches(&step->condition, image);
    } else if (step->kind == WHERE_NOT) {
      stack[top - 1] = !stack[top - 1];
    } else {
      top--;
      stack[top - 1] = step->kind == WHERE_AND ? stack[top - 1] && stack[top] : stack[top - 1] || stack[top];
    }
  }
  return stack[0];
}
