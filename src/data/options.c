#include "data/set.h"
#include "data/tokens.h"
#include "data/vocabulary.h"
#include "data/wav.h"
#include "data/words.h"
#include "sound/spectrum.h"

#include <string.h>

static const char *const augment_names[ESP_AUGMENTS] = {
    [ESP_AUGMENT_CROP] = "crop",   [ESP_AUGMENT_RESIZED_CROP] = "resized-crop",
    [ESP_AUGMENT_FLIP] = "flip",   [ESP_AUGMENT_CUTOUT] = "cutout",
    [ESP_AUGMENT_SHIFT] = "shift", [ESP_AUGMENT_NOISE] = "noise"};

static const char *dataset_choice(size_t i) {
  const esp_dataset_kind *kind = esp_dataset_kind_at(i);
  return kind ? kind->name : NULL;
}

static const char *augment_choice(size_t i) {
  return i < ESP_AUGMENTS ? augment_names[i] : NULL;
}

static const char *const token_names[ESP_TOKEN_KINDS] = {
    [ESP_TOKEN_CHARACTERS] = "characters", [ESP_TOKEN_WORDS] = "words"};

static const char *layout_choice(size_t i) {
  static const char *const names[] = {"picture", "sequence"};
  return i < sizeof names / sizeof *names ? names[i] : NULL;
}

static const char *token_choice(size_t i) {
  return i < ESP_TOKEN_KINDS ? token_names[i] : NULL;
}

esp__token_kind esp__token_kind_of(const char *name) {
  return strcmp(name, token_names[ESP_TOKEN_WORDS]) == 0 ? ESP_TOKEN_WORDS : ESP_TOKEN_CHARACTERS;
}

bool esp__augment_asked(const char *words, esp__augment which) {
  const char *name = augment_names[which];
  size_t length = strlen(name);
  for (const char *word = words; word && *word;) {
    size_t end = strcspn(word, " ");
    if (end == length && memcmp(word, name, length) == 0) return true;
    word += end;
    word += strspn(word, " ");
  }
  return false;
}

#define AT(member) offsetof(esp_data_options, member)

const esp_option esp_data_option_table[] = {
    {"dataset", ESP_OPTION_CHOICE, AT(dataset), "cifar10", 0, 0, dataset_choice,
     "The data set and its file format."},
    {"path", ESP_OPTION_PATH, AT(path), "", 0, 0, NULL,
     "Folder that holds the files of the data set; shapes needs none. "
     "A relative path is looked for "
     "in the folder of the configuration file first, then in the current one. "
     "datasets/README.md says what belongs there.",
     .neutral = true},
    {"validation", ESP_OPTION_INT, AT(validation), "0", 0, 1e9, NULL,
     "Images held out of the training split, chosen at random by the seed. "
     "0 = no validation split."},
    {"train", ESP_OPTION_INT, AT(train), "0", 0, 1e9, NULL,
     "Use only so many training images (validation images included), drawn by the seed, of each "
     "class its share; 0 = all (shapes: 10000)."},
    {"test", ESP_OPTION_INT, AT(test), "0", 0, 1e9, NULL,
     "Use only so many test images, of each class its share, the same for every seed; "
     "0 = all (shapes: 2000)."},
    {"tokens", ESP_OPTION_CHOICE, AT(text.tokens), "characters", 0, 0, token_choice,
     "What a network reads of a text, one after the other: characters, or words and marks of "
     "punctuation. Runs of white space are one space."},
    {"vocabulary", ESP_OPTION_INT, AT(text.vocabulary), "0", 0, ESP_VOCABULARY_MAX, NULL,
     "How many tokens are known at most, padding and 'unknown' among them: the most frequent of "
     "the texts to train on. 0 = all of those. Whatever else occurs is 'unknown'."},
    {"length", ESP_OPTION_INT, AT(text.length), "0", 0, ESP_SIDE_MAX, NULL,
     "Tokens of a text: shorter ones are padded, of longer ones the end is cut off. 0 = as the "
     "longest text to train on has."},
    {"rate", ESP_OPTION_INT, AT(audio.rate), "16000", ESP_RATE_MIN, ESP_RATE_MAX, NULL,
     "Samples a second to which sounds of other rates are converted."},
    {"seconds", ESP_OPTION_REAL, AT(audio.seconds), "1", 0.01, 60, NULL,
     "Length of a sound: of longer ones the middle is taken, shorter ones lie amid silence."},
    {"window", ESP_OPTION_REAL, AT(audio.window), "40", 1, 1000, NULL,
     "Milliseconds of sound in a frame, of which the spectrum is taken (Hann's window)."},
    {"hop", ESP_OPTION_REAL, AT(audio.hop), "20", 1, 1000, NULL,
     "Milliseconds from one frame to the next."},
    {"bands", ESP_OPTION_INT, AT(audio.bands), "40", 1, ESP_BANDS_MAX, NULL,
     "Features of a frame: the logarithms of the energy in bands of frequencies, evenly spaced on "
     "the mel scale from 20 Hz to half of the rate."},
    {"layout", ESP_OPTION_CHOICE, AT(audio.layout), "picture", 0, 0, layout_choice,
     "How a network sees a sound: as a picture of frames x bands with one channel, or as a "
     "sequence of frames whose channels are the bands."},
    {"target", ESP_OPTION_LINES, AT(table.target), "", 0, 0, NULL,
     "csv: the column that is to be estimated; several in lines, or with commas between their "
     "names. The network has an output for each."},
    {"inputs", ESP_OPTION_LINES, AT(table.inputs), "", 0, 0, NULL,
     "csv: the columns that the network reads, in this order; empty = all that are neither target "
     "nor ignored, in that of the file to train on."},
    {"ignore", ESP_OPTION_LINES, AT(table.ignore), "", 0, 0, NULL,
     "csv: columns that are not read."},
    {"resident_mib", ESP_OPTION_INT, AT(resident_mib), "0", 0, 1e6, NULL,
     "folder: at most about so many MiB of its decoded pictures are in memory, the others in a "
     "temporary file (in the folder that TMPDIR names, else /var/tmp), which needs a byte for each "
     "pixel and channel of all pictures. 0 = all are in memory. The results are the same to the "
     "bit.",
     .neutral = true},
    {"augment", ESP_OPTION_WORDS, AT(augment), "", 0, 0, augment_choice,
     "Random changes to each training image, new in each epoch. Of pictures: "
     "crop (shift over a black border), resized-crop (a window of the image, of a random share and "
     "proportions from 3:4 to 4:3, resized to all of it), flip (left and right, one in two), "
     "cutout (a blank square). Of sounds: shift (earlier or later), noise (white)."},
    {"crop_padding", ESP_OPTION_INT, AT(crop_padding), "4", 0, 1024, NULL,
     "Pixels of black border that crop shifts into, at most; "
     "less than height and width of the images."},
    {"crop_area", ESP_OPTION_REAL, AT(crop_area), "0.08", 0.01, 1, NULL,
     "The smallest share of an image that resized-crop takes."},
    {"cutout_size", ESP_OPTION_INT, AT(cutout_size), "8", 1, 4096, NULL,
     "Side, in pixels, of the square that cutout blanks."},
    {"shift", ESP_OPTION_REAL, AT(audio.shift), "100", 0, 10000, NULL,
     "Milliseconds by which shift moves a sound to either side, at most."},
    {"noise", ESP_OPTION_REAL, AT(audio.noise), "0.002", 0, 1, NULL,
     "Deviation of the white noise that noise adds to a sound, at most; full scale is 1."},
    {"tasks", ESP_OPTION_LINES, AT(tasks), "", 0, 0, NULL,
     "What the network is to tell besides the class, a line 'name: "
     "classes | classes | ...' each: the groups, "
     "with the names of their classes or numbers from 0. "
     "Each task gets a head (a linear layer) of its own in the place of the network's last line, "
     "`linear classes`."},
    {"task_weights", ESP_OPTION_NUMBERS, AT(task_weights), "", 0, 1000, NULL,
     "Weight of each task in the loss, that of the class first; empty = 1 each. Gradients, "
     "and so the scores of criteria, are those of the weighted sum."},
    {"mean", ESP_OPTION_NUMBERS, AT(mean), "", -1e30, 1e30, NULL,
     "Mean of each channel, of pixels in [0, 1] or of features; "
     "empty = measured on the training split."},
    {"std", ESP_OPTION_NUMBERS, AT(std), "", 1e-30, 1e30, NULL,
     "Standard deviation of each channel, of pixels in [0, 1] or of features; "
     "empty = measured on the training split."},
    {"target_mean", ESP_OPTION_NUMBERS, AT(target_mean), "", -1e30, 1e30, NULL,
     "Mean of each target, in its units; the network's outputs are (target - mean) / std. "
     "Empty = measured on the training split."},
    {"target_std", ESP_OPTION_NUMBERS, AT(target_std), "", 1e-30, 1e30, NULL,
     "Standard deviation of each target, in its units; empty = measured on the training split."},
    {.name = NULL},
};
