"""OpenTelemetry traces of requests, when somebody asked for them (``server.traces_url`` and the extra ``[otel]``)."""

from __future__ import annotations

from typing import Any

from coterie.errors import Problem
from coterie.web.front import Scope


class Traces:
    """One span per traced request, sent by a background thread to ``url`` (OTLP over HTTP).

    ``share`` of the requests without a caller's ``traceparent`` are traced. Raises: Problem when the extra is not installed.
    """

    def __init__(self, url: str, share: float) -> None:
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
            from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio
            from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
        except ImportError as error:
            hint = "pip install 'coterie[otel]', or leave server.traces_url empty"
            raise Problem(
                "OpenTelemetry is not installed", where="server.traces_url", received=url, hint=hint
            ) from error
        resource = Resource.create({"service.name": "coterie"})
        self._provider = TracerProvider(resource=resource, sampler=ParentBasedTraceIdRatio(share))
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=url)))
        self._tracer = self._provider.get_tracer("coterie")
        self._propagator = TraceContextTextMapPropagator()

    def begin(self, scope: Scope) -> Any:
        """Return the span of a request that begins; it continues the caller's trace when the request names one."""
        from opentelemetry.trace import SpanKind

        carrier = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"] if name[:5] == b"trace"
        }
        context = self._propagator.extract(carrier) if carrier else None
        attributes = {"http.request.method": scope["method"], "url.path": scope["path"]}
        return self._tracer.start_span(scope["method"], context=context, kind=SpanKind.SERVER, attributes=attributes)

    def end(self, span: Any, route: str, status: int) -> None:
        """The span is finished, under its route's name."""
        from opentelemetry.trace import StatusCode

        if span.is_recording():
            span.update_name(route)
            span.set_attribute("http.route", route)
            span.set_attribute("http.response.status_code", status)
            if status >= 500:
                span.set_status(StatusCode.ERROR)
        span.end()

    def close(self) -> None:
        """What was traced is sent."""
        self._provider.shutdown()
