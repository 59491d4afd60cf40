"""A year of posts and what people made of them: threads, likes, views, replies waiting to be read."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import accumulate
from random import Random
from typing import Any

from dangjian.interaction.models import PostKind, Visibility
from dangjian.local.demo_data import grammar, pictures, rhythm
from dangjian.local.demo_data.grammar import Topic
from dangjian.local.demo_data.people import Branch, People
from dangjian.local.demo_data.rows import (
    CommentRow,
    CounterRow,
    LikeRow,
    NoticeRow,
    PhotoRow,
    Plan,
    PostRow,
    ReportRow,
    ViewRow,
)
from dangjian.organizations.models import OfficeKind

SIGNED_IN = 0.7
CROWDED, QUIET = 480, 110  # the longest thread of a post that asks for opinions, and of any other
_ROOT = 1


@dataclass(slots=True)
class Draft:
    """A post before it has an id; with a script, `minutes` are the waking minutes from it to the plan's moment."""

    at: datetime
    kind: str
    branch: Branch
    author: int
    topic: Topic
    text: str
    words: dict[str, str | Sequence[str]]
    visibility: str = str(Visibility.DISTRICT)
    photos: Sequence[str] = ()
    script: Sequence[Mapping[str, Any]] = ()
    minutes: float = 0
    hidden: bool = False
    deleted: bool = False
    comments: int = 0
    likes: int = 0
    views: int = 0


@dataclass(slots=True)
class Said:
    """A comment before it has an id; `reply_to` is an index into the same post's comments."""

    at: datetime
    author: int
    text: str
    reply_to: int | None = None
    answers: Sequence[str] = ()
    deleted: bool = False
    hidden: bool = False


@dataclass(slots=True)
class Voices:
    """People who may be drawn, some far more often than others."""

    ids: list[int]
    weights: list[float] = field(default_factory=list)

    def draw(self, rng: Random) -> int:
        return self.ids[bisect(self.weights, rng.random() * self.weights[-1], hi=len(self.ids) - 1)]


def live(
    plan: Plan, people: People, rivers: Sequence[str], totals: Mapping[str, int], variants: int, rng: Random
) -> dict[int, tuple[datetime, datetime]]:
    """Add posts, talk, likes, views to `plan`, with exactly the visible `totals` of each.

    Returns the times of each member's first and last act, for those who ever signed in and did something.
    """
    return _Year(plan, people, rivers, variants, rng).live(totals)


class _Year:
    def __init__(self, plan: Plan, people: People, rivers: Sequence[str], variants: int, rng: Random) -> None:
        self.plan = plan
        self.people = people
        self.rivers = rivers
        self.variants = variants
        self.rng = rng
        self.moment = plan.moment
        self.home = {row.id: branch for branch in people.branches for row in branch.members}
        self.names = {row.id: row.name for row in people.members}
        self.cast = {username: row.id for username, row in people.cast.items()}
        self.acts: dict[int, tuple[datetime, datetime]] = {}
        self.told: set[str] = set()
        self._find_voices()

    def _find_voices(self) -> None:
        """Who uses the platform at all, and how much: few write a lot, most a little."""
        rng = self.rng
        leading = {held.member_id for held in self.people.posts_held}
        leading |= {office.member_id for office in self.people.offices} | set(self.cast.values())
        weight: dict[int, float] = {}
        for row in self.people.members:
            if row.id in leading:
                weight[row.id] = rng.lognormvariate(0.5, 0.8)
            elif rng.random() < SIGNED_IN:
                weight[row.id] = rng.lognormvariate(-0.4, 1.0)
        self.by_branch: dict[int, Voices] = {}
        by_committee: dict[int, list[int]] = {}
        for branch in self.people.branches:
            ids = [row.id for row in branch.members if row.id in weight]
            self.by_branch[branch.row.id] = Voices(ids)
            by_committee.setdefault(branch.committee_id, []).extend(ids)
        self.by_committee = {key: Voices(ids) for key, ids in by_committee.items()}
        self.everybody = Voices(list(weight))
        for voices in (*self.by_branch.values(), *self.by_committee.values(), self.everybody):
            voices.weights = list(accumulate(weight[one] for one in voices.ids))

    def live(self, totals: Mapping[str, int]) -> dict[int, tuple[datetime, datetime]]:
        drafts = self._drafts(totals["posts"])
        self._share_out(drafts, totals)
        threads: list[list[Said]] = []
        seen: list[dict[int, datetime]] = []
        liked: list[dict[int, datetime]] = []
        for draft in drafts:
            threads.append(self._thread(draft))
            seen.append({})
            liked.append(self._likers(draft, threads[-1]))
            for one, at in [*((said.author, said.at) for said in threads[-1]), *liked[-1].items()]:
                first = max(
                    draft.at + timedelta(seconds=1), at - timedelta(seconds=self.rng.randrange(4, 90))
                )
                seen[-1][one] = min(first, seen[-1].get(one, first))
        self._spread_views(drafts, seen, totals["views"])
        for draft, viewers in zip(drafts, seen, strict=True):
            self._view(draft, viewers)
        self._spoil(drafts, threads)
        self._write(drafts, threads, liked, seen)
        return self.acts

    # --- posts ---------------------------------------------------------------------------------------------------

    def _drafts(self, posts: int) -> list[Draft]:
        rng = self.rng
        drafts = [
            self._scripted(post) for post in grammar.read("cast")["post"] if post["author"] in self.cast
        ][:posts]
        active = [rng.lognormvariate(0, 0.7) for _ in self.people.branches]
        fresh = min(posts // 20, 14)
        minutes = 36.0
        for _ in range(min(fresh, posts - len(drafts))):
            drafts.append(self._draft(active, rhythm.awake_before(self.moment, minutes)))
            minutes += rng.uniform(14, 75)
        days, weights = self._days()
        themed: set[tuple[int, int]] = set()
        while len(drafts) < posts:
            drafts.append(self._draft(active, rng.choices(days, cum_weights=weights)[0], themed))
        for number, day in enumerate(rng.sample(days[60:-10], 2)):
            draft = self._draft(active, day, themed)
            draft.hidden, draft.deleted = number == 0, number == 1
            if draft.hidden:
                draft.photos = draft.photos[:1]
                draft.text = "谁家的车又停在坡道上，门牌号和电话都写在车里了，我念一下……"
            drafts.append(draft)
        drafts.sort(key=lambda draft: draft.at)
        return drafts

    def _days(self) -> tuple[list[date], list[float]]:
        """The year's days and how much is posted on each, summed up: more on working days, more as it catches on."""
        days = [self.moment.date() - timedelta(days=back) for back in range(364, 0, -1)]
        weights = [
            (0.42 if rhythm.is_day_off(day) else 1.0)
            * (0.55 + 0.45 * number / 364)
            * self.rng.uniform(0.75, 1.25)
            for number, day in enumerate(days)
        ]
        return days, list(accumulate(weights))

    def _draft(
        self, active: Sequence[float], when: date | datetime, themed: set[tuple[int, int]] | None = None
    ) -> Draft:
        """A post of that day, or of that very time."""
        rng = self.rng
        while True:
            branch = rng.choices(self.people.branches, active)[0]
            day = when.date() if isinstance(when, datetime) else when
            news = rng.random() < (0.4 if rhythm.is_day_off(day) else 0.62)
            at = when if isinstance(when, datetime) else rhythm.moment_of(rng, day, at_work=news)
            topics = [
                topic for topic in (grammar.news() if news else grammar.snapshots()) if not topic.monthly
            ]
            if news and themed is not None and rng.random() < 0.24:
                day = rhythm.working_day(at.date().replace(day=(5, 10, 15, 20, 25)[branch.row.id % 5]))
                if (branch.row.id, day.month) in themed:
                    continue
                themed.add((branch.row.id, day.month))
                at = rhythm.moment_of(rng, day, at_work=True)
                topics = [topic for topic in grammar.news() if topic.monthly]
            if at != when and not self.moment - timedelta(days=365) < at < self.moment - timedelta(hours=12):
                continue
            topics = [topic for topic in topics if topic.suits(at, branch.row.sector)]
            topic = rng.choices(topics, [topic.weight for topic in topics])[0]
            author = self._author(branch, news)
            words = self._words(at, branch, author)
            text = topic.tell(words, rng)
            if text not in self.told:
                break
        self.told.add(text)
        kind = str(PostKind.BRANCH_NEWS if news else PostKind.SNAPSHOT)
        roll = rng.random()
        visibility = (
            Visibility.DISTRICT if roll < 0.8 else Visibility.COMMITTEE if roll < 0.92 else Visibility.BRANCH
        )
        if topic.crowd:
            visibility = Visibility.DISTRICT
        photos = self._photos(topic.scenes, self._photo_count(news), at.month)
        return Draft(at, kind, branch, author, topic, text, words, str(visibility), photos)

    def _author(self, branch: Branch, news: bool) -> int:
        if not news:
            return self.by_branch[branch.row.id].draw(self.rng)
        if branch.editors and self.rng.random() < 0.4:
            return self.rng.choice(branch.editors)
        return branch.secretary_id

    def _words(self, at: datetime, branch: Branch, author: int) -> dict[str, str | Sequence[str]]:
        """What the slots of a post, and of the comments below it, are filled with."""
        rng = self.rng
        phrases = grammar.phrases()
        others = [row.name for row in branch.members if row.id != author and "·" not in row.name]
        mates = rng.sample(others, min(3, len(others)))
        half = "早上" if at.hour < 10 else "上午" if at.hour < 14 else "下午" if at.hour < 19 else "晚上"
        return {
            **phrases.slots,
            "elder": rng.choice(phrases.slots["elder"]),
            "issue": rng.choice(phrases.slots["issue"]),
            "river": rng.choice(self.rivers),
            "mate": mates,
            "mate_of_post": mates[0],
            "half": half,
            "month": str(at.month),
            "season_sight": phrases.sights[str(at.month)],
        }

    def _photo_count(self, news: bool) -> int:
        weights = (28, 36, 9, 10, 5, 2, 5, 1, 1, 3) if news else (16, 52, 12, 9, 3, 1, 3, 1, 0, 3)
        return self.rng.choices(range(10), weights)[0]

    def _photos(self, scenes: Sequence[str], count: int, month: int) -> list[str]:
        """Keys of so many different pictures: of the topic's scenes, then of places one passes anyway."""
        keys: list[str] = []
        others = [scene for scene in pictures.ANYWHERE if scene not in scenes]
        for group in (scenes[:1], scenes[1:], others):
            pool = [
                key
                for scene in group
                for key in pictures.keys(pictures.scene_in(scene, month), self.variants)
            ]
            keys += self.rng.sample(pool, min(len(pool), count - len(keys)))
        return keys

    def _scripted(self, post: Mapping[str, Any]) -> Draft:
        author = self.cast[post["author"]]
        branch = self.home[author]
        at = rhythm.awake_before(self.moment, post["minutes"])
        text = post["text"]
        if not isinstance(text, str):
            text = text[
                0 if 3 <= at.month <= 5 else 1 if 6 <= at.month <= 8 else 2 if at.month in (9, 10) else 3
            ]
        photos = [
            entry if "-" in entry else pictures.keys(pictures.scene_in(entry, at.month), 1)[0]
            for entry in post["photos"]
        ]
        return Draft(
            at,
            post["kind"],
            branch,
            author,
            grammar.news()[0],
            text,
            self._words(at, branch, author),
            photos=photos,
            script=[line for line in post["comments"] if line["author"] in self.cast],
            minutes=post["minutes"],
        )

    # --- how much ------------------------------------------------------------------------------------------------

    def _share_out(self, drafts: Sequence[Draft], totals: Mapping[str, int]) -> None:
        """Decide each post's comments and likes: a few posts take a large part, many get none."""
        rng = self.rng
        appeal = [
            12.0 if draft.script else rng.lognormvariate(2.0 if draft.topic.crowd else 0.0, 1.05)
            for draft in drafts
        ]
        talk = [0.0 if rng.random() < 0.17 else value * rng.uniform(0.5, 1.5) for value in appeal]
        longest, most_likes = [], []
        for draft in drafts:
            people = len(self._audience(draft).ids)
            age = (self.moment - draft.at).total_seconds() / 60
            lasting = CROWDED if draft.topic.crowd else QUIET
            closed = draft.hidden or draft.deleted or bool(draft.script)
            longest.append(0 if closed else int(min(lasting, people * 4, age / 9)))
            gone = draft.hidden or draft.deleted
            most_likes.append(0 if gone else int(min(people * 0.6, 1 + age / (2 if draft.script else 7))))
        scripted = sum(len(draft.script) for draft in drafts)
        comments = share(totals["comments"] - scripted, talk, longest, rng)
        likes = share(
            totals["likes"], [value**0.8 * rng.uniform(0.4, 1.6) for value in appeal], most_likes, rng
        )
        for draft, some, many in zip(drafts, comments, likes, strict=True):
            draft.comments, draft.likes = some, many

    def _spread_views(
        self, drafts: Sequence[Draft], seen: Sequence[Mapping[int, datetime]], total: int
    ) -> None:
        rng = self.rng
        room, appeal = [], []
        for draft, viewers in zip(drafts, seen, strict=True):
            age = (self.moment - draft.at).total_seconds() / 60
            people = len(self._audience(draft).ids)
            gone = draft.hidden or draft.deleted
            room.append(0 if gone else max(0, int(min(people * 0.9, 4 + age / 2)) - len(viewers)))
            appeal.append((1 + len(viewers)) ** 0.7 * rng.lognormvariate(0, 0.7))
        further = share(total - sum(map(len, seen)), appeal, room, rng)
        for draft, viewers, more in zip(drafts, seen, further, strict=True):
            draft.views = len(viewers) + more

    # --- talk ----------------------------------------------------------------------------------------------------

    def _thread(self, draft: Draft) -> list[Said]:
        if draft.script:
            return self._scripted_thread(draft)
        rng = self.rng
        times = self._times(draft, draft.comments, 300 if draft.topic.crowd else 50)
        said: list[Said] = []
        recent: dict[str, int] = {}
        for number, at in enumerate(times):
            new = self._remark(draft, said, at)
            for _ in range(9):
                if number - recent.get(new.text, -1000) > 60:
                    break
                new = self._remark(draft, said, at)
            if said and new.text == said[-1].text:
                new = Said(at, self._reader(draft), grammar.expand(self._opinion(), draft.words, rng))
            recent[new.text] = number
            said.append(new)
        return said

    def _remark(self, draft: Draft, said: Sequence[Said], at: datetime) -> Said:
        if said and self.rng.random() < 0.36:
            answer = self._answer(draft, said, at)
            if answer is not None:
                return answer
        rng = self.rng
        phrases = grammar.phrases()
        topic = draft.topic
        author = self._reader(draft)
        if author == draft.author:
            return Said(at, author, rng.choice(phrases.updates))
        kind = rng.random()
        answers: Sequence[str] = ()
        questions = [
            *topic.questions,
            *(phrases.joining_questions if topic.open else ()),
            *(phrases.picture_questions[: len(draft.photos)]),
        ]
        if kind < 0.13 and questions:
            template, *answers = rng.choice(questions)
        elif topic.crowd and kind < 0.7:
            template = self._opinion()
        elif kind < 0.62:
            template = rng.choice(topic.remarks)
        elif kind < 0.74 and topic.open:
            template = rng.choice(phrases.joining)
        elif kind < 0.8 and draft.photos and not topic.crowd:
            template = rng.choice(phrases.pictured)
        else:
            template = rng.choice(phrases.general)
        return Said(at, author, grammar.expand(template, draft.words, rng), None, answers)

    def _answer(self, draft: Draft, said: Sequence[Said], at: datetime) -> Said | None:
        """An answer to one of the last comments; None where the one drawn has nothing to say to it."""
        rng = self.rng
        phrases = grammar.phrases()
        index = len(said) - 1 - min(len(said) - 1, int(rng.expovariate(0.45)))
        parent = said[index]
        answered = {one.author for one in said[index + 1 :] if one.reply_to == index}
        above = None if parent.reply_to is None else said[parent.reply_to]
        if above is not None and above.author != parent.author and rng.random() < 0.6:
            author = above.author
        else:
            author = draft.author if rng.random() < 0.5 else self._reader(draft)
        if author == parent.author or author in answered:
            return None
        if parent.answers:
            if answered:
                return None
            template = rng.choice(parent.answers)
        elif above is not None and above.answers:
            template = rng.choice(phrases.thanks)
        elif above is not None:
            template = rng.choice(
                phrases.answers["again"]["by_author" if author == draft.author else "by_others"]
            )
        else:
            template = rng.choice(phrases.answers_to(parent.text, by_author=author == draft.author))
        return Said(at, author, grammar.expand(template, draft.words, rng), index)

    def _opinion(self) -> str:
        rng, phrases = self.rng, grammar.phrases()
        text = rng.choice(phrases.stance) + rng.choice(phrases.opinion_join) + rng.choice(phrases.reason)
        if rng.random() < 0.4:
            text += "。" + rng.choice(phrases.offer)
        return text + "。"

    def _scripted_thread(self, draft: Draft) -> list[Said]:
        said = []
        for line in draft.script:
            at = rhythm.awake_before(self.moment, draft.minutes - line["minutes"] - 0.3)
            said.append(Said(at, self.cast[line["author"]], line["text"], line.get("reply")))
        return said

    def _times(self, draft: Draft, count: int, median: float) -> list[datetime]:
        """Rising times after the post, by day: most soon, some after days, none later than the plan's moment."""
        rng = self.rng
        span = (self.moment - draft.at).total_seconds() - 60
        latest = self.moment - timedelta(seconds=5)
        times = []
        for _ in range(count):
            seconds = 40 + 60 * median * rng.lognormvariate(0, 1.5)
            at = rhythm.awake(draft.at + timedelta(seconds=min(seconds, 60 * 86_400)), rng)
            if at >= latest:
                at = rhythm.awake(draft.at + timedelta(seconds=40 + rng.random() * (span - 40)), rng)
            if at >= latest:
                at = draft.at + timedelta(seconds=40 + rng.random() * min(span - 40, 3000))
            times.append(at.replace(microsecond=0))
        times.sort()
        for index in range(1, count):
            if times[index] <= times[index - 1]:
                times[index] = times[index - 1] + timedelta(seconds=1)
        return times

    def _likers(self, draft: Draft, thread: Sequence[Said]) -> dict[int, datetime]:
        likers: dict[int, datetime] = {}
        for one in self._readers(draft, draft.likes, {draft.author}):
            likers[one] = self._times(draft, 1, 70)[0]
        return likers

    def _view(self, draft: Draft, viewers: dict[int, datetime]) -> None:
        """Add readers who wrote nothing until the post has its number of views."""
        for one in self._readers(draft, draft.views - len(viewers), set(viewers)):
            viewers[one] = self._times(draft, 1, 160)[0]

    def _audience(self, draft: Draft) -> Voices:
        if draft.visibility == Visibility.BRANCH:
            return self.by_branch[draft.branch.row.id]
        if draft.visibility == Visibility.COMMITTEE and draft.branch.committee_id != _ROOT:
            return self.by_committee[draft.branch.committee_id]
        return self.everybody

    def _reader(self, draft: Draft) -> int:
        """Somebody who may see the post: more likely the nearer to its branch."""
        rng = self.rng
        roll = rng.random()
        if draft.visibility == Visibility.BRANCH or roll < 0.3:
            return self.by_branch[draft.branch.row.id].draw(rng)
        if draft.visibility == Visibility.COMMITTEE or roll < 0.5:
            return self.by_committee[draft.branch.committee_id].draw(rng)
        return self.everybody.draw(rng)

    def _readers(self, draft: Draft, count: int, without: set[int]) -> Iterable[int]:
        """So many different readers, none of `without`."""
        found: dict[int, None] = {}
        for _ in range(count * 4):
            if len(found) == count:
                break
            one = self._reader(draft)
            if one not in without:
                found[one] = None
        if len(found) < count:
            rest = [one for one in self._audience(draft).ids if one not in without and one not in found]
            found.update(dict.fromkeys(self.rng.sample(rest, count - len(found))))
        return found

    def _spoil(self, drafts: Sequence[Draft], threads: Sequence[list[Said]]) -> None:
        """Add what authors deleted and a moderator hid; neither counts anywhere."""
        rng = self.rng
        old = [i for i, draft in enumerate(drafts) if len(threads[i]) > 3 and not draft.script]
        chosen = rng.sample(old, min(len(old), 1 + sum(map(len, threads)) // 2200))
        for number, index in enumerate(chosen):
            thread = threads[index]
            last = thread[-1].at + timedelta(seconds=rng.randrange(20, 500))
            if last >= self.moment - timedelta(minutes=10):
                continue
            text = (
                "刚才看错了，说的不是这一件。" if number else "门口那辆车的电话我知道，发在这里，大家都去打。"
            )
            thread.append(
                Said(last, rng.choice(thread).author, text, hidden=not number, deleted=bool(number))
            )

    # --- rows ----------------------------------------------------------------------------------------------------

    def _write(
        self,
        drafts: Sequence[Draft],
        threads: Sequence[Sequence[Said]],
        liked: Sequence[Mapping[int, datetime]],
        seen: Sequence[Mapping[int, datetime]],
    ) -> None:
        officer = next(o.member_id for o in self.people.offices if o.kind == OfficeKind.OFFICER)
        for post_id, (draft, thread, likers, viewers) in enumerate(
            zip(drafts, threads, liked, seen, strict=True), start=1
        ):
            self.plan.posts.append(self._post(post_id, draft, officer))
            self._act(draft.author, draft.at)
            for position, key in enumerate(draft.photos):
                number = len(self.plan.photos) + 1
                width, height = pictures.size(key)
                self.plan.photos.append(
                    PhotoRow(number, draft.author, post_id, position, key, width, height, draft.at)
                )
            counted = sum(not said.deleted and not said.hidden for said in thread)
            changed = max((draft.at, *(said.at for said in thread), *likers.values(), *viewers.values()))
            self.plan.counters.append(
                CounterRow(post_id, post_id, counted, len(likers), len(viewers), len(thread), changed)
            )
        self._write_comments(drafts, threads, officer)
        likes = [(at, post, one) for post, likers in enumerate(liked, start=1) for one, at in likers.items()]
        views = [(at, post, one) for post, viewers in enumerate(seen, start=1) for one, at in viewers.items()]
        for number, (at, post, one) in enumerate(sorted(likes), start=1):
            self.plan.likes.append(LikeRow(number, post, one, at))
            self._act(one, at)
        for number, (at, post, one) in enumerate(sorted(views), start=1):
            self.plan.views.append(ViewRow(number, post, one, at))
            self._act(one, at)
        self._report(drafts)

    def _post(self, post_id: int, draft: Draft, officer: int) -> PostRow:
        rng = self.rng
        audience = {
            Visibility.DISTRICT: _ROOT,
            Visibility.COMMITTEE: draft.branch.committee_id,
            Visibility.BRANCH: draft.branch.row.id,
        }[Visibility(draft.visibility)]
        row = PostRow(
            post_id,
            draft.kind,
            draft.text,
            draft.visibility,
            audience,
            draft.author,
            draft.branch.row.id,
            draft.at,
        )
        later = draft.at + timedelta(minutes=rng.randrange(2, 50), seconds=rng.randrange(60))
        if draft.hidden:
            reason = "写了别人的门牌号和电话，先收起来；去掉以后可以重新发"
            return row._replace(hidden_at=later, hidden_by_id=officer, hidden_reason=reason)
        if draft.deleted:
            return row._replace(deleted_at=later, deleted_by_id=draft.author)
        if rng.random() < 0.02 and not draft.script and later < self.moment:
            return row._replace(edited_at=later, version=2)
        return row

    def _write_comments(
        self, drafts: Sequence[Draft], threads: Sequence[Sequence[Said]], officer: int
    ) -> None:
        rng = self.rng
        order = sorted(
            (said.at, post, index)
            for post, thread in enumerate(threads, start=1)
            for index, said in enumerate(thread)
        )
        ids = {(post, index): number for number, (_, post, index) in enumerate(order, start=1)}
        cast = set(self.cast.values())
        for at, post, index in order:
            said = threads[post - 1][index]
            number = ids[post, index]
            above = None if said.reply_to is None else ids[post, said.reply_to]
            row = CommentRow(number, post, said.author, above, said.text, at)
            soon = at + timedelta(seconds=rng.randrange(25, 570))
            if said.hidden:
                row = row._replace(hidden_at=soon, hidden_by_id=officer, hidden_reason="写了别人的电话")
            elif said.deleted:
                row = row._replace(deleted_at=soon)
            elif rng.random() < 0.006 and soon < self.moment:
                row = row._replace(edited_at=soon, version=2)
            self.plan.comments.append(row)
            self._act(said.author, at)
            addressee = (
                drafts[post - 1].author if said.reply_to is None else threads[post - 1][said.reply_to].author
            )
            if addressee in cast and addressee != said.author and not said.deleted and not said.hidden:
                self.plan.notices.append(NoticeRow(len(self.plan.notices) + 1, addressee, number, at, None))
        self._read_notices()

    def _read_notices(self) -> None:
        """Everybody has read theirs; but 王芳 and 李强, say, still have the newest three waiting."""
        waiting = {self.cast[name]: 3 for name in ("wangfang", "liqiang", "zhaomin") if name in self.cast}
        for index in reversed(range(len(self.plan.notices))):
            notice = self.plan.notices[index]
            if waiting.get(notice.member_id, 0):
                waiting[notice.member_id] -= 1
                continue
            read = min(notice.created_at + timedelta(minutes=self.rng.randrange(3, 900)), self.moment)
            self.plan.notices[index] = notice._replace(read_at=read)

    def _report(self, drafts: Sequence[Draft]) -> None:
        """Two requests that moderators look at something."""
        rng = self.rng
        recent = [
            number
            for number, draft in enumerate(drafts, start=1)
            if draft.visibility == Visibility.DISTRICT and not (draft.hidden or draft.deleted or draft.script)
            and draft.at < self.moment - timedelta(days=1)
        ][-30:]  # fmt: skip
        for number, (post, reason) in enumerate(
            zip(
                rng.sample(recent, 2), ("照片里能看清住户的门牌", "地点写错了，容易让人白跑一趟"), strict=True
            ),
            start=1,
        ):
            reporter = next(iter(self._readers(drafts[post - 1], 1, {drafts[post - 1].author})))
            at = min(
                drafts[post - 1].at + timedelta(hours=rng.randrange(1, 20)),
                self.moment - timedelta(minutes=5),
            )
            self.plan.reports.append(ReportRow(number, post, None, reporter, reason, at))
            self._act(reporter, at)

    def _act(self, member: int, at: datetime) -> None:
        first, last = self.acts.get(member, (at, at))
        self.acts[member] = (min(first, at), max(last, at))


def share(total: int, weights: Sequence[float], most: Sequence[int], rng: Random) -> list[int]:
    """Divide `total` by weight, nobody getting more than their `most`.

    Raises:
        ValueError: there is not room for so many.
    """
    if sum(cap for cap, weight in zip(most, weights, strict=True) if weight) < total:
        raise ValueError(f"no room for {total}")
    whole = sum(weights)
    shares = [min(cap, int(total * weight / whole)) for weight, cap in zip(weights, most, strict=True)]
    left = total - sum(shares)
    while left:
        open_ = [index for index, cap in enumerate(most) if shares[index] < cap and weights[index]]
        for index in rng.choices(open_, [weights[index] for index in open_], k=left):
            if shares[index] < most[index]:
                shares[index] += 1
                left -= 1
    return shares
