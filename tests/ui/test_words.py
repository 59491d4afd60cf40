"""How numbers and times are said."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from dangjian.ui.templatetags import ui

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=SHANGHAI)


@pytest.fixture
def _at_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    def localtime(value: datetime | None = None) -> datetime:
        return (value or NOON).astimezone(SHANGHAI)

    monkeypatch.setattr(timezone, "localtime", localtime)


@pytest.mark.usefixtures("_at_noon")
@pytest.mark.parametrize(
    ("moment", "said"),
    [
        (NOON - timedelta(seconds=20), "刚刚"),
        (NOON - timedelta(minutes=12), "12 分钟前"),
        (NOON - timedelta(minutes=59, seconds=59), "59 分钟前"),
        (NOON - timedelta(hours=3, minutes=20), "今天 08:40"),
        (NOON - timedelta(hours=18, minutes=55), "昨天 17:05"),
        (datetime(2026, 11, 18, 9, 10, tzinfo=SHANGHAI), "11 月 18 日 09:10"),
        (datetime(2025, 11, 18, 9, 10, tzinfo=SHANGHAI), "2025 年 11 月 18 日"),
        (NOON + timedelta(minutes=5), "今天 12:05"),
        (None, ""),
    ],
)
def test_when(moment: datetime | None, said: str) -> None:
    assert ui.when(moment) == said


@pytest.mark.parametrize(
    ("number", "said"),
    [(0, "0"), (999, "999"), (9999, "9,999"), (10_000, "1 万"), (12_345, "1.2 万"), (57_000, "5.7 万")],
)
def test_count(number: int, said: str) -> None:
    assert ui.count(number) == said


def test_a_name_is_escaped_in_its_avatar() -> None:
    assert ">&lt;<" in ui.avatar("王<", 1)
    assert ui.initial("欧阳建国") == "国"
