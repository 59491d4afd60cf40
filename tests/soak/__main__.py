"""``make soak``: random kill -9 of web, live and worker processes while people write and watch.

In between PostgreSQL is restarted and Valkey stopped for a minute. Afterwards nothing acknowledged may be lost,
nothing doubled, nothing seen of another district, and the live process that was never killed must not have grown.
Options: ``python -m tests.soak --help``. The last line is the result as JSON; the exit status is 1 when it is bad.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]

from tests.soak.house import SCHEMAS, House, furnished  # noqa: E402  (needs the path)
from tests.soak.people import CSRF_TOKEN, Person, Watcher, Writer  # noqa: E402

WRITERS = 2  # a district
WATCHERS = 6
MOST_GROWTH_BYTES = 12_000_000
WHOLE_SECONDS = 10.0
DATABASE_SECONDS = 30.0


@dataclass(slots=True)
class Soak:
    """One run; `found` is what it tells."""

    house: House
    options: argparse.Namespace
    people: list[Person]
    writers: list[Writer] = field(default_factory=list)
    watchers: list[Watcher] = field(default_factory=list)
    found: dict[str, Any] = field(default_factory=dict)
    bad: list[str] = field(default_factory=list)
    ended_by_themselves: Counter[str] = field(default_factory=Counter)

    async def run(self) -> None:
        house, kills = self.house, self.options.kills
        self.writers = [
            Writer(person, number, house.web_ports)
            for number, person in enumerate(self.people)
            if number % (WRITERS + WATCHERS) < WRITERS
        ]
        self.watchers = [
            Watcher(person, house.live_ports)
            for number, person in enumerate(self.people)
            if number % (WRITERS + WATCHERS) >= WRITERS
        ]
        threads = [threading.Thread(target=writer.work, daemon=True) for writer in self.writers]
        tasks = [asyncio.create_task(watcher.watch()) for watcher in self.watchers]
        tasks.append(asyncio.create_task(self._supervise()))
        await self._until(lambda: all(watcher.first >= 0 for watcher in self.watchers), 60)
        begun = time.monotonic()
        for thread in threads:
            thread.start()
        await asyncio.sleep(5)
        before = house.steady.resident_bytes
        for number in range(kills):
            await self._kill_one(number)
            if number == kills // 3:
                await self._restart_database()
            if number == kills * 2 // 3:
                await self._lose_the_broker()
        await self._all_up()
        for writer in self.writers:
            writer.stop()
        await self._until(lambda: not any(thread.is_alive() for thread in threads), 120)
        whole = await self._seconds_until_whole()
        for task in tasks:
            task.cancel()
        self.found |= {
            "kills": sum(part.kills for part in house.parts),
            "of each": {part.name: part.kills for part in house.parts},
            "ended by themselves": dict(self.ended_by_themselves),
            "minutes": round((time.monotonic() - begun) / 60, 1),
            "acknowledged": sum(len(writer.acknowledged) for writer in self.writers),
            "sent again": sum(writer.errors for writer in self.writers),
            "resumed": sum(watcher.resumed for watcher in self.watchers),
            "events seen": sum(len(watcher.events) for watcher in self.watchers),
            "seconds until whole": round(whole, 1),
            "growth of the steady process, MB": round((house.steady.resident_bytes - before) / 1e6, 1),
        }
        await asyncio.to_thread(self._judge_watchers, threads)
        await asyncio.to_thread(self._judge_database)

    # --- faults

    async def _kill_one(self, number: int) -> None:
        await asyncio.sleep(random.uniform(0.1, 2 * self.options.pause))
        victim = random.choice(self.house.parts)
        victim.kill()
        await asyncio.sleep(random.uniform(0, 1))
        victim.revive()
        if number % 20 == 19:
            said = sum(len(writer.acknowledged) for writer in self.writers)
            print(f"{number + 1} kills, {said} comments acknowledged", flush=True)

    async def _supervise(self) -> None:
        """Start again what ended by itself, as a service manager does: a worker that lost PostgreSQL may."""
        while True:
            await asyncio.sleep(1.5)
            for part in self.house.all_parts:
                if not part.runs:
                    if not part.killed:
                        self.ended_by_themselves[part.name] += 1
                    part.revive()

    async def _restart_database(self) -> None:
        await self._all_up()
        self.house.restart_database()
        back = time.monotonic()
        await self._until(lambda: all(_newest(writer) > back for writer in self.writers), 90)
        seconds = max(_newest(writer) for writer in self.writers) - back
        self.found["seconds until all write again after PostgreSQL's restart"] = round(seconds, 1)
        if not all(_newest(writer) > back for writer in self.writers) or seconds > self._limit(
            DATABASE_SECONDS
        ):
            self.bad.append(f"{seconds:.0f} s after PostgreSQL's restart not everybody could write")

    async def _lose_the_broker(self) -> None:
        await self._all_up()
        self.house.stop_broker()
        gone = time.monotonic()
        await asyncio.sleep(self.options.broker_down)
        written = sum(at > gone for writer in self.writers for at in writer.acknowledged.values())
        self.house.start_broker()
        seconds = await self._seconds_until_whole()
        self.found["comments while Valkey was gone"] = written
        self.found["seconds until whole after Valkey's return"] = round(seconds, 1)
        if not all(_newest(writer) > gone for writer in self.writers):
            self.bad.append("a writer could not write without Valkey")
        if seconds > self._limit(WHOLE_SECONDS):
            self.bad.append(f"watchers were not whole {seconds:.0f} s after Valkey's return")

    def _limit(self, seconds: float) -> float:
        return seconds * float(self.options.patience)

    async def _all_up(self) -> None:
        await asyncio.to_thread(self.house.await_all, 180)

    async def _until(self, true: Any, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not true() and time.monotonic() < deadline:  # noqa: ASYNC110  (nothing announces it)
            await asyncio.sleep(0.05)

    async def _seconds_until_whole(self) -> float:
        """How long until every watcher has what was written up to now."""
        begun = time.monotonic()
        heads = await asyncio.to_thread(_heads, self.people)
        await self._until(
            lambda: all(watcher.last >= heads[watcher.person.district] for watcher in self.watchers), 60
        )
        return time.monotonic() - begun

    # --- verdict

    def _judge_watchers(self, threads: list[threading.Thread]) -> None:
        heads = _heads(self.people)
        counts = {
            "watchers without all events": sum(
                watcher.last != heads[watcher.person.district] for watcher in self.watchers
            ),
            "holes, repeats": sum(watcher.holes for watcher in self.watchers),
            "told to load afresh": sum(watcher.unrecovered for watcher in self.watchers),
            "events of another district": sum(len(watcher.foreign) for watcher in self.watchers),
            "refused writes": sum(len(writer.refused) for writer in self.writers),
            "writers that never finished": sum(thread.is_alive() for thread in threads),
        }
        self.found |= counts
        self.bad += [f"{number} {name}" for name, number in counts.items() if number]
        self.bad += [text for writer in self.writers for text in writer.refused[:1]]
        if self.found["growth of the steady process, MB"] > MOST_GROWTH_BYTES / 1e6:
            self.bad.append("the live process that was never killed has grown")
        if self.found["seconds until whole"] > self._limit(WHOLE_SECONDS):
            self.bad.append("after the last kill watchers were not whole in time")

    def _judge_database(self) -> None:
        from dangjian.interaction.models import Comment
        from dangjian.interaction.topics import _counts
        from tenants import registry
        from tenants.context import in_district
        from tenants.models import Rollup

        lost = doubled = miscounted = unseen = 0
        for schema in SCHEMAS:
            district = registry.district(schema)
            post = next(person.post for person in self.people if person.district == schema)
            acknowledged = {
                text
                for writer in self.writers
                if writer.person.district == schema
                for text in writer.acknowledged
            }
            with in_district(district):
                rows = Comment.objects.filter(post=post, text__startswith=f"{schema} writer")
                there = Counter(rows.values_list("text", flat=True))
                counted = _counts([post])[post]["comments"]
                alive = Comment.objects.filter(post=post, deleted_at=None, hidden_at=None).count()
                total = _all_comments()
            lost += len(acknowledged - there.keys())
            doubled += sum(number - 1 for number in there.values())
            miscounted += counted != alive
            for watcher in self.watchers:
                if watcher.person.district == schema:
                    told = Counter(event["data"]["text"] for event in watcher.events)
                    unseen += len(acknowledged - told.keys())
                    doubled += sum(number - 1 for number in told.values())
            self.found[f"figures of {schema} relayed"] = _relayed(Rollup, district, total)
        counts = {
            "acknowledged and lost": lost,
            "acknowledged and not seen by a watcher": unseen,
            "doubled": doubled,
            "posts whose count is wrong": miscounted,
        }
        self.found |= counts
        self.bad += [f"{number} {name}" for name, number in counts.items() if number]
        self.bad += [name for name, value in self.found.items() if name.startswith("figures") and not value]
        audit = subprocess.run(
            [sys.executable, "platform/manage.py", "audit", "verify"],
            cwd=ROOT,
            env=self.house.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        self.found["audit log whole"] = audit.returncode == 0
        if audit.returncode:
            self.bad.append(f"audit: {audit.stdout}{audit.stderr[-500:]}")


def _newest(writer: Writer) -> float:
    return max(list(writer.acknowledged.values()), default=0.0)


def _heads(people: list[Person]) -> dict[str, int]:
    """The last number of each district's post; tried again where PostgreSQL has just been restarted."""
    from django.db import OperationalError, connections

    for attempt in range(20):
        try:
            return _heads_now(people)
        except OperationalError:
            connections.close_all()
            if attempt == 19:
                raise
            time.sleep(0.5)
    raise AssertionError


def _heads_now(people: list[Person]) -> dict[str, int]:
    from realtime import outbox
    from tenants import registry
    from tenants.context import in_district

    found = {}
    for schema, post in {(person.district, person.post) for person in people}:
        with in_district(registry.district(schema)):
            found[schema] = outbox.positions([f"post:{post}"])[1].get(f"post:{post}", 0)
    return found


def _all_comments() -> int:
    from dangjian.interaction.metrics import _comments

    return _comments()


def _relayed(rollup: Any, district: Any, awaited: int) -> bool:
    """Whether the worker has relayed the count of comments to the registry, killed as often as it was."""
    from tenants.context import in_registry

    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        with in_registry():
            value = rollup.objects.filter(district=district, metric="comments").values_list(
                "value", flat=True
            )
            if list(value) == [awaited]:
                return True
        time.sleep(1)
    return False


def _people() -> list[Person]:
    """Writers and watchers of both districts, signed in; their posts have equal ids."""
    from django.conf import settings

    from dangjian.identity.sessions import SessionStore
    from dangjian.interaction.models import Post
    from dangjian.organizations.models import Member
    from tenants import registry
    from tenants.context import in_district

    posts: dict[str, set[int]] = {}
    cookies: dict[str, list[str]] = {}
    for schema in SCHEMAS:
        with in_district(registry.district(schema)):
            seen = Post.objects.filter(visibility="district", deleted_at=None, hidden_at=None)
            posts[schema] = set(seen.values_list("id", flat=True))
            members = Member.objects.select_related("user").filter(user__must_change_password=False)
            cookies[schema] = [
                f"{settings.SESSION_COOKIE_NAME}={SessionStore.for_user(member.user)};"
                f" {settings.CSRF_COOKIE_NAME}={CSRF_TOKEN}"
                for member in members.order_by("id")[: WRITERS + WATCHERS]
            ]
    post = max(set.intersection(*posts.values()))
    return [Person(schema, cookie, post) for schema in SCHEMAS for cookie in cookies[schema]]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description="Kills processes under load.")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--pause", type=float, default=4.0, help="seconds between two, on average")
    parser.add_argument("--broker-down", type=float, default=60.0, help="seconds Valkey is stopped for")
    parser.add_argument(
        "--patience", type=float, default=1.0, help="times the promised seconds, on a busy machine"
    )
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of the random numbers")
    options = parser.parse_args()
    random.seed(options.seed)
    print(f"seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="dj-soak-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with furnished(folder) as house:
            os.environ.update(house.environment)
            import django

            django.setup()
            soak = Soak(house, options, _people())
            asyncio.run(soak.run())
    print(json.dumps({**soak.found, "bad": soak.bad}, ensure_ascii=False))
    return 1 if soak.bad else 0


if __name__ == "__main__":
    sys.exit(main())
