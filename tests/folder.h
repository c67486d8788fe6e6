/* A temporary folder for a test. A failure ends the program. */
#ifndef FOLDER_H
#define FOLDER_H

enum { FOLDER_PATH_MAX = 1024 }; /* characters of a file's path in it, with the NUL */

/* A new one: below TMPDIR if that is set, else in memory where the system has such a place (a
 * checkpoint waits for its disk), else in /tmp. To be freed, or removed with all that is in it. */
char *folder_make(void);
void folder_remove(char *folder);

/* Removes `path`, a file or a folder with all that is in it; 0, or -1 and errno. */
int tree_remove(const char *path);

#endif
