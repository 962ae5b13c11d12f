"""``papertag parse`` as a user calls it."""

import json
import subprocess
import sys
from pathlib import Path

from conftest import run_papertag

DATA = Path(__file__).resolve().parents[1] / "data" / "sources"


def parse(*arguments: str, cwd: Path, stdin: bytes = b"") -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "papertag", "parse", *arguments], cwd=cwd, input=stdin, capture_output=True, check=False
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def test_a_folder_of_listings_to_json_lines(tmp_path: Path) -> None:
    for name in ("papers_cool.txt", "hf_daily_trailers.txt", "papers.bib"):
        (tmp_path / "in").mkdir(exist_ok=True)
        (tmp_path / "in" / name).write_bytes((DATA / name).read_bytes())
    done = parse("input=in", "output=out/papers.jsonl", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    rows = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines() if line}
    assert rows["papers_cool"] == ["1", "5", "1"]
    assert rows["hf_daily_text"] == ["1", "4", "0"]
    assert rows["bibtex"] == ["1", "3", "2"]
    records = [json.loads(line) for line in (tmp_path / "out/papers.jsonl").open(encoding="utf-8")]
    assert len(records) == 12
    assert all({"id", "title", "abstract"} <= record.keys() for record in records)
    rejects = (tmp_path / "out/papers.jsonl.rejects.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(rejects) == 3
    assert json.loads(rejects[0]).keys() == {"place", "reason", "record"}
    assert "papers.jsonl.rejects.jsonl" in done.stdout.replace("\n", "")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in", "out"]


def test_parsing_the_output_again_changes_nothing(tmp_path: Path) -> None:
    assert parse(f"input={DATA / 'arxiv_atom.xml'}", "output=a.jsonl", cwd=tmp_path).returncode == 0
    assert (tmp_path / "a.jsonl.rejects.jsonl").exists()
    first = (tmp_path / "a.jsonl").read_bytes()
    assert parse("input=a.jsonl", "output=b.jsonl", cwd=tmp_path).returncode == 0
    assert (tmp_path / "b.jsonl").read_bytes() == first
    assert not (tmp_path / "b.jsonl.rejects.jsonl").exists()


def test_parse_never_reads_what_it_writes(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "a.jsonl").write_text('{"title": "one"}\n{"name": "x"}\n')
    outputs = []
    for _ in range(2):
        done = parse("input=own", "output=own/all.jsonl", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        outputs.append((tmp_path / "own" / "all.jsonl").read_bytes())
    assert outputs[0] == outputs[1]
    assert outputs[0].count(b"\n") == 1
    for command in (["parse"], ["tag", "model=own"]):
        refused = run_papertag(*command, "input=own/a.jsonl", "output=own/a.jsonl", expect=2, cwd=tmp_path)
        assert "input=own/a.jsonl would be overwritten by output=own/a.jsonl" in refused.stderr.replace("\n", " ")
    assert (tmp_path / "own" / "a.jsonl").read_text() == '{"title": "one"}\n{"name": "x"}\n'


def test_a_feed_without_papers_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty.xml").write_text('<rss version="2.0"><channel><title>x</title></channel></rss>')
    done = parse("input=empty.xml", "output=out.jsonl", cwd=tmp_path)
    assert done.returncode == 2
    assert "empty.xml: the file holds no papers" in done.stderr.replace("\n", " ")


def test_columns_and_standard_input(tmp_path: Path) -> None:
    for columns in (["columns={title: Heading, abstract: Blurb}"], ["columns.title=Heading", "columns.abstract=Blurb"]):
        done = parse("input=-", "output=a.jsonl", *columns, cwd=tmp_path, stdin=b"Heading\tBlurb\nT\tA\n")
        assert done.returncode == 0, done.stderr
        record = json.loads((tmp_path / "a.jsonl").read_text())
        assert (record["title"], record["abstract"], record["source"]) == ("T", "A", "tsv")


def test_mistakes_end_with_a_sentence_and_leave_the_old_output(tmp_path: Path) -> None:
    (tmp_path / "out.jsonl").write_text("old\n")
    (tmp_path / "bad.jsonl").write_text('{"name": "x"}\n{"name": "y"}\n')
    for arguments, message in (
        (("input=nothing.txt",), "input=nothing.txt does not exist"),
        (("input=bad.jsonl", "format=excel"), "format=excel is not a known format"),
        (("input=bad.jsonl",), "all 2 records were rejected, first bad.jsonl:1: there is no title among 'name'"),
        ((), "input= is missing"),
        (("input=bad.jsonl", "columns.titel=name"), "did you mean 'title'?"),
        (("input=bad.jsonl", "output=out.csv"), "end the name with .jsonl"),
    ):
        done = parse("output=out.jsonl", *arguments, cwd=tmp_path)
        assert done.returncode == 2
        assert message in done.stderr.replace("\n", " ")
        assert "Traceback" not in done.stderr
    assert (tmp_path / "out.jsonl").read_text() == "old\n"
    assert len((tmp_path / "out.jsonl.rejects.jsonl").read_text().splitlines()) == 2
