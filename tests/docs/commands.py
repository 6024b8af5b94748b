"""``coterie`` as pages call it: forks of one process that has loaded everything. Hundreds of commands would each load it anew.

What runs is ``coterie.cli.main`` with the arguments, folder, environment and streams of the caller. README.md is read with the
installed command itself.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

CLIENT = """#!{python} -IS
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as line:
    line.connect({door!r})
    said = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
    socket.send_fds(line, [len(said).to_bytes(4, "big")], [0, 1, 2])
    line.sendall(said)
    told = line.recv(1)
sys.exit(told[0] if told else 70)
"""
LOADED = ("coterie.app.service", "coterie.engine.apply", "coterie.engine.verification", "sklearn.cluster", "tests.warm")


@contextlib.contextmanager
def commands(folder: Path) -> Iterator[Path]:
    """Yield a folder for the PATH with a ``coterie`` in it, which works until the block ends."""
    door, client = folder / "door", folder / "bin" / "coterie"
    client.parent.mkdir()
    client.write_text(CLIENT.format(python=sys.executable, door=str(door)), encoding="utf-8")
    client.chmod(0o755)
    root = Path(__file__).resolve().parent.parent.parent
    line = [sys.executable, "-m", "tests.docs.commands", str(door)]
    with subprocess.Popen(line, cwd=root, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == "ready\n"
        try:
            yield client.parent
        finally:
            server.kill()


def main(door: str) -> NoReturn:
    """Answer every call at the door with a fork."""
    for name in LOADED:
        __import__(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(door)
        listening.listen(64)
        print("ready", flush=True)
        while True:
            line, _ = listening.accept()
            if os.fork() == 0:
                listening.close()
                _answer(line)
            line.close()


def _answer(line: socket.socket) -> NoReturn:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    head, streams, *_ = socket.recv_fds(line, 4, 3)
    said = b""
    while len(said) < int.from_bytes(head, "big"):
        said += line.recv(1 << 16)
    words, folder, environment = json.loads(said)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    threading.Thread(target=_until_hung_up, args=(line,), daemon=True).start()
    code = _run(words)
    line.send(bytes([code]))
    os._exit(code)


def _run(words: list[str]) -> int:
    """Return the exit code of the command."""
    from coterie.cli import main as run

    code: object = 0
    try:
        run(words)
    except SystemExit as left:
        code = left.code
    except BaseException:  # noqa: BLE001  as the interpreter would
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    return code if isinstance(code, int) else int(code is not None)


def _until_hung_up(line: socket.socket) -> None:
    """Whoever asked was killed: so is the command."""
    with contextlib.suppress(OSError):
        if not line.recv(1, socket.MSG_PEEK):
            os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main(sys.argv[1])
