/* JSON by cJSON, such that memory that runs out is noticed.
 *
 * Adding takes what could not be made (NULL) and marks what it was to be added to, so that one look
 * at the end will do: esp__json_print prints nothing that lacks a part. */
#ifndef ESP_BASE_JSON_H
#define ESP_BASE_JSON_H

#include <espalier/status.h>

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

/* Gives an item, NULL = one that memory was short for, to an object under a name, or to an array.
 * The item belongs to it from then on; where that fails the item is freed. Returns the item, NULL
 * when it is not there. */
cJSON *esp__json_put(cJSON *object, const char *name, cJSON *item);
cJSON *esp__json_append(cJSON *array, cJSON *item);

/* Members of an object. What is not finite is written as null. */
void esp__json_put_number(cJSON *object, const char *name, double number);
void esp__json_put_string(cJSON *object, const char *name, const char *text);
void esp__json_put_bool(cJSON *object, const char *name, bool truth);
void esp__json_put_null(cJSON *object, const char *name);
cJSON *esp__json_put_object(cJSON *object, const char *name);
cJSON *esp__json_put_array(cJSON *object, const char *name);

/* A number to the last bit, which cJSON_CreateNumber does not always print; to be printed only.
 * NULL when memory is short. What is not finite is written as null. */
cJSON *esp__json_exact_number(double number);

/* Whether nothing is missing in a value; NULL lacks all. */
bool esp__json_whole(const cJSON *value);
/* The value as text, newly allocated, in lines for people or in one; NULL when it is not whole, or
 * memory is short. */
char *esp__json_print(const cJSON *value, bool lines);

/* Reads a value from `bytes` of text, behind which only white space may follow. ESP_ERR_MEMORY when
 * memory is short, ESP_ERR_INPUT when it is no JSON, then with the byte at which it stops being
 * some in *at. Says nothing. */
esp_status esp__json_parse(cJSON **value, const char *text, size_t bytes, size_t *at);

#endif
