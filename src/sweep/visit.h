/* The networks of a sweep and their data, without training them. Internal to src/sweep. */
#ifndef ESP_SWEEP_VISIT_H
#define ESP_SWEEP_VISIT_H

#include <espalier/data.h>
#include <espalier/model.h>
#include <espalier/sweep.h>

/* The network of run i as it begins, and the data; the visit frees both. */
typedef esp_status esp__sweep_visitor(void *user, int i, const esp_model *model, esp_dataset *set,
                                      esp_error *err);

/* Calls `see`, unless it is NULL, with each run that is left to do, or with all. Runs that have the
 * same data in a row read them once. Ends where a run could not begin, or `see` fails. */
esp_status esp__sweep_visit(const esp_sweep *s, bool finished_too, esp__sweep_visitor *see,
                            void *user, esp_error *err);

#endif
