import gzip
import socket
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from live_server import Fault, LiveServer, cut_body, cut_gzip, paper, reset, serving, shorter_than_announced, status

from papertag.errors import UserError
from papertag.sources.hf_daily_json import parse_page
from papertag.sources.http import Client, Manners, RefusedError, retry_after, whole

MakeClient = Callable[..., Client]


@pytest.fixture
def server() -> Iterator[LiveServer]:
    with serving() as running:
        running.days["2025-03-04"] = [paper(number) for number in range(1, 4)]
        yield running


@pytest.fixture
def client(tmp_path: Path) -> Iterator[MakeClient]:
    made: list[Client] = []

    def make(**changes: Any) -> Client:
        values = {"pause": 0.0, "retries": 3, "backoff": 0.001, "timeout": 10.0, "max_wait": 30.0}
        made.append(Client(Manners(**{**values, "cache_dir": tmp_path / "cache", **changes})))
        return made[-1]

    yield make
    for one in made:
        one.__exit__(None, None, None)


def url(server: LiveServer, day: str = "2025-03-04") -> str:
    return f"{server.hf}?date={day}"


def ids(body: bytes) -> list[str]:
    with whole("the answer"):
        return [item.id for item in parse_page(body, "the answer")]  # type: ignore[union-attr]


THREE = ["2503.00001", "2503.00002", "2503.00003"]


@pytest.mark.parametrize(
    "fault",
    [status(429), status(503), status(500), shorter_than_announced, cut_body, cut_gzip, reset],
    ids=["429", "503", "500", "shorter than announced", "cut body", "cut gzip", "reset"],
)
def test_a_failure_that_passes_is_got_over(server: LiveServer, client: MakeClient, fault: Fault) -> None:
    server.faults.extend([fault, fault])
    assert client().get(url(server), ids).value == THREE
    assert len(server.requests) == 3
    # What was kept is the whole answer, not a broken one.
    assert client().get(url(server), ids).value == THREE
    assert len(server.requests) == 3


def test_requests_keep_the_pause(server: LiveServer, client: MakeClient) -> None:
    paced = client(pause=0.15)
    server.faults.extend([None, status(503)])
    for day in ("2025-03-04", "2025-03-05", "2025-03-06"):
        paced.get(url(server, day), ids)
    times = [request.at for request in server.requests]
    assert len(times) == 4
    assert all(later - earlier >= 0.15 for earlier, later in pairwise(times))


def test_waits_as_long_as_retry_after_asks(server: LiveServer, client: MakeClient) -> None:
    server.faults.append(status(429, retry_after="1"))
    assert client().get(url(server), ids).value == THREE
    assert server.requests[1].at - server.requests[0].at >= 1


def test_retry_after_is_read_as_seconds_or_date() -> None:
    assert retry_after("120") == 120
    assert 100 < retry_after(format_datetime(datetime.now(UTC) + timedelta(seconds=120), usegmt=True)) <= 120
    assert retry_after(format_datetime(datetime.now(UTC) - timedelta(hours=1), usegmt=True)) == 0
    assert retry_after("soon") == retry_after(None) == retry_after("-5") == 0


def test_a_wait_beyond_the_limit_ends_at_once(server: LiveServer, client: MakeClient) -> None:
    server.faults.append(status(503, retry_after="86400"))
    with pytest.raises(UserError, match=r"in 1 attempt \(status 503.*source\.max_wait=30"):
        client().get(url(server), ids)
    assert len(server.requests) == 1


def test_giving_up_names_url_attempts_and_cache(server: LiveServer, client: MakeClient, tmp_path: Path) -> None:
    server.faults.extend([cut_body] * 3)
    with pytest.raises(UserError) as caught:
        client(retries=2).get(url(server), ids)
    message = str(caught.value)
    assert url(server) in message
    assert "3 attempts" in message
    assert "breaks off" in message
    assert "the same command goes on" in message
    assert str(tmp_path / "cache") in message
    assert not list((tmp_path / "cache").rglob("*.gz"))


def test_a_lost_network_is_a_sentence(client: MakeClient) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}/api/daily_papers"
        with pytest.raises(UserError, match=r"no usable answer from http://127.*in 4 attempts \(ConnectError"):
            client().get(address, ids)


def test_a_refusal_is_not_asked_again(server: LiveServer, client: MakeClient) -> None:
    server.faults.append(status(400, body=b'{"error":"Invalid date"}'))
    with pytest.raises(RefusedError, match=r"status 400.*Invalid date"):
        client().get(url(server), ids)
    assert len(server.requests) == 1


def test_redirects_are_followed(server: LiveServer, client: MakeClient) -> None:
    target = url(server)
    server.faults.append(lambda handler: handler.reply(b"", "text/plain", 301, {"Location": target}))
    assert client().get(f"{server.base}/old", ids).value == THREE


def test_the_cache_ages(server: LiveServer, client: MakeClient) -> None:
    first = client().get(url(server), ids)
    assert client(cache_hours=None).get(url(server), ids).fetched == first.fetched
    assert client(cache_hours=1.0).get(url(server), ids).fetched == first.fetched
    assert len(server.requests) == 1
    second = client(cache_hours=0.0).get(url(server), ids)
    assert second.fetched > first.fetched
    assert len(server.requests) == 2


def test_pages_of_one_walk_are_served_whatever_their_age(server: LiveServer, client: MakeClient) -> None:
    fetched = client().get(url(server), ids).fetched
    client(cache_hours=0.0).get(url(server), ids, since=fetched)
    assert len(server.requests) == 1
    client(cache_hours=None).get(url(server), ids, since=time.time())
    assert len(server.requests) == 2


# Without names the ids would hold the bytes, which begin with the time of day: workers of one session would differ.
@pytest.mark.parametrize(
    "damage",
    [b"", b"not gzip", gzip.compress(b"{}\n[]"), gzip.compress(b"no json\n[]")],
    ids=["empty", "not gzip", "nothing in it", "no json"],
)
def test_a_damaged_file_in_the_cache_is_asked_for_again(
    server: LiveServer, client: MakeClient, tmp_path: Path, damage: bytes
) -> None:
    client().get(url(server), ids)
    (kept,) = (tmp_path / "cache").rglob("*.gz")
    kept.write_bytes(damage)
    assert client().get(url(server), ids).value == THREE
    assert len(server.requests) == 2
    client().get(url(server), ids)
    assert len(server.requests) == 2


def test_the_user_agent_names_papertag_and_its_version(server: LiveServer, client: MakeClient) -> None:
    from papertag import __version__

    client().get(url(server), ids)
    assert server.requests[0].headers["User-Agent"].startswith(f"papertag/{__version__} ")


def test_a_proxy_of_the_environment_is_used(
    server: LiveServer, client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTP_PROXY", server.base)
    answer = client().get("http://papers.invalid/api/daily_papers?date=2025-03-04", ids)
    assert answer.value == THREE
    assert server.requests[0].headers["Host"] == "papers.invalid"


def test_a_wrong_proxy_is_a_sentence(client: MakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "gopher://127.0.0.1:70")
    with pytest.raises(UserError, match="HTTP_PROXY"):
        client()
