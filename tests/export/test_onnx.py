#!/usr/bin/python3
"""ONNX files, read by programs that share nothing with Espalier: onnx.checker and OpenCV's dnn. What OpenCV 4.6 does
not read, integers with a scale for each output, is run by numpy.

usage: test_onnx.py ESPALIER"""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

import cv2
import numpy
import onnx
from onnx import numpy_helper

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import nets
import onnx_numpy

ESPALIER = sys.argv.pop(1)
# What OpenCV 4.6 cannot read: TopK, and Clip with its bounds as inputs.
BEYOND_OPENCV = {"gated", "clipped"}
INTEGERS = [("plain", 8), ("exact", 8), ("planes", 4)]


def setUpModule():
    folder = tempfile.mkdtemp()
    unittest.addModuleCleanup(shutil.rmtree, folder)
    os.chdir(folder)
    nets.make_images()
    for name in nets.NETS:
        nets.train(ESPALIER, name)
        nets.run(ESPALIER, "export", name, "-o", f"{name}.onnx")
    for name, bits in INTEGERS:
        if name not in nets.NETS:
            nets.train(ESPALIER, name)
        nets.quantise(ESPALIER, name, bits)
        nets.run(ESPALIER, "export", f"{name}{bits}", "-o", f"{name}{bits}.onnx", "--int8")


class Onnx(unittest.TestCase):
    def test_the_checker_accepts_every_network(self):
        for name in (*nets.NETS, *(f"{name}{bits}" for name, bits in INTEGERS)):
            onnx.checker.check_model(onnx.load(f"{name}.onnx"), full_check=True)

    def test_a_batch_of_any_size(self):
        model = onnx.load("rich.onnx")
        for value in (model.graph.input[0], model.graph.output[0]):
            self.assertEqual(value.type.tensor_type.shape.dim[0].dim_param, "N")
        self.assertEqual([d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim[1:]], [3, 32, 32])

    def test_what_stands_beside_the_network(self):
        texts = {p.key: p.value for p in onnx.load("plain.onnx").metadata_props}
        self.assertEqual(len(texts["espalier.classes"].splitlines()), 10)
        self.assertEqual(len(texts["espalier.mean"].split()), 3)
        self.assertIn("conv 16 3x3 stride 2", texts["espalier.layers"])

    def test_opencv_computes_the_same_from_raw_pixels(self):
        images = nets.test_images().astype(numpy.float32)
        for name in set(nets.NETS) - BEYOND_OPENCV:
            net = cv2.dnn.readNetFromONNX(f"{name}.onnx")
            ours = nets.logits(ESPALIER, name)
            net.setInput(images)
            theirs = net.forward()
            self.assertEqual(theirs.shape, ours.shape)
            self.assertLess(numpy.abs(theirs - ours).max() / numpy.abs(ours).max(), 1e-4, name)

    def test_bounds_are_those_of_relu6(self):
        theirs = onnx_numpy.run(onnx.load("clipped.onnx"), nets.test_images().astype(numpy.float32))
        numpy.testing.assert_allclose(theirs, nets.logits(ESPALIER, "clipped"), rtol=1e-4, atol=1e-4)

    def test_batch_norm_behind_a_convolution_is_folded(self):
        kinds = [node.op_type for node in onnx.load("plain.onnx").graph.node]
        self.assertEqual(kinds.count("Conv"), 2)
        self.assertNotIn("Mul", kinds)

    def test_sparse_weights_are_the_dense_ones(self):
        nets.run(ESPALIER, "export", "plain", "-o", "sparse.onnx", "--sparse")
        model, dense = onnx.load("sparse.onnx"), onnx.load("plain.onnx")
        onnx.checker.check_model(model)
        of = {t.name: numpy_helper.to_array(t) for t in dense.graph.initializer}
        self.assertGreater(len(model.graph.sparse_initializer), 0)
        for sparse in model.graph.sparse_initializer:
            filled = numpy.zeros(numpy.prod(sparse.dims), numpy.float32)
            filled[numpy_helper.to_array(sparse.indices)] = numpy_helper.to_array(sparse.values)
            numpy.testing.assert_array_equal(filled.reshape(tuple(sparse.dims)), of[sparse.values.name])

    def test_sparse_files_are_small(self):
        nets.run(ESPALIER, "export", "plain", "-o", "sparse.onnx", "--sparse")
        self.assertLess(os.path.getsize("sparse.onnx"), 0.6 * os.path.getsize("plain.onnx"))

    def test_integers_give_what_eval_does(self):
        """Readers round in other places, so a number may differ by one step; here that moves no logit far."""
        images = nets.test_images().astype(numpy.float32)
        for name, bits in INTEGERS:
            ours = nets.logits(ESPALIER, f"{name}{bits}")
            theirs = onnx_numpy.run(onnx.load(f"{name}{bits}.onnx"), images)
            self.assertLess(numpy.abs(theirs - ours).max() / numpy.abs(ours).max(), 0.02, name)
            numpy.testing.assert_array_equal(theirs.argmax(axis=1), ours.argmax(axis=1))

    def test_integers_are_kept_as_such(self):
        of = {t.name: numpy_helper.to_array(t) for t in onnx.load("planes4.onnx").graph.initializer}
        self.assertEqual(of["conv1.weight.integers"].dtype, numpy.int8)
        self.assertLessEqual(numpy.abs(of["conv1.weight.integers"]).max(), 7)
        self.assertEqual(of["conv1.weight.scale"].shape, (8,))
        self.assertEqual(of["conv1.bias.integers"].dtype, numpy.int32)

    def test_integers_are_asked_for(self):
        done = subprocess.run([ESPALIER, "export", "plain8", "-o", "asked.onnx"], capture_output=True, text=True,
                              check=False)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("the network is quantised; expected --int8", done.stderr)
        self.assertFalse(os.path.exists("asked.onnx"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
