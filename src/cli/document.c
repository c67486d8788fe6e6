/* Writes a document of the command to stdout: a manual page, or what a shell completes.
 *
 * usage: document man [COMMAND] | config | bash | zsh | fish */
#include "cli/document.h"

#include "cli/commands.h"

#include <stdio.h>
#include <string.h>

static int fail(const char *what) {
  fprintf(stderr, "document: unknown '%s'; expected man [COMMAND], config, bash, zsh or fish\n",
          what);
  return 2;
}

int main(int argc, char **argv) {
  const char *what = argc > 1 ? argv[1] : "";
  if (strcmp(what, "man") == 0 && argc > 2) {
    const esp__command *c = esp__command_find(argv[2]);
    if (!c) return fail(argv[2]);
    esp__document_command(c);
  } else if (strcmp(what, "man") == 0) {
    esp__document_overview();
  } else if (strcmp(what, "config") == 0) {
    esp__document_config();
  } else if (strcmp(what, "bash") == 0) {
    esp__document_bash();
  } else if (strcmp(what, "zsh") == 0) {
    esp__document_zsh();
  } else if (strcmp(what, "fish") == 0) {
    esp__document_fish();
  } else {
    return fail(what);
  }
  return ferror(stdout) || fclose(stdout) != 0;
}
