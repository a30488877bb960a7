"""What `wispgate up` writes: the lines of all processes, each with its process in front."""

import json
import sys
from typing import TextIO

_COLOURS = {"postgres": 34, "migrate": 33, "diameter": 35, "worker": 36, "web": 32, "demo": 33}
_OWN_NAME = "wispgate"
_WIDTH = 9


class Output:
    """Writes whole lines. A reader that went away (`wispgate up | head`) is no reason to stop."""

    def __init__(
        self, stream: TextIO | None = None, *, log_format: str = "console", colour: bool = False
    ) -> None:
        self._stream = stream or sys.stdout
        self._is_json = log_format == "json"
        self._colour = colour
        self._is_open = True

    def say(self, text: str) -> None:
        """A line of the supervisor's own."""
        self.line(_OWN_NAME, text)

    def line(self, process: str, text: str) -> None:
        """A line that a process wrote. In JSON, one that is an object already stays as it is."""
        self._write(
            self._as_json(process, text) if self._is_json else self._prefixed(process, text)
        )

    def _prefixed(self, process: str, text: str) -> str:
        name = f"{process:<{_WIDTH}}"
        if self._colour:
            name = f"\x1b[{_COLOURS.get(process, 1)}m{name}\x1b[0m"
        return f"{name} │ {text}"

    def _as_json(self, process: str, text: str) -> str:
        if text.startswith("{") and text.endswith("}"):
            return text
        return json.dumps({"process": process, "level": "info", "event": text})

    def _write(self, text: str) -> None:
        if not self._is_open:
            return
        try:
            self._stream.write(text + "\n")
            self._stream.flush()
        except (BrokenPipeError, ValueError):
            self._is_open = False
