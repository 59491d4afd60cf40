"""Names as people type them."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from dangjian.identity.models import User
from dangjian.organizations import pinyin, queries
from dangjian.organizations.models import Member


@pytest.mark.parametrize(
    ("name", "full", "initials"),
    [
        ("王芳", "wangfang", "wf"),
        ("单田芳", "shantianfang", "stf"),
        ("曾国强", "zengguoqiang", "zgq"),
        ("仇英", "qiuying", "qy"),
        ("解放", "xiefang", "xf"),
        ("区小明", "ouxiaoming", "oxm"),
        ("查良", "zhaliang", "zl"),
        ("欧阳建国", "ouyangjianguo", "oyjg"),
        ("王𠮷", "wangji", "wj"),
        ("𠮷田", "jitian", "jt"),
        ("买买提·艾力江", "maimaitiailijiang", "mmtalj"),
        ("吕布", "lvbu", "lb"),
        ("安娜 Smith", "annasmith", "ans"),
    ],
)
def test_a_name_is_spelt_as_it_is_said(name: str, full: str, initials: str) -> None:
    assert pinyin.spell(name) == (full, initials)


def test_the_longest_name_fits_the_columns() -> None:
    spelt = pinyin.spell("庄" * 50)
    assert len(spelt.full) == pinyin.FULL_LENGTH
    assert len(spelt.initials) == pinyin.INITIALS_LENGTH


NAMES = ["王芳", "王小峰", "单田芳", "吕建国", "王𠮷", "买买提·艾力江·阿不都热依木", "欧阳建国"]


@pytest.fixture
def people(inside: SimpleNamespace) -> list[str]:
    for number, name in enumerate(NAMES[1:]):
        spelt = pinyin.spell(name)
        user = User.objects.create(username=f"person{number}", name=name)
        Member.objects.create(
            user=user,
            branch=inside.huiji_orgs.grid4,
            name=name,
            pinyin=spelt.full,
            initials=spelt.initials,
        )
    return NAMES


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("王", {"王芳", "王小峰", "王𠮷"}),
        ("芳", {"王芳", "单田芳"}),
        ("wang", {"王芳", "王小峰", "王𠮷"}),
        ("Wang Fang", {"王芳"}),
        ("wangf", {"王芳"}),
        ("wf", {"王芳"}),
        ("王f", {"王芳", "王小峰"}),
        ("王fang", {"王芳"}),
        ("w芳", {"王芳"}),
        ("shan", {"单田芳"}),
        ("stf", {"单田芳"}),
        ("dan", set()),
        ("lvj", {"吕建国"}),
        ("lyuj", {"吕建国"}),
        ("lüj", {"吕建国"}),
        ("jianguo", {"吕建国", "欧阳建国"}),
        ("oyjg", {"欧阳建国"}),
        ("𠮷", {"王𠮷"}),
        ("wangji", {"王𠮷"}),
        ("王𠮷", {"王𠮷"}),
        ("买买提艾力江", {"买买提·艾力江·阿不都热依木"}),
        ("买买提 艾力江", {"买买提·艾力江·阿不都热依木"}),
        ("mmt", {"买买提·艾力江·阿不都热依木"}),
        ("%", set()),
        ("_", set()),
        ("\x00", set()),
        ("没有这个人", set()),
    ],
)
def test_people_are_found_by_what_is_typed(people: list[str], typed: str, found: set[str]) -> None:
    names = set(queries.named(Member.objects.all(), typed).values_list("name", flat=True))
    assert names & set(NAMES) == found


def test_an_empty_search_finds_everybody(people: list[str]) -> None:
    assert queries.named(Member.objects.all(), "  ").count() == Member.objects.count()
