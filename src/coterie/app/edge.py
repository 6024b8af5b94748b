"""Who answers which path: collecting and health first, without ceremony; then browsers' files; then the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coterie.connectors.sources.tracking import Options
from coterie.web.api.application import api
from coterie.web.browser import Browser
from coterie.web.collect import Collect
from coterie.web.front import App, Front, Receive, Scope, Send, Trace
from coterie.web.health import Health

if TYPE_CHECKING:
    from coterie.app.service import Service


def edge_of(service: Service, options: Options) -> Front:
    """Return the ASGI app of the whole service."""
    settings, keys = service.settings, service.keys
    collect = Collect(
        service.journal, keys, settings.limits, limiter=service.limiter, origins=settings.server.cors_origins,
        options=options,
    )  # fmt: skip
    health = Health(service.look)
    exact: dict[str, App] = dict.fromkeys(collect.paths, collect)
    exact |= {"/healthz": health.healthz, "/readyz": health.readyz, "/metrics": _metrics(service)}
    browser = Browser(known=lambda text: keys.check(text, "write") is not None, rest=api(service.desk))
    rest = service.webhooks.before(browser)
    return Front(exact, rest, service.metrics, access_log=settings.server.access_log, trace=_trace(service))


def _metrics(service: Service) -> App:
    """Return the app of ``/metrics``: open, or for read keys when ``server.metrics`` says so."""
    from coterie.errors import Unauthorized
    from coterie.web.edge import text_of

    if service.settings.server.metrics == "open":
        return service.metrics

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        given = dict(scope["headers"]).get(b"authorization", b"")
        if service.keys.check(text_of(given), "read") is None:
            raise Unauthorized("a read key is needed", hint="send it as: Authorization: Bearer ck_read_…")
        await service.metrics(scope, receive, send)

    return guarded


def _trace(service: Service) -> Trace | None:
    url = service.settings.server.traces_url
    if not url:
        return None
    from coterie.web.traces import Traces

    traces = Traces(url, service.settings.server.traces_share)
    service.stops("traces", traces.close)
    return traces
