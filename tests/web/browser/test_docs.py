"""The snippets of the documentation, in a real Chromium."""

from __future__ import annotations

import pytest

from tests.chromium import Chromium
from tests.docs.blocks import ROOT, blocks
from tests.web.browser.site import WRITE_KEY, Place

SNIPPETS = [block.text for block in blocks(ROOT / "docs" / "browser.md") if block.language == "html"]


def snippet(place: Place, part: str) -> str:
    """Return the snippet that contains ``part``, pointed to the test's server."""
    (found,) = [text for text in SNIPPETS if part in text]
    return found.replace("http://localhost:8080", place.url).replace("WRITE_KEY", WRITE_KEY)


def test_the_one_line_sends_a_page_view(chromium: Chromium, place: Place) -> None:
    one = next(text for text in SNIPPETS).replace("http://localhost:8080", place.url).replace("WRITE_KEY", WRITE_KEY)
    chromium.page().goto(place.plain("/", head=one))
    place.named("page")


def test_the_snippet_that_tells_more(chromium: Chromium, place: Place) -> None:
    chromium.page().goto(place.plain("/", head=snippet(place, "wishlist_opened")))
    (event,) = place.named("wishlist_opened")
    assert event.properties["items"] == 3
    assert event.identifiers[0] == ("user_id", "ada")
    place.named("$identify")
    place.named("page")


def test_the_marked_button(chromium: Chromium, place: Place) -> None:
    page = chromium.page().goto(place.page(body=snippet(place, "data-coterie-event")))
    page.click("button")
    (event,) = place.named("colour_chosen")
    assert (event.properties["product_id"], event.properties["price"]) == ("P-7", 12.5)


def test_the_data_layer_with_names_of_ones_own(chromium: Chromium, place: Place) -> None:
    page = chromium.page().goto(place.plain("/", head=snippet(place, '"rename"')))
    (event,) = place.named("add_to_cart")
    assert event.properties["product_id"] == "P-7"
    page.evaluate("dataLayer.push({event: 'purchase', ecommerce: {transaction_id: 'T1'}})")
    assert place.named("order_completed")[0].properties["order_id"] == "T1"


@pytest.mark.parametrize("option", ["host", "purpose", "pages", "scroll", "video", "clicks", "dataLayer", "rename"])
def test_every_option_is_in_the_script(option: str) -> None:
    from coterie.web.browser import script

    assert f"{option}:" in script().plain.decode()
