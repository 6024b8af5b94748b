"""Kafka's errors as those of sources, which say whether a later try may help."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from confluent_kafka import KafkaError

from coterie.connectors.sources.failures import Absent, CredentialsRefused, RateLimited, Truncated, Unreachable
from coterie.errors import CoterieError

_LET_IN = "look at username, password, sasl and tls, and at what the cluster allows this user to read"
_THERE = "look at brokers, and whether the port speaks TLS"
_KINDS: dict[Callable[[str], CoterieError], tuple[int, ...]] = {
    partial(CredentialsRefused, hint=_LET_IN): (
        KafkaError._AUTHENTICATION,
        KafkaError._SSL,
        KafkaError.SASL_AUTHENTICATION_FAILED,
        KafkaError.UNSUPPORTED_SASL_MECHANISM,
        KafkaError.ILLEGAL_SASL_STATE,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
    ),
    partial(Absent, hint="look at topic; Coterie makes none"): (
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError._UNKNOWN_TOPIC,
        KafkaError._UNKNOWN_PARTITION,
        KafkaError.TOPIC_EXCEPTION,
    ),
    partial(RateLimited, retry_after_s=1.0): (KafkaError.THROTTLING_QUOTA_EXCEEDED,),
    Truncated: (KafkaError._BAD_MSG, KafkaError._BAD_COMPRESSION, KafkaError.INVALID_MSG),
    partial(Unreachable, hint=_THERE): (
        KafkaError._ALL_BROKERS_DOWN,
        KafkaError._TRANSPORT,
        KafkaError._RESOLVE,
        KafkaError._TIMED_OUT,
        KafkaError._UNKNOWN_BROKER,
    ),
}
_BY_CODE = {code: kind for kind, codes in _KINDS.items() for code in codes}
GONE = frozenset({KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE})
"""An offset that the partition does not hold (any more)."""


def refuses(error: KafkaError) -> bool:
    """Return whether the cluster does not know us, which no further waiting mends."""
    return _BY_CODE.get(error.code()) is _BY_CODE[KafkaError._AUTHENTICATION]


def failure_of(error: KafkaError, where: str) -> CoterieError:
    """Return the source's error; what is not known is worth another try."""
    return _BY_CODE.get(error.code(), Unreachable)(f"{where}: {error.str()} ({error.name()})")
