"""Pages of 制度依据. They judge by the same functions as the API, by the rules of the district that is asked."""

from __future__ import annotations

from itertools import groupby
from typing import Any, NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from dangjian.basis import words
from dangjian.basis.api import NO_RULE_ON_DUES, rules_of
from dangjian.basis.forms import AdmissionForm, DuesForm, OnForm, TermForm, first_of_all
from dangjian.rules import admission, dues, terms, values
from dangjian.rules.book import NoRule, Rule


class Line(NamedTuple):
    """A rule as the list shows it. national: the country's value, where the district asks for more."""

    rule: Rule
    said: str
    national: str
    mark: words.Shown


@never_cache
@require_safe
def rules(request: HttpRequest) -> HttpResponse:
    """Every rule in force on a day, grouped, each with where it stands and how sure it is."""
    form = OnForm(request.GET if "on" in request.GET else None, initial=first_of_all())
    good = not form.is_bound or form.is_valid()
    today = timezone.localdate()
    on = (form.cleaned_data["on"] or today) if form.is_bound and good else today
    found = rules_of(request).in_force(on)
    context = {
        "heading": _("制度依据"),
        "form": form.marked() if not good else form,
        "on": on,
        "is_today": on == today,
        "groups": [
            (key, words.GROUPS[key], [_line(each) for each in grouped])
            for key, grouped in groupby(found, key=lambda each: each.group)
        ],
        "local": sum(each.national is not None for each in found),
        "notes": list(dict.fromkeys(str(each.source.note) for each in found if each.source.note)),
    }
    return render(request, "basis/rules.html", context, status=200 if good else 422)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def dues_reckoner(request: HttpRequest) -> HttpResponse:
    """What a member owes for a month."""
    form = DuesForm(request.POST or None, initial=first_of_all())
    owed = None
    if form.is_valid():
        given = form.cleaned_data
        try:
            owed = dues.dues(
                rules_of(request), given["kind"], on=given["on"], monthly_base=given["monthly_base"]
            )
        except NoRule:
            form.add_error("on", str(NO_RULE_ON_DUES))
    context: dict[str, Any] = {"heading": _("党费试算"), "verb": _("算一算"), "owed": owed}
    if owed is not None:
        context |= {
            "mark": words.mark(owed.rule),
            "percent": values.percent(owed.rate) if owed.rate is not None else "",
            "base": form.cleaned_data["monthly_base"],
        }
    return _page(request, "basis/dues.html", form, context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def term_reckoner(request: HttpRequest) -> HttpResponse:
    """When a committee's term ends, and what may be done when."""
    form = TermForm(request.POST or None, initial=first_of_all())
    context: dict[str, Any] = {"heading": _("任期推算"), "verb": _("推算")}
    if form.is_valid():
        given = form.cleaned_data
        clock = terms.term_clock(
            rules_of(request), given["organization_kind"], elected_on=given["elected_on"],
            today=given["today"],
        )  # fmt: skip
        context |= {
            "clock": clock,
            "state": words.TERM_STATES[clock.state],
            "dates": sorted(
                [
                    (given["elected_on"], _("本届当选"), "", None),
                    (clock.earliest, _("经批准，最早可以换届"), "", clock.shift),
                    (clock.remind_from, _("上级开始提醒"), "", clock.remind),
                    (clock.ends_on, _("任期届满，应当换届"), "now", clock.rule),
                    (clock.latest, _("经批准，最迟换届"), "", clock.shift),
                ],
                key=lambda each: each[0],
            ),
        }
    return _page(request, "basis/term.html", form, context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def admission_reckoner(request: HttpRequest) -> HttpResponse:
    """What each step of an admission is, and "what if"."""
    form = AdmissionForm(request.POST or None, initial=first_of_all())
    context: dict[str, Any] = {"heading": _("发展党员推演"), "verb": _("看结论")}
    if form.is_valid():
        found = admission.assess(rules_of(request), form.case())
        context |= {
            "found": found,
            "stage": words.STAGES[found.stage],
            "steps": [(step, words.STEP_STATES[step.state]) for step in found.steps],
            "objections": sum(len(step.problems) for step in found.steps),
        }
    return _page(request, "basis/admission.html", form, context)


def _page(request: HttpRequest, template: str, form: Any, context: dict[str, Any]) -> HttpResponse:
    refused = form.is_bound and not form.is_valid()
    context["form"] = form.marked() if refused else form
    return render(request, template, context, status=422 if refused else 200)


def _line(rule: Rule) -> Line:
    national = _said(rule.national) if rule.national is not None else ""
    return Line(rule, _said(rule), national, words.mark(rule))


def _said(rule: Rule) -> str:
    """The value, or the values by kind of organisation: 村、社区 5 年；其他 3 年."""
    if not rule.by_kind:
        return rule.said()
    kinds: dict[str, list[str]] = {}
    for kind in rule.by_kind:
        kinds.setdefault(rule.of_kind(kind).said(), []).append(str(words.OF_KIND[kind]))
    parts = [
        _("%(kinds)s %(value)s") % {"kinds": _("、").join(named), "value": said}
        for said, named in kinds.items()
    ]
    return _("；").join(parts)
