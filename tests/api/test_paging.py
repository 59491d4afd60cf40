"""Cursors are ours, and good for one list in one district."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from dangjian.api import paging
from dangjian.api.problems import Problem
from tenants.context import in_district
from tenants.models import District

HERE, THERE = (District(schema_name=name) for name in ("huiji", "luoyang"))


@given(st.lists(st.integers() | st.text(max_size=20), max_size=3).map(tuple))
def test_a_key_comes_back(key: paging.Key) -> None:
    with in_district(HERE):
        assert paging.unseal("a", paging.seal("a", key)) == key


def test_no_cursor_is_the_first_page() -> None:
    with in_district(HERE):
        assert paging.unseal("a", "") is None


def test_another_list_and_another_district() -> None:
    with in_district(HERE):
        cursor = paging.seal("a", (1, 2))
        with pytest.raises(Problem):
            paging.unseal("b", cursor)
    with in_district(THERE), pytest.raises(Problem) as refusal:
        paging.unseal("a", cursor)
    assert (refusal.value.status, refusal.value.code) == (400, "bad_cursor")


@given(st.text())
def test_whatever_else_is_refused(cursor: str) -> None:
    with in_district(HERE):
        if not cursor:
            return
        with pytest.raises(Problem):
            paging.unseal("a", cursor)


def test_the_next_path_keeps_the_filter(rf: RequestFactory) -> None:
    request: Any = rf.get("/api/v1/feed/?scope=branch&cursor=old&kind=snapshot")
    assert paging.next_path(request, "a:b") == "/api/v1/feed/?scope=branch&kind=snapshot&cursor=a%3Ab"
    assert paging.next_path(request, None) is None
