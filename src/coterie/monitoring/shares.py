"""Shares against their own history: null rates, repetitions, orphans, refusals."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from coterie.monitoring.baseline import WEEK, mad
from coterie.monitoring.finding import Finding, finding_of
from coterie.monitoring.measures import Share, Subject
from coterie.monitoring.terms import Check, Term, term_of
from coterie.monitoring.tuning import Tuning

UNIQUE_SHARE = 0.02
"""A property of which at most so much repeats is taken for an identifier."""


ORPHANS_MOST = 0.3
"""Where more values than that have no counterpart on a normal day, one event does not refer to the other."""


ROWS_MOVED = 3
"""One or two odd rows are no reason to wake somebody."""


class Normal(Struct, frozen=True):
    """A share as it is: its middle, its spread from day to day, and how far it has gone either way."""

    middle: float
    pooled: float
    """The share of all days together."""
    spread: float
    least: float
    most: float


def normal_of(shares: Sequence[Share]) -> Normal:
    """Return what is normal for a share that was this on other days. The most extreme day either way is passed over."""
    values = np.sort(np.array([share.value for share in shares]))
    inner = values[1:-1] if values.size >= 10 else values
    whole = sum(share.whole for share in shares)
    pooled = (sum(share.part for share in shares) + 0.5) / (whole + 1.0)
    return Normal(float(np.median(values)), pooled, mad(values), float(inner[0]), float(inner[-1]))


def judge(
    subject: Subject, today: Share, history: Sequence[tuple[int, Share]], day: int, tuning: Tuning
) -> Finding | None:
    """Return what is wrong with a share, or ``None``; too little evidence is nothing wrong."""
    term = term_of(subject.measure)
    known = [(one, share) for one, share in history if share.whole >= tuning.rows_least]
    if today.whole < tuning.rows_least or len(known) < tuning.days_least:
        return None
    usual = normal_of([share for _, share in known])
    if subject.measure.startswith("orphans") and usual.middle > ORPHANS_MOST:
        return None
    same = [share for one, share in known if (one - day) % WEEK == 0]
    score = _score(today, usual)
    if len(same) >= 2:
        score = min(score, _score(today, normal_of(same)), key=abs)
    moved = abs(today.value - usual.middle) * today.whole
    if not _matters(today.value, usual, term) or abs(score) < tuning.score_least or moved < ROWS_MOVED:
        return None
    check = _check(subject, usual, term)
    return finding_of(
        subject, day, check, term.severity, _says(subject, today, usual, term),
        received=today.value, expected=usual.middle, score=score, rows=today.part,
    )  # fmt: skip


def _score(today: Share, usual: Normal) -> float:
    """Return robust standard deviations; what is drawn by chance for so many rows counts beside the spread of days."""
    noise = usual.pooled * (1 - usual.pooled) / today.whole
    return (today.value - usual.middle) / math.sqrt(usual.spread**2 + noise)


def _matters(value: float, usual: Normal, term: Term) -> bool:
    """Return whether the share has moved further than the floor, in the direction that is looked at, and than ever before."""
    up = value - usual.middle >= term.floor and value - usual.most >= term.floor / 2
    down = usual.middle - value >= term.floor and usual.least - value >= term.floor / 2
    return {"up": up, "down": down, "both": up or down}[term.direction]


def _check(subject: Subject, usual: Normal, term: Term) -> Check:
    is_variety = subject.measure == "alike" and usual.middle > UNIQUE_SHARE
    return Check.DISTRIBUTION if is_variety else term.check


def _says(subject: Subject, today: Share, usual: Normal, term: Term) -> str:
    measure, _, word = subject.measure.partition(":")
    what = f"{term.says} ({word})" if word and measure != "orphans" else term.says
    what = f"of values were not seen in {word} before" if measure == "orphans" else what
    if measure == "profiles":
        return (
            f"{subject.says()}: {today.value:.2f} {what}; {_span(f'{usual.least:.2f}', f'{usual.most:.2f}')} is normal"
        )
    told = f"{_percent(today.value)} {what}"
    return f"{subject.says()}: {told}; {_span(_percent(usual.least), _percent(usual.most))} is normal"


def _span(least: str, most: str) -> str:
    return least if least == most else f"{least} to {most}"


def _percent(share: float) -> str:
    """Return a share in percent, with decimals where it is small.

    >>> _percent(0.4), _percent(0.004)
    ('40 %', '0.4 %')
    """
    percent = share * 100
    return f"{percent:.0f} %" if percent >= 10 or percent == 0 else f"{percent:.2g} %"
