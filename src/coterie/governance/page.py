"""The catalogue as one page of HTML that needs nothing else: to be sent, printed or put on a wall."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from html import escape

from coterie.governance.catalogue import FIELD_KINDS, Catalogue, Field
from coterie.segments.instants import from_us

STYLE = """
:root{color-scheme:light dark;--line:#8884;--dim:#888;--warn:#b45309}
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:1200px;padding:0 1rem}
h1{font-size:1.6rem;margin:0}p.lead{color:var(--dim);margin:.2rem 0 1.2rem}
form{display:flex;gap:.5rem;flex-wrap:wrap;margin-bottom:1rem}
input,select{font:inherit;padding:.35rem .6rem;border:1px solid var(--line);border-radius:.4rem;background:transparent;color:inherit}
input{flex:1;min-width:14rem}
details{border-top:1px solid var(--line);padding:.45rem 0}summary{cursor:pointer;list-style:none}
summary::-webkit-details-marker{display:none}summary:hover b{text-decoration:underline}
.line{display:grid;gap:.8rem;align-items:baseline;grid-template-columns:6.5rem minmax(12rem,2fr) 6rem 5rem minmax(6rem,1fr) 14rem}
.head{position:sticky;top:0;background:Canvas;padding:.3rem 0;font-size:.85rem}
.line b{overflow-wrap:anywhere}.line span{color:var(--dim)}.line .warn{color:var(--warn)}
.line .n{text-align:right;font-variant-numeric:tabular-nums}
dl{display:grid;grid-template-columns:9rem 1fr;gap:.15rem 1rem;margin:.6rem 0 .6rem 1rem}dt{color:var(--dim)}dd{margin:0;overflow-wrap:anywhere}
.tag{border:1px solid var(--line);border-radius:1rem;padding:0 .5rem;font-size:.8rem;white-space:nowrap}
.warn{color:var(--warn);border-color:var(--warn)}.flow{margin:0}
.none{color:var(--dim);padding:1rem 0}
@media(max-width:800px){.line{grid-template-columns:6rem 1fr}.line .wide{display:none}dl{grid-template-columns:1fr;margin-left:.5rem}dd{margin-bottom:.4rem}}
"""
SCRIPT = """
const rows=[...document.querySelectorAll('details')],word=document.getElementById('word'),kind=document.getElementById('kind'),
use=document.getElementById('use'),told=document.getElementById('told');
function show(){let n=0;const w=word.value.toLowerCase();for(const r of rows){const d=r.dataset;
const on=(!w||r.textContent.toLowerCase().includes(w))&&(!kind.value||d.kind===kind.value)&&(!use.value||d.use.split(' ').includes(use.value));
r.hidden=!on;n+=on}told.textContent=n+' of '+rows.length+' entries shown';document.getElementById('none').hidden=n>0}
for(const one of [word,kind,use])one.addEventListener('input',show);show();
document.querySelector('form').addEventListener('submit',e=>e.preventDefault());
"""


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


POLICY = (
    f"default-src 'none'; style-src {_hash(STYLE)}; script-src {_hash(SCRIPT)}; form-action 'none'; base-uri 'none'"
)
"""What a browser may do with the page: its own style and script, and nothing that somebody's text would bring along."""


def page_of(catalogue: Catalogue, title: str, at: int) -> str:
    """Return the catalogue as a page, as it was at the instant ``at``. Everything that others sent is escaped."""
    kinds = "".join(f"<option value={kind}>{kind}</option>" for kind in FIELD_KINDS)
    usages = "".join(f"<option>{one}</option>" for one in ("used", "unused", "missing", "personal", "unplanned"))
    rows = "\n".join(_row(one, catalogue) for one in catalogue.fields)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="content-security-policy" content="{POLICY}">'
        f'<meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}: catalogue</title><style>{STYLE}</style>"
        f"<h1>{escape(title)}: catalogue</h1><p class=lead>{catalogue.says()},"
        f' as of {_minute(at)}; <span id="told">{len(catalogue.fields)} entries</span>.'
        " Open a line to see where it comes from and who uses it.</p>"
        f'<form><input id="word" type="search" placeholder="Find a field, an owner, a segment …" aria-label="Find">'
        f'<select id="kind" aria-label="Kind"><option value="">every kind</option>{kinds}</select>'
        f'<select id="use" aria-label="Use"><option value="">used or not</option>{usages}</select></form>'
        f'<div class="line head" aria-hidden="true">{_HEAD}</div>'
        f'<main>{rows}<p id="none" class="none" hidden>Nothing like that is in the catalogue.</p></main><script>{SCRIPT}</script></html>\n'
    )


_HEAD = (
    '<span>kind</span><span>name</span><span class="n wide" title="events; people who have the trait or identifier">count</span>'
    '<span class="n wide" title="of its event, or of all people">present in</span><span class="wide">types</span><span></span>'
)


def _minute(at: int) -> str:
    """Return an instant as people read it, to the minute."""
    return from_us(at).strftime("%Y-%m-%d %H:%M UTC")


def _row(one: Field, catalogue: Catalogue) -> str:
    marks = [f'<span class="tag warn">{escape(one.pii)}</span>'] if one.is_personal else []
    marks += ['<span class="tag warn">never seen</span>'] if not one.is_seen else []
    marks += [f'<span class="tag">{len(one.used_by)} use{"s" * (len(one.used_by) != 1)}</span>'] if one.used_by else []
    share = "" if one.share is None or not one.is_seen else f"{one.share:.1%}"
    count = f"{one.count:,}" if one.kind != "segment" and one.is_seen else ""
    cells = [
        f"<span>{one.kind}</span>", f"<b>{escape(one.name)}</b>", f'<span class="n wide">{count}</span>',
        f'<span class="n wide">{escape(share)}</span>', f'<span class="wide">{escape(", ".join(one.types))}</span>',
        f'<span class="wide">{" ".join(marks)}</span>',
    ]  # fmt: skip
    return (
        f'<details data-kind="{one.kind}" data-use="{_uses(one)}"><summary class="line">{"".join(cells)}</summary>'
        f"<dl>{''.join(_lines(one, catalogue))}</dl></details>"
    )


def _uses(one: Field) -> str:
    words = ["used" if one.used_by else "unused"]
    words += ["missing"] if one.used_by and not one.is_seen else []
    words += ["personal"] if one.is_personal else []
    words += ["unplanned"] if not one.is_planned and one.kind in ("event", "property", "trait") else []
    return " ".join(words)


def _lines(one: Field, catalogue: Catalogue) -> list[str]:
    flow = [str(node) for node in catalogue.lineage.origins(one.node)]
    told = [
        ("description", one.description),
        ("owner", one.owner),
        (
            "seen",
            f"{_minute(one.first_at)} to {_minute(one.last_at)}" if one.first_at is not None and one.last_at else "",
        ),
        ("sources", ", ".join(one.sources)),
        ("made of", ", ".join(one.columns)),
        ("made normal by", ", ".join(one.rules)),
        ("examples", ", ".join(one.examples)),
        ("comes from", ", ".join(flow)),
        ("used by", ", ".join(one.used_by)),
    ]
    return [f"<dt>{name}</dt><dd>{escape(text)}</dd>" for name, text in told if text]
