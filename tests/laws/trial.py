"""One seed tried: its case, every law that is its turn, and on a difference a minimal reproduction as a runnable file."""

from __future__ import annotations

import re
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from tests.laws.cases import Case, random_case
from tests.laws.coverage import used
from tests.laws.language import words_are_plain, writing_is_loss_free, written_case
from tests.laws.laws import ALWAYS_TRIED, IN_TURN, LAWS, Law
from tests.laws.reduction import Reducer

PREFACE = '''"""{law} differs:

{message}
"""

from coterie.model import Event
from coterie.segments.core import *
from tests.laws.cases import Case
from tests.laws.language import words_are_plain, writing_is_loss_free, written_case
from tests.laws.laws import LAWS
from tests.laws.logs import Log

events = (
{events}
)
nodes = {{
{nodes}
}}
case = Case({seed}, Log(events, {grid}, {hot!r}, {zone!r}), nodes, {instants!r})

if __name__ == "__main__":
    print(LAWS[{law!r}](case))
'''


class Trial(NamedTuple):
    """What came of one seed. ``failures`` are (law, message, case as it failed); ``seconds`` by law."""

    seed: int
    definitions: int
    used: Counter[str]
    failures: list[tuple[str, str, Case]]
    seconds: Counter[str]


def attempt(law: Law, case: Case) -> str | None:
    """Return what the law says of the case; a reader that raises has differed too."""
    try:
        return law(case)
    except Exception as error:  # noqa: BLE001 whatever a reader raises is a finding
        place = error.__traceback__
        while place is not None and place.tb_next is not None:
            place = place.tb_next
        where = f"{Path(place.tb_frame.f_code.co_filename).name}:{place.tb_lineno}" if place else "?"
        return f"raised {type(error).__name__} at {where}: {error}"


def kind_of(message: str) -> str:
    """Return the part of a message that stays while a case gets smaller."""
    return message.split(":")[0]


def turns_of(seed: int, each: int) -> tuple[Law, ...]:
    """Return the laws of a seed: the three that are always tried, and ``each`` of the others in turn."""
    start = seed * each
    return (*ALWAYS_TRIED, *(IN_TURN[(start + i) % len(IN_TURN)] for i in range(each)))


def case_of(seed: int, definitions: int, instants: int) -> tuple[Case, Counter[str], str | None]:
    """Return the case of a seed, the words it uses, and what is wrong with it as it is written, if anything.

    Every third seed's definitions are written in the language, the others are core nodes.
    """
    if seed % 3:
        case = random_case(seed, definitions, instants)
        return case, used(case.nodes.values()), None
    case, segments, conditions = written_case(seed, definitions, instants)
    words = used(case.nodes.values()) + Counter({f"condition {word}": times for word, times in conditions.items()})
    return case, words, writing_is_loss_free(segments) or words_are_plain(seed)


def try_seed(seed: int, definitions: int, instants: int, each: int) -> Trial:
    case, words, problem = case_of(seed, definitions, instants)
    failures = [("the language", problem, case)] if problem else []
    seconds: Counter[str] = Counter()
    for law in turns_of(seed, each):
        began = time.process_time()
        if said := attempt(law, case):
            failures.append((law.__name__, said, case))
        seconds[law.__name__] += time.process_time() - began
    return Trial(seed, len(case.nodes), words, failures, seconds)


def reduced(law: str, message: str, case: Case, seconds: float = 60.0) -> tuple[str, Case]:
    """Return a smaller case that fails the same law in the same way, and what the law says of it."""

    if law not in LAWS:
        return message, case

    def fails(smaller: Case) -> bool:
        said = attempt(LAWS[law], smaller)
        return said is not None and kind_of(said) == kind_of(message)

    reducer = Reducer(fails, case, seconds)
    named = re.search(r": (\S+) at (-?\d+):", message)
    if named and named[1] in case.nodes:
        reducer.begin_with(named[1], int(named[2]))
    small = reducer.reduced()
    return attempt(LAWS[law], small) or message, small


def reproduction(law: str, message: str, case: Case) -> str:
    """Return a Python file that shows the difference when run from the root of the checkout."""
    if law not in LAWS:
        return f"{law} differs, seed {case.seed} (tests.laws.trial.case_of):\n{message}\n"
    return PREFACE.format(
        law=law,
        message=message.replace("\\", "\\\\").replace('"""', "'''"),
        events="\n".join(f"    {event!r}," for event in case.log.events),
        nodes="\n".join(f"    {key!r}: {node!r}," for key, node in case.nodes.items()),
        seed=case.seed,
        grid=case.log.grid,
        hot=case.log.hot,
        zone=case.log.zone,
        instants=case.instants,
    )
