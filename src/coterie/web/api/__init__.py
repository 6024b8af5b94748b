"""The questions that can be asked over HTTP: one file per resource, all under ``/v1``."""

from coterie.web.api.desk import Desk

__all__ = ["Desk"]
