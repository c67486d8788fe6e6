"""Networks of every layer, trained for a moment on made images, for what writes them down elsewhere.

The images are CIFAR-10 files, so that a test has the very pixels that `espalier eval` reads."""

import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import numpy

TEST_IMAGES = 20

CONFIG = """[run]
threads = 1
[data]
dataset = cifar10
path = images
[train]
epochs = 2
batch = 16
lr = 0.02
[prune]
method = magnitude
sparsity = 0.9
schedule = one-shot
retrain_epochs = 1
layer_floor = 0.05
[model]
arch = custom
layers =
"""

PLAIN = """  conv 16 3x3 stride 2
  bn
  relu
  maxpool 2
  conv 32 3x3
  relu
  maxpool 2
  flatten
  linear 24
  bn
  relu
  linear classes
"""

# Every operation but those of gates, whatever its input: planes or rows.
RICH = """  conv 8 3x3 stride 2
  bn
  leaky_relu
  residual
    conv 8 3x3 groups 2
    bn
    relu
    depthwise 3x3
    bn
  shortcut
    conv 8 1x1
    bn
  end
  relu
  residual
    conv 8 3x3
    bn
  end
  relu
  residual
    conv 12 1x3 stride 2 nobias
  shortcut
    subsample 12 stride 2
  end
  concat
    conv 4 1x1
    tanh
  branch
    maxpool 3 stride 1 pad 1
  branch
    conv 4 5x5
    sigmoid
  end
  avgpool 3 stride 2 pad 1
  bn
  fatrelu 0.1
  dropout 0.2
  concat
    global_avgpool
    flatten
    linear 6
  branch
    flatten
    linear 16
    bn
    gelu
    residual
      linear 16
      bn
    end
    relu
    residual
      reshape 4
      conv 12 1x1 nobias
      reshape 6 transpose 4
      conv 2 1x1
      reshape 16 transpose 2
      share_relu 0.5
    end
  end
  linear classes
"""

GATED = """  conv 8 3x3 stride 2
  bn
  relu
  gate 0.5
  maxpool 2
  conv 12 3x3
  relu
  gate 0.3
  global_avgpool
  flatten
  linear classes
"""

CLIPPED = """  conv 8 3x3 stride 2
  bn
  relu6
  depthwise 3x3 stride 2
  bn
  relu6
  flatten
  linear classes
"""

# Every operation that integers have.
EXACT = """  conv 8 3x3 stride 2
  bn
  relu
  residual
    conv 8 3x3 groups 2
    bn
    relu
    depthwise 3x3
    bn
  shortcut
    conv 8 1x1
    bn
  end
  relu
  residual
    conv 8 3x3
    bn
  end
  relu
  residual
    conv 12 1x3 stride 2 nobias
  shortcut
    subsample 12 stride 2
  end
  concat
    conv 4 1x1
    relu
  branch
    maxpool 3 stride 1 pad 1
  branch
    conv 4 5x5
  end
  avgpool 3 stride 2 pad 1
  relu
  dropout 0.2
  maxpool 2
  concat
    global_avgpool
    flatten
    linear 6
  branch
    flatten
    linear 16
    bn
    relu
    residual
      reshape 4
      conv 12 1x1 nobias
      reshape 6 transpose 4
      conv 2 1x1
      reshape 16 transpose 2
    end
    relu
  end
  linear classes
"""

# A convolution at the end.
PLANES = """  conv 8 3x3 stride 2
  bn
  relu
  avgpool 4
  conv 12 4x4 pad 0
  relu
  conv classes 1x1
"""

NETS = {"plain": PLAIN, "rich": RICH, "gated": GATED, "clipped": CLIPPED}
INTEGERS = {"exact": EXACT, "planes": PLANES}


def make_images(folder="images"):
    """Noise over a slope that depends on the class: enough to train on."""
    random = numpy.random.default_rng(1)
    os.makedirs(folder)
    for name in [f"data_batch_{i}.bin" for i in range(1, 6)] + ["test_batch.bin"]:
        labels = numpy.arange(TEST_IMAGES) % 10
        slope = (numpy.arange(3072) * (1 + labels[:, None])) % 256
        pixels = (slope // 2 + random.integers(0, 128, slope.shape)).astype(numpy.uint8)
        numpy.concatenate([labels[:, None].astype(numpy.uint8), pixels], axis=1).tofile(f"{folder}/{name}")


def test_images(folder="images"):
    """[images][3][32][32] pixels."""
    records = numpy.fromfile(f"{folder}/test_batch.bin", numpy.uint8).reshape(-1, 3073)
    return records[:, 1:].reshape(-1, 3, 32, 32)


def run(*arguments):
    return subprocess.run(arguments, check=True, capture_output=True, text=True).stdout


def train(espalier, name):
    """A run directory of that network, dense and pruned to 90 %."""
    with open(f"{name}.ini", "w", encoding="ascii") as file:
        file.write(CONFIG + {**NETS, **INTEGERS}[name])
    run(espalier, "run", f"{name}.ini", "-o", name)


def quantise(espalier, name, bits=8):
    """The same network with integers, NAME8."""
    run(espalier, "compress", name, "-o", f"{name}{bits}", "compress.steps=quantise", f"compress.quantise_bits={bits}")


def logits(espalier, weights, *overrides):
    """What `espalier eval` computes, to the bit."""
    run(espalier, "eval", weights, "--logits", "logits.csv", *overrides)
    return numpy.loadtxt("logits.csv", delimiter=",", skiprows=1)[:, 2:].astype(numpy.float32)
