"""The laws are worth their time: every planted mistake is noticed, and the product as it is gives no alarm."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.laws.faults import Fault, plant, suspect
from tests.laws.laws import LAWS
from tests.laws.planted import FAULTS

SEEDS = 8


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.file.split('/')[1]}: {fault.name}")
def test_a_planted_fault_is_noticed(fault: Fault, tmp_path: Path) -> None:
    said = suspect(plant(fault, tmp_path), fault.laws, range(fault.seed, fault.seed + SEEDS))
    assert said, f"no law noticed that {fault.name}"


def test_the_product_as_it_is_gives_no_alarm(tmp_path: Path) -> None:
    assert suspect(plant(None, tmp_path), ("examples_hold", "words_are_plain", *LAWS), range(3)) == ""


def test_there_are_faults_in_every_reader_and_each_has_a_name_of_its_own() -> None:
    readers = [fault.file.split("/")[1] for fault in FAULTS]
    assert {"batch", "live", "oracle", "conditions"} <= set(readers)
    assert len({(fault.file, fault.name) for fault in FAULTS}) == len(FAULTS) >= 15
