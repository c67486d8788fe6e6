/* Prediction, one image, text or sound at a time: a trained network, pruned or not, run as fast as
 * it goes on one CPU. "Image" below is any of them.
 *
 * These functions need nothing of the training: they are in a small library of their own
 * (libespalier-predict, pkg-config espalier-predict) and in libespalier too. A network is opened
 * once, from a file of weights, and is read-only from then on; each thread that predicts has a
 * predictor with memory of its own, so several predict at the same time without locks. Memory is
 * planned when a predictor is made; a prediction allocates nothing.
 *
 * The logits have the same bits as those of `espalier eval`, on every CPU.
 *
 *     esp_network *network;
 *     esp_predictor *predictor;
 *     if (esp_network_open(&network, "round-04.safetensors", &err) != ESP_OK) ...
 *     if (esp_predictor_new(&predictor, network, &err) != ESP_OK) ...
 *     esp_predict_pixels(predictor, pixels, logits); */
#ifndef ESP_PREDICT_H
#define ESP_PREDICT_H

#include <espalier/graph.h>
#include <espalier/model.h>
#include <espalier/linkage.h>
#include <espalier/status.h>

#include <stddef.h>
#include <stdint.h>

ESP_BEGIN_DECLS

typedef struct esp_network esp_network;
typedef struct esp_predictor esp_predictor;

/* Opens a file of weights as a run leaves it or as `espalier pack` writes it. Errors: a file that
 * is not there, is damaged or is not Espalier's, or holds numbers that are not finite; no memory.
 * Weights that are 0 are left out of the computation where that is faster, which a few short
 * measurements find out here. */
esp_status esp_network_open(esp_network **network, const char *path, esp_error *err);
/* The same of a model in memory, whose weights are copied; normalised with mean and deviation
 * [channels], any for texts. Its classes have no names. */
esp_status esp_network_of_model(esp_network **network, esp_model *model, const float *mean,
                                const float *deviation, esp_error *err);
/* After all its predictors. NULL is nothing. */
void esp_network_free(esp_network *network);

/* What an image is: channels, height, width. A text is 1x1xwidth, with a vocabulary: each number is
 * a token, 0 to vocabulary - 1. 0 is the padding behind the last token; 1 is a
 * token that is not known, as is every number out of range. A sound is 1 x frames x bands. */
esp_shape esp_network_input(const esp_network *network);
/* How many logits there are: one a class, and then those of further tasks if it has any. */
int esp_network_outputs(const esp_network *network);
int esp_network_classes(const esp_network *network);
/* The name of class i, 0 to classes - 1. */
const char *esp_network_class_name(const esp_network *network, int i);
/* A network that estimates real-valued targets has one for each class, and its name; how many there
 * are, 0 where it tells classes apart. What an output is of target i, in its units (of other
 * networks the output). */
int esp_network_targets(const esp_network *network);
double esp_network_target(const esp_network *network, int i, float output);
/* How a network of sounds hears, which its file says: samples a second; of a sound; of a frame;
 * from one frame to the next; and the frames of a sound. Of other networks all are 0. */
typedef struct esp_hearing {
  int rate, samples, window, hop, frames;
} esp_hearing;
esp_hearing esp_network_hearing(const esp_network *network);
/* Bytes of weights as the kernels read them. */
size_t esp_network_bytes(const esp_network *network);

/* A predictor for one thread at a time. The network is borrowed. */
esp_status esp_predictor_new(esp_predictor **predictor, const esp_network *network, esp_error *err);
/* The same with threads of its own, 1 to ESP_PREDICTOR_THREADS together with the caller's. They
 * sleep between predictions, and the logits are the same. Errors: as above; a number of threads out
 * of that range. */
enum { ESP_PREDICTOR_THREADS = 256 };
esp_status esp_predictor_new_threads(esp_predictor **predictor, const esp_network *network,
                                     int threads, esp_error *err);
void esp_predictor_free(esp_predictor *predictor);
/* Bytes of activations and scratch memory. */
size_t esp_predictor_bytes(const esp_predictor *predictor);

/* The logits of an image of 8-bit pixels, [channels][height][width], each channel normalised as in
 * training: (pixel / 255 - mean) / deviation. Of pictures only. */
void esp_predict_pixels(esp_predictor *predictor, const uint8_t *pixels, float *logits);
/* The same of features as they are in the data, such as the columns of a table, in the order of
 * data.inputs in the file's configuration: (feature - mean) / deviation. */
void esp_predict_features(esp_predictor *predictor, const float *features, float *logits);
/* The logits of a sound of hearing.samples samples, one channel, from -32768 to 32767. Of networks
 * of sounds only. */
void esp_predict_sound(esp_predictor *predictor, const int16_t *samples, float *logits);
/* The same of a stream: the logits of the last hearing.frames frames. `samples` are the
 * hearing.window of the newest, which begins hearing.hop samples behind the one before; before the
 * first frame there is silence. A stream may go on behind a sound. */
void esp_predict_frame(esp_predictor *predictor, const int16_t *samples, float *logits);
/* The logits of an image that is normalised already, [channels][height][width]; of a text its
 * tokens, [width], which are not normalised. */
void esp_predict(esp_predictor *predictor, const float *image, float *logits);
/* The same of `count` images, one behind the other, as their logits. With several threads each does
 * whole images, and those that are left over are done together. */
void esp_predict_images(esp_predictor *predictor, const float *images, int count, float *logits);

ESP_END_DECLS

#endif
