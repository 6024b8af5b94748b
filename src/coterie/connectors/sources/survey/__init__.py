"""Surveys: answers of any source, as numbers, scales and words of a person."""

from coterie.connectors.sources.survey.config import INNER, Config, mapping_of, open_source

__all__ = ["INNER", "Config", "mapping_of", "open_source"]
