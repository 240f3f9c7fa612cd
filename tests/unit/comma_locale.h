/*
 * comma_locale.h - a locale that writes 0,5 for one half, for tests that must not be moved by it. Taken from the system
 * or, where it has none but can make one, made in a folder by localedef.
 */
#ifndef AKIN_TESTS_UNIT_COMMA_LOCALE_H
#define AKIN_TESTS_UNIT_COMMA_LOCALE_H

#include "unit/testing.h"

#include <fcntl.h>
#include <locale.h>
#include <sys/wait.h>

TESTING bool comma_locale_try(const char *name) {
  return setlocale(LC_ALL, name) && strcmp(localeconv()->decimal_point, ",") == 0;
}

TESTING void comma_locale_make(const char *path) {
  const pid_t child = fork();
  if (child == 0) {
    const int nowhere = open("/dev/null", O_WRONLY);
    dup2(nowhere, 1);
    dup2(nowhere, 2);
    execlp("localedef", "localedef", "-i", "de_DE", "-f", "UTF-8", path, (char *)NULL);
    _exit(127);
  }
  int outcome = 0;
  if (child > 0) waitpid(child, &outcome, 0);
}

/* Sets such a locale for the process, and shows that it is in force. false: none can be had. */
TESTING bool comma_locale_set(const char *folder) {
  static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "nl_NL.UTF-8", "ru_RU.UTF-8"};
  char half[8];
  bool found = false;
  for (size_t i = 0; i < sizeof names / sizeof names[0] && !found; i++)
    found = comma_locale_try(names[i]);
  if (!found) {
    char *path = testing_path(folder, "de_DE.UTF-8");
    comma_locale_make(path);
    setenv("LOCPATH", folder, 1);
    found = comma_locale_try("de_DE.UTF-8");
    unsetenv("LOCPATH");
    akin_free(path);
  }
  if (!found) {
    setlocale(LC_ALL, "C");
    return false;
  }
  snprintf(half, sizeof half, "%.1f", 0.5);
  assert_string_equal(half, "0,5");
  return true;
}

#endif
