"""发展党员: cases, step by step, by the rules; papers; what a superior answers; the register at the end."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as often
from hypothesis import strategies as st
from PIL import Image

from dangjian.api.problems import Problem
from dangjian.audit.models import AuditRow
from dangjian.identity.models import User
from dangjian.organizations import services as register
from dangjian.organizations import timeline
from dangjian.organizations.admission import judgement, queries, services
from dangjian.organizations.admission.judgement import Entry, Record
from dangjian.organizations.admission.models import (
    AdmissionCase,
    AdmissionPaper,
    AdmissionRequest,
    Transition,
)
from dangjian.organizations.admission.steps import (
    BRANCH,
    BY_KEY,
    EDITION_OF_2026,
    EXTENSION,
    NUMBERS,
    PAPERS,
    STEPS,
)
from dangjian.organizations.models import Member, Membership, Office, OfficeKind, Organization, Post, PostHeld
from dangjian.rules import admission as rules
from dangjian.rules.book import Book, book
from realtime.models import Event
from tenants.context import in_district
from tests.organizations.conftest import Budget
from tests.rules.test_admission import TABLE, case_of

ClientOf = Callable[..., Any]
PDF = b"%PDF-1.4\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF\n"
TODAY = date(2026, 11, 25)
# A lawful way, ready for approval of the conversion in autumn 2026.
WAY = {
    "apply": date(2023, 9, 1),
    "talk": date(2023, 9, 20),
    "activist": date(2023, 12, 10),
    "activist_filing": date(2023, 12, 20),
    "contacts": date(2023, 12, 21),
    "observation": date(2024, 12, 1),
    "candidate": date(2025, 1, 10),
    "candidate_filing": date(2025, 1, 20),
    "introducers": date(2025, 1, 22),
    "review": date(2025, 3, 1),
    "training": date(2025, 4, 11),
    "branch_review": date(2025, 5, 6),
    "pre_review": date(2025, 5, 20),
    "form": date(2025, 5, 26),
    "vote": date(2025, 6, 20),
    "committee_talk": date(2025, 7, 10),
    "approve": date(2025, 7, 25),
    "district_filing": date(2025, 8, 1),
    "assignment": date(2025, 8, 4),
    "oath": date(2025, 8, 15),
    "conversion_request": date(2026, 6, 10),
    "conversion_vote": date(2026, 6, 24),
    "conversion_approve": date(2026, 7, 20),
    "archive": date(2026, 8, 3),
}
# The same under the edition of 2026, as far as there was time.
NOTICE = {"notice_from": date(2026, 5, 25), "notice_to": date(2026, 5, 29)}
NEW_WAY = {
    "apply": date(2025, 3, 1),
    "talk": date(2025, 3, 20),
    "activist": date(2025, 5, 10),
    "activist_filing": date(2025, 5, 20),
    "contacts": date(2025, 5, 21),
    "observation": date(2026, 5, 12),
    "candidate": date(2026, 6, 1),
    "candidate_filing": date(2026, 6, 9),
    "introducers": date(2026, 6, 10),
    "review": date(2026, 7, 1),
    "training": date(2026, 7, 15),
    "branch_review": date(2026, 7, 20),
    "pre_review": date(2026, 8, 3),
    "form": date(2026, 8, 10),
    "vote": date(2026, 8, 25),
    "committee_talk": date(2026, 9, 10),
    "approve": date(2026, 10, 12),
    "district_filing": date(2026, 10, 19),
    "assignment": date(2026, 10, 20),
    "oath": date(2026, 11, 2),
    "conversion_request": date(2027, 8, 10),
    "conversion_vote": date(2027, 8, 26),
    "conversion_approve": date(2027, 9, 20),
    "archive": date(2027, 10, 3),
}
VOTE = {"due": 3, "present": 3, "yes": 3, "written_yes": 0}


@pytest.fixture(autouse=True)
def _files(tmp_path: Path, settings: Any) -> None:
    settings.MEDIA_ROOT = str(tmp_path)


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "localdate", lambda *_: TODAY)


def pdf(name: str = "申请书.pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, PDF, content_type="application/pdf")


def opened(world: SimpleNamespace, **changed: Any) -> AdmissionCase:
    person = {
        "name": "高小雨",
        "born_on": date(1998, 6, 15),
        "sex": "female",
        "phone": "13812342671",
    } | changed
    applied = person.pop("applied_on", WAY["apply"])
    return services.open_case(
        actor=world.wangfang, branch=world.huiji_orgs.grid3, applied_on=applied, **person
    )


def file_papers(world: SimpleNamespace, case: AdmissionCase, step: str) -> None:
    for paper in BY_KEY[step].papers:
        by = world.wangfang if paper.by == BRANCH else world.zhangwei
        services.add_paper(actor=by, case=case, step=step, kind=paper.key, file=pdf(f"{paper.key}.pdf"))


def given_at(world: SimpleNamespace, step: str) -> dict[str, Any]:
    if step in services.COMPANIONS:
        return {"members": [world.wangfang.pk, world.liqiang.pk]}
    if step == "training":
        return {"days": 3, "hours": 0}
    return dict(VOTE) if step in services.VOTES else {}


def go(
    world: SimpleNamespace, case: AdmissionCase, until: str, *, papers: bool = True, way: dict[str, date] = WAY,
    noticed: bool = True,
) -> None:  # fmt: skip
    """Everything up to `until`, by the branch and its superior; on the newer way with the public notice."""
    done = {each.key for each in case.steps.all()}
    for kind in STEPS[: NUMBERS[until]]:
        if papers and not case.papers.filter(step=kind.key).exists():
            file_papers(world, case, kind.key)
        if kind.key in done or not kind.dated:
            continue
        if kind.by == BRANCH:
            assert services.record(
                actor=world.wangfang, case=case, step=kind.key, on=way[kind.key], **given_at(world, kind.key),
                **(NOTICE if kind.key == "candidate" and way is NEW_WAY and noticed else {}),
            )  # fmt: skip
        else:
            asked = services.ask(actor=world.wangfang, case=case, step=kind.key)
            services.accept(actor=world.zhangwei, request=asked, on=way[kind.key])
    case.refresh_from_db()


def refused(act: Callable[[], Any]) -> list[tuple[str, str]]:
    with pytest.raises(Problem) as caught:
        act()
    assert caught.value.status == 422, caught.value
    return [(each.pointer, each.code) for each in caught.value.errors]


def fails(act: Callable[[], Any]) -> int:
    with pytest.raises(Problem) as caught:
        act()
    return caught.value.status


# --- the whole way ---------------------------------------------------------------------------------------------------


def test_from_the_application_to_the_archive(inside: SimpleNamespace) -> None:
    case = opened(inside)
    go(inside, case, "archive")
    assert (case.state, case.stage) == ("completed", "full")
    view = services.judged(case)
    assert [step.state for step in view.steps] == ["done"] * 25
    assert view.objections == []
    member = Member.objects.get(pk=case.member_id)
    # A probationary member from the vote, a full one from the day probation was over.
    assert (member.status, member.joined_on, member.converted_on) == ("full", WAY["vote"], date(2026, 6, 20))
    assert (member.name, member.pinyin, member.phone) == ("高小雨", "gaoxiaoyu", "13812342671")
    [stay] = Membership.objects.filter(member=member)
    assert (stay.branch_id, stay.since) == (inside.huiji_orgs.grid3.pk, WAY["vote"])
    assert timeline.status(member, date(2026, 6, 19)) == "probationary"
    assert timeline.status(member, date(2026, 6, 20)) == "full"
    assert timeline.disagreements() == []
    user = User.objects.get(pk=member.user_id)
    assert not user.has_usable_password()
    history = [(row.history_change_reason, row.status) for row in member.history.order_by("history_id")]
    assert history == [("接收预备党员", "probationary"), ("转正", "full")]


def test_every_change_is_a_row(inside: SimpleNamespace) -> None:
    case = opened(inside)
    go(inside, case, "approve")
    rows = list(Transition.objects.filter(case=case).order_by("at", "id"))
    stages = [(row.step, row.from_stage, row.to_stage) for row in rows if row.from_stage != row.to_stage]
    assert stages == [
        ("activist", "applicant", "activist"),
        ("candidate", "activist", "candidate"),
        ("approve", "candidate", "probationary"),
    ]
    assert {row.action for row in rows} == {"open", "paper", "record", "ask", "accept"}
    assert rows[0].by == inside.wangfang
    assert [row.by_id for row in rows if row.action == "accept"] == [inside.zhangwei.pk] * 5
    vote = next(row for row in rows if row.step == "vote" and row.action == "record")
    assert vote.detail == VOTE
    for before, after in pairwise(rows):
        assert before.to_stage == after.from_stage
    assert AuditRow.objects.filter(action="admission.accept", object_id=case.pk).count() == 5
    assert AuditRow.objects.get(action="member.enter").object_name == "高小雨"


# --- the rules, at once ----------------------------------------------------------------------------------------------


def test_impossible_days_are_named_with_rule_and_article(inside: SimpleNamespace) -> None:
    assert refused(lambda: opened(inside, born_on=date(2006, 1, 1))) == [("/applied_on", "under_age")]
    case = opened(inside)
    record = services.record
    assert refused(lambda: record(actor=inside.wangfang, case=case, step="talk", on=date(2023, 8, 31))) == [
        ("/on", "out_of_order")
    ]
    assert refused(
        lambda: record(actor=inside.wangfang, case=case, step="talk", on=TODAY + timedelta(1))
    ) == [("/on", "in_future")]
    assert refused(
        lambda: record(actor=inside.wangfang, case=case, step="candidate", on=date(2025, 1, 10))
    ) == [("/on", "blocked")]
    go(inside, case, "observation")
    with pytest.raises(Problem) as caught:
        record(actor=inside.wangfang, case=case, step="candidate", on=date(2024, 12, 9))
    [error] = caught.value.errors
    assert error.code == "activist_period_short"
    assert "2024 年 12 月 10 日" in error.detail
    assert "《中国共产党发展党员工作细则（2014 年）》第 13 条" in error.detail
    assert not case.steps.filter(key="candidate").exists()


def test_a_late_talk_counts_and_is_told(inside: SimpleNamespace) -> None:
    case = opened(inside)
    services.record(actor=inside.wangfang, case=case, step="talk", on=date(2023, 10, 2))
    view = services.judged(case)
    assert (view["talk"].state, view["talk"].attained) == ("late", True)
    assert [each.code for each in view["talk"].problems] == ["talk_late"]


@pytest.mark.parametrize(
    ("step", "changed", "errors"),
    [
        ("contacts", {"members": []}, [("/members", "unknown")]),
        ("introducers", {"members": ["wangfang"]}, [("/members", "introducers_short")]),
        ("introducers", {"members": ["wangfang", "zhoujie"]}, [("/members", "unknown")]),
        ("introducers", {"on": date(2025, 1, 9)}, [("/on", "out_of_order")]),
        ("training", {"days": 2, "hours": 23}, [("/days", "training_short")]),
        ("training", {"days": 0, "hours": 0}, [("/days", "required")]),
        ("vote", {"present": 1, "yes": 1}, [("/present", "present_too_few"), ("/present", "yes_too_few")]),
        ("vote", {"yes": 4}, [("/yes", "yes_above_present")]),
        ("vote", {"written_yes": 1}, [("/written_yes", "written_above_absent")]),
        ("vote", {"due": None}, [("/due", "required")]),
        ("conversion_vote", {"on": date(2026, 6, 19)}, [("/on", "probation_not_over")]),
        ("conversion_vote", {"present": 1, "yes": 1}, [("/present", "present_too_few"), ("/present", "yes_too_few")]),
    ],
)  # fmt: skip
def test_what_a_step_says_is_checked(
    inside: SimpleNamespace, step: str, changed: dict[str, Any], errors: list[tuple[str, str]]
) -> None:
    case = opened(inside)
    go(inside, case, STEPS[NUMBERS[step] - 2].key)
    told = {"on": WAY[step], **given_at(inside, step)} | changed
    if "members" in told:
        told["members"] = [getattr(each, "pk", each) if not isinstance(each, str) else getattr(inside, each).pk
                           for each in told["members"]]  # fmt: skip
    assert refused(lambda: services.record(actor=inside.wangfang, case=case, step=step, **told)) == errors
    assert not case.steps.filter(key=step).exists()


def test_a_vote_that_was_lost_is_kept_and_may_be_held_again(inside: SimpleNamespace) -> None:
    case = opened(inside)
    go(inside, case, "form")
    file_papers(inside, case, "vote")
    lost = {"due": 3, "present": 3, "yes": 1, "written_yes": 0}
    assert not services.record(actor=inside.wangfang, case=case, step="vote", on=WAY["vote"], **lost)
    assert not case.steps.filter(key="vote").exists()
    assert case.transitions.get(action="vote_lost").detail == lost
    assert services.record(actor=inside.wangfang, case=case, step="vote", on=date(2025, 9, 1), **VOTE)


def test_nothing_is_asked_for_while_something_is_missing(inside: SimpleNamespace) -> None:
    case = opened(inside)
    go(inside, case, "activist", papers=False)
    with pytest.raises(Problem) as caught:
        services.ask(actor=inside.wangfang, case=case, step="activist_filing")
    told = {(each.pointer, each.code) for each in caught.value.errors}
    assert told == {("/steps/apply", "paper_missing"), ("/steps/talk", "paper_missing"),
                    ("/steps/activist", "paper_missing"), ("/steps/activist_filing", "paper_missing")}  # fmt: skip
    details = " ".join(each.detail for each in caught.value.errors)
    for words in ("入党申请书", "谈话记录", "入党积极分子备案表", "第 8 条"):
        assert words in details
    for step in ("apply", "talk", "activist", "activist_filing"):
        file_papers(inside, case, step)
    asked = services.ask(actor=inside.wangfang, case=case, step="activist_filing")
    assert fails(lambda: services.ask(actor=inside.wangfang, case=case, step="activist_filing")) == 409
    assert fails(lambda: services.ask(actor=inside.wangfang, case=case, step="nothing")) == 404
    assert asked.answer == ""
    with pytest.raises(Problem) as caught:
        services.ask(actor=inside.wangfang, case=case, step="approve")
    assert {each.code for each in caught.value.errors} >= {"step_missing"}


# --- what the edition of 2026 brought ---------------------------------------------------------------------------------


def newer(world: SimpleNamespace, until: str, **options: Any) -> AdmissionCase:
    case = opened(world, applied_on=NEW_WAY["apply"])
    go(world, case, until, way=NEW_WAY, **options)
    return case


def codes(case: AdmissionCase, today: date = TODAY) -> list[tuple[str, str]]:
    view = services.judged(case, today)
    return [(step.key, problem.code) for step, problem in view.objections]


def test_the_editions_agree_with_the_pack(country: Book) -> None:
    versions = [
        country.rule("admission.candidate_filing", on=EDITION_OF_2026 - timedelta(days)) for days in (1, 0)
    ]
    assert [rule.starts == EDITION_OF_2026 for rule in versions] == [False, True]
    assert ["备案" in rule.title.zh for rule in versions] == [True, False]


def test_the_newer_way_with_everything_has_no_objection(inside: SimpleNamespace) -> None:
    case = newer(inside, "oath")
    view = services.judged(case)
    assert view.objections == []
    assert [step.state for step in view.steps[:20]] == ["done"] * 20
    assert view["candidate"].notice == (date(2026, 5, 25), date(2026, 5, 29))
    assert view["vote"].latest == date(2026, 9, 3)
    assert view["oath"].latest == date(2026, 11, 12)


def test_a_step_is_called_what_it_is_on_its_day(inside: SimpleNamespace) -> None:
    old, new = opened(inside, name="早些时候"), newer(inside, "candidate_filing")
    go(inside, old, "candidate_filing")
    for case, name in ((old, "报上级党委备案"), (new, "报上级党委同意")):
        assert services.judged(case)["candidate_filing"].label == name
        assert case.transitions.get(step="candidate_filing", action="accept").step_label == name
    waiting = Record(date(1998, 6, 15), {"apply": Entry(date(2025, 3, 1))})
    for today, name in ((date(2026, 5, 10), "报上级党委备案"), (date(2026, 5, 11), "报上级党委同意")):
        view = judgement.assess(book("huiji"), waiting, today)
        assert view["candidate_filing"].label == name


@pytest.mark.parametrize(
    ("notice", "errors"),
    [
        ((date(2026, 5, 25), date(2026, 5, 28)), [("/notice_to", "notice_short")]),
        ((date(2026, 5, 25), date(2026, 5, 20)), [("/notice_to", "notice_reversed")]),
        ((date(2026, 5, 25), None), [("/notice_to", "required")]),
        ((None, date(2026, 5, 29)), [("/notice_from", "required")]),
        ((date(2026, 11, 23), TODAY + timedelta(1)), [("/notice_to", "in_future")]),
    ],
)
def test_a_notice_that_cannot_be_is_refused(
    inside: SimpleNamespace, notice: tuple[date | None, date | None], errors: list[tuple[str, str]]
) -> None:
    case = newer(inside, "observation")
    given = dict(zip(services.NOTICE, notice, strict=True))
    on = NEW_WAY["candidate"]
    record = services.record
    assert (
        refused(lambda: record(actor=inside.wangfang, case=case, step="candidate", on=on, **given)) == errors
    )
    assert not case.steps.filter(key="candidate").exists()


def test_a_notice_that_is_missing_is_named_and_added_without_a_reason(inside: SimpleNamespace) -> None:
    case = newer(inside, "branch_review", noticed=False)
    assert codes(case) == [("candidate", "notice_missing")]
    file_papers(inside, case, "pre_review")
    ask = services.ask
    assert refused(lambda: ask(actor=inside.wangfang, case=case, step="pre_review")) == [
        ("/steps/candidate", "notice_missing")
    ]
    record, on = services.record, NEW_WAY["candidate"]
    late = {"notice_from": date(2026, 5, 28), "notice_to": date(2026, 6, 1)}
    moved = on + timedelta(1)
    assert refused(
        lambda: record(actor=inside.wangfang, case=case, step="candidate", on=moved, **late)
    ) == [("/reason", "required")]  # fmt: skip
    record(actor=inside.wangfang, case=case, step="candidate", on=on, **late)
    # Thursday to Monday: somebody has to look at it, nothing is refused.
    assert codes(case) == [("candidate", "notice_to_check")]
    assert case.transitions.filter(step="candidate").order_by("-id")[0].detail == {
        "notice_from": "2026-05-28", "notice_to": "2026-06-01"
    }  # fmt: skip
    assert ask(actor=inside.wangfang, case=case, step="pre_review")
    # From now on it is a correction; what is left out stays.
    assert refused(
        lambda: record(actor=inside.wangfang, case=case, step="candidate", on=on, **NOTICE)
    ) == [("/reason", "required")]  # fmt: skip
    record(actor=inside.wangfang, case=case, step="candidate", on=moved, reason="记错了一天")
    assert services.judged(case)["candidate"].notice == (late["notice_from"], late["notice_to"])
    record(actor=inside.wangfang, case=case, step="candidate", on=on, reason="抄错了", **NOTICE)
    assert codes(case) == []


def test_what_the_older_edition_did_not_ask_for_is_not_missing(inside: SimpleNamespace) -> None:
    case = opened(inside)
    go(inside, case, "pre_review")
    assert codes(case) == []
    assert services.judged(case)["vote"].latest is None


def test_the_vote_within_a_month_of_the_examination(inside: SimpleNamespace) -> None:
    case = newer(inside, "form")
    assert codes(case, date(2026, 9, 3)) == []
    assert codes(case, date(2026, 9, 4)) == [("vote", "vote_late")]
    record = services.record
    assert refused(
        lambda: record(actor=inside.wangfang, case=case, step="vote", on=date(2026, 8, 2), **VOTE)
    ) == [("/on", "out_of_order")]
    assert record(actor=inside.wangfang, case=case, step="vote", on=date(2026, 9, 4), **VOTE)
    vote = services.judged(case)["vote"]
    assert (vote.state, vote.attained, [each.code for each in vote.problems]) == ("late", True, ["vote_late"])


def test_the_oath_within_a_month_of_the_approval(inside: SimpleNamespace) -> None:
    case = newer(inside, "approve")
    assert codes(case, date(2026, 11, 12)) == []
    assert codes(case) == [("oath", "oath_late")]
    # The filing and the branch come first, but the oath's day is what presses.
    card = queries.card(AdmissionCase.objects.get(pk=case.pk), TODAY)
    assert (card.step.key, card.due.key, card.pressing) == ("district_filing", "oath", "overdue")
    [day] = queries.due_in([card], 2026, 11, TODAY)
    assert (day.on, day.step.key, day.last, day.overdue) == (date(2026, 11, 12), "oath", True, True)
    file_papers(inside, case, "oath")
    services.record(actor=inside.wangfang, case=case, step="oath", on=date(2026, 11, 20))
    oath = services.judged(case)["oath"]
    assert (oath.state, oath.attained, [each.code for each in oath.problems]) == ("late", True, ["oath_late"])
    assert services.judged(case)["probation"].problems == ()


def test_pages_show_what_the_newer_edition_asks_for(client_of: ClientOf, world: SimpleNamespace) -> None:
    with in_district(world.huiji):
        case = newer(world, "candidate_filing", noticed=False)
    secretary = client_of("wangfang")
    address = f"/admission/{case.pk}/"
    page = secretary.get(address).content.decode()
    for words in (
        "还没有记公示的起止日期",
        "记下公示",
        "报上级党委同意",
        "《中国共产党发展党员工作细则》第 13 条",
    ):
        assert words in page
    assert "报上级党委备案" not in page
    form = secretary.get(f"{address}steps/candidate/").content.decode()
    assert 'name="notice_from"' in form
    assert 'name="on"' not in form
    assert 'name="reason"' not in form
    short = {"notice_from": "2026-05-25", "notice_to": "2026-05-27"}
    answer = secretary.post(f"{address}steps/candidate/", short)
    assert answer.status_code == 422
    assert "一共只有 3 天" in answer.content.decode()
    told = {"notice_from": "2026-05-28", "notice_to": "2026-06-01"}
    assert secretary.post(f"{address}steps/candidate/", told)["Location"] == f"{address}#candidate"
    page = secretary.get(address).content.decode()
    assert "公示 2026 年 5 月 28 日到 2026 年 6 月 1 日" in page
    assert "周一到周五有 3 天" in page
    listed = secretary.get(f"{address}files/").content.decode()
    assert "2026 年 5 月 28 日到 2026 年 6 月 1 日" in listed
    assert "周一到周五有 3 天" in listed
    form = secretary.get(f"{address}steps/candidate/").content.decode()
    assert 'value="2026-05-28"' in form
    assert 'name="reason"' in form


def test_what_if_knows_the_newer_days(client_of: ClientOf, world: SimpleNamespace) -> None:
    with in_district(world.huiji):
        case = newer(world, "training", noticed=False)
    client = client_of("wangfang")
    address = f"/admission/{case.pk}/what-if/"
    page = client.get(f"{address}?pre_review=2026-12-01&vote=2027-01-02").content.decode()
    assert "最迟应当在 2027 年 1 月 1 日提交支部大会讨论" in page
    assert "2027 年 5 月 1 日" not in page
    planned = f"{address}?vote=2027-01-01&approve=2027-04-01&oath="
    for oath, late in (("2027-05-01", False), ("2027-05-02", True)):
        page = client.get(planned + oath).content.decode()
        assert "最迟 2027 年 5 月 1 日" in page
        assert ("一般最迟在 2027 年 5 月 1 日举行入党宣誓" in page) is late
    page = client.get(f"{address}?notice_from=2026-05-25&notice_to=2026-05-27").content.decode()
    assert "一共只有 3 天" in page
    answer = client.get(f"/api/v1/admissions/{case.pk}/what-if/?pre_review=2026-12-01").json()
    vote = next(step for step in answer["steps"] if step["key"] == "vote")
    assert (vote["earliest"], vote["latest"]) == ("2026-12-01", "2027-01-01")
    planned = next(step for step in answer["steps"] if step["key"] == "pre_review")
    assert planned["state"] != "done"


def test_the_notice_by_api(client_of: ClientOf, world: SimpleNamespace) -> None:
    with in_district(world.huiji):
        case = newer(world, "observation")
    answer = client_of("wangfang").put(
        f"/api/v1/admissions/{case.pk}/steps/candidate/",
        {"on": "2026-06-01", "notice_from": "2026-05-25", "notice_to": "2026-05-29"},
        content_type="application/json",
    )
    assert answer.status_code == 200, answer.content
    step = next(each for each in answer.json()["steps"] if each["key"] == "candidate")
    assert step["data"] == {"notice_from": "2026-05-25", "notice_to": "2026-05-29"}
    assert (step["problems"], {each["code"] for each in step["missing"]}) == ([], {"paper_missing"})


# --- what the superior answers ----------------------------------------------------------------------------------------


def test_a_superior_returns_with_a_reason(inside: SimpleNamespace) -> None:
    case = opened(inside)
    go(inside, case, "activist")
    file_papers(inside, case, "activist_filing")
    asked = services.ask(actor=inside.wangfang, case=case, step="activist_filing", note="请备案")
    assert refused(lambda: services.send_back(actor=inside.zhangwei, request=asked, reason=" ")) == [
        ("/reason", "required")
    ]
    services.send_back(actor=inside.zhangwei, request=asked, reason="会议记录没有签名")
    asked.refresh_from_db()
    assert (asked.answer, asked.reason, asked.answered_by) == (
        "returned",
        "会议记录没有签名",
        inside.zhangwei,
    )
    told = Event.objects.filter(kind="admission.changed", topic=f"me:{inside.wangfang.user_id}")
    assert [event.data for event in told] == [
        {"id": case.pk, "step": "activist_filing", "answer": "returned"}
    ]
    above = Event.objects.filter(
        kind="admission.changed", topic=f"organization:{inside.huiji_orgs.xincheng.pk}"
    )
    assert above.count() == case.transitions.count()
    assert fails(lambda: services.accept(actor=inside.zhangwei, request=asked, on=TODAY)) == 409
    again = services.ask(actor=inside.wangfang, case=case, step="activist_filing")
    services.accept(actor=inside.zhangwei, request=again, on=WAY["activist_filing"])


def test_an_approval_in_time_late_and_too_late(inside: SimpleNamespace) -> None:
    case = opened(inside)
    go(inside, case, "committee_talk")
    file_papers(inside, case, "approve")
    asked = services.ask(actor=inside.wangfang, case=case, step="approve")
    accept = services.accept
    late = date(2025, 9, 21)  # three months and a day
    assert refused(lambda: accept(actor=inside.zhangwei, request=asked, on=late)) == [
        ("/on", "approval_late")
    ]
    assert refused(lambda: accept(actor=inside.zhangwei, request=asked, on=late, special_case=True)) == [
        ("/reason", "required")
    ]
    too_late = date(2025, 12, 21)
    assert refused(
        lambda: accept(actor=inside.zhangwei, request=asked, on=too_late, special_case=True, reason="出差")
    ) == [("/on", "approval_beyond_special")]
    assert not Member.objects.filter(name="高小雨").exists()
    accept(actor=inside.zhangwei, request=asked, on=late, special_case=True, reason="党委换届")
    case.refresh_from_db()
    assert case.special_case
    assert case.member is not None
    assert case.member.joined_on == WAY["vote"]
    assert case.transitions.get(step="approve", action="accept").reason == "党委换届"


def test_nobody_enters_under_a_number_that_is_taken(inside: SimpleNamespace) -> None:
    from tests.organizations.test_imports import number

    mine = number(7)
    case = opened(inside, id_number=mine, born_on=None, sex="")
    assert "*" in case.masked_id_number
    register.correct_member(actor=inside.zhangwei, member=inside.zhoujie, reason="补登", id_number=mine)
    go(inside, case, "committee_talk")
    file_papers(inside, case, "approve")
    asked = services.ask(actor=inside.wangfang, case=case, step="approve")
    before = Transition.objects.count()
    assert refused(lambda: services.accept(actor=inside.zhangwei, request=asked, on=WAY["approve"])) == [
        ("/id_number", "taken")
    ]
    asked.refresh_from_db()
    assert asked.answer == ""
    assert Transition.objects.count() == before
    assert not case.steps.filter(key="approve").exists()


def test_probation_is_extended_once(inside: SimpleNamespace) -> None:
    case = opened(inside)
    go(inside, case, "conversion_request")
    ask = services.ask
    assert refused(lambda: ask(actor=inside.wangfang, case=case, step=EXTENSION, months=5)) == [
        ("/months", "extension_out_of_range")
    ]
    assert refused(lambda: ask(actor=inside.wangfang, case=case, step=EXTENSION)) == [("/months", "required")]
    asked = ask(actor=inside.wangfang, case=case, step=EXTENSION, months=6, note="还要再考察")
    services.accept(actor=inside.zhangwei, request=asked, on=date(2026, 6, 30))
    case.refresh_from_db()
    assert case.extended_months == 6
    view = services.judged(case)
    assert view["conversion_vote"].earliest == date(2026, 12, 20)
    assert fails(lambda: ask(actor=inside.wangfang, case=case, step=EXTENSION, months=6)) == 409
    assert refused(
        lambda: services.record(
            actor=inside.wangfang, case=case, step="conversion_vote", on=date(2026, 6, 24), **VOTE
        )
    ) == [("/on", "probation_not_over")]


def test_whoever_asked_does_not_answer(inside: SimpleNamespace) -> None:
    case = opened(inside)
    go(inside, case, "activist")
    file_papers(inside, case, "activist_filing")
    asked = services.ask(actor=inside.zhangwei, case=case, step="activist_filing")
    assert (
        fails(lambda: services.accept(actor=inside.zhangwei, request=asked, on=WAY["activist_filing"])) == 403
    )


# --- corrections, ends, papers ----------------------------------------------------------------------------------------


def test_a_correction_needs_a_reason_and_stops_at_an_approval(inside: SimpleNamespace) -> None:
    case = opened(inside)
    go(inside, case, "talk")
    record = services.record
    on = date(2023, 9, 25)
    assert refused(lambda: record(actor=inside.wangfang, case=case, step="talk", on=on)) == [
        ("/reason", "required")
    ]
    record(actor=inside.wangfang, case=case, step="talk", on=on, reason="记错了")
    row = case.transitions.get(action="correct")
    assert (row.step, row.on, row.reason) == ("talk", on, "记错了")
    services.correct_person(actor=inside.wangfang, case=case, name="高晓雨", reason="写错了字")
    go(inside, case, "approve")
    assert fails(lambda: record(actor=inside.wangfang, case=case, step="talk", on=on, reason="再改")) == 409
    kept = case.papers.get(step="talk")
    assert fails(lambda: services.remove_paper(actor=inside.wangfang, paper=kept, reason="换一份")) == 409
    assert (
        fails(lambda: services.correct_person(actor=inside.wangfang, case=case, name="高", reason="改"))
        == 409
    )
    assert Member.objects.get(pk=case.member_id).name == "高晓雨"


def test_ended_and_begun_again_with_its_history(inside: SimpleNamespace) -> None:
    case = opened(inside)
    go(inside, case, "activist")
    file_papers(inside, case, "activist_filing")
    asked = services.ask(actor=inside.wangfang, case=case, step="activist_filing")
    assert refused(lambda: opened(inside)) == [("/name", "taken")]
    services.cancel(actor=inside.wangfang, case=case, reason="本人撤回")
    case.refresh_from_db()
    asked.refresh_from_db()
    assert (case.state, asked.answer) == ("cancelled", "returned")
    assert case.steps.count() == 3
    assert (
        fails(lambda: services.record(actor=inside.wangfang, case=case, step="talk", on=TODAY, reason="改"))
        == 409
    )
    again = services.restart(actor=inside.wangfang, case=case, applied_on=date(2026, 3, 1), reason="重新申请")
    assert (again.restarted_from, again.name, again.stage) == (case, "高小雨", "applicant")
    assert (
        fails(lambda: services.restart(actor=inside.wangfang, case=case, applied_on=TODAY, reason="再来"))
        == 409
    )
    assert case.steps.count() == 3
    assert again.transitions.get().action == "restart"
    go(inside, opened(inside, name="另一人"), "approve")
    entered = AdmissionCase.objects.get(name="另一人")
    assert fails(lambda: services.cancel(actor=inside.wangfang, case=entered, reason="算了")) == 409


def picture(**options: Any) -> SimpleUploadedFile:
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x010F] = "Camera"
    exif.get_ifd(0x8825)[1] = "N"
    Image.new("RGB", (3000, 2000), (250, 250, 250)).save(buffer, "JPEG", exif=exif)
    return SimpleUploadedFile("证.jpg", buffer.getvalue(), **options)


def test_papers_are_checked_and_kept_in_the_district(inside: SimpleNamespace) -> None:
    case = opened(inside)
    paper = services.add_paper(
        actor=inside.wangfang, case=case, step="apply", kind="application", file=pdf('坏名:字"?.PDF')
    )
    assert (paper.name, paper.media_type) == ("坏名字.pdf", "application/pdf")
    assert default_storage.path(paper.file).startswith(f"{settings.MEDIA_ROOT}/huiji/admission/{case.pk}/")
    drawn = services.add_paper(actor=inside.wangfang, case=case, step="apply", kind="", file=picture())
    with default_storage.open(drawn.file) as file:
        shown = Image.open(file)
        assert shown.size == (2400, 1600)
        assert not dict(shown.getexif())

    def add(content: bytes, name: str = "a.pdf", kind: str = "application", step: str = "apply") -> Any:
        return services.add_paper(
            actor=inside.wangfang, case=case, step=step, kind=kind, file=SimpleUploadedFile(name, content)
        )

    assert fails(lambda: add(b"<svg onload=alert(1)>", "a.svg")) == 415
    assert fails(lambda: add(b"PK\x03\x04word", "a.docx")) == 415
    assert refused(lambda: add(PDF[:20])) == [("/file", "damaged")]
    assert refused(lambda: add(b"")) == [("/file", "required")]
    assert fails(lambda: add(PDF, kind="talk")) == 404
    assert fails(lambda: add(PDF, step="nothing")) == 404
    assert case.papers.count() == 2


def test_a_paper_goes_with_its_file(inside: SimpleNamespace, django_capture_on_commit_callbacks: Any) -> None:
    case = opened(inside)
    paper = services.add_paper(actor=inside.wangfang, case=case, step="apply", kind="application", file=pdf())
    kept = AdmissionPaper.objects.get(pk=paper.pk)
    assert refused(lambda: services.remove_paper(actor=inside.wangfang, paper=kept, reason="")) == [
        ("/reason", "required")
    ]
    with django_capture_on_commit_callbacks(execute=True, using=inside.huiji.database):
        services.remove_paper(actor=inside.wangfang, paper=kept, reason="扫错了页")
    assert not default_storage.exists(paper.file)
    assert [each.code for each in services.judged(case)["apply"].missing] == ["paper_missing"]
    assert case.transitions.get(action="paper_removed").reason == "扫错了页"


# --- who --------------------------------------------------------------------------------------------------------------


def test_who_may_do_what(inside: SimpleNamespace) -> None:
    case = opened(inside)
    everybody = (inside.liqiang, inside.zhoujie, inside.liuna)
    for who in everybody:
        assert fails(lambda who=who: services.cancel(actor=who, case=case, reason="试")) == 404
        assert not queries.visible(who).exists()
    # The 组织委员 of the branch records; the secretary of the committee above answers and does not record.
    PostHeld.objects.create(
        member=inside.liqiang, organization=inside.huiji_orgs.grid3, post=Post.ORGANIZATION
    )
    leader = Member.objects.create(
        user=User.objects.create(username="leader", name="党委书记"), branch=inside.huiji_orgs.grid4,
        name="党委书记", pinyin="dangweishuji", initials="dwsj",
    )  # fmt: skip
    PostHeld.objects.create(member=leader, organization=inside.huiji_orgs.xincheng, post=Post.SECRETARY)
    liqiang, leader = (Member.objects.get(pk=each.pk) for each in (inside.liqiang, leader))
    services.record(actor=liqiang, case=case, step="talk", on=WAY["talk"])
    assert fails(lambda: services.record(actor=leader, case=case, step="activist", on=WAY["activist"])) == 403
    go(inside, case, "activist")
    file_papers(inside, case, "activist_filing")
    asked = services.ask(actor=liqiang, case=case, step="activist_filing")
    assert (
        fails(lambda: services.accept(actor=inside.wangfang, request=asked, on=WAY["activist_filing"])) == 403
    )
    services.accept(actor=leader, request=asked, on=WAY["activist_filing"])
    # An officer over a branch alone is no superior of it.
    Office.objects.create(
        member=inside.zhoujie, kind=OfficeKind.OFFICER, organization=inside.huiji_orgs.grid3
    )
    zhoujie = Member.objects.get(pk=inside.zhoujie.pk)
    assert [each.case for each in queries.asked_of(zhoujie)] == []
    assert services.may_answer(zhoujie, case, "approve") is False
    # The filing with the district is its own officers'.
    assert services.may_answer(leader, case, "district_filing") is False
    assert services.may_answer(inside.zhangwei, case, "district_filing") is True


# --- judgement for any record -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def country() -> Book:
    return book("huiji")


def record_of(row: dict[str, Any]) -> tuple[Record, date]:
    """A worked case of the rules' table as it is recorded here."""
    case = case_of(row)
    entries = {"apply": Entry(case.applied_on)}
    for key, name in judgement.DATES.items():
        if getattr(case, name) is not None:
            entries[key] = Entry(getattr(case, name))
    if case.introducers is not None and case.candidate_on:
        entries["introducers"] = Entry(case.candidate_on)
    if case.training is not None and case.candidate_on:
        entries["training"] = Entry(
            case.candidate_on, {"days": case.training.days, "hours": case.training.hours}
        )
    if case.vote is not None and case.vote.on is not None:
        counts = {name: getattr(case.vote, name) for name in services.COUNTS}
        entries["vote"] = Entry(case.vote.on, counts)
    if case.notice_from and case.notice_to:
        days = {"notice_from": f"{case.notice_from}", "notice_to": f"{case.notice_to}"}
        entries["candidate"] = Entry(case.candidate_on, days)
    for key, on in (("pre_review", case.pre_review_on), ("oath", case.oath_on)):
        if on is not None:
            entries[key] = Entry(on)
    if "conversion_vote" in entries:
        entries["conversion_vote"] = Entry(
            entries["conversion_vote"].on, {"due": 20, "present": 18, "yes": 17}
        )
    return (
        Record(
            case.born_on, entries, introducers=case.introducers or 0, special_case=case.special_case,
            extended_months=case.extended_months,
        ),
        case.today,
    )  # fmt: skip


@pytest.mark.parametrize("row", [pytest.param(row, id=row["说明"]) for row in TABLE["例子"]])
def test_the_worked_cases_of_the_rules(country: Book, row: dict[str, Any]) -> None:
    """A district officer's table decides here too: the same states and days for each of the twelve judged steps."""
    record, today = record_of(row)
    if record.entries.get("vote") is None and case_of(row).vote is not None:
        pytest.skip("a vote without a day cannot be recorded here")
    found = judgement.assess(country, record, today)
    by_rules = rules.assess(country, judgement.case_of(record, today))
    for step in found.steps:
        if step.kind.judged:
            expected = by_rules[step.kind.judged]
            assert (step.state, step.earliest, step.latest) == (
                expected.state,
                expected.earliest,
                expected.latest,
            )
    whole = rules.assess(country, case_of(row))
    if not any(name in row.get("结论", {}) for name in ("介绍人", "培训")):
        assert found.stage == whole.stage


_DAYS = st.dates(date(2019, 1, 1), date(2027, 12, 31))
_COUNTS = st.fixed_dictionaries({name: st.integers(0, 30) for name in services.COUNTS})


@st.composite
def records(draw: st.DrawFn) -> Record:
    """The lawful way up to some step, with a few days moved and a few things gone."""
    until, way = draw(st.integers(1, 25)), draw(st.sampled_from([WAY, NEW_WAY]))
    entries = {
        step.key: Entry(way[step.key], dict(VOTE) if step.key in services.VOTES else {"days": 3, "hours": 24})
        for step in STEPS[:until]
        if step.dated
    }
    if "candidate" in entries and draw(st.booleans()):
        first = way["candidate"] - timedelta(draw(st.integers(0, 20)))
        last = first + timedelta(draw(st.integers(-1, 12)))
        entries["candidate"] = Entry(way["candidate"], {"notice_from": f"{first}", "notice_to": f"{last}"})
    for key in draw(st.sets(st.sampled_from(sorted(entries)), max_size=3)):
        moved = way[key] + timedelta(draw(st.integers(-200, 400)))
        entries[key] = Entry(
            draw(_DAYS | st.just(moved)), draw(_COUNTS) if key in services.VOTES else entries[key].data
        )
    for key in draw(st.sets(st.sampled_from(sorted(entries)), max_size=2)) - {"apply"}:
        del entries[key]
    return Record(
        born_on=draw(st.sampled_from([date(1998, 6, 15), date(2006, 1, 1)])),
        entries=entries,
        papers=frozenset(draw(st.sets(st.sampled_from(sorted(PAPERS))))),
        contacts=draw(st.integers(0, 3)),
        introducers=draw(st.integers(1, 3)),
        extended_months=draw(st.none() | st.sampled_from([3, 6, 12])),
    )


OFTEN = often(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


@OFTEN
@given(record=records(), today=_DAYS)
def test_any_record_gets_an_answer_that_agrees_with_the_rules(
    country: Book, record: Record, today: date
) -> None:
    found = judgement.assess(country, record, today)
    by_rules = rules.assess(country, judgement.case_of(record, today))
    assert found.stage == by_rules.stage
    assert len(found.steps) == 25
    for step in found.steps:
        assert step.state in rules.STATES
        assert step.state != "unlawful" or step.problems
        assert all(problem.message and problem.rule.cited for problem in (*step.problems, *step.missing))
        if step.kind.judged and not by_rules[step.kind.judged].attained:
            assert not step.attained


@OFTEN
@given(record=records(), today=_DAYS, data=st.data())
def test_a_paper_never_takes_anything_away(
    country: Book, record: Record, today: date, data: st.DataObject
) -> None:
    paper = data.draw(st.sampled_from(sorted(PAPERS)))
    fuller = judgement.assess(country, Record(**{**vars(record), "papers": record.papers | {paper}}), today)
    before = judgement.assess(country, record, today)
    assert [step.state for step in before.steps] == [step.state for step in fuller.steps]
    for key in ("activist_filing", "approve", "conversion_approve"):
        assert len(judgement.before(fuller, key)) <= len(judgement.before(before, key))


@OFTEN
@given(record=records(), today=_DAYS)
def test_what_may_be_asked_for_is_whole(country: Book, record: Record, today: date) -> None:
    """Nothing in the way means: every step in front counts and has its papers."""
    view = judgement.assess(country, record, today)
    for step in STEPS:
        if step.by != BRANCH and not judgement.before(view, step.key):
            front = view.steps[: NUMBERS[step.key] - 1]
            assert all(each.attained for each in front)
            lacking = [problem.code for each in front for problem in each.missing]
            # Whether the notice comes before the consent is not for us to say.
            assert set(lacking) <= ({"notice_missing"} if step.key == "candidate_filing" else set())


def test_the_properties_see_ways_that_are_whole(country: Book) -> None:
    whole = Record(
        date(1998, 6, 15),
        {key: Entry(day, dict(VOTE) if key in services.VOTES else {"days": 3}) for key, day in WAY.items()},
        frozenset(PAPERS), contacts=2, introducers=2,
    )  # fmt: skip
    view = judgement.assess(country, whole, TODAY)
    assert [step.state for step in view.steps] == ["done"] * 25
    assert [judgement.before(view, step.key) for step in STEPS] == [[]] * 25


# --- pages ------------------------------------------------------------------------------------------------------------


def test_a_secretary_walks_through_pages(client_of: ClientOf, world: SimpleNamespace) -> None:
    secretary, officer = client_of("wangfang"), client_of("zhangwei")
    assert "现在没有人在发展过程中" in secretary.get("/admission/").content.decode()
    answer = secretary.post(
        "/admission/new/", {"name": "高小雨", "born_on": "2008-01-01", "applied_on": "2023-09-01"}
    )
    assert answer.status_code == 422
    assert "还不满 18 岁" in answer.content.decode()
    answer = secretary.post(
        "/admission/new/", {"name": "高小雨", "born_on": "1998-06-15", "applied_on": "2023-09-01"}
    )
    address = answer["Location"]
    page = secretary.get(address).content.decode()
    for words in (
        "派人谈话",
        "最迟 2023 年 10 月 1 日",
        "逾期",
        "缺入党申请书",
        "《中国共产党发展党员工作细则》第 7 条",
    ):
        assert words in page
    answer = secretary.post(f"{address}steps/talk/", {"on": "2023-08-01"})
    assert answer.status_code == 422
    assert "早于" in answer.content.decode()
    assert secretary.post(f"{address}steps/talk/", {"on": "2023-09-20"})["Location"] == f"{address}#talk"
    secretary.post(f"{address}steps/activist/", {"on": "2023-12-10"})
    answer = secretary.post(f"{address}ask/activist_filing/")
    assert answer.status_code == 422
    assert "缺“入党申请书”" in answer.content.decode()
    for step in ("apply", "talk", "activist", "activist_filing"):
        for paper in BY_KEY[step].papers:
            secretary.post(f"{address}papers/", {"step": step, "kind": paper.key, "file": pdf()})
    assert secretary.post(f"{address}ask/activist_filing/", {"note": "请备案"}).status_code == 302
    page = officer.get("/admission/superior/").content.decode()
    [request] = re.findall(r"/admission/requests/\d+/", page)
    shown = officer.get(request).content.decode()
    assert "请备案" in shown
    assert officer.post(request, {"answer": "return", "on": "2023-12-20"}).status_code == 422
    assert officer.post(request, {"answer": "accept", "on": "2023-12-20"}).status_code == 302
    page = secretary.get("/admission/").content.decode()
    assert "入党积极分子" in page
    assert "高小雨" in page
    listed = secretary.get(f"{address}files/").content.decode()
    assert "入党材料清单" in listed
    with in_district(world.huiji):
        paper = AdmissionPaper.objects.first()
        assert paper is not None
    answer = secretary.get(f"/admission/papers/{paper.pk}/")
    assert b"".join(answer.streaming_content) == PDF
    assert answer["Content-Disposition"].startswith("attachment")
    assert "sandbox" in answer["Content-Security-Policy"]


def test_what_if_answers_and_stores_nothing(client_of: ClientOf, world: SimpleNamespace) -> None:
    with in_district(world.huiji):
        case = opened(world)
        go(world, case, "form")
    client = client_of("wangfang")
    page = client.get(f"/admission/{case.pk}/what-if/?vote=2027-05-12").content.decode()
    assert "最迟 2027 年 8 月 12 日" in page
    assert "最早 2028 年 5 月 12 日" in page
    unlawful = client.get(f"/admission/{case.pk}/what-if/?vote=2025-02-01").content.decode()
    assert "早于" in unlawful
    assert client.get(f"/admission/{case.pk}/what-if/?vote=nonsense").status_code == 422
    with in_district(world.huiji):
        assert not case.steps.filter(key="vote").exists()


def test_the_calendar_says_what_is_due(client_of: ClientOf, world: SimpleNamespace) -> None:
    with in_district(world.huiji):
        opened(world, applied_on=date(2026, 11, 10))
        late = opened(world, name="迟迟", applied_on=date(2026, 9, 1))
        asked = opened(world, name="将满")
        go(world, asked, "approve")
    client = client_of("wangfang")
    november = client.get("/admission/calendar/").content.decode()
    assert "迟迟" in november  # overdue since October
    assert "高小雨" not in november
    december = client.get("/admission/calendar/?month=2026-12").content.decode()
    assert "高小雨" in december
    assert "最后一天" in december
    assert client.get("/admission/calendar/?month=2026-13").status_code == 404
    assert late.pk


def test_pages_cost_the_same_however_many_there_are(
    client_of: ClientOf, world: SimpleNamespace, budget: Budget
) -> None:
    with in_district(world.huiji):
        for number in range(12):
            case = opened(world, name=f"人{'一二三四五六七八九十甲乙'[number]}")
            go(world, case, "activist")
    secretary, officer = client_of("wangfang"), client_of("zhangwei")
    for client, address, allowed in (
        (secretary, "/admission/", 11),
        (secretary, "/admission/calendar/", 11),
        (secretary, f"/admission/{case.pk}/", 12),
        (officer, "/admission/superior/", 9),
        (officer, "/admission/calendar/", 11),
    ):
        client.get(address)
        with budget(allowed):
            assert client.get(address).status_code == 200


def test_a_branch_that_is_not_ones_own(client_of: ClientOf, world: SimpleNamespace) -> None:
    with in_district(world.huiji):
        case = opened(world)
        other = Organization.objects.get(name="金河社区第四网格党支部")
    assert client_of("wangfang").get(f"/admission/?branch={other.pk}").status_code == 404
    assert client_of("zhangwei").get(f"/admission/?branch={other.pk}").status_code == 200
    for address in ("/admission/", f"/admission/{case.pk}/", "/admission/calendar/"):
        assert client_of("liqiang").get(address).status_code == 404
    assert client_of("zhaomin").get(f"/admission/{case.pk}/").status_code == 404


def test_a_request_is_seen_only_by_those_above(client_of: ClientOf, world: SimpleNamespace) -> None:
    with in_district(world.huiji):
        case = opened(world)
        go(world, case, "activist")
        file_papers(world, case, "activist_filing")
        asked = services.ask(actor=world.wangfang, case=case, step="activist_filing")
        assert AdmissionRequest.objects.filter(answer="").count() == 1
    assert client_of("wangfang").get(f"/admission/requests/{asked.pk}/").status_code == 403
    assert client_of("liqiang").get(f"/admission/requests/{asked.pk}/").status_code == 404
