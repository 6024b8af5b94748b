"""The address of a database server, as a source file writes it."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import sqlalchemy.exc
from sqlalchemy.engine import URL, make_url

from coterie.connectors.secrets import Secret
from coterie.errors import InvalidDefinition, Problem
from coterie.segments.conditions.form import Form
from coterie.segments.conditions.words import Doc, Text
from coterie.segments.durations import us_of


class Address(Form, frozen=True, kw_only=True):
    """Where the server is, and who asks."""

    spread: ClassVar[bool] = True

    url: Annotated[Text, Doc("`driver://user@host:port/database`; `${NAME}` stands for the environment's value.")]
    password: Annotated[Secret | None, Doc("The user's password, in the environment: `${NAME}`.")] = None
    tls: Annotated[
        Literal["prefer", "require", "verify"],
        Doc(
            "Whether the connection is encrypted: where the server can, always, or always and with a certificate that is checked."
        ),
    ] = "prefer"


def url_of(address: Address, drivers: tuple[str, ...], driver: str) -> URL:
    """Return the address with the driver that Coterie uses. Raises: InvalidDefinition."""
    allowed = " or ".join(f"{one}://user@host/database" for one in drivers)
    try:
        url = make_url(address.url)
    except (sqlalchemy.exc.ArgumentError, ValueError) as error:
        raise InvalidDefinition([Problem("not the address of a database", where="url", allowed=allowed)]) from error
    if url.drivername not in drivers or not url.host or not url.database:
        shown = url.render_as_string(hide_password=True)
        raise InvalidDefinition(
            [Problem("not the address of a database", where="url", received=shown, allowed=allowed)]
        )
    return url.set(drivername=driver, password=address.password or url.password)


def seconds(duration: str) -> int:
    """Return a written duration in whole seconds, at least one."""
    return max(us_of(duration) // 1_000_000, 1)
