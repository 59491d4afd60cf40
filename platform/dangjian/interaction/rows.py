"""Posts and comments as lists and events show them: plain values, built without the ORM.

`as_json` is the one shape of the REST API; an event carries the same without what differs from reader to reader.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings

from realtime.protocol import iso
from tenants.context import current_district


@dataclass(slots=True)
class PhotoRow:
    """width, height: of the desktop size, in pixels."""

    id: int
    width: int
    height: int

    @property
    def url(self) -> str:
        """The desktop size, at most 1600 px on the longer side."""
        return self._url("desktop")

    @property
    def phone_url(self) -> str:
        """The phone size, at most 720 px on the longer side."""
        return self._url("phone")

    def as_json(self) -> dict[str, Any]:
        return {"id": self.id, "url": self.url, "width": self.width, "height": self.height}

    def _url(self, size: str) -> str:
        return f"{settings.MEDIA_URL}{current_district().schema_name}/photos/{self.id}/{size}.jpg"


@dataclass(slots=True)
class CommentRow:
    """A comment. A deleted or hidden one keeps its place and has no text; `hidden_by` tells the two apart."""

    id: int
    post_id: int
    text: str
    version: int
    author_id: int
    author_name: str
    branch_id: int
    branch_name: str
    reply_to_id: int | None
    reply_to_author_id: int | None
    reply_to_author_name: str | None
    created_at: datetime
    edited_at: datetime | None
    is_deleted: bool
    hidden_by: str | None
    hidden_reason: str

    def __post_init__(self) -> None:
        if self.is_gone:
            self.text = ""

    @property
    def is_hidden(self) -> bool:
        return self.hidden_by is not None

    @property
    def is_gone(self) -> bool:
        return self.is_deleted or self.is_hidden

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "text": self.text,
            "author": {"id": self.author_id, "name": self.author_name},
            "branch": {"id": self.branch_id, "name": self.branch_name},
            "reply_to": self.reply_to_id,
            "reply_to_author": _person(self.reply_to_author_id, self.reply_to_author_name),
            "created_at": iso(self.created_at),
            "edited_at": iso(self.edited_at) if self.edited_at else None,
            "deleted": self.is_gone,
            "hidden": {"by": self.hidden_by, "reason": self.hidden_reason} if self.is_hidden else None,
            "version": self.version,
        }


@dataclass(slots=True)
class PostRow:
    """A post with its counts.

    `photos` and `talk` (the newest comments, oldest first) stand empty until attached; `likers` are the names of the
    three who liked it last; `talkers_version` rises when somebody named in the talk is renamed; `liked` is the one
    value of the reader's own.
    """

    id: int
    kind: str
    text: str
    visibility: str
    audience_id: int
    author_id: int
    author_name: str
    author_version: int
    branch_id: int
    branch_name: str
    branch_full_name: str
    branch_version: int
    branch_path: str
    created_at: datetime
    edited_at: datetime | None
    version: int
    hidden_by: str | None
    hidden_reason: str
    comment_count: int
    like_count: int
    view_count: int
    talk_version: int
    talkers_version: int
    liked: bool
    likers: list[str]
    photos: list[PhotoRow] = field(default_factory=list)
    talk: list[CommentRow] = field(default_factory=list)

    @property
    def is_long(self) -> bool:
        """Whether a list shows only the text's beginning on a phone: about six lines."""
        return len(self.text) > 124 or self.text.count("\n") > 5

    @property
    def is_very_long(self) -> bool:
        """Whether it does on a wide screen too."""
        return len(self.text) > 208 or self.text.count("\n") > 5

    def as_json(self, *, to_reader: bool = True) -> dict[str, Any]:
        """The REST object; with ``to_reader=False`` without `liked`, as events carry it. Photos must be attached."""
        body = {
            "id": self.id,
            "kind": self.kind,
            "text": self.text,
            "visibility": self.visibility,
            "author": {"id": self.author_id, "name": self.author_name},
            "branch": {"id": self.branch_id, "name": self.branch_name},
            "created_at": iso(self.created_at),
            "edited_at": iso(self.edited_at) if self.edited_at else None,
            "comment_count": self.comment_count,
            "like_count": self.like_count,
            "view_count": self.view_count,
            "photos": [photo.as_json() for photo in self.photos],
            "version": self.version,
        }
        if to_reader:
            body["liked"] = self.liked
        return body


def _person(pk: int | None, name: str | None) -> dict[str, Any] | None:
    return None if pk is None else {"id": pk, "name": name}
