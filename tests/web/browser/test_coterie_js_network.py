"""coterie.js when things go wrong or are not wanted: closing pages, no network, an unwell server, and consent."""

from __future__ import annotations

import time

from tests.chromium import Chromium
from tests.servers import wait_until
from tests.web.browser.site import Place

QUEUED = "JSON.parse(localStorage.coterie || '{\"queue\":[]}').queue.length"
STORED = "[document.cookie, localStorage.length]"


def test_what_waits_when_a_page_is_closed_goes_by_beacon(chromium: Chromium, place: Place) -> None:
    visitor = chromium.visitor()
    page = chromium.page(visitor).goto(place.page("/slow", delay=60_000))
    place.named("page")
    page.wait(f"{QUEUED} === 0")
    page.evaluate("coterie.track('last', {n: 1})")
    assert place.names() == ["page"]
    page.goto("about:blank")
    (event,) = place.named("last")
    assert event.properties["n"] == 1
    # A beacon has no answer, so the next page sends it again: with the same ids, which count once.
    page.goto(place.page("/next"))
    place.named("page", 2)
    page.wait(f"{QUEUED} === 0")
    assert [one["event"] for one in place.raw() if one["type"] == "track"] == ["last", "last"]
    assert place.names().count("last") == 1


def test_a_closed_tab_tells_its_last(chromium: Chromium, place: Place) -> None:
    page = chromium.page().goto(place.page(delay=60_000))
    page.evaluate("coterie.track('last')")
    page.close()
    place.named("last")


def test_events_survive_being_offline_and_a_new_page(chromium: Chromium, place: Place) -> None:
    visitor = chromium.visitor()
    page = chromium.page(visitor).goto(place.page())
    place.named("page")
    page.wait(f"{QUEUED} === 0")
    chromium.offline(visitor, True)
    page.evaluate("for (let n = 0; n < 5; n++) coterie.track('offline', {n})")
    page.wait("performance.getEntriesByType('resource').length > 0")
    assert page.evaluate(QUEUED) == 5
    page.close()
    chromium.offline(visitor, False)
    page = chromium.page(visitor).goto(place.page("/later"))
    assert sorted(event.properties["n"] for event in place.named("offline", 5)) == [0, 1, 2, 3, 4]
    page.wait(f"{QUEUED} === 0")


def test_coming_back_online_sends_at_once(chromium: Chromium, place: Place) -> None:
    visitor = chromium.visitor()
    page = chromium.page(visitor).goto(place.page())
    place.named("page")
    chromium.offline(visitor, True)
    page.evaluate("coterie.track('offline')")
    time.sleep(0.3)
    chromium.offline(visitor, False)
    place.named("offline")


def test_an_unwell_server_is_tried_again_with_growing_pauses(chromium: Chromium, place: Place) -> None:
    place.answer = 503
    page = chromium.page().goto(place.page())
    wait_until(lambda: place.refused_requests >= 2)
    assert page.evaluate(QUEUED) == 1
    place.answer = 0
    place.named("page")
    page.wait(f"{QUEUED} === 0")


def test_retry_after_is_kept(chromium: Chromium, place: Place) -> None:
    place.answer, place.headers = 429, {"retry-after": "3"}
    chromium.page().goto(place.page())
    wait_until(lambda: place.refused_requests == 1)
    began = time.monotonic()
    place.answer = 0
    place.named("page")
    assert time.monotonic() - began > 2


def test_what_is_too_large_is_sent_in_parts(chromium: Chromium, place: Place) -> None:
    page = chromium.page().goto(place.page(delay=200))
    page.evaluate("for (let n = 0; n < 60; n++) coterie.track('large', {n, text: 'x'.repeat(20000)})")
    assert len(place.named("large", 60)) == 60
    page.evaluate("coterie.track('huge', {text: 'x'.repeat(40000)}); coterie.track('end')")
    place.named("end")
    assert "huge" not in place.names()
    assert any("32 KB" in line for line in page.told())


def test_what_the_server_will_never_take_is_not_sent_for_ever(chromium: Chromium, place: Place) -> None:
    place.answer = 400
    page = chromium.page().goto(place.page())
    page.wait(f"{QUEUED} === 0")
    assert place.refused_requests == 1
    assert any("400" in line for line in page.told())


def test_without_a_required_consent_nothing_is_stored_or_sent(chromium: Chromium, place: Place) -> None:
    visitor = chromium.visitor()
    page = chromium.page(visitor).goto(place.page(consent="required", body="<div style='height: 8000px'>x</div>"))
    page.wait("window.coterie && coterie.version")
    page.evaluate("coterie.identify('ada', {plan: 'pro'}); coterie.track('before')")
    page.wheel(3000)
    time.sleep(0.7)
    assert page.evaluate(STORED) == ["", 0]
    assert chromium.cookies(visitor) == []
    assert page.evaluate("coterie.anonymousId()") is None
    page.goto("about:blank")
    assert place.journal.head == 0


def test_consent_lets_everything_of_the_page_go(chromium: Chromium, place: Place) -> None:
    visitor = chromium.visitor()
    page = chromium.page(visitor).goto(place.page(consent="required"))
    page.wait("window.coterie && coterie.version")
    page.evaluate("coterie.identify('ada'); coterie.track('before')")
    page.evaluate("coterie.consent({analytics: true, marketing: false})")
    (before,) = place.named("before")
    assert before.identifiers[0] == ("user_id", "ada")
    (said,) = place.named("Consent Preference Updated")
    consents = [event.properties for event in place.named("$set", 2)]
    assert all(one == {"consent.analytics": True, "consent.marketing": False} for one in consents)
    assert all(one["context"]["consent"]["categoryPreferences"]["analytics"] for one in place.raw())
    assert said.identifiers[0][0] == "anonymous_id"
    # The next page needs not be asked again.
    page.goto(place.page("/next", consent="required"))
    place.named("page", 2)


def test_a_withdrawn_consent_is_told_and_then_all_is_gone(chromium: Chromium, place: Place) -> None:
    visitor = chromium.visitor()
    page = chromium.page(visitor).goto(place.page(consent="required"))
    page.wait("window.coterie && coterie.version")
    page.evaluate("coterie.consent({analytics: true})")
    place.named("page")
    page.wait(f"{QUEUED} === 0")
    page.evaluate("coterie.consent({analytics: false}); coterie.track('after')")
    wait_until(lambda: place.names().count("Consent Preference Updated") == 2)
    assert place.events()[-1].properties == {"consent.analytics": False}
    assert page.evaluate(STORED) == ["", 0]
    page.goto(place.page("/next", consent="required"))
    page.wait("window.coterie && coterie.version")
    time.sleep(0.5)
    assert page.evaluate(STORED) == ["", 0]
    page.goto("about:blank")
    assert place.names().count("page") == 1
    assert "after" not in place.names()


def test_a_refusal_drops_what_was_held(chromium: Chromium, place: Place) -> None:
    page = chromium.page().goto(place.page(consent="required"))
    page.wait("window.coterie && coterie.version")
    page.evaluate("coterie.track('before'); coterie.consent({analytics: false}); coterie.track('after')")
    page.evaluate("coterie.consent({analytics: true}); coterie.track('now')")
    place.named("now")
    assert "before" not in place.names()
    assert "after" not in place.names()


def test_where_consent_is_presumed_a_refusal_is_remembered(chromium: Chromium, place: Place) -> None:
    visitor = chromium.visitor()
    page = chromium.page(visitor).goto(place.page())
    place.named("page")
    page.evaluate("coterie.consent({analytics: false})")
    place.named("Consent Preference Updated")
    page.goto(place.page("/next"))
    page.wait("window.coterie && coterie.version")
    page.evaluate("coterie.track('after')")
    time.sleep(0.3)
    assert page.evaluate("document.cookie") == ""
    assert "after" not in place.names()
    assert place.names().count("page") == 1


def test_the_consent_mode_of_google_tags_is_understood(chromium: Chromium, place: Place) -> None:
    page = chromium.page().goto(place.page(consent="required", purpose="analytics_storage"))
    page.wait("window.coterie && coterie.version")
    page.evaluate("""(function gtag() { dataLayer.push(arguments); })('consent', 'update',
      {analytics_storage: 'granted', ad_storage: 'denied'})""")
    place.named("page")
    wait_until(lambda: "$set" in place.names())
    (told,) = place.named("$set")
    assert told.properties == {"consent.analytics_storage": True, "consent.ad_storage": False}
