from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from live_server import LiveServer, cut_body, oai_error, oai_response, paper, reply, serving, status

from papertag.errors import UserError
from papertag.paper import Paper, Reject
from papertag.sources.config import SourceConfig, SourceKind
from papertag.sources.live import open_live


@pytest.fixture
def server() -> Iterator[LiveServer]:
    with serving() as running:
        running.papers = [paper(number, date=f"2025-03-{number:02d}") for number in range(1, 8)]
        yield running


def config(server: LiveServer, tmp_path: Path, **changes: Any) -> SourceConfig:
    values = {"pause": 0.0, "backoff": 0.001, "retries": 3, "cache_dir": str(tmp_path / "cache")}
    return SourceConfig(kind=SourceKind.arxiv_oai, base_url=server.oai, **{**values, **changes})


def read(settings: SourceConfig) -> list[Paper | Reject]:
    return list(open_live(settings, network=True))


def ids(items: list[Paper | Reject]) -> list[str]:
    return [item.id if isinstance(item, Paper) else f"rejected {item.record}" for item in items]


def numbered(*numbers: int) -> list[str]:
    return [f"2503.{number:05d}" for number in numbers]


ALL = numbered(*range(1, 8))


@pytest.mark.parametrize("prefix", ["arXiv", "oai_dc"])
def test_tokens_lead_through_all_pages(server: LiveServer, tmp_path: Path, prefix: str) -> None:
    items = read(config(server, tmp_path, prefix=prefix))
    assert ids(items) == ALL
    assert isinstance(items[6], Paper)
    assert items[6].title == "Made-up result number 7 on counting <apples> & pears"
    assert items[6].abstract == "We count fruit, and find 7 of them. The count is exact."
    assert items[6].date == "2025-03-07"
    assert server.requests[0].params == {"verb": "ListRecords", "metadataPrefix": prefix}
    assert [set(request.params) for request in server.requests[1:]] == [{"verb", "resumptionToken"}] * 3


def test_set_and_dates_are_asked_for(server: LiveServer, tmp_path: Path) -> None:
    days = {"date_from": "2025-03-02", "date_until": "2025-03-04"}
    assert ids(read(config(server, tmp_path, set="cs:cs:CL", **days))) == numbered(2, 3, 4)
    asked = server.requests[0].params
    assert (asked["set"], asked["from"], asked["until"]) == ("cs:cs:CL", "2025-03-02", "2025-03-04")


def test_stops_at_max_papers(server: LiveServer, tmp_path: Path) -> None:
    assert ids(read(config(server, tmp_path, max_papers=3))) == numbered(1, 2, 3)
    assert len(server.requests) == 2


def test_failures_on_the_way_are_got_over(server: LiveServer, tmp_path: Path) -> None:
    html = reply(b"<html><body>Down for maintenance</body></html>", "text/html")
    server.faults.extend([status(503), None, cut_body, html, None])
    assert ids(read(config(server, tmp_path))) == ALL


def test_repeated_records_come_once(server: LiveServer, tmp_path: Path) -> None:
    server.oai_repeats = True
    assert ids(read(config(server, tmp_path))) == ALL


def test_a_token_that_comes_again_ends_the_walk_with_a_reject(server: LiveServer, tmp_path: Path) -> None:
    server.oai_stuck = True
    items = read(config(server, tmp_path))
    assert ids(items[:-1]) == numbered(1, 2, 3, 4)
    assert isinstance(items[-1], Reject)
    assert "gave this resumption token before" in items[-1].reason
    assert len(server.requests) == 2


def test_an_expired_token_means_once_more_from_the_start(server: LiveServer, tmp_path: Path) -> None:
    def expire(handler: Any) -> None:
        server.oai_generation += 1
        handler.reply(oai_error("badResumptionToken", "expired"), "text/xml")

    server.faults.extend([None, None, expire])
    assert ids(read(config(server, tmp_path))) == ALL
    assert sum("resumptionToken" not in request.params for request in server.requests) == 2


def test_an_expired_token_in_the_cache_is_not_asked_for_ever(server: LiveServer, tmp_path: Path) -> None:
    settings = config(server, tmp_path, retries=0)
    server.faults.extend([None, None, status(503)])
    with pytest.raises(UserError, match="status 503"):
        read(settings)
    server.oai_generation += 1
    assert ids(read(settings)) == ALL


def test_the_same_command_goes_on_where_the_network_was_lost(server: LiveServer, tmp_path: Path) -> None:
    settings = config(server, tmp_path, retries=0)
    server.faults.extend([None, None, status(503)])
    with pytest.raises(UserError, match="status 503"):
        read(settings)
    server.requests.clear()
    assert ids(read(settings)) == ALL
    assert len(server.requests) == 2


def test_tokens_that_expire_again_and_again_are_an_error(server: LiveServer, tmp_path: Path) -> None:
    bad = reply(oai_error("badResumptionToken", "expired"), "text/xml")
    server.faults.extend([None, bad, None, bad])
    with pytest.raises(UserError, match=r"badResumptionToken: expired; .*ask for fewer days"):
        read(config(server, tmp_path))
    assert len(server.requests) == 4


def test_no_matching_records_are_no_error(server: LiveServer, tmp_path: Path) -> None:
    assert read(config(server, tmp_path, date_from="2031-01-01")) == []
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("cannotDisseminateFormat", "look at source.prefix=arXiv"),
        ("noSetHierarchy", "leave out source.set"),
        ("badArgument", "look at source.set, source.date_from and source.date_until"),
    ],
)
def test_errors_of_the_protocol_name_the_key(server: LiveServer, tmp_path: Path, code: str, advice: str) -> None:
    server.faults.append(reply(oai_error(code, "no"), "text/xml"))
    with pytest.raises(UserError, match=f"{code}: no; .*{advice}"):
        read(config(server, tmp_path))
    assert len(server.requests) == 1
    assert not list((tmp_path / "cache").rglob("*.gz"))


def test_deleted_records_are_rejects(server: LiveServer, tmp_path: Path) -> None:
    server.deleted.add("2503.00002")
    items = read(config(server, tmp_path))
    assert ids(items)[:3] == ["2503.00001", "rejected oai:arXiv.org:2503.00002", "2503.00003"]
    assert len(items) == 7


def test_a_last_page_without_records_is_an_end(server: LiveServer, tmp_path: Path) -> None:
    empty = oai_response("<ListRecords><resumptionToken></resumptionToken></ListRecords>")
    server.faults.extend([None, reply(empty, "text/xml")])
    assert ids(read(config(server, tmp_path))) == numbered(1, 2)
