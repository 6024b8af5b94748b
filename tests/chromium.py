"""A real Chromium without a window, driven through playwright-core by ``tests/clients/browser/driver.mjs``."""

from __future__ import annotations

import fcntl
import json
import shutil
import subprocess
import tempfile
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.servers import wait_until

FOLDER = Path(__file__).parent / "clients" / "browser"
INSTALL = ("npm", "install", "--no-package-lock", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts")
_names = count()


def packages() -> Path:
    """Return the folder of the npm packages of the browser tests, installed; skips, saying why, where that cannot be."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("Node.js is not installed (apt-get install nodejs npm)")
    modules = FOLDER / "node_modules"
    asked = json.loads((FOLDER / "package.json").read_text("utf-8"))["dependencies"]
    with (Path(tempfile.gettempdir()) / "coterie-browser-packages.lock").open("w") as lock:
        # Several workers of one test run may come here at once.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if any(_version(modules / name) != version for name, version in asked.items()):
            done = subprocess.run(INSTALL, cwd=FOLDER, capture_output=True, text=True, check=False)
            if done.returncode:
                pytest.skip(f"npm cannot install the packages of the browser tests here: {done.stderr[-300:]}")
    return modules


def _version(package: Path) -> str:
    manifest = package / "package.json"
    return str(json.loads(manifest.read_text("utf-8"))["version"]) if manifest.is_file() else ""


def chromium() -> str:
    """Return where Chromium is; skips, saying what to install, when it is absent."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found is not None:
            return found
    pytest.skip("Chromium is not installed (apt-get install chromium)")


class Page:
    """One tab."""

    def __init__(self, browser: Chromium, visitor: str) -> None:
        self._browser, self.visitor = browser, visitor
        self.name = f"page{next(_names)}"
        browser.ask("page", name=self.name, context=visitor)

    def goto(self, url: str) -> Page:
        """The page is loaded."""
        self._ask("goto", url=url)
        return self

    def evaluate(self, script: str) -> Any:
        """Return what a JavaScript expression is."""
        return self._ask("evaluate", script=script)

    def click(self, selector: str) -> None:
        """The element was clicked with the mouse."""
        self._ask("click", selector=selector)

    def wheel(self, pixels: int) -> None:
        """The mouse wheel was turned."""
        self._ask("wheel", pixels=pixels)

    def back(self) -> None:
        """The browser went back."""
        self._ask("back")

    def close(self) -> None:
        """The tab is closed."""
        self._ask("close")

    def screenshot(self, path: Path) -> None:
        """A picture of the page is at ``path``."""
        self._ask("screenshot", path=str(path))

    def told(self) -> list[str]:
        """Return what the page wrote to the console and the requests it made."""
        lines: list[str] = self._ask("told")
        return lines

    def wait(self, script: str, timeout_s: float = 10) -> None:
        """A JavaScript expression is true."""
        wait_until(lambda: bool(self.evaluate(script)), timeout_s, f"{script}; {self.told()}")

    def _ask(self, verb: str, **given: Any) -> Any:
        return self._browser.ask(verb, name=self.name, **given)


class Chromium:
    """One Chromium with as many visitors (separate cookies and storage) as wanted."""

    def __init__(self) -> None:
        packages()
        command = ["node", str(FOLDER / "driver.mjs"), chromium()]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        self._visitors: list[str] = []
        self.version = json.loads(self._line())["version"]

    def ask(self, verb: str, **given: Any) -> Any:
        """Return the driver's answer. Fails the test with the driver's words when it could not."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"verb": verb, **given}) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._line())
        assert "error" not in answer, f"{verb}: {answer['error']}"
        return answer["value"]

    def visitor(self, **options: Any) -> str:
        """Return a new visitor: a profile of the browser without cookies."""
        name = f"visitor{next(_names)}"
        self.ask("context", name=name, options=options)
        self._visitors.append(name)
        return name

    def leave(self) -> None:
        """Every visitor so far is gone, with their tabs, cookies and storage."""
        while self._visitors:
            self.ask("end", context=self._visitors.pop())

    def page(self, visitor: str | None = None) -> Page:
        """Return a new tab, of a new visitor if none is named."""
        return Page(self, visitor or self.visitor())

    def offline(self, visitor: str, off: bool) -> None:
        """The visitor's network is away, or back."""
        self.ask("offline", context=visitor, off=off)

    def cookies(self, visitor: str) -> list[dict[str, Any]]:
        """Return the visitor's cookies with their attributes."""
        found: list[dict[str, Any]] = self.ask("cookies", context=visitor)
        return found

    def close(self) -> None:
        """The browser is gone."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"the browser's driver ended with {self._process.poll()}"
        return line
