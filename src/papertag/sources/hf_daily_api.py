"""Hugging Face's daily papers (https://huggingface.co/papers) by date: one day, or a range of days."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from urllib.parse import urlencode

from papertag.errors import UserError
from papertag.paper import Paper, Reject
from papertag.sources.config import SourceConfig
from papertag.sources.hf_daily_json import parse_page
from papertag.sources.http import Client, whole

PAGE = 100

_DAY = timedelta(days=1)


def read_hf_daily(config: SourceConfig, client: Client) -> Iterator[Paper | Reject]:
    """Yield the daily papers from `date_from` to `date_until` (the same day where that is None), each once.

    Days without papers, such as those of week-ends, give none. Days that are over are kept in the cache for good.

    Raises:
        UserError: `date_from` is missing, the server refuses a day, or the network fails for longer than
            `config` allows.
    """
    seen: set[str] = set()
    papers = 0
    for day in _days(config):
        for item in _day(config, client, day):
            key = item.id if isinstance(item, Paper) else item.record
            if key and key in seen:
                continue
            seen.add(key)
            yield item
            papers += isinstance(item, Paper)
            if papers == config.max_papers:
                return


def first_url(config: SourceConfig) -> str:
    """Return the URL that `read_hf_daily` asks first.

    Raises:
        UserError: `date_from` is missing.
    """
    return _url(config, next(_days(config)), 0)


def _days(config: SourceConfig) -> Iterator[date]:
    if not config.date_from:
        raise UserError(
            "source=hf_daily needs a day: add source.date_from=2025-01-31, and source.date_until=... for several"
        )
    day = date.fromisoformat(config.date_from)
    last = date.fromisoformat(config.date_until) if config.date_until else day
    while day <= last:
        yield day
        day += _DAY


def _day(config: SourceConfig, client: Client, day: date) -> Iterator[Paper | Reject]:
    # Until a day is over (UTC), papers and votes come in, and what was fetched before is out of date.
    since = datetime.combine(day + _DAY, time(), UTC).timestamp()
    last: list[Paper | Reject] = []
    number = 0
    while True:
        url = _url(config, day, number)
        answer = client.get(url, partial(_page, url), since=since)
        yield from answer.value
        # A server that knows no pages gives the first one again and again.
        if len(answer.value) < PAGE or _ids(answer.value) == _ids(last):
            return
        since, last, number = max(since, answer.fetched), answer.value, number + 1


def _ids(items: list[Paper | Reject]) -> list[str]:
    return [item.id if isinstance(item, Paper) else item.record for item in items]


def _page(url: str, body: bytes) -> list[Paper | Reject]:
    with whole(url):
        return parse_page(body, url)


def _url(config: SourceConfig, day: date, number: int) -> str:
    asked = {"date": day.isoformat(), "limit": PAGE, **({"p": number} if number else {})}
    return f"{config.base_url}?{urlencode(asked)}"
