"""The acts on an organisation: each a form, the service behind it, and a rehearsal that tells what it would do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dangjian.organizations import access, structure
from dangjian.organizations.admission.models import AdmissionCase, CaseState
from dangjian.organizations.models import Member, Office, Organization, OrganizationKind, PostHeld
from dangjian.organizations.structure import Act
from dangjian.organizations.tree import forms
from realtime import outbox

Given = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ActKind:
    """offered: whether it makes sense for an organisation that stands. run: does it, under the services' checks."""

    label: str | Promise
    done: str | Promise
    explain: str | Promise
    form: type[forms.ActForm]
    run: Callable[..., Any]
    icon: str
    offered: Callable[[Organization], bool] = lambda organization: True
    danger: bool = False


def _found(*, act: Act, organization: Organization, version: int, **given: Any) -> Organization:
    """What stands above a new organisation is not changed by it, so any version of it will do."""
    return structure.found(act=act, parent=organization, **given)


def _is_branch(organization: Organization) -> bool:
    return bool(organization.kind == OrganizationKind.BRANCH)


def _has_above(organization: Organization) -> bool:
    return bool(organization.depth > 1)


ACTS: Final[dict[str, ActKind]] = {
    "found": ActKind(
        label=gettext_lazy("在下面成立组织"),
        done=gettext_lazy("新的组织已经成立。"),
        explain=gettext_lazy("新的组织直接隶属于它。成立以后再转入党员、任命书记。"),
        form=forms.FoundForm,
        run=_found,
        icon="plus",
        offered=lambda organization: not _is_branch(organization),
    ),
    "rename": ActKind(
        label=gettext_lazy("更名"),
        done=gettext_lazy("名称已经更改。"),
        explain=gettext_lazy("动态和名单马上用新名称；查那天以前的情况时仍是旧名称。"),
        form=forms.RenameForm,
        run=structure.rename,
        icon="edit",
    ),
    "cover": ActKind(
        label=gettext_lazy("联合党支部的单位"),
        done=gettext_lazy("覆盖的单位已经登记。"),
        explain=gettext_lazy("正式党员不足的单位可以成立联合党支部。在这里写明它覆盖哪些单位。"),
        form=forms.CoverForm,
        run=structure.cover,
        icon="link",
        offered=_is_branch,
    ),
    "move": ActKind(
        label=gettext_lazy("调整隶属"),
        done=gettext_lazy("隶属关系已经调整。"),
        explain=gettext_lazy("连同它下面的全部组织、党员、职务和职责一起移过去。"),
        form=forms.MoveForm,
        run=structure.move,
        icon="transfer",
        offered=_has_above,
    ),
    "split": ActKind(
        label=gettext_lazy("分设支部"),
        done=gettext_lazy("新的支部已经分设。"),
        explain=gettext_lazy("在同一个上级下面成立一个新支部，选中的党员从那天起编入新支部。"),
        form=forms.SplitForm,
        run=structure.split,
        icon="branch",
        offered=_is_branch,
    ),
    "merge": ActKind(
        label=gettext_lazy("并入别的支部"),
        done=gettext_lazy("支部已经合并。"),
        explain=gettext_lazy("党员全部编入另一个支部，本支部的职务同时免去，沿革保留。"),
        form=forms.MergeForm,
        run=structure.merge,
        icon="link",
        offered=_is_branch,
        danger=True,
    ),
    "dissolve": ActKind(
        label=gettext_lazy("撤销"),
        done=gettext_lazy("组织已经撤销。"),
        explain=gettext_lazy("党员先有去处才能撤销。职务和职责同时结束，沿革和以前的记录保留。"),
        form=forms.DissolveForm,
        run=structure.dissolve,
        icon="close",
        offered=_has_above,
        danger=True,
    ),
}  # fmt: skip


def offered(organization: Organization) -> dict[str, ActKind]:
    """The acts that make sense for it; none for one that is no more."""
    if organization.dissolved_on is not None:
        return {}
    return {key: kind for key, kind in ACTS.items() if kind.offered(organization)}


def perform(kind: ActKind, *, actor: Member, organization: Organization, given: Given) -> Organization | None:
    """The organisation that was made, if one was. Raises as `structure` does."""
    rest = {name: value for name, value in given.items() if name not in {"on", "reason", "document"}}
    act = Act(actor, given["on"], given["reason"], given["document"])
    made: Organization | None = kind.run(act=act, organization=organization, **rest)
    return made


class _Rehearsed(Exception):
    """Takes everything back."""


def rehearse(kind: ActKind, *, actor: Member, organization: Organization, given: Given) -> None:
    """Do it and take it back, so that what would be refused is refused before anybody confirms.

    Raises as `structure` does.
    """
    try:
        with outbox.atomic():
            perform(kind, actor=actor, organization=organization, given=given)
            raise _Rehearsed
    except _Rehearsed:
        pass
    finally:
        access.forget_standing(actor)


def reminder(key: str, organization: Organization, given: Given) -> str:
    """What is easily overlooked in what was filled in, and stands in nothing's way; empty where nothing is."""
    if key != "rename" or given["name"] == organization.name:
        return ""
    short = structure.short_name_after(organization, given["name"], given["short_name"])
    if short != organization.short_name or short in given["name"]:
        return ""
    words = {"short": short}
    return _("简称没有改，名单里仍然显示“%(short)s”。要一起改，请点“回去改”。") % words


def consequences(key: str, organization: Organization, given: Given) -> list[tuple[str, str]]:
    """What goes along, in pairs of a word and what it stands for."""
    name = str(organization)
    within = Member.objects.filter(branch__path__startswith=organization.path).count()
    if key == "found":
        return [(_("新组织"), given["name"]), (_("上级"), name)]
    if key == "rename":
        short = structure.short_name_after(organization, given["name"], given["short_name"])
        return [(_("原来"), organization.name), (_("改为"), given["name"]), (_("名单里显示"), short)]
    if key == "cover":
        return [
            (_("原来"), organization.units.replace("\n", _("、")) or "—"),
            (_("改为"), _("、").join(given["units"]) or "—"),
        ]
    if key == "move":
        above = Organization.objects.get(path=organization.parent_path)
        below = Organization.objects.filter(path__startswith=organization.path, dissolved_on=None).count() - 1
        return [
            (_("原来的上级"), str(above)),
            (_("新的上级"), str(given["parent"])),
            (_("一起移动的下级组织"), _("%(n)s 个") % {"n": below}),
            (_("一起移动的党员"), _("%(n)s 名") % {"n": within}),
        ]
    if key == "split":
        going = len(given["members"])
        return [
            (_("新支部"), given["name"]),
            (_("分到新支部"), _("%(n)s 名") % {"n": going}),
            (_("留在原支部"), _("%(n)s 名") % {"n": within - going}),
        ]
    posts = PostHeld.objects.select_related("member").filter(organization=organization)
    ended = _("、").join(f"{held.member.name} {held.get_post_display()}" for held in posts)
    cases = AdmissionCase.objects.filter(branch=organization).exclude(state=CaseState.COMPLETED).count()
    found = [
        (_("转走的党员"), _("%(n)s 名") % {"n": within}),
        (_("一起转走的入党档案"), _("%(n)s 份") % {"n": cases}),
        (_("转到"), str(given["into"] or "—")),
        (_("免去的职务"), ended or "—"),
    ]
    offices = Office.objects.select_related("member").filter(organization=organization)
    taken = _("、").join(f"{office.member.name} {office.get_kind_display()}" for office in offices)
    return [*found, (_("收回的职责"), taken or "—")]
