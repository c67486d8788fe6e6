"""Writes torch_steps.h: what torch's optimisers make of given gradients, step by step.

    python3 tests/optim/torch_steps.py >tests/optim/torch_steps.h

Needs torch, which no test needs: the header is in git. Weights and gradients are fractions that both
sides make by themselves, as torch_steps.h says."""
import torch

WEIGHTS, STEPS = 6, 6
CASES = (
    # of torch, and the same as members of esp_train_options
    ("SGD", dict(momentum=0.9, nesterov=True, weight_decay=0.01),
     '.optimiser = "sgd", .momentum = 0.9, .nesterov = true, .weight_decay = 0.01'),
    ("Adam", dict(), '.optimiser = "adam", .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8'),
    ("Adam", dict(betas=(0.8, 0.95), eps=0.01, weight_decay=0.1),
     '.optimiser = "adam", .beta1 = 0.8, .beta2 = 0.95, .epsilon = 0.01, .weight_decay = 0.1'),
    ("AdamW", dict(betas=(0.9, 0.99), weight_decay=0.25),
     '.optimiser = "adamw", .beta1 = 0.9, .beta2 = 0.99, .epsilon = 1e-8, .weight_decay = 0.25'),
    ("RMSprop", dict(), '.optimiser = "rmsprop", .alpha = 0.99, .epsilon = 1e-8'),
    ("RMSprop", dict(alpha=0.9, momentum=0.9, eps=0.001, weight_decay=0.1),
     '.optimiser = "rmsprop", .alpha = 0.9, .momentum = 0.9, .epsilon = 0.001, '
     '.weight_decay = 0.1'),
)


def steps_of(name, options):
    """The weights after each step: STEPS rows."""
    w = torch.tensor([(7 * i % 16 - 8) / 4 for i in range(WEIGHTS)], requires_grad=True)
    optimiser = getattr(torch.optim, name)([w], lr=1.0, **options)
    rows = []
    for step in range(STEPS):
        for group in optimiser.param_groups:
            group["lr"] = 0.125 / (step + 1)
        w.grad = torch.tensor([((5 * i + 3 * step) % 11 - 5) / 8 for i in range(WEIGHTS)])
        optimiser.step()
        rows.append(w.detach().tolist())
    return rows


def main():
    print(f"/* Written by torch_steps.py with torch {torch.__version__.split('+')[0]}: weights after "
          "each step of its optimisers.")
    print(" * Weight i begins at (7 i mod 16 - 8) / 4. Step s, from 0, has the rate 0.125 / (s + 1)")
    print(" * and the gradients ((5 i + 3 s) mod 11 - 5) / 8. */")
    print(f"enum {{ TORCH_WEIGHTS = {WEIGHTS}, TORCH_STEPS = {STEPS} }};")
    print("static const struct {")
    print("  esp_train_options options;")
    print("  float weight[TORCH_STEPS][TORCH_WEIGHTS];")
    print("} torch_steps[] = {")
    for name, options, members in CASES:
        print(f"    {{{{{members}}},\n     {{")
        for row in steps_of(name, options):
            print("         {" + ", ".join(f"{x:#.9g}f" for x in row) + "},")
        print("     }},")
    print("};")


if __name__ == "__main__":
    main()
