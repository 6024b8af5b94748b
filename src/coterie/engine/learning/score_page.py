"""How good a model of value, propensity or resemblance is, as one page of HTML that needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from coterie.engine.quality.page import POLICY, STYLE
from coterie.learned.artefact import Artefact
from coterie.segments.instants import rfc3339

SIDE, MARGIN = 320, 44
"""Pixels of the square in which points should lie on the diagonal, and around it."""
TITLES = {"value": "Customer value", "propensity": "Propensity", "lookalike": "Lookalikes"}
MORE = """
.note{color:var(--warning)}svg text{font:11px system-ui,sans-serif;fill:var(--dim)}svg .line{stroke:var(--line)}
svg .point{fill:var(--info)}svg .range{stroke:var(--info)}.two{display:flex;flex-wrap:wrap;gap:2rem}
"""


def score_page(artefact: Artefact) -> str:
    """Return the page: warnings first, then the numbers with their errors, and said against happened as a picture and a table."""
    name = escape(artefact.title or artefact.key)
    notes = "".join(f'<p class="note">{escape(one)}</p>' for one in artefact.warnings)
    lead = f"version {artefact.version}, {artefact.people:,} people, data as of {rfc3339(artefact.as_of)[:10]}"
    body = _value(artefact.quality) if artefact.kind == "value" else _chances(artefact.quality)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="content-security-policy" content="{POLICY}">'
        f'<meta name="viewport" content="width=device-width"><title>{name}</title><style>{STYLE}{MORE}</style>'
        f"<h1>{TITLES[artefact.kind]}: {name}</h1><p class=lead>{lead}</p>{notes}{body}</html>\n"
    )


def _value(quality: Mapping[str, Any]) -> str:
    rows = [
        (model, key, _number(number), _number(quality[model]["standard_errors"][key]))
        for model in ("purchases", "money")
        for key, number in quality.get(model, {}).get("parameters", {}).items()
    ]
    parts = [f"<h2>Parameters</h2>{_table(('model', 'parameter', 'value', 'standard error'), rows)}"]
    held = quality["held_out"]
    if "undetermined" in held:
        return parts[0] + f'<h2>Held out</h2><p class="note">{escape(held["undetermined"])}</p>'
    told = [
        ("purchases foreseen", _number(held["predicted"])), ("purchases made", _number(held["actual"])),
        ("off per person (root mean square)", _number(held["rmse"])),
        ("the same for going on at one's own pace", _number(held["naive_rmse"])),
        ("money foreseen per money spent", _number(held["money_ratio"])),
    ]  # fmt: skip
    parts.append(
        f"<h2>The last {held['days']:.0f} days, held out</h2>{_table(('what', 'how much'), told)}<div class=two>"
    )
    for title, key in (("by repeat purchases before", "by_repeats"), ("by tenths of what was foreseen", "by_tenth")):
        points = [(one["predicted"], one["actual"], *_around(one["actual"], one["error"])) for one in held[key]]
        rows = [
            (one["group"], f"{one['people']:,}", _number(one["predicted"]), _number(one["actual"])) for one in held[key]
        ]
        table = _table(("group", "people", "foreseen", "made"), rows)
        parts.append(f"<section><h2>{title}</h2>{_diagonal(points, 'foreseen', 'made')}{table}</section>")
    return "".join([*parts, "</div>"])


def _chances(quality: Mapping[str, Any]) -> str:
    area, held = quality["auc"], quality["reliability"]
    shown = area.get("undetermined") or f"{area['value']:.3f} (95 %: {area['low']:.3f} to {area['high']:.3f})"
    single = quality.get("best_single_feature")
    told = [
        ("area under the ROC curve", escape(shown)), ("people tested on", f"{held['people']:,}"),
        ("said on average", f"{held['predicted']:.2%}"), ("happened", f"{held['observed']:.2%}"),
        ("off within tenths", f"{held['ece']:.2%}"), ("lift of the highest tenth", _number(held["lift"])),
        ("Brier score", _number(held["brier"])), ("the same of saying the mean", _number(held["brier_of_base"])),
    ]  # fmt: skip
    if single is not None:
        told.append(
            (f"AUC of {escape(single['feature'])} alone", _number(single["auc"].get("value", {"undetermined": ""})))
        )
    points = [(one["predicted"], one["observed"], one["low"], one["high"]) for one in held["bins"]]
    bins = [
        (f"{one['people']:,}", f"{one['predicted']:.2%}", f"{one['observed']:.2%}", f"{one['low']:.2%} to {one['high']:.2%}")
        for one in held["bins"]
    ]  # fmt: skip
    features = [(escape(one["feature"]), f"{one['share']:.1%}") for one in quality["influences"]]
    return (
        f"<h2>On people it had not learned from</h2>{_table(('what', 'how much'), told)}<div class=two>"
        f"<section><h2>Said and happened</h2>{_diagonal(points, 'said', 'happened')}"
        f"{_table(('people', 'said', 'happened', '95 % interval'), bins)}</section>"
        f"<section><h2>Features by their share of the gain</h2>{_table(('feature', 'share'), features)}</section></div>"
    )


def _diagonal(points: Sequence[tuple[float, float, float, float]], across: str, up: str) -> str:
    """Return a square picture: each point with its range; on the line, what was said is what happened."""
    most = max([1e-9, *(max(x, high) for x, _, _, high in points)])

    def at(x: float, y: float) -> tuple[float, float]:
        return MARGIN + x / most * SIDE, MARGIN + SIDE - y / most * SIDE

    marks = []
    for x, y, low, high in points:
        (left, middle), (_, bottom), (_, top) = at(x, y), at(x, max(low, 0.0)), at(x, high)
        marks.append(f'<line class="range" x1="{left:.1f}" x2="{left:.1f}" y1="{bottom:.1f}" y2="{top:.1f}"/>')
        marks.append(f'<circle class="point" cx="{left:.1f}" cy="{middle:.1f}" r="4"><title>{up} {y:.4g}, {across} {x:.4g}</title></circle>')  # fmt: skip
    size, end = SIDE + 2 * MARGIN, MARGIN + SIDE
    return (
        f'<svg viewBox="0 0 {size} {size}" width="{size}" role="img" aria-label="{up} against {across}">'
        f'<line class="line" x1="{MARGIN}" y1="{end}" x2="{end}" y2="{MARGIN}"/>'
        f'<line class="line" x1="{MARGIN}" y1="{end}" x2="{end}" y2="{end}"/>'
        f'<line class="line" x1="{MARGIN}" y1="{end}" x2="{MARGIN}" y2="{MARGIN}"/>{"".join(marks)}'
        f'<text x="{end}" y="{end + 16}" text-anchor="end">{across}: {most:.3g}</text>'
        f'<text x="{MARGIN - 4}" y="{MARGIN - 6}">{up}: {most:.3g}</text><text x="{MARGIN - 12}" y="{end + 14}">0</text></svg>'
    )


def _around(middle: float, error: float | None) -> tuple[float, float]:
    reach = 1.96 * (error or 0.0)
    return middle - reach, middle + reach


def _table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th{' class=n' if place else ''}>{name}</th>" for place, name in enumerate(names))
    lines = ("".join(f"<td{' class=n' if place else ''}>{cell}</td>" for place, cell in enumerate(row)) for row in rows)
    return f"<table class=own><tr>{head}</tr>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"


def _number(value: Any) -> str:
    if value is None or isinstance(value, dict):
        return '<span class="dim">unknown</span>'
    return f"{value:,.4g}" if abs(value) < 100 else f"{value:,.0f}"
