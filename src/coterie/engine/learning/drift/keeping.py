"""Looks at drift on record: each with its figures, so that a page can show how a model has aged."""

from __future__ import annotations

from collections.abc import Sequence

from coterie.engine.learning.drift.recalibration import Recalibrated
from coterie.engine.learning.drift.report import DriftReport
from coterie.engine.learning.models import FOLDER
from coterie.engine.project import HIDDEN, Project
from coterie.model import Undetermined
from coterie.monitoring.drift.features import EVERYONE, drifting_share
from coterie.monitoring.drift.judgement import Window
from coterie.storage.drift_book import DriftBook, Look


def book_of(project: Project, key: str, kind: str = "clusters") -> DriftBook:
    """Return the book of a model's looks."""
    return DriftBook(project.root / HIDDEN / FOLDER / kind / key / "drift.jsonl")


def figures_of(window: Window) -> dict[str, float]:
    """Return the figures of a window that can be said, by name."""
    told: dict[str, float | Undetermined] = {"size_psi": window.sizes.psi, "features": drifting_share(window.features)}
    if window.validity is not None:
        validity = window.validity
        told |= {"agreement": validity.agreement, "inertia": validity.inertia_ratio, "far": validity.far_share}
    if window.migration is not None:
        told["stayed"] = window.migration.stayed()
    told |= {
        f"{one.outcome}": one.values[1]
        for one in window.outcomes
        if one.segment == EVERYONE and not isinstance(one.values, Undetermined)
    }
    return {name: float(value) for name, value in told.items() if not isinstance(value, Undetermined)}


def keep(project: Project, report: DriftReport, decision: str = "", candidate: int | None = None) -> Look:
    """Return the look, which is on record."""
    remarks: Sequence[str] = [one.what for one in report.judgement.remarks[-1]]
    look = Look(
        at=report.at, version=report.version, is_stale=report.judgement.is_stale, reasons=report.judgement.reasons,
        remarks=tuple(remarks), figures=figures_of(report.windows[-1]), decision=decision, candidate=candidate,
    )  # fmt: skip
    book_of(project, report.model).keep(look)
    return look


def keep_recalibrated(project: Project, found: Recalibrated) -> Look:
    """Return the look of a recalibration, with what was decided."""
    return keep(project, found.report, found.decision, found.candidate)
