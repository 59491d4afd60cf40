"""Identity numbers: what lies in the database, what pages show, who looked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

from dangjian.audit.models import AuditRow
from dangjian.local.demo_data.particulars import id_number
from dangjian.organizations import id_numbers, sealing
from dangjian.organizations.management.commands.reseal import reseal
from dangjian.organizations.models import Member
from tenants.context import in_district

ClientOf = Callable[..., Any]
NUMBER = id_number(7, date(1980, 5, 6), False)


@pytest.fixture
def numbered(world: SimpleNamespace) -> SimpleNamespace:
    with in_district(world.huiji):
        world.liqiang.id_number = NUMBER
        world.liqiang.save()
    return world


def test_a_key_that_goes_takes_nothing_along(numbered: SimpleNamespace, settings: Any) -> None:
    settings.SEALING_KEYS = ["new-" * 10, settings.SECRET_KEY]
    assert reseal(numbered.huiji) == 1
    settings.SEALING_KEYS = ["new-" * 10]
    with in_district(numbered.huiji):
        member = Member.objects.get(id_number_index=sealing.index(NUMBER))
        assert member.id_number == NUMBER
        settings.SEALING_KEYS = ["another-" * 10]
        with pytest.raises(sealing.Unreadable):
            _ = member.id_number


def test_while_keys_change_both_find_it(numbered: SimpleNamespace, settings: Any) -> None:
    settings.SEALING_KEYS = ["new-" * 10, settings.SECRET_KEY]
    with in_district(numbered.huiji):
        assert Member.objects.get(id_number_index__in=sealing.indexes(NUMBER)) == numbered.liqiang


def test_a_page_shows_it_masked_and_whole_only_for_a_reason(
    client_of: ClientOf, numbered: SimpleNamespace
) -> None:
    client = client_of("zhangwei")
    address = f"/officer/members/{numbered.liqiang.pk}/"
    page = client.get(address).content.decode()
    assert id_numbers.masked(NUMBER) in page
    assert NUMBER not in page
    assert client.post(f"{address}reveal/", {"reason": ""}).status_code == 422
    answer = client.post(f"{address}reveal/", {"reason": "核对档案"})
    assert NUMBER in answer.content.decode()
    with in_district(numbered.huiji):
        row = AuditRow.objects.latest("id")
    assert (row.action, row.actor_name, row.object_name, row.reason) == (
        "member.reveal",
        "张伟",
        "李强",
        "核对档案",
    )
    assert NUMBER not in str(row.detail)


def test_nobody_else_looks(client_of: ClientOf, numbered: SimpleNamespace) -> None:
    for who in ("wangfang", "liuna", "liqiang"):
        client = client_of(who)
        address = f"/officer/members/{numbered.liqiang.pk}/reveal/"
        assert client.post(address, {"reason": "想看"}).status_code == 404


def test_correcting_names_the_fields_and_not_what_they_say(
    client_of: ClientOf, numbered: SimpleNamespace
) -> None:
    client = client_of("zhangwei")
    address = f"/officer/members/{numbered.liqiang.pk}/correct/"
    given = {"status": "full", "joined_on": "2006-07-01", "converted_on": "2005-07-01", "reason": "查档"}
    answer = client.post(address, given)
    assert answer.status_code == 422
    assert "早于入党日期" in answer.content.decode()
    other = id_number(8, date(1980, 5, 6), False)
    given |= {"converted_on": "2007-07-01", "id_number": other, "education": "college"}
    assert client.post(address, given).status_code == 302
    with in_district(numbered.huiji):
        member = Member.objects.get(pk=numbered.liqiang.pk)
        row = AuditRow.objects.latest("id")
        last = Member.history.filter(id=member.pk).latest()
    assert (member.id_number, member.education, member.joined_on) == (other, "college", date(2006, 7, 1))
    assert (row.action, set(row.detail["fields"])) == (
        "member.correct",
        {"id_number", "education", "joined_on", "converted_on", "born_on", "sex"},
    )
    assert other not in str(row.detail)
    assert last.history_change_reason == "查档"


@pytest.mark.parametrize(
    ("text", "fault"),
    [("", "length"), ("11010519491231002", "length"), ("11010519491331002X", "birth_date"),
     ("110105194912310021", "check_digit"), ("11010519491231 00 2Y", "characters")],
)  # fmt: skip
def test_wrong_numbers(text: str, fault: str) -> None:
    with pytest.raises(id_numbers.Faulty) as error:
        id_numbers.parse(text)
    assert error.value.fault == fault


def test_the_example_of_the_standard() -> None:
    """GB 11643-1999, appendix."""
    found = id_numbers.parse("11010519491231002x")
    assert (found.number, found.born_on, found.woman) == ("11010519491231002X", date(1949, 12, 31), True)
