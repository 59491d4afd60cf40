"""The API client and the posts of the interaction tests."""

from tests.interaction.conftest import api_of, committed, make_post, statements  # noqa: F401
