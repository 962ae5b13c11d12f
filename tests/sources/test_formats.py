"""Each format on a small file in its real shape: sniffed, parsed, and every field where it belongs."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from papertag.errors import UserError
from papertag.paper import Paper, Reject
from papertag.sources import read_papers
from papertag.sources.arxiv import split_arxiv_id
from papertag.sources.arxiv_atom import parse_page as parse_atom
from papertag.sources.hf_daily_text import parse_page as parse_hf_page
from papertag.sources.oai_pmh import parse_page as parse_oai
from papertag.sources.papers_cool import parse_page as parse_cool
from papertag.sources.sniff import sniff
from papertag.sources.stream import open_stream

DATA = Path(__file__).resolve().parents[1] / "data" / "sources"


def read(name: str, **options: object) -> tuple[list[Paper], list[Reject]]:
    records = list(read_papers(str(DATA / name), **options))  # type: ignore[arg-type]
    return [r for r in records if isinstance(r, Paper)], [r for r in records if isinstance(r, Reject)]


@pytest.mark.parametrize(
    ("name", "columns", "expected"),
    [
        ("papers_cool.txt", {}, "papers_cool"),
        ("hf_daily_trailers.txt", {}, "hf_daily_text"),
        ("hf_daily_plain.txt", {}, "hf_daily_text"),
        ("arxiv_atom.xml", {}, "arxiv_atom"),
        ("arxiv_rss.xml", {}, "arxiv_rss"),
        ("arxiv_rss_old.xml", {}, "arxiv_rss"),
        ("oai_arxiv.xml", {}, "arxiv_oai"),
        ("oai_dc.xml", {}, "arxiv_oai"),
        ("arxiv_snapshot.json", {}, "arxiv_snapshot"),
        ("hf_daily.json", {}, "hf_daily_json"),
        ("openreview_v1.json", {}, "openreview"),
        ("openreview_v2.json", {}, "openreview"),
        ("papers.bib", {}, "bibtex"),
        ("papers.json", {}, "json"),
        ("papers.jsonl", {}, "jsonl"),
        ("papers.csv", {}, "csv"),
        ("papers.tsv", {}, "tsv"),
    ],
)
def test_formats_are_known_by_content(name: str, columns: Mapping[str, str], expected: str) -> None:
    with open_stream(DATA / name) as stream:
        assert sniff(stream, columns).value == expected


def test_papers_cool() -> None:
    papers, rejects = read("papers_cool.txt")
    assert [p.title for p in papers] == [
        "Counting Lanterns: A Benchmark",
        "[Re] Is C# a Language, and Other Questions [PDF]",
        "A Very Long Title About the Slow Drift of Thermostats in Houses That Nobody Has Lived in for Years",
        "A Paper Whose Abstract Is Missing",
        "Where the Page Was Cut Off",
    ]
    first = papers[0]
    assert first.authors == ("Ada Quill", "Bo Fernández", "Chidi Vale")
    assert first.abstract == (
        "We count lanterns in pictures of harbours. Models that count ducks well do not count lanterns well, "
        "which is a self-contained result. A second paragraph says that the data is public. "
        "#1 of the reasons is that nobody counted before."
    )
    assert first.venue == "MADE.2031 - Oral"
    assert papers[1].authors == ("Dana Oke",)
    assert papers[2].abstract == "Thermostats drift slowly."
    assert papers[2].date == "2031-05-06"
    assert papers[3].abstract == papers[4].abstract == ""
    assert [r.place for r in rejects] == [f"{DATA / 'papers_cool.txt'}:38"]
    assert "title" in rejects[0].reason


@pytest.mark.parametrize("name", ["papers_cool.txt", "hf_daily_trailers.txt"])
def test_pages_survive_other_line_ends_and_lost_blank_lines(tmp_path: Path, name: str) -> None:
    text = (DATA / name).read_bytes().decode()
    expected = [paper.title for paper in read(name)[0]]
    for changed in (
        text.replace("\n", "\r\n"),
        text.replace("\n", "\r"),
        "\n".join(line for line in text.split("\n") if line.strip()),
    ):
        (tmp_path / name).write_bytes(changed.encode("utf-16"))
        papers = [r.title for r in read_papers(str(tmp_path / name)) if isinstance(r, Paper)]
        assert papers == expected


def test_papers_cool_without_buttons_and_blank_lines() -> None:
    page = (
        "MADE.2031 - Oral\n| Total: 2\n#1 One Title\nAuthors: A B ; C D\nAn abstract.\n#2 Two [x]\nAuthor: E F\nMore."
    )
    papers = parse_cool(page, "page")
    assert [(p.title, p.abstract) for p in papers if isinstance(p, Paper)] == [
        ("One Title", "An abstract."),
        ("Two [x]", "More."),
    ]


def test_hf_daily_page_with_trailers() -> None:
    papers, rejects = read("hf_daily_trailers.txt")
    assert not rejects
    assert [(p.title, p.abstract) for p in papers] == [
        (
            "Kites on Strings: Control Without Wind",
            "We fly kites indoors. A controller pulls on the string whenever the kite sinks. "
            "A second paragraph describes the ceiling.",
        ),
        ("What Do Owls Attend To? [Short Paper] #2", "Owls attend to mice."),
        ("A Title Alone", ""),
        ("Cut Off Before Its Trailer", "The page ends inside this pap"),
    ]
    assert [p.date for p in papers] == ["2031-10-17", "", "2030-05-24", ""]
    assert [p.extra for p in papers] == [
        {"n_authors": 3, "page_day": "Mar 3"},
        {"n_authors": 1, "listed_as": "Apr 29", "votes": 1, "page_day": "Mar 3"},
        {"n_authors": 12, "votes": 1204, "page_day": "Mar 3"},
        {"page_day": "Mar 3"},
    ]


def test_hf_daily_page_without_trailers() -> None:
    papers, _ = read("hf_daily_plain.txt")
    assert [(p.title, p.abstract) for p in papers][:3] == [
        (
            "Bread Rising as an Inference Problem",
            "We treat rising bread as inference. The dough is a latent variable and the oven is an observation. "
            "Our code is at https://example.org/bread.",
        ),
        ("Toasters, Revisited", "We look at toasters again, and find that they are warm."),
        ("No Abstract Was Shown Here", "Stop. Listening. Listening is stopped here, in a title that ends with a full "
         "stop, which shape alone cannot tell."),
    ]  # fmt: skip


def test_hf_daily_titles_may_end_a_sentence_where_the_page_alternates() -> None:
    long = "A sentence of an abstract that goes on. " * 8
    page = f"Daily Papers\n\nSep 8\n\nStop. Listening.\n\n{long}\n\nCode at https://example.org\n\n{long}\n"
    assert [p.title for p in parse_hf_page(page, "page") if isinstance(p, Paper)] == [
        "Stop. Listening.",
        "Code at https://example.org",
    ]


def test_hf_daily_page_with_wrapped_lines() -> None:
    page = (
        "Daily Papers\n\nA Title That Was\nWrapped\n\nAn abstract that was\nwrapped by a self-\nwilled editor.\n\n"
        "  • 2 authors\n\n·\n\nOct 1, 2030\n\n5\n\nNext Title\n\nNext abstract.\n\n  • 1 author\n·\nMay 2\n"
    )
    first, second = (p for p in parse_hf_page(page, "page") if isinstance(p, Paper))
    assert (first.title, first.abstract) == (
        "A Title That Was Wrapped",
        "An abstract that was wrapped by a self-willed editor.",
    )
    assert (first.date, first.extra["votes"]) == ("2030-10-01", 5)
    assert (second.title, second.extra) == ("Next Title", {"n_authors": 1, "listed_as": "May 2"})


LONG = "A sentence of an abstract that goes on. " * 8


@pytest.mark.parametrize("trailer", ["· 5 authors\n·\nSep 7\n", "  • 5 authors\n·\nPublished on Sep 7\n", ""])
@pytest.mark.parametrize("submitter", ["Submitted by\n \nquill\n\n36\n", "Submitted by quill\n\n36\n"])
def test_hf_daily_page_with_submitters(submitter: str, trailer: str) -> None:
    page = (
        "Hugging Face's logo\nModels\nLog In\n\nDaily Papers\nby AK and the research community\n\nSep 8\n\n"
        f"{submitter}\nLamps in the Dark\n\n{LONG}\n\n{trailer}\n{submitter.replace('36', '1.2k')}\nDoors\n\n{LONG}\n\n"
        f"{trailer}\nPrevious\n1\n2\n...\n3\nNext\nCompany\nTOS\n"
    )
    papers = list(parse_hf_page(page, "page"))
    assert [(p.title, p.abstract) for p in papers if isinstance(p, Paper)] == [
        ("Lamps in the Dark", LONG.strip()),
        ("Doors", LONG.strip()),
    ]
    trailed = {"n_authors": 5, "listed_as": "Sep 7"} if trailer else {}
    assert [p.extra for p in papers if isinstance(p, Paper)] == [
        {"votes": 36, "page_day": "Sep 8", **trailed},
        {"votes": 1200, "page_day": "Sep 8", **trailed},
    ]


def test_hf_daily_trailers_of_several_shapes() -> None:
    page = (
        "Daily Papers\n\nOne\n\nText one.\n\n·1 author\n·\nSubmitted by quill\n·\nSep 7, 2031\n1\n\n"
        "Two\n\n·\n2 authors\n·\n2\n\nThree\n\nText three.\n\n· Sep 7 3 2\n"
    )
    one, two, three = (record for record in parse_hf_page(page, "page") if isinstance(record, Paper))
    assert (one.title, one.abstract, one.date, one.extra) == (
        "One",
        "Text one.",
        "2031-09-07",
        {"n_authors": 1, "votes": 1},
    )
    assert (two.title, two.abstract, two.extra) == ("Two", "", {"n_authors": 2, "votes": 2})
    assert (three.title, three.abstract) == ("Three", "Text three.")
    assert three.extra == {"listed_as": "Sep 7", "votes": 3, "comments": 2}


def test_hf_daily_furniture_is_no_title() -> None:
    page = (
        f"Daily Papers\n\nA Title\n\n{LONG}\n\n• 2 authors\n\nUpvote\n\n{LONG}\n\n• 3 authors\n\n• 4 authors\n\nLast\n"
    )
    records = list(parse_hf_page(page, "page"))
    assert [type(record) for record in records] == [Paper, Reject, Reject, Paper]
    rejects = [record for record in records if isinstance(record, Reject)]
    assert [r.place for r in rejects] == ["page:9", "page:15"]
    assert "'Upvote' is no title" in rejects[0].reason
    assert "no title above" in rejects[1].reason


@pytest.mark.parametrize(
    ("name", "count"), [("hf_daily_dec11", 45), ("hf_daily_sep8", 65), ("papers_cool_icml2024", 25)]
)
def test_the_real_pages_come_out_whole(shared: Path, name: str, count: int) -> None:
    text = (shared / "listings" / f"{name}.txt").read_text(encoding="utf-8").split("\n")
    papers = list(read_papers(str(shared / "listings" / f"{name}.txt")))
    assert len(papers) == count
    assert all(isinstance(p, Paper) and p.abstract in text for p in papers)
    mine = {(p.title, p.abstract) for p in papers if isinstance(p, Paper)}
    gold = [json.loads(line) for line in (shared / "gold" / "dev.jsonl").open(encoding="utf-8")]
    listed = {(g["title"], g["abstract"]) for g in gold if g["id"].startswith("listing") and g["abstract"] in text}
    assert len(listed) > 20
    assert listed <= mine


def test_arxiv_atom() -> None:
    papers, rejects = read("arxiv_atom.xml")
    first, second = papers
    assert first.id == "3101.00017"
    assert first.url == "https://arxiv.org/abs/3101.00017"
    assert first.title == "Poincaré Lanterns: $O(n^{2})$ Light for LLMs & Others"
    assert first.abstract == r"We hang lanterns, where $n < 5$, on 5\% of the trees."
    assert first.authors == ("Zoë Quill", "Bo Vale")
    assert first.date == "2031-01-05"
    assert first.categories == ("cs.LG", "cs.CL")
    assert first.extra == {
        "version": 3,
        "updated": "2031-02-01",
        "comment": "12 pages, 3 lanterns",
        "doi": "10.0000/lantern",
    }
    assert (second.id, second.abstract) == ("hep-lat/3101001", "")
    assert [r.place.rpartition(":")[2] for r in rejects] == ["35"]
    assert parse_atom((DATA / "arxiv_atom.xml").read_bytes(), "x").total == 1042


def test_arxiv_atom_feed_of_a_day() -> None:
    feed = b"""<feed xmlns="http://www.w3.org/2005/Atom" xmlns:arxiv="http://arxiv.org/schemas/atom"><entry>
    <id>oai:arXiv.org:3101.00023v2</id><title>Lamps</title><author><name>Ada Quill, Bo Vale, Jr</name></author>
    <summary>arXiv:3101.00023v2 Announce Type: replace \nAbstract: Lamps glow.</summary>
    <category term="cs.CV"/><published>2031-01-06T00:00:00-05:00</published>
    <arxiv:announce_type>replace</arxiv:announce_type></entry></feed>"""
    (paper,) = parse_atom(feed, "feed").records
    assert isinstance(paper, Paper)
    assert (paper.id, paper.abstract, paper.authors) == ("3101.00023", "Lamps glow.", ("Ada Quill", "Bo Vale, Jr"))
    assert paper.extra == {"announced": "replace", "version": 2}


def test_an_error_of_the_arxiv_api_is_a_reject_with_its_words() -> None:
    answer = b"""<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>http://arxiv.org/api/errors#bad_id</id>
    <title>Error</title><summary>incorrect id format for 99</summary></entry></feed>"""
    (record,) = parse_atom(answer, "answer").records
    assert isinstance(record, Reject)
    assert "incorrect id format for 99" in record.reason


def test_arxiv_rss() -> None:
    (paper,), _ = read("arxiv_rss.xml")
    assert paper.id == "3101.00021"
    assert paper.title == "Speaking to Kettles & <unk> Tokens"
    assert paper.abstract == "Kettles answer when $t<5$ minutes have passed."
    assert paper.authors == ("Ada Quill", "Bo Vale")
    assert paper.categories == ("cs.CL", "cs.SD")
    assert paper.date == "2031-01-06"
    assert paper.extra == {"announced": "replace-cross", "version": 2}


def test_arxiv_rss_before_2024() -> None:
    (paper,), _ = read("arxiv_rss_old.xml")
    assert (paper.id, paper.title, paper.abstract) == (
        "3101.00022",
        "Kettles That Listen",
        "Kettles listen before they boil.",
    )
    assert paper.authors == ("Ada Quill", "Bo Vale")
    assert paper.categories == ("cs.CL",)


def test_oai_pmh_with_arxiv_metadata() -> None:
    (paper,), (deleted,) = read("oai_arxiv.xml")
    assert paper.id == "3101.00031"
    assert paper.title == "Mirrors in Shallow Water"
    assert paper.abstract == "Mirrors are found under water."
    assert paper.authors == ("J. K. Müller", "Bo Vale Jr")
    assert paper.date == "2031-01-02"
    assert paper.categories == ("cs.CV", "eess.IV")
    assert paper.extra["journal_ref"] == "J. Mirrors 3 (2031)"
    assert "deleted" in deleted.reason
    assert deleted.record == "oai:arXiv.org:3101.00032"
    page = parse_oai((DATA / "oai_arxiv.xml").read_bytes(), "x")
    assert (page.token, page.total, page.error) == ("7654|1001", 2500, None)


def test_oai_pmh_with_dublin_core() -> None:
    (paper,), _ = read("oai_dc.xml")
    assert (paper.id, paper.title, paper.abstract) == ("3101.00033", "Shadows of Mirrors", "Shadows fall on mirrors.")
    assert paper.authors == ("Ada Quill", "Bo Vale")
    assert (paper.date, paper.extra) == ("2031-01-02", {"comment": "4 pages", "updated": "2031-01-07"})


def test_an_oai_error_is_a_sentence(tmp_path: Path) -> None:
    answer = b'<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><error code="badVerb">no</error></OAI-PMH>'
    assert parse_oai(answer, "x").error == ("badVerb", "no")
    (tmp_path / "oai.xml").write_bytes(answer)
    with pytest.raises(UserError, match="badVerb"):
        list(read_papers(str(tmp_path / "oai.xml")))


def test_arxiv_snapshot() -> None:
    (first, second), (broken,) = read("arxiv_snapshot.json")
    assert (first.id, first.title, first.abstract) == (
        "3101.00041",
        "Harbours at Night",
        "Boats find their way home without lamps.",
    )
    assert first.authors == ("Ada Quill", "J. Müller Jr")
    assert first.categories == ("cs.RO", "stat.ML")
    assert first.date == "2031-01-02"
    assert first.extra == {"updated": "2031-01-05", "version": 2, "comment": "9 pages"}
    assert second.id == "3101.00043"
    assert broken.place.endswith(":2")


def test_arxiv_snapshot_of_one_line(tmp_path: Path) -> None:
    record = {
        "id": "3101.00044", "title": "Harbours\n  by Day", "abstract": " Boats.\n", "update_date": "2031-01-05",
        "versions": [{"version": "v1", "created": "Thu, 2 Jan 2031 19:18:42 GMT"}],
        "authors_parsed": [["Quill", "Ada", ""]],
    }  # fmt: skip
    (tmp_path / "one.json").write_text(json.dumps(record))
    (paper,) = read_papers(str(tmp_path / "one.json"))
    assert isinstance(paper, Paper)
    assert (paper.source, paper.title, paper.date) == ("arxiv_snapshot", "Harbours by Day", "2031-01-02")


def test_hf_daily_api() -> None:
    (first, second), (broken,) = read("hf_daily.json")
    assert (first.id, first.title, first.abstract) == (
        "3101.00051",
        "Teaching Kettles to Sing",
        "Kettles learn to sing.",
    )
    assert first.authors == ("Ada Quill", "Bo Vale")
    assert first.date == "2031-01-02"
    assert first.url == "https://arxiv.org/abs/3101.00051"
    assert first.extra == {"n_authors": 2, "votes": 17, "listed_on": "2031-01-04", "ai_keywords": ["kettles"]}
    assert first.keywords == ()
    assert (second.title, second.abstract) == ("No Summary Yet", "")
    assert broken.place.endswith("#3")


def test_openreview_notes_of_both_versions() -> None:
    (paper,), rejects = read("openreview_v2.json")
    assert (paper.id, paper.title, paper.abstract) == ("aBcD", "Gardens as Graphs", "We see gardens as graphs.")
    assert paper.authors == ("Ada Quill", "Bo Vale")
    assert paper.keywords == ("gardens", "graphs")
    assert paper.venue == "MADE 2031 poster"
    assert paper.date == "2031-01-02"
    assert paper.url == "https://openreview.net/forum?id=aBcD"
    assert paper.extra["TLDR"] == "Gardens are graphs."
    assert ["title" in rejects[0].reason, "deleted" in rejects[1].reason] == [True, True]
    (old,), _ = read("openreview_v1.json")
    assert (old.title, old.keywords, old.date) == ("Hedges and Mazes", ("hedges",), "2020-01-01")


def test_openreview_notes_line_by_line_and_alone(tmp_path: Path) -> None:
    note = {
        "id": "aB",
        "cdate": 1577836800000,
        "content": {"title": {"value": "Gardens"}, "abstract": {"value": "Green."}},
    }
    line, path = json.dumps(note), str(tmp_path / "notes")
    for text in (line, json.dumps(note, indent=2), f"{line}\n{line}\n", f"{line}\nbroken\n{line}\n"):
        Path(path).write_text(text)
        for format in ("auto", "openreview"):
            records = list(read_papers(path, format=format))
            papers = [r for r in records if isinstance(r, Paper)]
            assert len(papers) == text.count("Gardens")
            assert {(p.id, p.title, p.abstract, p.source) for p in papers} == {
                ("aB", "Gardens", "Green.", "openreview")
            }
            assert [r.place for r in records if isinstance(r, Reject)] == [f"{path}:2"] * text.count("broken")


def test_bibtex_of_google_scholar(tmp_path: Path) -> None:
    (tmp_path / "a.bib").write_text(
        "@article{quill2031lamps, title={Lamps {\\textless} Doors}, author={Quill, Ada and Vale, Bo and others},\n"
        "  journal={arXiv preprint arXiv:3101.00062}, year={2031}}\n"
    )
    (paper,) = read_papers(str(tmp_path / "a.bib"))
    assert isinstance(paper, Paper)
    assert (paper.title, paper.authors) == ("Lamps < Doors", ("Ada Quill", "Bo Vale"))
    assert (paper.url, paper.extra["arxiv"]) == ("https://arxiv.org/abs/3101.00062", "3101.00062")


def test_bibtex() -> None:
    (first, again, last), rejects = read("papers.bib")
    assert first.id == "quill2031"
    assert first.title == "The BERT of études: 50% of $x_{1}$ & more"
    assert first.abstract == "We play études."
    assert first.authors == ("J. Müller", "Ada Quill", "The Lantern Group, Inc.")
    assert first.venue == "Proceedings of Made-Up Meetings"
    assert first.date == "2031-03"
    assert first.keywords == ("music", "encoders")
    assert first.url == "https://arxiv.org/abs/3101.00061"
    assert first.extra == {"entry_type": "inproceedings", "arxiv": "3101.00061", "version": 2}
    assert (again.id, again.title, again.abstract) == ("quill2031", "A Repeated Key", "")
    assert again.url == "https://doi.org/10.0000/again"
    assert last.title == "After the Broken One"
    assert sorted(r.place.rpartition(":")[2] for r in rejects) == ["14", "15"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2401.00001v2", ("2401.00001", 2)),
        ("arXiv:2401.00001", ("2401.00001", None)),
        ("http://arxiv.org/abs/hep-th/9901001v1", ("hep-th/9901001", 1)),
        ("https://arxiv.org/pdf/2401.00001v3.pdf", ("2401.00001", 3)),
        ("oai:arXiv.org:math.GT/0309136", ("math.GT/0309136", None)),
        ("10.1000/2401.00001", None),
        ("quill2031", None),
    ],
)
def test_arxiv_ids(text: str, expected: tuple[str, int | None] | None) -> None:
    assert split_arxiv_id(text) == expected


@pytest.mark.parametrize("name", ["arxiv_atom.xml", "arxiv_rss.xml", "oai_arxiv.xml", "hf_daily.json", "papers.json"])
def test_a_whole_document_that_breaks_off_names_line_and_column(tmp_path: Path, name: str) -> None:
    data = (DATA / name).read_bytes()
    cut = tmp_path / name
    cut.write_bytes(data[: len(data) * 2 // 3])
    with pytest.raises(UserError, match=rf"{name}:\d+:\d+: the \w+ breaks off"):
        list(read_papers(str(cut)))


@pytest.mark.parametrize("root", ["feed", "rss", "OAI-PMH"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entity_bombs_are_refused(tmp_path: Path, root: str, encoding: str) -> None:
    levels = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 12))
    bomb = f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE x [<!ENTITY l0 "lol">{levels}]><{root}>&l11;</{root}>'
    (tmp_path / "bomb.xml").write_bytes(bomb.encode(encoding))
    with pytest.raises(UserError, match=r"bomb\.xml.*entit"):
        list(read_papers(str(tmp_path / "bomb.xml")))


def test_an_external_entity_is_not_fetched(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    text = f'<!DOCTYPE x [<!ENTITY s SYSTEM "file://{tmp_path}/secret">]><feed xmlns="http://www.w3.org/2005/Atom">&s;</feed>'
    (tmp_path / "a.xml").write_text(text)
    with pytest.raises(UserError, match="entities"):
        list(read_papers(str(tmp_path / "a.xml")))
