"""Publishes from a process of its own, so that the servers' CPU is theirs alone.

``python -m tests.benchmarks.publish product`` (through the outbox of district huiji) or
``… tutorial VALKEY_URL SAMPLE``. Each line on standard input is an order:

    {"do": "head"}                              → {"seq": the last event's number}
    {"do": "say", "events": K, "gap": seconds}  → {"times": […], "writing": […]}: when each was committed
                                                  (monotonic clock, ns), and the seconds each transaction took;
                                                  with "of": E, K transactions of E events each
    {"do": "post"}                              → {"id": a post nobody likes yet}
    {"do": "like", "post": id, "likes": K}      → {"seconds": …, "likes": the count in the table}
    {"do": "storm", "post": id, "seconds": S}   → {"comments": …, "likes": …}: as many as one process can, by everybody
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import django

TEXT = "今天上午的主题党日，沿河走了四公里，边走边捡。"
LIKES_A_TRANSACTION = 20
Answers = dict[str, Callable[[dict[str, Any]], dict[str, Any]]]


def product() -> tuple[Answers, dict[str, Any]]:
    """What the product answers to each order, and an event as it stands on the wire."""
    django.setup()
    from django.db import transaction
    from django.db.models import F
    from django.db.models.functions import Now

    from dangjian.interaction import services
    from dangjian.interaction.models import Like, Post, PostCounter, PostKind
    from dangjian.organizations.models import Member
    from realtime import outbox
    from tenants import registry
    from tenants.context import in_district

    district = registry.district("huiji")

    def head(order: dict[str, Any]) -> dict[str, Any]:
        with in_district(district):
            return {"seq": outbox.positions(["feed"])[1].get("feed", 0)}

    def write(number: int, times: list[int], events: int = 1) -> None:
        with in_district(district), outbox.atomic():
            for _ in range(events):
                outbox.record(topic="feed", kind="post.created", data={"id": number, "text": TEXT})
            # Runs before the outbox tells the hubs.
            transaction.on_commit(lambda: times.append(time.monotonic_ns()))

    def post(order: dict[str, Any]) -> dict[str, Any]:
        with in_district(district):
            author = Member.objects.select_related("branch", "user").order_by("id")[0]
            made = services.create_post(
                author=author, kind=PostKind.SNAPSHOT, text=TEXT, visibility="district"
            )
            return {"id": made.pk}

    def like(order: dict[str, Any]) -> dict[str, Any]:
        """As the service does it, twenty members a statement: one by one Python alone would need seconds."""
        with in_district(district):
            liked = Post.objects.get(pk=order["post"])
            members = list(Member.objects.order_by("id").values_list("id", flat=True)[: order["likes"]])
            begun = time.monotonic()
            for first in range(0, len(members), LIKES_A_TRANSACTION):
                time.sleep(max(0.0, begun + first / len(members) - time.monotonic()))
                some = members[first : first + LIKES_A_TRANSACTION]
                with outbox.atomic():
                    Like.objects.bulk_create([Like(post=liked, member_id=member) for member in some])
                    PostCounter.objects.filter(post=liked).update(
                        likes=F("likes") + len(some), changed_at=Now()
                    )
                    services.touch_counts(liked)
            seconds = time.monotonic() - begun
            return {"seconds": seconds, "likes": PostCounter.objects.get(post=liked).likes}

    def storm(order: dict[str, Any]) -> dict[str, Any]:
        from dangjian.local.demo_data.planning import plan

        said = [row.text for row in plan("small", schema="huiji", name="惠济").comments]
        with in_district(district):
            below = Post.objects.get(pk=order["post"])
            members = list(Member.objects.select_related("branch", "user").order_by("-id")[:1500])
            until = time.monotonic() + order["seconds"]
            for number, member in enumerate(members):
                if time.monotonic() > until:
                    break
                services.like(post=below, member=member)
                if number % 4 == 0:
                    services.add_comment(post=below, author=member, text=said[number % len(said)])
            counts = PostCounter.objects.get(post=below)
            return {"comments": counts.comments, "likes": counts.likes}

    # The first event makes what the first event makes: prepared statements, the topic's head.
    write(0, [])
    with in_district(district):
        sample = outbox.read(topic="feed", since=head({})["seq"] - 1).events[-1]
    return {"head": head, "say": _sayer(write), "post": post, "like": like, "storm": storm}, sample


def tutorial(valkey_url: str, sample: dict[str, Any]) -> tuple[Answers, dict[str, Any]]:
    from asgiref.sync import async_to_sync
    from django.conf import settings

    from tests.benchmarks.peers.tutorial import GROUP, layer

    settings.configure(CHANNEL_LAYERS=layer(valkey_url), SECRET_KEY="benchmark")
    django.setup()
    from channels.layers import get_channel_layer

    channel_layer = get_channel_layer()
    said = [0]

    def write(number: int, times: list[int], events: int = 1) -> None:
        assert events == 1
        said[0] += 1
        message = json.dumps({**sample, "seq": said[0]}, ensure_ascii=False, separators=(",", ":"))
        times.append(time.monotonic_ns())
        async_to_sync(channel_layer.group_send)(GROUP, {"type": "chat.message", "message": message})

    return {"head": lambda order: {"seq": said[0]}, "say": _sayer(write)}, sample


def _sayer(write: Callable[[int, list[int], int], None]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def say(order: dict[str, Any]) -> dict[str, Any]:
        times: list[int] = []
        writing = []
        begun = time.monotonic()
        for number in range(order["events"]):
            time.sleep(max(0.0, begun + number * order["gap"] - time.monotonic()))
            before = time.monotonic()
            write(number, times, order.get("of", 1))
            writing.append(time.monotonic() - before)
        return {"times": times, "writing": writing}

    return say


def main() -> None:
    answers, sample = (
        product() if sys.argv[1] == "product" else tutorial(sys.argv[2], json.loads(sys.argv[3]))
    )
    print(json.dumps(sample), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        print(json.dumps(answers[order["do"]](order)), flush=True)


if __name__ == "__main__":
    main()
