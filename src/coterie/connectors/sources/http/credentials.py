"""How a source proves who asks: the kinds of authentication, done by dlt's classes for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from coterie.connectors.secrets import Secret
from coterie.segments.conditions.form import Choice, Form
from coterie.segments.conditions.words import Doc, Name, Text

if TYPE_CHECKING:
    from requests import Session


class Basic(Form, frozen=True, kw_only=True):
    """User and password. Source: RFC 7617."""

    user: Annotated[Text, Doc("The user.")]
    password: Annotated[Secret, Doc("The password, in the environment.")]


class ApiKey(Form, frozen=True, kw_only=True):
    """A key in a header or in the query."""

    name: Annotated[Name, Doc("Name of the header or query parameter, such as `X-Api-Key`.")]
    key: Annotated[Secret, Doc("The key, in the environment.")]
    in_: Annotated[Literal["header", "query"], Doc("Where it goes; header when not said.")] = "header"


class OAuth2(Form, frozen=True, kw_only=True):
    """OAuth 2 client credentials: a token is asked for, and asked for anew when it has run out. Source: RFC 6749, 4.4."""

    token_url: Annotated[Text, Doc("Where tokens are given out.")]
    client: Annotated[Text, Doc("Our id there.")]
    secret: Annotated[Secret, Doc("Our secret there, in the environment.")]
    scope: Annotated[Text | None, Doc("What the token is for.")] = None
    more: Annotated[dict[Name, Text] | None, Doc("Further fields of the request, such as `audience`.")] = None


class Authentication(Form, frozen=True, kw_only=True):
    """Who asks: one of four kinds."""

    choices: ClassVar[tuple[Choice, ...]] = (Choice((("bearer",), ("basic",), ("api_key",), ("oauth2",)), least=1),)

    bearer: Annotated[Secret | None, Doc("A token that goes along as `Authorization: Bearer …`.")] = None
    basic: Annotated[Basic | None, Doc("User and password.")] = None
    api_key: Annotated[ApiKey | None, Doc("A key in a header or in the query.")] = None
    oauth2: Annotated[OAuth2 | None, Doc("A token that is asked for with client id and secret.")] = None


def proof_of(form: Authentication | None) -> Any:
    """Return what signs a request (a ``requests`` authenticator), ``None`` for nothing. Cost: loads dlt, about a second."""
    from dlt.sources.helpers.rest_client.auth import (
        APIKeyAuth,
        BearerTokenAuth,
        HttpBasicAuth,
        OAuth2ClientCredentials,
    )

    if form is None:
        return None
    if form.bearer is not None:
        return BearerTokenAuth(token=form.bearer)
    if form.basic is not None:
        return HttpBasicAuth(username=form.basic.user, password=form.basic.password)
    if form.api_key is not None:
        return APIKeyAuth(name=form.api_key.name, api_key=form.api_key.key, location=form.api_key.in_)
    assert form.oauth2 is not None  # one of the four is there
    told = {"scope": form.oauth2.scope} if form.oauth2.scope else {}
    return OAuth2ClientCredentials(
        access_token_url=form.oauth2.token_url, client_id=form.oauth2.client, client_secret=form.oauth2.secret,
        access_token_request_data={**told, **(form.oauth2.more or {})}, session=_straight(),
    )  # fmt: skip


def _straight() -> Session:
    """Return a session that is sent on by nobody: a request for a token would tell the secret wherever it is sent."""
    import requests

    session = requests.Session()
    session.max_redirects = 0
    return session
