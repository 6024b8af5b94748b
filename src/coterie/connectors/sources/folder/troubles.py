"""What a store or a reader says when it fails, as the errors of a source."""

from __future__ import annotations

import re

from coterie.connectors.sources.failures import (
    Absent,
    CredentialsRefused,
    RateLimited,
    Truncated,
    Unreachable,
    Unreadable,
)
from coterie.errors import CoterieError

_CREDENTIALS = re.compile(
    r"ACCESS_DENIED|INVALID_ACCESS_KEY|SIGNATURE_DOES_NOT_MATCH|AuthenticationFailed|AuthorizationFailure|HTTP(/\S+)? (status )?(code )?40[13]\b"
    r"|\b40[13] |Permission ?denied|InvalidAccessKeyId|SignatureDoesNotMatch|UNAUTHENTICATED|credentials|EXPIRED_TOKEN",
    re.IGNORECASE,
)
_ABSENT = re.compile(
    r"NO_SUCH_BUCKET|NoSuchBucket|NO_SUCH_KEY|ContainerNotFound|BlobNotFound|not found|does not exist|\b404\b",
    re.IGNORECASE,
)
_PATIENCE = re.compile(
    r"SLOW_DOWN|SlowDown|THROTTL|ServerBusy|TooManyRequests|\b429\b|\b503\b|RESOURCE_EXHAUSTED", re.IGNORECASE
)
_CUT = re.compile(
    r"Truncated compressed stream|Parquet magic bytes not found in footer|Parquet file size is|Unexpected end of stream"
    r"|Couldn't deserialize thrift|Truncated workbook",
)
ASIDE = "if it is being written, write it under another name and rename it when it is whole"


def trouble(error: Exception, place: str) -> CoterieError:
    """Return what ``error`` means for the source, told for ``place``."""
    text = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    if _CUT.search(text):
        return Truncated(f"{place} ends too early: {text}", hint=ASIDE)
    if isinstance(error, PermissionError) or _CREDENTIALS.search(text):
        return CredentialsRefused(
            f"{place}: we may not read this: {text}", hint="check the keys of the store, or the rights of the file"
        )
    if _PATIENCE.search(text):
        return RateLimited(f"{place}: the store asks for patience: {text}")
    if isinstance(error, FileNotFoundError) or _ABSENT.search(text):
        return Absent(f"{place}: it is not there: {text}")
    if isinstance(error, OSError) and _is_far(text):
        return Unreachable(f"{place}: the store does not answer: {text}")
    return Unreadable(
        f"{place} cannot be read: {text}",
        hint="is it of the format that its name says? else say format: in the mapping",
    )


def _is_far(text: str) -> bool:
    return bool(re.search(r"connect|resolve|timed? ?out|NETWORK|UNAVAILABLE|reset by peer|curl", text, re.IGNORECASE))
