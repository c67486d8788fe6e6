"""Exported C programs on emulated microcontrollers."""

import os
import subprocess

import numpy

import nets

HERE = os.path.dirname(os.path.abspath(__file__))
FLOAT = ["-mfloat-abi=hard"]
# The board, and the flags of its processor.
BOARDS = {
    "M3": ("mps2-an385", ["-mcpu=cortex-m3"]),
    "M4F": ("mps2-an386", ["-mcpu=cortex-m4", "-mfpu=fpv4-sp-d16"] + FLOAT),
    "M7": ("mps2-an500", ["-mcpu=cortex-m7", "-mfpu=fpv5-d16"] + FLOAT),
}

# What is printed by semihosting goes to standard output, and nothing else does.
QUIET = ["-display", "none", "-serial", "none", "-monitor", "none", "-chardev", "stdio,id=out",
         "-semihosting-config", "enable=on,target=native,chardev=out"]


def compile_for(board, name, optimise="-O2"):
    """The object of NAME.c; its sizes: text, data, bss."""
    flags = ["-mthumb", optimise] + BOARDS[board][1]
    nets.run("arm-none-eabi-gcc", "-std=c99", "-Wall", "-Wextra", "-Wconversion", "-Werror", *flags, "-c", f"{name}.c",
             "-o", f"{name}-{board}.o")
    sizes = nets.run("arm-none-eabi-size", f"{name}-{board}.o").splitlines()[1].split()[:3]
    return tuple(int(n) for n in sizes)


def run(board, name, examples, *, defines=(), optimise="-O2"):
    """The bits of the answers for `examples`, a row each, and the instructions of each; with `defines` for
    exported.h."""
    sizes = compile_for(board, name, optimise)
    with open("examples.h", "w", encoding="ascii") as file:
        rows = ",\n".join("{" + ",".join(map(str, row.tolist())) + "}" for row in examples)
        file.write(f"static const given examples[{len(examples)}][GIVEN] = {{{rows}}};\n")
    machine, flags = BOARDS[board]
    elf = f"{name}-{board}.elf"
    nets.run("arm-none-eabi-gcc", "-std=gnu99", "-O2", "-mthumb", *flags, "-nostartfiles", "--specs=nosys.specs", "-I.",
             f'-DHEADER="{name}.h"', f"-DLOWER={name}", f"-DUPPER={name.upper()}", *defines,
             f"-I{HERE}", f"{HERE}/cortex/main.c",
             f"{name}-{board}.o", "-T", f"{HERE}/cortex/mps2.ld", "-o", elf)
    done = subprocess.run(["qemu-system-arm", "-M", machine, *QUIET, "-icount", "shift=0", "-kernel", elf],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=240)
    if done.returncode or "fault" in done.stdout:
        raise RuntimeError(f"{elf}: {done.stdout}{done.stderr}")
    words = numpy.array([[int(word, 16) for word in line.split()] for line in done.stdout.splitlines()], numpy.uint32)
    return words[:, :-1], words[:, -1], sizes
