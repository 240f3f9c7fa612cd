/* signals.c - see signals.h. */
#include "signals.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t signals_caught; /* the signal; 0: none */

static void signals_default(int number) {
  struct sigaction action = {.sa_handler = SIG_DFL};
  sigaction(number, &action, NULL);
}

static void signals_handle(int number) {
  if (signals_caught) {
    signals_default(number);
    raise(number); /* takes effect when this handler returns */
  }
  signals_caught = number;
}

void cli_signals_pipe(void) {
  signals_default(SIGPIPE);
}

void cli_signals_catch(void) {
  struct sigaction action = {.sa_handler = signals_handle, .sa_flags = SA_RESTART};
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
}

bool cli_interrupted(void) {
  return signals_caught != 0;
}

void cli_signals_finish(void) {
  if (signals_caught) {
    signals_default(signals_caught);
    raise(signals_caught);
  }
}
