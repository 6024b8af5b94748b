"""E-mail addresses: small letters, one domain name for those that have two."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from coterie.governance.normal import Normal, Unfit, plain
from coterie.model import Value
from coterie.segments.conditions.form import Form
from coterie.segments.conditions.words import Doc, Name, Text

DOTLESS = frozenset({"gmail.com"})
"""Domains that deliver ``a.b@`` and ``ab@`` to one mailbox."""

_USUAL = re.compile(r"([a-z0-9]+(?:[._+-][a-z0-9]+)*)@((?:[a-z0-9]{1,30}(?:-[a-z0-9]{1,30})?\.)+([a-z]{2,10}))")
"""Addresses that need no closer look: every one of them passes it as it is."""


class Email(Form, frozen=True, kw_only=True):
    """How addresses are written."""

    tag: Annotated[
        Literal["keep", "drop"],
        Doc("`drop`: what follows a plus goes, so that ada+shop@example.com is ada@example.com."),
    ] = "keep"
    dots: Annotated[
        Literal["keep", "drop"], Doc("`drop`: dots in front of @gmail.com go, since they mean nothing there.")
    ] = "keep"
    domains: Annotated[
        dict[Name, Text] | None, Doc("Domains and what is written in their place: `{googlemail.com: gmail.com}`.")
    ] = None


def prepared(form: Email) -> Normal:
    """Return what the rule does. Cost: 1 µs, 30 µs for an unusual address that was not met before. Source: RFC 5321, RFC 6531."""
    from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

    special = frozenset(one.rpartition(".")[2] for one in SPECIAL_USE_DOMAIN_NAMES)

    unfit = Unfit("not an e-mail address", "name@domain")
    domains = form.domains or {}

    def split(text: str) -> tuple[str, str] | None:
        usual = _USUAL.fullmatch(text)
        if usual and len(usual[1]) <= 64 and usual[3] not in special:
            return usual[1], usual[2]
        try:
            found = validate_email(text, check_deliverability=False, test_environment=True)
        except EmailNotValidError:
            return None
        return found.local_part.lower(), found.domain.lower()

    def make(value: Value) -> Value | Unfit:
        if not isinstance(value, str) or len(value) > 254:
            return unfit
        found = split(value.strip().removeprefix("mailto:").lower())
        if found is None:
            return unfit
        local, domain = found
        domain = domains.get(domain, domain)
        if form.tag == "drop":
            local = local.partition("+")[0] or local
        if form.dots == "drop" and domain in DOTLESS:
            local = local.replace(".", "")
        return f"{local}@{domain}"

    return plain(make, is_private=True)
