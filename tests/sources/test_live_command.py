"""The live sources as a user meets them: configuration files, the gate, and the command itself."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from live_server import LiveServer, paper, serving, status

from papertag.config import config_dir, typed
from papertag.errors import UserError
from papertag.sources.config import SourceConfig, SourceKind
from papertag.sources.live import open_live

LIVE = ["arxiv", "arxiv_oai", "hf_daily"]


@pytest.fixture
def server() -> Iterator[LiveServer]:
    with serving() as running:
        running.papers = [paper(number) for number in range(1, 8)]
        running.days = {"2025-03-04": running.papers}
        yield running


def composed(*overrides: str) -> SourceConfig:
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        return typed(compose("parse", [*overrides, "output=x.jsonl"]).source, SourceConfig)


def papertag(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
    return subprocess.run(
        [sys.executable, "-m", "papertag", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        env={**environment, "XDG_CACHE_HOME": str(cwd / "user-cache"), "COLUMNS": "200"},
        check=False,
    )


@pytest.mark.parametrize("name", LIVE)
def test_each_file_configures_its_kind_politely(name: str) -> None:
    settings = composed(f"source={name}")
    assert settings.kind is SourceKind[name]
    assert settings.base_url.startswith("https://")
    assert settings.pause >= (1 if name == "hf_daily" else 3)


@pytest.mark.parametrize("name", LIVE)
def test_nothing_is_asked_without_network(server: LiveServer, tmp_path: Path, name: str) -> None:
    addresses = {"arxiv": server.arxiv, "arxiv_oai": server.oai, "hf_daily": server.hf}
    settings = composed(
        f"source={name}",
        f"source.base_url={addresses[name]}",
        f"source.cache_dir={tmp_path / 'cache'}",
        "source.date_from=2025-03-04",
    )
    with pytest.raises(UserError) as caught:
        open_live(settings, network=False)
    message = str(caught.value)
    assert f"source={name} would ask" in message
    assert f"beginning with {addresses[name]}?" in message
    assert "add network=true" in message
    assert server.requests == []
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"date_from": "31.01.2025"}, "source.date_from=31.01.2025 is not a day"),
        ({"date_from": "20250131"}, "write it as 2025-01-31"),
        ({"date_from": "2025-02-02", "date_until": "2025-02-01"}, "source.date_until=2025-02-01 lies before"),
        ({"max_papers": 0}, "source.max_papers=0"),
        ({"page_size": 5000}, "source.page_size=5000"),
        ({"prefix": "arXivRaw"}, "source.prefix=arXivRaw"),
        ({"base_url": "arxiv.org/api"}, "source.base_url=arxiv.org/api"),
        ({"base_url": "https://export.arxiv.org/api/query", "pause": 1.0}, "arXiv's terms"),
        ({"retries": -1}, "source.retries=-1"),
        ({"timeout": 0.0}, "source.timeout=0"),
    ],
)
def test_values_are_checked(changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(UserError) as caught:
        SourceConfig(**{"kind": SourceKind.arxiv, "base_url": "https://example.org/api", **changes})
    assert complaint in str(caught.value)


def test_the_command_fetches_once_and_then_reads_its_cache(server: LiveServer, tmp_path: Path) -> None:
    server.faults.append(status(503))
    command = [
        "parse",
        "source=arxiv",
        "source.query='cat:cs.CL AND ti:apples'",
        "source.max_papers=5",
        "source.page_size=3",
        "source.pause=0",
        "source.backoff=0.01",
        f"source.base_url={server.arxiv}",
        "network=true",
        "output=papers.jsonl",
    ]
    done = papertag(*command, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "5 papers" in done.stdout
    first = (tmp_path / "papers.jsonl").read_bytes()
    assert [json.loads(line)["id"] for line in first.splitlines()] == [f"2503.{n:05d}" for n in range(1, 6)]
    assert server.requests[0].params["search_query"] == "cat:cs.CL AND ti:apples"
    assert len(server.requests) == 3
    assert list((tmp_path / "user-cache" / "papertag" / "http").rglob("*.gz"))

    assert papertag(*command, cwd=tmp_path).returncode == 0
    assert (tmp_path / "papers.jsonl").read_bytes() == first
    assert len(server.requests) == 3


def test_the_command_writes_rejects_for_ids_that_are_not_there(server: LiveServer, tmp_path: Path) -> None:
    done = papertag(
        "parse",
        "source=arxiv",
        "source.ids=['2503.00002','2503.77777',2503.00010]",  # the last one reaches papertag as a number
        "source.pause=0",
        f"source.base_url={server.arxiv}",
        "network=true",
        "output=papers.jsonl",
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    unknown, number = map(json.loads, (tmp_path / "papers.jsonl.rejects.jsonl").read_text().splitlines())
    assert (unknown["record"], number["record"]) == ("2503.77777", "2503.0001")
    assert "in quotes" in number["reason"]
    assert json.loads((tmp_path / "papers.jsonl").read_text())["id"] == "2503.00002"


def test_the_command_ends_with_a_sentence(server: LiveServer, tmp_path: Path) -> None:
    shut = papertag(
        "parse", "source=hf_daily", "source.date_from=2025-03-04", f"source.base_url={server.hf}", "output=x.jsonl",
        cwd=tmp_path,
    )  # fmt: skip
    assert shut.returncode == 2
    assert "add network=true" in shut.stderr
    assert "Traceback" not in shut.stderr
    assert server.requests == []

    server.faults.extend([status(503)] * 2)
    lost = papertag(
        "parse", "source=arxiv_oai", f"source.base_url={server.oai}", "source.retries=1", "source.pause=0",
        "source.backoff=0.01", "network=true", "output=x.jsonl",
        cwd=tmp_path,
    )  # fmt: skip
    assert lost.returncode == 2
    assert "2 attempts (status 503)" in lost.stderr
    assert "Traceback" not in lost.stderr
    assert not (tmp_path / "x.jsonl").exists()


def test_a_day_without_papers_is_an_empty_file_and_no_mistake(server: LiveServer, tmp_path: Path) -> None:
    server.days = {"2025-03-08": []}
    done = papertag(
        "parse",
        "source=hf_daily",
        "source.date_from=2025-03-08",
        f"source.base_url={server.hf}",
        "source.pause=0",
        "network=true",
        "output=papers.jsonl",
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "papers.jsonl").read_text() == ""
