"""A notebook as a script: a simulated shop, two segments, sizes over time, and why somebody is in.

Paste it into a notebook cell by cell. Polars and pandas tables work in place of Arrow.
"""

# %% A shop of 2,000 people over four weeks
from coterie.lab import Shop

shop = Shop(people=2_000, days=28, seed=3)
log = shop.table()
print(f"{log.num_rows:,} events")

# %% Two definitions: one as data, one with the builder
from coterie.segments.builder import aggregate, all_, did, segment

at_risk = {
    "key": "at-risk",
    "when": {"then_not": {"first": {"event": "add_to_cart"}, "absent": {"event": "checkout_started"}, "for": "24h"}},
}
fans = segment(
    "fans",
    when=all_(
        did("session_started", at_least=4, within="14d"),
        aggregate("sum", "total", event="order_completed", at_least=100),
    ),
)
print(fans.says())

# %% Who is in, at the end
import coterie

members = coterie.members([at_risk, fans], log, at=shop.end, key="at-risk")
print(f"{members.num_rows:,} people at risk")

# %% Sizes over time, as a table to plot
print(coterie.size_over_time(at_risk, log, instants=8).to_pandas())

# %% Why is the first of them in?
print(coterie.explain(at_risk, log, members["profile"][0].as_py(), at=shop.end).text())

# %% Both segments for everybody, as columns
print(coterie.evaluate([at_risk, fans], log.to_pandas(), at=shop.end).groupby(["at-risk", "fans"]).size())
