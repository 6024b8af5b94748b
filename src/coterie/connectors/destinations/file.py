"""Messages as lines of JSON in a file, for other programs on the same machine and for trying things out."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from coterie.connectors.destinations import templates
from coterie.connectors.destinations.destination import Message, Way
from coterie.connectors.secrets import expand
from coterie.errors import Problem, Transient
from coterie.segments.conditions.form import Form
from coterie.segments.conditions.words import Doc, Text, whole
from coterie.triggers.words import DestinationKey


class File(Form, frozen=True, kw_only=True):
    """One line of JSON per message, appended as a whole; the file is set aside when it is large."""

    key: Annotated[DestinationKey, Doc("Its name for ever; the file is `destinations/<key>.yaml`.")]
    kind: Annotated[Literal["file"], Doc("file")]
    path: Annotated[Text, Doc("Where to, from the project's folder; `${NAME}` stands for the environment's value.")]
    rotate_bytes: Annotated[
        int,
        whole(1_000),
        Doc("A larger file is renamed to `<path>.1`, that to `<path>.2`, …; 100,000,000 when not said."),
    ] = 100_000_000
    keep: Annotated[int, whole(1, 1_000), Doc("So many renamed files are kept; 5 when not said.")] = 5
    sync: Annotated[
        bool, Doc("Whether a line is on the disk before the message counts as sent; true when not said.")
    ] = True
    way: Way


class FileDestination:
    """Appends messages to one file. A line that a crash cut off is ended before the next one is written."""

    def __init__(self, form: File, root: Path, environment: Mapping[str, str]) -> None:
        self._form = form
        self._path = root / expand(form.path, environment)

    async def send(self, message: Message) -> None:
        told: dict[str, Any] = {"key": message.key, "attempt": message.attempt, "message": message.payload}
        if message.content:
            context = templates.context_of(message.payload)
            told["content"] = {
                name: templates.render(text, context, what=name) for name, text in message.content.items()
            }
        try:
            self._append(msgspec.json.encode(told) + b"\n")
        except OSError as error:
            raise Transient(f"{self._path.name} cannot be written: {error.strerror}") from error

    def _append(self, line: bytes) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._rotate(len(line))
        file = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o640)
        try:
            size = os.fstat(file).st_size
            torn = size > 0 and os.pread(file, 1, size - 1) != b"\n"
            whole_line = b"\n" + line if torn else line
            written = os.write(file, whole_line)
            if written < len(whole_line):
                os.ftruncate(file, size)
                raise OSError(28, "no space left on the device")
            if self._form.sync:
                os.fsync(file)
        finally:
            os.close(file)

    def _rotate(self, more: int) -> None:
        try:
            size = self._path.stat().st_size
        except FileNotFoundError:
            return
        if size == 0 or size + more <= self._form.rotate_bytes:
            return
        for number in range(self._form.keep, 0, -1):
            older = self._aside(number - 1) if number > 1 else self._path
            if older.exists():
                os.replace(older, self._aside(number))

    def _aside(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")

    async def close(self) -> None:
        """Nothing: no file stays open."""

    def flaws(self, content: Mapping[str, str], sample: Mapping[str, Any], where: str) -> list[Problem]:
        context = templates.context_of(sample)
        return [one for name, text in content.items() for one in templates.flaws(text, context, f"{where}.{name}")]
