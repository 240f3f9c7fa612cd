/*
 * messages.h - what the program says on standard error, and numbers as people read them. A message is one line; a file
 * name in it cannot drive the terminal. Colours only on a terminal, and not when NO_COLOR is set.
 */
#ifndef AKIN_CLI_MESSAGES_H
#define AKIN_CLI_MESSAGES_H

#include <akin/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum cli_colour { CLI_PLAIN, CLI_RED, CLI_YELLOW, CLI_GREEN, CLI_BOLD } cli_colour;

/* "akin: ..." in red: why the command fails. */
void cli_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same for an error of the library; returns the exit code. Nothing is said of a cancelled call. */
int cli_fail(akin_status status, const akin_error *err);
/* Something worth knowing, not said with --quiet. word (may be NULL): in the colour in front, "skipped". */
void cli_note(cli_colour colour, const char *word, const char *format, ...) __attribute__((format(printf, 3, 4)));
void cli_be_quiet(bool quiet); /* no notes from now on */

/* Is standard error a terminal that takes escape sequences? */
bool cli_on_terminal(void);
/* How wide the terminal is that the descriptor is of; 0: it is of none, or of one that does not tell. */
size_t cli_terminal_columns(int descriptor);
/* The sequences around coloured text on standard error; "" where there are no colours. */
const char *cli_colour_begin(cli_colour colour);
const char *cli_colour_end(void);

/* "No such file or directory". */
const char *cli_errno_text(int errnum);

#define CLI_NUMBER_TEXT 32
/* Each writes into out and returns it: "12,345"; "12.3 MB"; "4 s", "3 min 20 s", "2 h 5 min". */
const char *cli_count_text(char out[CLI_NUMBER_TEXT], uint64_t n);
const char *cli_bytes_text(char out[CLI_NUMBER_TEXT], uint64_t bytes);
const char *cli_duration_text(char out[CLI_NUMBER_TEXT], double seconds);

#endif
