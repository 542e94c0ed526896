"""A page as a list of elements and texts, for tests that look things up in it."""

import re
from html.parser import HTMLParser

VOID = frozenset(
    ("meta", "img", "br", "link", "hr", "line", "rect", "circle", "polyline", "path", "input")
)


class ReadPage(HTMLParser):
    """Elements in order, the texts outside of style, and whether every tag is closed."""

    def __init__(self, source):
        super().__init__()
        self.elements, self.stack, self.words = [], [], []
        self.feed(source)
        assert self.stack == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.words.append(" ")
        # a rectangle may hold its title
        if tag not in VOID or (tag in ("rect", "circle") and not self.self_closed):
            self.stack.append(tag)

    @property
    def self_closed(self):
        return self.get_starttag_text().endswith("/>")

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert tag == self.stack.pop()
        self.words.append(" ")

    def handle_data(self, data):
        if "style" not in self.stack:
            self.words.append(data)

    @property
    def text(self):
        return re.sub(r"\s+", " ", "".join(self.words))

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]
