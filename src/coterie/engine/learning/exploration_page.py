"""A table of features as one page of HTML that needs nothing else: what matters in words, then every feature with its picture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from coterie.engine.quality.page import POLICY, STYLE
from coterie.features.exploration import Bin, CategoryExplored, Exploration, NumberExplored, Pair
from coterie.segments.instants import rfc3339

WIDTH, HEIGHT = 180, 44
PAIRS = 20
MORE = """
svg rect{fill:var(--info)}.bar{background:#0369a122;display:inline-block;min-width:12rem;position:relative;padding:0 .4rem;overflow:hidden}
.bar i{position:absolute;left:0;top:0;bottom:0;background:#0369a144;z-index:-1}.matrix{border-collapse:collapse}
.matrix td{width:3.2rem;text-align:center;padding:.25rem;font-variant-numeric:tabular-nums}.matrix th{color:var(--dim);font-weight:400;text-align:right;padding:.25rem .5rem}
"""


def exploration_page(found: Exploration) -> str:
    """Return the page. Names and levels, which others sent, are escaped."""
    name = escape(found.feature_set or "features")
    lead = f"{found.people:,} people as of {rfc3339(found.at)}"
    remarks = "".join(f"<li>{escape(one)}</li>" for one in found.remarks)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="content-security-policy" content="{POLICY}">'
        f'<meta name="viewport" content="width=device-width"><title>Features: {name}</title><style>{STYLE}{MORE}</style>'
        f"<h1>Features: {name}</h1><p class=lead>{lead}</p><h2>What matters</h2><ul>{remarks}</ul>"
        f"{_numbers(found.numbers)}{_categories(found.categories)}{_pairs(found.pairs)}</html>\n"
    )


def _numbers(numbers: Sequence[NumberExplored]) -> str:
    if not numbers:
        return ""
    head = ("feature", "spread", "missing", "zeros", "median", "mean", "deviation", "most", "skewness", "outliers")
    rows = (
        (
            f"<b>{escape(one.name)}</b><br><span class=dim>{escape(one.title)}</span>", _histogram(one.bins), _percent(one.missing), _percent(one.zeros),
            _said(one.quantiles[3] if one.quantiles else None), _said(one.mean), _said(one.deviation),
            _said(one.quantiles[6] if one.quantiles else None), _said(one.skew), _percent(one.outliers),
        )
        for one in numbers
    )  # fmt: skip
    return f"<h2>Numbers</h2>{_table(head, rows, 2)}"


def _categories(categories: Sequence[CategoryExplored]) -> str:
    parts = []
    for one in categories:
        bars = "".join(
            f'<div class=bar><i style="width:{level.share:.1%}"></i>{escape(level.level)} {level.share:.1%}</div><br>'
            for level in one.levels
        )
        rest = f"<span class=dim>all others {one.others:.1%}</span>" if one.others else ""
        parts.append((f"<b>{escape(one.name)}</b>", bars + rest, _percent(one.missing), f"{one.distinct:,}"))
    return f"<h2>Categories</h2>{_table(('feature', 'levels', 'missing', 'different'), parts, 2)}" if parts else ""


def _pairs(pairs: Sequence[Pair]) -> str:
    """Return the rank correlations as a square while it is small, else the strongest as a list."""
    if not pairs:
        return ""
    names = list(dict.fromkeys(name for one in pairs for name in (one.one, one.other)))
    if len(names) > PAIRS:
        rows = ((escape(one.one), escape(one.other), f"{one.correlation:+.2f}") for one in pairs[:PAIRS])
        return f"<h2>Strongest rank correlations</h2>{_table(('one', 'other', 'correlation'), rows, 2)}"
    told = {frozenset((one.one, one.other)): one.correlation for one in pairs}
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    body = "".join(
        f"<tr><th>{escape(row)}</th>{''.join(_cell(told.get(frozenset((row, name)))) if row != name else '<td></td>' for name in names)}</tr>"
        for row in names
    )
    return f"<h2>Rank correlations</h2><table class=matrix><tr><th></th>{head}</tr>{body}</table>"


def _cell(correlation: float | None) -> str:
    if correlation is None:
        return "<td class=dim>–</td>"
    colour = "3,105,161" if correlation >= 0 else "185,28,28"
    return f'<td style="background:rgba({colour},{abs(correlation) * 0.6:.2f})">{correlation:+.2f}</td>'


def _histogram(bins: Sequence[Bin]) -> str:
    most = max((one.people for one in bins), default=0)
    if not most:
        return ""
    step = WIDTH / len(bins)
    bars = "".join(
        f'<rect x="{place * step:.1f}" y="{HEIGHT * (1 - one.people / most):.1f}" width="{step * 0.9:.1f}" height="{HEIGHT * one.people / most:.1f}">'
        f"<title>{one.low:,.4g} to {one.high:,.4g}: {one.people:,} people</title></rect>"
        for place, one in enumerate(bins)
    )
    return f'<svg width="{WIDTH}" height="{HEIGHT}" role="img">{bars}</svg>'


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], words: int) -> str:
    titles = "".join(f"<th{' class=n' if place >= words else ''}>{name}</th>" for place, name in enumerate(head))
    body = "".join(
        "<tr>"
        + "".join(f"<td{' class=n' if place >= words else ''}>{cell}</td>" for place, cell in enumerate(row))
        + "</tr>"
        for row in rows
    )
    return f"<table class=own><tr>{titles}</tr>{body}</table>"


def _percent(value: Any) -> str:
    return f"{value:.1%}" if isinstance(value, float) else "<span class=dim>unknown</span>"


def _said(value: Any) -> str:
    return f"{value:,.4g}" if isinstance(value, int | float) else "<span class=dim>unknown</span>"
