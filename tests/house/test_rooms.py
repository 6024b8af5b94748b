"""An architecture rule is a test, or it is not a rule."""

from __future__ import annotations

import ast
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house import rooms


def _name(path: Path) -> str:
    return path.relative_to(rooms.SRC).as_posix()


@pytest.mark.parametrize("path", rooms.files(), ids=_name)
def test_a_room_imports_only_from_lower_floors(path: Path) -> None:
    here = rooms.room(path)
    wrong = []
    for module, line in rooms.imports(path):
        if not module.startswith("coterie."):
            continue
        there = module.split(".")[1]
        if there == here or (here, there) in rooms.EDGES or rooms.FLOORS[there] < rooms.FLOORS[here]:
            continue
        wrong.append(f"line {line}: {here} (floor {rooms.FLOORS[here]}) imports {module}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("path", rooms.files(), ids=_name)
def test_a_library_is_imported_only_in_its_home(path: Path) -> None:
    name = _name(path)
    wrong = []
    for module, line in rooms.imports(path):
        homes = rooms.HOMES.get(module.split(".")[0])
        if homes is not None and not any(name.startswith(home) for home in homes):
            wrong.append(f"line {line}: {module} lives in {', '.join(homes)}")
    assert not wrong, "\n".join(wrong)


def test_every_room_has_a_floor() -> None:
    assert {rooms.room(path) for path in rooms.files()} <= rooms.FLOORS.keys()


def test_files_are_small() -> None:
    lines = {_name(path): len(path.read_text().splitlines()) for path in rooms.files()}
    assert {name: n for name, n in lines.items() if n > rooms.LINES_MAX} == {}
    assert statistics.median(lines.values()) <= rooms.LINES_MEDIAN_MAX


def test_functions_are_small() -> None:
    long = {
        f"{_name(path)}:{name}": lines
        for path in rooms.files()
        for name, lines in rooms.functions(path)
        if lines > rooms.FUNCTION_LINES_MAX
    }
    unexplained = {key: n for key, n in long.items() if key not in rooms.LONG_FUNCTIONS}
    assert unexplained == {}
    assert set(rooms.LONG_FUNCTIONS) <= set(long), "an exception that is no longer needed"


@pytest.mark.parametrize("path", rooms.files(), ids=_name)
def test_a_module_says_what_it_is_for(path: Path) -> None:
    text = path.read_text()
    if text.strip():
        assert ast.get_docstring(ast.parse(text)), "no module docstring"
    assert not [word for word in rooms.FORBIDDEN if word in text]


def test_the_command_line_starts_without_the_heavy_libraries() -> None:
    code = (
        "import sys, coterie, coterie.cli\n"
        "heavy = {'numba', 'duckdb', 'sqlglot', 'pyarrow', 'deltalake', 'numpy', 'polars', 'pandas', 'rich', 'plotext'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_constraints_pin_names_and_versions_only() -> None:
    lines = (rooms.ROOT / "constraints.txt").read_text().split()
    assert lines
    assert not [line for line in lines if "/" in line or "@" in line or "==" not in line]
