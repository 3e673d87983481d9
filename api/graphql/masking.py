"""Personal values with most of them hidden: enough to tell one from another on a screen, too little to use."""

from __future__ import annotations

import re

HIDDEN = "**"
MIDDLE = "****"
PHONE = re.compile(r"\+?[\d\s().\-/]{6,}")
MOST_HEAD = 7
"""Of a phone number: a country's code and the first digits of an area or a network."""


def masked(path: str, text: str) -> str:
    """What is shown of a personal value, which lies at `path` in its event, to who may not read it.

    Of what people said nothing is shown: there is no telling where in it a name stands.
    """
    shown = text.strip()
    if not shown or not path.endswith(("/name", "/value")):
        return HIDDEN
    if "@" in shown and not any(character.isspace() for character in shown):
        return _address(shown)
    if PHONE.fullmatch(shown) and sum(character.isdigit() for character in shown) >= MOST_HEAD:
        return _number(shown)
    if path.endswith("/value"):
        return HIDDEN
    return shown[0] + HIDDEN


def _address(text: str) -> str:
    user, _, host = text.rpartition("@")
    return f"{user[:1]}{HIDDEN}@{host}"


def _number(text: str) -> str:
    """The last four digits, and of an international number its country code, as far as it stands apart."""
    digits = "".join(character for character in text if character.isdigit())
    country = text.split(maxsplit=1)[0] if text.startswith("+") and len(text.split()) > 1 else ""
    local = digits.removeprefix(country.lstrip("+"))
    # Never more than half of what is behind the country's code: short numbers would be told whole.
    last = local[-min(4, len(local) // 2) :]
    head = local[:3] if len(local) >= 10 else ""
    return " ".join(part for part in (country, head, MIDDLE, last) if part)
