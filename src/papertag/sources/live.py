"""The gate to the network: it stays shut until asked, and hands each live source a client of its own."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from papertag.errors import UserError
from papertag.paper import Paper, Reject
from papertag.sources import arxiv_api, arxiv_oai, hf_daily_api
from papertag.sources.config import SourceConfig, SourceKind
from papertag.sources.http import Client, Manners


class _Live(NamedTuple):
    first_url: Callable[[SourceConfig], str]
    read: Callable[[SourceConfig, Client], Iterator[Paper | Reject]]


_LIVE = {
    SourceKind.arxiv: _Live(arxiv_api.first_url, arxiv_api.read_arxiv),
    SourceKind.arxiv_oai: _Live(arxiv_oai.first_url, arxiv_oai.read_oai),
    SourceKind.hf_daily: _Live(hf_daily_api.first_url, hf_daily_api.read_hf_daily),
}


def open_live(config: SourceConfig, *, network: bool) -> Iterator[Paper | Reject]:
    """Return the papers of the live source that `config` describes, read as they are asked for.

    Raises:
        UserError: `network` is false, or `config` asks for nothing; while iterating, that the server refuses
            or the network fails for longer than `config` allows.
    """
    live = _LIVE[config.kind]
    url = live.first_url(config)
    if not network:
        raise UserError(
            f"source={config.kind.name} would ask {urlsplit(url).netloc}, beginning with {url}, "
            f"at most once in {config.pause:g} s: add network=true to allow it"
        )
    return _read(live, config)


def _read(live: _Live, config: SourceConfig) -> Iterator[Paper | Reject]:
    with Client(_manners(config)) as client:
        yield from live.read(config, client)


def _manners(config: SourceConfig) -> Manners:
    return Manners(
        pause=config.pause,
        retries=config.retries,
        backoff=config.backoff,
        timeout=config.timeout,
        max_wait=config.max_wait,
        cache_dir=Path(config.cache_dir).expanduser() if config.cache_dir else None,
        cache_hours=config.cache_hours,
    )
