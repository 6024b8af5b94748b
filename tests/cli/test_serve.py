"""``coterie serve`` and ``coterie keys`` as processes of their own: what they print, how they stop, what they refuse."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from coterie.app import place


def coterie(*words: str, environment: dict[str, str] | None = None) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "coterie", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | (environment or {}),
    )


def project(folder: Path, settings: str = "") -> Path:
    folder.mkdir(parents=True)
    (folder / "coterie.yaml").write_text(f"name: shop\n{settings}")
    return folder


def wait_ready(url: str) -> None:
    until = time.monotonic() + 60
    while httpx.get(f"{url}/readyz").status_code != 200:
        assert time.monotonic() < until
        time.sleep(0.02)


def ended(process: subprocess.Popen[str], timeout_s: float = 40) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=timeout_s)
    return process.returncode, out, err


def test_it_tells_where_it_is_serves_and_stops_with_everything_committed(tmp_path: Path) -> None:
    folder = project(tmp_path / "shop")
    process = coterie("--json", "--project", str(folder), "serve", "--port", "0")
    assert process.stdout is not None
    told: dict[str, Any] = json.loads(process.stdout.readline())
    found = place.read(folder)
    assert found is not None
    assert (found.pid, found.url) == (process.pid, told["url"])
    assert set(told["keys"]) == {"admin", "read", "write"}
    wait_ready(told["url"])
    body = {"userId": "ada", "event": "visit"}
    assert httpx.post(f"{told['url']}/v1/track", json=body, auth=(told["keys"]["write"], "")).status_code == 200
    process.send_signal(signal.SIGTERM)
    code, _, err = ended(process)
    assert code == 0, err
    assert json.loads(err.splitlines()[-1])["message"] == "stopped"
    assert place.read(folder) is None
    assert (folder / ".coterie" / "events").is_dir(), "what was collected was landed"

    again = coterie("--json", "--project", str(folder), "serve", "--port", "0")
    assert again.stdout is not None
    told_again = json.loads(again.stdout.readline())
    assert told_again["keys"] == {}, "keys are told once"
    wait_ready(told_again["url"])
    headers = {"Authorization": f"Bearer {told['keys']['read']}"}
    assert httpx.get(f"{told_again['url']}/v1/profiles/ada", headers=headers).json()["profile"] == "ada"

    second = coterie("--project", str(folder), "serve", "--port", "0")
    code, _, err = ended(second)
    assert code != 0
    assert "served already" in err

    made = json.loads(ended(coterie("--json", "--project", str(folder), "keys", "create", "ci", "--scope", "read"))[1])
    headers = {"Authorization": f"Bearer {made['text']}"}
    until = time.monotonic() + 5
    while httpx.get(f"{told_again['url']}/v1/profiles/ada", headers=headers).status_code != 200:
        assert time.monotonic() < until, "a key of the command line is known to the running server"
        time.sleep(0.1)
    listed = json.loads(ended(coterie("--json", "--project", str(folder), "keys", "list"))[1])
    assert [row["name"] for row in listed if row["scope"] == "read"] == ["first read key", "ci"]
    again.send_signal(signal.SIGINT)
    assert ended(again)[0] == 0


def test_every_mistake_of_the_settings_is_told_at_once(tmp_path: Path) -> None:
    folder = project(tmp_path / "shop", "server: {prot: 1, clock: never}\nrunner: {land_s: -1}\n")
    wrong = {"COTERIE_SERVER_SHUTDOWN_S": "soon", "COTERIE_SERVER_PROT": "1"}
    code, _, err = ended(coterie("--project", str(folder), "serve", "--port", "99999", environment=wrong))
    assert code == 2
    for words in (
        "prot",
        "did you mean 'port'",
        "server.clock",
        "land_s",
        "SHUTDOWN_S",
        "COTERIE_SERVER_PORT",
        "--port",
    ):
        assert words in err, words
    assert "Traceback" not in err


def test_a_taken_port_is_told_in_words(tmp_path: Path) -> None:
    import socket

    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        code, _, err = ended(coterie("--project", str(project(tmp_path / "shop")), "serve", "--port", port))
    assert code != 0
    assert "--port 0" in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    "words", [["keys", "revoke", "k_none"], ["keys", "create", "x", "--scope", "write", "--days", "0"]]
)
def test_keys_that_cannot_be_are_told(tmp_path: Path, words: list[str]) -> None:
    code, _, err = ended(coterie("--project", str(project(tmp_path / "shop")), *words))
    assert code != 0
    assert "Traceback" not in err
