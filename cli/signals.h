/*
 * signals.h - Ctrl-C and SIGTERM: the first asks for a clean stop, a second one ends the program at once. After a clean
 * stop the program ends by the signal itself, so that a shell's loop ends too.
 */
#ifndef AKIN_CLI_SIGNALS_H
#define AKIN_CLI_SIGNALS_H

#include <stdbool.h>

/* A closed pipe ends the program quietly, whatever the parent has set. */
void cli_signals_pipe(void);
/* From now on a signal asks for a stop; before, it ends the program. */
void cli_signals_catch(void);
bool cli_interrupted(void);
/* Ends the program by the signal that was caught, if there was one. */
void cli_signals_finish(void);

#endif
