"""Regular expressions in the words of other engines: RE2's meaning, Java's syntax; and globs."""

from __future__ import annotations

import re

_POSIX_NAMES = {
    "alnum": "Alnum",
    "alpha": "Alpha",
    "ascii": "ASCII",
    "blank": "Blank",
    "cntrl": "Cntrl",
    "digit": "Digit",
    "graph": "Graph",
    "lower": "Lower",
    "print": "Print",
    "punct": "Punct",
    "space": "Space",
    "upper": "Upper",
    "xdigit": "XDigit",
}
_POSIX = re.compile(rf"\[:(\^?)({'|'.join(_POSIX_NAMES)}|word):\]")


def java_pattern(pattern: str) -> str:
    """Return a Java regular expression that means what RE2 means by ``pattern``.

    Java's ``.`` stops at every line separator unless ``(?d)``, its ``$`` matches before a last newline, its ``\\s`` knows
    the vertical tab, and its named groups have no P. The rest is the same.
    """
    out: list[str] = []
    in_class = False
    at = 0
    while at < len(pattern):
        char = pattern[at]
        if char == "\\" and at + 1 < len(pattern):
            out.append(_escape(pattern[at + 1], in_class=in_class))
            at += 2
            continue
        if in_class:
            posix = _POSIX.match(pattern, at)
            if posix:
                out.append(_posix(posix[2], negated=bool(posix[1])))
                at = posix.end()
                continue
            in_class = char != "]"
            out.append(f"\\{char}" if char in "[&" else char)
        elif char == "[":
            in_class = True
            opening = re.match(r"\[\^?\]?", pattern[at:])
            text = opening.group() if opening else "["
            out.append(text.replace("]", "\\]"))
            at += len(text) - 1
        elif char == "$" and "(?m" not in pattern:
            out.append("\\z")
        elif pattern.startswith("(?P<", at):
            out.append("(?<")
            at += 3
        else:
            out.append(char)
        at += 1
    return "(?d)" + "".join(out)


def glob_pattern(glob: str) -> str:
    """Return a regular expression for whole names, in which ``*`` and ``?`` of the glob stand for any text and character.

    >>> glob_pattern("TEST_*.v?")
    '^(TEST_(.|\\\\n)*[.]v(.|\\\\n))$'
    """
    special = {"*": "(.|\\n)*", "?": "(.|\\n)"}
    return f"^({''.join(special.get(char) or _literal(char) for char in glob)})$"


def _posix(name: str, *, negated: bool) -> str:
    if name == "word":
        return "\\W" if negated else "\\w"
    return f"\\{'P' if negated else 'p'}{{{_POSIX_NAMES[name]}}}"


def _literal(char: str) -> str:
    if char in "\\^]":
        return f"\\{char}"
    return f"[{char}]" if char in ".$|()[{}+*?" else char


def _escape(char: str, *, in_class: bool) -> str:
    if char == "s":
        return "\\t\\n\\f\\r " if in_class else "[\\t\\n\\f\\r ]"
    if char == "S" and not in_class:
        return "[^\\t\\n\\f\\r ]"
    return f"\\{char}"
