"""The language of the report: every sentence is a message that is said in the current one.

English is the source language: a message is its own English text, and saying it needs no
catalogue. Other languages stand in ``catalogue/LANGUAGE/*.po``; a message that is missing there is
said in English, and a test lists it. Placeholders are those of `str.format`, with names.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, wraps
from gettext import c2py
from importlib.resources import files
from string import Formatter
from typing import Final, ParamSpec, TypeVar

from remnant.core.errors import InputError

ENGLISH: Final = "en"
LANGUAGES: Final[Mapping[str, str]] = {ENGLISH: "English", "de": "Deutsch"}
"""What each language calls itself, by its code."""
DECIMAL_COMMA: Final = frozenset(("de",))
"""Languages that write a comma where English writes a decimal point; none groups digits."""
Key = TypeVar("Key")
Value = TypeVar("Value")
Given = ParamSpec("Given")
Message = str
"""A text that is said later; tables annotated with it or `kinds.Template` are in the catalogue."""
Entry = tuple[str | None, str]
"""The context of a message, ``None`` for most, and its English text."""

_CURRENT: Final[ContextVar[str]] = ContextVar("language", default=ENGLISH)


class Catalogue:
    """Messages in one language: the forms of each, one or as many as the language has plurals."""

    def __init__(
        self, messages: Mapping[Entry, tuple[str, ...]], plural: Callable[[int], int]
    ) -> None:
        self.messages = messages
        self.plural = plural

    def one(self, message: str, context: str | None) -> str:
        """Return a message in this language, in English where it is missing."""
        found = self.messages.get((context, message))
        return found[0] if found else message

    def many(self, singular: str, plural: str, number: int) -> str:
        """Return the form of a message that goes with a number."""
        found = self.messages.get((None, singular))
        if found and len(found) > 1:
            return found[self.plural(number)]
        return singular if number == 1 else plural


def language() -> str:
    """Return the code of the current language."""
    return _CURRENT.get()


@contextmanager
def in_language(code: str) -> Iterator[None]:
    """Say everything in another language until the block ends, in this thread or task alone.

    Raises
    ------
    InputError
        The language is not known.
    """
    if code not in LANGUAGES:
        raise InputError(f"got the language {code!r}; known are {', '.join(LANGUAGES)}")
    token = _CURRENT.set(code)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def english(write: Callable[Given, Value]) -> Callable[Given, Value]:
    """Make a function say everything in English: files for programs have no other language."""

    @wraps(write)
    def written(*given: Given.args, **named: Given.kwargs) -> Value:
        with in_language(ENGLISH):
            return write(*given, **named)

    return written


def say(message: str, /, **values: object) -> str:
    """Return a message in the current language with its values filled in.

    >>> say("{share:.1f} % of the tumour", share=12.34)
    '12.3 % of the tumour'
    """
    return _filled(translated(message), values)


def say_as(context: str, message: str, /, **values: object) -> str:
    """Return a message that reads otherwise elsewhere: short words need to say what they are."""
    return _filled(translated(message, context), values)


def say_many(singular: str, plural: str, number: int, /, **values: object) -> str:
    """Return the message for a number, which it may hold as ``{number}``.

    >>> say_many("{number} lesion", "{number} lesions", 2)
    '2 lesions'
    """
    return _filled(translated_many(singular, plural, number), {"number": number, **values})


def message(text: str) -> str:
    """Return a message as it is: a mark that it is said later, for the catalogue."""
    return text


class Spoken(Mapping[Key, str]):
    """A table of messages that are said, in the language of that moment, where one is read."""

    def __init__(self, messages: Mapping[Key, str], context: str | None = None) -> None:
        self._messages = dict(messages)
        self._context = context

    def __getitem__(self, key: Key) -> str:
        return translated(self._messages[key], self._context)

    def __iter__(self) -> Iterator[Key]:
        return iter(self._messages)

    def __len__(self) -> int:
        return len(self._messages)


def spoken(messages: Mapping[Key, str], context: str | None = None) -> Mapping[Key, str]:
    """Return a table whose words are said where they are read, in the language of that moment."""
    return Spoken(messages, context)


def localised(number: str) -> str:
    """Return a number that was written as in English as the current language writes it."""
    return number.replace(".", ",") if language() in DECIMAL_COMMA else number


def translated(message: str, context: str | None = None) -> str:
    """Return a message in the current language with its placeholders as they are."""
    code = language()
    return message if code == ENGLISH else catalogue_of(code).one(message, context)


def translated_many(singular: str, plural: str, number: int) -> str:
    """Return the form of a message for a number with its placeholders as they are."""
    code = language()
    if code == ENGLISH:
        return singular if number == 1 else plural
    return catalogue_of(code).many(singular, plural, number)


@cache
def catalogue_of(code: str) -> Catalogue:
    """Read the messages of a language."""
    from babel.messages.pofile import read_po  # English needs none

    messages: dict[Entry, tuple[str, ...]] = {}
    plural: Callable[[int], int] = int
    folder = files("remnant.wording") / "catalogue" / code
    for file in sorted((one for one in folder.iterdir()), key=lambda one: one.name):
        with file.open("rb") as lines:
            read = read_po(lines, locale=code)
        plural = c2py(read.plural_expr)
        for entry in read:
            forms = (entry.string,) if isinstance(entry.string, str) else tuple(entry.string or ())
            first = entry.id if isinstance(entry.id, str) else entry.id[0]
            if first and forms and all(forms) and not entry.fuzzy:
                messages[entry.context, first] = forms
    return Catalogue(messages, plural)


def _filled(text: str, values: Mapping[str, object]) -> str:
    if not values:
        return text
    if language() == ENGLISH:
        return text.format(**values)
    return _LOCAL.vformat(text, (), values)


class _LocalFormatter(Formatter):
    """Writes numbers as the current language does."""

    def format_field(self, value: object, format_spec: str) -> str:
        written = format(value, format_spec)
        return localised(written) if isinstance(value, (int, float)) else written


_LOCAL: Final = _LocalFormatter()
