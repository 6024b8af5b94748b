"""What ``sources/<name>.yaml`` says of webhooks that come in."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from coterie.connectors.secrets import Secret
from coterie.connectors.sources.kinds import Setting
from coterie.connectors.sources.source import Page, Position, Sight
from coterie.errors import InvalidDefinition, Problem
from coterie.segments.conditions.form import Check, Flaw, Form
from coterie.segments.conditions.words import Doc, Duration, Name, Text

PUSHED = True
PREFIX = "whsec_"
Kind = Literal["standard", "github", "shopify", "stripe", "hmac", "bearer", "basic", "none"]


def _refuse_secret(kind: str, secret: object) -> Flaw | None:
    if kind == "none" and secret is not None:
        return Flaw("nobody proves anything", "secret", received="…", allowed="no secret with kind: none")
    if kind != "none" and secret is None:
        return Flaw("missing", "secret", allowed="a reference such as ${SHOP_WEBHOOK_SECRET}")
    return None


def _refuse_header(kind: str, header: str) -> Flaw | None:
    if (kind == "hmac") == bool(header):
        return None
    what = "missing" if kind == "hmac" else "the header is known"
    return Flaw(what, "header", received=header or None, allowed="the header's name, with kind: hmac only")


def _refuse_username(kind: str, username: str) -> Flaw | None:
    if (kind == "basic") == bool(username):
        return None
    what = "missing" if kind == "basic" else "nobody has a name here"
    return Flaw(what, "username", received=username or None, allowed="the user's name, with kind: basic only")


class Signature(Form, frozen=True, kw_only=True):
    """How a sender proves who it is."""

    checks: ClassVar[tuple[Check, ...]] = (
        Check(("kind", "secret"), _refuse_secret),
        Check(("kind", "header"), _refuse_header),
        Check(("kind", "username"), _refuse_username),
    )

    kind: Annotated[
        Kind,
        Doc(
            "`standard` (Standard Webhooks), `github`, `shopify`, `stripe`, `hmac` (any other signature of the body), "
            "`bearer` (a token), `basic` (a password), or `none`: whoever knows the address may send."
        ),
    ]
    secret: Annotated[
        Secret | tuple[Secret, ...] | None,
        Doc("The secret, token or password in the environment, or two while one replaces the other."),
    ] = None
    username: Annotated[str, Doc("The user of `basic`.")] = ""
    header: Annotated[str, Doc("The header of `hmac`.")] = ""
    algorithm: Annotated[Literal["sha256", "sha1", "sha512"], Doc("The hash of `hmac`; `sha256` when not said.")] = (
        "sha256"
    )
    encoding: Annotated[Literal["hex", "base64"], Doc("How `hmac` is written; `hex` when not said.")] = "hex"
    prefix: Annotated[str, Doc("What stands before the text of `hmac`, such as `sha256=`.")] = ""
    tolerance: Annotated[
        Duration,
        Doc("How old a signed instant (`standard`, `stripe`) may be, so that nobody repeats it; 5m when not said."),
    ] = "5m"


class Config(Form, frozen=True, kw_only=True):
    """Requests to `POST /v1/webhooks/<name>`, with JSON or a form as their body."""

    signature: Annotated[Signature, Doc("How a sender proves who it is.")]
    rows: Annotated[
        Text | None,
        Doc(
            "Path to a list in the body, such as `data.items`, each item of which is a row; the body is one row when not said."
        ),
    ] = None
    id_header: Annotated[
        str,
        Doc(
            "Header that names a delivery and is the same when it is repeated; that of the kind of signature when not said."
        ),
    ] = ""
    headers: Annotated[
        tuple[Name, ...], Doc("Further headers that become columns, `$headers.<name>` in small letters.")
    ] = ()


class Inbox:
    """Stands for a source that nobody reads: rows come to it by HTTP. ``Config`` is what the web edge goes by."""

    continuous = True

    def __init__(self, config: Config, name: str) -> None:
        self.config, self.name = config, name
        self.secrets = tuple(_secret(one, config.signature.kind, name) for one in _texts(config.signature.secret))

    def look(self) -> Sight:
        """Return where the rows come in."""
        return Sight(what=f"POST /v1/webhooks/{self.name}, signature: {self.config.signature.kind}")

    def read(self, position: Position) -> Iterator[Page]:
        """Yield nothing: what comes is not fetched."""
        yield from ()

    def acknowledge(self, position: Position) -> None:
        """The sender was answered already."""

    def close(self) -> None:
        """There is no connection."""


def open_source(config: Config, setting: Setting) -> Inbox:
    """Return the inbox. Raises: InvalidDefinition when a secret is not of the form that its kind asks for."""
    return Inbox(config, setting.name)


def _texts(secret: str | tuple[str, ...] | None) -> tuple[str, ...]:
    return () if secret is None else (secret,) if isinstance(secret, str) else secret


def _secret(text: str, kind: str, name: str) -> bytes:
    """Return the bytes of a secret; Standard Webhooks writes them in base64."""
    if kind != "standard":
        found = text.encode()
    else:
        try:
            found = base64.b64decode(text.removeprefix(PREFIX) + "==", validate=False)
        except (binascii.Error, ValueError):
            found = b""
    if not found:
        allowed = "whsec_ and base64 text" if kind == "standard" else "a text that is not empty"
        where = f"sources/{name}.yaml: signature.secret"
        raise InvalidDefinition([Problem("not a secret", where=where, received="…", allowed=allowed)])
    return found
