"""Quantities of a network from the record of a round: python3 recompute.py RUN"""
import json
import sys

WATTS = 15  # that the machine is taken to draw while it computes
FIRST_LAYER = 221184  # multiply-adds of the layer that reads the images


def flops(record):
    """Floating-point operations of an image, forward; nothing is done for pruned weights."""
    return 0  # yours


def training_macs(record):
    """Multiply-adds of an image in a training step of the dense network, forward and both gradients."""
    return 0  # yours


def dense_bytes(record):
    """Of all parameters as float."""
    return 0  # yours


def stored_bytes(record):
    """Of the parameters that are not 0 as float, and a bit for each weight that says whether it is one of them."""
    return 0  # yours


def gigamacs_per_second(record):
    """Billions of multiply-adds in a second of inference."""
    return 0  # yours


def millijoules_per_image(record):
    """Energy of an image at WATTS."""
    return 0  # yours


QUANTITIES = (flops, training_macs, dense_bytes, stored_bytes, gigamacs_per_second, millijoules_per_image)


def main(run):
    with open(f"{run}/result.json", encoding="utf-8") as file:
        result = json.load(file)
    for record in [result["dense"], *result["rounds"]]:
        print(f"round {record['round']}")
        for quantity in QUANTITIES:
            print(f"  {quantity.__name__:22}{quantity(record):12.10g}")


if __name__ == "__main__":
    main(sys.argv[1])
