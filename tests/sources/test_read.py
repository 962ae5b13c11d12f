"""Finding, unpacking and sniffing inputs, and the sentences for bad ones."""

import gzip
import io
import sys
from pathlib import Path

import pytest
import zstandard

from papertag.errors import UserError
from papertag.paper import Paper, Reject
from papertag.sources import RejectsFile, SourceConfig, SourceKind, Tally, open_source, read_papers

DATA = Path(__file__).resolve().parents[1] / "data" / "sources"


def pack(kind: str, data: bytes) -> bytes:
    return {"plain": lambda d: d, "gz": gzip.compress, "zst": zstandard.ZstdCompressor().compress}[kind](data)


def titles(source: object) -> list[str]:
    return [r.title for r in read_papers(source) if isinstance(r, Paper)]  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["gz", "zst"])
def test_packed_files_read_the_same_whatever_their_name(tmp_path: Path, kind: str) -> None:
    for path in sorted(DATA.iterdir()):
        if path.name == "papers.json":  # needs a mapping
            continue
        packed = tmp_path / "packed"
        packed.write_bytes(pack(kind, path.read_bytes()))
        assert titles(str(packed)) == titles(str(path))


@pytest.mark.parametrize("kind", ["gz", "zst"])
def test_packed_parquet(tmp_path: Path, kind: str) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = io.BytesIO()
    pq.write_table(pa.table({"title": ["one", "two"]}), sink)
    (tmp_path / "a").write_bytes(pack(kind, sink.getvalue()))
    assert titles(str(tmp_path / "a")) == ["one", "two"]


@pytest.mark.parametrize("kind", ["gz", "zst"])
def test_several_members_in_a_row_are_one_file(tmp_path: Path, kind: str) -> None:
    (tmp_path / "a").write_bytes(pack(kind, b'{"title": "one"}\n') + pack(kind, b'{"title": "two"}\n'))
    assert titles(str(tmp_path / "a")) == ["one", "two"]


@pytest.mark.parametrize("kind", ["gz", "zst"])
def test_a_packed_file_that_breaks_off_is_an_error(tmp_path: Path, kind: str) -> None:
    packed = pack(kind, b"".join(b'{"title": "%d"}\n' % i for i in range(100_000)))
    (tmp_path / "a").write_bytes(packed[: len(packed) // 2])
    with pytest.raises(UserError, match="breaks off or is damaged"):
        list(read_papers(str(tmp_path / "a")))


@pytest.mark.parametrize("kind", ["gz", "zst"])
def test_a_bomb_of_one_line_is_refused_without_filling_the_memory(tmp_path: Path, kind: str) -> None:
    block = b" " * (1 << 20)
    sink = io.BytesIO()
    if kind == "gz":
        with gzip.GzipFile(fileobj=sink, mode="wb", compresslevel=1) as file:
            file.write(b'{"title": "x"}\n' + block)
            for _ in range(80):
                file.write(block)
    else:
        sink.write(pack(kind, b'{"title": "x"}\n' + block * 81))
    (tmp_path / "a").write_bytes(sink.getvalue())
    with pytest.raises(UserError, match="longer than 64 MiB"):
        list(read_papers(str(tmp_path / "a")))


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(gzip.compress((DATA / "papers.bib").read_bytes()))))
    records = list(read_papers("-"))
    assert isinstance(records[0], Paper)
    assert [r.place.partition(":")[0] for r in records if isinstance(r, Reject)] == ["standard input"] * 2


def test_folders_globs_and_lists(tmp_path: Path) -> None:
    for name in ("b.jsonl", "a.jsonl", "sub/c.jsonl", ".hidden.jsonl", ".git/d.jsonl", "x[1].jsonl"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f'{{"title": "{name}"}}\n')
    assert titles(str(tmp_path)) == ["a.jsonl", "b.jsonl", "sub/c.jsonl", "x[1].jsonl"]
    assert titles(f"{tmp_path}/?.jsonl") == ["a.jsonl", "b.jsonl"]
    assert titles(f"{tmp_path}/**/c.jsonl") == ["sub/c.jsonl"]
    assert titles(f"{tmp_path}/x[1].jsonl") == ["x[1].jsonl"]
    assert titles([f"{tmp_path}/b.jsonl", f"{tmp_path}/*.jsonl"]) == ["b.jsonl", "a.jsonl", "x[1].jsonl"]


def test_strangers_in_a_folder_are_rejects(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"title": "one"}\n')
    (tmp_path / "empty.txt").write_bytes(b"")
    (tmp_path / "notes.md").write_text("# Notes\n\nJust words, and some more words.\n")
    tally = Tally()
    records = list(read_papers(str(tmp_path), tally=tally))
    assert [type(r) for r in records] == [Paper, Reject, Reject]
    assert {k: (c.files, c.papers, c.rejects) for k, c in tally.by_format.items()} == {
        "jsonl": (1, 1, 0),
        "unknown": (2, 0, 2),
    }


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (b"Just some words.\n\nAnd others.\n", "no known format.*papers_cool.*parquet"),
        (b"<!doctype html><html><body>x</body></html>", "web page"),
        (b"PK\x03\x04rest", "ZIP"),
        (b"%PDF-1.7", "PDF"),
        (b'[{"title": "x"},\n {"title": "y"', r"in:2:\d+: the JSON breaks off"),
        (b'{"papers": [{"title": "x"}, oops]}', r"in:1:29: this is not valid JSON"),
        (b"<feed><entry></feed>", r"in:1:\d+: the XML breaks off or is not well-formed"),
        (b"[" * 100_000, "in"),
    ],
)
def test_bad_files_are_sentences(tmp_path: Path, content: bytes, match: str) -> None:
    (tmp_path / "in").write_bytes(content)
    with pytest.raises(UserError, match=match):
        list(read_papers(str(tmp_path / "in")))


def test_one_bad_file_of_a_folder_is_a_reject_and_the_others_are_read(tmp_path: Path) -> None:
    packed = gzip.compress(b"".join(b'{"title": "%d"}\n' % i for i in range(100_000)))
    (tmp_path / "a.jsonl.gz").write_bytes(packed[: len(packed) // 2])
    (tmp_path / "b.csv").write_text("heading,blurb\na,b\n")
    (tmp_path / "c.json").write_text('[{"title": "x"}, {"title": ')
    (tmp_path / "d.jsonl").write_text('{"title": "last"}\n')
    tally = Tally()
    records = list(read_papers(str(tmp_path), tally=tally))
    rejects = [r for r in records if isinstance(r, Reject)]
    assert [r.place for r in rejects] == [str(tmp_path / name) for name in ("a.jsonl.gz", "b.csv", "c.json")]
    for each, reason in zip(rejects, ("breaks off or is damaged", "no column holds", "JSON breaks off"), strict=True):
        assert reason in each.reason
    papers = [r.title for r in records if isinstance(r, Paper)]
    assert papers[0] == "0"
    assert papers[-1] == "last"
    assert sum(count.papers + count.rejects for count in tally.by_format.values()) == len(records)
    assert sum(count.files for count in tally.by_format.values()) == 4
    with pytest.raises(UserError, match="no column holds"):
        list(read_papers(f"{tmp_path}/b.csv"))


@pytest.mark.parametrize(
    ("content", "format"),
    [
        ("[]", "json"),
        ('{"notes": [], "count": 0}', "openreview"),
        ('<rss version="2.0"><channel><title>x</title></channel></rss>', "arxiv_rss"),
        ('<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title></feed>', "arxiv_atom"),
        ("title,abstract\n", "csv"),
    ],
)
def test_a_file_without_papers_is_a_reject_that_names_it(tmp_path: Path, content: str, format: str) -> None:
    (tmp_path / "in").write_text(content)
    (record,) = read_papers(str(tmp_path / "in"))
    assert record == Reject(f"{tmp_path}/in", f"the file holds no papers (it was read as {format})")


def test_the_output_and_rejects_are_no_inputs(tmp_path: Path) -> None:
    for name in ("a.jsonl", "out.jsonl", "out.jsonl.rejects.jsonl", "old.rejects.jsonl"):
        (tmp_path / name).write_text(f'{{"title": "{name}"}}\n')
    (tmp_path / "link.jsonl").symlink_to(tmp_path / "out.jsonl")
    for source in (str(tmp_path), f"{tmp_path}/*.jsonl"):
        records = read_papers(source, output=tmp_path / "out.jsonl")
        assert [r.title for r in records if isinstance(r, Paper)] == ["a.jsonl"]
    for name in ("out.jsonl", "link.jsonl", "out.jsonl.rejects.jsonl"):
        with pytest.raises(UserError, match=rf"input=.*{name} would be overwritten by output="):
            read_papers([f"{tmp_path}/a.jsonl", f"{tmp_path}/{name}"], output=tmp_path / "out.jsonl")


def test_missing_inputs_are_sentences_at_once(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for source, match in (
        (f"{tmp_path}/nothing.txt", "does not exist"),
        (f"{tmp_path}/*.txt", "matches no file"),
        (f"{tmp_path}/empty", "folder without files"),
    ):
        with pytest.raises(UserError, match=match):
            read_papers(source)


def test_an_unknown_format_lists_the_known_ones() -> None:
    with pytest.raises(UserError, match=r"did you mean 'bibtex'\? known are auto, papers_cool.*parquet"):
        read_papers(str(DATA / "papers.bib"), format="bibtexx")


def test_a_forced_format_is_taken() -> None:
    (first, *_) = read_papers(str(DATA / "arxiv_snapshot.json"), format="jsonl")
    assert isinstance(first, Paper)
    assert first.title == "Harbours at\n  Night"


def test_files_are_only_for_the_kind_that_reads_them() -> None:
    with pytest.raises(UserError, match="input= is missing"):
        open_source(SourceConfig(), None)
    with pytest.raises(UserError, match="source=arxiv reads none"):
        open_source(SourceConfig(kind=SourceKind.arxiv, base_url="http://127.0.0.1:9"), "a.txt")


def test_a_live_source_needs_the_users_leave() -> None:
    with pytest.raises(UserError, match="network=true"):
        open_source(SourceConfig(kind=SourceKind.arxiv, query="all:lantern", base_url="http://127.0.0.1:9"), None)


def test_rejects_are_set_aside_and_an_old_file_disappears(tmp_path: Path) -> None:
    output, bad, good = tmp_path / "out.jsonl", Reject("a:1", "why"), Paper(id="1", title="t")
    with RejectsFile(output) as rejects:
        assert list(rejects.papers([good, bad])) == [good]
    assert rejects.path.read_text() == '{"place": "a:1", "reason": "why", "record": ""}\n'
    with pytest.raises(OSError, match="disk"), RejectsFile(output) as rejects:
        _fail_after(list(rejects.papers([good, bad, bad])))
    assert rejects.path.read_text().count("\n") == 1
    with RejectsFile(output) as rejects:
        assert list(rejects.papers([good])) == [good]
    assert list(tmp_path.iterdir()) == []


def _fail_after(papers: list[Paper]) -> None:
    raise OSError("the disk is full")
