"""coterie.js in a real Chromium against a real server: what visitors do is in the journal, and nothing they did not allow."""

from __future__ import annotations

import time
from datetime import datetime

from tests.chromium import Chromium
from tests.servers import wait_until
from tests.web.browser.site import WRITE_KEY, Place

QUEUED = "JSON.parse(localStorage.coterie || '{\"queue\":[]}').queue.length"


def test_a_page_view_says_where_who_and_from_where(chromium: Chromium, place: Place) -> None:
    page = chromium.page().goto(place.page("/shoes") + "?utm_campaign=spring&utm_source=mail&q=red")
    (event,) = place.named("page")
    assert event.properties["path"] == "/shoes"
    assert event.properties["title"] == "Shop"
    assert event.properties["url"] == f"{place.site}/shoes?utm_campaign=spring&utm_source=mail&q=red"
    assert event.properties["context.campaign.name"] == "spring"
    assert event.properties["context.campaign.source"] == "mail"
    assert "context.library.name" not in event.properties
    assert event.identifiers == (("anonymous_id", page.evaluate("coterie.anonymousId()")),)
    (sent,) = place.raw()
    assert sent["context"]["library"]["name"] == "coterie.js"
    assert len(sent["messageId"]) == 36
    assert abs(time.time() - datetime.fromisoformat(sent["timestamp"]).timestamp()) < 60
    # Another origin, yet the browser asked no permission first, and the queue is empty once the server has answered.
    assert not [line for line in page.told() if line.startswith("OPTIONS")]
    page.wait(f"{QUEUED} === 0")


def test_the_cookie_is_first_party_and_stays(chromium: Chromium, place: Place) -> None:
    visitor = chromium.visitor()
    url = place.page(cookieDays=30)
    first = chromium.page(visitor).goto(url).evaluate("coterie.anonymousId()")
    (cookie,) = chromium.cookies(visitor)
    assert cookie["name"] == "coterie"
    assert cookie["value"] == first
    assert cookie["domain"] == "127.0.0.1"
    assert cookie["sameSite"] == "Lax"
    assert not cookie["secure"]
    assert 29 < (cookie["expires"] - time.time()) / 86_400 < 31
    assert chromium.page(visitor).goto(url).evaluate("coterie.anonymousId()") == first


def test_the_cookie_can_be_named_and_left_to_expire(chromium: Chromium, place: Place) -> None:
    visitor = chromium.visitor()
    kept, renewed = (
        place.page("/kept", cookie="c1", cookieRenew=False, cookieDays=1),
        place.page("/renewed", cookie="c2"),
    )
    page = chromium.page(visitor).goto(kept)
    page.goto(renewed)
    page.evaluate("['c1', 'c2'].forEach(n => document.cookie = n + '=old;path=/;max-age=100')")
    page.goto(kept)
    page.goto(renewed)
    days = {one["name"]: (one["expires"] - time.time()) / 86_400 for one in chromium.cookies(visitor)}
    assert days["c1"] < 0.01
    assert days["c2"] > 360
    assert page.evaluate("coterie.anonymousId()") == "old"


def test_a_page_that_changes_its_address_is_another_page_view(chromium: Chromium, place: Place) -> None:
    page = chromium.page().goto(place.page("/a"))
    place.named("page")
    page.evaluate("history.pushState({}, '', '/b'); document.title = 'B'")
    _, event = place.named("page", 2)
    assert event.properties["path"] == "/b"
    assert event.properties["title"] == "B"
    assert event.properties["referrer"] == f"{place.site}/a"
    page.back()
    assert [event.properties["path"] for event in place.named("page", 3)] == ["/a", "/b", "/a"]


def test_calls_before_the_script_has_come_are_not_lost(chromium: Chromium, place: Place) -> None:
    stub = f"""<script>
      !function(c){{"load page track identify group alias reset consent".split(" ").forEach(function(m){{
        c[m]=function(){{c.push([m].concat([].slice.call(arguments)))}}}})}}(window.coterie=window.coterie||[]);
      coterie.identify("ada", {{plan: "pro"}});
      coterie.track("early", {{n: 1}});
      coterie.load("{WRITE_KEY}", {{delay: 20}});
    </script><script async src="{place.url}/coterie.js"></script>"""
    chromium.page().goto(place.plain("/", head=stub))
    (early,) = place.named("early")
    assert early.identifiers[0] == ("user_id", "ada")
    assert early.properties["n"] == 1
    (identified,) = place.named("$identify")
    assert identified.properties["plan"] == "pro"


def test_identify_group_alias_and_reset(chromium: Chromium, place: Place) -> None:
    visitor = chromium.visitor()
    page = chromium.page(visitor).goto(place.page())
    first = page.evaluate("coterie.anonymousId()")
    page.evaluate("coterie.identify('ada', {plan: 'pro'}); coterie.group('g1', {size: 5}); coterie.track('bought')")
    (bought,) = place.named("bought")
    assert bought.identifiers == (("user_id", "ada"), ("anonymous_id", first))
    (grouped,) = place.named("$set")
    assert grouped.properties == {"group_id": "g1", "group.size": 5}
    # Another page of the same visitor still knows who it is.
    page.goto(place.page("/next"))
    assert page.evaluate("coterie.userId()") == "ada"
    page.evaluate("coterie.alias('ada@example.com')")
    (aliased,) = place.named("$alias")
    assert aliased.previous[0] == ("user_id", "ada")
    page.evaluate("coterie.reset(); coterie.track('after')")
    (after,) = place.named("after")
    assert [kind for kind, _ in after.identifiers] == ["anonymous_id"]
    assert after.identifiers[0][1] != first


def test_clicks_on_marked_elements(chromium: Chromium, place: Place) -> None:
    body = """<button data-coterie-event="colour_chosen" data-coterie-product-id="007" data-coterie-price="12.5"
      data-coterie-last="true" data-coterie-colour="red"><b id="inner">Red</b></button><button id="other">No</button>"""
    page = chromium.page().goto(place.page(body=body))
    page.click("#other")
    page.click("#inner")
    (event,) = place.named("colour_chosen")
    said = {key: value for key, value in event.properties.items() if not key.startswith("context.")}
    assert said == {"product_id": "007", "price": 12.5, "last": True, "colour": "red"}


def test_scroll_depth_is_told_once_per_page(chromium: Chromium, place: Place) -> None:
    page = chromium.page().goto(place.page(body="<div style='height: 8000px'>long</div>"))
    place.named("page")
    page.wheel(2500)
    place.named("scroll_depth", 1)
    page.wheel(100_000)
    wait_until(lambda: place.names().count("scroll_depth") == 5, what=str(place.names()))
    page.evaluate("scrollTo(0, 0)")
    page.evaluate("scrollTo(0, 99999)")
    page.evaluate("coterie.track('end')")
    place.named("end")
    assert [event.properties["percent"] for event in place.named("scroll_depth", 5)] == [25, 50, 75, 90, 100]


def test_a_page_without_scrolling_tells_no_depth(chromium: Chromium, place: Place) -> None:
    page = chromium.page().goto(place.page())
    time.sleep(0.6)
    page.evaluate("coterie.track('end')")
    place.named("end")
    assert "scroll_depth" not in place.names()


def test_a_video_tells_its_progress(chromium: Chromium, place: Place) -> None:
    page = chromium.page().goto(place.page(body="<video id='film' muted src='/sound.wav'></video>"))
    page.evaluate("document.querySelector('video').play()")
    (complete,) = place.named("video_complete")
    (started,) = place.named("video_play")
    steps = [event.properties["percent"] for event in place.events() if event.name == "video_progress"]
    assert steps == [25, 50, 75]
    assert started.properties["title"] == "film"
    assert started.properties["duration"] == 2
    assert complete.properties["percent"] == 100
    assert complete.properties["src"] == f"{place.site}/sound.wav"


def test_the_data_layer_of_a_tag_manager_is_heard(chromium: Chromium, place: Place) -> None:
    before = """<script>window.dataLayer = [{'gtm.start': 1, event: 'gtm.js'}, {page_type: 'home'},
      {event: 'add_to_cart', ecommerce: {currency: 'EUR', value: 30, items: [
        {item_id: 'SKU1', item_name: 'Boot', item_category: 'shoes', price: 30, quantity: 1}]}}];</script>"""
    page = chromium.page().goto(place.page(body=before, rename={"begin_checkout": "checkout_started"}))
    (added,) = place.named("add_to_cart")
    assert added.properties["product_id"] == "SKU1"
    assert added.properties["product_name"] == "Boot"
    assert added.properties["product_category"] == "shoes"
    assert added.properties["currency"] == "EUR"
    assert added.properties["value"] == 30
    pushed = page.evaluate("""dataLayer.push(
      {ecommerce: null},
      {event: 'begin_checkout', ecommerce: {value: 50, items: [{item_id: 'A'}, {item_id: 'B'}]}, eventCallback() {}})""")
    assert pushed == 5
    (checkout,) = place.named("checkout_started")
    assert checkout.properties["value"] == 50
    assert "product_id" not in checkout.properties
    page.evaluate("""(function gtag() { dataLayer.push(arguments); })('event', 'purchase',
      {transaction_id: 'T1', value: 50, currency: 'EUR', items: [{item_id: 'A'}, {item_id: 'B'}], send_to: 'x'})""")
    (bought,) = place.named("purchase")
    assert bought.properties["order_id"] == "T1"
    assert "send_to" not in bought.properties
    sent = next(one for one in place.raw() if one.get("event") == "purchase")
    assert sent["properties"]["items"] == [{"item_id": "A"}, {"item_id": "B"}]
    assert sorted(set(place.names())) == ["add_to_cart", "checkout_started", "page", "purchase"]


def test_a_page_that_is_only_rendered_ahead_is_not_seen(chromium: Chromium, place: Place) -> None:
    ahead = "<script>Object.defineProperty(document, 'prerendering', {value: true, configurable: true})</script>"
    page = chromium.page().goto(place.page(body=ahead))
    page.wait("window.coterie && coterie.version")
    time.sleep(0.3)
    assert place.journal.head == 0
    page.evaluate("delete document.prerendering; document.dispatchEvent(new Event('prerenderingchange'))")
    place.named("page")


def test_a_consent_banner_that_speaks_the_tcf_is_asked(chromium: Chromium, place: Place) -> None:
    core = "CLcVDxRMWfGmWAVAHCENAXCkAKDAADnAABRgA5mdfCKZuYJez-NQm0TBMYA4oCAAGQYIAAAAAAEAIAEgAA"
    banner = f"""<script>
      window.__tcfapi = (command, version, call) => window.chosen = () => call(
        {{tcString: "{core}", eventStatus: "useractioncomplete", purpose: {{consents: {{8: true, 9: true}}}}}}, true);
    </script>"""
    page = chromium.page().goto(
        place.plain(
            "/",
            head=f"""{banner}<script src="{place.url}/coterie.js"></script>
        <script>coterie.load("{WRITE_KEY}", {{delay: 20, consent: "required"}}); coterie.track("early")</script>""",
        )
    )
    assert page.evaluate("coterie.anonymousId()") is None
    page.evaluate("chosen()")
    (early,) = place.named("early")
    assert early.identifiers
    (said,) = place.named("$set")
    assert said.properties == {
        "consent.advertising": False,
        "consent.personalization": False,
        "consent.analytics": True,
    }
    assert page.evaluate("coterie.anonymousId()")
