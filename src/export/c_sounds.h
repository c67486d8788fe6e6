/* What programs for sounds have of their own: a function from the samples of a frame to its
 * features, with the bits that the data loader computes. */
#ifndef ESP_EXPORT_C_SOUNDS_H
#define ESP_EXPORT_C_SOUNDS_H

#include "export/c_writer.h"

/* The spectrum of a network of sounds, NULL of others. Errors: keys that make no spectrum, or one
 * of another shape than the network's input. */
esp_status esp__c_sounds_open(esp_spectrum **s, const esp_export_source *source, esp_error *err);

/* Bytes of scratch memory, which it shares with the network's; 0 where there is no such function,
 * and nothing is written. */
size_t esp__c_sounds_memory(const esp__c_writer *w);
/* For the header: sizes of a sound and its frames; the function and how to use it. */
void esp__c_write_sound_sizes(const esp__c_writer *w, FILE *out);
void esp__c_write_sound_usage(const esp__c_writer *w, FILE *out);
/* For the source: pieces, numbers, and the function. */
esp__c_pieces esp__c_sound_pieces(const esp__c_writer *w);
void esp__c_write_sound_tables(esp__c_writer *w);
void esp__c_write_sound_function(const esp__c_writer *w);

#endif
