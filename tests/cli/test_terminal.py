#!/usr/bin/python3
"""The line that changes while a run goes on: as wide as the terminal, whatever happens to that."""
import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
import unittest

ESPALIER = os.path.abspath(sys.argv.pop(1))
CONFIG = """[run]
threads = 1
[data]
dataset = shapes
train = 512
test = 48
[train]
epochs = 1000
[model]
arch = custom
layers =
  conv 8 3x3 stride 4
  bn
  relu
  flatten
  linear classes
"""
CLEAR = "\r\x1b[K"


def set_columns(terminal, columns):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))


class Terminal:
    """A run in a terminal of so many columns, 0 = one that does not know."""

    def __init__(self, columns, **environment):
        self.master, slave = pty.openpty()
        set_columns(slave, columns)
        self.folder = tempfile.TemporaryDirectory()
        with open(os.path.join(self.folder.name, "a.ini"), "w", encoding="utf-8") as file:
            file.write(CONFIG)
        clean = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "TERM")}
        self.process = subprocess.Popen(
            [ESPALIER, "run", "a.ini", "-o", "a"], stdin=slave, stdout=slave, stderr=slave,
            cwd=self.folder.name,
            env={**clean, "TERM": "xterm", "OMP_WAIT_POLICY": "passive", **environment},
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0), start_new_session=True)
        os.close(slave)
        self.text = ""

    def read(self):
        try:
            part = os.read(self.master, 4096)
        except OSError:  # the other side is closed
            part = b""
        self.text += part.decode("utf-8")
        return bool(part)

    def read_until(self, pattern):
        while not re.search(pattern, self.text, re.S):
            if not self.read():
                raise AssertionError(f"ended without {pattern!r}: {self.text!r}")

    def interrupt(self):
        """Ctrl-C; returns the exit status."""
        os.write(self.master, b"\x03")
        while self.read():
            pass
        status = self.process.wait()
        os.close(self.master)
        self.folder.cleanup()
        return status

    def shown(self):
        """What was in the line that changes."""
        return re.findall(r"training  epoch [^\r\n\x1b]*step [^\r\n\x1b^]*", self.text)


class Width(unittest.TestCase):
    def check(self, columns, whole, **environment):
        t = Terminal(environment.pop("terminal", columns), **environment)
        t.read_until(r"step .*step ")
        self.assertEqual(t.interrupt(), 130)
        for line in t.shown():
            self.assertLess(len(line), columns)
            self.assertEqual(line.endswith("images/s"), whole, line)
        self.assertNotRegex(t.text, r"\x1b\[[0-9;]*m")  # no colours, so NO_COLOR asks for nothing

    def test_narrow(self):
        self.check(40, False)

    def test_usual(self):
        self.check(80, False)

    def test_wide(self):
        self.check(200, True, NO_COLOR="1")

    def test_columns_from_the_environment(self):
        self.check(50, False, terminal=200, COLUMNS="50")

    def test_a_terminal_that_does_not_know(self):
        self.check(80, False, terminal=0)

    def test_resized(self):
        t = Terminal(200)
        t.read_until(r"step .*images/s")
        set_columns(t.master, 40)
        before = len(t.text)
        while len(re.findall(re.escape(CLEAR), t.text[before:])) < 3:
            self.assertTrue(t.read())
        t.interrupt()
        self.assertTrue(all(len(line) < 40 for line in t.shown()[-2:]))


class Lines(unittest.TestCase):
    def test_what_follows_ctrl_c_begins_a_line(self):
        t = Terminal(80)
        t.read_until(r"step ")
        t.interrupt()
        self.assertRegex(t.text, r"\^C\r?\n")
        self.assertIn("\nespalier run: stopped; go on with: espalier resume a\r\n",
                      t.text.replace(CLEAR, ""))

    def test_a_simple_terminal_gets_plain_lines(self):
        t = Terminal(80, TERM="dumb")
        t.read_until(r"epoch 3/")
        t.interrupt()
        self.assertNotIn("\x1b", t.text)


if __name__ == "__main__":
    unittest.main()
