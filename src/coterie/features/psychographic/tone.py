"""The tone of a text: words with a value, turned round by a denial before them, made stronger or weaker by a word of degree."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from msgspec import Struct

from coterie.errors import Problem, not_installed

REACH = 3
"""Words before a word of value in which a denial or a degree counts."""
TURNED = -0.74
"""What a denial multiplies a value with: "not great" is less than the contrary of "great"."""
STRONGER, WEAKER = 1.3, 0.7
EVEN = 0.5
"""How much value makes a text clearly toned: at so much its tone is 0.58, at twice that 0.82."""
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_LEXICON = "vader_lexicon.txt"
_RATED = 4.0
"""The largest value that raters could give."""

DENIALS = frozenset(
    [
        "no",
        "not",
        "never",
        "none",
        "nothing",
        "neither",
        "nor",
        "without",
        "cannot",
        "hardly",
        "ain't",
        "aren't",
        "can't",
        "couldn't",
        "didn't",
        "doesn't",
        "don't",
        "hadn't",
        "hasn't",
        "haven't",
        "isn't",
        "mustn't",
        "shouldn't",
        "wasn't",
        "weren't",
        "won't",
        "wouldn't",
    ]
)
STRONG = frozenset(
    [
        "absolutely",
        "completely",
        "deeply",
        "extremely",
        "highly",
        "incredibly",
        "really",
        "so",
        "such",
        "too",
        "totally",
        "truly",
        "utterly",
        "very",
    ]
)
WEAK = frozenset(["almost", "barely", "fairly", "kinda", "partly", "quite", "rather", "slightly", "somewhat", "sorta"])
SHOP: Mapping[str, float] = {
    "arrived broken": -0.8, "broke": -0.7, "broken": -0.7, "cancelled": -0.4, "cheaply": -0.6, "comfy": 0.6, "complain": -0.5,
    "complaint": -0.5, "confusing": -0.5, "crashes": -0.6, "damaged": -0.7, "defective": -0.8, "delayed": -0.5, "disappointed": -0.7, "dislike": -0.5,
    "does not fit": -0.5, "does not work": -0.8, "doesn't fit": -0.5, "doesn't work": -0.8, "faded": -0.5, "fake": -0.7,
    "faulty": -0.8, "fell apart": -0.8, "fits": 0.4, "fits perfectly": 0.8, "forever": -0.4, "fraud": -0.9, "friendly": 0.6,
    "ignored": -0.6, "incomplete": -0.5, "lost": -0.4, "love": 0.6, "loves": 0.6, "misleading": -0.7, "missing": -0.5,
    "money back": -0.5, "never again": -0.9, "never arrived": -0.9, "never came": -0.9, "no problem": 0.4, "no problems": 0.5,
    "on time": 0.5, "overpriced": -0.6, "perfectly": 0.8, "poorly": -0.6, "problem": -0.4, "problems": -0.4, "prompt": 0.5,
    "recommend": 0.6, "recommended": 0.6, "refused": -0.6, "reliable": 0.6, "ripped": -0.6, "scam": -0.9, "scratched": -0.5,
    "smells": -0.4, "sturdy": 0.6, "superb": 0.9, "thank": 0.4, "thanks": 0.4, "too expensive": -0.6, "too late": -0.6,
    "too small": -0.4, "too big": -0.4, "torn": -0.6, "trust": 0.5, "unusable": -0.8, "useless": -0.7, "waste": -0.7,
    "waste of money": -0.8, "well made": 0.7, "well packed": 0.5, "would buy again": 0.8,
}  # fmt: skip
"""Words and phrases of buying, that general lexicons lack or take otherwise."""


class Lexicon(Struct, frozen=True, kw_only=True):
    """Words and phrases in lower case with their value from -1 to 1, and the words that turn it round or change its strength."""

    values: Mapping[str, float]
    denials: frozenset[str] = DENIALS
    strong: frozenset[str] = STRONG
    weak: frozenset[str] = WEAK
    longest: int = 1
    """Words of the longest phrase."""


def lexicon_of(values: Mapping[str, float], denials: frozenset[str] = DENIALS) -> Lexicon:
    """Return the lexicon of these values. Raises: Problem for a value beyond -1 and 1, or none."""
    for word, value in values.items():
        if not -1.0 <= value <= 1.0:
            raise Problem("a value of a word out of range", where=word, received=value, allowed="-1 to 1")
    if not values:
        raise Problem("a lexicon without words", allowed="lines of: word,value")
    spelled = {" ".join(words_of(word)): float(value) for word, value in values.items()}
    return Lexicon(values=spelled, denials=denials, longest=max(len(word.split()) for word in spelled))


def read_lexicon(text: str, where: str = "") -> Lexicon:
    """Return the lexicon of CSV lines ``word,value``; a line ``word,not`` names a denial. Raises: Problem with the line."""
    values: dict[str, float] = {}
    denials: set[str] = set()
    for number, row in enumerate(csv.reader(io.StringIO(text.removeprefix("\ufeff"))), 1):
        if not row or (number == 1 and row[-1].strip().lower() == "value"):
            continue
        try:
            word, told = row[0].strip().lower(), row[1].strip().lower()
            if told == "not":
                denials.add(word)
            else:
                values[word] = float(told)
        except (IndexError, ValueError) as error:
            raise Problem("not a word and its value", where=f"{where}:{number}", received=",".join(row),
                          allowed="word,value with a value from -1 to 1, or word,not for a denial") from error  # fmt: skip
    return lexicon_of(values, frozenset(denials) or DENIALS)


def english() -> Lexicon:
    """Return the English lexicon: the word list of ``vaderSentiment``, and ``SHOP`` on top. Raises: Problem when it is not installed.

    Only its list is read, none of its code is run. Source: Hutto & Gilbert 2014, VADER, ICWSM: 7,500 words, each rated by ten people
    from -4 to 4 (MIT licence).
    """
    found = find_spec("vaderSentiment")
    places = list(found.submodule_search_locations or ()) if found is not None else []
    if not places:
        raise not_installed("the English lexicon", "text")
    weighing = DENIALS | STRONG | WEAK
    values: dict[str, float] = {}
    for line in (Path(places[0]) / _LEXICON).read_text(encoding="utf-8").splitlines():
        word, value = line.split("\t")[:2]
        if words_of(word) == word.split() and word not in weighing:
            values[word] = float(value) / _RATED
    return lexicon_of({**values, **SHOP})


def words_of(text: str) -> list[str]:
    """Return the words of a text in lower case, without digits and marks.

    >>> words_of("Don't buy: it BROKE twice")
    ["don't", 'buy', 'it', 'broke', 'twice']
    """
    return [word.replace("’", "'") for word in _WORD.findall(text.lower())]


def tone(text: str, lexicon: Lexicon) -> float | None:
    """Return the tone of a text between -1 and 1; ``None`` when no word of it has a value: nothing is known then, not 0.

    The longest phrase wins; values add up to s, and s / sqrt(s² + 0.5) is the tone. Cost: about 1 µs per word.
    """
    words = words_of(text)
    total, found, place = 0.0, False, 0
    while place < len(words):
        length, value = _phrase(words, place, lexicon)
        if value is None:
            place += 1
            continue
        before = words[max(0, place - REACH) : place]
        for word in before:
            value *= STRONGER if word in lexicon.strong else WEAKER if word in lexicon.weak else 1.0
        if sum(word in lexicon.denials for word in before) % 2:
            value *= TURNED
        total, found = total + value, True
        place += length
    return total / math.sqrt(total * total + EVEN) if found else None


def _phrase(words: list[str], place: int, lexicon: Lexicon) -> tuple[int, float | None]:
    for length in range(min(lexicon.longest, len(words) - place), 0, -1):
        value = lexicon.values.get(" ".join(words[place : place + length]))
        if value is not None:
            return length, value
    return 1, None
