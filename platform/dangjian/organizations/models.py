"""基础数据: the organisation tree, members, and who holds which post or office."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords
from treebeard.mp_tree import MP_Node

from dangjian.organizations import id_numbers, sealing


def _history(*, excluded: tuple[str, ...] = (), relations: tuple[str, ...]) -> Any:
    """Who wrote what and when, row by row (docs/explanation/history.md); keys are bigint like everybody's.

    It is only ever read for one object, so neither its `relations` nor its dates (SIMPLE_HISTORY_DATE_INDEX) have an
    index: each would be written for every row of a roster.
    """
    return HistoricalRecords(
        history_id_field=models.BigAutoField(primary_key=True),
        history_change_reason_field=models.CharField(max_length=200, blank=True, null=True),
        excluded_fields=list(excluded),
        no_db_index=list(relations),
        user_db_constraint=False,
    )


class OrganizationKind(models.TextChoices):
    DISTRICT = "district", _("区委")
    COMMITTEE = "committee", _("基层党委")
    GENERAL_BRANCH = "general_branch", _("党总支")
    BRANCH = "branch", _("党支部")


class Sector(models.TextChoices):
    OFFICE = "office", _("机关")
    STREET = "street", _("街道")
    COMMUNITY = "community", _("社区")
    VILLAGE = "village", _("村")
    SCHOOL = "school", _("学校")
    STATE_FIRM = "state_firm", _("国企")
    NEW = "new", _("两新组织")
    RETIRED = "retired", _("离退休")


class Organization(MP_Node):
    """A node of the tree 区委 → 基层党委/总支 → 支部, as it stands today. `path` is treebeard's; its prefixes are the
    ancestors'. What it was on other days stands in its `periods`; a dissolved one keeps its row."""

    name = models.CharField(max_length=120)
    short_name = models.CharField(max_length=60, help_text="without the region's prefix")
    kind = models.CharField(max_length=16, choices=OrganizationKind)
    sector = models.CharField(max_length=12, choices=Sector, blank=True)
    units = models.TextField(
        blank=True, default="", db_default="", help_text="those a joint branch covers, one a line"
    )
    version = models.PositiveIntegerField(default=1, help_text="raised when what posts show of it changes")
    dissolved_on = models.DateField(null=True, help_text="the first day on which it is no more")
    created_at = models.DateTimeField(db_default=Now())

    history = _history(excluded=("path", "depth", "numchild"), relations=())
    node_order_by: list[str] = []

    def __str__(self) -> str:
        return self.short_name or self.name

    def path_prefixes(self) -> list[str]:
        """The paths of the node and of each of its ancestors, root first."""
        return [self.path[:end] for end in range(self.steplen, len(self.path) + 1, self.steplen)]

    @property
    def parent_path(self) -> str:
        """The path of the node above; empty for the root."""
        return str(self.path[: -self.steplen])

    def save(self, *args: Any, **kwargs: Any) -> None:
        """A new organisation begins its first period with its row (`founded_on`: unknown unless set before)."""
        founding = self._state.adding
        super().save(*args, **kwargs)
        if founding:
            above = Organization.objects.filter(path=self.parent_path).values_list("pk", flat=True)
            OrganizationPeriod.objects.create(
                organization=self,
                since=self.founded_on,
                parent_id=above[0] if self.parent_path and above else None,
                name=self.name,
                short_name=self.short_name,
                kind=self.kind,
                sector=self.sector,
                units=self.units,
            )

    # Set on an unsaved organisation: the day on which its first period begins.
    founded_on: date | None = None


class OrganizationPeriod(models.Model):
    """What an organisation was from `since` (None: as far back as is known) until before `until` (None: still).

    The periods of one organisation follow each other without a gap or an overlap (an exclusion constraint says the
    latter); the last one of a dissolved organisation has an end. `act`, `reason` and `document` tell what began it.
    """

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="periods")
    since = models.DateField(null=True)
    until = models.DateField(null=True)
    parent = models.ForeignKey(Organization, on_delete=models.PROTECT, null=True, related_name="+")
    name = models.CharField(max_length=120)
    short_name = models.CharField(max_length=60)
    kind = models.CharField(max_length=16, choices=OrganizationKind)
    sector = models.CharField(max_length=12, choices=Sector, blank=True)
    units = models.TextField(blank=True, default="", db_default="")
    act = models.CharField(max_length=12, blank=True, help_text="found, rename, move, split, merge, import")
    reason = models.CharField(max_length=200, blank=True)
    document = models.CharField(max_length=60, blank=True, help_text="number of the approving document")
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(until__gt=models.F("since")), name="organization_period_runs_forward"
            ),
            models.UniqueConstraint(
                fields=["organization"],
                condition=models.Q(until=None),
                name="one_open_period_per_organization",
            ),
        ]


class MemberStatus(models.TextChoices):
    FULL = "full", _("正式党员")
    PROBATIONARY = "probationary", _("预备党员")


class Sex(models.TextChoices):
    MALE = "male", _("男")
    FEMALE = "female", _("女")


class Education(models.TextChoices):
    """文化程度, in the coarse classes of the annual statistics (GB/T 4658)."""

    DOCTOR = "doctor", _("博士研究生")
    MASTER = "master", _("硕士研究生")
    BACHELOR = "bachelor", _("大学本科")
    COLLEGE = "college", _("大学专科")
    VOCATIONAL = "vocational", _("中专")
    HIGH_SCHOOL = "high_school", _("高中")
    MIDDLE_SCHOOL = "middle_school", _("初中")
    PRIMARY_SCHOOL = "primary_school", _("小学及以下")


class Employment(models.TextChoices):
    """What the member lives on, as far as dues ask."""

    WAGE = "wage", _("按月领工资")
    RETIRED = "retired", _("离退休")
    FARMER = "farmer", _("农民")
    STUDENT = "student", _("学生")
    UNEMPLOYED = "unemployed", _("下岗失业")
    RELIEF = "relief", _("领抚恤、救济金")


class Leaving(models.TextChoices):
    """How somebody leaves the register."""

    DECEASED = "deceased", _("去世")
    STRUCK_OFF = "struck_off", _("除名")
    EXPELLED = "expelled", _("开除党籍")
    RESIGNED = "resigned", _("退党")
    PROBATION_CANCELLED = "probation_cancelled", _("取消预备党员资格")
    MOVED_AWAY = "moved_away", _("转出本区")


class MembersNow(models.Manager["Member"]):
    """Those who have not left."""

    def get_queryset(self) -> Any:
        return super().get_queryset().filter(left_on=None)


class Member(models.Model):
    """A Party member; belongs to exactly one branch. `branch` and `status` are today's; `memberships` tell where the
    member was on any day, `joined_on` and `converted_on` what.

    `objects`, and with it every `members`, are those in the register now; `ever` has those too who have left, whose
    `branch` is the last. A joined query has no manager: it asks for ``left_on=None`` itself.
    """

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="member")
    branch = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="members")
    name = models.CharField(max_length=50)
    pinyin = models.CharField(max_length=120, help_text="full, without spaces or tones")
    initials = models.CharField(max_length=20)
    status = models.CharField(max_length=12, choices=MemberStatus, default=MemberStatus.FULL)
    joined_on = models.DateField(null=True, help_text="admitted as a probationary member")
    converted_on = models.DateField(null=True, help_text="made a full member")
    sex = models.CharField(max_length=6, choices=Sex, blank=True)
    born_on = models.DateField(null=True)
    nationality = models.CharField(max_length=20, blank=True, help_text="one of the 56, by its full name")
    education = models.CharField(max_length=16, choices=Education, blank=True)
    employment = models.CharField(max_length=12, choices=Employment, blank=True)
    occupation = models.CharField(
        max_length=30, blank=True, default="", db_default="", help_text="what the person does, in their words"
    )
    phone = models.CharField(max_length=20, blank=True)
    id_number_sealed = models.TextField(blank=True, editable=False)
    id_number_index = models.CharField(max_length=64, null=True, unique=True, editable=False)
    is_floating = models.BooleanField(default=False, help_text="lives away from the branch")
    in_hardship = models.BooleanField(default=False, help_text="entitled to support")
    out_of_contact = models.BooleanField(default=False, help_text="cannot be reached")
    left_on = models.DateField(
        null=True, help_text="the first day on which they are no longer in the register"
    )
    left_kind = models.CharField(max_length=20, choices=Leaving, blank=True, default="", db_default="")
    version = models.PositiveIntegerField(
        default=1, help_text="raised when what posts show of the person changes"
    )
    created_at = models.DateTimeField(db_default=Now())

    objects: ClassVar[MembersNow] = MembersNow()
    ever: ClassVar[models.Manager[Member]] = models.Manager()
    history = _history(
        excluded=("id_number_sealed", "id_number_index", "version"), relations=("user", "branch")
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(converted_on__gte=models.F("joined_on")), name="converted_after_joining"
            ),
            models.CheckConstraint(
                condition=models.Q(left_on=None, left_kind="")
                | (models.Q(left_on__isnull=False) & ~models.Q(left_kind="")),
                name="left_on_a_day_in_a_way",
            ),
        ]
        indexes = [
            models.Index(fields=["branch", "pinyin"], name="member_by_branch"),
            models.Index(fields=["pinyin"], name="member_pinyin", opclasses=["varchar_pattern_ops"]),
            models.Index(fields=["initials"], name="member_initials", opclasses=["varchar_pattern_ops"]),
            models.Index(fields=["name"], name="member_name", opclasses=["varchar_pattern_ops"]),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """A new member's first membership begins with the row, on the day of admission as far as it is known."""
        entering = self._state.adding
        super().save(*args, **kwargs)
        if entering:
            Membership.objects.create(member=self, branch_id=self.branch_id, since=self.joined_on)

    @property
    def id_number(self) -> str:
        """The number itself; a page shows it masked or writes down who asked for it and why."""
        return sealing.unseal(self.id_number_sealed)

    @id_number.setter
    def id_number(self, number: str) -> None:
        self.id_number_sealed, self.id_number_index = sealing.seal(number), sealing.index(number)

    @property
    def masked_id_number(self) -> str:
        return id_numbers.masked(self.id_number)


class SavedView(models.Model):
    """What a member's list of members shows, kept under a name."""

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="saved_views")
    name = models.CharField(max_length=20)
    query = models.CharField(max_length=1000, help_text="of the list's address: filters and columns")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["member", "name"], name="one_view_per_name")]


class Membership(models.Model):
    """A member in one branch, from `since` (None: as far back as is known) until before `until` (None: still).

    The rows of one member follow each other without an overlap (an exclusion constraint), so that nobody is in two
    branches on any day. A gap is time out of the register: the row before it says how it `ended`.
    """

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="memberships")
    branch = models.ForeignKey(
        Organization, on_delete=models.PROTECT, related_name="memberships", db_index=False
    )  # membership_by_branch begins with it
    since = models.DateField(null=True)
    until = models.DateField(null=True)
    reason = models.CharField(max_length=200, blank=True)
    document = models.CharField(max_length=60, blank=True)
    ended = models.CharField(
        max_length=20,
        choices=Leaving,
        blank=True,
        default="",
        db_default="",
        help_text="by leaving the register",
    )
    ended_reason = models.CharField(max_length=200, blank=True, default="", db_default="")
    ended_document = models.CharField(max_length=60, blank=True, default="", db_default="")
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(until__gt=models.F("since")), name="membership_runs_forward"
            ),
            models.CheckConstraint(
                condition=models.Q(ended="") | models.Q(until__isnull=False), name="ended_on_a_day"
            ),
            models.UniqueConstraint(
                fields=["member"], condition=models.Q(until=None), name="one_open_membership_per_member"
            ),
        ]
        indexes = [models.Index(fields=["branch", "member"], name="membership_by_branch")]


class Post(models.TextChoices):
    SECRETARY = "secretary", _("支部书记")
    DEPUTY_SECRETARY = "deputy_secretary", _("副书记")
    ORGANIZATION = "organization", _("组织委员")
    PUBLICITY = "publicity", _("宣传委员")
    DISCIPLINE = "discipline", _("纪检委员")
    COMMITTEE_MEMBER = "committee_member", _("委员")


class PostsNow(models.Manager["PostHeld"]):
    """The posts that have not ended."""

    def get_queryset(self) -> Any:
        return super().get_queryset().filter(until=None)


class PostHeld(models.Model):
    """党内职务: a post in the committee of one organisation, from `since` until before `until` (None: still).

    `objects`, and with it every `posts_held`, are those held now, for rights follow from them; `ever` has all.
    """

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="posts_held")
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="posts_held")
    post = models.CharField(max_length=20, choices=Post)
    since = models.DateField(null=True)
    until = models.DateField(null=True)

    objects: ClassVar[PostsNow] = PostsNow()
    ever: ClassVar[models.Manager[PostHeld]] = models.Manager()
    history = _history(relations=("member", "organization"))

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["member", "organization", "post"],
                condition=models.Q(until=None),
                name="one_row_per_post_held",
            ),
            models.UniqueConstraint(
                fields=["organization"],
                condition=models.Q(post="secretary", until=None),
                name="one_secretary_per_organization",
            ),
        ]


class OfficeKind(models.TextChoices):
    OFFICER = "officer", _("组织部管理员")
    EDITOR = "information_editor", _("信息员")
    MODERATOR = "moderator", _("内容管理员")


class Office(models.Model):
    """A duty given to a member over an organisation and everything below it."""

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="offices")
    kind = models.CharField(max_length=20, choices=OfficeKind)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="offices")
    since = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["member", "kind", "organization"], name="one_row_per_office")
        ]


class ImportKind(models.TextChoices):
    MEMBERS = "members", _("党员名册")
    ORGANIZATIONS = "organizations", _("组织名册")


class ImportState(models.TextChoices):
    READING = "reading", _("正在核对")
    READY = "ready", _("等你核对")
    APPLYING = "applying", _("正在导入")
    APPLIED = "applied", _("已导入")
    REFUSED = "refused", _("不能导入")
    UNDONE = "undone", _("已撤回")


class Import(models.Model):
    """A roster somebody uploaded, from the file to what became of each of its rows.

    What it holds of people is sealed (`content`, and the cells of its rows), and goes when it is no longer needed.
    """

    kind = models.CharField(max_length=14, choices=ImportKind)
    state = models.CharField(max_length=8, choices=ImportState, default=ImportState.READING)
    by = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    file_name = models.CharField(max_length=120)
    content = models.TextField(blank=True, help_text="the file, sealed; empty once it has been read")
    language = models.CharField(max_length=10, help_text="what its officer is told in")
    titles = models.JSONField(default=list, help_text="of the file's columns, in their order")
    mapping = models.JSONField(default=dict, help_text="field → title")
    units = models.JSONField(
        default=dict, help_text="name in the file → id of the organisation that was meant"
    )
    total = models.PositiveIntegerField(default=0, help_text="rows")
    counts = models.JSONField(default=dict, help_text="outcome → rows")
    fault = models.JSONField(null=True, help_text="what is wrong with the file as a whole: code, message")
    created_at = models.DateTimeField(db_default=Now())
    applied_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["-created_at", "-id"], name="import_newest")]


class Outcome(models.TextChoices):
    NEW = "new", _("新增")
    CHANGED = "changed", _("更新")
    UNCHANGED = "unchanged", _("没有变化")
    REFUSED = "refused", _("要改")


class ImportRow(models.Model):
    """A row of the file: its cells (sealed), what would become or became of it, and what is wrong with it."""

    source = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="rows")
    number = models.PositiveIntegerField(help_text="as the table program counts")
    cells = models.TextField(help_text="sealed: field → what stands there, as text")
    outcome = models.CharField(max_length=9, choices=Outcome, blank=True)
    problems = models.JSONField(default=list, help_text="field, code, message; numbers of people masked")
    target = models.BigIntegerField(null=True, help_text="id of the member or organisation it is about")
    before = models.TextField(blank=True, help_text="sealed: what an applied row changed, as it was before")
    version = models.PositiveIntegerField(null=True, help_text="of the target after the row was applied")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "number"], name="one_row_per_import_and_number")
        ]


class ColumnTitle(models.Model):
    """Which field a column title stands for, remembered from the last time somebody said so."""

    kind = models.CharField(max_length=14, choices=ImportKind)
    title = models.CharField(max_length=60)
    field = models.CharField(max_length=20)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "title"], name="one_field_per_title")]


# What packages of this app keep; Django finds it from here.
from dangjian.organizations.admission import models as _admission  # noqa: E402, F401
from dangjian.organizations.corrections import models as _corrections  # noqa: E402, F401
from dangjian.organizations.dues import models as _dues  # noqa: E402, F401
from dangjian.organizations.elections import models as _elections  # noqa: E402, F401
from dangjian.organizations.groups import models as _groups  # noqa: E402, F401
from dangjian.organizations.transfers import models as _transfers  # noqa: E402, F401
