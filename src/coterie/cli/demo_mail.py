"""A post office for the demo: speaks enough SMTP to take every mail on this machine and show it; nothing leaves."""

from __future__ import annotations

import asyncio
import email
import email.policy
from email.message import EmailMessage

from msgspec import Struct

LINE_BYTES_MAX = 1 << 20


class Mail(Struct, frozen=True, kw_only=True):
    """One mail that was taken."""

    to: str
    subject: str
    text: str
    html: str


class PostOffice:
    """Listens on a free port of this machine; ``mails`` are what came, oldest first."""

    def __init__(self) -> None:
        self.mails: list[Mail] = []
        self.port = 0
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    async def open(self) -> None:
        """Mail is taken on ``port``."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=LINE_BYTES_MAX)
        self.port = self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        """No further mail is taken."""
        if self._server is not None:
            self._server.close()
        for writer in self._open:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def say(line: str) -> None:
            writer.write(f"{line}\r\n".encode())

        self._open.add(writer)
        say("220 demo post office")
        try:
            while line := await reader.readline():
                word = line[:4].upper().strip()
                if word == b"EHLO":
                    say("250-demo\r\n250 8BITMIME")
                elif word == b"DATA":
                    say("354 end with a dot")
                    self._take(await _data(reader))
                    say("250 taken")
                elif word == b"QUIT":
                    say("221 bye")
                    break
                else:
                    say("250 ok")
                await writer.drain()
        except (ConnectionError, ValueError, asyncio.CancelledError):
            return
        finally:
            self._open.discard(writer)
            writer.close()

    def _take(self, data: bytes) -> None:
        message = email.message_from_bytes(data, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        parts = {kind: message.get_body((kind,)) for kind in ("plain", "html")}
        text, html = (part.get_content() if part is not None else "" for part in parts.values())
        self.mails.append(Mail(to=str(message["to"]), subject=str(message["subject"]), text=text, html=html))


async def _data(reader: asyncio.StreamReader) -> bytes:
    lines = []
    while (line := await reader.readline()) not in (b".\r\n", b".\n", b""):
        lines.append(line.removeprefix(b"."))
    return b"".join(lines)
