"""What Coterie itself sends, not a trigger about a person: parts of its messages in Liquid, by a name that no trigger can have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from coterie.segments.instants import rfc3339
from coterie.triggers.delivery import Delivery, key_of

QUALITY = "$quality"
_TEXT = """\
{% for one in alert.findings %}{{ one.severity }}  {{ one.check }}  {{ one.day }}
  {{ one.says }}
{% endfor %}
{{ alert.count }} finding{% if alert.count > 1 %}s{% endif %} in {{ alert.project }}. All of them: coterie quality report
"""
_HTML = """\
<h2>{{ alert.count }} finding{% if alert.count > 1 %}s{% endif %} in {{ alert.project }}</h2>
<ul>{% for one in alert.findings %}<li><b>{{ one.severity }}</b> · {{ one.check }} · {{ one.day }}<br>{{ one.says }}</li>{% endfor %}</ul>
"""
DRIFT = "$drift"
_DRIFT_TEXT = """\
{% for one in alert.findings %}{{ one.says }}
{% for reason in one.reasons %}  - {{ reason }}
{% endfor %}{% endfor %}
Project {{ alert.project }}. More: coterie drift history, coterie drift watch
"""
_DRIFT_HTML = """\
<h2>Drift in {{ alert.project }}</h2>
<ul>{% for one in alert.findings %}<li><b>{{ one.says }}</b>{% for reason in one.reasons %}<br>{{ reason }}{% endfor %}</li>{% endfor %}</ul>
"""
NOTICES: Mapping[str, Mapping[str, str]] = {
    QUALITY: {
        "subject": "{{ alert.project }}: {{ alert.worst }} — {{ alert.title }}",
        "text": _TEXT,
        "html": _HTML,
    },
    DRIFT: {
        "subject": "{{ alert.project }}: {{ alert.title }}",
        "text": _DRIFT_TEXT,
        "html": _DRIFT_HTML,
    },
}
"""Name → part → text. A payload of such a message has ``alert`` in place of segment, change and event."""

PRIORITY = 9
"""Words to those who run Coterie go after those to customers."""


def notice(
    trigger: str, destination: str, owner: str, causes: Iterable[str], alert: Mapping[str, object], now: int
) -> Delivery:
    """Return a letter to the owner of something about ``alert``. The same causes at the same destination give the same key: it is sent once."""
    key = key_of(trigger, owner, "", (destination, *sorted(causes)))
    payload = {
        "key": key,
        "trigger": trigger,
        "run": None,
        "decided_at": rfc3339(now),
        "profile": {"id": "", "traits": {"email": owner} if "@" in owner else {}, "identifiers": []},
        "segment": None,
        "change": None,
        "event": None,
        "gathered": {},
        "alert": {**alert, "owner": owner},
    }
    return Delivery(
        key=key, trigger=trigger, destination=destination, profile="", run="", payload=payload, decided_at=now,
        due_at=now, priority=PRIORITY,
    )  # fmt: skip
