/* SHA-256, atomic files, bundles and hostile bundles. */
#include <espalier/file.h>
#include <espalier/option.h>
#include <espalier/random.h>

#include "base/lock.h"
#include "base/sha256_blocks.h"
#include "base/utf8.h"
#include "folder.h"
#include "suite.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char *folder;
static char path[FOLDER_PATH_MAX], temporary[FOLDER_PATH_MAX];
static esp_error err;

static void set_up(void) {
  folder = folder_make();
  snprintf(path, sizeof path, "%s/thing", folder);
  snprintf(temporary, sizeof temporary, "%s/thing.espalier.tmp", folder);
  err = (esp_error){0};
}

static void tear_down(void) {
  unlink(path);
  rmdir(path);
  rmdir(temporary);
  ck_assert_int_eq(rmdir(folder), 0); /* nothing may be left, above all no temporary file */
  free(folder);
}

static void check_sha256(const void *data, size_t bytes, int times, const char *expected) {
  esp_sha256 s;
  char hex[65];
  esp_sha256_start(&s);
  for (int i = 0; i < times; i++) esp_sha256_add(&s, data, bytes);
  esp_sha256_end(&s, hex);
  ck_assert_str_eq(hex, expected);
}

START_TEST(sha256_gives_the_published_digests) {
  check_sha256("", 0, 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  check_sha256("abc", 3, 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  const char *two = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
  check_sha256(two, 56, 1, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  check_sha256("a", 1, 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  check_sha256("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
               80, 12500, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}
END_TEST

START_TEST(sha256_does_not_depend_on_the_pieces) {
  uint8_t data[300];
  for (size_t i = 0; i < sizeof data; i++) data[i] = (uint8_t)(7 * i);
  for (size_t bytes = 0; bytes <= sizeof data; bytes++) {
    esp_sha256 whole, parts;
    char a[65], b[65];
    esp_sha256_start(&whole);
    esp_sha256_add(&whole, data, bytes);
    esp_sha256_end(&whole, a);
    esp_sha256_start(&parts);
    for (size_t at = 0, step = 1; at < bytes; at += step, step = step % 67 + 1) {
      if (step > bytes - at) step = bytes - at;
      esp_sha256_add(&parts, data + at, step);
    }
    esp_sha256_end(&parts, b);
    ck_assert_str_eq(a, b);
  }
}
END_TEST

/* What a processor does with instructions of its own gives the numbers of the standard's text. */
START_TEST(sha256_is_one_by_both_ways) {
  uint8_t data[5 * 64];
  for (size_t i = 0; i < sizeof data; i++) data[i] = (uint8_t)esp_random(esp_key_of(1, 2), i);
  uint32_t plain[8] = {1, 2, 3, 4, 5, 6, 7, 0xffffffff}, fast[8];
  memcpy(fast, plain, sizeof fast);
  esp__sha256_plain(plain, data, 5);
  (esp__has_sha_instructions() ? esp__sha256_x86 : esp__sha256_plain)(fast, data, 5);
  ck_assert_mem_eq(fast, plain, sizeof fast);
  ck_assert_uint_ne(fast[0], 1);
}
END_TEST

START_TEST(plain_text) {
  ck_assert(esp__utf8_plain("a\tb\r\n\xc3\xa4\xe2\x82\xac\xf0\x9f\x8c\xb3", 14));
  static const char *const bad[] = {"\x80",
                                    "\xc3",
                                    "\xc0\xaf",
                                    "\xe0\x80\x80",
                                    "\xed\xa0\x80",
                                    "\xf0\x80\x80\x80",
                                    "\xf4\x90\x80\x80",
                                    "\xff",
                                    "a\x01",
                                    "\x7f"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    ck_assert(!esp__utf8_plain(bad[i], strlen(bad[i])));
  ck_assert(!esp__utf8_plain("\0", 1));
}
END_TEST

static const char *fruit(size_t i) {
  static const char *const name[] = {"apple", "pear", "plum", "apricot"};
  return i < 4 ? name[i] : NULL;
}

START_TEST(nearest_is_a_likely_misspelling) {
  ck_assert_str_eq(esp_nearest("aple", fruit), "apple");
  ck_assert_str_eq(esp_nearest("APPLE", fruit), "apple");
  ck_assert_str_eq(esp_nearest("paer", fruit), "pear"); /* a swap is one edit */
  ck_assert_str_eq(esp_nearest("apricoot", fruit), "apricot");
  ck_assert_str_eq(esp_nearest("plun", fruit), "plum");
  ck_assert_ptr_null(esp_nearest("cherry", fruit));
  ck_assert_ptr_null(esp_nearest("", fruit));
  char longer[200];
  memset(longer, 'a', sizeof longer - 1);
  longer[sizeof longer - 1] = '\0';
  ck_assert_ptr_null(esp_nearest(longer, fruit));
}
END_TEST

static void check_content(const char *expected) {
  char *data;
  size_t bytes;
  ck_assert_msg(esp_file_read(path, 1000, &data, &bytes, &err) == ESP_OK, "%s", err.text);
  ck_assert_uint_eq(bytes, strlen(expected));
  ck_assert_str_eq(data, expected);
  free(data);
}

START_TEST(a_file_is_written_and_replaced) {
  ck_assert_int_eq(esp_file_write(path, "old", 3, &err), ESP_OK);
  check_content("old");
  FILE *left = fopen(temporary, "w"); /* by a crash */
  fclose(left);
  ck_assert_int_eq(esp_file_write(path, "newer", 5, &err), ESP_OK);
  check_content("newer");
  ck_assert_int_eq(esp_file_write(path, "", 0, &err), ESP_OK);
  check_content("");
}
END_TEST

/* Others may call theirs .tmp. */
START_TEST(a_file_of_somebody_else_beside_it_stays) {
  char mine[sizeof path + 8];
  snprintf(mine, sizeof mine, "%s.tmp", path);
  FILE *file = fopen(mine, "w");
  fclose(file);
  ck_assert_int_eq(esp_file_write(path, "new", 3, &err), ESP_OK);
  ck_assert_int_eq(unlink(mine), 0);
}
END_TEST

START_TEST(a_file_that_matters_only_now) {
  ck_assert_int_eq(esp_file_show(path, "old", 3, &err), ESP_OK);
  check_content("old");
  ck_assert_int_eq(esp_file_show(path, "newer", 5, &err), ESP_OK);
  check_content("newer");
  ck_assert_int_eq(mkdir(temporary, 0777), 0); /* where the temporary file would be */
  ck_assert_int_eq(esp_file_show(path, "third", 5, &err), ESP_OK);
  check_content("third");
}
END_TEST

/* Each of two has a file of its own to write to; the last one to finish stays. */
START_TEST(two_that_write_at_once_are_both_whole) {
  esp_file_writer one, two;
  ck_assert_int_eq(esp_file_begin(&one, path, &err), ESP_OK);
  ck_assert_int_eq(esp_file_append(&one, "the fi", 6, &err), ESP_OK);
  ck_assert_int_eq(esp_file_begin(&two, path, &err), ESP_OK);
  ck_assert_int_eq(esp_file_append(&two, "the second", 10, &err), ESP_OK);
  ck_assert_int_eq(esp_file_append(&one, "rst", 3, &err), ESP_OK);
  ck_assert_int_eq(esp_file_commit(&one, &err), ESP_OK);
  check_content("the first");
  ck_assert_int_eq(esp_file_commit(&two, &err), ESP_OK);
  check_content("the second");
}
END_TEST

enum { WRITERS = 4, TIMES = 300 };

/* Processes that write one file over and over, each with a letter of its own. */
static void write_often(int writer) {
  char text[1000];
  memset(text, 'a' + writer, sizeof text);
  for (int i = 0; i < TIMES; i++)
    if (esp_file_show(path, text, sizeof text, NULL) != ESP_OK) _exit(1);
  _exit(0);
}

START_TEST(many_that_write_at_once_all_succeed) {
  pid_t child[WRITERS];
  for (int w = 0; w < WRITERS; w++)
    if ((child[w] = fork()) == 0) write_often(w);
  for (int w = 0; w < WRITERS; w++) {
    int status;
    ck_assert_int_eq(waitpid(child[w], &status, 0), child[w]);
    ck_assert_int_eq(status, 0);
  }
  char *data;
  size_t bytes;
  ck_assert_int_eq(esp_file_read(path, 1000, &data, &bytes, &err), ESP_OK);
  ck_assert_uint_eq(bytes, 1000);
  ck_assert_uint_eq(strspn(data, (char[]){data[0], '\0'}), 1000);
  free(data);
}
END_TEST

START_TEST(a_failed_write_leaves_the_old_file) {
  static char large[1 << 16];
  ck_assert_int_eq(esp_file_write(path, "old", 3, &err), ESP_OK);
  struct rlimit old, small = {100, 100};
  getrlimit(RLIMIT_FSIZE, &old);
  small.rlim_max = old.rlim_max;
  signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &small);
  const esp_status status = esp_file_write(path, large, sizeof large, &err);
  setrlimit(RLIMIT_FSIZE, &old); /* assertions write files, too */
  ck_assert_int_eq(status, ESP_ERR_IO);
  ck_assert_ptr_nonnull(strstr(err.text, "thing: cannot be written: "));
  check_content("old");
  ck_assert_int_ne(access(temporary, F_OK), 0);
}
END_TEST

START_TEST(an_abandoned_write_leaves_the_old_file) {
  esp_file_writer w;
  ck_assert_int_eq(esp_file_write(path, "old", 3, &err), ESP_OK);
  ck_assert_int_eq(esp_file_begin(&w, path, &err), ESP_OK);
  ck_assert_int_eq(esp_file_append(&w, "new", 3, &err), ESP_OK);
  esp_file_abandon(&w);
  check_content("old");
}
END_TEST

START_TEST(places_that_cannot_be_written) {
  char missing[FOLDER_PATH_MAX + 32];
  snprintf(missing, sizeof missing, "%s/none/thing", folder);
  ck_assert_int_eq(esp_file_write(missing, "x", 1, &err), ESP_ERR_IO);
  ck_assert_ptr_nonnull(strstr(err.text, "none/thing: cannot be made: No such file"));
  ck_assert_int_eq(esp_file_write("/dev/null", "x", 1, &err), ESP_ERR_IO);
  ck_assert_str_eq(err.text, "/dev/null: is not a regular file, cannot be replaced");
  ck_assert_int_eq(mkdir(path, 0700), 0);
  ck_assert_int_eq(esp_file_write(path, "x", 1, &err), ESP_ERR_IO);
  ck_assert_int_eq(rmdir(path), 0);
}
END_TEST

START_TEST(reading_is_limited_to_regular_files) {
  char *data;
  size_t bytes;
  ck_assert_int_eq(esp_file_read(path, 10, &data, &bytes, &err), ESP_ERR_IO);
  ck_assert_ptr_nonnull(strstr(err.text, "thing: cannot open: No such file"));
  ck_assert_int_eq(esp_file_read(folder, 10, &data, &bytes, &err), ESP_ERR_INPUT);
  ck_assert_ptr_nonnull(strstr(err.text, ": is a directory, expected a file"));
  ck_assert_int_eq(mkfifo(path, 0600), 0);
  ck_assert_int_eq(esp_file_read(path, 10, &data, &bytes, &err), ESP_ERR_INPUT);
  ck_assert_ptr_nonnull(strstr(err.text, "thing: is not a regular file"));
  unlink(path);
  ck_assert_int_eq(esp_file_write(path, "12345678901", 11, &err), ESP_OK);
  ck_assert_int_eq(esp_file_read(path, 10, &data, &bytes, &err), ESP_ERR_INPUT);
  ck_assert_ptr_nonnull(strstr(err.text, "thing: too large, expected at most 10 bytes"));
  ck_assert_int_eq(esp_file_read(path, 11, &data, &bytes, &err), ESP_OK);
  free(data);
#ifdef __linux__
  ck_assert_int_eq(esp_file_read("/proc/self/status", 20, &data, &bytes, &err),
                   ESP_ERR_INPUT); /* announces 0 bytes */
  ck_assert_int_eq(esp_file_read("/proc/self/status", 1 << 20, &data, &bytes, &err), ESP_OK);
  ck_assert_uint_gt(bytes, 100);
  free(data);
#endif
}
END_TEST

START_TEST(directories) {
  char deep[160];
  snprintf(deep, sizeof deep, "%s//thing/b/", folder);
  ck_assert_int_eq(esp_directory_make(deep, &err), ESP_OK);
  ck_assert_int_eq(esp_directory_make(deep, &err), ESP_OK);
  ck_assert_int_eq(esp_directory_make("/", &err), ESP_OK);
  ck_assert_int_eq(esp_directory_make("", &err), ESP_ERR_INPUT);
  ck_assert_int_eq(rmdir(deep), 0);
  ck_assert_int_eq(rmdir(path), 0);
  ck_assert_int_eq(esp_file_write(path, "x", 1, &err), ESP_OK);
  ck_assert_int_eq(esp_directory_make(deep, &err), ESP_ERR_IO);
  ck_assert_ptr_nonnull(strstr(err.text, "thing: is in the way"));
}
END_TEST

/* Of two that open the lock, the second is refused until the first lets go; in a directory without
 * one nobody has it. */
START_TEST(locks) {
  esp__lock one, two;
  char expected[256];
  ck_assert(!esp__lock_taken(folder));
  ck_assert_int_eq(esp__lock_take(&one, folder, false, &err), ESP_OK);
  ck_assert_int_eq(esp__lock_take(&two, folder, false, &err), ESP_ERR_BUSY);
  snprintf(expected, sizeof expected,
           "%s: another process is at work in it; wait for its end, or stop it", folder);
  ck_assert_str_eq(err.text, expected);
  ck_assert(!two.held && esp__lock_taken(folder));
  esp__lock_drop(&one);
  ck_assert(!esp__lock_taken(folder));
  ck_assert_int_eq(esp__lock_take(&two, folder, true, &err), ESP_OK);
  esp__lock_drop(&two);
  esp__lock_drop(&two);
  ck_assert_int_eq(esp__lock_take(&one, path, false, &err), ESP_ERR_IO); /* no such directory */
  snprintf(expected, sizeof expected, "%s/lock", folder);
  ck_assert_int_eq(unlink(expected), 0);
}
END_TEST

static void save_sample(void) {
  static const float weight[6] = {1, -2, 3.5f, 0, 1e-30f, 6};
  static const uint8_t mask[3] = {1, 0, 255};
  static const float scalar = 7;
  esp_bundle b = {0};
  ck_assert_int_eq(
      esp_bundle_add(&b, "conv1.weight", ESP_F32, 4, (int64_t[]){2, 3, 1, 1}, weight, &err),
      ESP_OK);
  ck_assert_int_eq(esp_bundle_add(&b, "mask", ESP_U8, 1, (int64_t[]){3}, mask, &err), ESP_OK);
  ck_assert_int_eq(esp_bundle_add(&b, "empty", ESP_F32, 2, (int64_t[]){0, 5}, NULL, &err), ESP_OK);
  ck_assert_int_eq(esp_bundle_add(&b, "a", ESP_F32, 0, NULL, &scalar, &err), ESP_OK);
  ck_assert_int_eq(esp_bundle_add_text(&b, "config", "[run]\nname = \"\xc3\xa4\\u0000\"\n", &err),
                   ESP_OK);
  ck_assert_int_eq(esp_bundle_add_text(&b, "", "", &err), ESP_OK);
  ck_assert_msg(esp_bundle_save(&b, path, &err) == ESP_OK, "%s", err.text);
  esp_bundle_free(&b);
}

START_TEST(a_bundle_comes_back) {
  save_sample();
  esp_bundle b;
  ck_assert_msg(esp_bundle_load(&b, path, &err) == ESP_OK, "%s", err.text);
  ck_assert_int_eq(b.blobs, 4);
  ck_assert_int_eq(b.texts, 2);
  ck_assert_str_eq(b.blob[0].name, "conv1.weight");
  ck_assert_str_eq(b.blob[1].name, "mask");
  ck_assert_str_eq(esp_bundle_text(&b, "config"), "[run]\nname = \"\xc3\xa4\\u0000\"\n");
  ck_assert_ptr_null(esp_bundle_text(&b, "sha256.mask"));
  ck_assert_ptr_null(esp_bundle_find(&b, "none"));
  const esp_blob *weight = esp_bundle_find(&b, "conv1.weight");
  ck_assert_int_eq(weight->rank, 4);
  ck_assert_int_eq(weight->shape[1], 3);
  ck_assert_uint_eq(weight->bytes, 24);
  ck_assert(((const float *)weight->data)[2] == 3.5f);
  ck_assert_uint_eq(esp_bundle_find(&b, "empty")->bytes, 0);
  for (int i = 0; i < b.blobs; i++) ck_assert_uint_eq((uintptr_t)b.blob[i].data % 8, 0);
  ck_assert(*(const float *)esp_bundle_find(&b, "a")->data == 7); /* stands after 3 bytes of mask */
  esp_bundle_free(&b);
}
END_TEST

START_TEST(the_file_is_as_other_tools_expect) {
  save_sample();
  char *data;
  size_t bytes;
  uint64_t length;
  ck_assert_int_eq(esp_file_read(path, 1 << 20, &data, &bytes, &err), ESP_OK);
  memcpy(&length, data, 8);
  ck_assert_uint_eq(length % 8, 0);
  ck_assert_uint_eq(8 + length + 24 + 3 + 0 + 4, bytes);
  data[8 + length] = '\0';
  ck_assert(strncmp(data + 8, "{\"__metadata__\":{", 17) == 0);
  ck_assert_ptr_nonnull(
      strstr(data + 8, "\"mask\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[24,27]}"));
  ck_assert_ptr_nonnull(strstr(data + 8, "\"sha256.mask\":\""));
  free(data);
}
END_TEST

START_TEST(what_cannot_be_added) {
  esp_bundle b = {0};
  char name[129];
  memset(name, 'n', 128);
  name[128] = '\0';
  const int64_t one[1] = {1}, huge[3] = {INT64_MAX, INT64_MAX, 2}, negative[1] = {-1};
  ck_assert_int_eq(esp_bundle_add(&b, name, ESP_U8, 1, one, "", &err), ESP_ERR_INPUT);
  ck_assert_int_eq(esp_bundle_add(&b, "", ESP_U8, 1, one, "", &err), ESP_ERR_INPUT);
  ck_assert_int_eq(esp_bundle_add(&b, "__metadata__", ESP_U8, 1, one, "", &err), ESP_ERR_INPUT);
  ck_assert_int_eq(esp_bundle_add(&b, "x", ESP_U8, 3, huge, "", &err), ESP_ERR_INPUT);
  ck_assert_int_eq(esp_bundle_add(&b, "x", ESP_U8, 1, negative, "", &err), ESP_ERR_INPUT);
  ck_assert_int_eq(esp_bundle_add(&b, "x", ESP_U8, 5, huge, "", &err), ESP_ERR_INPUT);
  ck_assert_int_eq(esp_bundle_add(&b, name + 1, ESP_U8, 1, one, "", &err), ESP_OK);
  ck_assert_int_eq(esp_bundle_add(&b, name + 1, ESP_U8, 1, one, "", &err), ESP_ERR_INPUT);
  ck_assert_int_eq(esp_bundle_add_text(&b, "sha256.x", "y", &err), ESP_ERR_INPUT);
  ck_assert_int_eq(esp_bundle_add_text(&b, "k", "\xff", &err), ESP_ERR_INPUT);
  ck_assert_int_eq(esp_bundle_add_text(&b, "k", "y", &err), ESP_OK);
  ck_assert_int_eq(esp_bundle_add_text(&b, "k", "y", &err), ESP_ERR_INPUT);
  ck_assert_int_eq(esp_bundle_save(&b, folder, &err), ESP_ERR_IO);
  esp_bundle_free(&b);
}
END_TEST

#define F32_2 "\"dtype\":\"F32\",\"shape\":[2]"
#define META "\"__metadata__\":"
static const struct {
  const char *header, *data; /* data: each character a byte */
  const char *message;       /* NULL: it loads */
} files[] = {
    {"{}", "", NULL},
    {"{}   \n", "", NULL},
    {"{\"t\":{" F32_2 ",\"data_offsets\":[0,8]}}", "12345678", NULL},
    {"{" META "{\"k\":\"v\"},\"t\":{" F32_2 ",\"data_offsets\":[0,8]}}", "12345678", NULL},
    {"{\"b\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]},"
     "\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}",
     "xy", NULL},
    {"{" META "{\"sha256.t\":\"BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD\"},"
     "\"t\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,3]}}",
     "abc", NULL},
    {"", "", "at byte 8: header is not JSON"},
    {"{", "", "header is not JSON"},
    {"[]", "", "at byte 8: header is not a JSON object"},
    {"null", "", "header is not a JSON object"},
    {"{} x", "", "at byte 11: header is not JSON"},
    {"{}{}", "", "at byte 10: header is not JSON"},
    {"{\"t\":1,}", "", "header is not JSON"},
    {"{\"t\xff\":{}}", "", "at byte 8: header is not plain UTF-8"},
    {"{\"t\\u0000\":{}}", "", "header is not plain UTF-8"},
    {"{}", "x", "at byte 10: data that belong to no tensor"},
    {"{\"t\":1}", "", "tensor 't': expected dtype, shape and data_offsets"},
    {"{\"t\":[]}", "", "tensor 't': expected dtype"},
    {"{\"t\":{}}", "", "tensor 't': expected dtype"},
    {"{\"t\":{" F32_2 "}}", "", "tensor 't': expected dtype"},
    {"{\"t\":{" F32_2 ",\"data_offsets\":[0,8],\"x\":1}}", "12345678",
     "tensor 't': expected dtype"},
    {"{\"t\":{\"shape\":[2],\"dtype\":\"F32\",\"dtype\":\"U8\",\"data_offsets\":[0,8]}}",
     "12345678", "once each"},
    {"{\"t\":{\"dtype\":1,\"shape\":[2],\"data_offsets\":[0,8]}}", "12345678", "expected dtype"},
    {"{\"t\":{\"dtype\":\"F32\",\"shape\":2,\"data_offsets\":[0,8]}}", "12345678",
     "expected dtype"},
    {"{\"t\":{\"dtype\":\"F31\",\"shape\":[2],\"data_offsets\":[0,4]}}", "1234",
     "dtype 'F31' is not known"},
    {"{\"t\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}", "12345678",
     "not a whole number"},
    {"{\"t\":{\"dtype\":\"F32\",\"shape\":[1.5],\"data_offsets\":[0,8]}}", "12345678",
     "not a whole number"},
    {"{\"t\":{\"dtype\":\"F32\",\"shape\":[1e30],\"data_offsets\":[0,8]}}", "12345678",
     "not a whole number"},
    {"{\"t\":{\"dtype\":\"F32\",\"shape\":[1e999],\"data_offsets\":[0,8]}}", "12345678",
     "not a whole number"},
    {"{\"t\":{\"dtype\":\"F32\",\"shape\":[\"2\"],\"data_offsets\":[0,8]}}", "12345678",
     "not a whole number"},
    {"{\"t\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,3],\"data_offsets\":[0,8]}}", "12345678",
     "has 8 bytes of data, its shape asks for 12"},
    {"{\"t\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]}}", "",
     "too large"},
    {"{\"t\":{\"dtype\":\"U8\",\"shape\":[9007199254740992,2048],\"data_offsets\":[0,0]}}", "",
     "too large"},
    {"{\"t\":{" F32_2 ",\"data_offsets\":[0,9]}}", "12345678",
     "ends at byte 9 of the data, but there are only 8"},
    {"{\"t\":{" F32_2 ",\"data_offsets\":[0,1e300]}}", "12345678",
     "data_offsets are not two whole"},
    {"{\"t\":{" F32_2 ",\"data_offsets\":[8,0]}}", "12345678", "ends before it begins"},
    {"{\"t\":{" F32_2 ",\"data_offsets\":[0,7]}}", "1234567",
     "has 7 bytes of data, its shape asks for 8"},
    {"{\"t\":{" F32_2 ",\"data_offsets\":[-8,0]}}", "12345678", "data_offsets are not two whole"},
    {"{\"t\":{" F32_2 ",\"data_offsets\":[8]}}", "12345678", "data_offsets are not two whole"},
    {"{\"t\":{" F32_2 ",\"data_offsets\":[0,8,8]}}", "12345678", "data_offsets are not two whole"},
    {"{\"t\":{" F32_2 ",\"data_offsets\":[1,9]}}", "123456789", "there is a gap before its data"},
    {"{\"t\":{" F32_2 ",\"data_offsets\":[0,8]}}", "123456789", "data that belong to no tensor"},
    {"{\"t\":{" F32_2 ",\"data_offsets\":[0,8]},\"u\":{" F32_2 ",\"data_offsets\":[4,12]}}",
     "123456781234", "overlap"},
    {"{\"t\":{" F32_2 ",\"data_offsets\":[0,8]},\"u\":{" F32_2 ",\"data_offsets\":[0,8]}}",
     "12345678", "overlap"},
    {"{\"t\":{" F32_2 ",\"data_offsets\":[0,8]},\"t\":{" F32_2 ",\"data_offsets\":[8,16]}}",
     "1234567812345678", "'t' stands twice"},
    {"{\"\":{" F32_2 ",\"data_offsets\":[0,8]}}", "12345678", "name is not 1 to 127"},
    {"{\"a\\nb\":{" F32_2 ",\"data_offsets\":[0,8]}}", "12345678", "name is not 1 to 127"},
    {"{\"\\u001b[31m\":{" F32_2 ",\"data_offsets\":[0,8]}}", "12345678", "name is not 1 to 127"},
    {"{" META "1}", "", "__metadata__ is not an object"},
    {"{" META "{\"k\":1}}", "", "metadata 'k' is not a string"},
    {"{" META "{\"k\":{\"x\":\"y\"}}}", "", "metadata 'k' is not a string"},
    {"{" META "{\"k\":\"1\",\"k\":\"2\"}}", "", "'k' stands twice"},
    {"{" META "{},\"__metadata__\":{}}", "", "'__metadata__' stands twice"},
    {"{" META "{\"sha256.t\":\"00\"}}", "", "'sha256.t' is the checksum of no tensor"},
    {"{" META "{\"sha256.__metadata__\":\"00\"}}", "", "is the checksum of no tensor"},
    {"{" META "{\"sha256.t\":\"00\"},\"t\":{" F32_2 ",\"data_offsets\":[0,8]}}", "12345678",
     "tensor 't': its data do not match their SHA-256"},
    {"{" META "{\"sha256.t\":7},\"t\":{" F32_2 ",\"data_offsets\":[0,8]}}", "12345678",
     "is not a string"},
};
enum { FILES = sizeof files / sizeof *files };

static void write_parts(uint64_t length, const char *header, const char *data) {
  FILE *f = fopen(path, "wb");
  fwrite(&length, 1, 8, f);
  fputs(header, f);
  fputs(data, f);
  fclose(f);
}

static void check_message(const char *part) {
  ck_assert_msg(strncmp(err.text, path, strlen(path)) == 0, "does not begin with the file: %s",
                err.text);
  ck_assert_msg(strstr(err.text, part) != NULL, "expected '%s' in: %s", part, err.text);
  ck_assert_ptr_null(strchr(err.text, '\n'));
}

START_TEST(hostile_files) {
  esp_bundle b;
  write_parts(strlen(files[_i].header), files[_i].header, files[_i].data);
  esp_status status = esp_bundle_load(&b, path, &err);
  if (files[_i].message) {
    ck_assert_msg(status == ESP_ERR_INPUT, "loaded: %s", files[_i].header);
    check_message(files[_i].message);
    return;
  }
  ck_assert_msg(status == ESP_OK, "%s", err.text);
  esp_bundle_free(&b);
}
END_TEST

START_TEST(hostile_lengths) {
  static const uint64_t lengths[] = {3,          1000,           100u << 20,       UINT32_MAX,
                                     UINT64_MAX, UINT64_MAX - 7, (uint64_t)1 << 63};
  esp_bundle b;
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
    write_parts(lengths[i], "{}", "");
    ck_assert_int_eq(esp_bundle_load(&b, path, &err), ESP_ERR_INPUT);
    check_message("at byte 0: header of");
  }
  ck_assert_int_eq(esp_file_write(path, "1234567", 7, &err), ESP_OK);
  ck_assert_int_eq(esp_bundle_load(&b, path, &err), ESP_ERR_INPUT);
  check_message("at byte 7: the file ends before its header");
}
END_TEST

START_TEST(deep_nesting) {
  enum { DEEP = 100000 };
  char *header = malloc(DEEP + 1);
  memset(header, '[', DEEP);
  header[DEEP] = '\0';
  write_parts(DEEP, header, "");
  free(header);
  esp_bundle b;
  ck_assert_int_eq(esp_bundle_load(&b, path, &err), ESP_ERR_INPUT);
  check_message("header is not JSON");
}
END_TEST

static void check_numbers(const esp_bundle *b, const char *name, int count, const float *expected) {
  const esp_blob *blob = esp_bundle_find(b, name);
  ck_assert_ptr_nonnull(blob);
  ck_assert(blob->dtype == ESP_F32 && blob->rank == 1 && blob->shape[0] == count);
  ck_assert_uint_eq(blob->bytes, (size_t)count * sizeof(float));
  ck_assert_mem_eq(blob->data, expected, (size_t)count * sizeof(float));
}

/* Numbers of other widths are read, and what cannot be is no reason to refuse the rest. */
START_TEST(files_of_others) {
  static const char header[] =
      "{\"f64\":{\"dtype\":\"F64\",\"shape\":[2],\"data_offsets\":[0,16]},"
      "\"count\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[16,24]},"
      "\"f16\":{\"dtype\":\"F16\",\"shape\":[5],\"data_offsets\":[24,34]},"
      "\"bf16\":{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[34,38]},"
      "\"deep\":{\"dtype\":\"U8\",\"shape\":[1,1,1,1,2],\"data_offsets\":[38,40]}}";
  static const double wide[2] = {0.1, -2.0};
  static const uint16_t halves[5] = {0x3c00, 0xc500, 0x0001, 0x7bff, 0xfc00},
                        tops[2] = {0x3f80, 0xc040};
  const uint64_t length = strlen(header), count = 7;
  FILE *f = fopen(path, "wb");
  fwrite(&length, sizeof length, 1, f);
  fputs(header, f);
  fwrite(wide, sizeof wide, 1, f);
  fwrite(&count, sizeof count, 1, f);
  fwrite(halves, sizeof halves, 1, f);
  fwrite(tops, sizeof tops, 1, f);
  fputs("ab", f);
  fclose(f);
  esp_bundle b;
  ck_assert_msg(esp_bundle_load(&b, path, &err) == ESP_OK, "%s", err.text);
  check_numbers(&b, "f64", 2, (float[]){0.1f, -2.0f});
  check_numbers(&b, "f16", 5, (float[]){1.0f, -5.0f, 0x1p-24f, 65504.0f, -INFINITY});
  check_numbers(&b, "bf16", 2, (float[]){1.0f, -3.0f});
  ck_assert_int_eq(esp_bundle_find(&b, "count")->dtype, ESP_OTHER);
  ck_assert_int_eq(esp_bundle_find(&b, "deep")->dtype, ESP_OTHER);
  esp_bundle_free(&b);
}
END_TEST

/* Every bit of the file flipped, and every place it could be cut: damage in data or checksum is
 * named, damage elsewhere must at least do no harm. */
START_TEST(damage) {
  save_sample();
  char *data;
  size_t bytes;
  ck_assert_int_eq(esp_file_read(path, 1 << 20, &data, &bytes, &err), ESP_OK);
  esp_bundle b;
  for (size_t i = 0; i < bytes; i++) {
    int bit = (int)(i % 8);
    data[i] = (char)(data[i] ^ 1 << bit);
    FILE *f = fopen(path, "wb");
    fwrite(data, 1, bytes, f);
    fclose(f);
    esp_status status = esp_bundle_load(&b, path, &err);
    if (status == ESP_OK) esp_bundle_free(&b);
    if (status != ESP_OK) check_message(": ");
    if (i >= bytes - 31) ck_assert_int_eq(status, ESP_ERR_INPUT);
    if (i >= bytes - 31) check_message("do not match their SHA-256");
    data[i] = (char)(data[i] ^ 1 << bit);
  }
  for (size_t i = bytes; i-- > 0;) {
    ck_assert_int_eq(truncate(path, (off_t)i), 0);
    ck_assert_int_eq(esp_bundle_load(&b, path, &err), ESP_ERR_INPUT);
    check_message(": ");
  }
  free(data);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("file");
  TCase *tests = tcase_create("file");
  suite_add_tcase(suite, tests);
  tcase_add_checked_fixture(tests, set_up, tear_down);
  tcase_set_timeout(tests, 60);
  tcase_add_test(tests, sha256_gives_the_published_digests);
  tcase_add_test(tests, sha256_does_not_depend_on_the_pieces);
  tcase_add_test(tests, sha256_is_one_by_both_ways);
  tcase_add_test(tests, plain_text);
  tcase_add_test(tests, nearest_is_a_likely_misspelling);
  tcase_add_test(tests, a_file_is_written_and_replaced);
  tcase_add_test(tests, a_file_of_somebody_else_beside_it_stays);
  tcase_add_test(tests, a_file_that_matters_only_now);
  tcase_add_test(tests, two_that_write_at_once_are_both_whole);
  tcase_add_test(tests, many_that_write_at_once_all_succeed);
  tcase_add_test(tests, a_failed_write_leaves_the_old_file);
  tcase_add_test(tests, an_abandoned_write_leaves_the_old_file);
  tcase_add_test(tests, places_that_cannot_be_written);
  tcase_add_test(tests, reading_is_limited_to_regular_files);
  tcase_add_test(tests, directories);
  tcase_add_test(tests, locks);
  tcase_add_test(tests, a_bundle_comes_back);
  tcase_add_test(tests, the_file_is_as_other_tools_expect);
  tcase_add_test(tests, what_cannot_be_added);
  tcase_add_loop_test(tests, hostile_files, 0, FILES);
  tcase_add_test(tests, hostile_lengths);
  tcase_add_test(tests, deep_nesting);
  tcase_add_test(tests, files_of_others);
  tcase_add_test(tests, damage);
  return suite_run(suite);
}
