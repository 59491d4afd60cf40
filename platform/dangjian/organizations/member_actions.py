"""What an officer can do to a member: each a form in the panel and the service behind it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dangjian.organizations import forms, services
from dangjian.organizations.access import Standing
from dangjian.organizations.leaving import services as leaving
from dangjian.organizations.models import Leaving, Member


@dataclass(frozen=True, slots=True)
class Action:
    """label: the row in the panel and the form's heading. explain: what will happen, before the button `verb`.

    run: does it, given actor, member and the form's values; a returned string is shown once: a one-time password, or
    with `shows` what that calls it.
    offered: whether it makes sense for a member of that standing. for_self: whether officers may do it to themselves.
    present, left: whether it is for those in the register, and for those who have left it.
    """

    label: str | Promise
    verb: str | Promise
    done: str | Promise
    explain: str | Promise
    form: type[forms.ReasonForm]
    run: Callable[..., Any]
    icon: str
    offered: Callable[[Member, Standing], bool] = lambda member, standing: True
    danger: bool = False
    for_self: bool = True
    present: bool = True
    left: bool = False
    shows: str | Promise = ""


def _take_office(*, member: Member, **given: Any) -> None:
    services.take_office(**given)


def _end_post(*, member: Member, **given: Any) -> None:
    services.end_post(**given)


ACTIONS: Final[dict[str, Action]] = {
    "password": Action(
        label=_("重置密码"),
        verb=_("生成一次性密码"),
        done=_("密码已重置。"),
        explain=_("旧密码马上失效，已登录的设备全部退出。新的一次性密码只显示这一次，可以打印。"),
        form=forms.ReasonForm,
        run=services.reset_password,
        icon="lock",
        offered=lambda member, standing: member.user.is_active,
        for_self=False,
    ),
    "set-post": Action(
        label=_("任职"),
        verb=_("记下任职"),
        done=_("任职已记下。"),
        explain=_("书记和副书记能看到本支部没登录过的党员，并以支部名义发动态。"),
        form=forms.SetPostForm,
        run=services.set_post,
        icon="branch",
    ),
    "end-post": Action(
        label=_("免职"),
        verb=_("记下免职"),
        done=_("免职已记下。"),
        explain=_("随职务而来的权限同时收回。"),
        form=forms.EndPostForm,
        run=_end_post,
        icon="close",
        offered=lambda member, standing: bool(standing.posts),
    ),
    "give-office": Action(
        label=_("授予职责"),
        verb=_("授予职责"),
        done=_("职责已授予。"),
        explain=_("管理员管党员、账号和内容；信息员发布信息；内容管理员处理举报。"),
        form=forms.GiveOfficeForm,
        run=services.give_office,
        icon="shield",
    ),
    "take-office": Action(
        label=_("收回职责"),
        verb=_("收回职责"),
        done=_("职责已收回。"),
        explain=_("权限马上收回，正开着的页面也一样。"),
        form=forms.TakeOfficeForm,
        run=_take_office,
        icon="close",
        offered=lambda member, standing: bool(standing.offices),
    ),
    "move": Action(
        label=_("转支部"),
        verb=_("转支部"),
        done=_("已转到新的支部。"),
        explain=_("以前发的动态仍留在原支部名下。"),
        form=forms.MoveForm,
        run=services.move_member,
        icon="transfer",
    ),
    "rename": Action(
        label=_("更正姓名"),
        verb=_("更正姓名"),
        done=_("姓名已更正。"),
        explain=_("动态和评论上的名字一起更正，登录账号不变。"),
        form=forms.RenameForm,
        run=services.rename_member,
        icon="edit",
        left=True,
    ),
    "correct": Action(
        label=_("更正资料"),
        verb=_("更正资料"),
        done=_("资料已更正。"),
        explain=_("改了哪几项、谁改的、为什么，都留在变更记录里。"),
        form=forms.CorrectForm,
        run=services.correct_member,
        icon="edit",
        left=True,
    ),
    "reveal": Action(
        label=_("查看身份证号"),
        verb=_("查看身份证号"),
        done="",
        explain=_("完整号码只显示这一次。谁看的、为什么看，会记入审计日志。"),
        form=forms.ReasonForm,
        run=services.reveal_id_number,
        icon="eye",
        offered=lambda member, standing: bool(member.id_number_sealed),
        left=True,
        shows=_("身份证号"),
    ),
    "deactivate": Action(
        label=_("停用账号"),
        verb=_("停用账号"),
        done=_("账号已停用，已登录的设备全部退出。"),
        explain=_("本人马上退出所有设备，不能再登录。动态、评论、职务和职责都保留，恢复后照旧。"),
        form=forms.ReasonForm,
        run=services.deactivate_member,
        icon="na",
        offered=lambda member, standing: member.user.is_active,
        danger=True,
        for_self=False,
    ),
    "reactivate": Action(
        label=_("恢复账号"),
        verb=_("恢复账号"),
        done=_("账号已恢复，可以用原来的密码登录。"),
        explain=_("用原来的密码就能登录，职务和职责照旧。"),
        form=forms.ReasonForm,
        run=services.reactivate_member,
        icon="refresh",
        offered=lambda member, standing: not member.user.is_active,
    ),
    "leave": Action(
        label=_("离开名册"),
        verb=_("记下离开"),
        done=_("已离开名册，账号同时停用。"),
        explain=_(
            "去世、除名、开除党籍、退党等。职务、职责、账号和没办完的转接、入党手续一并终止；动态、党费和历史都保留。"
        ),
        form=forms.LeaveForm,
        run=leaving.leave,
        icon="logout",
        danger=True,
        for_self=False,
    ),
    "restore": Action(
        label=_("恢复党籍"),
        verb=_("恢复党籍"),
        done=_("已经恢复，重新计入名册。"),
        explain=_("从那一天起重新计入名册。以前的职务和职责不会自动恢复，要的话重新任职、授予。"),
        form=forms.RestoreForm,
        run=leaving.restore,
        icon="refresh",
        offered=lambda member, standing: member.left_kind != Leaving.DECEASED,
        present=False,
        left=True,
    ),
    "take-back": Action(
        label=_("撤回离开记录"),
        verb=_("撤回离开记录"),
        done=_("离开的记录已撤回，在册时间连续计算。"),
        explain=_(
            "只用于记错了的情况：仍在原支部，在册时间连续计算，没有人接任的职务一并恢复。职责和转接要另外重新办。"
        ),
        form=forms.TakeBackForm,
        run=leaving.take_back,
        icon="edit",
        present=False,
        left=True,
    ),
}


def offered(actor: Member, member: Member, standing: Standing) -> dict[str, Action]:
    """The actions that make sense for `member`, whom `actor` may manage."""
    return {
        key: action
        for key, action in ACTIONS.items()
        if (action.present if member.left_on is None else action.left)
        and action.offered(member, standing)
        and (action.for_self or actor != member)
    }
