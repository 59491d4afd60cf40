"""What the register says of a person, and what cannot be true of anybody: pure judgement over plain values."""

from __future__ import annotations

import re
from datetime import date
from typing import Any, Final, NamedTuple

import phonenumbers
from django.utils.translation import gettext as _

from dangjian.api.problems import FieldError
from dangjian.organizations import id_numbers
from dangjian.organizations.imports import words
from dangjian.organizations.models import Member, MemberStatus, Sex

ADULT_YEARS: Final = 18  # 中国共产党章程, article 1
FIRST_CONGRESS: Final = date(1921, 7, 23)
NAME_LENGTH: Final = 50
OCCUPATION_LENGTH: Final = 30
_MOBILE: Final = re.compile(r"1\d{10}")


class Particulars(NamedTuple):
    """Values of one person; empty and None: not known. `id_number` is the whole number."""

    name: str = ""
    status: str = MemberStatus.FULL
    sex: str = ""
    id_number: str = ""
    born_on: date | None = None
    phone: str = ""
    joined_on: date | None = None
    converted_on: date | None = None
    nationality: str = ""
    education: str = ""
    employment: str = ""
    occupation: str = ""
    is_floating: bool = False
    in_hardship: bool = False
    out_of_contact: bool = False

    def replaced(self, **given: Any) -> Particulars:
        """With `given` in their place; a number that is right brings the date of birth and the sex along, a nationality
        its 族."""
        if told := given.get("nationality"):
            given["nationality"] = words.nationality(told) or told
        try:
            number = id_numbers.parse(given.get("id_number", self.id_number))
        except id_numbers.Faulty:
            return self._replace(**given)
        given["id_number"] = number.number
        if given.get("born_on") is None:
            given["born_on"] = number.born_on
        if not given.get("sex"):
            given["sex"] = str(Sex.FEMALE if number.woman else Sex.MALE)
        return self._replace(**given)


NAMES: Final = Particulars._fields


def of(member: Member) -> Particulars:
    """As the register has them."""
    return Particulars(**{name: getattr(member, name) for name in NAMES})


def write(member: Member, wanted: Particulars) -> list[str]:
    """Put `wanted` into the unsaved row (but not the name); the names of the fields that changed."""
    before = of(member)
    changed = [name for name in NAMES if name != "name" and getattr(before, name) != getattr(wanted, name)]
    for name in changed:
        setattr(member, name, getattr(wanted, name))
    return changed


def faults(given: Particulars, *, today: date) -> list[FieldError]:
    """Everything that cannot be so, each with the field it is seen in."""
    parts = (_name, _number, _phone, _nationality, _occupation)
    return [*(fault for part in parts for fault in part(given)), *_dates(given, today)]


def _name(given: Particulars) -> list[FieldError]:
    if not given.name:
        return [FieldError("/name", "required", _("没有填姓名。"))]
    if len(given.name) > NAME_LENGTH:
        detail = _("姓名不能超过 %(most)s 个字。") % {"most": NAME_LENGTH}
        return [FieldError("/name", "too_long", detail)]
    if not given.name.isprintable() or any(sign.isdigit() for sign in given.name):
        return [FieldError("/name", "unprintable", _("姓名里有数字或看不见的字符，请核实。"))]
    return []


def faults_of_number(text: str) -> list[FieldError]:
    """What is wrong with an identity number by itself; an empty one is missing."""
    if not text:
        return [FieldError("/id_number", "required", _("请输入身份证号。"))]
    return _number(Particulars(name="", id_number=text))


def _number(given: Particulars) -> list[FieldError]:
    if not given.id_number:
        return []
    try:
        number = id_numbers.parse(given.id_number)
    except id_numbers.Faulty as fault:
        return [FieldError("/id_number", f"id_{fault.fault}", _why(fault.fault, given.id_number))]
    found = []
    if given.born_on not in (None, number.born_on):
        detail = _("出生日期与身份证号里的 %(day)s 不一致，请对照证件核实。") % {
            "day": number.born_on.isoformat()
        }
        found.append(FieldError("/born_on", "born_differs", detail))
    if given.sex not in ("", Sex.FEMALE if number.woman else Sex.MALE):
        detail = _("性别与身份证号不一致（第 17 位单数是男，双数是女），请对照证件核实。")
        found.append(FieldError("/sex", "sex_differs", detail))
    return found


def _why(fault: str, text: str) -> str:
    if fault == "length":
        count = {"count": len(text)}
        return _("身份证号应该是 18 位，这里是 %(count)s 位。请对照证件重填。") % count
    if fault == "characters":
        return _("身份证号只能是数字，最后一位可以是 X。请对照证件重填。")
    if fault == "birth_date":
        words = {"digits": text[6:14]}
        return _("身份证号第 7–14 位是出生日期，没有 %(digits)s 这一天。请对照证件核实。") % words
    return _("身份证号的最后一位校验码不对，多半是抄错了一位。请对照证件核实。")


def _phone(given: Particulars) -> list[FieldError]:
    if not given.phone or "*" in given.phone or _MOBILE.fullmatch(given.phone):  # demo people's are masked
        return []
    try:
        number = phonenumbers.parse(given.phone, "CN")
    except phonenumbers.NumberParseException:
        number = None
    # By their lengths alone ten digits could be a landline; in a roster they are a mobile number that lost one.
    if number is None or given.phone.startswith("1") or not phonenumbers.is_possible_number(number):
        return [FieldError("/phone", "phone", _("手机号应该是 11 位数字，请核实。"))]
    return []


def _nationality(given: Particulars) -> list[FieldError]:
    if not given.nationality or words.nationality(given.nationality) == given.nationality:
        return []
    detail = _("不认识民族“%(word)s”。请写全称，如“汉族”。") % {"word": given.nationality}
    return [FieldError("/nationality", "unknown_word", detail)]


def _occupation(given: Particulars) -> list[FieldError]:
    if len(given.occupation) <= OCCUPATION_LENGTH and given.occupation.isprintable():
        return []
    detail = _("职业不超过 %(most)s 个字，不要有看不见的字符。") % {"most": OCCUPATION_LENGTH}
    return [FieldError("/occupation", "bad_occupation", detail)]


def _dates(given: Particulars, today: date) -> list[FieldError]:
    found = []
    for name in ("born_on", "joined_on", "converted_on"):
        day: date | None = getattr(given, name)
        if day is not None and day > today:
            found.append(FieldError(f"/{name}", "in_future", _("日期在今天之后，请核实。")))
    if given.joined_on is not None and given.joined_on < FIRST_CONGRESS:
        found.append(FieldError("/joined_on", "too_early", _("入党日期在建党之前，请核实年份。")))
    if given.joined_on and given.born_on:
        years = _years(given.born_on, given.joined_on)
        if years < ADULT_YEARS:
            words = {"years": max(0, years), "year": given.born_on.year, "month": given.born_on.month}
            detail = _(
                "入党时只有 %(years)s 岁（%(year)s 年 %(month)s 月生）。入党须年满 18 周岁，请核实两个日期。"
            )
            found.append(FieldError("/joined_on", "under_age", detail % words))
    if given.joined_on and given.converted_on and given.converted_on < given.joined_on:
        detail = _("转正日期 %(converted)s 早于入党日期 %(joined)s，请核实两个日期。") % {
            "converted": given.converted_on.isoformat(),
            "joined": given.joined_on.isoformat(),
        }
        found.append(FieldError("/converted_on", "converted_before_joining", detail))
    elif given.converted_on and given.status == MemberStatus.PROBATIONARY and given.converted_on <= today:
        detail = _("已有转正日期，人员类别却是预备党员。请改一处。")
        found.append(FieldError("/converted_on", "converted_but_probationary", detail))
    return found


def _years(since: date, day: date) -> int:
    return day.year - since.year - ((day.month, day.day) < (since.month, since.day))
