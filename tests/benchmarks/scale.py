"""What a hundred districts with a million open sockets need: ``python -m tests.benchmarks.scale``.

An evening minute of one district is drawn event by event and played against the rules of the hub (an event goes to
its topic's watchers; counts go out at most four times a second a topic, newest value); costs measured by the
benchmarks turn it into processes, messages and bandwidth. Pure arithmetic on drawn numbers: no server is started.
`docs/explanation/live-scale.md` holds what it prints and a test keeps the two together.
"""

from __future__ import annotations

import random
from bisect import bisect
from dataclasses import dataclass, fields
from itertools import accumulate

GAUGE_SECONDS = 0.25
SWEEP_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Measured:
    """One core of the machine the benchmarks ran on (docs/reference/benchmarks.md)."""

    delivery_us: float = 9.8  # server CPU a delivery at 9,500 sockets, all told
    event_us: float = (
        400.0  # CPU an event costs a process beside its deliveries: the nudge, the log, the ring
    )
    gauge_us: float = 2500.0  # reading counts and making the frame
    idle_us: float = 1.2  # CPU a second and silent socket: pings, pongs, sweeps
    handshake_us: float = 3500.0  # CPU a socket that comes back and joins again
    socket_bytes: int = 16_000
    process_bytes: int = 120_000_000
    broker_us: float = 30.0  # the broker's CPU a message published
    broker_out_us: float = 5.0  # … and a process it is handed to
    event_bytes: int = 620  # a comment as a frame
    gauge_bytes: int = 130  # of a post
    feed_gauge_bytes: int = 90  # of the feed, and 60 more a post that changed
    tcp_bytes: int = 66  # what Ethernet, IP and TCP add to a frame


@dataclass(frozen=True, slots=True)
class Evening:
    """A district in its busiest hour, a second."""

    sockets: int = 10_000
    reading_a_post: float = 0.4  # of the sockets; the others look at the feed
    posts: int = 60  # that are being talked about; the n-th draws 1/n of the first's attention
    comments: float = 1.0
    likes: float = 5.0
    new_posts: float = 0.02


STORM = Evening(reading_a_post=0.7, posts=3, comments=20.0, likes=100.0)


@dataclass(frozen=True, slots=True)
class Load:
    """What one second of it is, on average. `topics`: gauges that moved, once a quarter of a second each."""

    events: float
    gauges: float
    deliveries: float
    bytes: float
    published: float


def play(evening: Evening, measured: Measured, *, seconds: int, seed: int) -> Load:
    """Draw `seconds` of the evening and count what the hub makes of them."""
    chance = random.Random(seed)
    weights = [1 / rank for rank in range(1, evening.posts + 1)]
    whole = sum(weights)
    bounds = list(accumulate(weights))
    watchers = [round(evening.sockets * evening.reading_a_post * weight / whole) for weight in weights]
    rates = {"comment": evening.comments, "like": evening.likes, "post": evening.new_posts}
    at, happened = 0.0, []
    while (at := at + chance.expovariate(sum(rates.values()))) < seconds:
        kind = chance.choices(list(rates), list(rates.values()))[0]
        happened.append((at, kind, bisect(bounds, chance.random() * whole)))
    events = deliveries = sent = 0
    moved: dict[int, set[int]] = {}  # window → posts whose counts moved in it
    for when, kind, post in happened:
        audience = evening.sockets if kind == "post" else watchers[post] if kind == "comment" else 0
        if kind != "like":
            events += 1
            deliveries += audience
            sent += audience * (measured.event_bytes + measured.tcp_bytes)
        if kind != "post":
            moved.setdefault(int(when / GAUGE_SECONDS), set()).add(post)
    gauges = 0
    for changed in moved.values():
        gauges += 1 + len(changed)
        feed = measured.feed_gauge_bytes + 60 * len(changed) + measured.tcp_bytes
        deliveries += evening.sockets + sum(watchers[post] for post in changed)
        sent += evening.sockets * feed
        sent += sum(watchers[post] * (measured.gauge_bytes + measured.tcp_bytes) for post in changed)
    # A comment's nudges: its event and the touch of the post go together, the feed's touch apart; a like has two.
    published = sum(1 if kind == "post" else 2 for _, kind, _ in happened)
    return Load(events / seconds, gauges / seconds, deliveries / seconds, sent / seconds, published / seconds)


@dataclass(frozen=True, slots=True)
class Need:
    """For all districts together.

    placed: which processes a district's sockets are on. cores: of the live processes. broker: messages a second in and
    out, and the share of one core. queries: of live processes, a second.
    """

    placed: str
    processes: int
    memory_gb: float
    cores: float
    busiest: float
    published: float
    handed_out: float
    broker_share: float
    queries: float
    gbit: float


def need(
    placed: str,
    load: Load,
    measured: Measured,
    *,
    districts: int,
    sockets: int,
    per_process: int,
    spread: int,
) -> Need:
    """spread: how many processes hold sockets of one district."""
    processes = -(-districts * sockets // per_process)
    deliveries = districts * load.deliveries * measured.delivery_us
    # Every process that holds watchers handles each event, and reads each gauge that moved.
    handled = districts * spread * (load.events * measured.event_us + load.gauges * measured.gauge_us)
    idle = districts * sockets * measured.idle_us
    cores = (deliveries + handled + idle) / 1e6
    published = districts * load.published
    handed_out = published * spread
    broker = published * measured.broker_us + handed_out * measured.broker_out_us
    queries = districts * spread * (1 / SWEEP_SECONDS + load.gauges)
    return Need(
        placed,
        processes,
        (processes * measured.process_bytes + districts * sockets * measured.socket_bytes) / 1e9,
        cores,
        cores / processes,
        published,
        handed_out,
        broker / 1e6,
        queries,
        districts * load.bytes * 8 / 1e9,
    )


def report(*, districts: int = 100, per_process: int = 8_000, seconds: int = 300, seed: int = 1) -> str:
    """The tables of the page, as Markdown."""
    measured, evening = Measured(), Evening()
    load = play(evening, measured, seconds=seconds, seed=seed)
    storm = play(STORM, measured, seconds=seconds, seed=seed)
    own = -(-evening.sockets // per_process)
    everywhere = -(-districts * evening.sockets // per_process)
    rows = [
        need(
            name,
            load,
            measured,
            districts=districts,
            sockets=evening.sockets,
            per_process=per_process,
            spread=spread,
        )
        for name, spread in (
            ("each district on its own few", own),
            ("sockets dealt out at random", everywhere),
        )
    ]
    lines = [
        "| a second, one district | an evening | a storm |",
        "| --- | ---: | ---: |",
        *(
            f"| {name} | {getattr(load, field) / scale:,.{digits}f} | {getattr(storm, field) / scale:,.{digits}f} |"
            for name, field, scale, digits in (
                ("events", "events", 1, 1),
                ("gauges read", "gauges", 1, 1),
                ("deliveries", "deliveries", 1, 0),
                ("Mbit", "bytes", 125_000, 1),
                ("messages to the broker", "published", 1, 1),
            )
        ),
        (
            f"| cores for its deliveries | {load.deliveries * measured.delivery_us / 1e6:.2f}"
            f" | {storm.deliveries * measured.delivery_us / 1e6:.2f} |"
        ),
        "",
        f"| {districts} districts, {districts * evening.sockets:,} sockets | {rows[0].placed} | {rows[1].placed} |",
        "| --- | ---: | ---: |",
    ]
    shown = {
        "processes": "{:,.0f}",
        "memory_gb": "{:,.1f} GB",
        "cores": "{:,.1f}",
        "busiest": "{:.0%}",
        "published": "{:,.0f}",
        "handed_out": "{:,.0f}",
        "broker_share": "{:.0%}",
        "queries": "{:,.0f}",
        "gbit": "{:.2f} Gbit",
    }
    words = {
        "processes": "live processes",
        "memory_gb": "memory",
        "cores": "cores busy",
        "busiest": "of its core a process uses",
        "published": "messages published a second",
        "handed_out": "messages handed out a second",
        "broker_share": "of one core for the broker",
        "queries": "queries a second by live processes",
        "gbit": "bandwidth out",
    }
    lines += [
        f"| {words[one.name]} | {' | '.join(shown[one.name].format(getattr(row, one.name)) for row in rows)} |"
        for one in fields(Need)
        if one.name != "placed"
    ]
    back = per_process * measured.handshake_us / 1e6
    among = back / (rows[0].processes - 1) * 1000
    lines += [
        "",
        (
            f"A process of {per_process:,} sockets that dies: {back:.0f} core-seconds of handshakes for the others,"
            f" {among:.0f} ms each when all take part."
        ),
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    print(report())
