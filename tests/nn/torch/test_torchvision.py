#!/usr/bin/env python3
"""The networks for large images beside torchvision's: the same logits from the same weights, taken over in both
directions by the tables of names in configs/names.

usage: test_torchvision.py ESPALIER

The weights are drawn at random, and batch norms have the statistics of what passed them. Without torchvision the test
is skipped."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

try:
    import numpy
    import torch
    import torchvision
except ImportError:
    sys.exit(77)

TREE = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(TREE / "tests"))
import samples

ESPALIER = os.path.abspath(sys.argv.pop(1))
CLASSES, IMAGES, SIDE = 7, 3, 224
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
CONFIG = f"""[data]
dataset = folder
path = pictures
mean = {" ".join(map(str, MEAN))}
std = {" ".join(map(str, STD))}
[model]
input = 3x{SIDE}x{SIDE}
[train]
epochs = 0
batch = 16
[prune]
method = none
"""


def names(network):
    return f"{TREE}/configs/names/torchvision-{network}.txt"


def run(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode:
        raise AssertionError(done.stderr)


def script(name, *arguments):
    run(sys.executable, TREE / "scripts" / name, *arguments)


def make_pictures():
    """Of each class one to train on, which nothing is; IMAGES of one class to compare on, as they return."""
    pixels = numpy.random.default_rng(3).integers(0, 256, (IMAGES, SIDE, SIDE, 3), dtype=numpy.uint8)
    pixels[1] = pixels[1] // 4  # a dark one
    pixels[2] = (pixels[2] // 8 + numpy.arange(SIDE, dtype=numpy.uint8)[:, None]).astype(numpy.uint8)
    for number in range(CLASSES):
        samples.rgb(f"pictures/train/c{number}/0.png", pixels[0])
    for number, picture in enumerate(pixels):
        samples.rgb(f"pictures/test/c0/{number}.png", picture)
    values = torch.from_numpy(pixels).permute(0, 3, 1, 2) / 255 - torch.tensor(MEAN)[:, None, None]
    return values / torch.tensor(STD)[:, None, None]


def make_network(name):
    """With scales, shifts and statistics that are not those of a new one."""
    torch.manual_seed(1)
    net = getattr(torchvision.models, name)(num_classes=CLASSES)
    norms = [module for module in net.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    for norm in norms:
        torch.nn.init.uniform_(norm.weight, 0.5, 1.5)
        torch.nn.init.normal_(norm.bias, 0, 0.3)
        norm.momentum = None  # the mean of all passes
    with torch.no_grad():
        for _ in range(2):
            net(torch.randn(2, 3, SIDE, SIDE))
    return net.eval()


def our_logits(weights, engine):
    run(ESPALIER, "eval", weights, "--engine", engine, "--logits", "logits.csv", "data.path=pictures")
    return numpy.loadtxt("logits.csv", delimiter=",", skiprows=1)[:, 2:]


def setUpModule():
    global images
    folder = tempfile.TemporaryDirectory()
    unittest.addModuleCleanup(folder.cleanup)
    os.chdir(folder.name)
    images = make_pictures()
    pathlib.Path("net.ini").write_text(CONFIG)


class Torchvision(unittest.TestCase):
    def compare(self, net, weights, name):
        with torch.no_grad():
            theirs = net(images).numpy()
        for engine in "lanes", "predictor":
            ours = our_logits(weights, engine)
            error = numpy.abs(ours - theirs).max() / max(1, numpy.abs(theirs).max())
            print(f"{name}, {engine}: logits up to {numpy.abs(theirs).max():.2f}, differ by {error:.1e}")
            self.assertLess(error, 1e-4, f"{name}, {engine}")

    def take_over(self, name, state):
        """The network NAME of a state_dict, in the folder NAME."""
        torch.save(state, "net.pt")
        script("from-torch", "net.pt", "net.safetensors")
        run(ESPALIER, "run", "net.ini", "-o", name, f"model.arch={name}-imagenet", "model.weights=net.safetensors",
            f"model.weight_names={names(name)}")

    def check(self, name, theirs):
        """Their weights here, and back."""
        net = make_network(theirs)
        state = net.state_dict()
        self.take_over(name, state)
        self.compare(net, f"{name}/dense.safetensors", name)
        script("to-torch", f"{name}/dense.safetensors", "back.pt", names(name))
        back = torch.load("back.pt", weights_only=True)
        self.assertEqual(set(back), {key for key in state if not key.endswith("num_batches_tracked")})
        for key, value in back.items():
            self.assertTrue(torch.equal(value, state[key]), key)

    def test_resnet18(self):
        self.check("resnet18", "resnet18")

    def test_resnet34(self):
        self.check("resnet34", "resnet34")

    def test_resnet50(self):
        self.check("resnet50", "resnet50")

    def test_mobilenetv2(self):
        self.check("mobilenetv2", "mobilenet_v2")


if __name__ == "__main__":
    unittest.main()
