/* [train] */
#include <espalier/optim.h>

static const char *schedule_name(size_t i) {
  const esp_lr_schedule *s = esp_lr_schedule_at(i);
  return s ? s->name : NULL;
}

static const char *loss_name(size_t i) {
  static const char *const names[] = {"cross-entropy", "mse"};
  return i < 2 ? names[i] : NULL;
}

static const char *sparse_name(size_t i) {
  static const char *const names[] = {"auto", "on", "off"};
  return i < 3 ? names[i] : NULL;
}

#define AT(member) offsetof(esp_train_options, member)
const esp_option esp_train_option_table[] = {
    {"epochs", ESP_OPTION_INT, AT(epochs), "24", 0, 1e6, NULL,
     "passes over the training images; 0 = none. With schedule constant, step or multi-step it may "
     "grow in the config.ini of a run that was stopped: resume then trains on"},
    {"batch", ESP_OPTION_INT, AT(batch), "128", 1, 65536, NULL, "images in a training step"},
    {"parts", ESP_OPTION_INT, AT(parts), "1", 1, 4096, NULL,
     "parts that a batch's images are cut into, in blocks of 16: sums over images are made part by "
     "part. As many processes can share a training (mpiexec), at most; 8 parts serve any number up "
     "to that with the same bits. More parts than are needed cost time in layers of small "
     "planes"},
    {"optimiser", ESP_OPTION_CHOICE, AT(optimiser), "sgd", 0, 0, esp_optimiser_name,
     "what turns gradients into steps. Moments start at 0, also where weights are rewound or "
     "regrown"},
    {"lr", ESP_OPTION_REAL, AT(lr), "0.1", 0, 1000, NULL,
     "peak learning rate. With adam, adamw and rmsprop each weight moves by about as much in a "
     "step, so they want a smaller one, such as 0.001"},
    {"momentum", ESP_OPTION_REAL, AT(momentum), "0.9", 0, 0.9999, NULL,
     "sgd, rmsprop: share of the last step that goes into the next"},
    {"nesterov", ESP_OPTION_BOOL, AT(nesterov), "no", 0, 0, NULL,
     "Nesterov's form of momentum (Sutskever et al. 2013)"},
    {"beta1", ESP_OPTION_REAL, AT(beta1), "0.9", 0, 0.9999, NULL,
     "adam, adamw: share of what was in the mean of the gradients"},
    {"beta2", ESP_OPTION_REAL, AT(beta2), "0.999", 0, 0.999999, NULL,
     "adam, adamw: share of what was in the mean of their squares"},
    {"alpha", ESP_OPTION_REAL, AT(alpha), "0.99", 0, 0.999999, NULL,
     "rmsprop: share of what was in the mean of the squared gradients"},
    {"epsilon", ESP_OPTION_REAL, AT(epsilon), "1e-08", 1e-16, 1, NULL,
     "adam, adamw, rmsprop: added to the root of the mean square, by which they divide"},
    {"weight_decay", ESP_OPTION_REAL, AT(weight_decay), "5e-4", 0, 1, NULL,
     "L2 penalty: decay * weight is added to the gradient (sgd, adam, rmsprop), or lr * decay * "
     "weight taken from the weight (adamw). Methods with a decay of their own (topkast, str, "
     "edge-popup, l0) add it to the gradient with any optimiser"},
    {"decay_all", ESP_OPTION_BOOL, AT(decay_all), "no", 0, 0, NULL,
     "weight decay on biases and batch norm too"},
    {"schedule", ESP_OPTION_CHOICE, AT(schedule), "cosine", 0, 0, schedule_name,
     "how the learning rate goes on after the warm-up"},
    {"warmup_epochs", ESP_OPTION_REAL, AT(warmup_epochs), "0", 0, 1e6, NULL,
     "epochs in which the rate rises linearly from 0 to lr"},
    {"step_epochs", ESP_OPTION_INT, AT(step_epochs), "10", 1, 1e6, NULL,
     "schedule step: epochs between two drops"},
    {"milestones", ESP_OPTION_NUMBERS, AT(milestones), "", 0, 1e6, NULL,
     "schedule multi-step: epochs at which the rate drops"},
    {"gamma", ESP_OPTION_REAL, AT(gamma), "0.1", 0, 1, NULL,
     "schedules step and multi-step: factor of a drop"},
    {"power", ESP_OPTION_REAL, AT(power), "1", 0, 100, NULL, "schedule polynomial: its exponent"},
    {"final_lr", ESP_OPTION_REAL, AT(final_lr), "0", 0, 1000, NULL,
     "schedules cosine, one-cycle and polynomial: rate at the end"},
    {"clip_norm", ESP_OPTION_REAL, AT(clip_norm), "0", 0, 1e9, NULL,
     "largest norm of all gradients together; 0 = any"},
    {"clip_value", ESP_OPTION_REAL, AT(clip_value), "0", 0, 1e9, NULL,
     "largest size of a single gradient; 0 = any"},
    {"label_smoothing", ESP_OPTION_REAL, AT(label_smoothing), "0", 0, 0.999, NULL,
     "share of the target spread over all classes (Szegedy et al. 2016)"},
    {"loss", ESP_OPTION_CHOICE, AT(loss), "cross-entropy", 0, 0, loss_name,
     "what training minimises; real-valued targets take mse"},
    {"average", ESP_OPTION_REAL, AT(average), "0", 0, 0.999999, NULL,
     "decay per step of a moving average of the weights, "
     "which is then what is evaluated and saved; 0 = off"},
    {"sparse", ESP_OPTION_CHOICE, AT(sparse), "auto", 0, 0, sparse_name,
     "kernels that skip pruned weights: chosen by stopwatch for each layer and direction (auto), "
     "always, or never; the results are the same to the bit",
     .neutral = true},
    {NULL, ESP_OPTION_INT, 0, NULL, 0, 0, NULL, NULL}};
