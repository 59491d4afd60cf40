"""The register's side: answers orders on standard input, one line each, with seconds.

``import N`` reads, judges and writes a roster of N rows, undone afterwards; ``copy N`` is a plain COPY of the member
rows that came of it into a table of the same columns, indexes and constraints. ``now N`` and ``as_of N`` count the
members by kind N times, today and as of a day two years ago.
"""

from __future__ import annotations

import gc
import io
import json
import sys
import time
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import django


def main() -> None:
    django.setup()
    from django.db import connection
    from django.utils import timezone

    from dangjian.organizations import statistics
    from dangjian.organizations.imports import services
    from dangjian.organizations.models import Import, ImportState, Member, Office, OfficeKind, Organization
    from tenants.context import in_district
    from tests.benchmarks.prepare import the_district

    district = the_district()
    with in_district(district):
        office = Office.objects.filter(kind=OfficeKind.OFFICER).order_by("since", "id")[0]
        officer = Member.objects.select_related("user", "branch").get(pk=office.member_id)
        branches = list(
            Organization.objects.filter(kind="branch").order_by("path", "id").values_list("name", flat=True)
        )
    kept: dict[int, list[Any]] = {}

    def roster(count: int) -> float:
        """Seconds from the file to the written rows; what it made is remembered for `copy` and undone."""
        content = workbook(count, branches)
        with in_district(district):
            began = time.perf_counter()
            source = services.begin(by=officer, kind="members", file=content)
            services.run(source.pk)
            source.refresh_from_db()
            services.apply(by=officer, source=source)
            services.run(source.pk)
            taken = time.perf_counter() - began
            source.refresh_from_db()
            if source.state != ImportState.APPLIED or source.counts != {"new": count}:
                raise SystemExit(f"the import is {source.state}: {source.counts} {source.fault}")
            made = Member.objects.filter(pk__in=source.rows.values("target")).order_by("pinyin", "id")
            names = [field.column for field in Member._meta.concrete_fields]
            kept[count] = [
                names,
                list(made.values_list(*(field.attname for field in Member._meta.concrete_fields))),
            ]
            services.undo(by=officer, source=source)
            Import.objects.filter(pk=source.pk).delete()
        return taken

    def plain(count: int) -> float:
        names, rows = kept[count]
        with in_district(district), connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS bench_plain")
            cursor.execute("CREATE TABLE bench_plain (LIKE organizations_member INCLUDING ALL)")
            began = time.perf_counter()
            with cursor.copy(f"COPY bench_plain ({', '.join(names)}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            taken = time.perf_counter() - began
            cursor.execute("DROP TABLE bench_plain")
        return taken

    def counted(day: date) -> Callable[[int], float]:
        def count(times: int) -> float:
            with in_district(district):
                began = time.perf_counter()
                for _ in range(times):
                    if not statistics.members(officer, by="kind", day=day).total:
                        raise SystemExit("nobody was counted")
                return (time.perf_counter() - began) / times

        return count

    today = timezone.localdate()
    orders = {
        "import": roster, "copy": plain, "now": counted(today), "as_of": counted(today - timedelta(days=730)),
    }  # fmt: skip
    orders["now"](3)
    orders["as_of"](3)
    gc.freeze()  # as `manage.py worker` does
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        name, _space, number = line.strip().partition(" ")
        print(json.dumps(orders[name](int(number))), flush=True)


def workbook(count: int, branches: list[str]) -> Any:
    """A roster of people who do not exist, spread over the branches, as an uploaded xlsx."""
    from django.core.files.uploadedfile import SimpleUploadedFile
    from openpyxl import Workbook

    from dangjian.local.demo_data.particulars import id_number

    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(
        ["姓名", "性别", "身份证号", "手机号", "所在支部", "人员类别", "入党日期", "转正日期", "学历", "民族"]
    )
    given = "一二三四五六七八九十百千万甲乙丙丁戊己庚"
    for number in range(count):
        born = date(1970, 1, 1) + timedelta(days=number % 9000)
        name = "试" + given[number % 20] + given[number // 20 % 20]
        sheet.append(
            [
                name, "男", id_number(100_000 + number, born, woman=False), f"138{number:08}",
                branches[number % len(branches)], "正式党员", "2006-07-01", "2007-07-01", "大学本科", "汉族",
            ]
        )  # fmt: skip
    buffer = io.BytesIO()
    book.save(buffer)
    return SimpleUploadedFile("名册.xlsx", buffer.getvalue())


if __name__ == "__main__":
    main()
