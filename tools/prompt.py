"""A prompt at a terminal, under lines that come by themselves and appear above what is typed.

`say` may be called from any thread. GNU readline and macOS's libedit both do.
"""

from __future__ import annotations

import readline
import threading
from typing import Callable, Iterator


class Prompt:
    """label() stands before what is typed; words(line) are what Tab may put at the line's end."""

    def __init__(self, label: Callable[[], str], words: Callable[[str], list[str]]) -> None:
        self._label, self._words = label, words
        self._printing = threading.Lock()
        self._shown = ""  # the label while somebody may type; else nothing is drawn anew
        readline.set_completer(self._complete)
        readline.set_completer_delims(" ")
        libedit = "libedit" in (readline.__doc__ or "")
        readline.parse_and_bind("bind ^I rl_complete" if libedit else "tab: complete")

    def say(self, text: str) -> None:
        with self._printing:
            if self._shown:
                print(
                    "\r\x1b[K%s\n%s%s" % (text, self._shown, readline.get_line_buffer()),
                    end="",
                    flush=True,
                )
            else:
                print(text, flush=True)

    def lines(self) -> Iterator[str]:
        """What is typed, line by line, until Ctrl-D."""
        while True:
            label = self._label()

            def ready(label: str = label) -> None:  # readline has drawn the label, and now reads
                self._shown = label

            readline.set_pre_input_hook(ready)
            try:
                line = input(label)
            except EOFError:
                print()
                return
            finally:
                self._shown = ""
            yield line

    def _complete(self, text: str, number: int) -> str | None:
        before = readline.get_line_buffer()[: readline.get_begidx()]
        fitting = [word for word in self._words(before) if word.lower().startswith(text.lower())]
        return fitting[number] + " " if number < len(fitting) else None
