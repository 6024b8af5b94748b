"""Shared by every test: where the real data lie, and the promise that nothing skips silently."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = "tests/docs/test_snippets.py"
FIRST = ("tests/faults/", "tests/data/", PAGES, "tests/laws/", "tests/clusters/")
"""Where the long tests are: they go first, so that no worker is left alone with one of them at the end."""


def data_folder() -> Path:
    """Return the folder of the real data sets: ``COTERIE_DATA``, or ``../shared/data`` beside the checkout."""
    return Path(os.environ.get("COTERIE_DATA", ROOT.parent / "shared" / "data"))


@pytest.fixture(scope="session")
def data() -> Path:
    folder = data_folder()
    if not folder.is_dir():
        pytest.skip("the real data sets are not beside this checkout (set COTERIE_DATA to their folder)")
    return folder


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    if skipped and os.environ.get("CI"):
        terminalreporter.write_line(f"CI: {len(skipped)} skipped tests are promises not kept", red=True)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and exitstatus == 0 and reporter and reporter.stats.get("skipped"):
        session.exitstatus = 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    ranks = {folder: rank for rank, folder in enumerate(FIRST)}
    items.sort(key=lambda item: next((ranks[folder] for folder in FIRST if item.nodeid.startswith(folder)), len(FIRST)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """A worker takes a whole file, whose tests share servers and tables; pages of the documentation are taken one by one."""
    from xdist.scheduler import LoadFileScheduling

    class ByFileOrPage(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return nodeid if nodeid.startswith(PAGES) else str(super()._split_scope(nodeid))

    return ByFileOrPage(config, log)
