"""Plants a fault in a copy of the product and sees whether the laws notice."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from msgspec import Struct

import coterie

ROOT = Path(__file__).resolve().parent.parent.parent
SOURCE = Path(coterie.__file__).resolve().parent
HANGS_AFTER_S = 120
"""A reader that never answers has been noticed too."""


class Fault(Struct, frozen=True):
    """A mistake that someone could make: in ``file``, ``old`` becomes ``new``. ``laws`` are those expected to notice, in order."""

    name: str
    file: str
    old: str
    new: str
    laws: tuple[str, ...]
    seed: int = 0
    """From which seed on the laws are tried: the first of which one is known to notice."""


class Gone(Exception):
    """The text that a fault replaces is not in its file exactly once: the fault must be written anew."""


def plant(fault: Fault | None, folder: Path) -> Path:
    """Return a folder to put first on the path, holding a copy of the product with the fault in it."""
    shutil.copytree(SOURCE, folder / "coterie", ignore=shutil.ignore_patterns("__pycache__"))
    if fault is not None:
        path = folder / "coterie" / fault.file
        text = path.read_text()
        if text.count(fault.old) != 1:
            raise Gone(f"{fault.name}: {fault.file} holds {text.count(fault.old)} times:\n{fault.old}")
        path.write_text(text.replace(fault.old, fault.new))
    return folder


def suspect(folder: Path, laws: tuple[str, ...], seeds: range) -> str:
    """Return the first difference that the laws find in the product of ``folder``, or nothing.

    The kernels run as plain Python: the logs are short, and compiling a changed kernel would take longer.
    """
    environment = {**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}", "NUMBA_DISABLE_JIT": "1"}
    command = [
        sys.executable,
        "-m",
        "tests.laws.suspect",
        ",".join(laws),
        str(seeds.start),
        str(seeds.stop),
        str(folder),
    ]
    try:
        done = subprocess.run(
            command, env=environment, cwd=folder, capture_output=True, text=True, check=False, timeout=HANGS_AFTER_S
        )
    except subprocess.TimeoutExpired:
        return f"still running after {HANGS_AFTER_S} s"
    if done.returncode not in (0, 1):
        raise RuntimeError(done.stderr)
    return done.stdout.strip()
