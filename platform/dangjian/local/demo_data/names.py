"""Names of people who do not exist: surnames by how common they are, given names by generation."""

from __future__ import annotations

from functools import cache
from random import Random
from typing import NamedTuple

from pypinyin import lazy_pinyin


class Name(NamedTuple):
    """A shown name; its pinyin without tones or spaces; the initials of its syllables."""

    shown: str
    pinyin: str
    initials: str


# surname pinyin weight; the readings are written out because several differ from the character's usual one.
_SURNAMES = """
王 wang 74  李 li 72  张 zhang 70  刘 liu 52  陈 chen 40  杨 yang 32  赵 zhao 30  黄 huang 17  周 zhou 18  吴 wu 17
徐 xu 14  孙 sun 16  胡 hu 13  朱 zhu 13  高 gao 13  林 lin 7  何 he 10  郭 guo 16  马 ma 15  罗 luo 8  梁 liang 8
宋 song 11  郑 zheng 8  谢 xie 7  韩 han 10  唐 tang 6  冯 feng 9  于 yu 6  董 dong 7  萧 xiao 2  程 cheng 7  曹 cao 7
袁 yuan 6  邓 deng 5  许 xu 7  傅 fu 3  沈 shen 4  曾 zeng 3  彭 peng 4  吕 lyu 6  苏 su 5  卢 lu 4  蒋 jiang 4  蔡 cai 4
贾 jia 5  丁 ding 4  魏 wei 6  薛 xue 4  叶 ye 3  阎 yan 3  余 yu 3  潘 pan 4  杜 du 5  戴 dai 3  夏 xia 3  钟 zhong 2
汪 wang 3  田 tian 5  任 ren 5  姜 jiang 3  范 fan 4  方 fang 3  石 shi 4  姚 yao 4  谭 tan 2  廖 liao 1  邹 zou 2
熊 xiong 2  金 jin 2  陆 lu 2  郝 hao 3  孔 kong 2  白 bai 3  崔 cui 4  康 kang 2  毛 mao 3  邱 qiu 2  秦 qin 4  江 jiang 2
史 shi 3  顾 gu 1  侯 hou 3  邵 shao 2  孟 meng 3  龙 long 1  万 wan 2  段 duan 3  雷 lei 2  钱 qian 2  汤 tang 1  尹 yin 2
黎 li 1  易 yi 1  常 chang 3  武 wu 2  乔 qiao 2  贺 he 2  赖 lai 1  龚 gong 1  文 wen 2  庞 pang 2  樊 fan 2  兰 lan 1
殷 yin 1  施 shi 1  陶 tao 2  洪 hong 1  翟 zhai 3  安 an 2  颜 yan 1  倪 ni 1  严 yan 1  牛 niu 3  温 wen 1  芦 lu 1
季 ji 1  俞 yu 1  章 zhang 1  鲁 lu 2  葛 ge 2  伍 wu 1  申 shen 2  尤 you 1  毕 bi 1  聂 nie 2  丛 cong 1  焦 jiao 2
向 xiang 1  柳 liu 1  邢 xing 2  路 lu 2  岳 yue 2  齐 qi 2  梅 mei 1  莫 mo 1  庄 zhuang 1  辛 xin 1  管 guan 1  祝 zhu 1
左 zuo 1  涂 tu 1  谷 gu 1  祁 qi 1  时 shi 2  舒 shu 1  耿 geng 2  牟 mu 1  卜 bu 1  单 shan 1  詹 zhan 1  关 guan 1
苗 miao 2  凌 ling 1  费 fei 1  纪 ji 2  靳 jin 2  盛 sheng 1  童 tong 1  欧 ou 1  甄 zhen 1  项 xiang 1  曲 qu 1  成 cheng 1
游 you 1  阳 yang 1  裴 pei 2  席 xi 1  卫 wei 1  查 zha 1  屈 qu 1  鲍 bao 1  位 wei 1  覃 qin 1  霍 huo 1  解 xie 1
欧阳 ouyang 1  司马 sima 1  上官 shangguan 1  皇甫 huangfu 1
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
_READINGS = {"𠮷": "ji", "𬀩": "wei", "㛃": "jie"}


def _table() -> tuple[tuple[tuple[str, str], ...], tuple[int, ...]]:
    words = _SURNAMES.split()
    total, surnames, cumulative = 0, [], []
    for shown, pinyin, weight in zip(words[::3], words[1::3], words[2::3], strict=True):
        total += int(weight)
        surnames.append((shown, pinyin))
        cumulative.append(total)
    return tuple(surnames), tuple(cumulative)


_SURNAME_LIST, _SURNAME_WEIGHTS = _table()
_COMPOUND = {shown: pinyin for shown, pinyin in _SURNAME_LIST if len(shown) == 2}
_SINGLE = {shown: pinyin for shown, pinyin in _SURNAME_LIST if len(shown) == 1}


def draw(rng: Random, *, born: int, woman: bool) -> str:
    """A Han name such as was given to a boy or girl born in that year."""
    surname = rng.choices(_SURNAME_LIST, cum_weights=_SURNAME_WEIGHTS)[0][0]
    generation = next(row for row in _GENERATIONS if born <= row[0])
    whole, (first, second) = generation[3:] if woman else generation[1:3]
    if rng.random() < 0.35:
        return surname + rng.choice(whole.split())
    while True:
        given = rng.choice(first) + rng.choice(second)
        if given[0] != given[1]:
            return surname + given


def spell(shown: str) -> Name:
    """The name with its pinyin, the surname read as surnames are."""
    syllables: list[str] = []
    rest = shown
    if "·" not in shown:
        if shown[:2] in _COMPOUND:
            syllables += lazy_pinyin(shown[:2])
            rest = shown[2:]
        elif shown[0] in _SINGLE:
            syllables.append(_SINGLE[shown[0]])
            rest = shown[1:]
    syllables += [_syllable(character) for character in rest if character != "·"]
    return Name(shown, "".join(syllables), "".join(syllable[0] for syllable in syllables))


@cache
def _syllable(character: str) -> str:
    return _READINGS.get(character) or lazy_pinyin(character, v_to_u=False)[0].replace("ü", "v")
