"""What is filled in to divide a branch into groups; the services have the last word."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dangjian.organizations.forms import DayField
from dangjian.organizations.groups.models import NAME_LENGTH
from dangjian.organizations.groups.queries import Division, Group, Person
from dangjian.organizations.groups.services import DOCUMENT_LENGTH
from dangjian.organizations.services import REASON_LENGTH
from dangjian.organizations.transfers.forms import Styled

_NOT_HERE = {"invalid_choice": _("选中的党员已不在这个支部，请重新选择。")}
_NO_GROUP = {"invalid_choice": _("这个党小组已经不在了，请重新选择。")}


class ActForm(Styled):
    """`version` is what the actor saw of the branch's groups; the act is refused when they are no longer so."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    on = DayField(label=_("从哪天起"), help_text=_("补记以前的也可以。那天以后才到支部的，从到的那天算。"))
    document = forms.CharField(label=_("文号"), max_length=DOCUMENT_LENGTH, required=False)
    reason = forms.CharField(
        label=_("原因"),
        max_length=REASON_LENGTH,
        help_text=_("比如：支委会研究决定，按居住地划分。会写进党员档案和审计日志。"),
        error_messages={
            "required": _("请写明原因，它会写进党员档案和审计日志。"),
            "max_length": _("原因太长了，请写短一些。"),
        },
    )

    first: ClassVar[tuple[str, ...]] = ()

    def __init__(self, *args: Any, division: Division, **options: Any) -> None:
        """`division`: the branch as it stands today."""
        super().__init__(*args, **options)
        self.division = division
        self.initial = {"on": timezone.localdate(), **self.initial, "version": division.version}
        self.prepare()
        self.order_fields([*self.first, "on", "document", "reason", "version"])
        if self.is_bound:
            for name in self.errors:
                if name in self.fields:
                    self.mark(name)

    def prepare(self) -> None:
        """Fill the choices."""

    def mark(self, name: str) -> None:
        """Have a field say to screen readers that something is wrong with it."""
        self.fields[name].widget.attrs |= {"aria-invalid": "true", "aria-describedby": f"id_{name}_error"}

    def renew(self, data: Any) -> None:
        """Have the posted `data` say how it is now where that was not touched."""

    def offer(self, name: str, choices: Any) -> None:
        field: Any = self.fields[name]
        field.choices = choices


class NewGroupForm(ActForm):
    name = forms.CharField(
        label=_("名称"),
        max_length=NAME_LENGTH,
        help_text=_("比如：第一党小组，河西党小组。"),
        error_messages={
            "required": _("请填写党小组的名称，比如：第一党小组。"),
            "max_length": _("名称太长了，请写短一些。"),
        },
    )
    members = forms.TypedMultipleChoiceField(
        label=_("编入的党员"),
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("请选择编入这个党小组的党员。"), **_NOT_HERE},
    )
    leader = forms.TypedChoiceField(
        label=_("组长"), coerce=int, empty_value=None, required=False, error_messages=_NOT_HERE
    )
    first = ("name", "members", "leader")

    def prepare(self) -> None:
        del self.fields["members"].widget.attrs["class"]
        people = _everybody(self.division)
        self.offer("members", [(person.id, person.name) for person, _group in people])
        self.offer("leader", [("", _("以后再定")), *((person.id, person.name) for person, _group in people)])

    @property
    def picks(self) -> list[tuple[Any, str]]:
        """The choices of `members`, each with the name of the group they are in now."""
        groups = [group.name if group is not None else "" for _person, group in _everybody(self.division)]
        return list(zip(self["members"], groups, strict=True))


class RenameGroupForm(ActForm):
    name = forms.CharField(
        label=_("新名称"),
        max_length=NAME_LENGTH,
        error_messages={
            "required": _("请填写党小组的名称，比如：第一党小组。"),
            "max_length": _("名称太长了，请写短一些。"),
        },
    )
    first = ("name",)


class DissolveGroupForm(ActForm):
    into = forms.TypedChoiceField(
        label=_("组员编入"), coerce=int, empty_value=None, required=False, error_messages=_NO_GROUP
    )
    first = ("into",)

    def __init__(self, *args: Any, leaving: int, **options: Any) -> None:
        self.leaving = leaving
        super().__init__(*args, **options)

    def prepare(self) -> None:
        others = [(group.id, group.name) for group in self.division.groups if group.id != self.leaving]
        self.offer("into", [("", _("先不编入党小组")), *others])


class ArrangeForm(ActForm):
    """The whole branch on one screen: everybody's group (``member_<id>``), every group's leader (``leader_<id>``).

    Each comes with what it was when the page was made (``initial-…``): what was not touched is not asked for, so that
    nobody's change is undone by a page that is older.
    """

    def prepare(self) -> None:
        groups = [("", _("未编入")), *((group.id, group.name) for group in self.division.groups)]
        people = _everybody(self.division)
        for group in self.division.groups:
            name = f"leader_{group.id}"
            self.fields[name] = _choice(
                group.name,
                [("", _("空缺")), *((person.id, person.name) for person, _group in people)],
                _NOT_HERE,
            )
            self.initial[name] = group.leader.id if group.leader is not None else ""
        for person, inside in people:
            name = f"member_{person.id}"
            self.fields[name] = _choice(person.name, groups, _NO_GROUP)
            self.initial[name] = inside.id if inside is not None else ""

    @property
    def told(self) -> list[Any]:
        """The fields of every act."""
        return [self[name] for name in ("on", "document", "reason")]

    @property
    def leaders(self) -> list[Any]:
        return [self[name] for name in self.fields if name.startswith("leader_")]

    @property
    def members(self) -> list[Any]:
        return [self[name] for name in self.fields if name.startswith("member_")]

    def arranged(self) -> dict[str, dict[int, int | None]]:
        """What `services.arrange` takes, of a valid form."""
        return {"members": self._given("member_"), "leaders": self._given("leader_")}

    def renew(self, data: Any) -> None:
        """Have the posted `data` say how it is now, but for what was touched."""
        for field in [*self.leaders, *self.members]:
            now, was = str(self.initial[field.name]), field.html_initial_name
            if data.get(field.name, "") == data.get(was, ""):
                data[field.name] = now
            data[was] = now

    def _given(self, prefix: str) -> dict[int, int | None]:
        return {
            int(name.removeprefix(prefix)): self.cleaned_data[name]
            for name in self.changed_data
            if name.startswith(prefix)
        }


def _choice(label: str, choices: Any, messages: Any) -> forms.TypedChoiceField:
    field = forms.TypedChoiceField(
        label=label,
        choices=choices,
        coerce=int,
        empty_value=None,
        required=False,
        error_messages=messages,
        show_hidden_initial=True,
    )
    field.widget.attrs |= {"class": "dj-input", "autocomplete": "off"}
    return field


def _everybody(division: Division) -> list[tuple[Person, Group | None]]:
    """The people of the branch as its list has them, each with their group."""
    inside: list[tuple[Person, Group | None]] = [
        (person, group) for group in division.groups for person in group.members
    ]
    return sorted([*inside, *((person, None) for person in division.rest)], key=lambda each: each[0].order)
