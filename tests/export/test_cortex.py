#!/usr/bin/python3
"""Exported C programs on emulated Cortex-M3 (no floating point), M4F and M7: the bits of `espalier eval`.

usage: test_cortex.py ESPALIER"""

import os
import shutil
import sys
import tempfile
import unittest

import numpy

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import cortex
import nets

ESPALIER = sys.argv.pop(1)
IMAGES = 2
NETS = [*nets.NETS, *(f"{name}8" for name in nets.INTEGERS)]


def setUpModule():
    folder = tempfile.mkdtemp()
    unittest.addModuleCleanup(shutil.rmtree, folder)
    os.chdir(folder)
    nets.make_images()
    for name in (*nets.NETS, *nets.INTEGERS):
        nets.train(ESPALIER, name)
    for name in nets.INTEGERS:
        nets.quantise(ESPALIER, name)
    for name in NETS:
        nets.run(ESPALIER, "export", name, "-o", f"{name}.c")
    nets.run(ESPALIER, "export", "plain/dense.safetensors", "-o", "dense.c")


class Cortex(unittest.TestCase):
    def test_the_bits_are_those_of_eval_on_every_processor(self):
        images = nets.test_images()[:IMAGES]
        for name in NETS:
            wanted = nets.logits(ESPALIER, name, "model.convolution=direct")[:IMAGES].view(numpy.uint32)
            for board in cortex.BOARDS:
                with self.subTest(net=name, board=board):
                    numpy.testing.assert_array_equal(cortex.run(board, name, images)[0], wanted)

    def test_pruned_weights_are_not_multiplied(self):
        images = nets.test_images()[:1]
        pruned, dense = (cortex.run("M4F", name, images)[1][0] for name in ("plain", "dense"))
        self.assertLess(pruned, 0.5 * dense)

    def test_code_is_small(self):
        text, data, _ = cortex.compile_for("M4F", "plain", "-Os")
        printed = nets.run(ESPALIER, "export", "plain", "-o", "plain.c").split()
        self.assertEqual(data, 0)
        self.assertLess(text - int(printed[printed.index("flash:") + 1]), 8 * 1024)


if __name__ == "__main__":
    unittest.main(verbosity=2)
