"""How good a model of value, propensity or resemblance is, as one page of HTML that needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from coterie.engine.learning.reports.page import Report, Section, table
from coterie.learned.artefact import Artefact
from coterie.segments.instants import rfc3339

SIDE, MARGIN = 320, 44
"""Pixels of the square in which points should lie on the diagonal, and around it."""
TITLES = {"value": "Customer value", "propensity": "Propensity", "lookalike": "Lookalikes"}
LOOK = (
    "<style>svg text{font:11px system-ui,sans-serif;fill:var(--dim)}svg .line{stroke:var(--line)}"
    "svg .point{fill:var(--info)}svg .range{stroke:var(--info)}</style>"
)


def score_page(artefact: Artefact) -> str:
    """Return the page: warnings first, then the numbers with their errors, and said against happened as a picture and a table."""
    lead = f"version {artefact.version}, {artefact.people:,} people, data as of {rfc3339(artefact.as_of)[:10]}"
    sections = _value(artefact.quality) if artefact.kind == "value" else _chances(artefact.quality)
    title = f"{TITLES[artefact.kind]}: {artefact.title or artefact.key}"
    return Report(title=title, lead=lead, sections=sections, notes=artefact.warnings).html()


def _value(quality: Mapping[str, Any]) -> list[Section]:
    rows = [
        (model, escape(key), _number(number), _number(quality[model]["standard_errors"][key]))
        for model in ("purchases", "money")
        for key, number in quality.get(model, {}).get("parameters", {}).items()
    ]
    found = [Section(title="Parameters", body=table(("model", "parameter", "value", "standard error"), rows, words=2))]
    held = quality["held_out"]
    if "undetermined" in held:
        return [*found, Section(title="Held out", body=f'<p class="note">{escape(held["undetermined"])}</p>')]
    told = [
        ("purchases foreseen", _number(held["predicted"])), ("purchases made", _number(held["actual"])),
        ("off per person (root mean square)", _number(held["rmse"])),
        ("the same for going on at one's own pace", _number(held["naive_rmse"])),
        ("money foreseen per money spent", _number(held["money_ratio"])),
    ]  # fmt: skip
    found.append(Section(title=f"The last {held['days']:.0f} days, held out", body=table(("what", "how much"), told)))
    for title, key in (("By repeat purchases before", "by_repeats"), ("By tenths of what was foreseen", "by_tenth")):
        points = [(one["predicted"], one["actual"], *_around(one["actual"], one["error"])) for one in held[key]]
        rows = [
            (escape(str(one["group"])), f"{one['people']:,}", _number(one["predicted"]), _number(one["actual"]))
            for one in held[key]
        ]
        body = _diagonal(points, "foreseen", "made") + table(("group", "people", "foreseen", "made"), rows)
        found.append(Section(title=title, body=body))
    return found


def _chances(quality: Mapping[str, Any]) -> list[Section]:
    area, held, single = quality["auc"], quality["reliability"], quality.get("best_single_feature")
    shown = area.get("undetermined") or f"{area['value']:.3f} (95 %: {area['low']:.3f} to {area['high']:.3f})"
    told = [
        ("area under the ROC curve", escape(shown)), ("people tested on", f"{held['people']:,}"),
        ("said on average", f"{held['predicted']:.2%}"), ("happened", f"{held['observed']:.2%}"),
        ("off within tenths", f"{held['ece']:.2%}"), ("lift of the highest tenth", _number(held["lift"])),
        ("Brier score", _number(held["brier"])), ("the same of saying the mean", _number(held["brier_of_base"])),
    ]  # fmt: skip
    if single is not None:
        told.append((f"AUC of {escape(single['feature'])} alone", _number(single["auc"].get("value"))))
    points = [(one["predicted"], one["observed"], one["low"], one["high"]) for one in held["bins"]]
    bins = [
        (f"{one['people']:,}", f"{one['predicted']:.2%}", f"{one['observed']:.2%}", f"{one['low']:.2%} to {one['high']:.2%}")
        for one in held["bins"]
    ]  # fmt: skip
    calibration = _diagonal(points, "said", "happened") + table(
        ("people", "said", "happened", "95 % interval"), bins, 0
    )
    features = [(escape(one["feature"]), f"{one['share']:.1%}") for one in quality["influences"]]
    return [
        Section(title="On people it had not learned from", body=table(("what", "how much"), told)),
        Section(title="Said and happened", body=calibration),
        Section(title="Features by their share of the gain", body=table(("feature", "share"), features)),
    ]


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
        f'{LOOK}<svg viewBox="0 0 {size} {size}" width="{size}" role="img" aria-label="{up} against {across}">'
        f'<line class="line" x1="{MARGIN}" y1="{end}" x2="{end}" y2="{MARGIN}"/>'
        f'<line class="line" x1="{MARGIN}" y1="{end}" x2="{end}" y2="{end}"/>'
        f'<line class="line" x1="{MARGIN}" y1="{end}" x2="{MARGIN}" y2="{MARGIN}"/>{"".join(marks)}'
        f'<text x="{end}" y="{end + 16}" text-anchor="end">{across}: {most:.3g}</text>'
        f'<text x="{MARGIN - 4}" y="{MARGIN - 6}">{up}: {most:.3g}</text><text x="{MARGIN - 12}" y="{end + 14}">0</text></svg>'
    )


def _around(middle: float, error: float | None) -> tuple[float, float]:
    reach = 1.96 * (error or 0.0)
    return middle - reach, middle + reach


def _number(value: Any) -> str:
    if value is None or isinstance(value, dict):
        return '<span class="dim">unknown</span>'
    return f"{value:,.4g}" if abs(value) < 100 else f"{value:,.0f}"
