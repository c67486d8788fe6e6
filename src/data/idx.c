/* IDX files (LeCun, Cortes, Burges: MNIST; Xiao, Rasul, Vollgraf 2017: Fashion-MNIST), plain or
 * compressed by gzip: bytes 0, 0, 8 (unsigned bytes), number of dimensions; each dimension as a
 * big-endian 32-bit number; the bytes. */
#include "base/reason.h"
#include "data/gzip_end.h"
#include "data/set.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { DIMENSIONS_MAX = 3, CHUNK = 1 << 24, LABEL_CHUNK = 4096 };
static const uint64_t payload_limit = (uint64_t)1 << 32;
static const uint64_t deflate_ratio = 1032; /* no deflate stream grows by more */

typedef struct idx_file {
  gzFile gz; /* reads plain files too */
  char path[ESP_PATH_BYTES];
  uint64_t size; /* on disk */
  uint64_t at;   /* bytes read, uncompressed */
  uint32_t dimension[DIMENSIONS_MAX];
} idx_file;

static const char *const fashion_names[] = {"T-shirt/top", "Trouser",   "Pullover", "Dress",
                                            "Coat",        "Sandal",    "Shirt",    "Sneaker",
                                            "Bag",         "Ankle boot"};

/* The file may be called train-images-idx3-ubyte or train-images.idx3-ubyte, with or without
 * .gz. */
static esp_status find(idx_file *f, const char *folder, const char *split, const char *what,
                       int dimensions, esp_error *err) {
  for (int form = 0; form < 4; form++) {
    char name[64];
    snprintf(name, sizeof name, "%s-%s%cidx%d-ubyte%s", split, what, form & 2 ? '.' : '-',
             dimensions, form & 1 ? ".gz" : "");
    ESP_TRY(esp__data_path(f->path, folder, name, err));
    if (access(f->path, F_OK) == 0) return ESP_OK;
  }
  return esp_fail(err, ESP_ERR_INPUT,
                  "%s/%s-%s-idx%d-ubyte: no such file, nor with .gz; datasets/README.md says more",
                  folder, split, what, dimensions);
}

static esp_status open_file(idx_file *f, esp_error *err) {
  struct stat info;
  int fd =
      open(f->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe in its place must not block */
  if (fd < 0)
    return esp_fail(err, esp__status_of(errno), "%s: cannot open: %s", f->path, strerror(errno));
  bool regular = fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
  f->size = regular ? (uint64_t)info.st_size : 0;
  f->gz = regular ? gzdopen(fd, "rb") : NULL;
  if (f->gz) return ESP_OK;
  close(fd);
  return esp_fail(err, regular ? ESP_ERR_MEMORY : ESP_ERR_INPUT, "%s: %s", f->path,
                  regular ? "no memory to read it" : "not a regular file");
}

static esp_status damaged(const idx_file *f, esp_error *err) {
  int code = Z_OK;
  gzerror(f->gz, &code);
  if (code == Z_ERRNO)
    return esp_fail(err, ESP_ERR_IO, "%s: cannot read: %s", f->path, strerror(errno));
  if (code == Z_MEM_ERROR) return esp_fail(err, ESP_ERR_MEMORY, "%s: out of memory", f->path);
  if (code != Z_OK && code != Z_BUF_ERROR)
    return esp_fail(err, ESP_ERR_INPUT, "%s: after byte %llu: compressed data is damaged", f->path,
                    (unsigned long long)f->at);
  return esp_fail(err, ESP_ERR_INPUT, "%s: at byte %llu: file ends too early", f->path,
                  (unsigned long long)f->at);
}

static esp_status read_bytes(idx_file *f, uint8_t *to, size_t bytes, esp_error *err) {
  while (bytes > 0) {
    unsigned part = bytes < CHUNK ? (unsigned)bytes : CHUNK;
    int got = gzread(f->gz, to, part);
    if (got > 0) f->at += (uint64_t)got;
    if (got < 0 || (unsigned)got < part) return damaged(f, err);
    to += part;
    bytes -= part;
  }
  return ESP_OK;
}

/* Nothing may follow, and the checksum of gzip must hold (zlib compares it when it meets the
 * end). */
static esp_status read_end(idx_file *f, esp_error *err) {
  uint8_t extra;
  int got = gzread(f->gz, &extra, 1);
  if (got > 0)
    return esp_fail(err, ESP_ERR_INPUT, "%s: at byte %llu: more data than the header announces",
                    f->path, (unsigned long long)f->at);
  int code = Z_OK;
  gzerror(f->gz, &code);
  if (got != 0 || code != Z_OK) return damaged(f, err);
  return gzdirect(f->gz) ? ESP_OK : esp__gzip_ends(f->path, f->at, err);
}

/* Whether a file of this size can hold what its header announces: to know before memory is asked
 * for. */
static esp_status check_size(idx_file *f, uint64_t payload, esp_error *err) {
  uint64_t total = f->at + payload;
  if (payload > payload_limit)
    return esp_fail(err, ESP_ERR_INPUT,
                    "%s: the header announces %llu bytes, at most %llu are supported", f->path,
                    (unsigned long long)payload, (unsigned long long)payload_limit);
  if (gzdirect(f->gz) ? total != f->size : total / deflate_ratio > f->size)
    return esp_fail(err, ESP_ERR_INPUT, "%s: the header announces %llu bytes, the file has %llu",
                    f->path, (unsigned long long)total, (unsigned long long)f->size);
  return ESP_OK;
}

static esp_status read_header(idx_file *f, int dimensions, esp_error *err) {
  uint8_t bytes[4];
  ESP_TRY(read_bytes(f, bytes, 4, err));
  if (bytes[0] != 0 || bytes[1] != 0 || bytes[2] != 8 || bytes[3] != dimensions)
    return esp_fail(err, ESP_ERR_INPUT,
                    "%s: at byte 0: magic number %02x%02x%02x%02x, expected 000008%02x", f->path,
                    bytes[0], bytes[1], bytes[2], bytes[3], dimensions);
  uint64_t payload = 1;
  for (int d = 0; d < dimensions; d++) {
    ESP_TRY(read_bytes(f, bytes, 4, err));
    uint32_t n =
        (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
    if (n == 0 || (d > 0 && n > ESP_SIDE_MAX))
      return esp_fail(err, ESP_ERR_INPUT, "%s: at byte %llu: dimension of %u, expected 1 to %u",
                      f->path, (unsigned long long)f->at - 4, (unsigned)n,
                      d > 0 ? (unsigned)ESP_SIDE_MAX : (unsigned)UINT32_MAX);
    f->dimension[d] = n;
    payload *= n; /* below 2^32 * 2^12 * 2^12 */
  }
  return check_size(f, payload, err);
}

static esp_status take_images(idx_file *f, esp_images *images, esp_shape *shape, esp_error *err) {
  ESP_TRY(read_header(f, 3, err));
  esp_shape found = {1, (int)f->dimension[1], (int)f->dimension[2]};
  if (shape->channels && (shape->height != found.height || shape->width != found.width))
    return esp_fail(err, ESP_ERR_INPUT,
                    "%s: at byte 8: images of %dx%d, those to train on have %dx%d", f->path,
                    found.height, found.width, shape->height, shape->width);
  *shape = found;
  ESP_TRY(esp__images_grow(images, esp__image_values(found), f->dimension[0], f->path, err));
  ESP_TRY(read_bytes(f, images->pixels, images->count * esp__image_values(found), err));
  return read_end(f, err);
}

/* `classes` 0: any label will do. */
static esp_status take_labels(idx_file *f, esp_images *images, int classes, esp_error *err) {
  ESP_TRY(read_header(f, 1, err));
  if (f->dimension[0] != images->count)
    return esp_fail(err, ESP_ERR_INPUT, "%s: at byte 4: %u labels for %u images", f->path,
                    (unsigned)f->dimension[0], (unsigned)images->count);
  uint8_t label[LABEL_CHUNK];
  for (uint32_t first = 0; first < images->count; first += LABEL_CHUNK) {
    uint32_t n = images->count - first < LABEL_CHUNK ? images->count - first : LABEL_CHUNK;
    uint64_t at = f->at;
    ESP_TRY(read_bytes(f, label, n, err));
    for (uint32_t i = 0; i < n; i++) {
      if (classes && label[i] >= classes)
        return esp_fail(err, ESP_ERR_INPUT,
                        "%s: at byte %llu: label %d of image %u, those to train on go to %d",
                        f->path, (unsigned long long)at + i, label[i], (unsigned)(first + i),
                        classes - 1);
      images->labels[first + i] = label[i];
    }
  }
  return read_end(f, err);
}

static esp_status load_images(esp_images *images, esp_shape *shape, const char *folder,
                              const char *split, esp_error *err) {
  idx_file f = {0};
  ESP_TRY(find(&f, folder, split, "images", 3, err));
  ESP_TRY(open_file(&f, err));
  esp_status status = take_images(&f, images, shape, err);
  gzclose(f.gz);
  return status;
}

static esp_status load_labels(esp_images *images, int classes, const char *folder,
                              const char *split, esp_error *err) {
  idx_file f = {0};
  ESP_TRY(find(&f, folder, split, "labels", 1, err));
  ESP_TRY(open_file(&f, err));
  esp_status status = take_labels(&f, images, classes, err);
  gzclose(f.gz);
  return status;
}

static esp_status name_classes(esp_dataset *set, const char *folder, esp_error *err) {
  int classes = 2;
  for (uint32_t i = 0; i < set->train.count; i++)
    if (set->train.labels[i] >= classes) classes = set->train.labels[i] + 1;
  bool fashion = classes == 10 && strcasestr(folder, "fashion");
  return esp__class_names(set, fashion ? fashion_names : NULL, classes, err);
}

static esp_status load(esp_dataset *set, const esp_data_options *opt, esp_shape wanted,
                       esp_key seed, esp_error *err) {
  (void)wanted, (void)seed;
  ESP_TRY(esp__data_folder(opt, err));
  ESP_TRY(load_images(&set->train, &set->shape, opt->path, "train", err));
  ESP_TRY(load_labels(&set->train, 0, opt->path, "train", err));
  ESP_TRY(name_classes(set, opt->path, err));
  ESP_TRY(load_images(&set->test, &set->shape, opt->path, "t10k", err));
  return load_labels(&set->test, set->classes, opt->path, "t10k", err);
}

const esp_dataset_kind esp__dataset_idx = {
    .name = "idx",
    .help =
        "IDX files of MNIST, Fashion-MNIST and kin: train-images-idx3-ubyte and three more, "
        "plain or .gz",
    .load = load,
};
