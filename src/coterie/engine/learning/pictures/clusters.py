"""Pictures of clusters: their profiles, their tree, and the criteria by which their number is chosen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from coterie.clusters.choice.report import Choice, Estimate, Stability
from coterie.clusters.explanation.bounds import spoken
from coterie.clusters.explanation.facts import Explanation
from coterie.clusters.pictures import Branches
from coterie.engine.learning.pictures.picture import HEIGHT, WIDTH, Picture, altair, drawn, rows
from coterie.model import Undetermined

STABLE = 0.8
"""Mean stability below which a number of clusters is not to be trusted."""
FEATURES_MAX = 40
TELLING_MIN = 0.02
"""A feature in which no cluster is farther than this from the others (as a chance beside one half) is left out of the heat-map."""
CRITERIA: tuple[tuple[str, str], ...] = (
    ("inertia", "inertia (look for the bend)"),
    ("silhouette", "silhouette (high is good)"),
    ("stability", "stability (above 0.8)"),
    ("davies_bouldin", "Davies–Bouldin (low is good)"),
    ("calinski_harabasz", "Calinski–Harabasz (high)"),
    ("gap", "gap (high is good)"),
)


def profile_picture(explanation: Explanation, names: Sequence[str]) -> Picture:
    """Return the heat-map: a row per feature, a column per cluster, red above and blue below everybody else."""
    alt = altair()
    told: list[dict[str, Any]] = []
    reach: dict[str, float] = {}
    for one in explanation.clusters:
        for each in one.differences:
            feature = spoken(each.column) if each.level is None else f"{spoken(each.column)}: {each.level}"
            reach[feature] = max(reach.get(feature, 0.0), abs(each.exceeds - 0.5))
            told.append({
                "cluster": names[one.cluster], "feature": feature, "pairs": round(each.exceeds, 4), "difference": round(each.difference, 3),
                "low": round(each.low, 3), "high": round(each.high, 3), "members": _short(each.median) if each.level is None else f"{each.mean:.1%}",
                "others": _short(each.median_elsewhere) if each.level is None else f"{each.elsewhere:.1%}",
            })  # fmt: skip
    telling = [name for name, far in reach.items() if far >= TELLING_MIN] or list(reach)
    features = sorted(telling, key=lambda name: (-reach[name], name))[:FEATURES_MAX]
    shown = [one for one in told if one["feature"] in features]
    base = alt.Chart(rows(shown)).encode(
        x=alt.X("cluster:N", sort=list(names), title=None, axis=alt.Axis(labelAngle=-20, labelLimit=260, orient="top")),
        y=alt.Y("feature:N", sort=features, title=None, axis=alt.Axis(labelLimit=260)),
        tooltip=["cluster:N", "feature:N", "members:N", "others:N", "difference:Q", "low:Q", "high:Q",
                 alt.Tooltip("pairs:Q", format=".0%", title="above others in pairs")],
    )  # fmt: skip
    scale = alt.Scale(scheme="redblue", domain=[0, 1], reverse=True)
    cells = base.mark_rect().encode(
        color=alt.Color("pairs:Q", scale=scale, legend=alt.Legend(title="above others in pairs", format=".0%"))
    )
    is_strong = "datum.pairs > 0.85 || datum.pairs < 0.15"
    texts = base.mark_text(fontSize=11).encode(
        text="members:N", color=alt.condition(is_strong, alt.value("white"), alt.value("#222"))
    )
    chart = alt.layer(cells, texts).properties(width=max(120 * len(names), 360), height=max(26 * len(features), 80))
    caption = (
        "The number is the median of the members (for a category: the share that has it). Red: a member is above a random other customer in most pairs; blue: "
        "below; white: no difference."
    )
    return drawn("profiles", "Profiles", caption, chart)


def _short(number: float) -> str:
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}"


def tree_picture(found: Branches, k: int) -> Picture:
    """Return the upper part of the dendrogram, with the cut that leaves ``k`` clusters as a dashed line."""
    alt = altair()
    told = [
        {"x": x, "y": y, "x2": x2, "y2": y2, "people": one.people, "height": round(one.height, 4)}
        for one in found.branches
        for x, y, x2, y2 in (
            (one.left, one.left_height, one.left, one.height),
            (one.left, one.height, one.right, one.height),
            (one.right, one.right_height, one.right, one.height),
        )
    ]
    lines = (
        alt.Chart(rows(told), width=WIDTH, height=HEIGHT)
        .mark_rule(color="#4c78a8", strokeWidth=1.6)
        .encode(
            x=alt.X("x:Q", axis=None), x2="x2:Q", y=alt.Y("y:Q", title="height of the merge"), y2="y2:Q",
            tooltip=["height:Q", "people:Q"],
        )
    )  # fmt: skip
    leaves = [{"x": leaf.place, "y": 0, "people": f"{leaf.people:,}"} for leaf in found.leaves]
    counts = (
        alt.Chart(rows(leaves))
        .mark_text(angle=270, align="right", baseline="middle", dx=-4, fontSize=10, color="#555")
        .encode(x="x:Q", y="y:Q", text="people:N")
    )
    layers = [lines, counts]
    if found.cut is not None:
        layers.append(
            alt.Chart(rows([{"cut": found.cut}])).mark_rule(strokeDash=[5, 4], color="#e45756").encode(y="cut:Q")
        )
    caption = f"Groups that merge low are alike. The numbers are the people below each leaf; the dashed line leaves {k} clusters."
    return drawn("tree", "Tree", caption, alt.layer(*layers))


def criteria_picture(choice: Choice) -> Picture:
    """Return every criterion by k in a small chart of its own, with errors where they are known and the recommended k marked."""
    alt = altair()
    charts = []
    for name, title in CRITERIA:
        told = [row for score in choice.scores if (row := _criterion(score.k, getattr(score, name))) is not None]
        if told:
            charts.append(_small(alt, told, title, choice.recommended, STABLE if name == "stability" else None))
    caption = "The grey bar is one standard error to both sides; for stability it goes down to the worst draw. "
    caption += (
        f"The dashed line is the recommended {choice.recommended}."
        if choice.recommended
        else "No number of clusters is recommended."
    )
    return drawn("criteria", "Criteria by the number of clusters", caption, alt.concat(*charts, columns=3))


def _criterion(k: int, value: object) -> dict[str, Any] | None:
    if isinstance(value, Undetermined):
        return None
    if isinstance(value, Estimate):
        return {"k": k, "value": value.value, "low": value.value - value.error, "high": value.value + value.error}
    if isinstance(value, Stability):
        return {"k": k, "value": value.mean, "low": value.smallest, "high": value.mean}
    number = float(str(value))
    return {"k": k, "value": number, "low": number, "high": number} if math.isfinite(number) else None


def _small(alt: Any, told: list[dict[str, Any]], title: str, recommended: int | None, bound: float | None) -> Any:
    ks = [row["k"] for row in told]
    base = alt.Chart(rows(told), width=210, height=150, title=title)
    x = alt.X(
        "k:Q",
        title=None,
        axis=alt.Axis(values=ks, format="d", grid=False),
        scale=alt.Scale(nice=False, zero=False, padding=8),
    )
    y = alt.Y("value:Q", title=None, scale=alt.Scale(zero=False), axis=alt.Axis(tickCount=4))
    layers = [
        base.mark_rule(color="#bbb", strokeWidth=5).encode(x=x, y=alt.Y("low:Q", title=None), y2="high:Q"),
        base.mark_line(color="#4c78a8", point=True).encode(x=x, y=y, tooltip=["k:Q", "value:Q", "low:Q", "high:Q"]),
    ]
    if recommended in ks:
        layers.append(alt.Chart(rows([{"k": recommended}])).mark_rule(strokeDash=[4, 4], color="#e45756").encode(x=x))
    if bound is not None:
        layers.append(alt.Chart(rows([{"value": bound}])).mark_rule(strokeDash=[2, 3], color="#888").encode(y=y))
    return alt.layer(*layers)
