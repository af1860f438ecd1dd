"""The table and the notebook's table."""

from html.parser import HTMLParser

import pytest

from minigrad import adjoint, value
from minigrad.derivation.report import spelled_steps
from tests.minigrad.derivation.models import derivation, flow

FLOW = flow()


def wrong(dh=adjoint("h"), h=value("h")):
    return -dh * (1 - h**2)


def test_a_right_report_is_a_table_and_a_sentence():
    text = str(derivation().check(FLOW))
    assert "All 11 are right." in text
    assert text.splitlines()[2].split() == ["line", "claim", "error", "tolerance", "at", "steps"]
    assert max(map(len, text.split("\n\n")[1].splitlines())) <= 100


def test_a_wrong_report_says_what_and_where():
    report = derivation(s=wrong).check(FLOW)
    assert not report.ok
    assert "1 of 11 are wrong." in str(report)
    assert "s  dJ/ds: sign. Equal to the truth when multiplied by -1." in str(report)
    [row] = [row for row in str(report).splitlines() if row.startswith("s ") and "1-3" in row]
    assert row.split()[:3] == ["s", "dJ/ds", "sign"]
    assert repr(report) == str(report)


def test_a_chained_report_counts_what_is_inherited():
    text = str(derivation(s=wrong).check(FLOW, chained=True))
    assert "only by what they are given (inherited)" in text


class Text(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.cells = set(), []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)

    def handle_data(self, data):
        self.cells.append(data)


def test_a_notebook_shows_the_same_and_nothing_is_taken_for_markup():
    lines = derivation()
    lines.title = "<script>alert('&amp;')</script>"
    lines.line("<b>9</b>", adjoint("s"))(wrong)
    page = Text()
    page.feed(lines.check(FLOW)._repr_html_())
    assert page.tags == {"p", "b", "table", "tr", "th", "td"}
    assert "<b>9</b>" in page.cells
    assert page.cells[0].startswith("<script>alert('&amp;')</script>")


@pytest.mark.parametrize(
    ("steps", "words"),
    [((1, 2, 3), "1-3"), ((2,), "2"), ((0, 1, 4, 6, 7), "0-1, 4, 6-7"), ((None,), ""), ((), "")],
)
def test_steps_in_words(steps, words):
    assert spelled_steps(steps) == words
