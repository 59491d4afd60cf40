"""Organisations as a district has them: 区委 → 基层党委、总支 → 支部, from public geography and the kinds that exist."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import NamedTuple

from dangjian.organizations.models import OfficeKind, OrganizationKind, Sector

ORDINALS = "一二三四五六七八九十"


class BranchSpec(NamedTuple):
    """A branch that may be made: the keys of what stands above it, its full and its short name, its sector."""

    above: tuple[str, ...]
    name: str
    short_name: str
    sector: str


class ParentSpec(NamedTuple):
    """A committee or general branch: full and short name, kind, sector."""

    name: str
    short_name: str
    kind: str
    sector: str


@dataclass(frozen=True, slots=True)
class Person:
    """One of the people who can sign in; `branch` is the short name of theirs."""

    username: str
    name: str
    branch: str
    secretary: bool = False
    office: OfficeKind | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """What the generator knows of a district. `branches` come in the order in which a smaller size takes them.

    `counted_in_organs`: its size is stated in organisations of every kind, not in branches.
    """

    root: ParentSpec
    parents: dict[str, ParentSpec]
    branches: Sequence[BranchSpec]
    cast: Sequence[Person]
    rivers: Sequence[str]
    counted_in_organs: bool = False


class Node(NamedTuple):
    """An organisation in the tree, before it has an id: `steps` are the ordinals from the root down."""

    steps: tuple[int, ...]
    parent: int | None
    children: int
    name: str
    short_name: str
    kind: str
    sector: str


def tree(place: Place, *, branches: int | None = None, organizations: int | None = None) -> list[Node]:
    """The organisations of `place`, parents before children, with exactly so many branches or organisations.

    The branches of the cast are always among them; `Node.parent` is an index into the list.

    Raises:
        ValueError: the place has not that many.
    """
    homes = {person.branch for person in place.cast}
    wanted = sorted(place.branches, key=lambda branch: branch.short_name not in homes)
    chosen: set[str] = set()
    parents: set[str] = set()
    for spec in wanted:
        if len(chosen) == branches or 1 + len(parents) + len(chosen) == organizations:
            break
        new = set(spec.above) - parents
        if organizations is not None and 1 + len(parents) + len(chosen) + len(new) + 1 > organizations:
            continue
        parents |= new
        chosen.add(spec.short_name)
    if len(chosen) != branches and 1 + len(parents) + len(chosen) != organizations:
        raise ValueError(f"{place.root.short_name} has only {len(chosen)} branches to give")
    return _grow(place, chosen)


def _grow(place: Place, chosen: set[str]) -> list[Node]:
    children: dict[str, list[str]] = {"": []}
    for spec in place.branches:
        if spec.short_name not in chosen:
            continue
        over = ""
        for key in (*spec.above, spec.short_name):
            below = children.setdefault(over, [])
            if key not in below:
                below.append(key)
            over = key
    specs = {spec.short_name: spec for spec in place.branches}
    order = list(place.parents)
    nodes: list[Node] = []

    def add(key: str, steps: tuple[int, ...], parent: int | None) -> None:
        # Committees as the district lists them, then branches; a smaller size picks them in another order.
        below = sorted(
            children.get(key, []),
            key=lambda child: order.index(child) if child in place.parents else len(order),
        )
        if not key:
            what = place.root
        elif key in place.parents:
            what = place.parents[key]
        else:
            spec = specs[key]
            what = ParentSpec(spec.name, spec.short_name, OrganizationKind.BRANCH, spec.sector)
        index = len(nodes)
        nodes.append(Node(steps, parent, len(below), *what))
        for number, child in enumerate(below, start=1):
            add(child, (*steps, number), index)

    add("", (1,), None)
    return nodes


def for_district(schema: str, name: str) -> Place:
    """What is known of the district with that schema; another one gets the common kinds under its own name."""
    if schema == "huiji":
        return _county(
            "郑州市惠济区", "河南省郑州市惠济区", _HUIJI_STREETS, _HUIJI_TOWNS,
            rivers=("黄河大堤", "索须河边", "贾鲁河步道", "东风渠岸边", "枯河堤上"),
        )  # fmt: skip
    if schema == "luoyang":
        return _city()
    return _county(name, name, _OTHER_STREETS, _OTHER_TOWNS)


# Street: communities; each community has a general branch with a branch for each part of its grid.
_HUIJI_STREETS = {
    "新城街道": "金河 天河 惠民 文苑 银通",
    "老鸦陈街道": "老鸦陈 薛岗 双桥 沙门 苏屯",
    "长兴路街道": "长兴 南阳寨 金杯 英才 开元",
    "迎宾路街道": "迎宾 木马 东赵 绿荫 固城",
    "大河路街道": "天源 岗李 保合寨 弓寨 滨河",
    "刘寨街道": "刘寨 兴隆铺 张家村 同乐 清华园",
    "江山路街道": "江山 青寨 香山 常庄 大路",
}
_HUIJI_TOWNS = {
    "古荥镇": "孙庄 古荥 纪公庙 岭军峪 惠济桥 张定邦 师家河 程庄 曹村坡 黄河桥 侯庄 南王村 西牛庄 东柿园 马村 杨庄 小刘村 周村 樊河 段庄",
    "花园口镇": "南月堤 花园口 石桥 申庄 八堡 大庙 李西河 京水 祥云寺 于庄 西兰庄 金洼 赵兰庄 辛庄 黄岗庙 铁炉 双龙 小岗 新庄 杨桥",
}  # fmt: skip
_OTHER_STREETS = {
    "城关街道": "东关 西关 北街 钟楼 文庙",
    "站前街道": "站前 铁西 货场 解放 友谊",
    "新区街道": "明月 春晖 书香 云溪 长乐",
    "东城街道": "东城 柳林 学府 丰收 向阳",
    "西城街道": "西城 和平 建设 光明 团结",
    "南岸街道": "南岸 渡口 临江 锦绣 桃园",
    "北环街道": "北环 红旗 工人 平安 双塔",
}
_OTHER_TOWNS = {
    "柳河镇": "孙庄 柳河 大王庄 小王庄 前营 后营 石磨 上庄 下庄 三官庙 石佛 刘楼 李楼 东岗 西岗 桥头 张湾 龙泉 白马 青龙",
    "石桥镇": "石桥 南坡 北坡 郭庄 马寨 朱寨 双庙 竹园 枣林 杏园 梨园 泉上 河口 大槐树 孟楼 丁集 徐集 新集 古城 沙岗",
}

_ORGANS = (
    "纪委监委 委办公室 委组织部 委宣传部 委统战部 委政法委 委编办 委巡察办 人大机关 政府办公室 政协机关 发展改革委 教育局 科技和工信局 "
    "公安分局 民政局 司法局 财政局 人社局 资源规划分局 住建局 城市管理局 交通运输局 农业农村局 水利局 商务局 文化旅游局 卫生健康委 "
    "退役军人局 应急管理局 审计局 市场监管局 统计局 医疗保障局 信访局 政务服务局 税务局 生态环境分局 总工会 团委 妇联 残联 红十字会 "
    "供销社 档案馆"
).split()
_SCHOOLS = (
    "实验小学 第一小学 第二小学 第三小学 江山路小学 迎宾路小学 长兴路小学 东风路小学 绿源小学 滨河小学 明德小学 育才小学 文苑小学 "
    "实验中学 第一初级中学 第二初级中学 第三初级中学 第四初级中学 第五初级中学 江山中学 陈中实验学校 职业教育中心 教师进修学校 "
    "特殊教育学校 第一幼儿园 第二幼儿园 实验幼儿园 新城幼儿园 双桥小学 石桥小学 花园路小学 青少年活动中心 少儿体校 电化教育馆 教研室 "
    "招生办公室 学生资助中心 第六初级中学"
).split()
_FIRMS = (
    "城市建设投资公司 供水公司 热力公司 公交场站公司 环卫服务公司 文化旅游投资公司 粮食储备库 园林绿化公司 市政工程公司 "
    "农业发展公司 停车管理公司 房屋租赁公司 污水处理厂 国有资产运营公司"
).split()
_NEW = (
    "河畔物业服务公司 快递行业 外卖骑手 网约车行业 大河医疗器械公司 思源食品公司 律师行业 注册会计师行业 民办教育协会 养老服务中心 "
    "社会工作服务站 家具市场商户 建材市场商户 电子商务产业园 物流园区 冷链食品公司 青禾种植专业合作社 古荥窑陶艺合作社 花卉市场商户 "
    "汽车服务行业 餐饮行业 口腔诊所协会 民营医院 软件园 装饰行业 印刷行业 纺织品公司 志愿者协会 书画院 商会 健身行业 房产中介行业 "
    "果蔬配送公司 酒店行业 乐龄居家服务公司 摄影行业"
).split()


def _county(
    region: str,
    full_region: str,
    streets: dict[str, str],
    towns: dict[str, str],
    rivers: Sequence[str] = ("护城河边", "河堤", "东渠岸边"),
) -> Place:
    kinds = OrganizationKind
    short = "区" if region.endswith("区") else region[-1]
    parents: dict[str, ParentSpec] = {}
    groups: list[list[BranchSpec]] = []

    def committee(key: str, name: str, sector: str, kind: str = kinds.COMMITTEE) -> None:
        parents[key] = ParentSpec(f"中共{region}{name}", key, kind, sector)

    for street, communities in streets.items():
        key = f"{street}党工委"
        committee(key, f"{street}工作委员会", Sector.STREET)
        groups.append(
            [BranchSpec((key,), f"{region}{street}机关党支部", f"{street}机关党支部", Sector.STREET)]
        )
        for community in communities.split():
            general = f"{street}{community}社区党总支"
            parents[general] = ParentSpec(
                f"{region}{street}{community}社区党总支", general, kinds.GENERAL_BRANCH, Sector.COMMUNITY
            )
            for ordinal in ORDINALS[:3]:
                groups[-1].append(
                    BranchSpec(
                        (key, general),
                        f"{full_region}{street}办事处{community}社区第{ordinal}网格党支部",
                        f"{street}{community}社区第{ordinal}网格党支部",
                        Sector.COMMUNITY,
                    )
                )
    for town, villages in towns.items():
        key = f"{town}党委"
        committee(key, f"{town}委员会", Sector.VILLAGE)
        names = [f"{village.removesuffix('村')}村" for village in villages.split()]
        specs = [
            BranchSpec((key,), f"{full_region}{town}{name}党支部", f"{town}{name}党支部", Sector.VILLAGE)
            for name in names
        ]
        for name, sector in (
            ("机关", Sector.STREET), ("卫生院", Sector.OFFICE), ("中心小学", Sector.SCHOOL), ("农民专业合作社联合", Sector.NEW),
        ):  # fmt: skip
            specs.append(BranchSpec((key,), f"{region}{town}{name}党支部", f"{town}{name}党支部", sector))
        groups.append(specs)

    def flat(
        key: str, name: str, sector: str, units: Sequence[str], suffix: str, kind: str = kinds.COMMITTEE
    ) -> None:
        committee(key, name, sector, kind)
        groups.append(
            [BranchSpec((key,), f"{region}{unit}{suffix}", f"{unit}{suffix}", sector) for unit in units]
        )

    flat(
        f"{short}直机关工委",
        "直属机关工作委员会",
        Sector.OFFICE,
        [f"{short}{organ}" for organ in _ORGANS],
        "机关党支部",
    )
    flat(
        f"{short}教育局党委",
        "教育局委员会",
        Sector.SCHOOL,
        [f"{short}{school}" for school in _SCHOOLS],
        "党支部",
    )
    flat(
        f"{short}国资系统党委",
        "国有资产监督管理系统委员会",
        Sector.STATE_FIRM,
        [f"{short}{firm}" for firm in _FIRMS],
        "党支部",
    )
    flat(f"{short}两新工委", "非公有制经济组织和社会组织工作委员会", Sector.NEW, list(_NEW), "党支部")
    retired = [f"{short}委老干部局离退休第{ordinal}" for ordinal in ORDINALS] + [
        f"{short}教育局离退休",
        f"{short}卫生健康委离退休",
    ]
    flat(
        f"{short}离退休干部党总支",
        "离退休干部总支部委员会",
        Sector.RETIRED,
        retired,
        "党支部",
        kinds.GENERAL_BRANCH,
    )
    street, town = next(iter(streets)), next(iter(towns))
    community = streets[street].split()[0]
    office = f"{short}委组织部机关党支部"
    cast = (
        Person("wangfang", "王芳", f"{street}{community}社区第三网格党支部", secretary=True),
        Person("liqiang", "李强", f"{street}{community}社区第三网格党支部"),
        Person("zhoujie", "周杰", f"{town}孙庄村党支部"),
        Person("zhangwei", "张伟", office, office=OfficeKind.OFFICER),
        Person("liuna", "刘娜", office, office=OfficeKind.EDITOR),
    )
    root = ParentSpec(f"中共{region}委员会", f"{region.removeprefix('郑州市')}委", kinds.DISTRICT, "")
    return Place(root, parents, list(_in_turn(groups)), cast, rivers)


# The organs of Luoyang, by the joint committee they belong to.
_LUOYANG = {
    "市直机关第一联合党委": "市直机关工委 市纪委监委 市委办公室 市委组织部 市委宣传部 市委统战部 市委政法委 市委编办 市委党校 市委老干部局",
    "市直机关第二联合党委": "市财政局 市发展改革委 市工业和信息化局 市科技局 市商务局 市审计局 市统计局 市国资委 市市场监管局 市税务局",
    "市直机关第三联合党委": "市农业农村局 市水利局 市林业局 市自然资源局 市生态环境局 市气象局 市应急管理局 市供销社 市乡村振兴局",
    "市直机关第四联合党委": "市住房和城乡建设局 市城市管理局 市交通运输局 市公安局 市司法局 市中级人民法院 市人民检察院 市信访局 市政务服务局",
    "市直机关第五联合党委": "市教育局 市民政局 市人力资源和社会保障局 市卫生健康委 市文化广电和旅游局 市文物局 市体育局 市医疗保障局 市总工会 市妇联",
}  # fmt: skip


def _city() -> Place:
    region = "洛阳市"
    parents = {
        key: ParentSpec(
            f"中共洛阳{key.removesuffix('党委')}委员会", key, OrganizationKind.COMMITTEE, Sector.OFFICE
        )
        for key in _LUOYANG
    }

    def branch(key: str, organ: str, unit: str) -> BranchSpec:
        return BranchSpec(
            (key,), f"{region}{organ.removeprefix('市')}{unit}", f"{organ}{unit}", Sector.OFFICE
        )

    # Each organ's own branch first; where more are wanted, organs with several.
    rounds = [
        [branch(key, organ, "机关党支部") for organ in organs.split()] for key, organs in _LUOYANG.items()
    ]
    further = [
        [branch(key, organ, f"第{ordinal}党支部") for ordinal in ORDINALS[:6] for organ in organs.split()]
        for key, organs in _LUOYANG.items()
    ]
    cast = (
        Person("zhaomin", "赵敏", "市财政局机关党支部"),
        Person("sunli", "孙丽", "市直机关工委机关党支部", office=OfficeKind.OFFICER),
    )
    root = ParentSpec(
        "中共洛阳市委市直机关工作委员会", "洛阳市直机关工委", OrganizationKind.DISTRICT, Sector.OFFICE
    )
    specs = [*_in_turn(rounds), *_in_turn(further)]
    rivers = ("洛河堤", "伊河岸边", "涧河步道", "瀍河边")
    return Place(root, parents, specs, cast, rivers, counted_in_organs=True)


def _in_turn(groups: Sequence[Sequence[BranchSpec]]) -> Iterator[BranchSpec]:
    for row in zip_longest(*groups):
        yield from (spec for spec in row if spec is not None)
