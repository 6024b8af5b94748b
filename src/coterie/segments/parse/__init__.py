"""Definitions from YAML and JSON, and back."""

from __future__ import annotations

from coterie.segments.conditions.places import DefinitionProblem
from coterie.segments.parse.files import load, parse, parse_condition, parse_text
from coterie.segments.parse.written import data_of, yaml_of, yaml_text

__all__ = ["DefinitionProblem", "data_of", "load", "parse", "parse_condition", "parse_text", "yaml_of", "yaml_text"]
