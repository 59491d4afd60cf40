"""The things the rows of the permission table speak of."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from PIL import Image

from dangjian.identity.models import ServiceClient, Session, User
from dangjian.identity.sessions import SessionStore
from dangjian.interaction import photos, services
from dangjian.interaction.models import Comment, Post
from dangjian.organizations import member_list
from dangjian.organizations.admission import services as admission
from dangjian.organizations.admission.models import (
    AdmissionCase,
    AdmissionPaper,
    AdmissionRequest,
    AdmissionStep,
)
from dangjian.organizations.corrections import services as corrections
from dangjian.organizations.corrections.models import Correction
from dangjian.organizations.dues import services as dues
from dangjian.organizations.dues.models import DuesCharge, DuesPayment
from dangjian.organizations.elections import services as elections
from dangjian.organizations.elections.models import Election
from dangjian.organizations.groups import services as groups
from dangjian.organizations.models import Import, Member, Office, OfficeKind, Organization
from dangjian.organizations.transfers import services as transfers
from dangjian.organizations.transfers.models import Transfer
from dangjian.rules.months import add_months
from tenants.context import in_district
from tests import cast

FAR_AWAY = 5_000_000  # an id that only Luoyang has


def picture() -> SimpleUploadedFile:
    buffer = io.BytesIO()
    Image.new("RGB", (40, 30), (200, 22, 29)).save(buffer, "JPEG")
    return SimpleUploadedFile("a.jpg", buffer.getvalue(), content_type="image/jpeg")


def roster() -> SimpleUploadedFile:
    return SimpleUploadedFile("名册.csv", "姓名,所在支部\n".encode(), content_type="text/csv")


@pytest.fixture
def stage(world: SimpleNamespace, tmp_path: Any, settings: Any) -> dict[str, Any]:
    """Ids in Huiji by name, and under ``foreign`` ones that only Luoyang has."""
    settings.MEDIA_ROOT = str(tmp_path)
    things: dict[str, Any] = {"password": cast.PASSWORD}
    with in_district(world.huiji):
        user = User.objects.create_user("hemin", cast.PASSWORD, name="何敏")
        hemin = Member.objects.create(
            user=user, branch=world.huiji_orgs.office, name="何敏", pinyin="hemin", initials="hm"
        )
        Office.objects.create(member=hemin, kind=OfficeKind.MODERATOR, organization=world.huiji_orgs.root)
        kept = photos.keep(owner=world.wangfang, file=picture())
        for visibility in ("branch", "committee", "district"):
            post = services.create_post(
                author=world.wangfang,
                kind="branch_news",
                text="三月主题党日",
                visibility=visibility,
                photos=[kept.pk] if visibility == "branch" else [],
            )
            things[f"{visibility}_post"] = post.pk
        things["branch_post_version"] = Post.objects.get(pk=things["branch_post"]).version
        comment = services.add_comment(
            post=Post.objects.get(pk=things["branch_post"]), author=world.liqiang, text="收到"
        )
        hidden_post = services.create_post(
            author=world.wangfang, kind="snapshot", text="有误", visibility="branch"
        )
        services.hide_post(post=hidden_post, by=world.zhangwei, reason="有误")
        hidden_comment = services.add_comment(
            post=Post.objects.get(pk=things["branch_post"]), author=world.wangfang, text="有误"
        )
        services.hide_comment(comment=hidden_comment, by=world.zhangwei, reason="有误")
        report = services.report(
            post=Post.objects.get(pk=things["branch_post"]), by=world.liqiang, reason="请看一看"
        )
        SessionStore.for_user(world.liqiang.user)
        read, applied = (
            Import.objects.create(
                kind="members", by=world.zhangwei, state=state, counts={"new": 1}, applied_at=timezone.now()
            )
            for state in ("ready", "applied")
        )
        leaving = Member.objects.create(
            user=User.objects.create(username="sunyan", name="孙燕"),
            branch=world.huiji_orgs.grid3, name="孙燕", pinyin="sunyan", initials="sy",
        )  # fmt: skip
        transfer = transfers.propose(
            actor=world.wangfang, member=leaving, receiving=world.huiji_orgs.sunzhuang, reason="调动"
        )
        recorded, submitted = _elections(world)
        days_ago = timezone.localdate() - timedelta(days=9)
        group = groups.form(
            groups.Act(world.wangfang, world.huiji_orgs.grid3, 0, days_ago, "支委会决定"),
            name="第一党小组",
            members=[world.liqiang.pk],
        )
        month = timezone.localdate().replace(day=1)
        dues.set_basis(
            actor=world.wangfang,
            member=world.wangfang,
            since=add_months(month, -2),
            kind="student",
            reason="核定",
        )
        dues.enter(
            actor=world.wangfang, branch=world.huiji_orgs.grid3, month=add_months(month, -2), version=0, entries={},
            everybody_paid=True,
        )  # fmt: skip
        correction = corrections.ask(
            member=world.liqiang, field="nationality", wanted="回族", reason="登记错了"
        )
        case, asked, paper, ended = _admissions(world)
        things |= {
            "month": f"{month:%Y-%m}",
            "dues_payment": DuesPayment.objects.get().pk,
            "transfer": transfer.pk,
            "correction": correction.pk,
            "group": group.pk,
            "groups_version": groups.version_of(world.huiji_orgs.grid3),
            "election": recorded.pk,
            "submitted_election": submitted.pk,
            "other_member": world.zhoujie.pk,
            "today": timezone.localdate().isoformat(),
            "other_branch": world.huiji_orgs.sunzhuang.pk,
            "admission": case.pk,
            "admission_request": asked.pk,
            "paper": paper.pk,
            "ended_admission": ended.pk,
            "import": read.pk,
            "applied_import": applied.pk,
            "saved_view": member_list.keep_view(member=world.zhangwei, name="男党员", query="sex=male").pk,
            "hidden_post": hidden_post.pk,
            "hidden_comment": hidden_comment.pk,
            "report": report.pk,
            "comment": comment.pk,
            "photo": kept.pk,
            "service_client": ServiceClient.objects.create(
                client_id="integration-stage", name="人事系统", scopes=["members.read"]
            ).pk,
            "member": world.liqiang.pk,
            "branch": world.huiji_orgs.grid3.pk,
            "member_session": Session.objects.filter(user=world.liqiang.user).latest("id").pk,
        }
    with in_district(world.centre):
        SessionStore.for_user(User.objects.get(username="chenjing"))
        things["central_session"] = Session.objects.latest("id").pk
    things["foreign"] = things["foreign_branch"] = _in_luoyang(world)
    return things


def _elections(world: SimpleNamespace) -> tuple[Election, Election]:
    """One that the branch's secretary has recorded, and one that another branch has submitted."""
    hers, officer, orgs = world.wangfang, world.zhangwei, world.huiji_orgs
    there = Member.objects.create(
        user=User.objects.create(username="luping", name="陆平"),
        branch=orgs.grid4, name="陆平", pinyin="luping", initials="lp",
    )  # fmt: skip
    recorded = elections.record(actor=hers, organization=orgs.grid3, minutes=_minutes(world.liqiang, 2))
    submitted = elections.record(actor=officer, organization=orgs.grid4, minutes=_minutes(there, 1))
    return recorded, elections.submit(actor=officer, election=submitted)


def _minutes(elected: Member, number: int) -> elections.Minutes:
    return elections.Minutes(
        held_on=timezone.localdate(), document="金三支〔2026〕3号", committee=False, seats=1, eligible=number,
        present=number, issued=number, returned=number, valid=number, invalid=0,
        candidates=(elections.Stood(elected.pk, number, "secretary"),),
    )  # fmt: skip


def _admissions(world: SimpleNamespace) -> tuple[Any, Any, Any, Any]:
    """Somebody on the way into the branch, what was asked for another, a paper, and one who was ended."""
    branch, born = world.huiji_orgs.grid3, date(1998, 6, 15)
    case, other, ended = (
        admission.open_case(
            actor=world.wangfang, branch=branch, name=name, born_on=born, applied_on=date(2025, 3, 1)
        )
        for name in ("高小雨", "丁一", "于是")
    )
    paper = admission.add_paper(actor=world.wangfang, case=case, step="apply", kind="", file=picture())
    asked = AdmissionRequest.objects.create(case=other, step="activist_filing", by=world.wangfang)
    admission.cancel(actor=world.wangfang, case=ended, reason="本人撤回")
    return case, asked, paper, ended


def _in_luoyang(world: SimpleNamespace) -> int:
    """Give Luoyang one of everything under one id that exists nowhere else."""
    with in_district(world.luoyang):
        user = User.objects.create(id=FAR_AWAY, username="far", name="远方")
        Member.objects.create(
            id=FAR_AWAY, user=user, branch=world.zhaomin.branch, name="远方", pinyin="yuanfang", initials="yf"
        )
        post = Post(
            id=FAR_AWAY,
            kind="snapshot",
            text="洛阳的花",
            visibility="district",
            audience=world.luoyang_orgs.root,
            author=world.zhaomin,
            branch=world.zhaomin.branch,
        )
        post.save(force_insert=True)
        case = AdmissionCase.objects.create(
            id=FAR_AWAY, branch=world.zhaomin.branch, name="洛阳的申请人", born_on=date(1998, 6, 15)
        )
        AdmissionStep.objects.create(case=case, key="apply", on=date(2025, 3, 1))
        AdmissionRequest.objects.create(id=FAR_AWAY, case=case, step="activist_filing", by=world.zhaomin)
        AdmissionPaper.objects.create(
            id=FAR_AWAY, case=case, step="apply", name="洛阳的.pdf", file="admission/1/x.pdf",
            media_type="application/pdf", size=1, digest="", by=world.zhaomin,
        )  # fmt: skip
        Import.objects.create(id=FAR_AWAY, kind="members", by=world.sunli, state="ready")
        ServiceClient.objects.create(id=FAR_AWAY, client_id="integration-far", name="洛阳的系统")
        far = Organization(
            id=FAR_AWAY, name="远方支部", short_name="远方支部", kind="branch", sector="office"
        )
        above = Organization.objects.get(pk=world.luoyang_orgs.offices.pk)
        Organization.objects.add_child(above, instance=far)
        today = timezone.localdate()
        charge = DuesCharge.objects.create(
            id=FAR_AWAY,
            member=world.zhaomin,
            branch=world.zhaomin.branch,
            month=today.replace(day=1),
            amount=1,
        )
        DuesPayment.objects.create(
            id=FAR_AWAY, charge=charge, amount=1, way="cash", received_on=today, by=world.zhaomin
        )
        Transfer.objects.create(
            id=FAR_AWAY, member=world.zhaomin, leaving=world.zhaomin.branch, receiving=far, year=today.year, serial=1,
            reason="调动", proposed_on=today, answer_by=today, valid_until=today,
        )  # fmt: skip
        Correction.objects.create(
            id=FAR_AWAY, member=world.zhaomin, field="nationality", wanted="回族", reason="登记错了"
        )
        Election.objects.create(
            id=FAR_AWAY, organization=far, held_on=today, document="洛支〔2026〕1号", committee=False, seats=1,
            eligible=1, present=1, issued=1, returned=1, valid=1, invalid=0,
        )  # fmt: skip
        Comment.objects.create(id=FAR_AWAY, post=post, author=world.zhaomin, text="洛阳的评论")
    return FAR_AWAY


USERNAMES = {
    "member": "liqiang",
    "secretary": "wangfang",
    "officer": "zhangwei",
    "editor": "liuna",
    "moderator": "hemin",
    "other": "zhoujie",
}


@pytest.fixture
def visitor(
    stage: dict[str, Any], world: SimpleNamespace, client_of: Callable[..., Client]
) -> Callable[..., Client]:
    """``visitor("other", "district")``: that visitor's browser, on that host."""

    def cookie_of(username: str, district: Any) -> str:
        with in_district(district):
            return SessionStore.for_user(User.objects.get(username=username))

    def browser(name: str, host: str) -> Client:
        client = Client(headers={"host": "huiji.localhost" if host == "district" else "central.localhost"})
        sessions = {
            ("sibling", "district"): ("zhaomin", world.luoyang),
            ("centre", "district"): ("chenjing", world.centre),
            ("centre", "central"): ("chenjing", world.centre),
            ("sibling", "central"): ("zhangwei", world.huiji),
            **{(role, "district"): (username, world.huiji) for role, username in USERNAMES.items()},
        }
        if name != "anonymous":
            client.cookies[settings.SESSION_COOKIE_NAME] = cookie_of(*sessions[name, host])
        return client

    return browser
