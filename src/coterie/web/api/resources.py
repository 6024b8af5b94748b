"""Every resource of the interface, in the order in which the document tells them."""

from __future__ import annotations

from coterie.web.api import (
    audit,
    catalogue,
    changes,
    clock,
    deliveries,
    identities,
    intake,
    keys,
    lists,
    matches,
    profiles,
    quarantine,
    segment_edits,
    segment_questions,
    segments,
    standards,
    status,
    tracking_plan,
    triggers,
)

RESOURCES = (
    profiles.routes,
    identities.routes,
    matches.routes,
    segments.routes,
    segment_edits.routes,
    segment_questions.routes,
    changes.routes,
    lists.routes,
    triggers.routes,
    deliveries.routes,
    quarantine.routes,
    intake.routes,
    standards.routes,
    catalogue.routes,
    tracking_plan.routes,
    keys.routes,
    audit.routes,
    status.routes,
    clock.routes,
)
