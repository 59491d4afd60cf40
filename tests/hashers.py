"""Passwords in tests."""

from django.contrib.auth.hashers import PBKDF2PasswordHasher


class QuickPasswordHasher(PBKDF2PasswordHasher):
    """The default one with a single iteration; the real one, in a server that a test starts, can check what it made."""

    iterations = 1
