"""Rosters: what is read, what is said of each row, what is written, and how it is taken back."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import xlwt
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from openpyxl import Workbook
from procrastinate.contrib.django.models import ProcrastinateJob

from dangjian.api.problems import Problem
from dangjian.audit.models import AuditRow
from dangjian.local.demo_data.particulars import id_number
from dangjian.organizations import sealing, timeline
from dangjian.organizations.imports import cells, reading, services
from dangjian.organizations.models import (
    ColumnTitle,
    Import,
    ImportRow,
    ImportState,
    Member,
    Membership,
    Organization,
    OrganizationKind,
)
from tenants.context import in_district, in_registry
from tests.organizations.conftest import Budget

ClientOf = Callable[..., Any]
TITLES = [
    "姓名",
    "性别",
    "身份证号",
    "手机号",
    "所在支部",
    "人员类别",
    "入党日期",
    "转正日期",
    "学历",
    "民族",
]
GRID4 = "金河社区第四网格党支部"
BORN = date(1980, 5, 6)


def number(which: int, *, born: date = BORN, woman: bool = False) -> str:
    return id_number(which, born, woman)


def person(which: int, **changed: Any) -> list[Any]:
    given = {
        "姓名": f"试{'甲乙丙丁戊己庚辛壬癸'[which % 10]}",
        "性别": "男",
        "身份证号": number(which),
        "手机号": "13812342671",
        "所在支部": GRID4,
        "人员类别": "正式党员",
        "入党日期": "2006-07-01",
        "转正日期": "2007-07-01",
        "学历": "大学本科",
        "民族": "汉族",
    } | changed
    return [given[title] for title in TITLES]


def workbook(rows: Sequence[Sequence[Any]], titles: Sequence[str] = TITLES, prepare: Any = None) -> bytes:
    book = Workbook()
    sheet: Any = book.active
    sheet.append(list(titles))
    for row in rows:
        sheet.append(list(row))
    if prepare:
        prepare(sheet)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def text(rows: Sequence[Sequence[Any]], encoding: str, delimiter: str = ",") -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter).writerows([TITLES, *rows])
    return buffer.getvalue().encode(encoding)


def uploaded(content: bytes, name: str = "名册.xlsx") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def judged(
    world: SimpleNamespace, content: bytes, kind: str = "members", by: str = "zhangwei", **more: Any
) -> Import:
    source = services.begin(by=getattr(world, by), kind=kind, file=uploaded(content), **more)
    services.run(source.pk)
    source.refresh_from_db()
    return source


def said(source: Import) -> dict[int, list[tuple[str, str]]]:
    """row → (field, code) of each problem."""
    return {
        row.number: [(each["field"], each["code"]) for each in row.problems]
        for row in source.rows.order_by("number")
        if row.problems
    }


def applied(world: SimpleNamespace, content: bytes, kind: str = "members") -> Import:
    source = judged(world, content, kind)
    assert source.state == ImportState.READY, (source.fault, said(source))
    services.apply(by=world.zhangwei, source=source)
    services.run(source.pk)
    source.refresh_from_db()
    assert source.state == ImportState.APPLIED, source.fault
    return source


# --- files -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        workbook([person(1)]),
        text([person(1)], "utf-8"),
        text([person(1)], "utf-8-sig"),
        text([person(1)], "gb18030"),
        text([person(1)], "gb18030", "\t"),
    ],
    ids=["xlsx", "utf-8", "utf-8-sig", "gb18030", "tabs"],
)
def test_the_same_roster_in_every_format(inside: SimpleNamespace, content: bytes) -> None:
    source = judged(inside, content)
    assert (source.state, source.counts) == ("ready", {"new": 1})


def test_an_old_workbook(inside: SimpleNamespace) -> None:
    """.xls as WPS and Excel 97–2003 write it."""
    book = xlwt.Workbook()
    sheet = book.add_sheet("名册")
    for index, row in enumerate([TITLES, person(1)]):
        for column, value in enumerate(row):
            sheet.write(index, column, value)
    buffer = io.BytesIO()
    book.save(buffer)
    assert judged(inside, buffer.getvalue()).counts == {"new": 1}


def bomb() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (210 * 1024 * 1024))
    return buffer.getvalue()


def lying_bomb() -> bytes:
    """One whose directory says that it is small."""
    content = bytearray(bomb())
    size = (210 * 1024 * 1024).to_bytes(4, "little")
    return bytes(content.replace(size, (1000).to_bytes(4, "little")))


def with_macros() -> bytes:
    buffer = io.BytesIO(workbook([person(1)]))
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"macro")
    return buffer.getvalue()


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
FILES: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"  \n", "empty"),
    "no table": (lambda: b"%PDF-1.7\nnothing here\n", "unknown_format"),
    "binary": (lambda: bytes(range(256)) * 4, "encoding"),
    "torn": (lambda: workbook([person(1)])[:900], "damaged"),
    "bomb": (bomb, "too_large"),
    "lying bomb": (lying_bomb, "damaged"),
    "macros": (with_macros, "macros"),
    "old macros": (lambda: OLE + "_VBA_PROJECT".encode("utf-16-le"), "macros"),
    "password": (lambda: OLE + "EncryptedPackage".encode("utf-16-le"), "encrypted"),
    "no header": (lambda: workbook([["甲", "乙"]], titles=["一", "二"]), "no_header"),
    "titles alone": (lambda: workbook([]), "empty"),
    "a column short": (lambda: workbook([["王五"]], titles=["姓名", "性别"]), "columns_missing"),
    "200,000 rows": (
        ("姓名,所在支部\n" + "王五,甲支部\n" * 200_000).encode,
        "too_many_rows",
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_cannot_be_taken_says_why(inside: SimpleNamespace, name: str) -> None:
    make, code = FILES[name]
    source = judged(inside, make())
    assert source.state == ImportState.REFUSED
    assert source.fault["code"] == code
    assert source.fault["message"].endswith("。")
    assert Member.objects.count() == 5


def test_many_rows_in_a_workbook_are_not_even_parsed(inside: SimpleNamespace) -> None:
    buffer = io.BytesIO()
    rows = b"".join(b'<row r="%d"><c r="A%d"><v>1</v></c></row>' % (n, n) for n in range(1, 200_001))
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"<worksheet><sheetData>" + rows)
    with pytest.raises(reading.Unreadable) as error:
        reading.read(buffer.getvalue())
    assert error.value.code == "too_many_rows"


# --- cells -----------------------------------------------------------------------------------------------------------

DAYS: list[tuple[Any, date | None]] = [
    ("2006-07-01", date(2006, 7, 1)),
    ("2006/7/1", date(2006, 7, 1)),
    ("2006.7.1", date(2006, 7, 1)),
    ("2006年7月1日", date(2006, 7, 1)),
    ("2006 年 7 月 1 日", date(2006, 7, 1)),
    ("20060701", date(2006, 7, 1)),
    (20060701, date(2006, 7, 1)),
    ("２００６－０７－０１", date(2006, 7, 1)),
    ("2006-07-01 00:00:00", date(2006, 7, 1)),
    ("2006-07-01  ", date(2006, 7, 1)),
    ("2006.07", date(2006, 7, 1)),
    ("200607", date(2006, 7, 1)),
    ("2006年7月", date(2006, 7, 1)),
    ("一九七五年七月", date(1975, 7, 1)),
    ("二〇〇六年十二月二十一日", date(2006, 12, 21)),
    (38899, date(2006, 7, 1)),
    (38899.0, date(2006, 7, 1)),
    ("38899", date(2006, 7, 1)),
    (datetime(2006, 7, 1, 0, 0), date(2006, 7, 1)),
    (date(2006, 7, 1), date(2006, 7, 1)),
    ("", None),
    (None, None),
]


@pytest.mark.parametrize(("cell", "day"), DAYS)
def test_dates_as_people_write_them(cell: Any, day: date | None) -> None:
    assert cells.day(cell) == day


@pytest.mark.parametrize(
    ("cell", "code", "words"),
    [
        ("2011-02-31", "no_such_day", "2011 年 2 月只有 28 天"),
        ("2012.2.30", "no_such_day", "29 天"),
        ("2011-13-01", "no_such_day", "13 月"),
        ("1806-07-01", "no_such_day", "1806"),
        ("07/01/2006", "no_date", "2006-07-01"),
        ("去年夏天", "no_date", "2006-07-01"),
        ("2006", "no_date", "2006-07"),
        (timedelta(hours=3), "no_date", ""),
        (4.1e17, "no_date", ""),
    ],
)
def test_no_such_dates(cell: Any, code: str, words: str) -> None:
    with pytest.raises(cells.Faulty) as error:
        cells.day(cell)
    assert error.value.code == code
    assert words in error.value.message


BAD: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
    ({"姓名": ""}, [("name", "required")]),
    ({"姓名": "王5"}, [("name", "unprintable")]),
    ({"身份证号": 4.10105198e17}, [("id_number", "id_number_as_number")]),
    ({"身份证号": "4.10105E+17"}, [("id_number", "id_number_as_number")]),
    (
        {"身份证号": number(1)[:-1] + ("1" if number(1)[-1] != "1" else "2")},
        [("id_number", "id_check_digit")],
    ),
    ({"身份证号": "41010519790532" + "1234"}, [("id_number", "id_birth_date")]),
    ({"身份证号": "410105790512123"}, [("id_number", "id_length")]),
    ({"身份证号": "41010519790512A234"}, [("id_number", "id_characters")]),
    ({"身份证号": ""}, [("id_number", "nobody")]),
    ({"性别": "女"}, [("sex", "sex_differs")]),
    ({"性别": "不详"}, [("sex", "unknown_word")]),
    ({"手机号": "1381234267"}, [("phone", "phone")]),
    ({"所在支部": ""}, [("branch", "required")]),
    ({"所在支部": "金河四网格支部"}, [("branch", "unknown_branch")]),
    ({"所在支部": "新城街道党工委"}, [("branch", "unknown_branch")]),
    ({"人员类别": ""}, [("status", "required")]),
    ({"人员类别": "群众"}, [("status", "unknown_word")]),
    ({"入党日期": "1995-01-01", "转正日期": "1996-01-01"}, [("joined_on", "under_age")]),
    ({"入党日期": "2006-02-31"}, [("joined_on", "no_such_day")]),
    ({"入党日期": "2106-07-01", "转正日期": ""}, [("joined_on", "in_future")]),
    ({"转正日期": "2005-07-01"}, [("converted_on", "converted_before_joining")]),
    ({"人员类别": "预备党员"}, [("converted_on", "converted_but_probationary")]),
    ({"学历": "很高"}, [("education", "unknown_word")]),
    ({"民族": "汉人"}, [("nationality", "unknown_word")]),
]


@pytest.mark.parametrize(
    ("changed", "expected"), BAD, ids=[str(each[1][0]) + str(n) for n, each in enumerate(BAD)]
)
def test_a_row_that_cannot_be_so_says_which_cell(
    inside: SimpleNamespace, changed: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    source = judged(inside, workbook([person(2), person(1, **changed)]))
    assert said(source) == {3: expected}
    assert source.counts == {"new": 1, "refused": 1}


def test_what_spreadsheets_do_to_good_values_is_put_right(inside: SimpleNamespace) -> None:
    row = person(
        1,
        姓名=" 试　甲 ",
        身份证号="".join(chr(ord(sign) + 0xFEE0) for sign in number(1)) + " ",
        入党日期=38899,
        转正日期=datetime(2007, 7, 1),
        民族="汉",
        手机号=13812342671,
    )
    applied(inside, workbook([row]))
    member = Member.objects.get(name="试甲")
    assert (member.id_number, member.joined_on, member.converted_on) == (
        number(1),
        date(2006, 7, 1),
        date(2007, 7, 1),
    )
    assert (member.born_on, member.sex, member.nationality, member.phone) == (
        BORN,
        "male",
        "汉族",
        "13812342671",
    )


def test_merged_cells_and_formulas_are_named(inside: SimpleNamespace) -> None:
    def prepare(sheet: Any) -> None:
        sheet.merge_cells("E2:E3")
        sheet["G4"] = "=DATE(2006,7,1)"

    source = judged(inside, workbook([person(1), person(2), person(3)], prepare=prepare))
    assert said(source) == {
        2: [("branch", "merged")],
        3: [("branch", "merged")],
        4: [("joined_on", "formula")],
    }


def test_a_title_above_the_header_and_unusual_columns(inside: SimpleNamespace) -> None:
    def prepare(sheet: Any) -> None:
        sheet.insert_rows(1)
        sheet["A1"] = "新城街道党员名册"
        sheet.merge_cells("A1:J1")

    titles = ["姓 名*", "性别", "公民身份号码", "联系电话", "党支部（全称）", *TITLES[5:]]
    source = judged(inside, workbook([person(1)], titles=titles, prepare=prepare))
    assert source.counts == {"new": 1}
    assert source.rows.get().number == 3
    odd = ["谁", "性别", "身份证号", "手机号", "哪里的", *TITLES[5:]]
    refused = judged(inside, workbook([person(1)], titles=odd))
    assert refused.fault["code"] == "columns_missing"
    services.map_columns(by=inside.zhangwei, source=refused, mapping={"name": "谁", "branch": "哪里的"})
    services.run(refused.pk)
    refused.refresh_from_db()
    assert refused.counts == {"new": 1}
    # The next file with these titles needs no telling.
    assert ColumnTitle.objects.count() == 2
    assert judged(inside, workbook([person(1)], titles=odd)).counts == {"new": 1}


def test_rows_against_each_other(inside: SimpleNamespace) -> None:
    rows = [
        person(1),
        person(1),
        person(2),
        person(2, 所在支部="孙庄村党支部"),
        person(3, 身份证号=number(4)),
    ]
    source = judged(inside, workbook(rows))
    assert said(source) == {3: [("id_number", "repeated")], 5: [("branch", "two_branches")]}
    message = source.rows.get(number=5).problems[0]["message"]
    assert "第 4 行" in message
    assert GRID4 in message


def test_units_are_found_by_short_names_or_by_being_told(inside: SimpleNamespace) -> None:
    rows = [
        person(1, 所在支部="金河社区第四网格支部"),
        person(2, 所在支部="第四网"),
        person(3, 所在支部="第四网"),
    ]
    source = judged(inside, workbook(rows))
    assert said(source) == {3: [("branch", "unknown_branch")], 4: [("branch", "unknown_branch")]}
    grid4 = inside.huiji_orgs.grid4
    services.name_unit(by=inside.zhangwei, source=source, name="第四网", organization=grid4)
    services.run(source.pk)
    source.refresh_from_db()
    assert source.counts == {"new": 3}


def test_a_near_name_is_suggested(inside: SimpleNamespace) -> None:
    source = judged(inside, workbook([person(1, 所在支部="金河社区四网格支部")]))
    problem = source.rows.get().problems[0]
    assert problem["suggestions"][0] == [inside.huiji_orgs.grid4.pk, GRID4]
    assert GRID4 in problem["message"]


# --- against the register --------------------------------------------------------------------------------------------


def test_a_second_time_nothing_changes(inside: SimpleNamespace) -> None:
    content = workbook([person(n) for n in range(1, 6)])
    applied(inside, content)
    assert judged(inside, content).counts == {"unchanged": 5}
    source = judged(inside, workbook([person(1, 学历="硕士"), person(2)]))
    assert source.counts == {"changed": 1, "unchanged": 1}


def test_duplicates_by_name_and_birth(inside: SimpleNamespace) -> None:
    Member.objects.filter(pk=inside.zhoujie.pk).update(born_on=BORN, name="试甲")
    # Without a number in the register it is the same person, elsewhere.
    source = judged(inside, workbook([person(1, 姓名="试甲")]))
    assert said(source) == {2: [("branch", "other_branch")]}
    member = Member.objects.get(pk=inside.zhoujie.pk)
    member.id_number = number(77)
    member.save()
    source = judged(inside, workbook([person(1, 姓名="试甲")]))
    assert said(source) == {2: [("id_number", "duplicate")]}


def test_a_name_that_was_misspelt_is_put_right_everywhere_and_taken_back(inside: SimpleNamespace) -> None:
    applied(inside, workbook([person(1)]))
    again = applied(inside, workbook([person(1, 姓名="施乙")]))
    member = Member.objects.select_related("user").get(name="施乙")
    assert (member.pinyin, member.initials, member.user.name) == ("shiyi", "sy", "施乙")
    assert member.history.latest().name == "施乙"
    services.undo(by=inside.zhangwei, source=again)
    member.refresh_from_db()
    member.user.refresh_from_db()
    assert (member.name, member.user.name) == ("试乙", "试乙")


def test_an_occupation_is_whatever_people_call_it(inside: SimpleNamespace) -> None:
    titles = [*TITLES, "工作岗位"]
    applied(inside, workbook([[*person(1), " 社区　网格员 "], [*person(2), ""]], titles))
    assert Member.objects.get(name="试乙").occupation == "社区 网格员"
    assert Member.objects.get(name="试丙").occupation == ""
    long = judged(inside, workbook([[*person(3), "岗" * 31]], titles))
    assert list(said(long).values()) == [[("occupation", "bad_occupation")]]


def test_an_empty_cell_takes_nothing_away(inside: SimpleNamespace) -> None:
    applied(inside, workbook([person(1)]))
    source = judged(inside, workbook([person(1, 手机号="", 学历="", 民族="")]))
    assert source.counts == {"unchanged": 1}


def test_an_officer_imports_what_they_look_after(inside: SimpleNamespace) -> None:
    from dangjian.organizations.models import Office

    Office.objects.create(member=inside.liuna, kind="officer", organization=inside.huiji_orgs.guxing)
    source = judged(inside, workbook([person(1), person(2, 所在支部="孙庄村党支部")]), by="liuna")
    assert said(source) == {2: [("branch", "not_yours")]}
    applied(inside, workbook([person(3)]))
    again = judged(inside, workbook([person(3, 所在支部="孙庄村党支部")]), by="liuna")
    assert said(again) == {2: [("id_number", "not_yours")]}


# --- writing and taking back -----------------------------------------------------------------------------------------


def test_what_is_written(inside: SimpleNamespace) -> None:
    source = applied(inside, workbook([person(1), person(2, 人员类别="群众"), person(3)]))
    assert source.counts == {"new": 2, "refused": 1}
    assert source.content == ""
    member = Member.objects.select_related("user").get(name="试乙")
    assert member.branch == inside.huiji_orgs.grid4
    assert (member.pinyin, member.user.username) == ("shiyi", "shiyi")
    assert member.user.must_change_password
    assert not member.user.has_usable_password()
    assert number(1) not in member.id_number_sealed
    assert member.masked_id_number == f"{number(1)[:4]}**********{number(1)[-4:]}"
    assert Membership.objects.get(member=member).since == date(2006, 7, 1)
    history = Member.history.get(id=member.pk)
    assert (history.history_type, history.history_user_id) == ("+", inside.zhangwei.user_id)
    assert timeline.disagreements() == []
    row = AuditRow.objects.latest("id")
    assert (row.action, row.detail["new"]) == ("import.apply", 2)


def test_nothing_of_people_lies_open(inside: SimpleNamespace) -> None:
    source = judged(inside, workbook([person(1), person(2, 身份证号="41010519790532" + "1234")]))
    kept = json.dumps(list(Import.objects.values()), default=str) + json.dumps(
        list(ImportRow.objects.values()), default=str
    )
    assert number(1) not in kept
    assert "410105197905321234" not in kept
    assert "41010519790532****" in kept
    assert sealing.unseal_json(source.rows.get(number=2).cells)["cells"]["id_number"] == number(1)


def test_undone_it_is_as_it_was(inside: SimpleNamespace) -> None:
    before = list(Member.objects.order_by("pk").values())
    first = applied(inside, workbook([person(1)]))
    second = applied(inside, workbook([person(1, 学历="博士", 手机号="13900001111"), person(2)]))
    services.undo(by=inside.zhangwei, source=second)
    member = Member.objects.get(name="试乙")
    assert (member.education, member.phone) == ("bachelor", "13812342671")
    assert not Member.objects.filter(name="试丙").exists()
    with pytest.raises(Problem) as error:  # the member was changed since, if only there and back
        services.undo(by=inside.zhangwei, source=first)
    assert (error.value.status, error.value.code) == (409, "built_upon")
    assert [row for row in Member.objects.order_by("pk").values() if row["id"] != member.pk] == before
    assert list(Member.history.filter(name="试丙").values_list("history_type", flat=True)) == ["-", "+"]
    assert timeline.disagreements() == []


def test_what_was_built_on_it_keeps_it(inside: SimpleNamespace) -> None:
    from dangjian.organizations import services as members

    source = applied(inside, workbook([person(1), person(2)]))
    member = Member.objects.select_related("user", "branch").get(name="试乙")
    members.set_post(
        actor=inside.zhangwei,
        member=member,
        organization=member.branch,
        post="secretary",
        since=None,
        reason="选举",
    )
    with pytest.raises(Problem) as error:
        services.undo(by=inside.zhangwei, source=source)
    assert "试乙" in error.value.detail
    assert Member.objects.filter(name="试丙").exists(), "all or nothing"


def test_later_than_a_day_it_stands(inside: SimpleNamespace) -> None:
    source = applied(inside, workbook([person(1)]))
    Import.objects.filter(pk=source.pk).update(applied_at=timezone.now() - timedelta(hours=25))
    with pytest.raises(Problem) as error:
        services.undo(by=inside.zhangwei, source=source)
    assert error.value.code == "too_late"


def test_progress_begins_anew_with_each_errand(inside: SimpleNamespace) -> None:
    source = judged(inside, workbook([person(which) for which in range(4)]))
    services.apply(by=inside.zhangwei, source=source)
    source.refresh_from_db()
    assert (source.state, services.progress(source)) == (ImportState.APPLYING, 0)


def test_what_changed_since_the_dry_run_is_looked_at_again(inside: SimpleNamespace) -> None:
    source = judged(inside, workbook([person(1), person(2)]))
    applied(inside, workbook([person(1)]))
    services.apply(by=inside.zhangwei, source=source)
    services.run(source.pk)
    source.refresh_from_db()
    assert (source.state, source.fault["code"]) == ("ready", "changed_meanwhile")
    assert source.counts == {"new": 1, "unchanged": 1}
    assert not Member.objects.filter(name="试丙").exists()


def test_a_fault_in_the_middle_leaves_nothing(
    inside: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dangjian.organizations.imports import writing

    source = judged(inside, workbook([person(n) for n in range(1, 5)]))
    services.apply(by=inside.zhangwei, source=source)

    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("the worker is gone")

    monkeypatch.setattr(writing, "_store", fail)  # its last step
    with pytest.raises(RuntimeError):
        services.run(source.pk)
    assert Member.objects.count() == 5
    monkeypatch.undo()
    services.run(source.pk)  # what the revived job does
    source.refresh_from_db()
    assert source.state == ImportState.APPLIED
    assert Member.objects.count() == 9


# --- organisations ---------------------------------------------------------------------------------------------------

UNITS = ["组织名称", "组织简称", "组织类型", "上级组织", "所属类别", "成立日期"]


def test_organizations_in_any_order(inside: SimpleNamespace) -> None:
    rows = [
        ["迎宾路街道东村党支部", "东村支部", "党支部", "迎宾路街道党工委", "村", "2020-06-01"],
        ["迎宾路街道党工委", "迎宾路街道", "党工委", "区委", "街道", "2019年1月"],
        [GRID4, "四网格", "党支部", "新城街道党工委", "社区", ""],
    ]
    source = applied(inside, workbook(rows, titles=UNITS), "organizations")
    assert source.counts == {"new": 2, "changed": 1}
    made = Organization.objects.get(name="迎宾路街道东村党支部")
    assert made.depth == 3
    assert made.periods.get().since == date(2020, 6, 1)
    assert timeline.disagreements() == []
    assert not any(Organization.objects.find_problems())
    services.undo(by=inside.zhangwei, source=source)
    assert Organization.objects.count() == 8
    assert Organization.objects.get(pk=inside.huiji_orgs.grid4.pk).short_name == GRID4
    assert timeline.disagreements() == []


def test_a_superior_in_the_same_file_by_its_short_name(inside: SimpleNamespace) -> None:
    rows = [
        ["迎宾路街道东村党支部", "", "党支部", "迎宾路党工委", "村", ""],
        ["中共惠济区迎宾路街道工作委员会", "迎宾路党工委", "党工委", "区委", "街道", ""],
        ["甲总支部委员会", "甲总支", "党总支", "乙总支", "村", ""],
        ["乙总支部委员会", "乙总支", "党总支", "甲总支", "村", ""],
        ["丙总支部一", "丙总支", "党总支", "区委", "村", ""],
        ["丙总支部二", "丙总支", "党总支", "区委", "村", ""],
        ["丙村党支部", "", "党支部", "丙总支", "村", ""],
    ]
    source = judged(inside, workbook(rows, titles=UNITS), "organizations")
    assert said(source) == {
        4: [("parent", "cycle")], 5: [("parent", "cycle")], 8: [("parent", "ambiguous")],
    }  # fmt: skip
    applied(inside, workbook(rows[:2], titles=UNITS), "organizations")
    superior = Organization.objects.get(name="中共惠济区迎宾路街道工作委员会")
    assert Organization.objects.get(name="迎宾路街道东村党支部").parent_path == superior.path


def test_organizations_that_cannot_be(inside: SimpleNamespace) -> None:
    rows = [
        ["甲党委", "", "基层党委", "乙党委", "", ""],
        ["乙党委", "", "基层党委", "甲党委", "", ""],
        ["丙党支部", "", "党支部", "甲党委", "", ""],
        ["丁党支部", "", "党支部", "没有的党委", "", ""],
        ["戊党支部", "", "党支部", GRID4, "", ""],
        ["己党支部", "", "小组", "区委", "", ""],
        [GRID4, "", "党支部", "古荥镇党委", "", ""],
        ["", "", "党支部", "区委", "", ""],
        ["庚党支部", "", "党支部", "区委", "", "2020-02-30"],
        ["庚党支部", "", "党支部", "区委", "", ""],
    ]
    source = judged(inside, workbook(rows, titles=UNITS), "organizations")
    assert said(source) == {
        2: [("parent", "cycle")],
        3: [("parent", "cycle")],
        4: [("parent", "cycle")],
        5: [("parent", "unknown_parent")],
        6: [("parent", "below_branch")],
        7: [("kind", "unknown_word")],
        8: [("parent", "other_parent")],
        9: [("name", "required")],
        10: [("founded_on", "no_such_day")],
        11: [("name", "repeated")],
    }


# --- by API ----------------------------------------------------------------------------------------------------------


def test_the_way_through_the_api(client_of: ClientOf, world: SimpleNamespace, budget: Budget) -> None:

    client = client_of("zhangwei")
    file = uploaded(workbook([person(1), person(2, 入党日期="2006-02-31")]))
    answer = client.post("/api/v1/imports/", {"file": file, "kind": "members"})
    assert answer.status_code == 202, answer.content
    address = f"/api/v1/imports/{answer.json()['id']}/"
    assert client.get(address).json()["state"] == "reading"
    with in_district(world.huiji):
        services.run(answer.json()["id"])
    with budget(6):
        told = client.get(address).json()
    assert told["state"] == "ready"
    assert told["rows"] == {"new": 1, "changed": 0, "unchanged": 0, "refused": 1}
    assert told["problems"] == [
        {
            "row": 3,
            "column": "入党日期",
            "value": "2006-02-31",
            "code": "no_such_day",
            "message": "2006 年 2 月只有 28 天，没有 31 日。",
        }
    ]
    assert client.post(f"{address}apply/").status_code == 202
    assert client.post(f"{address}apply/").status_code == 409
    with in_district(world.huiji):
        services.run(answer.json()["id"])
    assert client.get(address).json()["state"] == "applied"
    assert client.post(f"{address}undo/").status_code == 200
    assert client.get(address).json()["state"] == "undone"


@pytest.mark.parametrize("who", ["wangfang", "liqiang", "liuna"])
def test_only_officers_import(client_of: ClientOf, who: str) -> None:
    file = uploaded(workbook([person(1)]))
    assert client_of(who).post("/api/v1/imports/", {"file": file, "kind": "members"}).status_code == 404


@pytest.mark.parametrize(
    ("data", "pointer"),
    [
        ({"kind": "members"}, "/file"),
        ({"kind": "people", "file": True}, "/kind"),
        ({"kind": "members", "file": True, "mapping": "[1]"}, "/mapping"),
        ({"kind": "members", "file": True, "mapping": '{"nome": "x"}'}, "/mapping"),
        ({"kind": "members", "file": True, "mapping": '{"name": "a\\u0000b"}'}, "/mapping"),
    ],
)
def test_a_wrong_upload_says_what(client_of: ClientOf, data: dict[str, Any], pointer: str) -> None:
    if "file" in data:
        data = data | {"file": uploaded(workbook([person(1)]))}
    answer = client_of("zhangwei").post("/api/v1/imports/", data)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer


def test_an_empty_file_says_so(client_of: ClientOf) -> None:
    given = {"kind": "members", "file": SimpleUploadedFile("名册.csv", b"")}
    answer = client_of("zhangwei").post("/api/v1/imports/", given)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "empty")


def test_an_import_is_its_officers(client_of: ClientOf, world: SimpleNamespace) -> None:

    with in_district(world.huiji):
        source = judged(world, workbook([person(1)]))
    assert client_of("sunli").get(f"/api/v1/imports/{source.pk}/").status_code == 404
    assert client_of("liuna").get(f"/api/v1/imports/{source.pk}/").status_code == 404


def test_kinds_are_the_trees(inside: SimpleNamespace) -> None:
    from dangjian.organizations.imports.words import KINDS

    assert set(KINDS.values()) == set(OrganizationKind) - {OrganizationKind.DISTRICT}


def test_taking_back_is_offered_as_long_as_it_is_possible(
    client_of: ClientOf, world: SimpleNamespace
) -> None:
    with in_district(world.huiji):
        source = applied(world, workbook([person(1)]))
    page = f"/officer/imports/{source.pk}/"
    client = client_of("zhangwei")
    assert ">整批撤回</button>" in client.get(page).content.decode()
    with in_district(world.huiji):
        Import.objects.filter(pk=source.pk).update(applied_at=timezone.now() - timedelta(hours=24, seconds=1))
    shown = client.get(page).content.decode()
    assert ">整批撤回</button>" not in shown
    assert "超过 24 小时" in shown
    assert client.post(f"/api/v1/imports/{source.pk}/undo/").status_code == 409


def test_imported_people_are_announced_to_the_identity_server_at_once(
    inside: SimpleNamespace, settings: Any, django_capture_on_commit_callbacks: Any
) -> None:
    settings.IDENTITY = "keycloak"
    with django_capture_on_commit_callbacks(execute=True, using=inside.huiji.database):
        applied(inside, workbook([person(1), person(2)]))
    with in_registry():
        waiting = ProcrastinateJob.objects.filter(task_name="identity.give_accounts", status="todo")
        assert [job.args for job in waiting] == [{"district": "huiji"}]
