"""Kinds of identifiers in order of priority: how many a profile may have, which move, which values are nobody's."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import msgspec
import re2
from msgspec import Struct, structs

from coterie.errors import InvalidDefinition, Problem, nearest

USER_ID = "user_id"
"""The kind that names a profile: the profile of user_id ``ada`` is ``ada``."""
EXTERNAL = "external"
"""Prefix of identifiers of kinds that no rule names, so that they never meet a user id that looks like them."""
BLOCKED = frozenset(
    {
        "", "null", "(null)", "undefined", "none", "nil", "nan", "n/a", "na", "0", "-1", "unknown", "anonymous", "guest",
        "not set", "(not set)", "not available", "true", "false", "[object object]", "{}", "[]", "test@test.com",
        "test@example.com", "noreply@example.com", "user@example.com", "no@email.com", "none@none.com",
    }
)  # fmt: skip
"""Values that programs send in place of an identifier, in small letters. They are nobody's, whatever their kind."""
TEMPLATES = (("{{", "}}"), ("${", "}"), ("%", "%"))
"""How a place in a template begins and ends that nobody filled in: such a value is nobody's either."""
NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


class Kind(Struct, frozen=True, kw_only=True):
    """One kind of identifier."""

    kind: str
    """Its name: small letters, digits and underscores."""
    limit: int | None = None
    """How many a profile may have; None is any number."""
    movable: bool = False
    """Whether it goes to the other person when two people meet in it who cannot be one (a browser, a device)."""
    normal: Literal["trim", "lower", "phone"] = "trim"
    """How values are written: without space around them, also in small letters, or as digits with a leading plus."""
    numbered: bool = False
    """Whether 1111 is a person as good as 1110; otherwise a value of one character repeated is nobody's."""
    blocked: tuple[str, ...] = ()
    """More values that are nobody's, in any case of letters."""
    patterns: tuple[str, ...] = ()
    """More patterns (RE2) of values that are nobody's; they must match the whole value."""
    chars_max: int = 256
    """Longer values are refused."""


KINDS = (
    Kind(kind=USER_ID, limit=1, numbered=True),
    Kind(kind="email", limit=5, normal="lower", patterns=(r"[^@]*", r"@.*", r".*@")),
    Kind(kind="phone", limit=5, normal="phone"),
    Kind(kind="loyalty_card", limit=3),
    Kind(kind="device_id", limit=10, movable=True),
    Kind(kind="advertising_id", limit=10, movable=True, normal="lower"),
    Kind(kind="anonymous_id", movable=True),
)
"""The kinds when a project names none, the most trusted first."""


class Rules(Struct, frozen=True, kw_only=True):
    """The rules of a project. Kinds stand in order of priority, ``user_id`` first."""

    kinds: tuple[Kind, ...] = KINDS
    unknown_kinds: Literal["accept", "refuse"] = "accept"
    """What becomes of identifiers of kinds that ``kinds`` does not name."""
    unknown_limit: int = 5
    """How many of one unnamed kind a profile may have."""
    blocked: tuple[str, ...] = ()
    """More values that are nobody's, whatever their kind."""
    blocked_patterns: tuple[str, ...] = ()
    """More patterns (RE2) of values that are nobody's, whatever their kind."""
    aliases_max: int = 5
    """How many identifiers of a limited kind a profile may come to have by alias calls, where its limit is lower."""


class Checks:
    """What rules say about identifiers, ready to be asked."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.by_kind = {kind.kind: kind for kind in rules.kinds}
        self._trimmed = {kind.kind: f"{kind.kind}:" for kind in rules.kinds if kind.normal == "trim"}
        self.rank = {kind.kind: rank for rank, kind in enumerate(rules.kinds)}
        self._unknown = Kind(kind=EXTERNAL, limit=rules.unknown_limit)
        self._blocked = BLOCKED | {one.casefold() for one in rules.blocked}
        self._own = {kind.kind: frozenset(one.casefold() for one in kind.blocked) for kind in rules.kinds}
        every = rules.blocked_patterns
        self._patterns = {kind.kind: _compiled((*every, *kind.patterns)) for kind in (*rules.kinds, self._unknown)}

    def kind_of(self, name: str) -> Kind:
        """Return the rule of a kind, that of unnamed kinds for one that is not named."""
        return self.by_kind.get(name, self._unknown)

    def limit_of(self, key: str) -> int | None:
        """Return how many identifiers of a key's kind a profile may have."""
        return self.kind_of(key.partition(":")[0]).limit

    def key_of(self, kind: str, value: str) -> str:
        """Return the text that stands for an identifier everywhere: ``kind:value``, its value as it is normally written.

        >>> Checks(Rules()).key_of("email", " Ada@Example.com ")
        'email:ada@example.com'
        """
        begin = self._trimmed.get(kind)
        if begin is not None:
            return begin + value.strip()
        rule = self.by_kind.get(kind)
        if rule is None:
            return f"{EXTERNAL}:{kind}:{value.strip()}"
        return f"{kind}:{value.strip().lower() if rule.normal == 'lower' else _phone(value)}"

    def identifier_of(self, key: str) -> tuple[str, str]:
        """Return (kind, value) of a key."""
        kind, _, value = key.partition(":")
        if kind == EXTERNAL:
            kind, _, value = value.partition(":")
        return kind, value

    def flaw_of(self, kind: str, key: str) -> str:
        """Return why an identifier is nobody's: blocked, unknown_kind, too_long, or nothing when it is somebody's."""
        rule = self.by_kind.get(kind)
        if rule is None:
            if self.rules.unknown_kinds == "refuse" or NAME.fullmatch(kind) is None:
                return "unknown_kind"
            rule = self._unknown
        value = self.identifier_of(key)[1]
        if len(value) > rule.chars_max:
            return "too_long"
        folded = value.casefold()
        if folded in self._blocked or folded in self._own.get(kind, ()):
            return "blocked"
        if len(value) > 2 and value == value[0] * len(value) and not (rule.numbered and value[0].isdigit()):
            return "blocked"
        if not value.strip("0-") or (value[0] in "{$%" and _is_template(value)):
            return "blocked"
        pattern = self._patterns[rule.kind]
        return "blocked" if pattern is not None and pattern.fullmatch(value) is not None else ""

    def profile_of(self, key: str) -> str:
        """Return the id of the profile that is made for an identifier.

        >>> checks = Checks(Rules())
        >>> checks.profile_of("user_id:ada"), checks.profile_of("anonymous_id:9f"), checks.profile_of("user_id:email:x")
        ('ada', 'anonymous_id:9f', 'user_id:email:x')
        """
        kind, _, value = key.partition(":")
        if kind != USER_ID:
            return key
        prefix, colon, _ = value.partition(":")
        return key if colon and (prefix in self.by_kind or prefix == EXTERNAL) else value

    def key_of_profile(self, profile: str) -> str:
        """Return the key of the identifier that a profile was made for; a name without a kind is a user id."""
        prefix, colon, _ = profile.partition(":")
        return profile if colon and (prefix in self.by_kind or prefix == EXTERNAL) else f"{USER_ID}:{profile}"


def rules_of(data: Any, where: str = "coterie.yaml: identity") -> Rules:
    """Return the rules that the section ``identity`` of coterie.yaml says. Raises: InvalidDefinition with every problem.

    ``kinds`` replaces the list of kinds; one that is named like a default keeps what is not said anew. What stands under
    ``matching`` is checked here and read by ``matching_of``.

    >>> rules_of({"kinds": ["user_id", {"kind": "email", "limit": 2}]}).kinds[1].normal
    'lower'
    """
    if data is None:
        return Rules()
    if not isinstance(data, dict):
        raise InvalidDefinition([Problem("a mapping is expected here", where=where, received=data)])
    problems: list[Problem] = []
    told = {name: value for name, value in data.items() if name not in ("kinds", "matching")}
    try:
        _refuse_unknown(told, Rules, where)
        rules = msgspec.convert(told, Rules)
    except (msgspec.ValidationError, Problem) as error:
        problems.append(error if isinstance(error, Problem) else Problem(str(error), where=where))
        rules = Rules()
    if "kinds" in data:
        kinds = data["kinds"] if isinstance(data["kinds"], list) else [data["kinds"]]
        rules = structs.replace(rules, kinds=tuple(_kinds(kinds, f"{where}.kinds", problems)))
    problems += _problems(rules, where)
    if "matching" in data:
        from coterie.identity.matching.fields import matching_of

        try:
            matching_of(data["matching"], f"{where}.matching")
        except InvalidDefinition as error:
            problems += error.problems
    if problems:
        raise InvalidDefinition(problems)
    return rules


def _kinds(told: list[Any], where: str, problems: list[Problem]) -> Iterable[Kind]:
    defaults = {kind.kind: structs.asdict(kind) for kind in KINDS}
    for place, one in enumerate(told):
        data = {"kind": one} if isinstance(one, str) else one
        here = f"{where}[{place}]"
        if not isinstance(data, dict) or not isinstance(data.get("kind"), str):
            problems.append(Problem("a kind is its name, or a mapping with one", where=here, received=one))
            continue
        try:
            _refuse_unknown(data, Kind, here)
            yield msgspec.convert({**defaults.get(data["kind"], {}), **data}, Kind)
        except msgspec.ValidationError as error:
            problems.append(Problem(str(error), where=here, received=one))
        except Problem as problem:
            problems.append(problem)


def _refuse_unknown(data: dict[str, Any], of: type[Struct], where: str) -> None:
    for name in data:
        if name not in of.__struct_fields__:
            known = of.__struct_fields__
            raise Problem(
                "unknown field", where=f"{where}.{name}", allowed=", ".join(known), hint=nearest(str(name), known)
            )


def _problems(rules: Rules, where: str) -> Iterable[Problem]:
    names = [kind.kind for kind in rules.kinds]
    if names[:1] != [USER_ID]:
        yield Problem("user_id comes first: it names profiles", where=f"{where}.kinds", received=names)
    for name in names:
        if NAME.fullmatch(name) is None or name == EXTERNAL:
            allowed = f"small letters, digits and underscores, not {EXTERNAL!r}"
            yield Problem("not a name of a kind", where=f"{where}.kinds", received=name, allowed=allowed)
        elif names.count(name) > 1:
            yield Problem("a kind is named twice", where=f"{where}.kinds", received=name)
    for limit in (rules.unknown_limit, rules.aliases_max, *(kind.limit for kind in rules.kinds)):
        if limit is not None and limit < 1:
            yield Problem("a limit is at least 1", where=where, received=limit)
    patterns = [*rules.blocked_patterns, *(pattern for kind in rules.kinds for pattern in kind.patterns)]
    for pattern in patterns:
        try:
            re2.compile(pattern)
        except re2.error as error:
            yield Problem("not a pattern of RE2", where=where, received=pattern, hint=str(error))


def _compiled(patterns: Sequence[str]) -> Any:
    return re2.compile("|".join(f"(?:{pattern})" for pattern in patterns)) if patterns else None


def _is_template(value: str) -> bool:
    return any(value.startswith(begin) and value.endswith(end) and len(value) > len(begin) for begin, end in TEMPLATES)


def _phone(value: str) -> str:
    """Return the digits of a phone number, after a plus if it has one (00 in front is one)."""
    plain = value.strip()
    digits = "".join(one for one in plain if one.isdigit())
    if plain.startswith("+"):
        return f"+{digits}"
    return f"+{digits[2:]}" if digits.startswith("00") and len(digits) > 8 else digits
