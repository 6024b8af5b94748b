"""Synthetic people, some of them twice with typing errors and gaps, and the truth about who is who."""

from __future__ import annotations

from random import Random

from coterie.identity.matching.fields import Person

FIRST = [
    "ada",
    "amir",
    "anna",
    "ben",
    "bruno",
    "carla",
    "chen",
    "david",
    "diego",
    "elena",
    "emil",
    "farah",
    "felix",
    "gina",
    "hana",
    "hugo",
    "ines",
    "ivan",
    "jana",
    "jonas",
    "kira",
    "lars",
    "lea",
    "luca",
    "maja",
    "marco",
    "mila",
    "nora",
    "omar",
    "paula",
    "quinn",
    "rosa",
    "sam",
    "sara",
    "tara",
    "tom",
    "uma",
    "vera",
    "wim",
    "yara",
    "zoe",
]
LAST = [
    "almeida",
    "andersen",
    "baker",
    "becker",
    "berg",
    "carter",
    "costa",
    "dahl",
    "evans",
    "fischer",
    "garcia",
    "hansen",
    "hoffmann",
    "ito",
    "jensen",
    "keller",
    "kim",
    "larsen",
    "lopez",
    "meyer",
    "moreau",
    "novak",
    "okafor",
    "olsen",
    "patel",
    "petrov",
    "quist",
    "richter",
    "rossi",
    "santos",
    "schmidt",
    "silva",
    "tanaka",
    "thomsen",
    "vogel",
    "wagner",
    "weber",
    "wong",
    "young",
    "zimmer",
]
CITIES = ["Oslo", "Bergen", "Kiel", "Porto", "Lyon", "Turin", "Gent", "Graz"]


def typo(rng: Random, text: str) -> str:
    """Return ``text`` with two letters swapped, one dropped or one doubled."""
    place = rng.randrange(len(text) - 1)
    return rng.choice(
        (
            text[:place] + text[place + 1] + text[place] + text[place + 2 :],
            text[:place] + text[place + 1 :],
            text[: place + 1] + text[place:],
        )
    )


def crowd(seed: int, people: int, twice: int) -> tuple[list[Person], set[frozenset[str]]]:
    """Return profiles of ``people``, ``twice`` of whom have a second one, and the pairs that are one person."""
    rng = Random(seed)
    found: list[Person] = []
    pairs: set[frozenset[str]] = set()
    for number in range(people):
        first, last = rng.choice(FIRST), rng.choice(LAST)
        traits = {
            "first_name": first.title(),
            "last_name": last.title(),
            "email": f"{first}.{last}{number}@{rng.choice(('mail', 'post', 'web'))}.example",
            "birthday": f"{rng.randrange(1950, 2006)}-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}",
            "address.postalCode": f"{rng.randrange(1000, 9999)}",
            "city": rng.choice(CITIES),
            "phone": f"+47 {rng.randrange(10_000_000, 99_999_999)}",
        }
        found.append(Person(f"p{number}", dict(traits)))
        if number < twice:
            again = dict(traits)
            for name in ("first_name", "last_name"):
                if rng.random() < 0.3:
                    again[name] = typo(rng, again[name])
            for name, share in (
                ("email", 0.6),
                ("birthday", 0.15),
                ("address.postalCode", 0.3),
                ("phone", 0.6),
                ("city", 0.2),
            ):
                if rng.random() < share:
                    del again[name]
            found.append(Person(f"anonymous_id:q{number}", dict(again)))
            pairs.add(frozenset((f"p{number}", f"anonymous_id:q{number}")))
    return found, pairs
