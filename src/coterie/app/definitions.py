"""What a project says about its service: kinds of identifiers, sources, triggers, caches. All of it is read before anything starts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import Struct

from coterie.connectors.sources.definitions import Definition
from coterie.engine.intake import intake_of
from coterie.engine.project import Project
from coterie.engine.quality.rules import checked as quality_rules
from coterie.engine.sourcing.sources import sources_of
from coterie.errors import InvalidDefinition, Problem
from coterie.identity.rules import Rules, rules_of
from coterie.intake.intake import Intake

if TYPE_CHECKING:
    from coterie.app.service import Service

T = TypeVar("T")
Follower = tuple[str, Callable[[], None], Callable[[], None]]
"""A part that follows the runner: its name, how it is started, how it is stopped."""


class Defined(Struct, frozen=True, kw_only=True):
    """Everything that was read and is right."""

    rules: Rules
    sources: dict[str, Definition]
    caches: dict[str, Any]
    intake: Intake
    copies: list[Any] = []
    """Followers that keep ``caches``, once started."""

    def followers(self, service: Service) -> Iterator[Follower]:
        """Yield the parts that run once the runner is ready."""
        yield from self._caches(service)

    def _caches(self, service: Service) -> Iterator[Follower]:
        if not self.caches:
            return
        from coterie.connectors.caches.section import open_cache
        from coterie.engine.caching import Follower, home_of

        for name, cache in self.caches.items():
            home = home_of(service.project.root)
            one = Follower(name, open_cache(cache), service.runner, home=home, limits=service.settings.limits)
            self.copies.append(one)
            yield f"cache {name}", one.start, one.stop


def read_definitions(project: Project) -> Defined:
    """Return what the project says. Raises: InvalidDefinition with every problem of every part at once."""
    problems: list[Problem] = []

    def attempt(work: Callable[[], T]) -> T | None:
        try:
            return work()
        except InvalidDefinition as error:
            problems.extend(error.problems)
        except Problem as error:
            problems.append(error)
        return None

    settings = project.settings
    rules = attempt(lambda: rules_of(settings.identity))
    caches = attempt(lambda: _caches(settings.caches))
    sources = attempt(lambda: sources_of(project))
    attempt(lambda: _segments(project))
    intake = attempt(lambda: intake_of(project))
    attempt(lambda: quality_rules(project))
    if problems or rules is None or intake is None:
        raise InvalidDefinition(problems)
    return Defined(rules=rules, sources=sources or {}, caches=caches or {}, intake=intake)


def _caches(section: dict[str, Any]) -> dict[str, Any]:
    if not section:
        return {}
    from coterie.connectors.caches.section import caches_of

    return dict(caches_of(section))


def _segments(project: Project) -> None:
    from coterie.engine import definitions

    definitions.catalog(project)
