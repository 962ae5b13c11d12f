from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from live_server import LiveServer, cut_body, paper, reply, serving, status

from papertag.errors import UserError
from papertag.paper import Paper, Reject
from papertag.sources.config import SourceConfig, SourceKind
from papertag.sources.live import open_live


@pytest.fixture
def server() -> Iterator[LiveServer]:
    with serving() as running:
        running.days = {
            "2025-03-07": [paper(1), paper(2)],
            "2025-03-10": [paper(2), paper(3)],  # the 8th and 9th are a week-end
        }
        yield running


def config(server: LiveServer, tmp_path: Path, **changes: Any) -> SourceConfig:
    values = {"pause": 0.0, "backoff": 0.001, "retries": 3, "cache_dir": str(tmp_path / "cache")}
    return SourceConfig(kind=SourceKind.hf_daily, base_url=server.hf, **{**values, **changes})


def ids(settings: SourceConfig) -> list[str]:
    items: list[Paper | Reject] = list(open_live(settings, network=True))
    return [item.id if isinstance(item, Paper) else f"rejected {item.place}" for item in items]


def test_one_day(server: LiveServer, tmp_path: Path) -> None:
    assert ids(config(server, tmp_path, date_from="2025-03-07")) == ["2503.00001", "2503.00002"]
    assert [request.params["date"] for request in server.requests] == ["2025-03-07"]


def test_a_range_of_days_gives_each_paper_once(server: LiveServer, tmp_path: Path) -> None:
    settings = config(server, tmp_path, date_from="2025-03-07", date_until="2025-03-10")
    assert ids(settings) == ["2503.00001", "2503.00002", "2503.00003"]
    days = ["2025-03-07", "2025-03-08", "2025-03-09", "2025-03-10"]
    assert [request.params["date"] for request in server.requests] == days


def test_a_full_day_has_a_second_page(server: LiveServer, tmp_path: Path) -> None:
    server.days["2025-03-07"] = [paper(number) for number in range(1, 131)]
    assert ids(config(server, tmp_path, date_from="2025-03-07")) == [f"2503.{n:05d}" for n in range(1, 131)]
    assert [request.params.get("p") for request in server.requests] == [None, "1"]


def test_a_server_without_pages_does_not_loop(server: LiveServer, tmp_path: Path) -> None:
    server.hf_knows_pages = False
    server.days["2025-03-07"] = [paper(number) for number in range(1, 131)]
    assert len(ids(config(server, tmp_path, date_from="2025-03-07"))) == 100
    assert len(server.requests) == 2


def test_max_papers(server: LiveServer, tmp_path: Path) -> None:
    settings = config(server, tmp_path, date_from="2025-03-07", date_until="2025-03-10", max_papers=2)
    assert ids(settings) == ["2503.00001", "2503.00002"]
    assert len(server.requests) == 1


def test_broken_answers_are_asked_for_again(server: LiveServer, tmp_path: Path) -> None:
    server.faults.extend([cut_body, reply(b'{"error": "busy"}', "application/json"), status(429)])
    assert ids(config(server, tmp_path, date_from="2025-03-07")) == ["2503.00001", "2503.00002"]
    assert len(server.requests) == 4


def test_an_item_without_its_paper_is_a_reject(server: LiveServer, tmp_path: Path) -> None:
    server.faults.append(reply(b'[{"paper": {"id": "2503.00001"}}, {"title": "no paper"}]', "application/json"))
    got = ids(config(server, tmp_path, date_from="2025-03-07"))
    assert got == [f"rejected {server.hf}?date=2025-03-07&limit=100#{number}" for number in (1, 2)]


def test_a_day_that_is_not_over_is_asked_for_again(server: LiveServer, tmp_path: Path) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).date().isoformat()
    settings = config(server, tmp_path, date_from=tomorrow)
    assert ids(settings) == []
    server.days[tomorrow] = [paper(9)]
    assert ids(settings) == ["2503.00009"]

    over = config(server, tmp_path, date_from="2025-03-07")
    ids(over)
    count = len(server.requests)
    assert ids(over) == ["2503.00001", "2503.00002"]
    assert len(server.requests) == count


def test_the_day_is_needed(server: LiveServer, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"add source\.date_from="):
        ids(config(server, tmp_path))


def test_a_refused_day_names_the_url(server: LiveServer, tmp_path: Path) -> None:
    server.faults.append(status(400, body=b'{"error":"Invalid date"}'))
    with pytest.raises(UserError, match=r"date=2025-03-07.*status 400: .*Invalid date"):
        ids(config(server, tmp_path, date_from="2025-03-07"))
