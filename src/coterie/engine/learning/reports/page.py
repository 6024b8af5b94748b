"""The frame of every report: a title, sections of words and tables, and pictures that move without any network."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from hashlib import sha256
from html import escape

import msgspec
from msgspec import Struct

from coterie.engine.learning.pictures.picture import Picture, bundle
from coterie.engine.quality.page import STYLE
from coterie.model import Undetermined

LOOK = """
figure{margin:.8rem 0 1.6rem;padding:.8rem;background:#fff;color:#222;border:1px solid var(--line);border-radius:.5rem;overflow-x:auto}
figure h3{margin:0 0 .4rem;font-size:1rem;font-weight:600}figcaption{color:#666;font-size:.9rem;max-width:60rem;margin-top:.4rem}
article{border-top:1px solid var(--line);padding:.8rem 0}article h3{margin:.2rem 0;font-size:1.05rem}article code{color:var(--dim)}
.chips{display:flex;gap:.5rem 1.5rem;flex-wrap:wrap;margin:.3rem 0}.chips b{font-size:1.15rem;font-variant-numeric:tabular-nums}
.chips span{color:var(--dim)}.note{color:var(--warning)}.bar{background:#0369a122;border-radius:2px;display:block;height:.6rem;min-width:6rem}
.bar i{display:block;height:100%;background:var(--info);border-radius:2px}.words{max-width:60rem}
details{margin:.4rem 0}figure details,figure details[open]{border:0;padding:0;margin:0}
"""
DRAW = """
for(const one of document.querySelectorAll('script[type="application/json"]')){const spec=JSON.parse(one.textContent);
vegaEmbed(document.getElementById(one.dataset.of),spec,{renderer:'svg',downloadFileName:one.dataset.of,
actions:{export:true,source:false,compiled:false,editor:false}})}
"""
"""Draws every picture of the page; its little menu saves it as PNG or SVG."""


class Section(Struct, frozen=True, kw_only=True):
    """A part of a report: ``body`` is HTML in which everything that others wrote is escaped."""

    title: str
    body: str = ""
    pictures: tuple[Picture, ...] = ()


class Report(Struct, frozen=True, kw_only=True):
    """A title, a line about what was looked at, what to mind, and sections."""

    title: str
    lead: str
    sections: Sequence[Section]
    notes: Sequence[str] = ()

    @property
    def pictures(self) -> tuple[Picture, ...]:
        return tuple(picture for section in self.sections for picture in section.pictures)

    def html(self) -> str:
        """Return the page. It asks nothing of any network; the scripts in it are the only ones that a browser runs, named by their hashes.

        Charts compile their formulas in the browser, which its policy has to allow ('unsafe-eval'); the formulas are ours, what others wrote is data.
        The same report is the same text. Size: about 900 KB with pictures, else some KB.
        """
        scripts = (bundle(), DRAW) if self.pictures else ()
        hashes = " ".join(f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" for text in scripts)
        allowed = f"script-src {hashes} 'unsafe-eval'; " if scripts else ""
        policy = f"default-src 'none'; style-src 'unsafe-inline'; {allowed}img-src data: blob:; form-action 'none'; base-uri 'none'"
        warned = "".join(f'<p class="note">{escape(one)}</p>' for one in self.notes)
        parts = "".join(
            f"<h2>{escape(one.title)}</h2>{one.body}{''.join(_figure(picture) for picture in one.pictures)}"
            for one in self.sections
        )
        run = "".join(f"<script>{text}</script>" for text in scripts)
        return (
            f'<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="content-security-policy" content="{policy}">'
            f'<meta name="viewport" content="width=device-width"><title>{escape(self.title)}</title><style>{STYLE}{LOOK}</style>'
            f"<h1>{escape(self.title)}</h1><p class=lead>{escape(self.lead)}</p>{warned}{parts}{run}</html>\n"
        )


def _figure(picture: Picture) -> str:
    """Return a picture as a place to draw it in and the data to draw it from."""
    data = msgspec.json.encode(picture.spec).decode().replace("<", "\\u003c")
    name = escape(picture.name, quote=True)
    return (
        f'<figure><h3>{escape(picture.title)}</h3><div id="{name}" role="img" aria-label="{escape(picture.title, quote=True)}"></div>'
        f"<figcaption>{escape(picture.caption)}</figcaption></figure>"
        f'<script type="application/json" data-of="{name}">{data}</script>'
    )


def table(head: Sequence[str], rows: Iterable[Sequence[str]], words: int = 1) -> str:
    """Return a table whose first ``words`` columns are words and whose others are numbers. Cells are HTML: escape what others wrote."""
    titles = "".join(f"<th{' class=n' if place >= words else ''}>{escape(name)}" for place, name in enumerate(head))
    lines = (
        "".join(f"<td{' class=n' if place >= words else ''}>{cell}" for place, cell in enumerate(row)) for row in rows
    )
    return f"<table class=own><tr>{titles}</tr>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"


def said(value: object, form: str = ",.4g") -> str:
    """Return a number in a format, or the reason why there is none."""
    if isinstance(value, Undetermined):
        return f'<span class="dim" title="{escape(value.reason, quote=True)}">not known</span>'
    return format(value, form) if isinstance(value, int | float) else escape(str(value))


def bar(share: float) -> str:
    """Return a share as a bar."""
    return f'<span class=bar><i style="width:{min(max(share, 0.0), 1.0):.1%}"></i></span>'
