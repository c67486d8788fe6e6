/* Processes that train one network together, each on a share of every batch: what mpiexec or srun
 * started. The result has the bits of one process. */
#ifndef ESP_RANKS_H
#define ESP_RANKS_H

#include <espalier/linkage.h>
#include <espalier/status.h>

#include <stdint.h>

ESP_BEGIN_DECLS

typedef struct esp_ranks esp_ranks;

/* What becomes of a process that cannot go on while others do: it is told why, in a line, and must
 * end all of them (esp_ranks_abort). */
typedef void esp_ranks_lost(esp_ranks *ranks, const char *why);

/* Joins the processes that the launcher has started. *ranks is NULL where there is only this one.
 * Once per process. Fails where a launcher says that there are others, and this library was built
 * without MPI or with another one than the launcher's. */
esp_status esp_ranks_join(esp_ranks **ranks, esp_ranks_lost *lost, esp_error *err);
/* When all have done their work; NULL is nothing. */
void esp_ranks_leave(esp_ranks *ranks);
/* Ends all processes at once, this one included; the launcher returns `status`. */
void esp_ranks_abort(esp_ranks *ranks, int status);

/* NULL: rank 0 of 1. */
int esp_ranks_rank(const esp_ranks *ranks);
int esp_ranks_count(const esp_ranks *ranks);
/* Bytes that this process has sent to others so far. */
uint64_t esp_ranks_sent(const esp_ranks *ranks);

/* How many processes the launcher of this one says it has started, before anything is joined; 1
 * where there is no launcher. *rank: which of them this is. */
int esp_ranks_launched(int *rank);

ESP_END_DECLS

#endif
