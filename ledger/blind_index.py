"""A blind index: texts by which a person is looked up, as numbers that tell nothing without the index's own key."""

from __future__ import annotations

import hmac

from ledger.keys import MasterKey

PURPOSE = b"daybook/blind-index/v1"
"""What the index's key is derived for: neither a data key nor the master key itself."""
NUMBER_BYTES = 8
"""A column's bigint. Two of a billion texts have the same number once in some forty books; whoever asks is then shown
somebody whom they did not mean."""


class BlindIndex:
    """The numbers of one book. The same text has another one in another book, and under another label."""

    def __init__(self, master: MasterKey, book: str) -> None:
        self._key = master.derive(PURPOSE)
        self._book = book

    def number(self, label: str, text: str) -> int:
        """The number of a text: the first 64 bits of its HMAC-SHA256, the same for as long as the master key."""
        message = f"{self._book}\0{label}\0{text}".encode(errors="surrogatepass")
        return int.from_bytes(hmac.digest(self._key, message, "sha256")[:NUMBER_BYTES], "big", signed=True)
