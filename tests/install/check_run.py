#!/usr/bin/env python3
"""A run pruned exactly what it was asked for, what is pruned is 0, and it ended as another one did.

usage: check_run.py PYTHON DIR SPARSITY [OTHER]
"""

import sys


def main(module, path, sparsity, other=None):
    sys.path.insert(0, module)
    import espalier

    run = espalier.Run(path)
    checkpoint, masks = run.checkpoint(), run.masks()
    pruned = sum(int((~mask).sum()) for mask in masks.values())
    units = sum(mask.size for mask in masks.values())
    if pruned != round(float(sparsity) * units):
        sys.exit(f"{path}: {pruned} of {units} weights pruned, expected the share {sparsity}")
    for name, mask in masks.items():
        for tensor in (name, f"momentum.{name}"):
            if checkpoint[tensor][~mask].any():
                sys.exit(f"{path}: {tensor} is not 0 where it is pruned")
    if other and run.result["weights_sha256"] != espalier.Run(other).result["weights_sha256"]:
        sys.exit(f"{path}: did not end with the weights of {other}")


main(*sys.argv[1:])
