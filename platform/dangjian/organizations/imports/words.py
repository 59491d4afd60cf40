"""Words and signs as Chinese rosters have them: data of the import, not words of the pages."""

from __future__ import annotations

import re
from typing import Final

from dangjian.organizations.models import Education, Employment, MemberStatus, OrganizationKind, Sector, Sex

NUMERALS: Final = {sign: str(number) for number, sign in enumerate("〇一二三四五六七八九")} | {
    "零": "0",
    "○": "0",
    "Ｏ": "0",
}
DATE: Final = re.compile(r"(\d{4})(?:[-/.年](\d{1,2})(?:[-/.月](\d{1,2})日?|月)?|年)?")
_REGION: Final = re.compile(r"^(中共|中国共产党)|[\s·•]|[省市区县]")

SEXES: Final = {"男": Sex.MALE, "男性": Sex.MALE, "女": Sex.FEMALE, "女性": Sex.FEMALE}
STATUSES: Final = {
    "正式党员": MemberStatus.FULL,
    "正式": MemberStatus.FULL,
    "中共党员": MemberStatus.FULL,
    "预备党员": MemberStatus.PROBATIONARY,
    "预备": MemberStatus.PROBATIONARY,
    "中共预备党员": MemberStatus.PROBATIONARY,
}
EDUCATIONS: Final = {
    word: education
    for education, words in {
        Education.DOCTOR: "博士 博士研究生 研究生(博士)",
        Education.MASTER: "硕士 硕士研究生 研究生 研究生(硕士) 在职研究生 中央党校研究生",
        Education.BACHELOR: "本科 大学 大学本科 学士 全日制本科 在职本科 中央党校大学",
        Education.COLLEGE: "大专 专科 大学专科 高职 中央党校大专",
        Education.VOCATIONAL: "中专 中技 技校 中等专科 中等职业教育",
        Education.HIGH_SCHOOL: "高中 职高 普通高中",
        Education.MIDDLE_SCHOOL: "初中 普通初中",
        Education.PRIMARY_SCHOOL: "小学 小学及以下 文盲 半文盲",
    }.items()
    for word in words.split()
}
EMPLOYMENTS: Final = {
    "按月领工资": Employment.WAGE,
    "在职": Employment.WAGE,
    "工资": Employment.WAGE,
    "离退休": Employment.RETIRED,
    "退休": Employment.RETIRED,
    "农民": Employment.FARMER,
    "务农": Employment.FARMER,
    "学生": Employment.STUDENT,
    "下岗失业": Employment.UNEMPLOYED,
    "下岗": Employment.UNEMPLOYED,
    "失业": Employment.UNEMPLOYED,
    "领抚恤、救济金": Employment.RELIEF,
    "低保": Employment.RELIEF,
}
# GB/T 3304, without 族.
_NAMES_OF_NATIONALITIES: Final = """
汉 蒙古 回 藏 维吾尔 苗 彝 壮 布依 朝鲜 满 侗 瑶 白 土家 哈尼 哈萨克 傣 黎 傈僳 佤 畲 高山 拉祜 水 东乡 纳西 景颇
柯尔克孜 土 达斡尔 仫佬 羌 布朗 撒拉 毛南 仡佬 锡伯 阿昌 普米 塔吉克 怒 乌孜别克 俄罗斯 鄂温克 德昂 保安 裕固 京
塔塔尔 独龙 鄂伦春 赫哲 门巴 珞巴 基诺
"""
_SUFFIX: Final = "族"
NATIONALITIES: Final = frozenset(name + _SUFFIX for name in _NAMES_OF_NATIONALITIES.split())

KINDS: Final = {
    "党支部": OrganizationKind.BRANCH,
    "支部": OrganizationKind.BRANCH,
    "联合党支部": OrganizationKind.BRANCH,
    "党总支": OrganizationKind.GENERAL_BRANCH,
    "总支": OrganizationKind.GENERAL_BRANCH,
    "党总支部": OrganizationKind.GENERAL_BRANCH,
    "基层党委": OrganizationKind.COMMITTEE,
    "党委": OrganizationKind.COMMITTEE,
    "党工委": OrganizationKind.COMMITTEE,
}
SECTORS: Final = {
    "机关": Sector.OFFICE,
    "街道": Sector.STREET,
    "社区": Sector.COMMUNITY,
    "村": Sector.VILLAGE,
    "行政村": Sector.VILLAGE,
    "学校": Sector.SCHOOL,
    "国企": Sector.STATE_FIRM,
    "国有企业": Sector.STATE_FIRM,
    "两新组织": Sector.NEW,
    "两新": Sector.NEW,
    "离退休": Sector.RETIRED,
}


def plain_name(name: str) -> str:
    """Without what people leave out: 中共, 省市区, 党 before 支部 and 委员会."""
    return _REGION.sub("", name).replace("党支部", "支部").replace("委员会", "委")


def with_digits(found: str) -> str:
    """一九七五年七月十一日 → 1975年7月11日."""
    if not re.search(r"[〇零○一二三四五六七八九十]", found):
        return found

    def number(match: re.Match[str]) -> str:
        signs = match[0]
        if "十" in signs:
            tens, _ten, ones = signs.partition("十")
            return str(int(NUMERALS.get(tens, "1")) * 10 + int(NUMERALS.get(ones, "0")))
        return "".join(NUMERALS[sign] for sign in signs)

    return re.sub(r"[〇零○一二三四五六七八九十]+", number, found)


def nationality(name: str) -> str | None:
    """The full name of one of the 56, with or without its 族; None for none of them."""
    if name in NATIONALITIES:
        return name
    return full if (full := name + _SUFFIX) in NATIONALITIES else None
