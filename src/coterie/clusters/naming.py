"""Names of clusters, suggested from what is different: "recent frequent big spenders"."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from coterie.clusters.explanation.facts import Difference

WORDS_MAX = 3
"""Features in a name, unless more are needed to tell two clusters apart."""
STANDS_OUT = 0.15
"""How far ``exceeds`` is from 0.5 for a feature to be in a name: in 65 of 100 random pairs the member is above, or below, the other."""
STANDS_OUT_LITTLE = 0.1
"""The same where two clusters would share a name without it."""
SHARE_MIN = 2 / 3
"""A level of a category is in a name when at least this share of the members have it: half and half would be named after one half."""


_LETTERS = re.compile(r"[a-z]+")
_WORDS = re.compile(r"[^\W_]+")


class Role(Struct, frozen=True):
    """What a kind of feature is called when members have more or less of it than others; ``noun``: the words name the people."""

    tokens: frozenset[str]
    more: str
    less: str
    is_noun: bool = False


def _role(tokens: str, more: str, less: str, is_noun: bool = False) -> Role:
    return Role(frozenset(tokens.split()), more, less, is_noun)


ROLES: tuple[Role, ...] = (
    _role("recency since inactive idle silence", "lapsed", "recent"),
    _role("tenure seniority", "long-standing", "new"),
    _role("rhythm gap interval interpurchase between", "slow-paced", "fast-paced"),
    _role("frequency orders purchases transactions invoices", "frequent", "occasional"),
    _role("basket aov", "big-basket", "small-basket"),
    _role("discount discounts coupon coupons promo promotion promotions sale", "bargain-hunting", "full-price"),
    _role("returns refunds refunded returned", "often-returning-goods", "seldom-returning-goods"),
    _role("entropy variety diversity distinct assortment", "exploring", "single-minded"),
    _role("velocity engagement", "speeding-up", "slowing-down"),
    _role("depth", "deep-browsing", "shallow-browsing"),
    _role("duration", "lingering", "hurried"),
    _role("sessions visits pageviews views clicks events active logins", "active", "quiet"),
    _role("night evening", "night-time", "daytime"),
    _role("weekend", "weekend", "weekday"),
    _role("monetary revenue spend spent spending turnover sales amount value money clv", "big spenders", "small spenders", True),
)  # fmt: skip
"""In the order in which words stand in a name. The first role with a token in the feature's name, else in its title, is its role."""
SCORES = frozenset({"score", "quintile", "quartile", "decile", "fifth"})
"""Tokens of a score, of which more is better: a high score of recency is recent."""


def name_clusters(differences: Sequence[Sequence[Difference]], noun: str = "customers") -> tuple[str, ...]:
    """Return a name for each cluster, all different, from its ``differences`` (greatest first).

    A name has at most three features. Where clusters would share one, the one that is farthest out in what parts them most is "very" so; if more than
    two share it, features that stand out less are named too; when even those do not part them, the later one (by label) gets a number.
    """
    names = [_name(each, noun, WORDS_MAX, STANDS_OUT) for each in differences]
    for name in sorted({name for name in names if names.count(name) > 1}):
        group = [place for place, other in enumerate(names) if other == name]
        place, word = _utmost([differences[place] for place in group])
        if word and word in name:
            names[group[place]] = name.replace(word, f"very {word}", 1)
    for place, each in enumerate(differences):
        if names.count(names[place]) > 1:
            names[place] = _name(each, noun, WORDS_MAX + 2, STANDS_OUT_LITTLE)
    seen: dict[str, int] = {}
    for place, name in enumerate(names):
        seen[name] = seen.get(name, 0) + 1
        if seen[name] > 1:
            names[place] = f"{name} {seen[name]}"
    return tuple(names)


def key_of(name: str, taken: Collection[str] = ()) -> str:
    """Return a key made of a name that is not among ``taken``: words joined by hyphens, numbered where needed.

    >>> key_of("Recent frequent big spenders"), key_of("new café-goers", {"new-cafe-goers"})
    ('recent-frequent-big-spenders', 'new-cafe-goers-2')
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    base = "-".join(re.findall(r"[a-z0-9]+", plain))[:60].strip("-")
    base = base if base[:1].isalpha() else f"cluster-{base}".strip("-")
    key, number = base, 2
    while key in taken:
        key, number = f"{base}-{number}", number + 1
    return key


def _name(differences: Sequence[Difference], noun: str, most: int, least: float) -> str:
    """Return the words of the features that stand out most, in the order of their roles."""
    chosen: dict[tuple[int, str], str] = {}
    for one in differences:
        if len(chosen) == most:
            break
        place, word = _word(one)
        spot = (place, "" if place < len(ROLES) else one.column)
        if spot not in chosen and _stands_out(one, least):
            chosen[spot] = word
    if not chosen:
        return f"average {noun}"
    people = [word for (place, _), word in chosen.items() if place < len(ROLES) and ROLES[place].is_noun]
    adjectives = [chosen[spot] for spot in sorted(chosen) if chosen[spot] not in people]
    return " ".join([*adjectives, people[0] if people else noun])


def _utmost(group: Sequence[Sequence[Difference]]) -> tuple[int, str]:
    """Return which of some clusters of one name is farthest out in the named feature in which they differ most, and that feature's word."""
    best: tuple[float, int, str] = (0.0, 0, "")
    for one in group[0]:
        if one.level is not None:
            continue
        values = [next((other.exceeds for other in each if other.column == one.column), 0.5) for each in group]
        out = [abs(value - 0.5) for value in values]
        if min(out) >= STANDS_OUT and max(out) - min(out) > best[0]:
            best = (max(out) - min(out), out.index(max(out)), _word(one)[1])
    return best[1], best[2]


def _stands_out(one: Difference, least: float) -> bool:
    if one.level is not None:
        return one.mean >= SHARE_MIN and one.mean - one.elsewhere >= least
    return abs(one.exceeds - 0.5) >= least and not one.exceeds_low <= 0.5 <= one.exceeds_high


def _word(one: Difference) -> tuple[int, str]:
    """Return where the feature's word stands in a name, and the word."""
    if one.level is not None:
        is_plain = one.level.replace("-", "").replace(" ", "").isalpha() and len(one.level) > 2
        return len(ROLES), one.level if is_plain else f"{one.title.lower()} {one.level}"
    is_more = one.exceeds > 0.5
    for text in (one.column, one.title):
        tokens = set(_LETTERS.findall(text.lower()))
        for place, role in enumerate(ROLES):
            if role.tokens & tokens:
                is_turned = place == 0 and bool(tokens & SCORES)
                return place, role.more if is_more != is_turned else role.less
    title = "-".join(_WORDS.findall(one.title.lower()))
    return len(ROLES), f"{'high' if is_more else 'low'}-{title}"
