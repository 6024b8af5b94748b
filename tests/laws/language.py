"""Cases whose definitions are written in the language, every registered condition in turn, and the law that writing is loss-free."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

from msgspec import structs

from coterie.errors import InvalidDefinition
from coterie.segments.conditions import CONDITIONS
from coterie.segments.conditions.form import happened
from coterie.segments.conditions.thresholds import Thresholds
from coterie.segments.definition import Context, Segment, lower_all
from coterie.segments.instants import instant_of
from coterie.segments.oracle import Oracle, evaluate
from coterie.segments.parse import data_of, parse, parse_condition, parse_text, yaml_of
from tests.laws import words
from tests.laws.cases import Case, random_instants
from tests.laws.logs import random_log
from tests.laws.plain import MEANINGS, means
from tests.laws.written import Writer

TRIES = 40
"""How often a condition may be refused (a window longer than another, say) before the writer itself is at fault."""


def random_segment(writer: Writer, word: str, key: str, keys: list[str]) -> Segment:
    """Return a segment whose condition is of the registered ``word``."""
    rng = writer.rng
    for _ in range(TRIES):
        writer.cuts = {}
        data = {
            "key": key,
            "version": rng.randrange(1, 4),
            "universe": rng.choice(("all", "all", "identified")),
            "manual": rng.random() < 0.1,
            "time_zone": rng.choice(words.ZONES),
            "when": writer.condition(word, keys),
        }
        try:
            return parse(data)
        except InvalidDefinition as error:
            refused = error
    raise AssertionError(f"{word} was refused {TRIES} times, the last time so: {refused}\n{data}")


def written_case(seed: int, count: int = 20, instants: int = 24) -> tuple[Case, list[Segment], Counter[str]]:
    """Return the case of ``seed``, the segments it was lowered from, and how often each condition is its rule."""
    rng = Random(seed)
    log = random_log(rng)
    writer = Writer(rng, log)
    segments: list[Segment] = []
    thresholds: dict[tuple[str, int], Thresholds] = {}
    used: Counter[str] = Counter()
    order = list(CONDITIONS)
    for number in range(count):
        word, key = order[(seed * count + number) % len(order)], f"k{rng.randrange(10**6)}-{number}"
        segments.append(random_segment(writer, word, key, [segment.key for segment in segments]))
        used[word] += 1
        if writer.cuts:
            thresholds[key, 1] = Thresholds(segment=key, version=1, cuts=dict(writer.cuts))
    catalog = lower_all(segments, Context(time_zone=rng.choice(words.ZONES), thresholds=thresholds))
    nodes = {lowered.key: lowered.node for lowered in catalog}
    return Case(seed, log, nodes, random_instants(rng, log, nodes, instants)), segments, used


def writing_is_loss_free(segments: list[Segment]) -> str | None:
    """Segment → data → segment and segment → YAML → segment are the identity; every segment has its sentence."""
    for segment in segments:
        if parse(data_of(segment)) != segment:
            return f"{segment.key}: its data read back differ: {data_of(segment)}"
        text = yaml_of(segment)
        again = parse_text(text)
        if structs.replace(again, explicit=segment.explicit) != segment or yaml_of(again) != text:
            return f"{segment.key}: its YAML read back differs:\n{text}"
        if not segment.says().endswith(".") or "None" in segment.says():
            return f"{segment.key}: no sentence: {segment.says()!r}"
    return None


def examples_hold() -> str | None:
    """Every example of every condition comes out as it says (by the oracle; other tests ask the other readers)."""
    for word, kind in CONDITIONS.items():
        for example in kind.examples:
            now = instant_of(example.now)
            assert now is not None
            segments = [parse({"key": "example", "when": {word: example.data}})]
            segments += [parse({"key": key, "when": when}) for key, when in example.others.items()]
            version = example.data.get("thresholds", 1) if isinstance(example.data, dict) else 1
            published = Thresholds(segment="example", version=version, cuts=example.cuts)
            catalog = lower_all(segments, Context(thresholds={("example", version): published}))
            members = Oracle(catalog, happened(example, now)).members("example", now)
            if (example.profile in members) != example.member:
                return f"example of {word}, {example.note}: expected member {example.member}: {example.data}"
    return None


def words_are_plain(seed: int, each: int = 4) -> str | None:
    """Conditions mean what their words say: the oracle, on what they were lowered to, agrees with ``plain``."""
    rng = Random(seed)
    log = random_log(rng)
    writer = Writer(rng, log)
    for word in TOLD * each:
        data = parse_only(writer, word)
        node = parse_condition({word: data}).lower(Context())
        for facts, at in writer.author.moments:
            events = [record.event for record in facts.records]
            traits = {name: held.value for name, held in facts.traits.items()}
            meant = means(word, data, facts.profile, events, traits, at)
            if meant is not None and meant != evaluate(node, facts, at):
                return f"{word} of {facts.profile} at {at}: the words say {meant}: {data}\n{node}\n{events}"
    return None


def parse_only(writer: Writer, word: str) -> Any:
    """Return the data of a condition that the language accepts."""
    for _ in range(TRIES):
        ((_, data),) = writer.condition(word, []).items()
        try:
            parse_condition({word: data})
            return data
        except InvalidDefinition:
            continue
    raise AssertionError(f"{word} was refused {TRIES} times")


TOLD = [*MEANINGS, "bucket", "consented", "cluster", "in_list", "everyone"]
