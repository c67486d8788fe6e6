#include "cli/streams.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void esp__cli_streams_begin(void) {
  int file;
  do file = open("/dev/null", O_RDONLY);
  while (file >= 0 && file <= STDERR_FILENO);
  if (file >= 0) close(file);
  signal(SIGXFSZ, SIG_IGN);
}

int esp__cli_streams_end(int status) {
  const int failed = ferror(stdout);
  errno = 0;
  if (fclose(stdout) == 0 && !failed) return status;
  if (status != 0) return status;
  fprintf(stderr, "espalier: the standard output cannot be written%s%s\n", errno ? ": " : "",
          errno ? strerror(errno) : "");
  return 1;
}
