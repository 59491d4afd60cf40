"""What people write is cleaned of what cannot be seen, and of nothing else."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dangjian.api.problems import Problem
from dangjian.interaction.text import checked, clean, is_empty


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("  今天下雨。\n", "今天下雨。"),
        ("一\r\n二\r三\u2028四", "一\n二\n三\n四"),
        ("一\n\n\n\n二", "一\n\n二"),
        ("零\u200b宽\ufeff字\u2060符", "零宽字符"),
        ("\u202e反过来\u202c", "反过来"),
        ("\u2066隔离\u2069", "隔离"),
        ("铃\x07声\x00", "铃声"),
        ("半个\ud83d字", "半个字"),
        ("cafe\u0301", "café"),
        ("𠮷野家的𠮷", "𠮷野家的𠮷"),
        ("真好👍🏽", "真好👍🏽"),
        ("一家👨‍👩‍👧‍👦", "一家👨‍👩‍👧‍👦"),
        ("❤️‍🔥", "❤️‍🔥"),
        ("字\u200d字", "字字"),
        ("\U000e0067旗\U000e007f", "旗"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
    ],
)
def test_clean(written: str, kept: str) -> None:
    assert clean(written) == kept


@pytest.mark.parametrize(
    "written", ["", "  \n\t ", "\u200b\u200d\ufeff", "\u3164\u2800", "\u202e\u202c", "\ufe0f", "\x00"]
)
def test_what_shows_nothing_is_empty(written: str) -> None:
    with pytest.raises(Problem) as refusal:
        checked(written, longest=10)
    assert refusal.value.errors[0].code == "empty"
    assert checked(written, longest=10, required=False) == ""


def test_length_is_counted_in_code_points_after_cleaning() -> None:
    assert checked("𠮷" * 10 + "\u200b" * 5, longest=10) == "𠮷" * 10
    with pytest.raises(Problem) as refusal:
        checked("𠮷" * 11, longest=10)
    assert refusal.value.status == 422
    assert (refusal.value.errors[0].pointer, refusal.value.errors[0].code) == ("/text", "too_long")
    assert "11" in refusal.value.detail


@given(st.text())
def test_cleaning_is_idempotent_and_storable(text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    once.encode()
    assert unicodedata.is_normalized("NFC", once)
    assert is_empty(once) or once.strip()
