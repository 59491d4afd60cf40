"""Names of people who do not exist: surnames by how common they are, given names by generation."""

from __future__ import annotations

import re
from itertools import accumulate
from random import Random

# Each with how common it is.
_SURNAMES = """
王74 李72 张70 刘52 陈40 杨32 赵30 黄17 周18 吴17 徐14 孙16 胡13 朱13 高13
林7 何10 郭16 马15 罗8 梁8 宋11 郑8 谢7 韩10 唐6 冯9 于6 董7 肖2 程7 曹7 袁6
邓5 许7 傅3 沈4 曾3 彭4 吕6 苏5 卢4 蒋4 蔡4 贾5 丁4 魏6 薛4 叶3 阎3 余3 潘4
杜5 戴3 夏3 钟2 汪3 田5 任5 姜3 范4 方3 石4 姚4 谭2 廖1 邹2 熊2 金2 陆2 郝3
孔2 白3 崔4 康2 毛3 邱2 秦4 江2 史3 顾1 侯3 邵2 孟3 龙1 万2 段3 雷2 钱2 汤1
尹2 黎1 易1 常3 武2 乔2 贺2 赖1 龚1 文2 庞2 樊2 兰1 殷1 施1 陶2 洪1 翟3 安2
颜1 倪1 严1 牛3 温1 芦1 季1 俞1 章1 鲁2 葛2 伍1 申2 尤1 毕1 聂2 丛1 焦2 向1
柳1 邢2 路2 岳2 齐2 梅1 莫1 庄1 辛1 管1 祝1 左1 涂1 谷1 祁1 时2 舒1 耿2 牟1
卜1 单1 詹1 关1 苗2 凌1 费1 纪2 靳2 盛1 童1 欧1 甄1 项1 曲1 成1 游1 阳1 裴2
席1 卫1 查1 屈1 鲍1 位1 覃1 霍1 解1 欧阳1 司马1 上官1 皇甫1
"""

# Given names by birth decade up to that year: for men and for women, either whole or built from two halves.
_GENERATIONS: tuple[tuple[int, str, tuple[str, str], str, tuple[str, str]], ...] = (
    (
        1955,
        "建国 国庆 解放 金山 玉山 德才 长顺 保国 福来 振华 双喜 大海 全 忠 树林 春生 铁柱 水旺",
        ("国建德金玉福长永春振文世保连广天", "民华才山林生贵发义忠成田海顺堂元"),
        "秀英 桂兰 玉梅 秀兰 玉兰 淑珍 桂英 凤英 素珍 春兰 秋菊 金枝 月娥 荣",
        ("秀桂玉淑凤素春金月爱翠巧", "英兰梅珍芝荣花云莲香琴芳"),
    ),
    (
        1969,
        "建军 国强 卫东 爱民 永红 红军 建设 跃进 胜利 新民 志刚 伟 军 勇 平 广林 全喜 庆祥",
        ("建国卫志新永红广庆胜文海东占宏世", "军强东民平林刚祥明生安喜义山斌春"),
        "爱华 红梅 丽华 桂芳 秀荣 玉芬 淑敏 卫红 霞 萍 敏 素云 爱玲 改玲",
        ("爱红丽桂玉淑素春秀改瑞建新", "华梅芳荣芬敏霞玲云英萍琴红"),
    ),
    (
        1979,
        "志强 海涛 宏伟 晓东 永亮 俊杰 国栋 勇 强 涛 斌 军 刚 辉 世杰 文涛 建伟 少华",
        ("志海宏晓永俊国世文建少春红占利新", "强涛伟东亮杰栋华峰辉军民锋超彬勇"),
        "丽 红 艳 静 娟 敏 霞 燕 慧 晓红 丽娜 海燕 春霞 艳丽 秋霞 玉洁",
        ("丽红艳晓海春秋玉慧雪利俊新", "红娜燕霞丽洁娟萍玲敏梅琴静"),
    ),
    (
        1989,
        "磊 鹏 超 凯 帅 飞 浩 亮 龙 杰 旭 晨 俊峰 志鹏 海龙 少杰 明辉 永超",
        ("志海俊少明永晓世文国亚东建", "鹏龙峰杰辉超伟飞磊阳波凯亮"),
        "静 婷 娜 倩 莹 丹 雪 蕾 琳 慧 晶 洁 亚楠 雅丽 晓燕 丹丹 莎莎 晓雪",
        ("亚雅晓丹梦慧海佳思文艳春", "楠丽燕丹婷莹静娜雪琳倩敏"),
    ),
    (
        9999,
        "浩 宇 轩 博 鑫 浩然 子豪 宇航 博文 家豪 天宇 泽宇 一鸣 俊熙 嘉伟 梓轩",
        ("浩子宇博家天泽一俊嘉文思明晨", "然豪航文轩宇杰鸣阳伟涵博辉源"),
        "雨桐 梦瑶 欣怡 佳怡 思雨 子涵 雪儿 诗雨 一诺 梦洁 可欣 晓彤 琪 颖",
        ("雨梦欣佳思子诗一可晓雅紫", "桐瑶怡雨涵洁欣彤琪萱颖宁"),
    ),
)

# What a form, a column or a font may stumble over: long names, rare hanzi, a middle dot.
UNCOMMON = (
    "买买提·艾力江·阿不都热依木",
    "阿依努尔·买合木提",
    "古丽米热·吐尔逊江",
    "王𠮷",
    "张𬀩",
    "李㛃",
    "刘喆",
    "赵堃",
    "陈垚",
    "杨龑",
    "孙彧",
    "扎西次仁",
    "巴特尔",
    "额尔德尼·巴雅尔",
)

_TABLE = re.findall(r"([^\d\s]+)(\d+)", _SURNAMES)
_SURNAME_LIST = tuple(surname for surname, _ in _TABLE)
_SURNAME_WEIGHTS = tuple(accumulate(int(weight) for _, weight in _TABLE))


def draw(rng: Random, *, born: int, woman: bool) -> str:
    """A Han name such as was given to a boy or girl born in that year."""
    surname = rng.choices(_SURNAME_LIST, cum_weights=_SURNAME_WEIGHTS)[0]
    generation = next(row for row in _GENERATIONS if born <= row[0])
    whole, (first, second) = generation[3:] if woman else generation[1:3]
    if rng.random() < 0.35:
        return surname + rng.choice(whole.split())
    while True:
        given = rng.choice(first) + rng.choice(second)
        if given[0] != given[1]:
            return surname + given
