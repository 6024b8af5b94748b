"""The timer wheel: which profiles have a segment that may change, by buckets of about a second.

Two rings of 4096 buckets (of 2**20 µs and of 2**32 µs) and one list for what is further off. A node says only "look at this
profile"; the profile's due bounds say what for. A node whose bucket the profile no longer waits for is stale and dropped.
"""

from __future__ import annotations

from coterie.segments.live.layout import M_FAR, M_NEAR, M_NODE_FREE, M_NODE_TOP, M_WHEEL, State, kernel, small, whole

RING = 4096
BEYOND = 2 * RING
HEADS = BEYOND + 1
NODE_WORDS = 3


@small
def list_of(state: State, bucket: int) -> int:
    """Return the list that a bucket's nodes wait in now."""
    here = state.meta[M_WHEEL]
    if bucket <= here:
        return here & (RING - 1)
    if bucket >> 12 == here >> 12:
        return bucket & (RING - 1)
    if bucket >> 24 == here >> 24:
        return RING + ((bucket >> 12) & (RING - 1))
    return BEYOND


@kernel
def place(state: State, node: int) -> None:
    """The node waits in the list of its bucket."""
    wheel = state.wheel
    target = list_of(state, whole(wheel[node + 1]))
    wheel[node + 2] = wheel[target]
    wheel[target] = node
    state.meta[M_NEAR if target < RING else M_FAR] += 1


@kernel
def arm(state: State, profile: int, bucket: int) -> None:
    """The wheel will show ``profile`` when ``bucket`` is due. There must be room for a node."""
    node = state.meta[M_NODE_FREE]
    if node != 0:
        state.meta[M_NODE_FREE] = whole(state.wheel[node + 2])
    else:
        node = state.meta[M_NODE_TOP]
        state.meta[M_NODE_TOP] = node + NODE_WORDS
    state.wheel[node] = profile
    state.wheel[node + 1] = bucket
    place(state, node)


@small
def free(state: State, node: int) -> None:
    """The node is nobody's."""
    state.wheel[node + 2] = state.meta[M_NODE_FREE]
    state.meta[M_NODE_FREE] = node


@small
def spread(state: State, source: int) -> None:
    """The nodes of one list wait where they belong now."""
    node = whole(state.wheel[source])
    state.wheel[source] = 0
    while node != 0:
        following = whole(state.wheel[node + 2])
        state.meta[M_NEAR if source < RING else M_FAR] -= 1
        place(state, node)
        node = following


@kernel
def turn(state: State, last: int) -> None:
    """The wheel stands at the next bucket that may hold a node, at most at ``last``."""
    meta = state.meta
    here = meta[M_WHEEL]
    if meta[M_NEAR] > 0:
        following = here + 1
    elif meta[M_FAR] > 0:
        following = min(((here >> 12) + 1) << 12, last)
    else:
        following = last
    meta[M_WHEEL] = following
    if following >> 24 != here >> 24:
        spread(state, BEYOND)
    if following >> 12 != here >> 12:
        spread(state, RING + ((following >> 12) & (RING - 1)))
