"""The ways in which a customer and the company reach each other."""

from __future__ import annotations

from enum import StrEnum


class Channel(StrEnum):
    """How words travelled; which account or number of it was used is the touchpoint's medium."""

    HOTLINE = "hotline"
    COUNTER = "counter"
    SITE_VISIT = "site-visit"
    SMS = "sms"
    EMAIL = "email"
    WEB = "web"
    FORUM = "forum"
    CHAT = "chat"
    WECHAT = "wechat"
    QQ = "qq"
    LETTER = "letter"
    SOCIAL = "social"
    SELF_SERVICE = "self-service"
    OTHER = "other"


class Direction(StrEnum):
    """Who reached whom: `in` is towards the company."""

    IN = "in"
    OUT = "out"
