import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from live_server import Handler, LiveServer, atom, atom_error, empty_feed, paper, reply, serving, status

from papertag.errors import UserError
from papertag.paper import Paper, Reject
from papertag.sources.arxiv_api import search_query
from papertag.sources.config import Sort, SourceConfig, SourceKind
from papertag.sources.live import open_live


@pytest.fixture
def server() -> Iterator[LiveServer]:
    with serving() as running:
        running.papers = [paper(number) for number in range(1, 8)]
        yield running


def config(server: LiveServer, tmp_path: Path, **changes: Any) -> SourceConfig:
    values = {"pause": 0.0, "backoff": 0.001, "retries": 3, "cache_dir": str(tmp_path / "cache")}
    return SourceConfig(kind=SourceKind.arxiv, base_url=server.arxiv, **{**values, **changes})


def read(settings: SourceConfig) -> list[Paper | Reject]:
    return list(open_live(settings, network=True))


def ids(items: list[Paper | Reject]) -> list[str]:
    return [item.id if isinstance(item, Paper) else f"rejected {item.record}" for item in items]


def numbered(*numbers: int) -> list[str]:
    return [f"2503.{number:05d}" for number in numbers]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"query": "cat:cs.CL AND ti:quantization"}, "cat:cs.CL AND ti:quantization"),
        ({"query": "ti:a OR ti:b", "categories": ["cs.CL"]}, "(ti:a OR ti:b) AND cat:cs.CL"),
        (
            {"categories": ["cs.CL", "cs.LG"], "date_from": "2025-01-31", "date_until": "2025-02-01"},
            "(cat:cs.CL OR cat:cs.LG) AND submittedDate:[202501310000 TO 202502012359]",
        ),
        ({"date_from": "2025-01-31"}, "submittedDate:[202501310000 TO 209912312359]"),
        ({"date_until": "2025-01-31"}, "submittedDate:[199001010000 TO 202501312359]"),
    ],
)
def test_query_categories_and_dates_make_one_query(changes: dict[str, Any], expected: str) -> None:
    assert search_query(SourceConfig(kind=SourceKind.arxiv, base_url="http://host/", **changes)) == expected


def test_pages_are_followed_to_the_end(server: LiveServer, tmp_path: Path) -> None:
    items = read(config(server, tmp_path, query="ti:fruit", page_size=3, sort=Sort.relevance))
    assert ids(items) == numbered(1, 2, 3, 4, 5, 6, 7)
    first = items[0]
    assert isinstance(first, Paper)
    assert first.title == "Made-up result number 1 on counting <apples> & pears"
    assert first.abstract == "We count fruit, and find 1 of them. The count is exact."
    assert first.authors == ("Ada Example", "Bo Sample-1")
    assert first.categories == ("cs.CL", "cs.LG")
    assert first.url == "https://arxiv.org/abs/2503.00001"
    asked = [request.params for request in server.requests]
    assert [one["start"] for one in asked] == ["0", "3", "6"]
    assert {one["max_results"] for one in asked} == {"3"}
    assert {(one["search_query"], one["sortBy"]) for one in asked} == {("ti:fruit", "relevance")}


def test_dates_and_categories_choose(server: LiveServer, tmp_path: Path) -> None:
    server.papers = [
        paper(1, date="2025-03-01"),
        paper(2, date="2025-03-02"),
        paper(3, "math.CO", "2025-03-02"),
        paper(4, date="2025-03-03"),
    ]
    days = {"date_from": "2025-03-02", "date_until": "2025-03-02"}
    assert ids(read(config(server, tmp_path, categories=["cs.CL"], **days))) == numbered(2)
    assert ids(read(config(server, tmp_path, categories=["cs.CL", "math.CO"], **days))) == numbered(2, 3)


def test_no_more_is_asked_than_wanted(server: LiveServer, tmp_path: Path) -> None:
    assert ids(read(config(server, tmp_path, query="x", page_size=3, max_papers=5))) == numbered(1, 2, 3, 4, 5)
    assert [request.params["max_results"] for request in server.requests] == ["3", "2"]


def test_a_query_without_matches_gives_nothing(server: LiveServer, tmp_path: Path) -> None:
    assert read(config(server, tmp_path, categories=["econ.EM"])) == []
    assert len(server.requests) == 1


def test_an_empty_page_is_asked_for_again(server: LiveServer, tmp_path: Path) -> None:
    server.faults.extend([None, empty_feed, empty_feed])
    assert ids(read(config(server, tmp_path, query="x", page_size=4))) == numbered(1, 2, 3, 4, 5, 6, 7)
    assert [request.params["start"] for request in server.requests] == ["0", "4", "4", "4"]


def test_a_page_that_stays_empty_is_no_silent_end(server: LiveServer, tmp_path: Path) -> None:
    server.faults.extend([None, *[empty_feed] * 4])
    with pytest.raises(UserError, match=r"start=4.*the page that starts at 4 came empty"):
        read(config(server, tmp_path, query="x", page_size=4))


def test_nothing_is_skipped_after_a_short_page(server: LiveServer, tmp_path: Path) -> None:
    server.faults.append(reply(atom(server.papers[:2], 7, 0, 3)))
    assert ids(read(config(server, tmp_path, query="x", page_size=3))) == numbered(1, 2, 3, 4, 5, 6, 7)


def test_a_short_answer_to_a_list_of_ids_is_asked_for_again(server: LiveServer, tmp_path: Path) -> None:
    server.faults.append(reply(atom(server.papers[:1], 2, 0, 2)))
    assert ids(read(config(server, tmp_path, ids=numbered(1, 2)))) == numbered(1, 2)


def test_a_paper_that_moves_to_the_next_page_comes_once(server: LiveServer, tmp_path: Path) -> None:
    def one_more(handler: Handler) -> None:
        server.papers.insert(0, paper(99))
        handler.reply(*handler.real_answer())

    server.faults.extend([None, one_more])
    assert ids(read(config(server, tmp_path, query="x", page_size=3))) == numbered(1, 2, 3, 4, 5, 6, 7)


def test_a_second_run_asks_nothing(server: LiveServer, tmp_path: Path) -> None:
    settings = config(server, tmp_path, query="x", page_size=3)
    first = read(settings)
    count = len(server.requests)
    assert read(settings) == first
    assert len(server.requests) == count


def test_the_same_command_goes_on_where_the_network_was_lost(server: LiveServer, tmp_path: Path) -> None:
    settings = config(server, tmp_path, query="x", page_size=3, retries=0)
    server.faults.extend([None, None, status(503)])
    with pytest.raises(UserError, match="start=6"):
        read(settings)
    server.requests.clear()
    assert ids(read(settings)) == numbered(1, 2, 3, 4, 5, 6, 7)
    assert [request.params["start"] for request in server.requests] == ["6"]


def test_pages_older_than_a_new_first_page_are_not_mixed_in(server: LiveServer, tmp_path: Path) -> None:
    settings = config(server, tmp_path, query="x", page_size=4)
    read(settings)
    for kept in (tmp_path / "cache").rglob("*.gz"):
        if b"start=0&" in gzip.decompress(kept.read_bytes()).splitlines()[0]:
            kept.unlink()
    server.papers.insert(0, paper(99))
    assert ids(read(settings)) == numbered(99, 1, 2, 3, 4, 5, 6, 7)


@pytest.mark.parametrize("code", [200, 400])
def test_a_refused_query_says_what_arxiv_said(server: LiveServer, tmp_path: Path, code: int) -> None:
    body = atom_error("malformed query")
    server.faults.append(reply(body) if code == 200 else status(400, body=body))
    with pytest.raises(UserError, match=r"malformed query; look at source\.query"):
        read(config(server, tmp_path, query="((x"))
    assert len(server.requests) == 1


def test_nothing_asked_for(server: LiveServer, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"source\.query=.*source\.ids_file="):
        read(config(server, tmp_path))


def test_every_id_gives_a_paper_or_a_reject_in_order(server: LiveServer, tmp_path: Path) -> None:
    server.papers.append({**paper(8), "id": "math/0309136"})
    asked = [
        "arXiv:2503.00003v1",
        "not-an-id",
        "https://arxiv.org/abs/2503.00001",
        "2503.99999",
        "math.GT/0309136",
        "2503.00003",
        "2503.0001",
    ]
    items = read(config(server, tmp_path, ids=asked))
    assert ids(items) == [
        "2503.00003",
        "rejected not-an-id",
        "2503.00001",
        "rejected 2503.99999",
        "math/0309136",
        "rejected 2503.00003",
        "rejected 2503.0001",
    ]
    rejects = {item.place: item.reason for item in items if isinstance(item, Reject)}
    assert "not an arXiv id" in rejects["source.ids#2"]
    assert "returned no paper" in rejects["source.ids#4"]
    assert "already, at source.ids#1" in rejects["source.ids#6"]
    assert "five digits" in rejects["source.ids#7"]
    assert [request.params["id_list"] for request in server.requests] == [
        "2503.00003v1,2503.00001,2503.99999,math.GT/0309136"
    ]


def test_ids_of_a_file_go_in_chunks(server: LiveServer, tmp_path: Path) -> None:
    server.papers = [paper(number) for number in range(1, 251)]
    lines = ["# what we read", "", *(f"2503.{number:05d}  # no. {number}" for number in range(250, 0, -1)), "oops"]
    file = tmp_path / "ids.txt"
    file.write_text("\ufeff" + "\r\n".join(lines), encoding="utf-8", newline="")
    items = read(config(server, tmp_path, ids_file=str(file)))
    assert ids(items) == [*numbered(*range(250, 0, -1)), "rejected oops"]
    assert isinstance(items[-1], Reject)
    assert items[-1].place == f"{file}:253"
    asked = [request.params for request in server.requests]
    assert [len(one["id_list"].split(",")) for one in asked] == [100, 100, 50]
    assert [one["max_results"] for one in asked] == ["100", "100", "50"]


def test_an_id_that_arxiv_refuses_does_not_take_others_along(server: LiveServer, tmp_path: Path) -> None:
    items = read(config(server, tmp_path, ids=["2503.00001", "2503.00002", "9999.00001", "2503.00004"]))
    assert ids(items) == ["2503.00001", "2503.00002", "rejected 9999.00001", "2503.00004"]
    assert isinstance(items[2], Reject)
    assert "incorrect id format for 9999.00001" in items[2].reason


@pytest.mark.parametrize(("name", "content"), [("missing.txt", None), ("table.bin", b"PAR1\xff\xfe\x00")])
def test_a_file_of_ids_that_cannot_be_read(
    server: LiveServer, tmp_path: Path, name: str, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=rf"source\.ids_file=.*{name}"):
        read(config(server, tmp_path, ids_file=str(tmp_path / name)))
    assert server.requests == []
