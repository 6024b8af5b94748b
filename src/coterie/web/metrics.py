"""``/metrics``: figures for Prometheus, read from the running parts when they are asked for. ``METRICS`` names every one."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from coterie.web.front import Receive, Scope, Send

BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_STARTED = time.time()

METRICS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "coterie_http_request_seconds": ("histogram", "Seconds from a request to its answer.", ("route", "method", "status")),
    "coterie_http_open_requests": ("gauge", "Requests under way.", ()),
    "coterie_ready": ("gauge", "1 when questions are answered, 0 while not.", ()),
    "coterie_recovery_progress": ("gauge", "Share of the recovery that is done.", ()),
    "coterie_journal_bytes": ("gauge", "Size of the journal on disk.", ()),
    "coterie_journal_entries_total": ("counter", "Durable requests in the journal, ever.", ()),
    "coterie_overloaded_total": ("counter", "Requests answered 429 because too many waited to be stored.", ()),
    "coterie_lag_entries": ("gauge", "Durable requests whose effects are not committed yet.", ()),
    "coterie_lag_seconds": ("gauge", "Age of the oldest of them.", ()),
    "coterie_events_total": ("counter", "Events taken from the journal.", ()),
    "coterie_events_duplicate_total": ("counter", "Events dropped as repeats.", ()),
    "coterie_events_suppressed_total": ("counter", "Events of people who were erased and do not come back.", ()),
    "coterie_quarantined_total": ("counter", "Events refused into quarantine.", ("reason",)),
    "coterie_remarks_total": ("counter", "What stages of the intake remarked upon: violations of the tracking plan, values made normal.", ("stage", "kind")),
    "coterie_commits_total": ("counter", "Commits of state, changes, timers, outbox and position.", ()),
    "coterie_commit_seconds": ("histogram", "Seconds of one commit.", ()),
    "coterie_step_seconds_total": ("counter", "Seconds spent evaluating.", ()),
    "coterie_freshness_seconds": ("histogram", "Seconds from an event's arrival to the commit of its effects.", ()),
    "coterie_changes_total": ("counter", "Membership changes.", ("segment", "direction")),
    "coterie_members": ("gauge", "Members of a segment.", ("segment",)),
    "coterie_profiles": ("gauge", "People known to the live reader.", ()),
    "coterie_live_total": ("counter", "What the live reader counts: timers evaluated, bounds that were hit.", ("what",)),
    "coterie_failed_events_total": ("counter", "Events that a stage failed on; they are in quarantine.", ()),
    "coterie_state_bytes": ("gauge", "Memory of the live state.", ()),
    "coterie_waiting_rows": ("gauge", "Rows of the log that are not in the Delta table yet.", ()),
    "coterie_snapshot_age_seconds": ("gauge", "Age of the newest snapshot.", ()),
    "coterie_snapshots_total": ("counter", "Snapshots written.", ()),
    "coterie_clock_jumps_total": ("counter", "Jumps of the machine's clock that were seen.", ("direction",)),
    "coterie_outbox": ("gauge", "Messages of triggers by state.", ("state",)),
    "coterie_destination_healthy": ("gauge", "1 while deliveries to a destination succeed, 0 while they fail.", ("destination",)),
    "coterie_deliveries_total": ("counter", "Deliveries by destination and result.", ("destination", "result")),
    "coterie_source_up": ("gauge", "1 while a source can be read, 0 while it fails.", ("source",)),
    "coterie_source_rows_total": ("counter", "Rows read from a source since the server began.", ("source",)),
    "coterie_source_events_total": ("counter", "Events that a source's rows became.", ("source",)),
    "coterie_source_refused_total": ("counter", "Rows of a source that went to quarantine.", ("source",)),
    "coterie_source_age_seconds": ("gauge", "Time since a source was last read to its end.", ("source",)),
    "coterie_webhook_answers_total": ("counter", "Webhooks that came in, by status answered.", ("webhook", "status")),
    "coterie_drift_looks_total": ("counter", "Looks at the drift of models.", ()),
    "coterie_drift_stale_models": ("gauge", "Published models that no longer describe the people.", ()),
    "coterie_drift_rate_alarms": ("gauge", "Entry or exit rates of segments that changed within the last day.", ()),
    "coterie_quality_findings": ("gauge", "Findings of the last week that nobody accepted.", ("severity",)),
    "coterie_quality_runs_total": ("counter", "Runs of the checks of the data.", ()),
    "coterie_quality_age_seconds": ("gauge", "Time since the checks ran.", ()),
    "coterie_cache_up": ("gauge", "1 while a cache takes what is written.", ("cache",)),
    "coterie_cache_lag_changes": ("gauge", "Membership changes that a cache does not have yet.", ("cache",)),
    "coterie_cache_lag_rows": ("gauge", "Rows of the log whose traits a cache does not have yet.", ("cache",)),
    "coterie_cache_lag_seconds": ("gauge", "How long a cache has been behind.", ("cache",)),
    "coterie_cache_rebuilds_total": ("counter", "How often a cache was filled anew.", ("cache",)),
    "coterie_process_resident_bytes": ("gauge", "Memory of the process.", ()),
    "coterie_process_cpu_seconds_total": ("counter", "CPU time of the process.", ()),
    "coterie_process_uptime_seconds": ("gauge", "Seconds since the process started.", ()),
}  # fmt: skip
"""Name → (kind, what it says, its labels)."""


class Histograms(NamedTuple):
    """A distribution: cumulative (upper bound in seconds, count), the last bound infinite; and the sum of seconds."""

    buckets: Sequence[tuple[float, int]]
    total_seconds: float


Value = float | Histograms | Mapping[tuple[str, ...], float]
Reading = Callable[[], Mapping[str, Value]]
"""A part's figures now: name (of ``METRICS``) → number, number per labels, or distribution."""


class Metrics(Collector):
    """Every figure of the process. ``readings`` are asked once per scrape; requests are told through ``answered``."""

    def __init__(self, readings: Sequence[Reading]) -> None:
        self._readings = readings
        self.registry = CollectorRegistry(auto_describe=False)
        name = "coterie_http_request_seconds"
        _, says, labels = METRICS[name]
        self._requests = Histogram(name, says, labels, registry=self.registry, buckets=BUCKETS_S)
        self._bound: dict[tuple[str, str, int], Any] = {}
        self.registry.register(self)

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one answer. Cost: about 1 µs."""
        key = (route, method, status)
        bound = self._bound.get(key)
        if bound is None:
            method = method if method in ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS") else "other"
            bound = self._bound[key] = self._requests.labels(route, method, str(status))
        bound.observe(seconds)

    def describe(self) -> Iterator[Metric]:
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Yield every family that the parts tell now."""
        for reading in (*self._readings, process):
            for name, value in reading().items():
                yield _family(name, value)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = generate_latest(self.registry)
        headers = [(b"content-type", CONTENT_TYPE_LATEST.encode()), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def _family(name: str, value: Value) -> Metric:
    kind, says, labels = METRICS[name]
    if isinstance(value, Histograms):
        family = HistogramMetricFamily(name, says)
        told = [("+Inf" if bound == float("inf") else repr(float(bound)), count) for bound, count in value.buckets]
        family.add_metric([], told, value.total_seconds)
        return family
    made = CounterMetricFamily if kind == "counter" else GaugeMetricFamily
    one = made(name, says, labels=labels)
    for key, number in value.items() if isinstance(value, Mapping) else (((), value),):
        one.add_metric(list(key), float(number))
    return one


def process() -> dict[str, Value]:
    """Return the process's own figures."""
    times = os.times()
    found: dict[str, Value] = {
        "coterie_process_cpu_seconds_total": times.user + times.system,
        "coterie_process_uptime_seconds": time.time() - _STARTED,
    }
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            found["coterie_process_resident_bytes"] = float(int(file.read().split()[1]) * _PAGE_BYTES)
    except OSError:
        pass
    return found
