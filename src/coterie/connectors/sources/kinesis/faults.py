"""Errors of AWS as those of sources, which say whether a later try may help."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError

from coterie.connectors.sources.failures import Absent, CredentialsRefused, RateLimited, Unreachable

EXPIRED = "ExpiredIteratorException"
_REFUSED = frozenset(
    {
        "AccessDeniedException",
        "ExpiredTokenException",
        "IncompleteSignatureException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "KMSAccessDeniedException",
        "MissingAuthenticationTokenException",
        "NotAuthorizedException",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_LIMITED = frozenset(
    {
        "KMSThrottlingException",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingException",
    }
)
_ABSENT = frozenset({"InvalidArgumentException", "ResourceNotFoundException"})


@contextmanager
def told(where: str) -> Iterator[None]:
    """What goes wrong inside is raised as a failure of sources; an expired iterator as it is."""
    try:
        yield
    except (NoCredentialsError, PartialCredentialsError) as error:
        hint = "write access_key and secret_key, or give the machine a role"
        raise CredentialsRefused(f"{where}: {error}", hint=hint) from error
    except ClientError as error:
        code, what = error.response["Error"]["Code"], f"{where}: {error}"
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        if code == EXPIRED:
            raise
        if code in _REFUSED or status in (401, 403):
            hint = (
                "look at access_key and secret_key, and at what they may do: ListShards, GetShardIterator, GetRecords"
            )
            raise CredentialsRefused(what, hint=hint) from error
        if code in _LIMITED or status == 429:
            raise RateLimited(
                what, retry_after_s=1.0, hint="other readers share the shard's 5 reads a second"
            ) from error
        if code in _ABSENT:
            hint = "look at stream and region; for a stream that was made anew: sources reset, then pull again"
            raise Absent(what, hint=hint) from error
        raise Unreachable(what) from error
    except BotoCoreError as error:
        raise Unreachable(f"{where}: {error}", hint="look at region and endpoint") from error
