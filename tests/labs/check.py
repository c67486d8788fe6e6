#!/usr/bin/env python3
"""docs/labs/check accepts the model answers, and refuses a wrong one of each question and each piece of code, with a
hint that does not give the answer away. Usage: check.py, in the root of the sources, with BUILD in the environment."""
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

LABS = Path("docs/labs")
SHEETS = sorted((path.stem for path in (LABS / "answers").glob("*.md")), key=int)
# Mistakes: sheet, file, what is replaced by what, and the trial that must notice.
MISTAKES = [
    ("7", "convolution.c", "*in += *weight * *out", "*in += *weight", "convolution.c, dx"),
    ("7", "convolution.c", "*weight += *in * *out", "*weight = *in * *out", "convolution.c, dw"),
    ("7", "convolution.c", "*out += *weight", "*out -= *weight", "convolution.c, y"),
    ("7", "convolution.c", "r + c->padding - a", "r - c->padding + a", "convolution.c, gathered"),
    ("8", "difference.c", "(2 * h)", "h", "difference.c, central_difference"),
    ("8", "difference.c", "x[i] = was + h", "x[0] = was + h", "difference.c, the other variable"),
    ("8", "difference.c", "  x[i] = was;", "", "difference.c, x afterwards"),
    ("8", "difference.c", "fmax(", "fmin(", "difference.c, relative_error"),
    ("8", "difference.c", "fmax(fabs(a), fabs(b))", "fmax(a, b)", "difference.c, signs"),
    ("8", "difference.c", "larger > 0 ? fabs(a - b) / larger : 0", "fabs(a - b) / larger", "difference.c, zeros"),
    ("8", "network.c", "root * root * root", "root * root", "network.c, W1"),
    ("8", "network.c", "g[B1 + j] += da[j]", "g[B1 + j] += 1.001 * da[j]", "network.c, b1"),
    ("8", "network.c", "i = W2; i < B2; i++) g[i]", "i = W2; i < W2; i++) g[i]", "network.c, W2"),
    ("8", "network.c", "g[B2 + k] += dz[k]", "g[B2 + k] += dz[k] * IMAGES", "network.c, b2"),
    ("9", "second_order.c", "w[i] -= step[i]", "w[i] += step[i]", "second_order.c, newton"),
    ("9", "second_order.c", "w[i] * w[i] / 2;", "w[i] * w[i];", "second_order.c, obd"),
    ("9", "second_order.c", "(2 * column[i])", "2 * q->h[i][i]", "second_order.c, obs"),
    ("9", "second_order.c", "fabs(a) - lambda, 0", "fabs(a) - lambda, -1", "second_order.c, soft_threshold"),
    ("9", "second_order.c", "z[i] - u[i]", "z[i] + u[i]", "second_order.c, admm, w"),
    ("9", "second_order.c", ">= fabs(z[1])", "< fabs(z[1])", "second_order.c, admm, z"),
    ("9", "second_order.c", "u[i] += w[i]", "u[i] = w[i]", "second_order.c, admm, u"),
    ("10", "recompute.py", "2 * record", "record", "recompute.py, flops"),
    ("10", "recompute.py", "3 * record", "2 * record", "recompute.py, training_macs"),
    ("10", "recompute.py", 'return 4 * record["params"]', 'return 4 * record["weights"]', "recompute.py, dense_bytes"),
    ("10", "recompute.py", "+ 7) // 8", ") // 8", "recompute.py, stored_bytes"),
    ("10", "recompute.py", "/ 1e9", "/ 1e6", "recompute.py, gigamacs_per_second"),
    ("10", "recompute.py", "WATTS * record", "record", "recompute.py, millijoules_per_image"),
]


def key_of(sheet):
    text = (LABS / "answers" / f"{sheet}.md").read_text(encoding="utf-8")
    block = re.search(r"^```key\n(.*?)^```$", text, re.M | re.S)[1]
    return [re.fullmatch(r"(\w+) = (.+?) : (.+)", line).groups() for line in block.splitlines()]


def wrong(expected):
    """An answer that is not right: a number outside the tolerance, or another letter."""
    value, _, tolerance = re.split(r"\|", expected)[0].partition(" +- ")
    value, _, factor = value.partition(" x ")
    try:
        number = eval(value)  # the key has numbers such as 3/4
    except NameError:
        return "d" if "d" not in expected.split("|") else "c"
    return repr(number * float(factor) * 1.1 if factor else number + 1.1 * float(tolerance or 0.01))


class Check(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.own = Path(self.folder.name) / "own"

    def solve(self, sheet):
        shutil.rmtree(self.own, ignore_errors=True)
        subprocess.run(["tests/labs/solve", LABS / "start" / sheet, self.own], check=True)

    def check(self, sheet):
        """Exit status of the checker, and its verdicts {name: remark}."""
        done = subprocess.run([LABS / "check", sheet, self.own], capture_output=True, text=True)
        self.assertEqual(done.stderr, "")
        *verdicts, self.last = done.stdout.splitlines()
        return done.returncode, dict(line.split(": ", 1) for line in verdicts)

    def answer(self, answers):
        (self.own / "answers.txt").write_text("".join(f"{k} = {v}\n" for k, v in answers.items()), encoding="utf-8")

    def drop_code(self):
        for path in self.own.glob("*.[cp]*"):
            path.unlink()

    def test_model_answers_and_code_are_right(self):
        for sheet in SHEETS:
            with self.subTest(sheet):
                self.solve(sheet)
                status, verdicts = self.check(sheet)
                self.assertEqual({name: v for name, v in verdicts.items() if v != "right"}, {})
                self.assertEqual(status, 0)
                self.assertEqual(self.last, f"{len(verdicts)} of {len(verdicts)} right")

    def test_every_question_refuses_a_wrong_answer_with_its_hint(self):
        for sheet in SHEETS:
            with self.subTest(sheet):
                self.solve(sheet)
                self.drop_code()
                self.answer({name: wrong(expected) for name, expected, _ in key_of(sheet)})
                status, verdicts = self.check(sheet)
                self.assertEqual(status, 1)
                for name, _, hint in key_of(sheet):
                    self.assertEqual(verdicts[name], f"wrong: {hint}")

    def test_hints_do_not_hold_the_answer(self):
        for sheet in SHEETS:
            for name, expected, hint in key_of(sheet):
                value = re.split(r" \+-| x |\|", expected)[0]
                if len(value) > 2:
                    self.assertNotIn(value, hint, f"sheet {sheet}, {name}")

    def test_templates_ask_for_the_questions_of_the_key(self):
        for sheet in SHEETS:
            asked = re.findall(r"^(\w+) =$", (LABS / "start" / sheet / "answers.txt").read_text(encoding="utf-8"), re.M)
            self.assertEqual(asked, [name for name, _, _ in key_of(sheet)], f"sheet {sheet}")

    def test_templates_are_all_missing(self):
        for sheet in SHEETS:
            self.solve(sheet)
            shutil.copy(LABS / "start" / sheet / "answers.txt", self.own)
            self.drop_code()
            status, verdicts = self.check(sheet)
            self.assertEqual((status, set(verdicts.values())), (1, {"missing"}), f"sheet {sheet}")

    def test_code_as_handed_out_is_not_right(self):
        for sheet in ("7", "8", "9", "10"):
            self.solve(sheet)
            for path in (LABS / "start" / sheet).iterdir():
                shutil.copy(path, self.own)
            _, verdicts = self.check(sheet)
            code = [verdict for name, verdict in verdicts.items() if "." in name]
            self.assertTrue(any(verdict.startswith("wrong") for verdict in code), f"sheet {sheet}: {code}")

    def test_what_teachers_try_first(self):
        done = subprocess.run([LABS / "check", "7", LABS / "start" / "7"], capture_output=True, text=True)
        last = done.stdout.splitlines()[-1]
        self.assertIn(f'"{last}"', (LABS / "teaching.md").read_text(encoding="utf-8"))

    def test_each_piece_of_code_is_judged(self):
        for sheet, file, old, new, trial in MISTAKES:
            with self.subTest(trial):
                self.solve(sheet)
                text = (self.own / file).read_text(encoding="utf-8")
                self.assertIn(old, text)
                (self.own / file).write_text(text.replace(old, new), encoding="utf-8")
                status, verdicts = self.check(sheet)
                self.assertEqual(status, 1)
                self.assertRegex(verdicts[trial], "^wrong")

    def test_code_that_does_not_compile_or_end_well(self):
        self.solve("8")
        (self.own / "difference.c").write_text("not C\n", encoding="utf-8")
        _, verdicts = self.check("8")
        self.assertRegex(verdicts["difference.c"], "^failed: .*error")
        self.solve("10")
        (self.own / "recompute.py").write_text("import nothing_of_the_kind\n", encoding="utf-8")
        _, verdicts = self.check("10")
        self.assertRegex(verdicts["recompute.py, flops"], "^failed: ModuleNotFoundError")

    def test_answers_are_read_as_people_write_them(self):
        self.solve("7")
        self.drop_code()
        self.answer({"1a": "-1.0", "1b": "-8 # done twice", "5": "B", "6": "75 %", "2a": "two", "9": "1"})
        _, verdicts = self.check("7")
        self.assertEqual([verdicts[n] for n in ("1a", "1b", "5", "6")], ["right"] * 4)
        self.assertRegex(verdicts["2a"], "'two' is no number")
        self.assertEqual(verdicts["9"], "no such question on sheet 7")

    def test_computed_figures_are_those_of_the_key(self):
        compared = 0
        for sheet in SHEETS:
            text = (LABS / "answers" / f"{sheet}.md").read_text(encoding="utf-8")
            key = {name: expected.split(" +-")[0] for name, expected, _ in key_of(sheet)}
            for block in re.findall(r"^```output\n(.*?)^```$", text, re.M | re.S):
                for name, value in re.findall(r"^(\w+) = (\S+)$", block, re.M):
                    self.assertEqual(key[name], value, f"sheet {sheet}, {name}")
                    compared += 1
        self.assertGreater(compared, 0)

    def test_usage(self):
        for arguments in ([], ["7"], ["99", "."], ["7", self.folder.name]):
            done = subprocess.run([LABS / "check", *arguments], capture_output=True, text=True)
            self.assertEqual(done.returncode, 2)
            self.assertEqual(len(done.stderr.splitlines()), 1)


if __name__ == "__main__":
    sys.exit(unittest.main())
