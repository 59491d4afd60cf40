"""What is filled in of an election, as its minutes have it, and what the superior answers; the services judge."""

from __future__ import annotations

import re
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from dangjian.organizations.elections import words
from dangjian.organizations.elections.models import Election
from dangjian.organizations.elections.services import (
    DOCUMENT_LENGTH,
    MOST_CANDIDATES,
    Minutes,
    Stood,
)
from dangjian.organizations.forms import DayField
from dangjian.organizations.models import Member, Organization, OrganizationKind
from dangjian.organizations.services import NAME_LENGTH, REASON_LENGTH
from dangjian.organizations.transfers.forms import Styled

_MOST: Final = 20_000
_WITH_BRANCH: Final = re.compile(r"(?P<name>[^（(]+)[（(](?P<branch>.+)[）)]\Z")
# Of those who may stand, offered while typing; a committee's hundreds are found by their names.
_OFFERED: Final = 80
SPARE_ROWS: Final = 2
FEWEST_ROWS: Final = 4


class CountField(forms.IntegerField):
    """A whole number of people or ballots."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("min_value", 0)
        options.setdefault("max_value", _MOST)
        told = {name: _("请填写整数。") for name in ("required", "invalid", "min_value", "max_value")}
        options.setdefault("widget", forms.NumberInput(attrs={"inputmode": "numeric"}))
        super().__init__(error_messages=told, **options)


class MinutesForm(Styled):
    """The head of the minutes; who stood is in `candidate_forms`."""

    held_on = DayField(label=_("选举日期"))
    document = forms.CharField(
        label=_("文号"),
        max_length=DOCUMENT_LENGTH,
        help_text=_("选举结果报告的文号，比如：金三支〔2026〕3号。"),
        error_messages={"required": _("请写上选举结果报告的文号。"), "max_length": _("文号太长了，请核实。")},
    )
    committee = forms.TypedChoiceField(
        label=_("选什么"),
        choices=[("yes", _("委员会委员（差额）")), ("no", _("不设委员会，直接选书记、副书记"))],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
        error_messages={"required": _("请选择选的是委员会还是书记。")},
    )
    seats = CountField(label=_("应选人数"), min_value=1)
    eligible = CountField(label=_("应到会"), help_text=_("有选举权的正式党员；预备党员不算。"))
    present = CountField(label=_("到会"))
    issued = CountField(label=_("发出选票"))
    returned = CountField(label=_("收回选票"))
    valid = CountField(label=_("有效票"))
    invalid = CountField(label=_("无效票"))
    shift_by = forms.ModelChoiceField(
        label=_("批准提前或延期的组织"),
        queryset=Organization.objects.none(),
        empty_label=_("按期换届，不用填"),
        required=False,
        error_messages={"invalid_choice": _("请选择批准提前或延期的上级组织。")},
    )
    shift_document = forms.CharField(label=_("批准的文号"), max_length=DOCUMENT_LENGTH, required=False)
    shift_reason = forms.CharField(label=_("理由"), max_length=REASON_LENGTH, required=False)

    def __init__(self, *args: Any, organization: Organization, **options: Any) -> None:
        super().__init__(*args, **options)
        del self.fields["committee"].widget.attrs["class"]
        above: Any = self.fields["shift_by"]
        above.queryset = Organization.objects.filter(path__in=organization.path_prefixes()[:-1]).order_by(
            "-path"
        )

    def minutes(self, stood: tuple[Stood, ...]) -> Minutes:
        """What was filled in, once it is valid."""
        given = dict(self.cleaned_data)
        shift = given.pop("shift_by")
        return Minutes(**given, shift_by=shift.pk if shift else None, candidates=stood)


class CandidateForm(Styled):
    """One row: who, how many votes, to which post. An empty row is no candidate."""

    name = forms.CharField(label=_("候选人"), max_length=NAME_LENGTH + 80, required=False)
    votes = CountField(label=_("得票"), required=False)
    post = forms.ChoiceField(label=_("当选职务"), required=False)

    def __init__(self, *args: Any, organization: Organization, **options: Any) -> None:
        super().__init__(*args, **options)
        self.organization = organization
        post: Any = self.fields["post"]
        post.choices = [("", _("没有当选")), *words.posts(organization.kind)]
        self.fields["name"].widget.attrs["list"] = "may-stand"

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = self.cleaned_data
        name = " ".join(given.get("name", "").split())
        if not name:
            if given.get("votes") or given.get("post"):
                self.add_error("name", _("请写上候选人的姓名。"))
            return given
        if given.get("votes") is None and "votes" not in self.errors:
            self.add_error("votes", _("请填写得票数，没有得票填 0。"))
        try:
            given["member"] = self._find(name)
        except ValidationError as fault:
            self.add_error("name", fault)
        return given

    def stood(self) -> Stood | None:
        member = self.cleaned_data.get("member")
        return Stood(member.pk, self.cleaned_data["votes"], self.cleaned_data["post"]) if member else None

    def _find(self, text: str) -> Member:
        """The one of that name in the organisation; where there are two, with the branch behind it."""
        people = Member.objects.select_related("branch").filter(
            branch__path__startswith=self.organization.path
        )
        found = list(people.filter(name=text)[:5])
        told = _WITH_BRANCH.match(text)
        if not found and told:
            named = people.filter(name=told["name"].strip())
            found = [each for each in named if told["branch"].strip() in {str(each.branch), each.branch.name}]
        if len(found) == 1:
            return found[0]
        named_so: dict[str, Any] = {"name": text, "organization": self.organization}
        if not found:
            raise ValidationError(
                gettext("%(organization)s 里没有叫“%(name)s”的党员，请核实姓名。") % named_so
            )
        named_so["labels"] = gettext("、").join(label(each) for each in found)
        raise ValidationError(gettext("有几位同名的，请写成其中一个：%(labels)s。") % named_so)


class _CandidateForms(forms.BaseFormSet):
    def stood(self) -> tuple[Stood, ...]:
        return tuple(found for form in self.forms if (found := form.stood()) is not None)


def candidate_forms(
    data: Any, *, organization: Organization, initial: list[dict[str, Any]], more: bool = False
) -> Any:
    """The rows of the candidates, with a few to spare. more: as many again."""
    filled = max(len(initial) + SPARE_ROWS, FEWEST_ROWS)
    kind = forms.formset_factory(
        CandidateForm,
        formset=_CandidateForms,
        extra=filled - len(initial),
        max_num=MOST_CANDIDATES,
        absolute_max=MOST_CANDIDATES,
        validate_max=True,
    )
    if more and data is not None:
        data = data.copy()
        rows = data.get("stood-TOTAL_FORMS", "")
        if rows.isdecimal():
            data["stood-TOTAL_FORMS"] = str(min(MOST_CANDIDATES, int(rows) + FEWEST_ROWS))
    return kind(data, initial=initial, prefix="stood", form_kwargs={"organization": organization})


def label(member: Member) -> str:
    return f"{member.name}（{member.branch}）"


def offered(organization: Organization) -> list[str]:
    """The names that are offered while one types."""
    people = Member.objects.filter(branch__path__startswith=organization.path).order_by("pinyin", "id")
    names = list(people.values_list("name", flat=True)[: _OFFERED + 1])
    return names if len(names) <= _OFFERED else []


def filled_in(election: Election) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What stands in a record, for both forms."""
    names = [name for name in MinutesForm.base_fields if name not in {"committee", "shift_by"}]
    head: dict[str, Any] = {name: getattr(election, name) for name in names}
    head |= {"committee": "yes" if election.committee else "no", "shift_by": election.shift_by_id}
    alone = election.organization.kind == OrganizationKind.BRANCH
    stood = [
        {
            "name": each.member.name if alone else label(each.member),
            "votes": each.votes,
            "post": each.post,
        }
        for each in election.candidates.select_related("member__branch").order_by("-votes", "id")
    ]
    return head, stood


class ApproveForm(Styled):
    on = DayField(label=_("从哪天起任职"), help_text=_("原来的职务同一天免去。"))
    document = forms.CharField(label=_("批复文号"), max_length=DOCUMENT_LENGTH, required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["on"].initial = timezone.localdate()


class _ReasonForm(Styled):
    reason = forms.CharField(
        label=_("原因"),
        max_length=REASON_LENGTH,
        error_messages={
            "required": _("请写明原因，对方会看到。"),
            "max_length": _("原因太长了，请写短一些。"),
        },
    )


class ReturnForm(_ReasonForm):
    pass


class DiscardForm(_ReasonForm):
    pass


class SubmitForm(forms.Form):
    pass
