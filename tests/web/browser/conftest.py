"""One Chromium for all tests; a new place (site, server, journal) for each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chromium import Chromium, packages
from tests.web.browser.site import Place, served


@pytest.fixture(scope="session")
def window() -> Iterator[Chromium]:
    browser = Chromium()
    yield browser
    browser.close()


@pytest.fixture
def chromium(window: Chromium) -> Iterator[Chromium]:
    """The browser; the test's visitors and their tabs are gone after it."""
    yield window
    window.leave()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with served(tmp_path) as made:
        yield made


@pytest.fixture
def hosting(tmp_path: Path) -> Iterator[Place]:
    """A place that also serves the script of Segment's library."""
    script = packages() / "@segment" / "analytics-next" / "dist" / "umd" / "standalone.js"
    with served(tmp_path, script) as made:
        yield made
