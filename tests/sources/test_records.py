"""Users' own files: JSON, JSON lines, CSV, TSV and Parquet."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from papertag.errors import UserError
from papertag.paper import Paper, Reject
from papertag.sources import read_papers

DATA = Path(__file__).resolve().parents[1] / "data" / "sources"


def split(path: Path, **options: Any) -> tuple[list[Paper], list[Reject]]:
    records = list(read_papers(str(path), **options))
    return [r for r in records if isinstance(r, Paper)], [r for r in records if isinstance(r, Reject)]


def test_json_lines_are_verbatim_and_broken_lines_are_rejects() -> None:
    papers, rejects = split(DATA / "papers.jsonl")
    assert [(p.id, p.title, p.areas) for p in papers] == [
        ("j1", "A &amp; B  stays", ("rag",)),
        ("7", "Half a \ufffd face", ()),
        ("j1", "A &amp; B  stays", None),
    ]
    assert papers[0].abstract == "line one\nline two"
    assert papers[0].extra == {"primary": "rag"}
    assert [r.place.rpartition(":")[2] for r in rejects] == ["4", "5", "6"]
    assert "not JSON" in rejects[0].reason
    assert "column 22" in rejects[0].reason
    assert "list" in rejects[1].reason
    assert rejects[2].reason == "the title is empty"


def test_a_paper_comes_back_as_it_was_written(tmp_path: Path) -> None:
    paper = Paper(
        id="1", title="T", abstract="A", authors=("X Y",), date="2031-01-02", url="u", venue="v", categories=("c",),
        keywords=("k",), source="s", areas=(), extra={"votes": 3, "nested": {"a": [1]}},
    )  # fmt: skip
    (tmp_path / "a.jsonl").write_text(json.dumps(paper.to_json()) + "\n", encoding="utf-8")
    assert list(read_papers(str(tmp_path / "a.jsonl"))) == [paper]


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({"title": 3}, "'title' must be a string, not int"),
        ({"title": "T", "abstract": ["a"]}, "'abstract' must be a string, not list"),
        ({"title": "T", "areas": "x", "authors": 5}, "'authors' must be a list of strings, not int"),
        ({"title": "T", "authors": [1]}, "'authors' must be a list of strings"),
        ({"title": "T", "id": 2401.1}, "'id' must be a string, not float"),
        ({"name": "T"}, "there is no title among 'name'"),
        ({"title": None, "abstract": "a"}, "the title is empty"),
    ],
)
def test_a_record_of_wrong_types_names_the_field(tmp_path: Path, record: dict[str, Any], reason: str) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps(record) + '\n{"title": "good"}\n')
    papers, rejects = split(tmp_path / "a.jsonl")
    assert len(papers) == 1
    assert rejects == [Reject(f"{tmp_path}/a.jsonl:1", reason, rejects[0].record)]


def test_columns_are_found_by_their_usual_names(tmp_path: Path) -> None:
    record = {
        "Paper-ID": "p",
        "Paper Title": "T",
        "SUMMARY": "A",
        "listed": "2031-01-02T00:00:00",
        "sections": ["cs.CL"],
    }
    (tmp_path / "a.jsonl").write_text(json.dumps(record))
    (paper,), _ = split(tmp_path / "a.jsonl")
    assert (paper.id, paper.title, paper.abstract, paper.date, paper.categories) == (
        "p", "T", "A", "2031-01-02", ("cs.CL",),
    )  # fmt: skip
    assert paper.extra == {}


def test_columns_named_by_the_user_go_first(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("title,heading,blurb,abstract\nwrong,right,text,other\n")
    (paper,), _ = split(tmp_path / "a.csv", columns={"title": "heading", "abstract": "blurb"})
    assert (paper.title, paper.abstract) == ("right", "text")
    assert "wrong" in paper.extra.values()


def test_csv() -> None:
    papers, rejects = split(DATA / "papers.csv")
    first, last = papers
    assert (first.id, first.title, first.abstract) == ("p1", "Commas, in Cells", 'He said "no".\nThen he left.')
    assert first.authors == ("Ada Quill", "Bo Vale")
    assert first.keywords == ("a", "b")
    assert first.date == "2031-01-02"
    assert first.extra == {"Score": "7"}
    assert (last.id, last.authors, last.keywords) == ("p4", ("Quill, Ada",), ("one", "two"))
    assert (last.date, last.extra) == ("", {"Published": "sometime"})
    assert [(r.place.rpartition(":")[2], r.reason[:7]) for r in rejects] == [("4", "the row"), ("5", "the row")]


def test_csv_as_zotero_exports_it(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        '"Key","Publication Year","Author","Title","Publication Title","Abstract Note","Date","Manual Tags"\n'
        '"LAMP7","2031","Quill, Ada; Vale, Bo","Lamps","Journal of Lamps","Lamps glow.","2031-07-22","light; glass"\n'
    )
    (paper,), _ = split(tmp_path / "a.csv")
    assert (paper.id, paper.abstract, paper.venue, paper.date) == (
        "LAMP7", "Lamps glow.", "Journal of Lamps", "2031-07-22",
    )  # fmt: skip
    assert paper.keywords == ("light", "glass")


def test_a_day_of_publication_goes_before_a_year(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"title": "T", "year": 2031, "publicationDate": "2031-07-22"}\n')
    assert split(tmp_path / "a.jsonl")[0][0].date == "2031-07-22"


def test_a_table_without_abstracts_is_noted_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.csv").write_text("title,blurb\nA,x\nB,y\n")
    assert len(split(tmp_path / "a.csv")[0]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(
        "a.csv: no abstract column; found are 'title', 'blurb'; set columns.abstract=COLUMN if one is it"
    )
    split(tmp_path / "a.csv", columns={"abstract": "blurb"})
    assert not capsys.readouterr().err


@pytest.mark.parametrize("end", ["\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_csv_is_the_same_whatever_ends_its_lines(tmp_path: Path, end: str, encoding: str) -> None:
    text = 'title,abstract\nLamps,"One.\nTwo."\nDoors,Three.\n'
    (tmp_path / "unix.csv").write_bytes(text.encode(encoding))
    (tmp_path / "other.csv").write_bytes(text.replace("\n", end).encode(encoding))
    papers, rejects = split(tmp_path / "other.csv")
    assert not rejects
    assert [p.abstract for p in papers] == ["One.\nTwo.", "Three."]
    assert papers == split(tmp_path / "unix.csv")[0]


def test_csv_with_semicolons_and_another_encoding(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("title;abstract\nÜber Türen;Große Türen öffnen sich.\n".encode("cp1252"))
    (paper,), _ = split(tmp_path / "a.csv")
    assert (paper.title, paper.abstract) == ("Über Türen", "Große Türen öffnen sich.")


def test_tsv_takes_quotation_marks_as_they_stand() -> None:
    papers, rejects = split(DATA / "papers.tsv")
    assert not rejects
    assert [(p.title, p.areas) for p in papers] == [
        ('"Why?" Asks a Title', ("safety-alignment", "evaluation")),
        ("Plain", None),
        ("None Fits", ()),
    ]


def test_json_with_a_mapping() -> None:
    papers, rejects = split(DATA / "papers.json", columns={"title": "name", "abstract": "text"})
    assert [(p.title, p.abstract) for p in papers] == [
        ("First of the File", "Kept &amp; verbatim:\n two lines."),
        ("Second of the File", ""),
    ]
    assert papers[0].extra == {"rank": 1}
    assert [r.place.rpartition("#")[2] for r in rejects] == ["3"]


def test_json_without_a_list_names_its_keys(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{\n "meta": {},\n "version": 1\n}')
    with pytest.raises(UserError, match="'meta', 'version'"):
        list(read_papers(str(tmp_path / "a.json")))


def parquet(path: Path) -> Path:
    table = pa.table(
        {
            "Title": [f"Title {i}" for i in range(5000)],
            "Summary": [None if i % 2 else f"Summary {i}" for i in range(5000)],
            "areas": [["rag"] if i == 0 else None for i in range(5000)],
            "listed": [date(2031, 1, 2)] * 5000,
            "score": [float("nan") if i else 0.5 for i in range(5000)],
        }
    )
    pq.write_table(table, path, row_group_size=1000)
    return path


def test_parquet(tmp_path: Path) -> None:
    papers, rejects = split(parquet(tmp_path / "a.parquet"))
    assert not rejects
    assert len(papers) == 5000
    assert (papers[0].title, papers[0].abstract, papers[0].areas) == ("Title 0", "Summary 0", ("rag",))
    assert (papers[1].abstract, papers[1].areas, papers[1].date) == ("", None, "2031-01-02")
    assert (papers[0].extra, papers[1].extra) == ({"score": 0.5}, {})
    assert len({p.id for p in papers}) == 5000


def test_parquet_that_breaks_off(tmp_path: Path) -> None:
    path = parquet(tmp_path / "a.parquet")
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(UserError, match=r"a\.parquet: the Parquet file is cut off"):
        list(read_papers(str(path)))


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_wrong_columns_are_listed(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    if suffix == "csv":
        path.write_text("heading,blurb\na,b\n")
    else:
        pq.write_table(pa.table({"heading": ["a"], "blurb": ["b"]}), path)
    with pytest.raises(UserError, match=r"no column holds the title; found are 'heading', 'blurb'"):
        list(read_papers(str(path)))
    with pytest.raises(UserError, match=r"no column 'Heading' \(columns.title\); found are 'heading', 'blurb'"):
        list(read_papers(str(path), columns={"title": "Heading"}))


def test_an_unknown_field_of_the_mapping_is_refused_at_once() -> None:
    with pytest.raises(UserError, match=r"columns\.titel is no field"):
        read_papers(str(DATA / "papers.csv"), columns={"titel": "x"})
