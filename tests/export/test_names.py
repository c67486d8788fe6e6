#!/usr/bin/python3
"""Weights that come from elsewhere, under names of their own; and back. Without torch: what scripts/to-torch and
from-torch make of .npz files.

usage: test_names.py ESPALIER"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

import numpy

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../../python")]
import espalier
import nets

ESPALIER = sys.argv.pop(1)
SCRIPTS = os.path.join(HERE, "../../scripts")
CONFIGS = os.path.join(HERE, "../../configs")
os.environ["ESPALIER_DATA"] = os.path.join(HERE, "../..")
NAMES = """# ours theirs
conv1 features.0
bn1 features.1
conv2 features.4      # has a bias
linear1 classifier.0
bn2 classifier.1
linear2.weight head.kernel
linear2.bias head.offset
"""
TAKE_OVER = ("train.epochs=0", "prune.method=none")


def script(name, *arguments):
    return nets.run(sys.executable, os.path.join(SCRIPTS, name), *arguments)


def setUpModule():
    folder = tempfile.mkdtemp()
    unittest.addModuleCleanup(shutil.rmtree, folder)
    os.chdir(folder)
    nets.make_images()
    nets.train(ESPALIER, "plain")
    pathlib.Path("names.txt").write_text(NAMES, encoding="ascii")
    script("to-torch", "plain/dense.safetensors", "state.npz", "names.txt")


def take_over(out, names="names.txt", weights="state.safetensors"):
    return subprocess.run([ESPALIER, "run", "plain.ini", "-o", out, f"model.weights={weights}",
                           f"model.weight_names={names}", *TAKE_OVER], capture_output=True, text=True, check=False)


def same_logits(a, b):
    numpy.testing.assert_array_equal(nets.logits(ESPALIER, a), nets.logits(ESPALIER, b))


def same_tensors(a, b):
    a, b = espalier.read_tensors(a), espalier.read_tensors(b)
    assert set(a) == set(b)
    for name, array in a.items():
        numpy.testing.assert_array_equal(array, b[name])


class Names(unittest.TestCase):
    def test_names_of_a_state_dict(self):
        state = numpy.load("state.npz")
        wanted = {"features.0.weight", "features.1.running_var", "classifier.1.weight", "head.kernel"}
        self.assertLessEqual(wanted, set(state))
        self.assertEqual(state["features.0.weight"].shape, (16, 3, 3, 3))

    def test_there_and_back_is_the_same_network(self):
        script("from-torch", "state.npz", "state.safetensors")
        self.assertEqual(take_over("back").returncode, 0)
        same_logits("back", "plain/dense.safetensors")

    def test_other_widths_and_tensors_that_nobody_needs(self):
        state = dict(numpy.load("state.npz"))
        wide = {name: array.astype(numpy.float64) for name, array in state.items()}
        wide["features.1.num_batches_tracked"] = numpy.array(7)
        wide["seen"] = numpy.array([True, False])
        numpy.savez("wide.npz", **wide)
        script("from-torch", "wide.npz", "wide.safetensors")
        self.assertEqual(take_over("widened", weights="wide.safetensors").returncode, 0)
        same_logits("widened", "plain/dense.safetensors")

    def test_what_is_no_state_is_refused_in_a_line(self):
        pathlib.Path("junk.npz").write_bytes(b"junk")
        numpy.savez("complex.npz", a=numpy.array([1j]))
        pathlib.Path("one.txt").write_text("conv1 features.0\n\nbn1\n", encoding="ascii")
        for name, arguments, text in (
            ("from-torch", ("junk.npz", "no.safetensors"), "junk.npz: no .npz of arrays"),
            ("from-torch", ("nowhere.npz", "no.safetensors"), "nowhere.npz: no .npz of arrays"),
            ("from-torch", ("complex.npz", "no.safetensors"), "a: numbers of type complex128; expected bfloat16,"),
            ("from-torch", ("state.npz", "nowhere/no.safetensors"), "nowhere/no.safetensors: No such file"),
            ("to-torch", ("plain", "no.npz"), "plain: Is a directory"),
            ("to-torch", ("nowhere.safetensors", "no.npz"), "nowhere.safetensors: No such file"),
            ("to-torch", ("junk.npz", "no.npz"), "junk.npz: "),
            ("to-torch", ("plain/dense.safetensors", "no.npz", "one.txt"), "one.txt:3: expected two names"),
        ):
            done = subprocess.run([sys.executable, os.path.join(SCRIPTS, name), *arguments], capture_output=True,
                                  text=True, check=False)
            self.assertEqual((done.returncode, len(done.stderr.splitlines())), (2, 1), done.stderr)
            self.assertIn(text, done.stderr)
        self.assertFalse([name for name in os.listdir() if name.startswith("no.")])

    def test_names_may_change_places(self):
        state = dict(numpy.load("state.npz"))
        own = {"conv2.weight": state["features.0.weight"], "conv1.weight": state["features.4.weight"],
               "conv1.bias": state["features.4.bias"]}
        for theirs, ours in (("features.1", "bn1"), ("classifier.1", "bn2")):
            for word, our in (("weight", "scale"), ("bias", "shift"), ("running_mean", "mean"), ("running_var", "var")):
                own[f"{ours}.{our}"] = state[f"{theirs}.{word}"]
        own |= {"linear1.weight": state["classifier.0.weight"], "linear2.weight": state["head.kernel"],
                "linear2.bias": state["head.offset"]}
        numpy.savez("own.npz", **own)
        script("from-torch", "own.npz", "own.safetensors")
        pathlib.Path("swap.txt").write_text("conv1 conv2\nconv2 conv1\n", encoding="ascii")
        self.assertEqual(take_over("swapped", "swap.txt", "own.safetensors").returncode, 0)
        same_logits("swapped", "plain/dense.safetensors")

    def test_tables_that_come_with_the_networks(self):
        """Found by their names. Every layer has a line, since the tensors have no other name of ours left."""
        for network in "resnet18", "resnet34", "resnet50", "mobilenetv2":
            small = (f"model.arch={network}-imagenet", "model.width=0.1", *TAKE_OVER)
            names = f"names/torchvision-{network}.txt"
            nets.run(ESPALIER, "run", "plain.ini", "-o", network, *small)
            script("to-torch", f"{network}/dense.safetensors", "theirs.npz", os.path.join(CONFIGS, names))
            script("from-torch", "theirs.npz", "theirs.safetensors")
            nets.run(ESPALIER, "run", "plain.ini", "-o", f"{network}-back", *small, "run.seed=2",
                     "model.weights=theirs.safetensors", f"model.weight_names={names}")
            same_tensors(f"{network}/dense.safetensors", f"{network}-back/dense.safetensors")

    def test_bad_tables_are_refused_with_their_line(self):
        script("from-torch", "state.npz", "state.safetensors")
        for table, text in (
            ("conv1\n", "bad.txt:1: expected two names"),
            ("\nconv1 a b\n", "bad.txt:2: expected two names"),
            ("conv9 features.0\n", "bad.txt:1: the network has no layer or parameter 'conv9'"),
            ("conv1 feat.0\n", "state.safetensors has no tensor 'feat.0.weight'"),
            ("conv1.weight kernel\n", "state.safetensors has no tensor 'kernel'"),
            ("conv1 features.0\nconv1.weight head.kernel\n", "bad.txt:2: 'conv1.weight' has a tensor already"),
            ("conv1 features.0\n", "state.safetensors: no tensor 'bn1.scale'"),
            ("conv1 features.0\0\n", "bad.txt: has a zero byte; expected a text"),
        ):
            pathlib.Path("bad.txt").write_bytes(table.encode())
            done = take_over("bad", "bad.txt")
            self.assertEqual((done.returncode, len(done.stderr.splitlines())), (2, 1), done.stderr)
            self.assertIn(text, done.stderr)
            self.assertFalse(os.path.exists("bad"))
        self.assertIn("nowhere.txt", take_over("bad", "nowhere.txt").stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
