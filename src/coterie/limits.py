"""Every bound of the system in one table: value, unit, why. A bound that is hit shows in a counter."""

from __future__ import annotations

from msgspec import Struct

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US
WEEK_US = 7 * DAY_US


class Limits(Struct, frozen=True, kw_only=True):
    """The bounds. Pass an instance to change one; the defaults are what is documented."""

    clock_skew_us: int = 5 * MINUTE_US
    """An event stamped at most this far in its future is taken as happening on arrival; further goes to quarantine."""
    late_after_us: int = MINUTE_US
    """An event arriving more than this after it occurred changes membership with cause ``late`` instead of ``event``."""
    run_entries_max: int = 65_536
    """Remembered facts per (profile, run); beyond it the oldest is dropped and counted."""
    latest_inline_max: int = 8
    """Counts up to this many are kept as the latest instants in the profile's row, larger ones as a run."""
    duplicate_keys_max: int = 1 << 21
    """Event keys the live reader remembers to drop duplicates inside a stream; the store drops the rest for ever."""
    duplicate_ids_max: int = 1 << 24
    """Event ids the running server remembers exactly, half to all of so many; a repetition of an older one counts again."""
    event_bytes_max: int = 32 * 1024
    """Size of one event's properties as canonical JSON (the Segment spec's bound)."""
    property_depth_max: int = 8
    """Nesting of objects in properties and traits."""
    segments_max: int = 10_000
    """Definitions in one project."""
    features_max: int = 500
    """Features of one feature set: each is a number or two to keep of everybody."""
    condition_depth_max: int = 16
    """Nesting of conditions in one definition."""
    sequence_steps_max: int = 10
    """Steps of one ``then``."""
    periods_max: int = 120
    """Periods of one ``regularly``."""
    distinct_values_max: int = 5_000_000
    """Distinct values the live reader interns per property or trait; beyond it the snapshot is refused loudly."""
    key_grace_us: int = DAY_US
    """After a rotation the old text of a key works so much longer, unless the caller says otherwise."""
    key_grace_us_max: int = 30 * DAY_US
    """The longest such period."""
    key_name_max: int = 100
    """Characters of a key's name."""
    key_burst_s: float = 2.0
    """Seconds' worth of a key's rate that may come at once."""
    api_body_bytes_max: int = 1 << 20
    """Body of one API request (collect has its own bound): a definition is a page, a list of ids some thousands of lines."""
    model_file_bytes_max: int = 1 << 24
    """Signed file of a model that is added over HTTP: hundreds of trees are some megabytes."""
    api_header_bytes_max: int = 16 * 1024
    """All header lines of one request together: real clients send below 4 KB."""
    api_page_max: int = 10_000
    """Items of one page of an answer."""
    api_questions_max: int = 2
    """Heavy questions (explain, verify, plan, history) that run at once; they share the cores with ingestion."""
    api_questions_waiting_max: int = 32
    """Heavy questions that may wait for their turn; further ones are answered 429."""
    api_wait_s_max: float = 30.0
    """The longest that a read waits to include what was written before it."""
    stream_heartbeat_s: float = 15.0
    """A stream without changes says so this often: proxies close silent connections after 30 to 60 s."""
    stream_rows_max: int = 1_000
    """Changes read for a stream at a time: a slow reader holds no more than this in memory, the rest waits in the store."""
    streams_max: int = 256
    """Open change streams."""
    batch_bytes_max: int = 500 * 1024
    """Body of one tracking request, in bytes after decompression (the Segment spec's bound)."""
    batch_events_max: int = 2_500
    """Events of one tracking request (the Segment spec's bound)."""
    identifier_length_max: int = 512
    """Characters of one identifier or event id; longer ones are a client's mistake."""
    header_bytes_max: int = 16 * 1024
    """Names and values of all headers of one request together, in bytes; more is answered 431."""
    body_wait_us: int = 30 * SECOND_US
    """How long a client may take to send the body of a tracking request before it is answered 408."""
    webhook_bytes_max: int = 2 * 1024 * 1024
    """Body of one webhook that comes in; senders' own bounds are mostly below 1 MB."""
    journal_queue_entries_max: int = 8_192
    """Requests that wait for the journal's next commit; beyond it the answer is 429 with Retry-After."""
    journal_queue_bytes_max: int = 64 * 1024 * 1024
    """Bytes of the requests that wait for the journal's next commit; beyond it the answer is 429 with Retry-After."""
    journal_group_bytes_max: int = 8 * 1024 * 1024
    """Bytes of one commit of the journal: bounds how long the requests behind it wait."""
    journal_file_bytes_max: int = 128 * 1024 * 1024
    """Bytes of one file of the journal; then the next is begun, and whole files are what retention removes."""
    journal_ring_bytes_max: int = 32 * 1024 * 1024
    """Bytes of the latest journal entries kept in memory for the runner, which then need not be read from disk."""
    mqtt_waiting_max: int = 10_000
    """Messages of one broker that wait for the journal; then no further ones are read from its connection."""
    source_entries_ahead_max: int = 64
    """Journal entries that sources may be ahead of the runner; then they wait, so that the journal does not outgrow the disk."""
    source_files_max: int = 2_000
    """Files of one source that its position names: about 120 bytes each in every entry of the journal. Older ones count as read."""
    source_young_s: int = 10
    """Age in seconds up to which the last row of a file without a line break at its end waits: it may be half a row."""
    source_settled_s: int = 3_600
    """Age in seconds from which a file that ends in the middle of a row counts as whole; the row goes to quarantine then."""
    source_page_rows: int = 5_000
    """Rows that one query of an SQL source asks for: bounds its memory and how long it keeps the database busy."""
    source_window_rows_max: int = 50_000
    """Rows at the newest end of a source that are remembered as delivered: 16 bytes each in every position."""
    source_answer_bytes_max: int = 256 * 1024 * 1024
    """Bytes of one answer of an HTTP source; a longer one is an error that says to ask for smaller pages."""
    source_answer_s_max: int = 600
    """Seconds that one answer of an HTTP source may take from its first byte to its last, however steadily it drips."""
    cache_page_max: int = 1_000
    """People written to a cache in one round trip: bounds its memory and how long the cache is busy."""
    cache_behind_max: int = 2_000_000
    """Rows of the log a cache may be behind before it is rebuilt instead of caught up."""
    breaker_failures: int = 5
    """Failed tries in a row after which a destination is taken to be down and is only probed."""
    breaker_pause_us: int = SECOND_US
    """Pause before the first probe of a destination that is down; it doubles with each probe that fails."""
    breaker_pause_max_us: int = MINUTE_US
    """Longest pause between two probes: how late a destination that is back may be noticed."""
    outbox_kept_us: int = 30 * DAY_US
    """How long letters that were sent, cancelled or held out are kept to be looked at; dead letters stay."""

    standard_values_max: int = 100_000
    """Different values (and event names, and sources) that a rule of governance remembers the answer for; then it begins anew."""
    catalogue_structures_max: int = 50_000
    """Different sets of properties and types that the catalogue looks at, the most frequent first; rarer ones are counted as unseen."""
    catalogue_rows_max: int = 2_000_000
    """Events whose properties the catalogue looks at; of a longer log it takes a sample of about so many."""
    catalogue_recent_rows: int = 50_000
    """Newest rows of the log from which the catalogue takes its examples."""
    example_people_min: int = 5
    """People who must have a value in common before the catalogue shows it as an example."""


DEFAULT = Limits()
