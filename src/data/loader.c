/* Batches made ahead by one thread, into a ring of buffers.
 *
 * The thread alone writes buffers and the order of the images; positions in the ring are under the
 * mutex. A new start makes what the thread is working on worthless: it finishes, sees the start's
 * number, and begins again. */
#include "data/fill.h"
#include "data/set.h"
#include "data/target_scale.h"
#include "data/words.h"

#include <espalier/tensor.h>

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { RING = 3, BATCH_MAX = 65536 };

struct esp_loader {
  esp__filler filler;
  uint32_t *order; /* [images->count] of the epoch; the thread's */
  float *buffer[RING];
  int32_t *labels[RING];
  float *targets[RING];   /* NULL: the images have classes */
  esp_target_scale scale; /* of them */
  esp_batch batch[RING];
  int batches;
  bool running; /* thread, mutex and conditions exist */
  pthread_t thread;
  pthread_mutex_t mutex;
  pthread_cond_t room, ready; /* for the thread; for the caller */
  /* Under the mutex: */
  uint64_t start, epoch; /* number of the last start, and what it asked for */
  int first, every;      /* the start's */
  int wanted;            /* batches from there on; 0 before the first start */
  int made, taken;       /* of them: made so far; the one the caller has or asks for next */
  bool holding;          /* the caller has batch `taken` */
  bool quit;
};

static int shift_frames(const esp_audio_options *o) {
  return (int)(o->shift / o->hop + 0.5);
}

esp_loader_options esp_loader_options_training(const esp_data_options *opt, int batch,
                                               esp_key seed) {
  return (esp_loader_options){
      .batch = batch,
      .shuffle = true,
      .crop = esp__augment_asked(opt->augment, ESP_AUGMENT_CROP),
      .crop_area =
          esp__augment_asked(opt->augment, ESP_AUGMENT_RESIZED_CROP) ? opt->crop_area : 0.0,
      .flip = esp__augment_asked(opt->augment, ESP_AUGMENT_FLIP),
      .crop_padding = (int)opt->crop_padding,
      .cutout_size =
          esp__augment_asked(opt->augment, ESP_AUGMENT_CUTOUT) ? (int)opt->cutout_size : 0,
      .shift = esp__augment_asked(opt->augment, ESP_AUGMENT_SHIFT) ? shift_frames(&opt->audio) : 0,
      .noise = esp__augment_asked(opt->augment, ESP_AUGMENT_NOISE) ? opt->audio.noise : 0.0,
      .seed = seed,
  };
}

/* Of a whole batch what is asked for. */
static void take_share(esp_batch *b, const esp_loader_options *opt) {
  b->all = b->count;
  b->first = opt->first < b->all ? opt->first : b->all;
  b->count = b->all - b->first < opt->share ? b->all - b->first : opt->share;
}

static void make_batch(esp_loader *l, uint64_t epoch, int number, int slot) {
  uint32_t first = (uint32_t)number * (uint32_t)l->filler.opt.batch,
           left = l->filler.images->count - first;
  int all = left < (uint32_t)l->filler.opt.batch ? (int)left : l->filler.opt.batch;
  esp_batch *b = &l->batch[slot];
  *b = (esp_batch){.images = l->buffer[slot], .labels = l->labels[slot], .count = all};
  if (l->filler.opt.share > 0) take_share(b, &l->filler.opt);
  const uint32_t *index = l->order + first + b->first;
  esp__filler_batch(&l->filler, epoch, index, b->count, l->buffer[slot], l->labels[slot]);
  if (!l->targets[slot]) return;
  esp__filler_targets(&l->filler, &l->scale, index, b->count, l->targets[slot]);
  b->labels = NULL;
  b->targets = l->targets[slot];
  b->scale = &l->scale;
}

static void make_order(esp_loader *l, uint64_t epoch) {
  esp_key key = esp_key_of(esp_key_of(l->filler.opt.seed, ESP_STREAM_SHUFFLE), epoch);
  if (l->filler.opt.shuffle) esp_random_permutation(key, l->order, l->filler.images->count);
}

static void *work(void *loader) {
  esp_loader *l = loader;
  uint64_t ordered = 0; /* the start whose order stands in l->order */
  pthread_mutex_lock(&l->mutex);
  while (!l->quit) {
    if (l->made == l->wanted || l->made - l->taken == RING) {
      pthread_cond_wait(&l->room, &l->mutex);
      continue;
    }
    uint64_t start = l->start, epoch = l->epoch;
    int number = l->first + l->made * l->every, slot = l->made % RING;
    pthread_mutex_unlock(&l->mutex);
    if (ordered != start) make_order(l, epoch);
    ordered = start;
    make_batch(l, epoch, number, slot);
    pthread_mutex_lock(&l->mutex);
    if (l->start != start) continue;
    l->made++;
    pthread_cond_signal(&l->ready);
  }
  pthread_mutex_unlock(&l->mutex);
  return NULL;
}

/* The thread blocks every signal: they are for the caller. */
static esp_status start_thread(esp_loader *l, esp_error *err) {
  sigset_t all, before;
  pthread_mutex_init(&l->mutex, NULL);
  pthread_cond_init(&l->room, NULL);
  pthread_cond_init(&l->ready, NULL);
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int failed = pthread_create(&l->thread, NULL, work, l);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  l->running = !failed;
  return failed ? esp_fail(err, ESP_ERR_IO, "cannot start the data loader's thread: %s",
                           strerror(failed))
                : ESP_OK;
}

static esp_status make_buffers(esp_loader *l, esp_error *err) {
  size_t lanes = (size_t)esp_blocks_for(l->filler.opt.batch) * ESP_LANES,
         image = esp__image_values(l->filler.shape), targets = (size_t)l->scale.count;
  bool made = image > 0 && lanes <= SIZE_MAX / sizeof(float) / image;
  for (int i = 0; made && i < RING; i++) {
    l->buffer[i] = aligned_alloc(64, lanes * image * sizeof(float));
    l->labels[i] = calloc(lanes, sizeof(int32_t));
    if (targets) l->targets[i] = aligned_alloc(64, lanes * targets * sizeof(float));
    made = l->buffer[i] && l->labels[i] && (!targets || l->targets[i]);
  }
  l->order = malloc((size_t)l->filler.images->count * sizeof *l->order + 1);
  if (!made || !l->order)
    return esp_fail(err, ESP_ERR_MEMORY, "no memory for batches of %d images", l->filler.opt.batch);
  for (uint32_t i = 0; i < l->filler.images->count; i++) l->order[i] = i;
  return ESP_OK;
}

static esp_status prepare(esp_loader *l, const esp_dataset *set, const esp_images *images,
                          esp_loader_options opt, esp_error *err) {
  ESP_TRY(esp__filler_make(&l->filler, set, images, opt, err));
  l->scale = esp__targets_of(set, images);
  ESP_TRY(make_buffers(l, err));
  l->batches = (int)(((uint64_t)images->count + (uint64_t)opt.batch - 1) / (uint64_t)opt.batch);
  return start_thread(l, err);
}

esp_status esp_loader_new(esp_loader **loader, const esp_dataset *set, const esp_images *images,
                          esp_loader_options opt, esp_error *err) {
  *loader = NULL;
  if (opt.batch < 1 || opt.batch > BATCH_MAX)
    return esp_fail(err, ESP_ERR_INPUT, "batch of %d images, expected 1 to %d", opt.batch,
                    BATCH_MAX);
  if (images->count > INT32_MAX)
    return esp_fail(err, ESP_ERR_INPUT, "%u images, at most %d are supported",
                    (unsigned)images->count, INT32_MAX);
  esp_loader *made = calloc(1, sizeof *made);
  if (!made) return esp_fail(err, ESP_ERR_MEMORY, "no memory for a data loader");
  esp_status status = prepare(made, set, images, opt, err);
  if (status == ESP_OK)
    *loader = made;
  else
    esp_loader_free(made);
  return status;
}

void esp_loader_start(esp_loader *loader, uint64_t epoch, int first) {
  esp_loader_start_every(loader, epoch, first, 1);
}

void esp_loader_start_every(esp_loader *loader, uint64_t epoch, int first, int every) {
  if (first < 0) first = 0;
  if (first > loader->batches) first = loader->batches;
  pthread_mutex_lock(&loader->mutex);
  loader->start++;
  loader->epoch = epoch;
  loader->first = first;
  loader->every = every;
  loader->wanted = (loader->batches - first + every - 1) / every;
  loader->made = loader->taken = 0;
  loader->holding = false;
  pthread_cond_signal(&loader->room);
  pthread_mutex_unlock(&loader->mutex);
}

const esp_batch *esp_loader_next(esp_loader *loader) {
  const esp_batch *batch = NULL;
  pthread_mutex_lock(&loader->mutex);
  if (loader->holding) {
    loader->holding = false;
    loader->taken++;
    pthread_cond_signal(&loader->room);
  }
  if (loader->taken < loader->wanted) {
    while (loader->made <= loader->taken) pthread_cond_wait(&loader->ready, &loader->mutex);
    loader->holding = true;
    batch = &loader->batch[loader->taken % RING];
  }
  pthread_mutex_unlock(&loader->mutex);
  return batch;
}

int esp_loader_batches(const esp_loader *loader) {
  return loader->batches;
}

static void stop_thread(esp_loader *l) {
  pthread_mutex_lock(&l->mutex);
  l->quit = true;
  pthread_cond_signal(&l->room);
  pthread_mutex_unlock(&l->mutex);
  pthread_join(l->thread, NULL);
  pthread_cond_destroy(&l->room);
  pthread_cond_destroy(&l->ready);
  pthread_mutex_destroy(&l->mutex);
}

void esp_loader_free(esp_loader *loader) {
  if (!loader) return;
  if (loader->running) stop_thread(loader);
  for (int i = 0; i < RING; i++) {
    free(loader->buffer[i]);
    free(loader->labels[i]);
    free(loader->targets[i]);
  }
  free(loader->order);
  esp__filler_free(&loader->filler);
  free(loader);
}
