"""基础数据: the organisation tree, members, and who holds which post or office."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from treebeard.mp_tree import MP_Node


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
    """A node of the tree 区委 → 基层党委/总支 → 支部. `path` is treebeard's; its prefixes are the ancestors'."""

    name = models.CharField(max_length=120)
    short_name = models.CharField(max_length=60, help_text="without the region's prefix")
    kind = models.CharField(max_length=16, choices=OrganizationKind)
    sector = models.CharField(max_length=12, choices=Sector, blank=True)
    version = models.PositiveIntegerField(default=1, help_text="raised when what posts show of it changes")
    created_at = models.DateTimeField(db_default=Now())

    node_order_by: list[str] = []

    def __str__(self) -> str:
        return self.short_name or self.name

    def path_prefixes(self) -> list[str]:
        """The paths of the node and of each of its ancestors, root first."""
        return [self.path[:end] for end in range(self.steplen, len(self.path) + 1, self.steplen)]


class MemberStatus(models.TextChoices):
    FULL = "full", _("正式党员")
    PROBATIONARY = "probationary", _("预备党员")


class Member(models.Model):
    """A Party member; belongs to exactly one branch."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="member")
    branch = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="members")
    name = models.CharField(max_length=50)
    pinyin = models.CharField(max_length=120, help_text="full, without spaces or tones")
    initials = models.CharField(max_length=20)
    status = models.CharField(max_length=12, choices=MemberStatus, default=MemberStatus.FULL)
    joined_on = models.DateField(null=True)
    phone = models.CharField(max_length=20, blank=True)
    version = models.PositiveIntegerField(
        default=1, help_text="raised when what posts show of the person changes"
    )
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            models.Index(fields=["branch", "pinyin"], name="member_by_branch"),
            models.Index(fields=["pinyin"], name="member_pinyin", opclasses=["varchar_pattern_ops"]),
            models.Index(fields=["initials"], name="member_initials", opclasses=["varchar_pattern_ops"]),
            models.Index(fields=["name"], name="member_name", opclasses=["varchar_pattern_ops"]),
        ]

    def __str__(self) -> str:
        return self.name


class Post(models.TextChoices):
    SECRETARY = "secretary", _("支部书记")
    DEPUTY_SECRETARY = "deputy_secretary", _("副书记")
    ORGANIZATION = "organization", _("组织委员")
    PUBLICITY = "publicity", _("宣传委员")
    DISCIPLINE = "discipline", _("纪检委员")


class PostHeld(models.Model):
    """党内职务: a post in the committee of one organisation."""

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="posts_held")
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="posts_held")
    post = models.CharField(max_length=20, choices=Post)
    since = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["member", "organization", "post"], name="one_row_per_post_held"),
            models.UniqueConstraint(
                fields=["organization"],
                condition=models.Q(post="secretary"),
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
