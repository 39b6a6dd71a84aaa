"""Text from elsewhere as a terminal may show it: providers, applications and records could put control
characters, escape sequences and marks that turn the direction of writing into it."""


def visible(text: str) -> str:
    """The text with everything escaped but what can be seen, spaces and line ends."""
    return text if text.isprintable() else "".join(c if c == "\n" else _visible(c) for c in text)


def visible_line(text: str) -> str:
    """The same on one line: line ends are escaped, too."""
    return text if text.isprintable() else "".join(map(_visible, text))


def _visible(character: str) -> str:
    """Unicode's category Cf, which no character of is printable, holds the marks of direction."""
    if character.isprintable():
        return character
    number = ord(character)
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
