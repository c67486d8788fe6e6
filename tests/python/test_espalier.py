#!/usr/bin/python3
"""The module in python/, on a run and a sweep that the command makes, and on files that nobody
should trust.

usage: test_espalier.py ESPALIER"""

import contextlib
import io
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path.cwd()
sys.path.insert(0, str(ROOT / "python"))
sys.dont_write_bytecode = True
try:
    import numpy
except ImportError:
    print("no numpy")
    sys.exit(77)
import espalier

ESPALIER = sys.argv[1]
# As the examples in docs/python.md call them.
RUN, SWEEP = "runs/quickstart", "runs/renda2020-short"
CONFIG = """[run]
threads = 1
[data]
dataset = shapes
train = 256
test = 64
validation = 64
[model]
arch = custom
layers =
  conv 8 3x3 stride 4
  bn
  relu
  residual body
    conv 8 3x3
    bn
  end
  global_avgpool
  flatten
  linear classes
[train]
epochs = 2
batch = 32
[prune]
method = magnitude
sparsity = 0.9
retrain_epochs = 1
"""
ROUNDS = "schedule = iterative\nrounds = 3\n"
AXES = """schedule = one-shot
[sweep]
prune.method = magnitude random
prune.sparsity = 0.5 0.9
run.seed = 1 2
"""


def make(command, config, output):
    pathlib.Path("config.ini").write_text(config)
    subprocess.run([ESPALIER, command, "config.ini", "-o", output], check=True, capture_output=True)


def setUpModule():
    folder = tempfile.mkdtemp()
    unittest.addModuleCleanup(shutil.rmtree, folder)
    os.chdir(folder)
    make("run", CONFIG + ROUNDS, RUN)
    make("sweep", CONFIG + AXES, SWEEP)


class Runs(unittest.TestCase):
    def setUp(self):
        self.run_ = espalier.Run(RUN)

    def test_a_configuration_has_all_keys_and_whole_values(self):
        config = self.run_.config
        self.assertEqual(config["prune"]["rounds"], "3")
        self.assertEqual(config["train"]["momentum"], "0.9")
        layers = config["model"]["layers"].split("\n")
        self.assertEqual(layers[0], "conv 8 3x3 stride 4")
        self.assertEqual(layers[3:7], ["residual body", "conv 8 3x3", "bn", "end"])

    def test_tables_say_what_the_result_says(self):
        run = self.run_
        self.assertTrue(run.finished)
        self.assertEqual([row["round"] for row in run.results], [0, 1, 2, 3])
        self.assertEqual(run.rounds["round"].tolist(), [1, 2, 3])
        for column in ("sparsity", "test_accuracy", "validation_accuracy", "macs_effective"):
            in_json = [row[column] for row in run.results[1:]]
            numpy.testing.assert_allclose(run.rounds[column], in_json, rtol=1e-5)
        self.assertEqual(len(run.log), 2 + 3)
        self.assertEqual(run.layers["weights"][run.layers["round"] == 3].sum(), 216 + 576 + 80)

    def test_a_cell_without_a_value_is_nan(self):
        self.assertTrue(numpy.isnan(self.run_.rounds["macs_executed"]).all())
        self.assertEqual(self.run_.kernels["layer"][0], "conv1")

    def test_a_confusion_matrix_counts_all_test_images(self):
        for number in (0, 3):
            matrix = self.run_.confusion_matrix(number)
            self.assertEqual((matrix.shape, matrix.sum()), ((10, 10), 64))
            self.assertAlmostEqual(matrix.trace() / 64, self.run_.results[number]["test_accuracy"])
        with self.assertRaises(KeyError):
            self.run_.confusion_matrix(1)

    def test_images_that_turned_account_for_the_change(self):
        run, turned = self.run_, self.run_.turned
        won = (turned["label"] == turned["answer"]).sum()
        lost = (turned["label"] == turned["answer_dense"]).sum()
        self.assertEqual(won + lost, len(turned))
        change = run.results[-1]["test_accuracy"] - run.results[0]["test_accuracy"]
        self.assertAlmostEqual((won - lost) / 64, change)

    def test_masks_change_once_a_round_and_each_layer_costs_something(self):
        run = self.run_
        self.assertEqual(run.sparsity["stage"].tolist(), [1, 2, 3])
        numpy.testing.assert_allclose(run.sparsity["sparsity"], run.rounds["sparsity"], rtol=1e-5)
        self.assertEqual(len(run.costs), 4 * (len(set(run.layers["layer"])) + 1))
        self.assertTrue((run.costs["milliseconds"] >= 0).all())

    def test_masks_are_what_the_sparsity_says(self):
        run = self.run_
        for number, masks in ((3, run.masks()), (3, run.masks(3)), (1, run.masks(1))):
            kept = sum(mask.sum() for mask in masks.values())
            self.assertEqual(kept, run.results[number]["weights_nonzero"])
        weights, masks = run.weights(), run.masks()
        self.assertEqual(set(masks), {"conv1.weight", "body.conv1.weight", "linear1.weight"})
        for name, mask in masks.items():
            self.assertEqual(mask.dtype, bool)
            self.assertFalse(weights[name][~mask].any())

    def test_weights_are_floats_by_name_with_the_network_beside_them(self):
        weights = self.run_.weights(0)
        self.assertEqual(weights["body.conv1.weight"].shape, (8, 8, 3, 3))
        self.assertEqual(weights["body.conv1.weight"].dtype, numpy.float32)
        self.assertTrue(weights.metadata["espalier.layers"].startswith("conv 8 3x3 stride 4\n"))

    def test_a_directory_without_a_run_is_refused(self):
        with self.assertRaisesRegex(espalier.FormatError, "no config.ini"):
            espalier.Run("runs")
        with self.assertRaisesRegex(espalier.FormatError, "no sweep.ini"):
            espalier.Sweep(RUN)


class Curves(unittest.TestCase):
    def test_a_sweep_has_a_curve_for_each_method(self):
        sweep = espalier.Sweep(SWEEP)
        self.assertEqual(len(sweep.runs), 8)
        found = {curve.label: curve for curve in espalier.curves(sweep)}
        self.assertEqual(set(found), {"prune.method=magnitude", "prune.method=random"})
        for method in ("magnitude", "random"):
            rows = sweep.summary[sweep.summary["prune.method"] == method]
            curve = found[f"prune.method={method}"]
            numpy.testing.assert_allclose(curve.sparsity, [0, 0.5, 0.9], atol=1e-3)
            self.assertEqual(curve.seeds.tolist(), [2, 2, 2])
            for level, row in ((0, 0), (1, 1), (2, 3)):
                self.assertAlmostEqual(curve.mean[level], rows["test_accuracy_mean"][row], 5)
                self.assertAlmostEqual(curve.sd[level], rows["test_accuracy_sd"][row], 5)

    def test_one_seed_has_no_deviation(self):
        (curve,) = espalier.curves(RUN, "validation_accuracy")
        self.assertEqual(curve.label, "")
        self.assertEqual(curve.seeds.tolist(), [1, 1, 1, 1])
        self.assertTrue(numpy.isnan(curve.sd).all())

    def test_runs_of_several_places_are_told_apart(self):
        labels = [curve.label for curve in espalier.curves([RUN, pathlib.Path(SWEEP)])]
        self.assertEqual(len(set(labels)), 3)
        self.assertIn("prune.schedule=iterative", labels[0])

    def test_thresholds_are_levels_too(self):
        for seed, threshold, sparsity in ((1, 0.1, 0.3), (2, 0.1, 0.5), (1, 0.2, 0.8)):
            place = pathlib.Path("thresholds") / f"{threshold}-{seed}"
            place.mkdir(parents=True)
            text = f"[run]\nseed = {seed}\n[prune]\nthreshold = {threshold}\n"
            (place / "config.ini").write_text(text)
            dense = {"round": 0, "sparsity_requested": 0, "sparsity": 0, "test_accuracy": 1}
            row = {"round": 1, "sparsity_requested": None, "sparsity": sparsity, "test_accuracy": sparsity}
            result = {"status": "finished", "dense": dense, "rounds": [row]}
            (place / "result.json").write_text(json.dumps(result))
        (curve,) = espalier.curves("thresholds")
        self.assertEqual(curve.sparsity.tolist(), [0, 0.4, 0.8])
        self.assertEqual(curve.seeds.tolist(), [2, 2, 1])

    def test_nothing_gives_no_curves(self):
        self.assertEqual(espalier.curves("."), [])


class OldFiles(unittest.TestCase):
    def test_old_spellings_have_the_names_of_today(self):
        pathlib.Path("old").mkdir()
        config = "[run]\nseed = 4\n[prune]\nmethod = l1 ; a comment\n"
        pathlib.Path("old/config.ini").write_text(config)
        row = {"round": 0, "sparsity_requested": 0, "sparsity": 0, "val_accuracy": 0.5}
        result = {"status": "finished", "dense": row, "rounds": []}
        pathlib.Path("old/result.json").write_text(json.dumps(result))
        pathlib.Path("old/log.csv").write_text("epoch,val_accuracy\n1,0.25\n2,\n")
        run = espalier.Run("old")
        self.assertEqual(run.config["prune"]["method"], "l1")
        self.assertEqual(run.result["dense"]["validation_accuracy"], 0.5)
        self.assertEqual(run.log["validation_accuracy"][0], 0.25)
        self.assertEqual(espalier.curves("old", "validation_accuracy")[0].mean.tolist(), [0.5])


def file_of(header, data=b"", length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text + data


def entry(shape, offsets, dtype="F32"):
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


EIGHT = bytes(8)
DAMAGED = {
    "an empty file": b"",
    "a short prefix": b"1234567",
    "a header that is longer than the file": file_of({}, length=3),
    "a header of all memory": file_of({}, length=2**64 - 1),
    "no JSON": file_of(b"{"),
    "no UTF-8": file_of(b"\xff\xfe"),
    "no object": file_of([]),
    "depth": file_of(b"[" * 200000),
    "a number of many digits": file_of(b'{"t":' + b"9" * 5000 + b"}"),
    "a name twice": file_of(b'{"t":{},"t":{}}'),
    "an entry that is no object": file_of({"t": 1}),
    "an entry without offsets": file_of({"t": {"dtype": "F32", "shape": [2]}}, EIGHT),
    "an unknown type": file_of({"t": entry([2], [0, 8], "I32")}, EIGHT),
    "a type that is no text": file_of({"t": entry([2], [0, 8], ["F32"])}, EIGHT),
    "a negative extent": file_of({"t": entry([-2], [0, 8])}, EIGHT),
    "a fraction": file_of({"t": entry([2.0], [0, 8])}, EIGHT),
    "truth as an extent": file_of({"t": entry([True, 2], [0, 8])}, EIGHT),
    "too large a shape": file_of({"t": entry([2**62, 4], [0, 8])}, EIGHT),
    "too small a shape": file_of({"t": entry([1], [0, 8])}, EIGHT),
    "three offsets": file_of({"t": entry([2], [0, 8, 8])}, EIGHT),
    "an end before the beginning": file_of({"t": entry([0], [8, 0])}, EIGHT),
    "an end behind the file": file_of({"t": entry([4], [0, 16])}, EIGHT),
    "an overlap": file_of({"a": entry([1], [0, 4]), "b": entry([2], [0, 8])}, EIGHT),
    "a gap": file_of({"t": entry([1], [4, 8])}, EIGHT),
    "bytes at the end": file_of({"t": entry([1], [0, 4])}, EIGHT),
    "metadata that are no texts": file_of({"__metadata__": {"a": 1}}),
    "a wrong checksum": file_of(
        {"__metadata__": {"sha256.t": "0" * 64}, "t": entry([2], [0, 8])}, EIGHT
    ),
    "a wrong checksum of texts": file_of({"__metadata__": {"a": "b", "sha256": "0" * 64}}),
}


class HostileFiles(unittest.TestCase):
    def test_damaged_weights_are_refused_in_one_line(self):
        for what, data in DAMAGED.items():
            with self.subTest(what):
                pathlib.Path("bad.safetensors").write_bytes(data)
                with self.assertRaises(espalier.FormatError) as caught:
                    espalier.read_tensors("bad.safetensors")
                self.assertRegex(str(caught.exception), r"\Abad\.safetensors: .+\Z")

    def test_no_cut_of_a_real_file_is_taken_for_whole(self):
        data = espalier.Run(RUN).weights_path().read_bytes()
        for length in range(0, len(data), 97):
            pathlib.Path("cut.safetensors").write_bytes(data[:length])
            with self.assertRaises(espalier.FormatError):
                espalier.read_tensors("cut.safetensors")

    def test_a_flipped_bit_is_seen_unless_nobody_looks(self):
        data = bytearray(espalier.Run(RUN).weights_path().read_bytes())
        data[-1] ^= 1
        pathlib.Path("flipped.safetensors").write_bytes(data)
        with self.assertRaisesRegex(espalier.FormatError, "SHA-256"):
            espalier.read_tensors("flipped.safetensors")
        self.assertIn("linear1.bias", espalier.read_tensors("flipped.safetensors", verify=False))

    def test_a_sound_file_of_another_program_is_read(self):
        header = {"a": entry([2, 1], [1, 9]), "none": entry([0, 3], [1, 1])}
        header["u"] = entry([], [0, 1], "U8")
        pathlib.Path("sound.safetensors").write_bytes(file_of(header, b"\7" + EIGHT))
        tensors = espalier.read_tensors("sound.safetensors")
        self.assertEqual([tensors[name].shape for name in ("a", "none", "u")], [(2, 1), (0, 3), ()])
        self.assertEqual((tensors["u"], tensors.metadata), (7, {}))

    def test_damaged_tables_and_results_are_refused(self):
        for text in ("", "a,a\n1,2\n", "a,b\n1\n", 'a\n"1\n', "a,\n1,2\n"):
            pathlib.Path("bad.csv").write_text(text)
            with self.subTest(text), self.assertRaises(espalier.FormatError):
                espalier.read_table("bad.csv")
        pathlib.Path("bad").mkdir()
        pathlib.Path("bad/config.ini").write_text("[run]\nseed = 1\n")
        for text in ("", "[]", "[" * 200000, '{"dense": {}, "rounds": [1]}'):
            pathlib.Path("bad/result.json").write_text(text)
            with self.subTest(text[:40]), self.assertRaises(espalier.FormatError):
                espalier.Run("bad").results
        pathlib.Path("bad/config.ini").write_text("seed = 1\n")
        with self.assertRaisesRegex(espalier.FormatError, "config.ini:1: "):
            espalier.Run("bad").config


class Document(unittest.TestCase):
    def test_the_examples_run(self):
        text = (ROOT / "docs/python.md").read_text()
        blocks = [block for block in re.findall(r"(?:^    .*\n)+", text, re.M) if "import" in block]
        self.assertEqual(len(blocks), 3)
        for block in blocks:
            output = io.StringIO()
            with self.subTest(block), contextlib.redirect_stdout(output):
                exec(re.sub("^    ", "", block, flags=re.M), {})
            self.assertTrue(output.getvalue())

    def test_the_version_is_that_of_the_engine(self):
        meson, package = (ROOT / "meson.build", ROOT / "python/pyproject.toml")
        version = re.search(r"version: '([^']*)'", meson.read_text())[1]
        self.assertEqual(espalier.__version__, version)
        self.assertIn(f'\nversion = "{version}"\n', package.read_text())


unittest.main(argv=sys.argv[:1])
