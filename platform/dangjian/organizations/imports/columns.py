"""Which column holds what: titles as rosters have them, found in the first rows of a sheet."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dangjian.organizations.imports import cells
from dangjian.organizations.imports.reading import HEADER_WITHIN, Sheet, Unreadable
from dangjian.organizations.models import ImportKind


@dataclass(frozen=True, slots=True)
class Column:
    """title: the one of the template. others: titles that mean the same in a Chinese roster, whatever the language of
    the pages."""

    title: str
    label: str | Promise
    others: tuple[str, ...] = ()
    required: bool = False


MEMBERS: Final[Mapping[str, Column]] = {
    "name": Column("姓名", gettext_lazy("姓名"), ("党员姓名", "名字"), required=True),
    "sex": Column("性别", gettext_lazy("性别")),
    "id_number": Column(
        "身份证号", gettext_lazy("身份证号"), ("身份证", "身份证号码", "公民身份号码", "公民身份证号", "证件号码")
    ),
    "phone": Column("手机号", gettext_lazy("手机号"), ("手机", "手机号码", "联系电话", "电话", "联系方式")),
    "branch": Column(
        "所在支部", gettext_lazy("所在支部"),
        ("所在党支部", "党支部", "支部", "支部名称", "所属支部", "所属党支部", "所在党组织", "所属党组织"),
        required=True,
    ),
    "status": Column("人员类别", gettext_lazy("人员类别"), ("党员类别", "党员类型", "类别")),
    "joined_on": Column("入党日期", gettext_lazy("入党日期"), ("入党时间", "加入党组织日期", "加入党组织时间")),
    "converted_on": Column("转正日期", gettext_lazy("转正日期"), ("转正时间", "转为正式党员日期")),
    "education": Column("学历", gettext_lazy("学历"), ("文化程度", "最高学历")),
    "nationality": Column("民族", gettext_lazy("民族")),
    "born_on": Column("出生日期", gettext_lazy("出生日期"), ("出生年月", "出生时间", "出生年月日", "生日")),
    "employment": Column("收入来源", gettext_lazy("收入来源"), ("交纳党费类别", "党费类别")),
    "occupation": Column("职业", gettext_lazy("职业"), ("工作岗位", "岗位", "从事职业")),
}  # fmt: skip
ORGANIZATIONS: Final[Mapping[str, Column]] = {
    "name": Column("组织名称", gettext_lazy("组织名称"), ("党组织名称", "名称", "全称", "组织全称"), required=True),
    "short_name": Column("组织简称", gettext_lazy("组织简称"), ("简称", "党组织简称")),
    "kind": Column("组织类型", gettext_lazy("组织类型"), ("组织类别", "党组织类别", "类型"), required=True),
    "parent": Column(
        "上级组织", gettext_lazy("上级组织"), ("上级党组织", "上级党组织名称", "上级", "隶属"), required=True
    ),
    "sector": Column("所属类别", gettext_lazy("所属类别"), ("单位类别", "行业", "所在单位类别")),
    "founded_on": Column("成立日期", gettext_lazy("成立日期"), ("成立时间", "建立日期", "批准建立日期")),
}  # fmt: skip
BY_KIND: Final = {ImportKind.MEMBERS: MEMBERS, ImportKind.ORGANIZATIONS: ORGANIZATIONS}

_ORNAMENT: Final = re.compile(r"[\s*＊:：]|\(.*?\)|（.*?）|[(（].*$")


def plain(title: Any) -> str:
    """A title without stars, remarks in brackets and spaces, which rosters are full of."""
    return _ORNAMENT.sub("", cells.text(title))[:60]


@dataclass(frozen=True, slots=True)
class Table:
    """A sheet whose columns have titles. header: the index of their row. mapping: field → index of its column."""

    sheet: Sheet
    header: int
    titles: list[str]
    mapping: dict[str, int]


def find(
    sheets: Sequence[Sheet], kind: str, *, given: Mapping[str, str], remembered: Mapping[str, str]
) -> Table:
    """The first sheet with a row of known titles.

    given: field → title, as somebody said it for this file. remembered: title → field, of earlier ones.

    Raises:
        Unreadable: there is none (``no_header``).
    """
    columns = BY_KIND[ImportKind(kind)]
    known = {plain(title): name for name, each in columns.items() for title in (each.title, *each.others)}
    known |= {title: name for title, name in remembered.items() if name in columns}
    known |= {plain(title): name for name, title in given.items() if name in columns}
    best: Table | None = None
    for sheet in sheets:
        for index, row in enumerate(sheet.rows[:HEADER_WITHIN]):
            titles = [plain(cell) for cell in row]
            mapping: dict[str, int] = {}
            for position, title in enumerate(titles):
                if (name := known.get(title)) and name not in mapping:
                    mapping[name] = position
            if len(mapping) > (len(best.mapping) if best else 1):
                best = Table(sheet, index, [cells.text(cell)[:60] for cell in row], mapping)
        if best is not None:
            return best
    wanted = _("、").join(each.title for each in columns.values())
    detail = _("前 %(rows)s 行里没有认得的列名。请留一行标题，如：%(titles)s。")
    raise Unreadable("no_header", detail % {"rows": HEADER_WITHIN, "titles": wanted})


def missing(kind: str, mapping: Mapping[str, int]) -> list[str]:
    """Fields that must have a column and have none."""
    return [name for name, each in BY_KIND[ImportKind(kind)].items() if each.required and name not in mapping]
