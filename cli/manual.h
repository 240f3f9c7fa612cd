/* manual.h - the man page akin(1), from the tables of the commands. */
#ifndef AKIN_CLI_MANUAL_H
#define AKIN_CLI_MANUAL_H

#include <stdio.h>

void cli_manual(FILE *out);

#endif
