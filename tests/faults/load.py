"""Writers that send until the server dies under them, and remember what was acknowledged."""

from __future__ import annotations

import http.client
import json
import random
import threading
from base64 import b64encode
from typing import Any
from urllib.parse import urlsplit

PEOPLE = 400
NAMES = ("view", "view", "view", "add_to_cart", "order")


class Writer:
    """One client of the server: batches of a few events, now and then one that was sent before."""

    def __init__(self, number: int, key: str) -> None:
        self._dice = random.Random(number)
        self._number, self._key = number, key
        self._count = 0
        self.acknowledged: set[str] = set()
        self.sent: list[dict[str, Any]] = []

    def batch(self) -> list[dict[str, Any]]:
        """Return the next batch: new events, and some that were sent before, acknowledged or not."""
        fresh = [self._event() for _ in range(self._dice.randrange(1, 20))]
        again = self._dice.sample(self.sent[-200:], min(2, len(self.sent))) if self._dice.random() < 0.3 else []
        self.sent += fresh
        return [*fresh, *again]

    def _event(self) -> dict[str, Any]:
        self._count += 1
        who = self._dice.randrange(PEOPLE)
        made: dict[str, Any] = {"messageId": f"w{self._number}-{self._count}", "anonymousId": f"browser-{who}"}
        if self._dice.random() < 0.4:
            made["userId"] = f"user-{who // 2}"
        if self._dice.random() < 0.1:
            return {**made, "type": "identify", "traits": {"plan": self._dice.choice(["pro", "free"])}}
        return {**made, "type": "track", "event": self._dice.choice(NAMES), "properties": {"n": self._count}}

    def run(self, url: str, stopped: threading.Event) -> None:
        """Send until the server is gone."""
        place = urlsplit(url)
        headers = {
            "Authorization": "Basic " + b64encode(f"{self._key}:".encode()).decode(),
            "Content-Type": "application/json",
        }
        connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=5)
        while not stopped.is_set():
            batch = self.batch()
            try:
                connection.request("POST", "/v1/batch", json.dumps({"batch": batch}), headers)
                answer = connection.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException):
                connection.close()
                return
            if answer.status == 200:
                self.acknowledged.update(one["messageId"] for one in batch)
        connection.close()


def under_load(url: str, writers: list[Writer], end: Any) -> None:
    """All writers send while ``end()`` runs; afterwards none does."""
    stopped = threading.Event()
    threads = [threading.Thread(target=one.run, args=(url, stopped)) for one in writers]
    for thread in threads:
        thread.start()
    end()
    stopped.set()
    for thread in threads:
        thread.join()
