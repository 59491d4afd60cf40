"""Who signs in. What a person is in the organisation stands in `dangjian.organizations`."""

from __future__ import annotations

from typing import Any, ClassVar, Self

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
    first_signed_in_at = models.DateTimeField(null=True)
    issuer = models.CharField(max_length=200, blank=True)
    subject = models.CharField(max_length=100, blank=True)
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

    def __str__(self) -> str:
        return self.name or self.username

    @classmethod
    def normalize_username(cls, username: str) -> str:
        """The one form a name is kept and looked up in.

        A phone puts a capital first and a space after; a telephone number is written in groups.
        """
        return "".join(super().normalize_username(username).casefold().split())


class SessionQuerySet(models.QuerySet["Session"]):
    def valid(self) -> Self:
        """Those that still open something: not expired, of an active person, of that person's present epoch."""
        return self.filter(
            expire_date__gt=timezone.now(), user__is_active=True, user_epoch=models.F("user__session_epoch")
        )


class SessionManager(BaseSessionManager.from_queryset(SessionQuerySet)):  # type: ignore[misc]
    pass


class Session(AbstractBaseSession):
    """A signed-in browser. Rows of a person are listed to that person, who may end them.

    `user` is None only before a sign-in that needs to remember something across a redirect.
    """

    id = models.BigAutoField(primary_key=True)
    session_key = models.CharField(max_length=40, unique=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="sessions")
    user_epoch = models.PositiveIntegerField(default=0)
    address = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    last_seen_at = models.DateTimeField(db_default=Now(), help_text="to the minute")

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


class SignInFailure(models.Model):
    """An attempt to sign in that did not succeed, kept as long as it counts towards a lock-out.

    `username` is as typed (normalised): it may name nobody, so that the lock tells nothing. `address` of an IPv6
    client is its /64 network.
    """

    username = models.CharField(max_length=150)
    address = models.GenericIPAddressField()
    at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["username", "address", "at"], name="failure_lookup")]
