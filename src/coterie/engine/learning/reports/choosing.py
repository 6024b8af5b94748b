"""How many clusters, and why, as a section of a report."""

from __future__ import annotations

from html import escape

from coterie.clusters.choice.report import Choice, Estimate, Score, Stability
from coterie.engine.learning.pictures.clusters import criteria_picture
from coterie.engine.learning.reports.page import Section, said, table

HEAD = (
    "k", "inertia", "silhouette", "Davies–Bouldin", "Calinski–Harabasz", "gap", "stability (worst)", "separated", "hold-out", "smallest",
)  # fmt: skip


def choice_section(choice: Choice) -> Section:
    """Return the recommendation in words, every criterion of every k, and the charts."""
    structure = choice.structure
    reasons = "".join(f"<li>{escape(one)}</li>" for one in structure.reasons)
    notes = "".join(f'<p class="note">{escape(one)}</p>' for one in choice.warnings)
    votes = ", ".join(f"{escape(name)} {k}" for name, k in choice.votes.items())
    body = (
        f'<p class="words">{escape(choice.words)}</p>{notes}'
        f'<p>Structure: <b class="{"good" if structure.verdict == "clusters" else "warning"}">{escape(structure.verdict)}</b></p><ul>{reasons}</ul>'
        f"{table(HEAD, [_row(score, choice) for score in choice.scores], 0)}"
        + (f"<p class=dim>Each criterion alone would take: {votes}.</p>" if votes else "")
    )
    pictures = (criteria_picture(choice),) if len(choice.scores) > 1 else ()
    return Section(title="How many clusters", body=body, pictures=pictures)


def _row(score: Score, choice: Choice) -> tuple[str, ...]:
    mark = "<b>{}</b> ←" if score.k == choice.recommended else "{}"
    values = (
        score.silhouette,
        score.davies_bouldin,
        score.calinski_harabasz,
        score.gap,
        score.stability,
        score.separated,
        score.holdout,
    )
    return (
        mark.format(score.k),
        said(score.inertia, ",.2f"),
        *(_cell(value) for value in values),
        f"{score.smallest:,}",
    )


def _cell(value: object) -> str:
    if isinstance(value, Estimate):
        return f"{value.value:.3f}" + (f" ± {value.error:.3f}" if value.error else "")
    if isinstance(value, Stability):
        return (
            f'<span class="{"good" if value.mean >= 0.8 else "warning"}">{value.mean:.3f}</span> ({value.smallest:.2f})'
        )
    return said(value, ",.3f" if isinstance(value, float) and abs(value) < 1000 else ",.0f")
