"""The SDKs for Node.js, unchanged but for the host: what they send arrives, also through overload and lost answers."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients.calls import EVERY_CALL, Flaky, check_every_call
from tests.web.collect.serving import WRITE_KEY, Served, collecting

FOLDER = Path(__file__).parent / "node"
INSTALL = ("npm", "install", "--no-package-lock", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts")
SCRIPTS = {"@segment/analytics-node": ("segment.mjs",), "@rudderstack/rudder-sdk-node": ("rudder.cjs",)}


@pytest.fixture(scope="session")
def packages() -> Path:
    """The folder with both SDKs installed, in exactly the versions of its package.json."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("Node.js is not installed (apt-get install nodejs npm)")
    wanted = json.loads((FOLDER / "package.json").read_text())["dependencies"]
    for name, version in wanted.items():
        manifest = FOLDER / "node_modules" / name / "package.json"
        if not manifest.exists() or json.loads(manifest.read_text())["version"] != version:
            done = subprocess.run(INSTALL, cwd=FOLDER, capture_output=True, text=True, timeout=300, check=False)
            if done.returncode:
                pytest.skip(f"npm cannot install the SDKs here: {done.stderr[-300:]}")
    return FOLDER


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with collecting(tmp_path) as running:
        yield running


def run(packages: Path, sdk: str, url: str, *arguments: str) -> dict[str, Any]:
    """Return what the script was told: how many calls were delivered, and every error."""
    command = ["node", *SCRIPTS[sdk], url, WRITE_KEY, *arguments]
    done = subprocess.run(command, cwd=packages, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("sdk", SCRIPTS)
def test_every_call_arrives(packages: Path, served: Served, sdk: str) -> None:
    assert run(packages, sdk, served.url, "0") == {"delivered": EVERY_CALL, "errors": []}
    events = served.wait_for(EVERY_CALL)
    assert len(events) == EVERY_CALL
    check_every_call(events)


def test_without_gzip_too(packages: Path, served: Served) -> None:
    assert run(packages, "@rudderstack/rudder-sdk-node", served.url, "0", "plain")["delivered"] == EVERY_CALL
    check_every_call(served.wait_for(EVERY_CALL))


@pytest.mark.parametrize("sdk", SCRIPTS)
def test_overload_and_lost_answers_lose_nothing_and_double_nothing(packages: Path, tmp_path: Path, sdk: str) -> None:
    stores: list[Flaky] = []

    def store(journal: Any) -> Flaky:
        stores.append(Flaky(journal))
        return stores[0]

    with collecting(tmp_path, store=store) as served:
        told = run(packages, sdk, served.url, "40")
        assert told["delivered"] == EVERY_CALL + 40, told
        events = served.wait_for(EVERY_CALL + 40)
        assert len(events) == EVERY_CALL + 40
        assert sorted(event.properties["n"] for event in events if event.name == "viewed") == list(range(40))
        assert stores[0].refusals == stores[0].lost_answers == 0, "it was refused and left without an answer"
