/* Inside src/nn: the built-in architectures, written as text in the layer language. */
#ifndef ESP_NN_ARCH_H
#define ESP_NN_ARCH_H

#include <espalier/model.h>

#include <stdio.h>

/* What a writer is asked for: depth, width and heads are the numbers in the name, resnet<depth>,
 * wrn-<depth>-<width>, lstm-<width>, transformer-<depth>-<width>-<heads>. */
typedef struct esp__arch_ask {
  const esp_model_options *opt;
  esp_shape input;
  int depth, width, heads;
} esp__arch_ask;

typedef esp_status esp__arch_writer(FILE *out, const esp__arch_ask *ask, esp_error *err);

esp__arch_writer esp__arch_textcnn, esp__arch_lstm, esp__arch_gru, esp__arch_transformer,
    esp__arch_ds_cnn, esp__arch_kws_dnn;
esp__arch_writer esp__arch_lenet5, esp__arch_lenet5_caffe, esp__arch_mlp, esp__arch_conv,
    esp__arch_vgg, esp__arch_mobilenet;                            /* arch_plain.c */
esp__arch_writer esp__arch_resnet, esp__arch_wrn;                  /* arch_resnet.c */
esp__arch_writer esp__arch_resnet_imagenet, esp__arch_mobilenetv2; /* arch_imagenet.c */

/* Puts what `write` makes of *text, and of `with`, in its place. On failure *text stays. */
typedef void esp__text_writer(FILE *out, const char *text, const void *with);
esp_status esp__text_replace(char **text, esp__text_writer *write, const void *with,
                             esp_error *err);
/* The line that *text begins with, of *length characters; *text moves behind it. NULL at the
 * end. */
const char *esp__text_line(const char **text, int *length);

/* Puts a head for each task in the place of the last line of *text, if that is `linear classes`. */
esp_status esp__heads_write(char **text, const esp_tasks *tasks, esp_error *err);

/* Multiplies the channels that each line of *text makes by `width`, rounded (halves to even), at
 * least 1; puts the new text in the place of the old. `classes` stays. */
esp_status esp__width_apply(char **text, double width, esp_error *err);

/* Puts gates behind the convolutions of *text that a bn follows, those of shortcuts apart, and
 * thresholds into its relus, as the options say. */
esp_status esp__variant_apply(char **text, const esp_model_options *opt, esp_error *err);

#endif
