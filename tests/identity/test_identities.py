"""Who is who, story by story."""

from __future__ import annotations

from coterie.identity.identities import Identities
from coterie.identity.resolution import Conflict, Linked, Merged, Resolution, records_of
from coterie.identity.rules import Kind, Rules
from coterie.model import LINK, MERGE, Identifier

ADA, BOB = ("user_id", "ada"), ("user_id", "bob")
COOKIE, TABLET = ("anonymous_id", "c1"), ("device_id", "d1")


def seen(people: Identities, *identifiers: tuple[str, str], at: int = 0) -> Resolution:
    return people.resolve(identifiers, f"e{at}", at)


def test_a_visitor_who_logs_in_is_absorbed_by_the_profile_of_the_user() -> None:
    people = Identities()
    assert seen(people, COOKIE, at=1) == Resolution("anonymous_id:c1")
    found = seen(people, ADA, COOKIE, at=2)
    assert found == Resolution("ada", (Merged("ada", "anonymous_id:c1", "anonymous_id:c1"),))
    before, after = records_of(found, "e2", 2)
    assert [(one.id, one.name, one.profile, one.properties) for one in before] == [
        ("e2#merge0", MERGE, "ada", {"loser": "anonymous_id:c1", "because": "anonymous_id:c1"})
    ]
    assert after == []
    assert people.known((COOKIE,)) == "anonymous_id:c1"
    assert people.known((ADA, COOKIE)) == "ada"
    assert people.profile_of(*COOKIE) == people.find("anonymous_id:c1") == "ada"


def test_a_new_cookie_of_a_known_user_is_linked_without_a_profile_of_its_own() -> None:
    people = Identities()
    seen(people, ADA, at=1)
    found = seen(people, ADA, COOKIE, at=2)
    assert found == Resolution("ada", links=(Linked("ada", "anonymous_id", "c1"),))
    (record,) = records_of(found, "e2", 2)[1]
    assert (record.id, record.name, record.properties) == ("e2#link0", LINK, {"kind": "anonymous_id", "value": "c1"})
    assert seen(people, COOKIE, at=3).profile == "ada"


def test_b_logs_in_on_the_browser_of_a_and_they_stay_two() -> None:
    people = Identities()
    seen(people, ADA, COOKIE, at=1)
    found = seen(people, BOB, COOKIE, at=2)
    assert found == Resolution("bob", links=(Linked("bob", "anonymous_id", "c1", "ada"),))
    assert seen(people, COOKIE, at=3).profile == "bob"
    assert people.identifiers_of("ada") == [Identifier("user_id", "ada")]
    assert seen(people, ADA, COOKIE, at=4).links[0].moved_from == "bob"
    assert people.tallies["moves"] == 2
    assert people.tallies["merges"] == 0


def test_a_family_tablet_glues_nobody_together() -> None:
    people = Identities()
    for at, who in enumerate(("ada", "bob", "cyd", "ada", "bob", "cyd")):
        found = seen(people, ("user_id", who), TABLET, ("anonymous_id", f"{who}-cookie"), at=at)
        assert (found.profile, found.merges) == (who, ())
    assert len({people.canonical(who) for who in ("ada", "bob", "cyd")}) == 3


def test_an_address_of_somebody_else_is_a_conflict_that_is_counted() -> None:
    people = Identities()
    seen(people, ADA, ("email", "ada@x.org"))
    found = seen(people, BOB, ("email", "ADA@x.org"))
    assert found.conflicts == (Conflict("email", "ada@x.org", "other", "ada"),)
    assert people.known((BOB, ("email", "ADA@x.org"))) is None
    assert people.tallies["conflicts.other"] == 1


def test_a_limit_keeps_what_is_too_much_out() -> None:
    people = Identities(Rules(kinds=(Kind(kind="user_id", limit=1), Kind(kind="loyalty_card", limit=2))))
    for card in "123":
        found = seen(people, ADA, ("loyalty_card", card))
    assert found.conflicts == (Conflict("loyalty_card", "3", "limit"),)
    assert len(people.identifiers_of("ada")) == 3


def test_merges_are_transitive_and_each_has_its_cause() -> None:
    people = Identities()
    seen(people, ("anonymous_id", "c1"), at=1)
    seen(people, ("anonymous_id", "c2"), at=2)
    seen(people, TABLET, ("anonymous_id", "c1"), at=3)
    seen(people, TABLET, ("anonymous_id", "c2"), at=4)
    seen(people, ADA, ("anonymous_id", "c2"), at=5)
    assert people.profile_of("anonymous_id", "c1") == "ada"
    causes = [(one.into, one.loser, one.because, one.event_id, one.at) for one in people.merges_of("anonymous_id:c1")]
    assert causes == [
        ("anonymous_id:c1", "anonymous_id:c2", "anonymous_id:c2", "e4", 4),
        ("ada", "anonymous_id:c1", "anonymous_id:c2", "e5", 5),
    ]


def test_what_was_separated_stays_apart_and_the_browser_goes_over() -> None:
    people = Identities()
    seen(people, COOKIE, at=1)
    seen(people, ADA, COOKIE, at=2)
    assert people.unmerge("ada", "anonymous_id:c1", 3)
    assert not people.unmerge("ada", "anonymous_id:c1", 4)
    assert people.profile_of(*COOKIE) == "anonymous_id:c1"
    assert people.known((ADA, COOKIE)) is None
    found = seen(people, ADA, COOKIE, at=5)
    assert found == Resolution("ada", links=(Linked("ada", "anonymous_id", "c1", "anonymous_id:c1"),))
    assert people.canonical("anonymous_id:c1") == "anonymous_id:c1" == people.find("anonymous_id:c1")
    (cause,) = people.merges_of("ada")
    assert (cause.at, cause.until) == (2, 3)
    people.learn(MERGE, "ada", {"loser": "anonymous_id:c1"}, 6, "by-hand")
    assert people.canonical("anonymous_id:c1") == "ada"


def test_alias_calls_make_one_person_of_two_users_up_to_a_bound() -> None:
    people = Identities(Rules(aliases_max=3))
    for number in range(1, 5):
        found = people.alias((("user_id", f"old{number}"),), (ADA,), f"a{number}", number)
    assert found.conflicts == (Conflict("user_id", "old4", "limit"),)
    assert people.profile_of("user_id", "old2") == "ada"
    assert people.profile_of("user_id", "old4") is None


def test_an_alias_knows_the_previous_id_as_a_cookie_too() -> None:
    people = Identities()
    seen(people, COOKIE)
    found = people.alias((("user_id", "c1"),), (ADA,), "a", 1)
    assert found.merges == (Merged("ada", "anonymous_id:c1", "anonymous_id:c1"),)


def test_an_event_without_a_usable_identifier_is_nobodys() -> None:
    people = Identities()
    found = seen(people, ("user_id", "null"), ("anonymous_id", ""), ("Odd Kind", "1"))
    assert found.profile is None
    assert [one.reason for one in found.conflicts] == ["blocked", "unknown_kind"]
    assert len(people) == 0


def test_names_that_look_like_identifiers_do_not_meet_them() -> None:
    people = Identities()
    assert seen(people, ("user_id", "anonymous_id:c1")).profile == "user_id:anonymous_id:c1"
    assert seen(people, COOKIE).profile == "anonymous_id:c1"
    assert seen(people, ("user_id", "google:1")).profile == "google:1"
    assert seen(people, ("google", "1")).profile == "external:google:1"
    assert people.find("google:1") == "google:1"


def test_a_profile_of_a_file_is_the_user_of_the_sdk() -> None:
    people = Identities()
    people.learn("purchase", "ada", {}, 1, "f1")
    people.learn("purchase", "email:ada@x.org", {}, 2, "f2")
    found = seen(people, ADA, ("email", "ada@x.org"), at=3)
    assert found == Resolution("ada", (Merged("ada", "email:ada@x.org", "email:ada@x.org"),))
