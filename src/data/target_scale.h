/* Mean and deviation of targets. */
#ifndef ESP_DATA_TARGET_SCALE_H
#define ESP_DATA_TARGET_SCALE_H

#include <espalier/data.h>

/* Fills set->targets: of the images to train on, or as the options say. Fails where a target does
 * not vary in a split, or the options have another number of them than there are targets. */
esp_status esp__targets_scale(esp_dataset *set, const esp_data_options *opt, esp_error *err);
/* The set's, with the variance of those images. */
esp_target_scale esp__targets_of(const esp_dataset *set, const esp_images *images);

#endif
