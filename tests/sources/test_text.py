import pytest

from papertag.sources.dates import epoch_date, iso_date
from papertag.sources.stream import decode, text_encoding
from papertag.sources.text import clean, collapse, plain_latex, verbatim


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"Poincar\'e and \"Ostlund", "Poincaré and Östlund"),
        (r"{BERT} {\o} \textit{in situ}", "BERT ø in situ"),
        (r"$x_{1}\le\alpha$ of {LLMs}", r"$x_{1}\le\alpha$ of LLMs"),
        (r"$\mathcal{L}$-smooth", r"$\mathcal{L}$-smooth"),
        (r"50% of {A} & B #1", "50% of A & B #1"),
        (r"5\% \& \#1", "5% & #1"),
        (r"\method: a way", "method: a way"),
        (r"\unknown{kept} text", "kept text"),
        (r"{\bf Bold} \texttt{a\_b} \cite{x}", "Bold a_b"),
        (r"A \$5 and $7 {Question}", "A $5 and $7 Question"),
        ("no latex ~ here_at all", "no latex ~ here_at all"),
        (r"a {\textless} b {\textgreater} c{\textbar}d", "a < b > c|d"),
        (r"\href{http://x}{shown}", "shown"),
    ],
)
def test_latex_gives_way_to_text_and_math_stays(text: str, expected: str) -> None:
    assert plain_latex(text) == expected


@pytest.mark.parametrize("text", ["unclosed {brace", r"\begin{x} alone", "closed } brace", "\\", "{", r"$\frac{"])
def test_broken_latex_never_raises(text: str) -> None:
    assert isinstance(plain_latex(text), str)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A &amp; B &lt;i&gt;c&lt;/i&gt; H<sub>2</sub>O", "A & B c H2O"),
        ("the <unk> token, a < b > c, <s>", "the <unk> token, a < b > c, <s>"),
        ("<p>One.</p><p>Two.</p>", "One. Two."),
        ("AT&T &nosuch; R&D", "AT&T &nosuch; R&D"),
        (" a\r\n  b\tc\u00a0d\x00\x07 ", "a b c d"),
    ],
)
def test_clean_undoes_html_and_wrapping(text: str, expected: str) -> None:
    assert clean(text) == expected


def test_lone_surrogates_and_nuls_never_come_out() -> None:
    assert collapse("a \ud83d b") == "a \ufffd b"
    assert verbatim(" a\x00\n  b\ud83d ") == "a\n  b\ufffd"
    assert verbatim("\ud83d\ude00") == "😀"


def test_line_ends_come_out_as_in_unix() -> None:
    assert verbatim("a\r\nb\rc\n") == "a\nb\nc"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2031-01-02", "2031-01-02"),
        ("2031-01-02T11:00:00.000Z", "2031-01-02"),
        ("2031-01-02 11:00:00", "2031-01-02"),
        ("2031", "2031"),
        ("2031-01", "2031-01"),
        ("Oct 7, 2031", "2031-10-07"),
        ("7 October 2031", "2031-10-07"),
        ("Thu, 2 Jan 2031 19:18:42 GMT", "2031-01-02"),
        ("01/02/2031", ""),
        ("2031-13-01", ""),
        ("Apr 29", ""),
        ("", ""),
    ],
)
def test_dates(text: str, expected: str) -> None:
    assert iso_date(text) == expected


def test_epoch_dates_are_utc() -> None:
    assert epoch_date(1577836800000) == "2020-01-01"
    assert epoch_date(1e30) == ""


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8-sig", "Zoë"),
        ("utf-16", "Zoë reads"),
        ("utf-16-le", "Zoë reads"),
        ("latin-1", "We propose a new approach. " * 40 + "by Müller and José"),
        ("cp1252", "We “propose” a model — the café – for naïve Bayes."),
        ("gb18030", "大型语言模型的评估方法研究 A study of evaluation. 我们提出了一种新的方法"),
    ],
)
def test_encodings(encoding: str, text: str) -> None:
    assert decode(text.encode(encoding)) == text


def test_a_head_that_ends_inside_a_character_is_still_utf8() -> None:
    assert text_encoding("naïve é".encode()[:-1]) == "utf-8"
