/* What retraining starts from: which weights come back, and behind which masks. */
#include "nets.h"
#include "rig.h"

static void setup(void) {
  rig_open();
  text_write("plain.ini", CONFIG_BEGIN PLAIN_LAYERS);
}

#define MAGNITUDE "prune.method=magnitude", "prune.rounds=2", "prune.sparsity=0.9"

/* Every value of the network in `path` is that of `from`, or, where the masks of run `a` say so,
 * 0. */
static bool is_masked(const char *path, const char *from, bool masked) {
  tensors pruned = tensors_read(path), whole = tensors_read(from);
  tensors masks = tensors_read("a/checkpoint.safetensors");
  bool same = pruned.count == whole.count;
  for (int k = 0; same && k < pruned.count; k++) {
    const tensor *p = &pruned.item[k], *w = tensor_of(&whole, "", p->name);
    const tensor *mask = masked ? tensor_of(&masks, "mask.", p->name) : NULL;
    for (size_t i = 0; i < p->count; i++)
      same = same && value_at(p, i) == (mask && !kept_at(mask, i) ? 0.0f : value_at(w, i));
  }
  tensors_free(&pruned);
  tensors_free(&whole);
  tensors_free(&masks);
  return same;
}

/* With no epochs of its own, a run over trained weights shows what each way of retraining starts
 * from. Epoch 0 is where the training began: with the file's weights, not with those of the
 * seed. */
START_TEST(rewinding) {
  ESPALIER("run", "plain.ini", "-o", "initial", "train.epochs=0");
  ESPALIER("run", "plain.ini", "-o", "trained");
#define FROM_TRAINED \
  "run", "plain.ini", "-o", "a", "model.weights=trained", "train.epochs=0", MAGNITUDE
  ESPALIER(FROM_TRAINED, "prune.retrain=weight-rewind");
  ck_assert(is_masked("a/rewind.safetensors", "trained/dense.safetensors", false));
  ck_assert(!is_masked("a/rewind.safetensors", "initial/dense.safetensors", false));
  ck_assert(is_masked("a/round-02.safetensors", "trained/dense.safetensors", true));
  remove_tree("a");
  ESPALIER(FROM_TRAINED, "prune.retrain=none");
  ck_assert(is_masked("a/round-02.safetensors", "trained/dense.safetensors", true));
  remove_tree("a");
  ESPALIER(FROM_TRAINED, "prune.retrain=reinit");
  ck_assert(!is_masked("a/round-02.safetensors", "initial/dense.safetensors", true));
  ck_assert(!is_masked("a/round-02.safetensors", "trained/dense.safetensors", true));
  ck_assert(!is_masked("a/round-02.safetensors", "a/round-01.safetensors", true));
}
END_TEST

/* The same of a training that has epochs, which moves away from the file's weights. Without a file
 * it began with the seed's initial weights. */
START_TEST(rewinding_to_the_beginning) {
  ESPALIER("run", "plain.ini", "-o", "initial", "train.epochs=0");
  ESPALIER("run", "plain.ini", "-o", "trained");
  ESPALIER("run", "plain.ini", "-o", "a", "model.weights=trained", "run.seed=2",
           "run.keep_epochs=0", MAGNITUDE, "prune.retrain=weight-rewind");
  ck_assert(is_masked("a/epoch-0.safetensors", "trained/dense.safetensors", false));
  ck_assert(is_masked("a/rewind.safetensors", "trained/dense.safetensors", false));
  ck_assert(!is_masked("a/dense.safetensors", "trained/dense.safetensors", false));
  remove_tree("a");
  ESPALIER("run", "plain.ini", "-o", "a", MAGNITUDE, "prune.retrain=weight-rewind");
  ck_assert(is_masked("a/rewind.safetensors", "initial/dense.safetensors", false));
}
END_TEST

/* Rewinding to the last epoch leaves nothing to retrain: the weights are those of the dense
 * training. */
START_TEST(rewinding_to_the_end) {
  ESPALIER("run", "plain.ini", "-o", "a", MAGNITUDE, "prune.retrain=weight-rewind",
           "prune.rewind_epoch=2");
  ck_assert(is_masked("a/round-02.safetensors", "a/dense.safetensors", true));
}
END_TEST

static Suite *suite(void) {
  Suite *s = suite_create("rewinding");
  TCase *t = tcase_create("rewinding");
  tcase_set_timeout(t, 300);
  tcase_add_checked_fixture(t, setup, NULL);
  tcase_add_test(t, rewinding);
  tcase_add_test(t, rewinding_to_the_beginning);
  tcase_add_test(t, rewinding_to_the_end);
  suite_add_tcase(s, t);
  return s;
}

int main(void) {
  rig_begin();
  return rig_end(suite());
}
