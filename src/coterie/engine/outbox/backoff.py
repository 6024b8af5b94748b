"""How long to wait before another try. Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015."""

from __future__ import annotations

from random import Random


def pause_us(tries: int, first_us: int, longest_us: int, rng: Random) -> int:
    """Return the pause after that many tries: even between 0 and ``first · 2^(tries − 1)``, which ``longest`` bounds.

    Full jitter: tries that failed together do not come back together.
    """
    bound = min(longest_us, first_us << min(max(tries - 1, 0), 40))
    return rng.randrange(bound + 1)
