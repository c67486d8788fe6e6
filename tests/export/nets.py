"""Networks of every layer, trained for a moment on made examples, for what writes them down elsewhere.

The images are CIFAR-10 files, so that a test has the very pixels that `espalier eval` reads; sounds have the rate and
length of the configuration, and rows numbers that are floats."""

import os
import subprocess
import sys
import wave

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import numpy

TEST_IMAGES = 20

CONFIG = """[run]
threads = 1
[data]
{data}
[train]
epochs = 2
batch = 16
lr = 0.02
{train}
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

SPOKEN = """  conv 8 5x4 stride 2x2 pad 2x1
  bn
  relu
  depthwise 3x3
  bn
  relu
  flatten
  linear classes
"""

HUMMED = """  conv 8 1x3
  relu
  global_avgpool
  flatten
  linear classes
"""

ROW = """  linear 12
  relu
  linear classes
"""

IMAGES = "dataset = cifar10\npath = images"
SOUNDS = "dataset = audio\npath = sounds\nseconds = 0.2\nwindow = 30\nhop = 20\nbands = 12"
ROWS = "dataset = csv\npath = rows\ntarget = y, z"
# Networks of what is no image: their data, and their layers.
OTHERS = {
    "spoken": (SOUNDS, SPOKEN),
    "hummed": (SOUNDS + "\nlayout = sequence", HUMMED),
    "row": (ROWS, ROW),
    "unscaled": (ROWS + "\ntarget_mean = 0 0\ntarget_std = 1 1", ROW),
}

NETS = {"plain": PLAIN, "rich": RICH, "gated": GATED, "clipped": CLIPPED}
INTEGERS = {"exact": EXACT, "planes": PLANES}


RATE, SAMPLES = 16000, 3200


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


def hear(label, random):
    """A tone amid noise."""
    time = numpy.arange(SAMPLES) / RATE
    tone = numpy.sin(2 * numpy.pi * 400 * (1 + 2 * label) * time) * random.uniform(0.1, 0.5)
    return ((tone + 0.1 * random.normal(size=SAMPLES)) * 32767).clip(-32768, 32767).astype("<i2")


def make_sounds(folder="sounds"):
    random = numpy.random.default_rng(2)
    for split in ("train", "test"):
        for label, name in enumerate(("high", "low")):
            os.makedirs(f"{folder}/{split}/{name}")
            for i in range(TEST_IMAGES // 2):
                with wave.open(f"{folder}/{split}/{name}/{i:02}.wav", "wb") as file:
                    file.setparams((1, 2, RATE, SAMPLES, "NONE", ""))
                    file.writeframes(hear(1 - label, random).tobytes())


def make_rows(folder="rows"):
    """Eighths, which are the same in decimal and as floats."""
    random = numpy.random.default_rng(3)
    os.makedirs(folder)
    for split in ("train", "test"):
        x = random.integers(-80, 80, (TEST_IMAGES, 5)) / 8
        y = numpy.stack([3 * x[:, 0] - x[:, 1], 100 + x[:, 2] * x[:, 3]], axis=1)
        numpy.savetxt(f"{folder}/{split}.csv", numpy.concatenate([x, y], axis=1), "%.9g", ",", comments="",
                      header="a,b,c,d,e,y,z")


def given(name):
    """What the test split of the network's data is for an exported program: a row for each example."""
    data = OTHERS[name][0] if name in OTHERS else IMAGES
    if data.startswith(SOUNDS):
        paths = [f"sounds/test/{c}/{i:02}.wav" for c in ("high", "low") for i in range(TEST_IMAGES // 2)]
        return numpy.stack([numpy.fromfile(path, "<i2", offset=44) for path in paths])
    if data.startswith(ROWS):
        return numpy.loadtxt("rows/test.csv", numpy.float32, delimiter=",", skiprows=1)[:, :5]
    return test_images().transpose(0, 2, 3, 1).reshape(TEST_IMAGES, -1)


def flags(name):
    """What the compiler of exported.h is told of the network."""
    data = OTHERS[name][0] if name in OTHERS else IMAGES
    if data.startswith(SOUNDS):
        at = "b * SIZE(_FRAMES) + t" if "sequence" in data else "t * SIZE(_BANDS) + b"
        return ["-DSOUNDS", f"-DFEATURE_AT(t,b)=({at})"]
    return ["-DROWS"] if data.startswith(ROWS) else []


def run(*arguments):
    return subprocess.run(arguments, check=True, capture_output=True, text=True).stdout


def train(espalier, name):
    """A run directory of that network, dense and pruned to 90 %."""
    with open(f"{name}.ini", "w", encoding="ascii") as file:
        data, layers = OTHERS[name] if name in OTHERS else (IMAGES, {**NETS, **INTEGERS}[name])
        file.write(CONFIG.format(data=data, train="loss = mse" if data.startswith(ROWS) else "") + layers)
    run(espalier, "run", f"{name}.ini", "-o", name)


def quantise(espalier, name, bits=8):
    """The same network with integers, NAME8."""
    run(espalier, "compress", name, "-o", f"{name}{bits}", "compress.steps=quantise", f"compress.quantise_bits={bits}")


def logits(espalier, weights, *overrides):
    """What `espalier eval` computes, to the bit: logits, or targets."""
    run(espalier, "eval", weights, "--logits", "logits.csv", *overrides)
    with open("logits.csv", encoding="ascii") as file:
        columns = [i for i, name in enumerate(file.readline().split(",")) if name.startswith(("logit", "predicted"))]
    return numpy.loadtxt("logits.csv", delimiter=",", skiprows=1, usecols=columns).astype(numpy.float32)
