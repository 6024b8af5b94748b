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


WIDTH = 88
"""What fits on a line of this width is written on one line."""


class _Dumper(yaml.SafeDumper):
    """Writes text so that every YAML reader reads it as text, and short leaves on one line."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def represent(self, data: Any) -> None:
        """Write a document whose outermost mapping has a line for every key."""
        node = self.represent_data(data)
        if isinstance(node, yaml.MappingNode):
            node.flow_style = not node.value
        self.serialize(node)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = None if reads_as_text(text) else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _list(dumper: yaml.SafeDumper, items: list[Any]) -> yaml.SequenceNode:
    node = dumper.represent_sequence("tag:yaml.org,2002:seq", items)
    for item in node.value:
        if isinstance(item, yaml.MappingNode) and len(item.value) == 1:
            item.flow_style = False
    node.flow_style = _width(node) <= WIDTH and not any(isinstance(item, yaml.MappingNode) for item in node.value)
    return node


def _mapping(dumper: yaml.SafeDumper, data: dict[Any, Any]) -> yaml.MappingNode:
    node = dumper.represent_mapping("tag:yaml.org,2002:map", data)
    is_wrapper = len(node.value) == 1 and not isinstance(node.value[0][1], yaml.ScalarNode)
    node.flow_style = not is_wrapper and _width(node) <= WIDTH
    return node


def _width(node: yaml.Node) -> int:
    if isinstance(node, yaml.MappingNode):
        return sum(_width(key) + _width(value) + 4 for key, value in node.value)
    if isinstance(node, yaml.SequenceNode):
        return sum(_width(item) + 2 for item in node.value)
    return len(str(node.value))


_Dumper.add_representer(str, _text)
_Dumper.add_representer(list, _list)
_Dumper.add_representer(dict, _mapping)


def yaml_of(segment: Segment) -> str:
    """Return the definition as YAML text that reads back as the same definition."""
    return yaml_text(data_of(segment))


def yaml_text(data: Any) -> str:
    """Return plain data as YAML text; the outermost mapping has a line for every key."""
    return str(yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=WIDTH + 20))
