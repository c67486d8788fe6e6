#include "export/onnx_model.h"

#include <espalier/file.h>
#include <espalier/version.h>

#include <onnx.pb-c.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IR_VERSION = 7, OPSET = 13 };

/* Memory in blocks that are given back together. */
typedef struct block {
  struct block *next;
  _Alignas(max_align_t) char data[];
} block;

struct esp__onnx_model {
  block *blocks;
  bool sparse, lost; /* lost: memory was out */
  Onnx__ModelProto model;
  Onnx__GraphProto graph;
  Onnx__OperatorSetIdProto opset, *opsets[1];
  size_t node_room, tensor_room, sparse_room, property_room;
};

/* ---- memory ---- */

/* Zeroed; NULL when memory is out. */
static void *take(esp__onnx_model *m, size_t bytes) {
  block *b = bytes < SIZE_MAX - sizeof *b ? calloc(1, sizeof *b + bytes) : NULL;
  if (!b) {
    m->lost = true;
    return NULL;
  }
  b->next = m->blocks;
  m->blocks = b;
  return b->data;
}

static void *copy(esp__onnx_model *m, const void *data, size_t bytes) {
  void *to = take(m, bytes);
  return to ? memcpy(to, data, bytes) : NULL;
}

static char *copy_text(esp__onnx_model *m, const char *text) {
  return copy(m, text, strlen(text) + 1);
}

/* The generated structs want strings that can be written to, and write to none. */
static char *borrow(const char *text) {
  return (char *)(uintptr_t)text;
}

/* Appends to a list of pointers, which doubles when it is full; the old one stays in its block. */
static void append(esp__onnx_model *m, void *list_, size_t *count, size_t *room, void *item) {
  void **list;
  memcpy(&list, list_, sizeof list);
  if (*count == *room) {
    const size_t wanted = *room ? 2 * *room : 32;
    void **more = take(m, wanted * sizeof *more);
    if (!more) return;
    if (*count) memcpy(more, list, *count * sizeof *more);
    memcpy(list_, &more, sizeof more);
    list = more;
    *room = wanted;
  }
  list[(*count)++] = item;
}

const char *esp__onnx_name(esp__onnx_model *m, const char *format, ...) {
  char name[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(name, sizeof name, format, arguments);
  va_end(arguments);
  return copy_text(m, name);
}

/* ---- nodes ---- */

esp__onnx_node *esp__onnx_add_node(esp__onnx_model *m, const char *op, const char *const *inputs,
                                   const char *output) {
  Onnx__NodeProto *node = take(m, sizeof *node);
  if (!node) return NULL;
  onnx__node_proto__init(node);
  while (inputs[node->n_input]) node->n_input++;
  node->input = copy(m, inputs, (node->n_input + 1) * sizeof *inputs);
  node->output = copy(m, &output, sizeof output);
  if (!node->input || !node->output) return NULL;
  node->n_output = 1;
  node->name = borrow(output);
  node->op_type = borrow(op);
  append(m, &m->graph.node, &m->graph.n_node, &m->node_room, node);
  return node;
}

void esp__onnx_add_output(esp__onnx_model *m, esp__onnx_node *node, const char *output) {
  char **both = node ? take(m, 2 * sizeof *both) : NULL;
  if (!both) return;
  both[0] = node->output[0];
  both[1] = borrow(output);
  node->output = both;
  node->n_output = 2;
}

/* The i-th attribute of a node takes its place in a list of so many that nodes never have more. */
static Onnx__AttributeProto *add_attribute(esp__onnx_model *m, esp__onnx_node *node,
                                           const char *name,
                                           Onnx__AttributeProto__AttributeType type) {
  enum { MOST = 8 };
  if (node && !node->attribute) node->attribute = take(m, MOST * sizeof *node->attribute);
  Onnx__AttributeProto *a =
      node && node->attribute && node->n_attribute < MOST ? take(m, sizeof *a) : NULL;
  if (!a) return NULL;
  onnx__attribute_proto__init(a);
  a->name = borrow(name);
  a->has_type = true;
  a->type = type;
  node->attribute[node->n_attribute++] = a;
  return a;
}

void esp__onnx_add_int(esp__onnx_model *m, esp__onnx_node *node, const char *name, int64_t value) {
  Onnx__AttributeProto *a =
      add_attribute(m, node, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT);
  if (!a) return;
  a->has_i = true;
  a->i = value;
}

void esp__onnx_add_float(esp__onnx_model *m, esp__onnx_node *node, const char *name, float value) {
  Onnx__AttributeProto *a =
      add_attribute(m, node, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT);
  if (!a) return;
  a->has_f = true;
  a->f = value;
}

void esp__onnx_add_ints(esp__onnx_model *m, esp__onnx_node *node, const char *name, int count,
                        const int64_t *value) {
  Onnx__AttributeProto *a =
      add_attribute(m, node, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS);
  if (!a || !(a->ints = copy(m, value, (size_t)count * sizeof *value))) return;
  a->n_ints = (size_t)count;
}

/* ---- tensors ---- */

static size_t count_of(int rank, const int64_t *dims) {
  size_t count = 1;
  for (int i = 0; i < rank; i++) count *= (size_t)dims[i];
  return count;
}

static size_t size_of(int32_t type) {
  switch (type) {
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT64:
      return sizeof(int64_t);
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT8:
      return sizeof(int8_t);
    default:
      return sizeof(int32_t);
  }
}

/* `data` is borrowed. All machines that this is built for have the lowest byte first. */
static Onnx__TensorProto *tensor(esp__onnx_model *m, const char *name, int32_t type, int rank,
                                 const int64_t *dims, void *data) {
  Onnx__TensorProto *t = take(m, sizeof *t);
  if (!t || !data) return NULL;
  onnx__tensor_proto__init(t);
  t->name = borrow(name);
  t->has_data_type = t->has_raw_data = true;
  t->data_type = type;
  if (rank > 0 && !(t->dims = copy(m, dims, (size_t)rank * sizeof *dims))) return NULL;
  t->n_dims = (size_t)rank;
  t->raw_data = (ProtobufCBinaryData){count_of(rank, dims) * size_of(type), data};
  return t;
}

/* `data` is the model's own. */
static void add_own(esp__onnx_model *m, const char *name, int32_t type, int rank,
                    const int64_t *dims, void *data) {
  Onnx__TensorProto *t = tensor(m, name, type, rank, dims, data);
  if (t) append(m, &m->graph.initializer, &m->graph.n_initializer, &m->tensor_room, t);
}

static void add_dense(esp__onnx_model *m, const char *name, int32_t type, int rank,
                      const int64_t *dims, const void *value) {
  add_own(m, name, type, rank, dims, copy(m, value, count_of(rank, dims) * size_of(type)));
}

/* The values that are not 0, [nonzero], and their numbers. */
static void gather(const float *value, size_t count, float *kept, int64_t *index) {
  for (size_t i = 0, k = 0; i < count; i++)
    if (value[i] != 0.0f) {
      kept[k] = value[i];
      index[k++] = (int64_t)i;
    }
}

static void add_sparse(esp__onnx_model *m, const char *name, int rank, const int64_t *dims,
                       const float *value, size_t nonzero) {
  const int64_t entries = (int64_t)nonzero;
  Onnx__SparseTensorProto *s = take(m, sizeof *s);
  float *kept = take(m, nonzero * sizeof *kept);
  int64_t *index = take(m, nonzero * sizeof *index);
  if (!s || !kept || !index) return;
  onnx__sparse_tensor_proto__init(s);
  gather(value, count_of(rank, dims), kept, index);
  s->values = tensor(m, name, ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT, 1, &entries, kept);
  s->indices = tensor(m, "", ONNX__TENSOR_PROTO__DATA_TYPE__INT64, 1, &entries, index);
  s->dims = copy(m, dims, (size_t)rank * sizeof *dims);
  s->n_dims = (size_t)rank;
  if (!s->values || !s->indices || !s->dims) return;
  append(m, &m->graph.sparse_initializer, &m->graph.n_sparse_initializer, &m->sparse_room, s);
}

const char *esp__onnx_add_floats(esp__onnx_model *m, const char *name, int rank,
                                 const int64_t *dims, const float *value) {
  const size_t count = count_of(rank, dims);
  size_t nonzero = 0;
  for (size_t i = 0; i < count; i++) nonzero += value[i] != 0.0f;
  if (m->sparse && rank > 1 && nonzero > 0 && 3 * nonzero < count)
    add_sparse(m, name, rank, dims, value, nonzero);
  else
    add_dense(m, name, ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT, rank, dims, value);
  return name;
}

const char *esp__onnx_add_integers(esp__onnx_model *m, const char *name, int bits, int rank,
                                   const int64_t *dims, const float *value) {
  const bool small = bits == 8;
  const int32_t type =
      small ? ONNX__TENSOR_PROTO__DATA_TYPE__INT8 : ONNX__TENSOR_PROTO__DATA_TYPE__INT32;
  const size_t count = count_of(rank, dims);
  void *data = take(m, count * size_of(type));
  for (size_t i = 0; data && value && i < count; i++)
    if (small)
      ((int8_t *)data)[i] = (int8_t)value[i];
    else
      ((int32_t *)data)[i] = (int32_t)value[i];
  add_own(m, name, type, rank, dims, data);
  return name;
}

const char *esp__onnx_add_int64s(esp__onnx_model *m, const char *name, int count,
                                 const int64_t *value) {
  const int64_t dims = count;
  add_dense(m, name, ONNX__TENSOR_PROTO__DATA_TYPE__INT64, 1, &dims, value);
  return name;
}

/* ---- what goes in and out ---- */

static Onnx__TensorShapeProto__Dimension *dimension(esp__onnx_model *m, int64_t size) {
  Onnx__TensorShapeProto__Dimension *d = take(m, sizeof *d);
  if (!d) return NULL;
  onnx__tensor_shape_proto__dimension__init(d);
  if (size > 0) {
    d->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
    d->dim_value = size;
  } else {
    d->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
    d->dim_param = borrow("N");
  }
  return d;
}

/* (N, dims...) */
static Onnx__TensorShapeProto *shape_of(esp__onnx_model *m, int rank, const int64_t *dims) {
  Onnx__TensorShapeProto *shape = take(m, sizeof *shape);
  if (!shape) return NULL;
  onnx__tensor_shape_proto__init(shape);
  shape->dim = take(m, (size_t)(rank + 1) * sizeof *shape->dim);
  for (int i = 0; shape->dim && i <= rank; i++)
    if ((shape->dim[i] = dimension(m, i ? dims[i - 1] : 0))) shape->n_dim++;
  return shape;
}

/* A list of one value of floats. */
static Onnx__ValueInfoProto **value_info(esp__onnx_model *m, const char *name, const char *text,
                                         int rank, const int64_t *dims) {
  Onnx__ValueInfoProto **list = take(m, sizeof *list), *v = take(m, sizeof *v);
  Onnx__TypeProto *type = take(m, sizeof *type);
  Onnx__TypeProto__Tensor *t = take(m, sizeof *t);
  if (!list || !v || !type || !t) return NULL;
  onnx__value_info_proto__init(v);
  onnx__type_proto__init(type);
  onnx__type_proto__tensor__init(t);
  t->has_elem_type = true;
  t->elem_type = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
  t->shape = shape_of(m, rank, dims);
  type->value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
  type->tensor_type = t;
  v->name = borrow(name);
  v->type = type;
  v->doc_string = borrow(text);
  *list = v;
  return list;
}

void esp__onnx_set_input(esp__onnx_model *m, const char *name, const char *text, int rank,
                         const int64_t *dims) {
  if ((m->graph.input = value_info(m, name, text, rank, dims))) m->graph.n_input = 1;
}

void esp__onnx_set_output(esp__onnx_model *m, const char *name, const char *text, int64_t values) {
  if ((m->graph.output = value_info(m, name, text, 1, &values))) m->graph.n_output = 1;
}

void esp__onnx_add_property(esp__onnx_model *m, const char *key, const char *value) {
  Onnx__StringStringEntryProto *p = take(m, sizeof *p);
  if (!p) return;
  onnx__string_string_entry_proto__init(p);
  p->key = copy_text(m, key);
  p->value = copy_text(m, value);
  append(m, &m->model.metadata_props, &m->model.n_metadata_props, &m->property_room, p);
}

/* ---- the model ---- */

esp_status esp__onnx_model_new(esp__onnx_model **model, bool sparse, esp_error *err) {
  esp__onnx_model *m = *model = calloc(1, sizeof *m);
  if (!m) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for an ONNX model");
  m->sparse = sparse;
  onnx__model_proto__init(&m->model);
  onnx__graph_proto__init(&m->graph);
  onnx__operator_set_id_proto__init(&m->opset);
  m->opset.domain = borrow("");
  m->opset.has_version = m->model.has_ir_version = true;
  m->opset.version = OPSET;
  m->opsets[0] = &m->opset;
  m->model.ir_version = IR_VERSION;
  m->model.producer_name = borrow("espalier");
  m->model.producer_version = borrow(ESP_VERSION);
  m->model.opset_import = m->opsets;
  m->model.n_opset_import = 1;
  m->model.graph = &m->graph;
  m->graph.name = borrow("espalier");
  return ESP_OK;
}

void esp__onnx_model_free(esp__onnx_model *m) {
  for (block *b = m ? m->blocks : NULL, *next; b; b = next) {
    next = b->next;
    free(b);
  }
  free(m);
}

esp_status esp__onnx_model_write(esp__onnx_model *m, const char *path, esp_error *err) {
  const size_t bytes = m->lost ? 0 : onnx__model_proto__get_packed_size(&m->model);
  uint8_t *data = bytes ? malloc(bytes) : NULL;
  if (!data) return esp_fail(err, ESP_ERR_MEMORY, "out of memory for an ONNX model");
  onnx__model_proto__pack(&m->model, data);
  const esp_status status = esp_file_write(path, data, bytes, err);
  free(data);
  return status;
}
