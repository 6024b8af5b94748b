"""Forms → the data they were read from, and YAML text. Nothing is added that was not written."""

from __future__ import annotations

from typing import Any

import yaml

from coterie.segments.conditions.form import Form, Spoken
from coterie.segments.definition import Segment
from coterie.segments.parse.slots import slots
from coterie.segments.parse.text import reads_as_text


def data_of(value: Any) -> Any:
    """Return the plain data of a form, a condition, or anything inside them."""
    if isinstance(value, Spoken):
        if value.bare:
            return {value.word: data_of(getattr(value, slots(type(value))[0].name))}
        return {value.word: _form(value)}
    if isinstance(value, Form):
        return _form(value)
    if isinstance(value, tuple):
        return [data_of(item) for item in value]
    if isinstance(value, dict):
        return {key: data_of(item) for key, item in value.items()}
    return value


def _form(form: Form) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for slot in slots(type(form)):
        value = getattr(form, slot.name)
        if slot.spread is not None:
            data |= {} if value is None else _form(value)
        elif slot.required or value != slot.default or (isinstance(form, Segment) and slot.key in form.explicit):
            data[slot.key] = data_of(value)
    return data


class _Dumper(yaml.SafeDumper):
    """Writes text so that every YAML reader reads it as text, and short collections on one line."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = None if reads_as_text(text) else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def yaml_of(segment: Segment) -> str:
    """Return the definition as YAML text that reads back as the same definition."""
    return yaml_text(data_of(segment))


def yaml_text(data: Any) -> str:
    """Return plain data as YAML text."""
    text: str = yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100, default_flow_style=None)
    return text
