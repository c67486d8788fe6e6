#!/usr/bin/python3
"""Exported C programs, compiled and run on this machine: the bits of `espalier eval`.

usage: test_c.py ESPALIER COMPILER"""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

import numpy

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import nets

COMPILER = sys.argv.pop(2)
ESPALIER = sys.argv.pop(1)
CLASSES = "airplane automobile bird cat deer dog frog horse ship truck".split()
INTEGERS = [("plain", 8), ("exact", 8), ("exact", 4), ("planes", 2), ("spoken", 8), ("unscaled", 8)]
STRICT = ["-std=c99", "-O1", "-pedantic", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror"]


def setUpModule():
    folder = tempfile.mkdtemp()
    unittest.addModuleCleanup(shutil.rmtree, folder)
    os.chdir(folder)
    nets.make_images()
    nets.make_sounds()
    nets.make_rows()
    for name in (*nets.NETS, *nets.INTEGERS, *nets.OTHERS):
        nets.train(ESPALIER, name)
    for name, bits in INTEGERS:
        nets.quantise(ESPALIER, name, bits)


def compile_object(name, *flags):
    nets.run(*COMPILER.split(), *STRICT, *flags, "-c", f"{name}.c", "-o", f"{name}.o")


def build(name, net, *flags):
    compile_object(name, *flags)
    nets.run(*COMPILER.split(), f'-DHEADER="{name}.h"', f"-DLOWER={name}", f"-DUPPER={name.upper()}", *nets.flags(net),
             "-I.", os.path.join(HERE, "run_network.c"), f"{name}.o", "-o", f"run-{name}")


def run(name, net):
    """The answers for the test split of the network's data, as the program computes them."""
    examples = numpy.ascontiguousarray(nets.given(net)).tobytes()
    out = subprocess.run([f"./run-{name}"], input=examples, check=True, capture_output=True).stdout
    rows = [[int(word, 16) for word in line.split()] for line in out.decode().splitlines()]
    return numpy.array(rows, numpy.uint32)


def bits(name):
    return nets.logits(ESPALIER, name, "model.convolution=direct").view(numpy.uint32)


class Program(unittest.TestCase):
    def check(self, name, net, weights, *flags):
        nets.run(ESPALIER, "export", weights, "-o", f"{name}.c")
        build(name, net, *flags)
        numpy.testing.assert_array_equal(run(name, net), bits(weights))

    def test_the_bits_are_those_of_eval_for_every_layer(self):
        for name in nets.NETS:
            self.check(name, name, name)

    def test_integers_are_those_of_eval(self):
        for name, bits in INTEGERS:
            with self.subTest(net=name, bits=bits):
                self.check(f"{name}{bits}", name, f"{name}{bits}")

    def test_sounds_are_heard_and_rows_read_as_eval_does(self):
        for name in ("spoken", "hummed", "unscaled"):
            with self.subTest(net=name):
                self.check(name, name, name)

    def test_targets_are_in_their_units(self):
        nets.run(ESPALIER, "export", "row", "-o", "row.c")
        build("row", "row")
        wanted = nets.logits(ESPALIER, "row")
        self.assertGreater(wanted[:, 1].min(), 10)  # z is about 100
        numpy.testing.assert_allclose(run("row", "row").view(numpy.float32), wanted, rtol=1.2e-7)
        with open("row.h", encoding="ascii") as file:
            text = file.read()
        self.assertIn("void row_run(const float *features, float *targets);", text)
        self.assertNotIn("LOGITS", text)

    def test_integers_need_little_memory(self):
        printed = {name: nets.run(ESPALIER, "export", name, "-o", "memory.c").split() for name in ("plain", "plain8")}
        ram = {name: int(words[words.index("RAM:") + 1]) for name, words in printed.items()}
        # 3x32x32 pixels and 16x16x16 numbers, and 16x16 sums
        self.assertEqual(ram, {"plain": 4 * (3072 + 4096), "plain8": 3072 + 4096 + 4 * 256})

    def test_integers_need_no_floating_point_but_for_the_logits(self):
        nets.run(ESPALIER, "export", "exact8", "-o", "whole.c")
        with open("whole.c", encoding="ascii") as file:
            floats = [line for line in file if "float" in line and not line.startswith((" *", "#"))]
        self.assertEqual(len(floats), 4, floats)

    def test_a_dense_network(self):
        self.check("dense", "gated", "gated/dense.safetensors")

    def test_nothing_but_the_c_file_is_needed(self):
        """No allocation, no libm: what the object leaves open is what any compiler may call."""
        for name in ("rich", "spoken", "row", "unscaled8"):
            nets.run(ESPALIER, "export", name, "-o", "bare.c")
            compile_object("bare", "-fno-pic")
            wanted = set(nets.run("nm", "-u", "bare.o").replace("U", "").split())
            self.assertLessEqual(wanted, {"memcpy", "memset", "memmove"})

    def test_a_processor_that_fuses_and_one_that_does_not_agree(self):
        with open("/proc/cpuinfo", encoding="ascii") as file:
            if "fma" not in file.read().split():
                self.skipTest("no fused multiply-add here")
        for name in ("rich", "spoken"):
            self.check("fused", name, name, "-mfma", "-O3", "-std=gnu99", "-ffp-contract=fast")

    def test_what_is_printed_is_what_it_takes(self):
        for name in ("plain", "exact8", "spoken"):
            printed = nets.run(ESPALIER, "export", name, "-o", "sized.c").split()
            tables, ram = (int(printed[printed.index(word) + 1]) for word in ("flash:", "RAM:"))
            compile_object("sized", "-fno-pic")
            text, data, bss = (int(n) for n in nets.run("size", "sized.o").splitlines()[1].split()[:3])
            self.assertEqual(data, 0)
            self.assertLess(abs(bss - ram), 64)
            self.assertLess(tables, text)
            self.assertLess(text - tables, 8 * 1024)

    def test_pruned_weights_are_left_out(self):
        size = {}
        for name in ("plain/round-01.safetensors", "plain/dense.safetensors"):
            printed = nets.run(ESPALIER, "export", name, "-o", "size.c").split()
            size[name] = int(printed[printed.index("flash:") + 1])
        self.assertLess(size["plain/round-01.safetensors"], 0.3 * size["plain/dense.safetensors"])


class Example(unittest.TestCase):
    def test_the_program_of_the_documents(self):
        nets.run(ESPALIER, "export", "plain", "-o", "net.c")
        nets.run(*COMPILER.split(), *STRICT, "-I.", os.path.join(HERE, "../../examples/exported_network.c"), "net.c",
                 "-o", "what_is_it")
        image = nets.test_images()[0].transpose(1, 2, 0).tobytes()
        done = subprocess.run(["./what_is_it"], input=b"P6\n32 32\n255\n" + image, capture_output=True, check=True)
        self.assertEqual(done.stdout.decode(), CLASSES[nets.logits(ESPALIER, "plain")[0].argmax()] + "\n")
        done = subprocess.run(["./what_is_it"], input=b"P5\n32 32\n255\n", capture_output=True, check=False)
        self.assertEqual((done.returncode, done.stdout), (2, b""))
        self.assertEqual(done.stderr.decode(), "expected a P6 picture of 32x32 pixels\n")


    def test_the_program_that_listens(self):
        nets.run(ESPALIER, "export", "spoken", "-o", "net.c")
        nets.run(*COMPILER.split(), *STRICT, "-I.", os.path.join(HERE, "../../examples/exported_sounds.c"), "net.c",
                 "-o", "what_is_said")
        names = ["high", "low"]
        answers = [names[i] for i in nets.logits(ESPALIER, "spoken", "model.convolution=direct").argmax(1)]
        for sound, answer in zip(nets.given("spoken"), answers):
            done = subprocess.run(["./what_is_said"], input=sound.tobytes(), capture_output=True, check=True)
            self.assertEqual(done.stdout.decode(), answer + "\n")
        both = numpy.concatenate(nets.given("spoken")[:2]).tobytes()
        done = subprocess.run(["./what_is_said"], input=both, capture_output=True, check=True)
        self.assertEqual(len(done.stdout.split()), 2 * 3200 // 320 - 9)  # frames of 480 each 320 samples


class Refused(unittest.TestCase):
    def refuse(self, out, text, *options):
        done = subprocess.run([ESPALIER, "export", "plain", "-o", out, *options], capture_output=True, text=True,
                              check=False)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn(text, done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1)

    def test_names(self):
        self.refuse("net.exe", "expected a name that ends with .onnx or .c")
        self.refuse("7net.c", "names in the program begin with the file's")
        self.refuse("my net.c", "names in the program begin with the file's")
        self.assertFalse(os.path.exists("7net.c"))

    def test_an_option_of_the_other_form(self):
        self.refuse("both.c", "--sparse: expected with .onnx", "--sparse")
        self.refuse("both.c", "--int8: expected with .onnx", "--int8")
        self.assertFalse(os.path.exists("both.c"))
        self.refuse("both.onnx", "--sparse --int8: expected one of them", "--int8", "--sparse")
        self.refuse("both.onnx", "--int8: the network is not quantised; expected one that", "--int8")
        self.assertFalse(os.path.exists("both.onnx"))

    def test_a_file_of_someone_else_is_kept(self):
        for kept, out in (("hand.c", "hand.c"), ("other.h", "other.c"), ("mine.onnx", "mine.onnx")):
            with open(kept, "w", encoding="ascii") as file:
                file.write("int main(void);\n")
            self.refuse(out, f"{kept}: is there already and was not exported; expected another name")
            with open(kept, encoding="ascii") as file:
                self.assertEqual(file.read(), "int main(void);\n")


if __name__ == "__main__":
    unittest.main(verbosity=2)
