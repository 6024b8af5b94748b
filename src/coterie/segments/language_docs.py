"""The language page, written from the conditions themselves: ``python -m coterie.segments.language_docs``."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import Any

from coterie.segments.conditions import GROUPS
from coterie.segments.conditions.counts import Counts
from coterie.segments.conditions.form import Example, Form, Past, Spoken
from coterie.segments.conditions.numbers import NumberOperators
from coterie.segments.conditions.operators import NearPoint, ValueOperators, VersionOperators
from coterie.segments.conditions.picker import Picker
from coterie.segments.conditions.speech import figure
from coterie.segments.conditions.steps import Step
from coterie.segments.conditions.window import During, Window
from coterie.segments.definition import Schedule, Segment
from coterie.segments.parse import parse_condition, yaml_text
from coterie.segments.parse.slots import Slot, keys, kinds, says_kinds, slots
from coterie.values import canonical

SHARED: tuple[tuple[str, type[Form]], ...] = (
    ("Picker", Picker),
    ("Window", Window),
    ("Counts", Counts),
    ("Value operators", ValueOperators),
    ("Number operators", NumberOperators),
    ("During", During),
    ("Step", Step),
    ("Near", NearPoint),
    ("Version", VersionOperators),
)
_TITLES = {form: title for title, form in SHARED}

HEAD = """\
# The language

<!-- Written by `python -m coterie.segments.language_docs` from the conditions. Do not edit. -->

A segment is a file, `segments/<key>.yaml` (or `.json`). Start it with
`# yaml-language-server: $schema=segment.schema.json` and an editor completes and checks it.

```yaml
key: high-intent-at-risk
title: High Intent but At-Risk
owner: growth
when:
  then_not: {first: {event: add_to_cart}, absent: {event: checkout_started}, for: 24h}
```

- A **condition** is a mapping with exactly one key: its word.
- A **duration** is a whole number and `s`, `m`, `h`, `d` or `w`: `24h`. It is exact; a day is 24 hours. A window
  `within: 24h` at an instant holds what occurred after 24 hours before it, up to and including it.
- An **instant** is a date, or a date and time with `Z` or an offset: `2026-01-31T08:00:00Z`. A date begins at midnight in
  the definition's time zone.
- **Missing** is a value that is absent, null, or empty text. Every positive test of it is false.
- Text that YAML readers disagree about (`yes`, `on`, `0150`, `12:30`) has to stand in quotes.

In the examples below, now is 12:00 UTC on Wednesday, 18 March 2026.
"""


def page() -> str:
    """Return the whole page."""
    parts = [HEAD, "## The definition\n", table(Segment), "`refresh` may be a schedule:\n", table(Schedule)]
    for group in GROUPS:
        parts += [f"## {group.title}\n", f"{group.lead}\n"]
        parts += [_condition(kind) for kind in group.conditions]
    parts.append("## Shared pieces\n")
    for title, form in SHARED:
        parts += [f"### {title}\n", f"{_prose(form)}\n", table(form)]
    return "\n".join(parts)


def _prose(form: type[Form]) -> str:
    return inspect.getdoc(form) or ""


def _condition(kind: type[Spoken]) -> str:
    parts = [f"### `{kind.word}`\n", f"{_prose(kind)}\n"]
    if kind.bare:
        (slot,) = slots(kind)
        parts.append(f"Its value is {_article(says_kinds(slot.annotation))}. {slot.doc}\n")
    elif slots(kind):
        parts.append(table(kind))
    parts += [
        _example(kind.word, list(same)) for _, same in groupby(kind.examples, key=lambda one: canonical(one.data))
    ]
    return "\n".join(parts)


def _article(words: str) -> str:
    return words if words.startswith(("a ", "an ", "one ")) else f"one of {words}"


def _example(word: str, examples: list[Example]) -> str:
    """Return one condition as written, its sentence, and every case that is told of it."""
    data = {word: examples[0].data}
    lines = ["```yaml", yaml_text(data).rstrip(), "```", f"> People {parse_condition(data).says()}.\n"]
    first = examples[0]
    lines += [f"- segment {key}: `{canonical(rule)}`" for key, rule in first.others.items()]
    lines += [f"- published: {name} {', '.join(figure(cut) for cut in cuts)}" for name, cuts in first.cuts.items()]
    for example in examples:
        verdict = "in" if example.member else "out"
        happened = ", ".join(_past(past) for past in example.events)
        lines.append(f"- {example.profile}: {happened} → **{verdict}**: {example.note}")
    return "\n".join(lines) + "\n"


def _past(past: Past) -> str:
    when = "now" if past.ago == "0s" else f"{past.ago} ago"
    properties = f" `{canonical(dict(past.properties))}`" if past.properties else ""
    return f"`{past.name}` {when}{properties}"


def table(form: type[Form]) -> str:
    """Return the fields of a form as a table: key, what it accepts, what it means."""
    rows = ["| field | value | meaning |", "|---|---|---|"]
    rows += _rows(slots(form))
    return "\n".join(rows) + "\n"


def _rows(fields: Iterable[Slot]) -> list[str]:
    rows = []
    for slot in fields:
        if slot.spread is not None:
            title = _title(slot.spread)
            lent = ", ".join(f"`{one.key}`" for one in slots(slot.spread))
            rows.append(f"| {_shortened(lent)} | | {_link(title)} |")
        else:
            needed = " (needed)" if slot.required else ""
            rows.append(f"| `{slot.key}`{needed} | {_cell(_accepted(slot.annotation))} | {_cell(slot.doc)} |")
    return rows


def _accepted(annotation: Any) -> str:
    """Return what a field accepts, with links to the shared pieces and the keys of its own ones."""
    if not any(kind.form or kind.mapping or kind.is_list for kind in kinds(annotation)):
        return says_kinds(annotation)
    said = []
    for kind in kinds(annotation):
        if kind.form is not None and kind.form in _TITLES:
            said.append(_link(_TITLES[kind.form]))
        elif kind.form is not None:
            said.append(f"mapping of {', '.join(f'`{key}`' for key in keys(kind.form))}")
        elif kind.mapping:
            said.append(f"mapping of names to {_accepted(kind.mapping[1])}")
        elif kind.is_list:
            inner = _accepted(kind.items[0])
            said.append(f"list, each {inner}" if kind.is_open_list else f"list of {len(kind.items)}, each {inner}")
        else:
            said.append(kind.says())
    scalars = ["true or false", "a whole number", "a number", "text"]
    if said[:4] == scalars:
        said = ["a value", *said[4:]]
    return " or ".join(dict.fromkeys(said))


def _link(title: str) -> str:
    return f"[{title}](#{title.lower().replace(' ', '-')})"


def _title(form: type[Any]) -> str:
    return next((title for one, title in _TITLES.items() if issubclass(form, one)), form.__name__)


def _shortened(keys: str) -> str:
    parts = keys.split(", ")
    return keys if len(parts) <= 8 else ", ".join(parts[:6]) + ", …"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main(path: str) -> None:
    """Write the page to ``path``."""
    Path(path).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "docs/language.md")
