/* lists.c - see lists.h. */
#include "lists.h"
#include "messages.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LISTS_FIRST_ROOM 64

/* old with room for twice as many elements of `size` bytes; NULL when memory is short, old then stays valid. */
static void *lists_grown(void *old, size_t *room, size_t size) {
  const size_t wanted = *room ? *room : LISTS_FIRST_ROOM / 2;
  void *grown = wanted <= SIZE_MAX / 2 / size ? realloc(old, 2 * wanted * size) : NULL;
  if (grown) *room = 2 * wanted;
  return grown;
}

void *cli_allocate(size_t n, size_t size) {
  return calloc(n ? n : 1, size);
}

void cli_release(void *memory) {
  free(memory);
}

/* Takes the item's first `size` bytes. */
static bool lists_add(cli_list *list, const char *item, size_t size) {
  if (list->count == list->room) {
    char **items = lists_grown(list->items, &list->room, sizeof *items);
    if (!items) return false;
    list->items = items;
  }
  char *copy = cli_allocate(size + 1, 1);
  if (!copy) return false;
  memcpy(copy, item, size);
  list->items[list->count++] = copy;
  return true;
}

bool cli_list_add(cli_list *list, const char *item) {
  return lists_add(list, item, strlen(item));
}

bool cli_list_split(cli_list *list, const char *text) {
  for (;; text++) {
    text += strspn(text, " ");
    const size_t length = strcspn(text, ",");
    size_t size = length;
    while (size > 0 && text[size - 1] == ' ')
      size--;
    if (size > 0 && !lists_add(list, text, size)) return false;
    text += length;
    if (!*text) return true;
  }
}

/* ---- names from a file ---- */

typedef struct lists_name {
  char *text;
  size_t size, room;
} lists_name;

static bool lists_name_put(lists_name *name, char c) {
  if (name->size == name->room) {
    char *text = lists_grown(name->text, &name->room, 1);
    if (!text) return false;
    name->text = text;
  }
  name->text[name->size++] = c;
  return true;
}

/* One name is complete. */
static bool lists_name_end(cli_list *list, lists_name *name) {
  if (name->size == 0) return true;
  const bool added = lists_name_put(name, '\0') && cli_list_add(list, name->text);
  name->size = 0;
  return added;
}

static bool lists_read_from(cli_list *list, FILE *file, const char *path, char end) {
  lists_name name = {0};
  bool fine = true;
  errno = 0;
  for (int c = 0; fine && (c = getc(file)) != EOF;)
    fine = c == end ? lists_name_end(list, &name) : lists_name_put(&name, (char)c);
  fine = fine && lists_name_end(list, &name);
  free(name.text);
  if (!fine) cli_error("%s: there is no memory for so many names", path);
  if (fine && ferror(file)) {
    cli_error("%s: cannot read: %s", path, cli_errno_text(errno));
    return false;
  }
  return fine;
}

bool cli_list_read(cli_list *list, const char *path, char end) {
  if (strcmp(path, "-") == 0) return lists_read_from(list, stdin, "standard input", end);
  FILE *file = fopen(path, "rbe");
  if (!file) {
    cli_error("%s: cannot read: %s", path, cli_errno_text(errno));
    return false;
  }
  const bool fine = lists_read_from(list, file, path, end);
  fclose(file);
  return fine;
}

void cli_list_free(cli_list *list) {
  for (size_t i = 0; i < list->count; i++)
    free(list->items[i]);
  free(list->items);
  *list = (cli_list){0};
}

const char *const *cli_list_items(const cli_list *list) {
  return (const char *const *)list->items;
}
