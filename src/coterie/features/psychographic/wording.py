"""Words of people: their tone by a lexicon, their topics and their place among everybody by an embedding."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from msgspec import Struct

from coterie.errors import Problem, not_installed
from coterie.features.psychographic.embedding import Axes, Terms, axes_of, foremost, sparse, terms_of, unlike
from coterie.features.psychographic.interests import axis_columns
from coterie.features.psychographic.tone import Lexicon, tone, words_of
from coterie.features.table import Column, FeatureTable

SHORT = 3
"""Letters from which a word may belong to a topic."""
WIDESPREAD = 0.5
"""Share of people from which a word belongs to no topic: it tells nobody apart."""
NEAR = 0.1
"""Nearness from which a topic is somebody's topic."""


class Wording(Struct, frozen=True, kw_only=True):
    """Fitted words: terms, axes of the embedding, and topics. It holds no text and names no customer."""

    terms: Terms
    axes: Axes
    topics: Axes
    """Loadings (terms, topics) of length 1: a topic is as near as the angle between it and somebody's words is small."""
    stopped: tuple[str, ...] = ()

    def parameters(self) -> dict[str, Any]:
        """Return it as plain JSON data, for an artefact."""
        data: dict[str, Any] = msgspec.to_builtins(self)
        return data

    @classmethod
    def of(cls, parameters: Mapping[str, Any]) -> Wording:
        """Return the wording that ``parameters`` told. Raises: Problem for data that are none."""
        try:
            return msgspec.convert(parameters, cls)
        except msgspec.ValidationError as error:
            raise Problem("no wording", where="wording", received=str(error)) from error

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the names of the columns of its tables; there is no ``tone`` without a lexicon."""
        return ("texts", "tone", "topic", "topic_nearness", *(f"words_{n}" for n in range(1, len(self.axes.names) + 1)))

    def table(self, people: Mapping[str, Sequence[str]], lexicon: Lexicon | None, at: int) -> FeatureTable:
        """Return the features of people (profile → texts) as of ``at``.

        Columns: ``texts``: how many; ``tone``: mean of the texts with a toned word, missing without any; ``topic``: the nearest, and
        ``topic_nearness`` from 0 to 1; ``words_1`` …: the embedding. Without a lexicon there is no ``tone``.
        """
        profiles = sorted(people)
        weighed = self.terms.weigh([self._counted(people[one]) for one in profiles])
        near = weighed.along(self.topics.array())
        best = np.argmax(np.where(np.isnan(near), -1.0, near), axis=1)
        nearness = near[np.arange(len(profiles)), best] if len(profiles) else np.empty(0)
        names = [
            self.topics.names[place] if value >= NEAR else None
            for place, value in zip(best.tolist(), nearness.tolist(), strict=True)
        ]
        toned = [] if lexicon is None else [_mean_tone(people[one], lexicon) for one in profiles]
        columns = (
            Column(name="texts", values=np.array([len(people[one]) for one in profiles], np.float64), title="Texts"),
            *(
                [Column(name="tone", values=np.array(toned, np.float64), title="Tone, -1 to 1")]
                if lexicon is not None
                else []
            ),
            Column(name="topic", kind="category", values=np.array(names, object), title="Topic"),
            Column(name="topic_nearness", values=nearness, title="Nearness of the topic"),
            *axis_columns("words", weighed.along(self.axes.array()), self.axes.names),
        )
        return FeatureTable(profiles=np.array(profiles, object), columns=columns, at=at, feature_set="text")

    def _counted(self, texts: Sequence[str]) -> Mapping[str, float]:
        return counted(texts, frozenset(self.stopped))


def fit_wording(
    people: Mapping[str, Sequence[str]],
    *,
    people_min: int,
    dimensions: int,
    topics: int,
    stopped: Sequence[str],
    seed: int,
) -> Wording:
    """Return the wording of people (profile → texts): a term counts from ``people_min`` people on, so that no word tells who wrote it.

    Topics are those of a non-negative factorisation. Source: Lee & Seung 1999, Nature 401, equation 2. The same texts and seed give
    the same bytes. Raises: Problem for too few words in common.
    """
    stops = frozenset(stopped)
    used = [counted(people[one], stops) for one in sorted(people)]
    terms = terms_of([one for one in used if one], people_min, WIDESPREAD)
    weighed = terms.weigh(used)
    try:
        from sklearn.decomposition import NMF
        from sklearn.exceptions import ConvergenceWarning
    except ModuleNotFoundError as error:
        raise not_installed("finding topics", "learning") from error
    count = min(topics, len(terms.terms) - 1, len(people))
    model = NMF(n_components=count, init="nndsvda", random_state=seed, max_iter=400)
    # topics without words of their own may not settle and are told as found; what is left of an exact fit may be -1e-17, under a root
    with np.errstate(invalid="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        strength = model.fit_transform(sparse(weighed, len(terms.terms)))
    order = np.argsort(-strength.sum(axis=0) * model.components_.sum(axis=1), kind="stable")
    parts = model.components_[order]
    length = np.sqrt(np.sum(parts**2, axis=1, keepdims=True))
    kept = length[:, 0] > 0
    loadings = (parts[kept] / length[kept]).T
    weight = (strength.sum(axis=0) * model.components_.sum(axis=1))[order][kept]
    found = Axes(
        loadings=tuple(tuple(row) for row in loadings.tolist()),
        names=unlike(foremost(terms.terms, loadings[:, place]) for place in range(loadings.shape[1])),
        shares=tuple((weight / weight.sum()).tolist()),
    )
    return Wording(terms=terms, axes=axes_of(terms, weighed, dimensions), topics=found, stopped=tuple(sorted(stops)))


def counted(texts: Sequence[str], stopped: frozenset[str]) -> Mapping[str, float]:
    """Return how often the words of some texts occur, without short ones and those of ``stopped``."""
    words = (word for text in texts for word in words_of(text) if len(word) >= SHORT and word not in stopped)
    return {word: float(count) for word, count in Counter(words).items()}


def stop_words(language: str) -> tuple[str, ...]:
    """Return words that belong to no topic: scikit-learn's English ones, none for another language. Raises: Problem without it."""
    if language != "en":
        return ()
    try:
        from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS
    except ModuleNotFoundError as error:
        raise not_installed("finding topics", "learning") from error
    return tuple(sorted(ENGLISH_STOP_WORDS))


def _mean_tone(texts: Sequence[str], lexicon: Lexicon) -> float:
    found = [value for one in texts if (value := tone(one, lexicon)) is not None]
    return sum(found) / len(found) if found else float("nan")
