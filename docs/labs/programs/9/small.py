"""How many weights are how small, before pruning: python3 small.py RUN ..."""
import array
import json
import sys


def weights(path):
    """The numbers of all tensors of convolutions and linear layers in a safetensors file."""
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        data = file.read()
    for name, tensor in header.items():
        if name.endswith(".weight"):
            begin, end = tensor["data_offsets"]
            yield from array.array("f", data[begin:end])


for run in sys.argv[1:]:
    sizes = [abs(w) for w in weights(f"{run}/dense.safetensors")]
    shares = [100 * sum(size < bound for size in sizes) / len(sizes) for bound in (0.003, 0.03, 0.3)]
    print("below 0.003, 0.03, 0.3: %5.1f %5.1f %5.1f %%   " % tuple(shares) + run)
