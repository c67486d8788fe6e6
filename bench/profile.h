/* Where the time of a training step goes: a table by kind of operation and pass. */
#ifndef PROFILE_H
#define PROFILE_H

#include <espalier/graph.h>

/* Runs `step(data)`, whose graph is `graph`, `repeats` times, and prints means in milliseconds: a
 * row per kind of operation, one for what is outside the graph (the optimiser), and the whole step
 * by another clock. */
esp_status profile_print(esp_graph *graph, void (*step)(void *data), void *data, int repeats,
                         esp_error *err);

#endif
