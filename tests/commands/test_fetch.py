"""``papertag fetch`` as a user calls it: texts from local files first, then from a server that speaks arXiv's API."""

import json
import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from conftest import run_papertag
from sources.live_server import LiveServer, empty_feed, paper, serving, status

DATA = Path(__file__).resolve().parents[1] / "data" / "sources"


@pytest.fixture
def server() -> Iterator[LiveServer]:
    with serving() as running:
        running.papers = [paper(number) for number in range(1, 251)]
        yield running


def write(path: Path, *records: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def fetch(folder: Path, *arguments: object, expect: int = 0, server: LiveServer | None = None) -> SimpleNamespace:
    """Run the command in `folder` on ``a.jsonl``; with a server, on the network that it is."""
    live = [] if server is None else [f"source.base_url={server.arxiv}", "source.pause=0", "source.backoff=0.01",
                                      "source.cache_dir=cache", "network=true"]  # fmt: skip
    return run_papertag(
        "fetch", "annotations=a.jsonl", "output=out.jsonl", *live, *arguments, cwd=folder, expect=expect
    )


def counts(done: SimpleNamespace) -> dict[str, int]:
    lines = re.findall(r"^(annotations|found locally|fetched|missing|papers) +([\d,]+)", done.stdout, re.MULTILINE)
    return {name: int(number.strip(",").replace(",", "")) for name, number in lines}


def found(annotations: int, locally: int, fetched: int) -> dict[str, int]:
    papers = locally + fetched
    return {
        "annotations": annotations, "found locally": locally, "fetched": fetched,
        "missing": annotations - papers, "papers": papers,
    }  # fmt: skip


def test_texts_of_local_files_in_the_order_of_the_annotations(tmp_path: Path) -> None:
    run_papertag("parse", f"input={DATA / 'arxiv_atom.xml'}", "output=parsed.jsonl", cwd=tmp_path)
    atom = read(tmp_path / "parsed.jsonl")[0]
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "atom.xml").write_bytes((DATA / "arxiv_atom.xml").read_bytes())
    (tmp_path / "in" / "p.csv").write_text("id,title,abstract\nvenue-A1,On Pears,Ripe.\nmath/0309136v2,Old,Proofs.\n")
    write(
        tmp_path / "a.jsonl",
        {"id": "math.GT/0309136", "areas": []},
        {"id": f"arXiv:{atom['id']}v7", "areas": ["reasoning", "security"], "primary": "reasoning", "source": "me"},
        {"id": "venue-A1", "areas": ["security"]},
    )
    (tmp_path / "out.jsonl.missing.jsonl").write_text("of an earlier run\n")
    done = fetch(tmp_path, "papers=[in]")
    assert counts(done) == found(3, 3, 0)
    old, first, pears = read(tmp_path / "out.jsonl")
    assert (old["title"], old["abstract"], old["areas"]) == ("Old", "Proofs.", [])
    labels = {"areas": ["reasoning", "security"], "primary": "reasoning", "source": "me"}
    assert first == {**atom, **labels}
    assert list(first)[:5] == ["id", "title", "abstract", "areas", "primary"]
    assert (pears["id"], pears["title"], pears["areas"]) == ("venue-A1", "On Pears", ["security"])
    assert not (tmp_path / "out.jsonl.missing.jsonl").exists()


def test_without_network_what_is_missing_is_listed_and_the_rest_written(tmp_path: Path, server: LiveServer) -> None:
    write(tmp_path / "p.jsonl", {"id": "2503.00002", "title": "Here", "abstract": "Text."})
    write(tmp_path / "a.jsonl", *({"id": id, "areas": []} for id in ("2503.00001", "2503.00002", "venue-A1")))
    done = fetch(tmp_path, "papers=p.jsonl", f"source.base_url={server.arxiv}")
    assert counts(done) == found(3, 1, 0)
    host = server.base.removeprefix("http://")
    assert f"network=true asks {host} for the 1 of the missing" in done.stdout
    assert [row["title"] for row in read(tmp_path / "out.jsonl")] == ["Here"]
    arxiv, other = read(tmp_path / "out.jsonl.missing.jsonl")
    assert (arxiv["id"], other["id"]) == ("2503.00001", "venue-A1")
    assert "network=true" in arxiv["reason"]
    assert "no arXiv id" in other["reason"]
    assert server.requests == []


def test_what_no_file_holds_is_asked_of_arxiv_a_hundred_ids_at_a_time(tmp_path: Path, server: LiveServer) -> None:
    ids = [f"2503.{number:05d}" for number in range(220, 0, -1)]
    write(tmp_path / "p.jsonl", *({"id": id, "title": f"Local {id}", "abstract": "Text."} for id in ids[5:15]))
    write(tmp_path / "a.jsonl", *({"id": id, "areas": ["reasoning"]} for id in ids))
    done = fetch(tmp_path, "papers=[p.jsonl]", server=server)
    assert counts(done) == found(220, 10, 210)
    rows = read(tmp_path / "out.jsonl")
    assert [row["id"] for row in rows] == ids
    asked = [request.params["id_list"].split(",") for request in server.requests]
    assert [len(batch) for batch in asked] == [100, 100, 10]
    assert [id for batch in asked for id in batch] == ids[:5] + ids[15:]

    run_papertag(
        "parse", "source=arxiv", f"source.ids=['{ids[0]}']", f"source.base_url={server.arxiv}", "source.pause=0",
        "source.cache_dir=other", "network=true", "output=parsed.jsonl", cwd=tmp_path,
    )  # fmt: skip
    assert rows[0] == {**read(tmp_path / "parsed.jsonl")[0], "areas": ["reasoning"]}

    server.requests.clear()
    fetch(tmp_path, "papers=[p.jsonl]", server=server)
    assert read(tmp_path / "out.jsonl") == rows
    assert server.requests == []


def test_the_same_command_goes_on_where_the_network_was_lost(tmp_path: Path, server: LiveServer) -> None:
    write(tmp_path / "a.jsonl", *({"id": f"2503.{number:05d}", "areas": []} for number in range(1, 251)))
    server.faults.extend([None, None, status(503)])
    lost = fetch(tmp_path, "source.retries=0", server=server, expect=2)
    assert "the same command goes on" in lost.stderr
    assert not (tmp_path / "out.jsonl").exists()
    server.requests.clear()
    assert counts(fetch(tmp_path, "source.retries=0", server=server)) == found(250, 0, 250)
    assert [request.params["max_results"] for request in server.requests] == ["50"]


def test_ids_that_arxiv_does_not_know_or_cannot_know_are_listed(tmp_path: Path, server: LiveServer) -> None:
    ids = ["2503.77777", "venue-A1", "2503.00001", "9999.00001", "2503.00001v1"]
    write(tmp_path / "a.jsonl", *({"id": id, "areas": []} for id in ids))
    done = fetch(tmp_path, server=server)
    assert counts(done) == found(5, 0, 2)
    assert "network=true" not in done.stdout
    assert [row["id"] for row in read(tmp_path / "out.jsonl")] == ["2503.00001", "2503.00001"]
    reasons = {row["id"]: row["reason"] for row in read(tmp_path / "out.jsonl.missing.jsonl")}
    assert list(reasons) == ["2503.77777", "venue-A1", "9999.00001"]
    assert "returned no paper" in reasons["2503.77777"]
    assert reasons["venue-A1"] == "it is no arXiv id that arXiv's API could be asked for"
    assert "incorrect id format" in reasons["9999.00001"]
    assert "venue" not in "".join(request.params["id_list"] for request in server.requests)


def test_an_empty_answer_to_a_list_of_ids_loses_no_paper(tmp_path: Path, server: LiveServer) -> None:
    """arXiv gives such answers now and then; kept in the cache, one would hide a hundred papers for good."""
    write(tmp_path / "a.jsonl", *({"id": f"2503.{number:05d}", "areas": []} for number in range(1, 9)))
    server.faults.append(empty_feed)
    assert counts(fetch(tmp_path, server=server)) == found(8, 0, 8)


def test_nothing_found_is_a_mistake_and_leaves_the_old_output(tmp_path: Path) -> None:
    write(tmp_path / "p.jsonl", {"id": "2503.00002", "title": "Another"})
    write(tmp_path / "a.jsonl", {"id": "2503.00001", "areas": []})
    (tmp_path / "out.jsonl").write_text("old\n")
    done = fetch(tmp_path, "papers=p.jsonl", expect=2)
    assert "no paper was found for the 1 annotation, 2503.00001: papers= does not hold this id" in done.stderr
    assert "network=true" in done.stderr
    assert (tmp_path / "out.jsonl").read_text() == "old\n"
    assert [row["id"] for row in read(tmp_path / "out.jsonl.missing.jsonl")] == ["2503.00001"]


def test_two_papers_under_one_id_are_told_apart_by_title_or_left_out(tmp_path: Path) -> None:
    write(
        tmp_path / "p.jsonl",
        {"id": "venue-1", "title": "On Pears", "abstract": "Ripe."},
        {"id": "venue-1", "title": "On Apples", "abstract": "Red."},
        {"id": "Venue-1", "title": "On Plums", "abstract": "Blue."},
    )
    write(
        tmp_path / "a.jsonl",
        {"id": "venue-1", "areas": []},
        {"id": "venue-1", "title": "on apples", "areas": []},
        {"id": "venue-1", "title": "On Figs", "areas": []},
        {"id": "Venue-1", "areas": []},
    )
    assert counts(fetch(tmp_path, "papers=p.jsonl")) == found(4, 2, 0)
    assert [row["title"] for row in read(tmp_path / "out.jsonl")] == ["On Apples", "On Plums"]
    several, other = [row["reason"] for row in read(tmp_path / "out.jsonl.missing.jsonl")]
    assert "2 papers of papers= have this id" in several
    assert "another title" in other


def test_a_paper_with_an_abstract_goes_before_one_without(tmp_path: Path) -> None:
    write(
        tmp_path / "p.jsonl",
        {"id": "2503.00001v1", "title": "Bare", "abstract": ""},
        {"id": "2503.00001v2", "title": "Full", "abstract": "Text."},
        {"id": "2503.00001v3", "title": "Later", "abstract": "Longer text."},
        {"id": "2503.00002", "title": "Title only", "abstract": ""},
    )
    write(tmp_path / "a.jsonl", {"id": "2503.00001", "areas": []}, {"id": "2503.00002", "areas": []})
    done = fetch(tmp_path, "papers=p.jsonl")
    assert [row["title"] for row in read(tmp_path / "out.jsonl")] == ["Full", "Title only"]
    assert "no abstract    1 of the papers" in done.stdout


def test_a_folder_may_hold_what_an_earlier_run_wrote(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    write(tmp_path / "own" / "p.jsonl", {"id": "2503.00001", "title": "Here"}, {"name": "no paper"})
    write(tmp_path / "a.jsonl", {"id": "2503.00001", "areas": []}, {"id": "2503.00002", "areas": []})
    for _ in range(2):
        done = fetch(tmp_path, "papers=own", "output=own/out.jsonl")
        assert counts(done) == found(2, 1, 0)
        assert "rejected       1 records of papers=" in done.stdout
    assert (tmp_path / "own" / "out.jsonl.missing.jsonl").exists()


def test_several_files_of_annotations(tmp_path: Path) -> None:
    write(tmp_path / "p.jsonl", *({"id": f"v{n}", "title": f"Title {n}"} for n in range(3)))
    write(tmp_path / "a.jsonl", {"id": "v2", "areas": []})
    write(tmp_path / "b.jsonl", {"id": "v0", "areas": []})
    fetch(tmp_path, "papers=p.jsonl", "annotations=[b.jsonl,a.jsonl]")
    assert [row["id"] for row in read(tmp_path / "out.jsonl")] == ["v0", "v2"]


@pytest.mark.parametrize(("name", "file"), [("default", "train.jsonl"), ("dev", "dev.jsonl")])
def test_the_packaged_annotations_have_a_name(tmp_path: Path, name: str, file: str) -> None:
    packaged = Path(str(files("papertag") / "data" / "annotations" / file))
    if not packaged.exists():
        pytest.skip("this checkout has no packaged annotations")
    annotated = read(packaged)
    write(tmp_path / "p.jsonl", {"id": annotated[0]["id"], "title": "Made up"})
    done = fetch(tmp_path, f"annotations={name}", "papers=p.jsonl")
    assert counts(done)["annotations"] == len(annotated)
    assert read(tmp_path / "out.jsonl")[0]["areas"] == annotated[0]["areas"]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('{"id": 2503.00010, "areas": []}', "a.jsonl:2: an annotation needs an 'id', as a string"),
        ('{"title": "Only", "areas": []}', "a.jsonl:2: an annotation needs an 'id'"),
        ('{"id": "v1", "title": 3, "areas": []}', "a.jsonl:2: 'title' must be a string"),
        ('{"id": "v1", "areas": "security"}', "a.jsonl:2: 'areas' must be a list"),
        ('{"id": "v1"}', "a.jsonl:2: 'areas' must be a list"),
        ('{"id": "v1", ', "a.jsonl:2: the line is not JSON"),
        ('["v1"]', "a.jsonl:2: the line is not a JSON object"),
    ],
)
def test_a_line_that_is_no_annotation_is_named(tmp_path: Path, line: str, complaint: str) -> None:
    (tmp_path / "a.jsonl").write_text(f'{{"id": "v0", "areas": []}}\n{line}\n')
    write(tmp_path / "p.jsonl", {"id": "v0", "title": "Here"})
    assert complaint in fetch(tmp_path, "papers=p.jsonl", expect=2).stderr


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((), "papers=[PATH,...], or add network=true to ask export.arxiv.org"),
        (("papers=nowhere",), "papers=nowhere does not exist"),
        (("papers=p.jsonl", "output=p.jsonl"), "papers=p.jsonl would be overwritten by output=p.jsonl"),
        (("papers=p.jsonl", "output=a.jsonl"), "annotations=a.jsonl would be overwritten by output=a.jsonl"),
        (("papers=p.jsonl", "output=out.csv"), "end the name with .jsonl"),
        (("papers=p.jsonl", "annotations=nowhere.jsonl"), "nowhere.jsonl cannot be read"),
        (("papers=p.jsonl", "annotations=empty.jsonl"), "empty.jsonl holds no annotation"),
        (("papers=p.jsonl", "annotations=[]"), "annotations= is empty"),
        (("papers={a: b}",), "papers={'a': 'b'} is not a name"),
        (("papers=p.jsonl", "source.pause=1"), "source.pause=1 is shorter"),
        (("papers=p.jsonl", "source.query=x"), "unknown key 'query' in 'source'"),
    ],
)
def test_mistakes_end_with_a_sentence(tmp_path: Path, arguments: tuple[str, ...], complaint: str) -> None:
    write(tmp_path / "a.jsonl", {"id": "v0", "areas": []})
    write(tmp_path / "p.jsonl", {"id": "v0", "title": "Here"})
    (tmp_path / "empty.jsonl").touch()
    done = fetch(tmp_path, *arguments, expect=2)
    assert complaint in done.stderr
    assert not (tmp_path / "out.jsonl").exists()
