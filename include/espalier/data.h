/* Data to learn from: pictures, texts, sounds and tables. Sets in memory, splits, and batches
 * prepared ahead on another thread.
 *
 * Whatever an example is, it is called an image: planes of values. A text is one plane of height 1,
 * whose values are the numbers of its tokens; a sound is its spectrum over time; a row of a table
 * has a channel of one value for each column. What is known of it is a label, the number of its
 * class, or one or more real-valued targets. */
#ifndef ESP_DATA_H
#define ESP_DATA_H

#include <espalier/graph.h>
#include <espalier/linkage.h>
#include <espalier/option.h>
#include <espalier/random.h>
#include <espalier/sound.h>
#include <espalier/status.h>

#include <stdbool.h>
#include <stdint.h>

ESP_BEGIN_DECLS

/* The keys of [data] that are for texts. */
typedef struct esp_text_options {
  char *tokens;       /* characters | words */
  int64_t vocabulary; /* tokens that are known, with padding and "unknown"; 0 = all */
  int64_t length;     /* tokens of a text; 0 = as the longest to train on has */
} esp_text_options;

/* The keys of [data] that are for tables: names of columns, in lines or with commas between
 * them. */
typedef struct esp_table_options {
  char *target; /* what is to be estimated */
  char *inputs; /* what the network reads; "" = all others */
  char *ignore; /* what it does not read */
} esp_table_options;

/* [data] */
typedef struct esp_data_options {
  char *dataset;       /* cifar10 | cifar100 | idx | folder | text | audio | csv | shapes */
  char *path;          /* directory of the files; unused by shapes */
  int64_t validation;  /* images held out of the training split */
  int64_t train, test; /* use only so many images; 0 = all (shapes: 0 = 10000 and 2000) */
  int64_t
      resident_mib; /* folder: of its pictures in memory, at most, the rest in a file; 0 = all */
  esp_text_options text;
  esp_audio_options audio;
  esp_table_options table;
  char *augment;            /* words: crop resized-crop flip cutout shift noise */
  int64_t crop_padding;     /* pixels of zeros around the image that `crop` shifts into */
  double crop_area;         /* smallest share of an image that `resized-crop` takes */
  int64_t cutout_size;      /* side of the square that `cutout` blanks */
  char *tasks;              /* lines of "name: classes | classes": what else the images show */
  esp_numbers task_weights; /* of the class and of each of them, in the loss; empty = 1 */
  esp_numbers mean,
      std; /* per channel, of pixels in [0, 1]; empty = measured on the training split */
  esp_numbers target_mean, target_std; /* per target, in its units; empty = measured there too */
} esp_data_options;
extern const esp_option esp_data_option_table[];
/* Fails, naming it, if a key has a value that the data set does not read. */
esp_status esp_data_check(const esp_data_options *opt, esp_error *err);

/* What the values of images are, and how they are stored. */
typedef enum esp_element {
  ESP_PIXELS, /* brightness, 0 to 255 */
  ESP_TOKENS, /* numbers of tokens, of which 0 is padding behind the others and 1 an unknown one */
  ESP_FEATURES, /* what was measured, of any size */
  ESP_TEXTS     /* while a set is loaded: texts, which become tokens */
} esp_element;

static inline size_t esp_element_bytes(esp_element e) {
  return e == ESP_PIXELS   ? sizeof(uint8_t)
         : e == ESP_TOKENS ? sizeof(uint16_t)
         : e == ESP_TEXTS  ? sizeof(char *)
                           : sizeof(float);
}

/* A file that values lie in. */
typedef struct esp_mapping esp_mapping;

/* Images of a set. */
typedef struct esp_images {
  __extension__ union { /* [count][C][H][W], as the set's element says */
    uint8_t *pixels;
    uint16_t *tokens;
    float *features;
    const char **texts;
    void *values; /* any of them */
  };
  int32_t *labels; /* [count]; zeros where there are targets */
  uint32_t count;
  esp_mapping *mapping; /* where the values are; NULL: in memory */
  int targets;          /* real-valued ones of an image; 0: it has a class */
  float *target;        /* [count][targets], in their units; NULL where there are none */
} esp_images;

/* The tokens that a network knows: 0 is padding, 1 stands for all others, and from 2 they have
 * numbers. */
typedef struct esp_vocabulary esp_vocabulary;
typedef struct esp_corpus esp_corpus; /* texts while a set is loaded */

enum { ESP_CHANNELS_MAX = 256 };
typedef struct esp_dataset {
  esp_element element;
  esp_shape shape;
  int classes;              /* or targets: what the network has outputs for */
  char **class_name;        /* [classes] */
  char **column_name;       /* [channels], of a table; else NULL */
  esp_target_scale targets; /* of the images to train on; count 0: they have classes */
  esp_tasks tasks;          /* the class, then those of the configuration */
  esp_images train, validation, test;
  /* Of each channel: of pixels in [0, 1], of features; of tokens there are none. */
  float mean[ESP_CHANNELS_MAX], std[ESP_CHANNELS_MAX];
  esp_vocabulary *vocabulary; /* of tokens; else NULL */
  uint32_t longer;            /* examples that were longer than the shape, and are cut to it */
  esp_spectrum *spectrum;     /* of sounds: how features are made; else NULL */
  esp_corpus *corpus;         /* NULL when the set is loaded */
} esp_dataset;

/* One kind of data set: an entry in the table of src/data/kinds.c, or one that was registered. */
typedef struct esp_dataset_kind {
  const char *name, *help;
  /* Fills train, test, shape, classes and class_name of *set (zeroed but for the element), with
   * memory from malloc, which esp_dataset_free frees, after a failure too. `wanted` is the shape to
   * resize to (folder). */
  esp_status (*load)(esp_dataset *set, const esp_data_options *opt, esp_shape wanted, esp_key seed,
                     esp_error *err);
  esp_element element; /* what the values of its images are */
  /* Its images have real-valued targets: load fills `targets` and `target` of train and test, names
   * the targets in class_name, and may leave labels NULL. */
  bool targets;
} esp_dataset_kind;
const esp_dataset_kind *esp_dataset_kind_at(size_t i);           /* NULL after the last */
const esp_dataset_kind *esp_dataset_kind_find(const char *name); /* NULL when there is none */
/* Adds a kind from outside, which then is chosen, listed and explained like any other. It must stay
 * where it is, unchanged, while the library is used. Fails, in one line, when the name, the help or
 * `load` is missing, or the name is taken. To be called from one thread before the first
 * configuration is read: the table of registered kinds is a global. */
esp_status esp_dataset_kind_register(const esp_dataset_kind *kind, esp_error *err);

/* Loads, limits (to images drawn class by class, each class with its share: those to train on by
 * the seed, the test images always the same), splits off the validation images (chosen at random
 * from the seed; both splits keep the order of the files), measures mean and std (of pixels a
 * constant channel gets a std of 1 / 255, of features 1; a target that is constant in a split is an
 * error). `wanted` is the model's input, {0} if it
 * has none of its own: folder resizes to it (3x32x32 if none), others ignore it. Fails when the
 * files are damaged: the text names file and place. */
esp_status esp_dataset_load(esp_dataset **set, const esp_data_options *opt, esp_shape wanted,
                            esp_key seed, esp_error *err);
void esp_dataset_free(esp_dataset *set);
/* The same for a network that knows these tokens (NULL: none): texts become tokens of `vocabulary`,
 * and are as long as the network's input. */
esp_status esp_dataset_load_known(esp_dataset **set, const esp_data_options *opt, esp_shape wanted,
                                  const esp_vocabulary *vocabulary, esp_key seed, esp_error *err);

/* A vocabulary from its text, a token a line from number 2 on; `name` starts the messages. */
esp_status esp_vocabulary_read(esp_vocabulary **v, const char *text, const char *name,
                               esp_error *err);
/* That text, newly allocated. */
esp_status esp_vocabulary_text(const esp_vocabulary *v, char **text, esp_error *err);
int esp_vocabulary_size(const esp_vocabulary *v); /* with padding and "unknown" */
void esp_vocabulary_free(esp_vocabulary *v);

/* What became of a text. */
typedef struct esp_text_count {
  int64_t tokens, unknown; /* of all the text, also what is beyond the length */
} esp_text_count;
/* Makes tokens of a text as data.tokens says: number[length], zeros behind the last. White space at
 * the ends means nothing. Errors: no token, no plain UTF-8, no memory. */
esp_status esp_text_encode(const char *text, const esp_text_options *opt, const esp_vocabulary *v,
                           int length, uint16_t *number, esp_text_count *count, esp_error *err);

/* Gives the images the labels of a network whose classes have these names, class_name[classes]:
 * matched by name, so that the order of folders means nothing; targets are to be the network's, in
 * its order. The set has the network's classes
 * afterwards, and may lack images of some. Fails, naming both, when the set has a class that the
 * network has not. `opt` is what the set was loaded with; it says the tasks. */
esp_status esp_dataset_match_classes(esp_dataset *set, const esp_data_options *opt,
                                     char *const *class_name, int classes, esp_error *err);

/* SHA-256 of what a data set holds after limits and splits: the class names; the labels of all
 * images, or their targets; shape and values; and the labels of the test images alone. In
 * hexadecimal. */
typedef struct esp_dataset_digests {
  char classes[65], labels[65], images[65], test_labels[65];
} esp_dataset_digests;
esp_status esp_dataset_digest(const esp_dataset *set, esp_dataset_digests *d, esp_error *err);

/* The class, and the tasks that the options ask for besides, of data whose classes have these
 * names. Fails when a class is unknown, is in two groups of a task or in none; the text begins with
 * "data.tasks:LINE: ", the key's lines counted from 1. On failure *tasks needs no freeing. */
esp_status esp_tasks_read(esp_tasks *tasks, const esp_data_options *opt, char *const *class_name,
                          int classes, esp_error *err);

/* Reads one picture file (JPEG, PNG; at most 8192x8192 pixels), turned upright as its Exif block
 * asks, scaled to cover `shape` and cut to it in the middle, into pixels [C][H][W]; C is 1
 * (brightness) or 3. */
esp_status esp_picture_load(const char *path, esp_shape shape, uint8_t *pixels, esp_error *err);

/* Reads one WAV file and makes its features, as data.rate to data.layout say, of the shape that
 * they have then. */
esp_status esp_sound_load(const char *path, const esp_audio_options *opt, esp_shape shape,
                          float *features, esp_error *err);

/* Numbers out of a table. */
typedef struct esp_columns {
  float *value; /* [rows][columns asked for] */
  int *line;    /* of each row, in the file */
  int rows;
} esp_columns;
/* Reads the columns of those names, all finite numbers, of a CSV file (csv.h); what else is in it
 * is not looked at. Errors begin with file and line: a name that is missing, or there twice; a cell
 * that is empty or no finite number; no row. On failure *c needs no freeing. */
esp_status esp_columns_read(esp_columns *c, const char *path, char *const *name, int names,
                            esp_error *err);
void esp_columns_free(esp_columns *c);

/* Which images, in which order, changed how. */
typedef struct esp_loader_options {
  int batch; /* images in a batch */
  /* Of each batch only images [first, first + share) are made; `first` is a multiple of 16. Where
   * share is 0, all are. */
  int first, share;
  bool shuffle;    /* a new order each epoch */
  bool crop, flip; /* augmentation, drawn per image (its index in `images`) and epoch */
  int crop_padding, cutout_size; /* cutout_size 0 = none */
  double crop_area; /* a window of that share of the image and more, resized; 0 = none */
  int shift;        /* of sounds: frames, to either side, at most */
  double noise;     /* of sounds: its deviation, at most; full scale is 1 */
  esp_key seed;
} esp_loader_options;
/* The training loader's options as the [data] section asks. */
esp_loader_options esp_loader_options_training(const esp_data_options *opt, int batch,
                                               esp_key seed);

typedef struct esp_loader esp_loader;
/* Makes a loader over `images` of `set` (both must outlive it), with a thread that prepares batches
 * ahead. */
esp_status esp_loader_new(esp_loader **loader, const esp_dataset *set, const esp_images *images,
                          esp_loader_options opt, esp_error *err);
/* Starts an epoch at batch number `first` (0 = its beginning). What follows is a function of seed,
 * epoch and batch number alone. May be called at any time, also in the middle of an epoch. */
void esp_loader_start(esp_loader *loader, uint64_t epoch, int first);
/* The same with batch `first` and then only each `every`-th (1 or more). */
void esp_loader_start_every(esp_loader *loader, uint64_t epoch, int first, int every);
/* The next batch, valid until the next call; NULL at the end of the epoch and before the first
 * start. The last batch can be smaller. */
const esp_batch *esp_loader_next(esp_loader *loader);
int esp_loader_batches(const esp_loader *loader); /* in an epoch */
void esp_loader_free(esp_loader *loader);

ESP_END_DECLS

#endif
