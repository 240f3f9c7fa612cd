/* lists.h - growing lists of strings, names read from a file; the only file of the program that uses the heap. */
#ifndef AKIN_CLI_LISTS_H
#define AKIN_CLI_LISTS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct cli_list {
  char **items; /* owned, and so is each */
  size_t count, room;
} cli_list;

/* Copies item. False when memory is short. */
bool cli_list_add(cli_list *list, const char *item);
/* Adds the parts of text between commas, without the spaces around them; empty ones are left out. False when memory
 * is short. */
bool cli_list_split(cli_list *list, const char *text);
/* Adds the names in a file, "-" for standard input, each ended by `end` ('\n' or NUL); empty ones are left out. False,
 * with a message printed, when it cannot be read. */
bool cli_list_read(cli_list *list, const char *path, char end);
void cli_list_free(cli_list *list);
/* As the library's functions take them; borrowed until the list changes. */
const char *const *cli_list_items(const cli_list *list);

/* Cleared memory for n elements; NULL when it is short. Given back with cli_release. */
void *cli_allocate(size_t n, size_t size);
void cli_release(void *memory); /* NULL is fine */

#endif
