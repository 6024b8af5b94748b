"""Segment's own browser library, unchanged but for the host, in a real Chromium: settings, page, track, identify."""

from __future__ import annotations

from tests.chromium import Chromium, packages
from tests.web.browser.site import WRITE_KEY, Place

STUB = """<script>
  var analytics = window.analytics = window.analytics || [];
  analytics.methods = ["page", "track", "identify", "group", "alias", "reset"];
  analytics.methods.forEach(function (m) {{ analytics[m] = function () {{
    analytics.push([m].concat([].slice.call(arguments))); return analytics; }}; }});
  analytics._writeKey = "{key}";
  analytics._cdn = "{url}";
  analytics.page();
  analytics.identify("ada", {{plan: "pro"}});
  analytics.track("add_to_cart", {{product_id: "SKU1", price: 30}});
</script><script async src="{url}/analytics.js/v1/{key}/analytics.min.js"></script>"""


def test_the_snippet_works_unchanged_but_for_the_host(chromium: Chromium, hosting: Place) -> None:
    page = chromium.page().goto(hosting.plain("/", head=STUB.format(key=WRITE_KEY, url=hosting.url)))
    (added,) = hosting.named("add_to_cart")
    assert added.properties["product_id"] == "SKU1"
    assert added.properties["price"] == 30
    assert added.identifiers[0] == ("user_id", "ada")
    (viewed,) = hosting.named("page")
    assert viewed.properties["url"] == f"{hosting.site}/"
    (identified,) = hosting.named("$identify")
    assert identified.properties["plan"] == "pro"
    told = page.told()
    assert f"GET {hosting.url}/v1/projects/{WRITE_KEY}/settings" in told
    asked = {line.split(" ")[1].split("/")[2] for line in told if line.startswith(("GET ", "POST "))}
    assert asked == {hosting.url.removeprefix("http://"), hosting.site.removeprefix("http://")}


def test_batches_of_the_library_arrive_too(chromium: Chromium, hosting: Place) -> None:
    # The same library as a package: a bundle of one's own, told where to ask for its settings.
    bundle = packages() / "@segment" / "analytics-next" / "dist" / "umd" / "index.js"
    hosting.put("/bundle.js", bundle.read_bytes())
    load = f"""<script src="/bundle.js"></script><script>
      var made = window.AnalyticsNext.AnalyticsBrowser.load({{writeKey: "{WRITE_KEY}", cdnURL: "{hosting.url}"}},
        {{integrations: {{"Segment.io": {{deliveryStrategy: {{strategy: "batching", config: {{size: 3, timeout: 500}}}}}}}}}});
      for (var n = 0; n < 7; n++) made.track("step", {{n: n}});
    </script>"""
    page = chromium.page().goto(hosting.plain("/", head=load))
    assert sorted(event.properties["n"] for event in hosting.named("step", 7)) == list(range(7)), page.told()
    assert {entry.route for entry in hosting.journal.read(0)} == {"batch"}
