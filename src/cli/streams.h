/* The standard streams of the command. */
#ifndef ESP_CLI_STREAMS_H
#define ESP_CLI_STREAMS_H

/* Before anything is opened: puts something in the place of a standard stream that is closed, which
 * else the next file would take, and all that is printed with it. Such a stream ends reading at
 * once and refuses writing. Writing beyond a limit on the size of files fails from now on, instead
 * of ending the process. */
void esp__cli_streams_begin(void);

/* At the end of a command with this exit status: closes the standard output. Returns the status, or
 * 1 instead of 0 when not all that was printed could be written, which is said in a line. */
int esp__cli_streams_end(int status);

#endif
