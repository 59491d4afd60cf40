"""Admissions of people who do not exist: some in every stage, one overdue, some that wait for their superior.

The probationary members of a chosen branch have a case each, whose vote was on the day they joined.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from hashlib import sha256
from itertools import cycle, islice, pairwise
from random import Random
from typing import Final

from dangjian.local.demo_data import names, rhythm
from dangjian.local.demo_data.people import Branch, People
from dangjian.local.demo_data.rows import (
    AdmissionCompanionRow,
    AdmissionPaperRow,
    AdmissionRequestRow,
    AdmissionRow,
    AdmissionStepRow,
    AdmissionTransitionRow,
    MemberRow,
)
from dangjian.organizations.admission.steps import BRANCH, EDITION_OF_2026, NUMBERS, STEPS
from dangjian.organizations.models import MemberStatus, OfficeKind, Post

PAPER: Final = "admission/demo/paper.pdf"
_PICKED: Final = 9  # one branch in so many has somebody on the way in
# Days from the step before to each.
_WAYS: Final = {
    "talk": 17, "activist": 71, "activist_filing": 9, "contacts": 2, "observation": 190, "candidate": 181,
    "candidate_filing": 8, "introducers": 3, "review": 33, "training": 27, "branch_review": 15, "pre_review": 12,
    "form": 6, "vote": 19, "committee_talk": 15, "approve": 12, "district_filing": 6, "assignment": 3, "oath": 11,
}  # fmt: skip
_NOTICE: Final = 5  # working days of the public notice, the last of them before the candidate is named
_ORDER: Final = ("apply", *_WAYS)
_STAGE_AFTER: Final = {"activist": "activist", "candidate": "candidate", "approve": "probationary"}
# Where cases stand: the last step done, days since it, whether the next is asked for, papers that are missing.
_STANDS: Final = (
    ("apply", 6, False, 0), ("talk", 30, False, 1), ("apply", 41, False, 1), ("activist_filing", 80, False, 0),
    ("contacts", 150, False, 0), ("activist", 5, True, 0), ("introducers", 11, False, 1),
    ("candidate_filing", 3, False, 0), ("observation", 200, False, 0), ("branch_review", 4, True, 0),
    ("committee_talk", 9, True, 0), ("vote", 75, False, 0),
)  # fmt: skip


@dataclass(slots=True)
class Drawn:
    """The rows, table by table."""

    cases: list[AdmissionRow] = field(default_factory=list)
    steps: list[AdmissionStepRow] = field(default_factory=list)
    companions: list[AdmissionCompanionRow] = field(default_factory=list)
    papers: list[AdmissionPaperRow] = field(default_factory=list)
    requests: list[AdmissionRequestRow] = field(default_factory=list)
    transitions: list[AdmissionTransitionRow] = field(default_factory=list)


def draw(people: People, moment: datetime, rng: Random) -> Drawn:
    drawn = Drawn()
    officer = next(row.member_id for row in people.offices if row.kind == OfficeKind.OFFICER)
    leads = {
        held.organization_id: held.member_id for held in people.posts_held if held.post == Post.SECRETARY
    }
    hers = people.cast["wangfang"].branch_id if "wangfang" in people.cast else 0
    stands = cycle(_STANDS)
    for number, branch in enumerate(people.branches):
        full = [row for row in branch.members if row.status == MemberStatus.FULL]
        if (branch.row.id != hers and number % _PICKED) or len(full) < 4:
            continue
        make = _Case(drawn, branch, full, leads.get(branch.row.id, officer), officer, moment, rng)
        for row in branch.members:
            if row.status == MemberStatus.PROBATIONARY:
                make.of_member(row)
        for stand in _STANDS if branch.row.id == hers else islice(stands, rng.randrange(1, 4)):
            make.on_the_way(*stand)
    return drawn


@dataclass(slots=True)
class _Case:
    drawn: Drawn
    branch: Branch
    full: list[MemberRow]
    secretary: int
    officer: int
    moment: datetime
    rng: Random

    def of_member(self, member: MemberRow) -> None:
        """Somebody in the register: everything up to the approval, and as far as there was time after it."""
        days = self._lead_up("vote", member.joined_on)
        recent = member.joined_on > self.moment.date() - timedelta(days=50)
        until = "approve" if recent else _ORDER[-1]
        for before, key in pairwise(_ORDER[_ORDER.index("vote") : _ORDER.index(until) + 1]):
            days[key] = min(days[before] + timedelta(days=_WAYS[key]), self.moment.date())
        self._write(member.name, member.sex, member.born_on, member.nationality, days, member.id, False, 0)

    def on_the_way(self, last: str, since: int, asked: bool, lacking: int) -> None:
        """An applicant, activist or candidate whose last step was `since` days ago."""
        woman = self.rng.random() < 0.5
        born = self.moment.year - self.rng.randrange(24, 44)
        name = names.draw(self.rng, born=born, woman=woman)
        days = self._lead_up(last, self.moment.date() - timedelta(days=since))
        born_on = date(born, self.rng.randrange(1, 13), self.rng.randrange(1, 29))
        self._write(name, "female" if woman else "male", born_on, "汉族", days, None, asked, lacking)

    def _lead_up(self, last: str, day: date) -> dict[str, date]:
        """The days of the steps up to `last`, which was on `day`: more than a year as an activist."""
        days = {last: day}
        for before, key in reversed(list(pairwise(_ORDER[: _ORDER.index(last) + 1]))):
            days[before] = days[key] - timedelta(days=_WAYS[key])
        return days

    def _write(
        self, name: str, sex: str, born_on: date, nationality: str, days: Mapping[str, date], member: int | None,
        asked: bool, lacking: int,
    ) -> None:  # fmt: skip
        drawn, number = self.drawn, len(self.drawn.cases) + 1
        stage, order = "applicant", [step for step in STEPS if step.key in days]
        companions = self.rng.sample(self.full, 2)
        for step in order:
            day, by = days[step.key], self.secretary if step.by == BRANCH else self.officer
            data = self._data(step.key, day)
            drawn.steps.append(
                AdmissionStepRow(len(drawn.steps) + 1, number, step.key, day, json.dumps(data))
            )
            before, stage = stage, _STAGE_AFTER.get(step.key, stage)
            action = "open" if step.key == "apply" else "record" if step.by == BRANCH else "accept"
            at = self._at(day)
            if step.by != BRANCH:
                drawn.requests.append(
                    AdmissionRequestRow(
                        len(drawn.requests) + 1, number, step.key, self.secretary, at - timedelta(hours=20), "accepted",
                        self.officer, at,
                    )
                )  # fmt: skip
            drawn.transitions.append(
                AdmissionTransitionRow(
                    len(drawn.transitions) + 1, number, action, step.key, before, stage, day, by, at, json.dumps(data)
                )
            )  # fmt: skip
            if step.key in {"contacts", "introducers"}:
                role = "contact" if step.key == "contacts" else "introducer"
                for each in companions:
                    drawn.companions.append(
                        AdmissionCompanionRow(len(drawn.companions) + 1, number, each.id, role)
                    )
            self._papers(number, step.key, by, at, lacking if step is order[-1] else 0)
        if asked:
            key = next(step.key for step in STEPS[NUMBERS[order[-1].key] :] if step.by != BRANCH)
            at = self._at(self.moment.date() - timedelta(days=1))
            self._papers(number, key, self.secretary, at, 0, by_branch=True)
            drawn.requests.append(
                AdmissionRequestRow(len(drawn.requests) + 1, number, key, self.secretary, at, "", None, None)
            )
            drawn.transitions.append(
                AdmissionTransitionRow(
                    len(drawn.transitions) + 1, number, "ask", key, stage, stage, None, self.secretary, at, "{}"
                )
            )  # fmt: skip
        opened = self._at(days["apply"])
        drawn.cases.append(
            AdmissionRow(
                number, self.branch.row.id, "active", stage, name, sex, born_on, nationality, member, opened
            )
        )

    def _data(self, key: str, day: date) -> dict[str, int | str]:
        if key == "candidate" and day >= EDITION_OF_2026:
            days = [day]
            for _ in range(_NOTICE):
                days.append(rhythm.working_day(days[-1] - timedelta(days=1)))
            return {"notice_from": days[-1].isoformat(), "notice_to": days[1].isoformat()}
        if key == "training":
            return {"days": 3, "hours": 24}
        if key == "vote":
            due = len(self.full)
            present = due - self.rng.randrange(0, 1 + due // 5)
            return {"due": due, "present": present, "yes": present, "written_yes": 0}
        return {}

    def _papers(
        self, number: int, key: str, by: int, at: datetime, lacking: int, *, by_branch: bool = False
    ) -> None:
        step = STEPS[NUMBERS[key] - 1]
        kinds = [paper for paper in step.papers if paper.required and (not by_branch or paper.by == BRANCH)]
        rows, digest = self.drawn.papers, sha256(_CONTENT).hexdigest()
        for paper in kinds[: max(0, len(kinds) - lacking)]:
            what = (number, key, paper.key, f"{paper.label}.pdf", PAPER, "application/pdf")
            rows.append(AdmissionPaperRow(len(rows) + 1, *what, len(_CONTENT), digest, by, at))

    def _at(self, day: date) -> datetime:
        hour = time(9 + self.rng.randrange(8), self.rng.randrange(60))
        return min(self.moment, datetime.combine(day, hour, tzinfo=rhythm.SHANGHAI))


def paper() -> bytes:
    """A page that says what it is: a paper of a person who does not exist."""
    text = b"BT /F1 24 Tf 72 720 Td (Demo data: this paper is about nobody.) Tj ET"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources <</Font<</F1 5 0 R>>>>>>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out, offsets = bytearray(b"%PDF-1.4\n"), []
    for number, each in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    start = len(out)
    out += b"xref\n0 6\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % each for each in offsets)
    out += b"trailer << /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % start
    return bytes(out)


_CONTENT: Final = paper()
