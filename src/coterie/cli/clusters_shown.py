"""How ``coterie cluster`` draws its answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coterie.cli.session import Session
from coterie.cli.tables import bar, plain_table

if TYPE_CHECKING:
    from coterie.clusters.choice import Choice
    from coterie.engine.learning.comparing import Compared
    from coterie.engine.learning.explaining import ClustersTold
    from coterie.engine.learning.publishing import Published
    from coterie.learned.artefact import Artefact


def show_fit(session: Session, kept: Artefact) -> None:
    """The clusters of a new version, and what there is to know of it, are on the screen."""
    from rich.markup import escape

    table = plain_table("cluster", "name", "people", "", right=("people",))
    for group in kept.parameters["clusters"]:
        share = group["size"] / kept.people
        table.add_row(group["key"], escape(group["title"]), f"{group['size']:,}", f"{bar(share)} {share:.0%}")
    outside = kept.people - sum(group["size"] for group in kept.parameters["clusters"])
    if outside:
        table.add_row(
            "[dim]in none[/]", "", f"{outside:,}", f"{bar(outside / kept.people)} {outside / kept.people:.0%}"
        )
    console = session.console()
    _show_tried(session, kept.parameters.get("auto"))
    console.print(table)
    for text in kept.warnings:
        console.print(f"[yellow]![/] {escape(text)}")
    session.remark(
        f"kept as version {kept.version}; look at it: coterie cluster explain {kept.key}; then: coterie cluster publish {kept.key}"
    )


def _show_tried(session: Session, auto: dict[str, Any] | None) -> None:
    if auto is None:
        return
    from rich.markup import escape

    table = plain_table(
        "algorithm", "features", "k", "groups", "stability", "silhouette", "seconds", "", right=("k", "seconds")
    )
    for one in auto["tried"]:
        told = [one["algorithm"], escape(one["columns"])]
        figures = [f"{one[name]:.2f}" if isinstance(one[name], float) else "–" for name in ("stability", "silhouette")]
        done = [str(one["k"]), "yes" if one["structure"] else "no", *figures, f"{one['seconds']:.1f}"]
        table.add_row(
            *told,
            *(["", "", "", "", ""] if one["why"] else done),
            escape(one["why"]),
            style="dim" if one["why"] else "",
        )
    session.console().print(table)
    session.console().print(escape(auto["words"]))


def show_choice(session: Session, choice: Choice) -> None:
    """Every criterion of every k is on the screen, then the recommendation in words."""
    from rich.markup import escape

    names = ("inertia", "silhouette", "davies_bouldin", "calinski_harabasz", "gap", "stability", "holdout", "smallest")
    table = plain_table("k", *names, right=("k", *names))
    for score in choice.scores:
        mark = "[green]→[/] " if score.k == choice.recommended else ""
        table.add_row(f"{mark}{score.k}", *(_cell(getattr(score, name)) for name in names))
    console = session.console()
    console.print(table)
    console.print(escape(choice.words))
    for text in choice.warnings:
        console.print(f"[yellow]![/] {escape(text)}")


def _cell(value: Any) -> str:
    from coterie.clusters.choice import Estimate, Stability
    from coterie.model import Undetermined

    if isinstance(value, Undetermined):
        return "–"
    if isinstance(value, Estimate):
        return f"{value.value:.3f}" + (f" ±{value.error:.3f}" if value.error else "")
    if isinstance(value, Stability):
        return f"{value.mean:.2f} (≥ {value.smallest:.2f})"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.3f}" if abs(value) < 1000 else f"{value:,.0f}"


def show_explained(session: Session, told: ClustersTold) -> None:
    """Each cluster is on the screen: its key, name, size, words, and its members where they were asked for."""
    from rich.markup import escape

    console = session.console()
    for one in told.clusters:
        console.print(f"[bold]{one.key}[/]  {escape(one.title)}  {one.size:,} people ({one.share:.1%})")
        if one.suggested and one.suggested != one.title:
            console.print(f"  [dim]its features suggest: {escape(one.suggested)}[/]")
        console.print(f"  {escape(one.says)}")
        for role, people in (("typical", one.typical), ("border", one.border)):
            if people:
                console.print(f"  [dim]{role}:[/] {escape(', '.join(who.profile for who in people))}")
    for text in told.warnings:
        console.print(f"[yellow]![/] {escape(text)}")
    state = "published" if told.is_published else "not published"
    session.remark(f"version {told.version} of {told.key}, {state}, {told.people:,} people")


def show_published(session: Session, done: Published) -> None:
    """What a publication came to is on the screen."""
    table = plain_table("cluster", "people", right=("people",))
    for key, size in done.sizes.items():
        table.add_row(key, f"{size:,}")
    console = session.console()
    console.print(
        f"[green]published[/] version {done.version} of {done.key}: traits of {done.written:,} of {done.people:,} people written"
    )
    if done.sizes:
        console.print(table)
    if done.changes:
        console.print(f"{done.changes:,} membership changes followed")
    kept = (
        "a running server keeps them up to date" if done.is_live else "they stay as they are until the next publication"
    )
    session.remark(kept)


def show_compared(session: Session, found: Compared) -> None:
    """Who goes where between two versions is on the screen, and what became of the clusters."""
    from rich.markup import escape

    from coterie.model import Undetermined

    console = session.console()
    keys = list(dict.fromkeys([*found.moves.before, *found.moves.after]))
    names = [str(keys.index(key) + 1) if key else "none" for key in found.moves.after]
    table = plain_table("", f"version {found.old.version} ↓  {found.new.version} →", *names, right=names)
    for key, row in zip(found.moves.before, found.moves.counts, strict=True):
        counts = (f"{count:,}" if count else "·" for count in row)
        table.add_row(str(keys.index(key) + 1) if key else "", key or "in none", *counts)
    for key in found.moves.after:
        if key and key not in found.moves.before:
            table.add_row(str(keys.index(key) + 1), f"{key} [dim](new)[/]")
    console.print(table)
    told = [
        f"{word} {'–' if isinstance(value, Undetermined) else format(value, form)}"
        for word, value, form in (
            ("same cluster", found.stayed, ".1%"),
            ("agreement (adjusted Rand)", found.agreement, ".3f"),
        )
    ]
    spreads = [one.spread for one in (found.old, found.new)]
    told.append("spread " + " → ".join("–" if isinstance(one, Undetermined) else f"{one:.3f}" for one in spreads))
    console.print("; ".join(told))
    for text in found.words:
        console.print(f"  {escape(text)}")
