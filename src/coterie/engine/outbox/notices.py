"""What Coterie itself sends, not a trigger about a person: parts of its messages in Liquid, by a name that no trigger can have."""

from __future__ import annotations

from collections.abc import Mapping

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
NOTICES: Mapping[str, Mapping[str, str]] = {
    QUALITY: {
        "subject": "{{ alert.project }}: {{ alert.worst }} — {{ alert.title }}",
        "text": _TEXT,
        "html": _HTML,
    }
}
"""Name → part → text. A payload of such a message has ``alert`` in place of segment, change and event."""
