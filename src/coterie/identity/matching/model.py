"""The model of matches: Fellegi and Sunter's weights, estimated by Splink without known answers, in an in-memory DuckDB.

Source: Fellegi, Sunter: A Theory for Record Linkage, JASA 64 (1969); parameters by expectation maximisation.
"""

from __future__ import annotations

import logging
import math
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from coterie.errors import CoterieError, LimitExceeded
from coterie.identity.matching.fields import ID, Field, Matching, Person, people_table
from coterie.identity.matching.proposal import Proposal, Step, proposal_id

PAIRS_SAMPLED = 1e6
"""Pairs from which it is estimated how often strangers agree."""
FINDINGS = ("the same", "nearly the same", "alike", "a little alike", "somewhat alike", "hardly alike")


def propose(
    people: Iterable[Person], matching: Matching, apart: Callable[[str, str], bool] = lambda one, other: False
) -> list[Proposal]:
    """Return the pairs of people at least ``propose_above`` probable to be one, the most probable first.

    ``apart``: pairs that must not be proposed. The same people and seed give the same proposals. Raises: CoterieError when
    Splink is not installed, LimitExceeded. Cost: about a minute per million people and two cores.
    """
    table = people_table(people, matching.fields)
    if table.num_rows > matching.people_max:
        raise LimitExceeded(
            f"{table.num_rows:,} people are more than people_max = {matching.people_max:,}",
            hint="raise identity.matching.people_max",
        )
    fields = [field for field in matching.fields if _tells(table[field.field])]
    blocks = _usable(matching.block_on, fields)
    if table.num_rows < 2 or not fields or not blocks:
        return []
    with _quiet():
        linker = _trained(table.select([ID, *(field.field for field in fields)]), fields, blocks, matching)
        found = linker.inference.predict(threshold_match_probability=matching.propose_above).as_record_list()
        model = linker.misc.save_model_to_json()
    prior = math.log2(_odds(model["probability_two_random_records_match"]))
    proposals = [_proposal(row, fields, model, prior) for row in found if not apart(row[f"{ID}_l"], row[f"{ID}_r"])]
    return sorted(proposals, key=lambda one: (-one.weight, one.id))


def _tells(column: Any) -> bool:
    """Return whether a column can tell people apart: at least two different values."""
    return len(pc.unique(pc.drop_null(column))) >= 2


def _usable(blocks: Iterable[Sequence[str]], fields: Sequence[Field]) -> list[tuple[str, ...]]:
    known = {field.field for field in fields}
    return [tuple(block) for block in blocks if block and set(block) <= known]


def _trained(table: pa.Table, fields: Sequence[Field], blocks: list[tuple[str, ...]], matching: Matching) -> Any:
    """Return a linker whose weights are estimated from the table itself."""
    try:
        from splink import Linker, SettingsCreator, block_on
        from splink.backends.duckdb import DuckDBAPI
        from splink.internals.exceptions import EMTrainingException, SplinkException
    except ImportError as error:
        raise CoterieError(
            "matching needs Splink, which is not installed", hint="pip install 'coterie[matching]'"
        ) from error
    database = DuckDBAPI()
    database.duckdb_con.execute("SET threads = 1")
    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=[_comparison(field) for field in fields],
        blocking_rules_to_generate_predictions=[block_on(*block) for block in blocks],
        retain_intermediate_calculation_columns=True,
    )
    linker = Linker(database.register(table), settings, log_level=None)
    training = linker.training
    sure: list[Any] = [block_on(*block) for block in _usable(matching.sure, fields)]
    if sure:
        training.estimate_probability_two_random_records_match(sure, recall=matching.sure_share)
    training.estimate_u_using_random_sampling(max_pairs=PAIRS_SAMPLED, seed=matching.seed)
    for block in _usable(matching.train_on, fields) or blocks:
        try:
            training.estimate_parameters_using_expectation_maximisation(block_on(*block), max_pairs=PAIRS_SAMPLED)
        except (EMTrainingException, SplinkException, ValueError):
            continue  # too few pairs agree so, or a weight vanishes among them: the other blocks tell
    return linker


def _comparison(field: Field) -> Any:
    import splink.comparison_library as library

    name = field.field
    if field.compare == "email":
        return library.EmailComparison(name)
    if field.compare == "date":
        return library.DateOfBirthComparison(name, input_is_string=True)
    if field.compare == "code":
        return library.LevenshteinAtThresholds(name, [1])
    if field.compare == "exact":
        return library.ExactMatch(name).configure(term_frequency_adjustments=True)
    return library.JaroWinklerAtThresholds(name, [0.92, 0.8]).configure(term_frequency_adjustments=True)


def _proposal(row: dict[str, Any], fields: Sequence[Field], model: dict[str, Any], prior: float) -> Proposal:
    one, other = row[f"{ID}_l"], row[f"{ID}_r"]
    levels = {part["output_column_name"]: len(part["comparison_levels"]) for part in model["comparisons"]}
    steps = [Step("start", "", "", "two people at random", prior)]
    for field in fields:
        name = field.field
        weight = float(row.get(f"mw_{name}") or 0.0) + float(row.get(f"mw_tf_adj_{name}") or 0.0)
        finding = _finding(int(row[f"gamma_{name}"]), levels[name])
        steps.append(Step(name, row[f"{name}_l"] or "", row[f"{name}_r"] or "", finding, weight))
    survivor, loser = sorted((one, other), key=lambda profile: (":" in profile, profile))
    if survivor != one:
        steps = [Step(step.field, step.other, step.one, step.finding, step.weight) for step in steps]
    probability, weight = float(row["match_probability"]), float(row["match_weight"])
    return Proposal(proposal_id(one, other), survivor, loser, probability, weight, tuple(steps))


def _finding(gamma: int, levels: int) -> str:
    """Return in words what a comparison found: levels count from the same (highest) down to different (0); −1 is missing."""
    if gamma < 0:
        return "missing on one side"
    return "different" if gamma == 0 else FINDINGS[min(levels - 2 - gamma, len(FINDINGS) - 1)]


def _odds(probability: float) -> float:
    return probability / (1 - probability)


@contextmanager
def _quiet() -> Iterator[None]:
    """Splink does not write to the log while the block runs: what it warns of shows in the weights."""
    logger = logging.getLogger("splink")
    level = logger.level
    logger.setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            logger.setLevel(level)
