"""What is asked again before sending, and what is gathered for it."""

from __future__ import annotations

import msgspec

from coterie.connectors.destinations.destination import Message
from coterie.errors import Transient
from tests.engine.outbox.world import Inbox, World, letter
from tests.triggers.world import HOUR, NOON, People, rows, trigger


def last_errors(world: World) -> list[tuple[str, str]]:
    return [(one.state, one.last_error) for one in world.outbox.letters()]


def test_consent_that_was_withdrawn_meanwhile_cancels() -> None:
    people = People({"ada": {"consent.marketing": True}, "brook": {"consent.marketing": True}})
    world = World(triggers=[trigger(consent="marketing")], people=people)
    world.add(("ada", NOON + HOUR), ("brook", NOON + HOUR))
    people.of["ada"] = {"consent.marketing": False}
    world.pump(until=NOON + HOUR)
    assert [who for who, _ in world.inbox.got()] == ["brook"]
    assert last_errors(world) == [("sent", ""), ("cancelled", "consent")]
    assert world.courier.health()["inbox"].cancelled == 1


def test_those_who_left_again_are_left_alone() -> None:
    people = People(segments={"at-risk": {"ada"}, "buyers": {"cleo"}})
    world = World(
        triggers=[trigger(cancel_if_left=True), trigger(key="news", if_={"not_in_segment": "buyers"})], people=people
    )
    world.add(("ada", NOON), ("brook", NOON))
    world.add(("cleo", NOON), trigger="news")
    world.pump()
    assert [who for who, _ in world.inbox.got()] == ["ada"]
    assert sorted(last_errors(world)) == [("cancelled", "if"), ("cancelled", "left"), ("sent", "")]


def test_a_person_who_was_merged_is_asked_about_under_the_new_name() -> None:
    people = People(segments={"at-risk": {"ada"}}, absorbed={"anon": "ada"})
    world = World(triggers=[trigger(cancel_if_left=True)], people=people)
    world.add(("anon", NOON))
    world.pump()
    assert len(world.inbox.taken) == 1


def test_what_an_outage_pushed_into_quiet_hours_waits_for_their_end() -> None:
    def answer(message: Message) -> None:
        if message.at < NOON + 10 * HOUR:
            raise Transient("down")

    quiet = trigger(quiet_hours={"from": "21:00", "to": "08:00"})
    world = World(Inbox(answer), triggers=[quiet])
    world.add(("ada", NOON))
    world.pump(until=NOON + 20 * HOUR)
    (one,) = world.inbox.taken
    assert one.at >= NOON + 20 * HOUR
    drops = World(Inbox(answer), triggers=[trigger(quiet_hours={"from": "21:00", "to": "08:00", "then": "drop"})])
    drops.add(("ada", NOON))
    drops.pump(until=NOON + 20 * HOUR)
    assert last_errors(drops) == [("cancelled", "quiet hours")]


def test_letters_of_a_trigger_that_is_gone_are_cancelled() -> None:
    world = World()
    world.add(("ada", NOON), trigger="gone")
    world.pump()
    assert last_errors(world) == [("cancelled", "the trigger is gone")]


def test_a_fault_of_the_checks_keeps_the_letters() -> None:
    world = World(triggers=[trigger(consent="marketing")])
    world.add(("ada", NOON))
    world.people.of = None  # type: ignore[assignment]
    world.pump()
    ((state, error),) = last_errors(world)
    assert state == "waiting"
    assert error.startswith("not checked: AttributeError")
    world.people.of = {"ada": {"consent.marketing": True}}
    world.pump(until=NOON + HOUR)
    assert len(world.inbox.taken) == 1


CART = rows(
    (0, "anon", "add_to_cart", NOON - 5 * HOUR, {"cart_id": "c1", "product": "lamp"}),
    (1, "ada", "order", NOON - 4 * HOUR, {}),
    (2, "ada", "add_to_cart", NOON - 3 * HOUR, {"cart_id": "c2", "product": "book"}),
    (3, "anon", "add_to_cart", NOON - 2 * HOUR, {"cart_id": "c3", "product": "chair"}),
    (4, "brook", "add_to_cart", NOON - 2 * HOUR, {"cart_id": "c9", "product": "rug"}),
    (5, "ada", "page", NOON - HOUR, {}),
)


def products(message: Message, name: str = "cart") -> list[str]:
    return [one["properties"]["product"] for one in message.payload["gathered"][name]]


def test_the_cart_is_gathered_of_all_that_the_person_was_called() -> None:
    gather = {
        "cart": {"event": "add_to_cart", "since": {"event": "order"}},
        "all": {"event": "add_to_cart"},
        "last": {"event": "add_to_cart", "at_most": 1},
        "recent": {"event": "add_to_cart", "within": "150m"},
    }
    people = People({"ada": {"plan": "pro"}}, absorbed={"anon": "ada"})
    world = World(triggers=[trigger(gather=gather)], people=people, history=[CART])
    world.add(("ada", NOON), ("brook", NOON))
    world.pump()
    ada, brook = sorted(world.inbox.taken, key=lambda one: one.profile)
    assert [products(ada, name) for name in gather] == [
        ["book", "chair"],
        ["lamp", "book", "chair"],
        ["chair"],
        ["chair"],
    ]
    assert products(brook) == ["rug"]
    assert ada.payload["profile"]["traits"] == {"plan": "pro"}
    assert world.asked == [["ada", "anon", "brook"]]


def test_one_cart_of_several_is_gathered_by_the_key_of_the_run() -> None:
    one_cart = trigger(
        when={"event": "add_to_cart"}, key_by="cart_id", gather={"cart": {"event": "add_to_cart", "same": "cart_id"}}
    )
    world = World(triggers=[one_cart], people=People(absorbed={"anon": "ada"}), history=[CART])
    world.add(("ada", NOON), run='"c2"')
    world.pump()
    assert products(world.inbox.taken[0]) == ["book"]


def test_the_event_that_set_it_off_is_among_what_is_gathered() -> None:
    """Arrivals are stamped one after the other, also while a clock moved by hand stands still."""
    told = rows((0, "ada", "add_to_cart", NOON + 3, {"product": "lamp"}))
    world = World(triggers=[trigger(gather={"cart": {"event": "add_to_cart"}})], history=[told])
    one = letter("ada", NOON + 3)
    world.outbox.add(
        [type(one)(**{**{name: getattr(one, name) for name in one.__struct_fields__}, "decided_at": NOON + 3})]
    )
    world.pump()
    assert products(world.inbox.taken[0]) == ["lamp"]


def test_the_order_of_one_cart_leaves_the_others_as_they_are() -> None:
    told = rows(
        (0, "ada", "add_to_cart", NOON - 3 * HOUR, {"cart_id": "c1", "product": "lamp"}),
        (1, "ada", "add_to_cart", NOON - 3 * HOUR, {"cart_id": "c2", "product": "book"}),
        (2, "ada", "order", NOON - 2 * HOUR, {"cart_id": "c2"}),
    )
    gather = {"cart": {"event": "add_to_cart", "same": "cart_id", "since": {"event": "order"}}}
    world = World(triggers=[trigger(when={"event": "x"}, key_by="cart_id", gather=gather)], history=[told])
    world.add(("ada", NOON), run='"c1"')
    world.add(("ada", NOON + 1), run='"c2"')
    world.pump(until=NOON + HOUR)
    assert [products(one) for one in world.inbox.taken] == [["lamp"], []]


def test_a_second_try_says_what_the_first_said() -> None:
    def answer(message: Message) -> None:
        if message.attempt == 1:
            world.people.of["ada"] = {"plan": "free"}
            raise Transient("no")

    world = World(Inbox(answer), triggers=[trigger(gather={"cart": {"event": "add_to_cart"}})], history=[CART])
    world.people.of["ada"] = {"plan": "pro"}
    world.add(("ada", NOON))
    world.pump(until=NOON + HOUR)
    first, second = world.inbox.seen
    assert first.payload == second.payload
    assert second.payload["profile"]["traits"] == {"plan": "pro"}
    (kept,) = world.outbox.letters()
    assert msgspec.json.decode(kept.payload)["gathered"]["cart"]
