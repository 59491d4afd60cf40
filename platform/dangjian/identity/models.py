"""Who signs in. What a person is in the organisation stands in `dangjian.organizations`."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.sessions.base_session import AbstractBaseSession, BaseSessionManager
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class UserManager(BaseUserManager["User"]):
    def create_user(self, username: str, password: str | None = None, **fields: Any) -> User:
        """A user with that password, or with an unusable one when it is None."""
        user = self.model(username=self.model.normalize_username(username), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class TextSize(models.TextChoices):
    NORMAL = "", _("标准")
    LARGE = "large", _("大字")
    XLARGE = "xlarge", _("特大字")


class User(AbstractBaseUser):
    """An account of one district (or of the centre).

    `session_epoch` is raised to end everything the account has open: sessions and sockets carry the epoch they
    were made with and are worth nothing under another.
    """

    username = models.CharField(max_length=150, unique=True)
    name = models.CharField(max_length=50, help_text="as shown")
    is_active = models.BooleanField(default=True)
    session_epoch = models.PositiveIntegerField(default=1)
    must_change_password = models.BooleanField(default=False)
    password_expires_at = models.DateTimeField(
        null=True, help_text="of a one-time password; a password chosen by its owner does not expire"
    )
    first_signed_in_at = models.DateTimeField(null=True)
    issuer = models.CharField(max_length=200, blank=True)
    subject = models.CharField(max_length=100, blank=True)
    bearers_since = models.DateTimeField(
        null=True, help_text="bearer tokens issued before are worth nothing: raised with the epoch"
    )
    is_untold = models.BooleanField(
        default=False, help_text="the identity server does not know yet that the account changed"
    )
    language = models.CharField(max_length=10, blank=True, help_text="empty: as the browser asks")
    text_size = models.CharField(max_length=6, choices=TextSize, blank=True)
    is_demo = models.BooleanField(default=False, help_text="a person of the demo data, who does not exist")
    created_at = models.DateTimeField(db_default=Now())

    USERNAME_FIELD = "username"
    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["issuer", "subject"], condition=~models.Q(subject=""), name="one_user_per_subject"
            )
        ]
        indexes = [models.Index(fields=["id"], condition=models.Q(is_untold=True), name="user_untold")]

    def __str__(self) -> str:
        return self.name or self.username

    @classmethod
    def normalize_username(cls, username: str) -> str:
        """The one form a name is kept and looked up in.

        A phone puts a capital first and a space after; a telephone number is written in groups.
        """
        return "".join(super().normalize_username(username).casefold().split())


def grace() -> timedelta:
    """How long a session lives on while the identity server cannot be asked about it."""
    return timedelta(minutes=settings.KEYCLOAK_GRACE_MINUTES)


class SessionQuerySet(models.QuerySet["Session"]):
    def valid(self) -> Self:
        """Those that still open something: not expired, of an active person, of that person's present epoch, and
        not longer unconfirmed by the identity server than the grace allows."""
        now = timezone.now()
        return self.filter(
            models.Q(confirmed_until=None) | models.Q(confirmed_until__gt=now - grace()),
            expire_date__gt=now,
            user__is_active=True,
            user_epoch=models.F("user__session_epoch"),
        )


class SessionManager(BaseSessionManager.from_queryset(SessionQuerySet)):  # type: ignore[misc]
    pass


class Session(AbstractBaseSession):
    """A signed-in browser. Rows of a person are listed to that person, who may end them.

    `user` is None where something is kept for somebody who has not signed in. `confirmed_until`: when the identity
    server is to be asked whether the session still stands; None for one begun with a password kept here.
    """

    id = models.BigAutoField(primary_key=True)
    session_key = models.CharField(max_length=40, unique=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="sessions")
    user_epoch = models.PositiveIntegerField(default=0)
    address = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    last_seen_at = models.DateTimeField(db_default=Now(), help_text="to the minute")
    confirmed_until = models.DateTimeField(null=True)

    objects: ClassVar[SessionManager] = SessionManager()

    class Meta(AbstractBaseSession.Meta):
        abstract = False

    @classmethod
    def get_session_store_class(cls) -> Any:
        from dangjian.identity.sessions import SessionStore

        return SessionStore

    @property
    def is_valid(self) -> bool:
        """As `SessionQuerySet.valid` says, of a row read with its user and not expired."""
        return self.user is None or (self.user.is_active and self.user_epoch == self.user.session_epoch)


class RealmSession(models.Model):
    """What the identity server gave for one session; it never leaves the server.

    sid: the server's own name of the browser's session there. The tokens are sealed (`dangjian.identity.sealing`).
    unanswered: the refresh token was sent and no answer came, so that the server may still use it up.
    """

    session = models.OneToOneField(Session, on_delete=models.CASCADE, related_name="realm_session")
    sid = models.CharField(max_length=100, db_index=True)
    refresh_token = models.TextField()
    id_token = models.TextField()
    unanswered = models.BooleanField(default=False, db_default=False)


class Revocation(models.Model):
    """A name that is spent: ``jti:…`` of a logout token that was acted on, ``sid:…`` of a session that has ended.

    Kept until nothing that bears the name could still be believed.
    """

    name = models.CharField(max_length=120, unique=True)
    until = models.DateTimeField(db_index=True)


class ServiceScope(models.TextChoices):
    """What a service client may do; the value is the scope's name in the API's documentation."""

    ORGANIZATIONS = "organizations.read", _("读取组织架构")
    MEMBERS = "members.read", _("读取党员名册（不含手机号）")
    STATISTICS = "statistics.read", _("读取党员统计数字")


class ServiceClientQuerySet(models.QuerySet["ServiceClient"]):
    def active(self) -> Self:
        return self.filter(revoked_at=None)


class ServiceClient(models.Model):
    """Another system of the district that calls the API in its own name (client credentials, RFC 6749, 4.4).

    client_id: its name in the realm, where its secret is too. scopes: names of `ServiceScope`; they are ours, so a
    change counts from the next call, not from the next token.
    """

    client_id = models.CharField(max_length=60, unique=True)
    name = models.CharField(max_length=60)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(db_default=Now())
    last_used_at = models.DateTimeField(null=True, help_text="to the hour")
    tokens_since = models.DateTimeField(
        null=True, help_text="tokens issued before are worth nothing: raised with each new secret"
    )
    revoked_at = models.DateTimeField(null=True, help_text="for good; the row stays for the list and the log")

    objects: ClassVar[models.Manager[ServiceClient]] = models.Manager.from_queryset(ServiceClientQuerySet)()

    class Meta:
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name

    @property
    def scope_labels(self) -> list[str]:
        """What it may do, in words."""
        return [str(ServiceScope(scope).label) for scope in ServiceScope.values if scope in self.scopes]


class AccountsRun(models.Model):
    """How the last pass went that gave the roster accounts in the realm; one row a district.

    It only tells: what is to be done is asked of the roster itself, so a pass that was killed goes on in the next.
    """

    began_at = models.DateTimeField()
    seen_at = models.DateTimeField(help_text="the last sign of life")
    ended_at = models.DateTimeField(null=True)
    began_with = models.PositiveIntegerField(help_text="accounts that were there when it began")
    done = models.PositiveIntegerField()
    taken = models.JSONField(default=list, help_text="names that somebody else has there")
    fault = models.CharField(
        max_length=12, blank=True, help_text="unreachable, refused, unset: it ended early; empty: it did not"
    )
    reason = models.CharField(max_length=300, blank=True, help_text="for operators, in English")


class SignInFailure(models.Model):
    """An attempt to sign in that did not succeed, kept as long as it counts towards a lock-out.

    `username` is as typed (normalised): it may name nobody, so that the lock tells nothing. `address` of an IPv6
    client is its /64 network.
    """

    username = models.CharField(max_length=150)
    address = models.GenericIPAddressField()
    at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            models.Index(fields=["username", "address", "at"], name="failure_lookup"),
            models.Index(fields=["address", "at"], name="failure_at_address"),
        ]


class KnownPlace(models.Model):
    """An address a person has signed in from: who is at home there is not shut out with strangers who guess.

    `address` as in `SignInFailure`.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="known_places")
    address = models.GenericIPAddressField()
    seen_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "address"], name="one_place_each")]
