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
EXAMPLES = 2
# Networks by the names of their directories.
NETS = {name: name for name in (*nets.NETS, "spoken", "unscaled")} | {
    f"{name}8": name for name in (*nets.INTEGERS, "spoken")}


def setUpModule():
    folder = tempfile.mkdtemp()
    unittest.addModuleCleanup(shutil.rmtree, folder)
    os.chdir(folder)
    nets.make_images()
    nets.make_sounds()
    nets.make_rows()
    for name in set(NETS.values()):
        nets.train(ESPALIER, name)
    for name in (*nets.INTEGERS, "spoken"):
        nets.quantise(ESPALIER, name)
    for name in NETS:
        nets.run(ESPALIER, "export", name, "-o", f"{name}.c")
    nets.run(ESPALIER, "export", "plain/dense.safetensors", "-o", "dense.c")


class Cortex(unittest.TestCase):
    def test_the_bits_are_those_of_eval_on_every_processor(self):
        for name, net in NETS.items():
            examples = nets.given(net)[:EXAMPLES]
            wanted = nets.logits(ESPALIER, name, "model.convolution=direct")[:EXAMPLES].view(numpy.uint32)
            for board in cortex.BOARDS:
                with self.subTest(net=name, board=board):
                    found = cortex.run(board, name, examples, defines=nets.flags(net))[0]
                    numpy.testing.assert_array_equal(found, wanted)

    def test_pruned_weights_are_not_multiplied(self):
        images = nets.given("plain")[:1]
        pruned, dense = (cortex.run("M4F", name, images)[1][0] for name in ("plain", "dense"))
        self.assertLess(pruned, 0.5 * dense)

    def test_code_is_small(self):
        text, data, _ = cortex.compile_for("M4F", "plain", "-Os")
        printed = nets.run(ESPALIER, "export", "plain", "-o", "plain.c").split()
        self.assertEqual(data, 0)
        self.assertLess(text - int(printed[printed.index("flash:") + 1]), 8 * 1024)


if __name__ == "__main__":
    unittest.main(verbosity=2)
