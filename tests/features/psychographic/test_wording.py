"""Tone and topics of texts."""

from __future__ import annotations

import json

import numpy as np
import pytest

from coterie.errors import Problem
from coterie.features.psychographic.tone import english, lexicon_of, read_lexicon, tone
from coterie.features.psychographic.wording import Wording, fit_wording, stop_words


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("Great quality, would buy again", 1), ("Not great", -1), ("Not bad at all", 1), ("The parcel never arrived", -1),
        ("Never again", -1), ("No problems, works fine", 1), ("Absolutely terrible!", -1), ("I ordered it on Tuesday", 0), ("", 0),
        ("42", 0), ("It doesn’t work", -1),
    ],
)  # fmt: skip
def test_the_sign_of_a_tone(text: str, sign: int) -> None:
    found = tone(text, english())
    assert (found is None) if not sign else found is not None and np.sign(found) == sign


def test_a_degree_makes_it_stronger_or_weaker() -> None:
    lexicon = lexicon_of({"good": 0.5})
    slightly, plain, very = (tone(text, lexicon) for text in ("slightly good", "good", "very good"))
    assert slightly is not None
    assert plain is not None
    assert very is not None
    assert 0 < slightly < plain < very < 1
    assert plain == pytest.approx(0.5 / np.sqrt(0.25 + 0.5))
    assert tone("not good", lexicon) == pytest.approx(-0.37 / np.sqrt(0.37**2 + 0.5))


def test_a_lexicon_of_ones_own() -> None:
    lexicon = read_lexicon("word,value\ngut,0.6\nsehr schlecht,-0.9\nnicht,not\n", "german.csv")
    assert tone("Das ist gut", lexicon) > 0  # type: ignore[operator]
    assert tone("Das ist nicht gut", lexicon) < 0  # type: ignore[operator]
    assert tone("Sehr schlecht!", lexicon) < 0  # type: ignore[operator]
    with pytest.raises(Problem, match=r"german\.csv:2"):
        read_lexicon("gut,0.6\nschlecht\n", "german.csv")
    with pytest.raises(Problem, match="out of range"):
        read_lexicon("gut,6")


DELIVERY = ("the courier left the parcel late", "parcel courier late again", "late parcel and a rude courier")
FABRIC = ("soft cotton and warm wool", "the wool is soft", "warm soft cotton fabric")


def _people(count: int = 60) -> dict[str, list[str]]:
    return {f"p{n:03}": [(DELIVERY, FABRIC)[n % 2][n % 3], "ordered from Bergen"] for n in range(count)}


def test_planted_topics_are_found_and_told_by_their_words() -> None:
    people = {**_people(), "silent": ["!"]}
    found = fit_wording(people, people_min=5, dimensions=2, topics=2, stopped=stop_words("en"), seed=0)
    table = found.table(people, english(), at=0)
    topics = dict(zip(table.profiles.tolist(), table.column("topic").values.tolist(), strict=True))
    assert len({topics[f"p{n:03}"] for n in range(0, 60, 2)}) == 1
    assert topics["p000"] != topics["p001"]
    assert "courier" in topics["p000"]  # type: ignore[operator]
    assert topics["silent"] is None
    tones = table.column("tone").values
    assert np.nanmean(tones[:60:2]) < 0 < np.nanmean(tones[1:60:2])
    assert np.isnan(tones[-1])
    again = Wording.of(json.loads(json.dumps(found.parameters())))
    assert again == found
    alone = again.table({"p007": people["p007"]}, None, at=0)
    assert alone.names == ("texts", "topic", "topic_nearness", "words_1", "words_2")
    assert alone.column("words_2").values[0] == table.column("words_2").values[7]


def test_a_word_that_few_people_wrote_is_not_kept() -> None:
    people = {**_people(), "p000": ["parcel courier late; I am Ada Lovelace, call 5551234"]}
    found = fit_wording(people, people_min=5, dimensions=2, topics=2, stopped=(), seed=0)
    assert not {"ada", "lovelace", "call"} & set(found.terms.terms)
    assert "bergen" not in found.terms.terms  # and what everybody says tells nobody apart


def test_what_is_not_installed_is_said_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    from coterie.features.psychographic import tone as module

    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(Problem, match=r"coterie\[text\]"):
        english()
    for name in ("sklearn", "sklearn.decomposition", "sklearn.feature_extraction", "sklearn.feature_extraction.text"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(Problem, match=r"coterie\[learning\]"):
        stop_words("en")
    with pytest.raises(Problem, match=r"coterie\[learning\]"):
        fit_wording(_people(), people_min=5, dimensions=2, topics=2, stopped=(), seed=0)
