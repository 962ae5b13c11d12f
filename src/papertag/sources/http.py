"""The one way to the network: a client that keeps a pace, tries again, and remembers on disk."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from types import TracebackType
from typing import Generic, Self, TypeVar

import httpx

from papertag import __version__
from papertag.console import err
from papertag.errors import UserError
from papertag.sources.http_cache import HttpCache, default_cache_dir

T = TypeVar("T")

_TRY_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
_LONGEST_BACKOFF = 120.0
_JITTER = 0.25
_TELL_WAITS_FROM = 2.0


class BadBodyError(Exception):
    """An answer with status 200 that is broken or not the whole; asking again may mend it."""


class RefusedError(UserError):
    """The server refused for good: a status such as 400 or 404, and the body that came with it."""

    def __init__(self, url: str, status: int, body: bytes) -> None:
        self.url, self.status, self.body = url, status, body
        said = " ".join(body[:300].decode("utf-8", "replace").split())
        super().__init__(f"{url} was refused with status {status}: {said or 'no reason given'}")


@contextmanager
def whole(url: str) -> Iterator[None]:
    """Turn the UserError of a parser of files, in the block, into the `BadBodyError` of an answer cut short."""
    try:
        yield
    except UserError as error:
        raise BadBodyError(str(error).replace(url, "the answer")) from None


@dataclass(frozen=True, slots=True)
class Manners:
    """How a server is asked: seconds, but for `retries`.

    `pause` lies between the end of one request and the start of the next. A failed request is made
    again up to `retries` times, after `backoff`, twice that, four times that and so on, or after what the
    server's Retry-After says. `max_wait` bounds the time spent on one URL, `timeout` each silence of a server.
    Answers in the cache that are older than `cache_hours` are asked for anew; None keeps them for ever.
    """

    pause: float
    retries: int
    backoff: float
    timeout: float
    max_wait: float
    cache_dir: Path | None = None
    cache_hours: float | None = None


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """What a URL gave, parsed, and when it was fetched (Unix seconds)."""

    value: T
    fetched: float


class Client:
    """An HTTP client for one walk over a server: one request at a time, at the pace of `manners`.

    Proxies and certificates are taken from the environment, as httpx does (``HTTPS_PROXY``,
    ``NO_PROXY``, ``SSL_CERT_FILE``).
    """

    def __init__(self, manners: Manners) -> None:
        self.manners = manners
        self.cache = HttpCache(manners.cache_dir or default_cache_dir())
        self._random = random.Random()
        self._last_end: float | None = None
        try:
            self._http = httpx.Client(
                headers={"User-Agent": f"papertag/{__version__} (python-httpx/{httpx.__version__})"},
                timeout=manners.timeout,
                follow_redirects=True,
            )
        except (ValueError, OSError, httpx.InvalidURL) as error:
            raise UserError(
                f"the network cannot be used as the environment says: {error}; "
                "look at HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and SSL_CERT_FILE"
            ) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def get(self, url: str, parse: Callable[[bytes], T], *, since: float | None = None) -> Answer[T]:
        """Return what `parse` makes of the body at `url`, from the cache or from the network.

        `parse` raises `BadBodyError` for a body that is broken or cut short, which is then asked for again;
        whatever else it raises is passed on. Only a body that it accepts is kept. With `since` (Unix
        seconds) the cache serves what was fetched at that time or later, whatever its age: the pages of
        one walk belong together.

        Raises:
            RefusedError: the server's status says that asking again is useless.
            UserError: no usable answer came within the retries and the time allowed.
        """
        kept = self.cache.read(url)
        if kept is not None and self._fresh(kept[1], since):
            try:
                return Answer(parse(kept[0]), kept[1])
            except BadBodyError:
                pass
        return self._ask(url, parse)

    def _fresh(self, fetched: float, since: float | None) -> bool:
        if since is not None:
            return fetched >= since
        hours = self.manners.cache_hours
        return hours is None or time.time() - fetched < hours * 3600

    def _ask(self, url: str, parse: Callable[[bytes], T]) -> Answer[T]:
        began = time.monotonic()
        attempts = self.manners.retries + 1
        for attempt in range(1, attempts + 1):
            asked_to_wait = 0.0
            try:
                response = self._request(url)
            except httpx.TransportError as error:
                if "CERTIFICATE_VERIFY_FAILED" in str(error):
                    raise UserError(f"{url}: {error}; SSL_CERT_FILE names the certificates to trust") from None
                reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
            except (httpx.DecodingError, httpx.TooManyRedirects) as error:
                reason = f"{type(error).__name__}: {error}"
            else:
                if response.status_code in _TRY_AGAIN:
                    reason = f"status {response.status_code}"
                    asked_to_wait = retry_after(response.headers.get("Retry-After"))
                elif response.status_code != httpx.codes.OK:
                    raise RefusedError(url, response.status_code, response.content)
                else:
                    try:
                        value = parse(response.content)
                    except BadBodyError as error:
                        reason = str(error)
                    else:
                        return Answer(value, self.cache.write(url, response.content))
            if attempt == attempts:
                break
            wait = self._backoff(attempt, asked_to_wait)
            if time.monotonic() - began + wait > self.manners.max_wait:
                reason += f", and waiting {wait:,.0f} s more would pass source.max_wait={self.manners.max_wait:g}"
                break
            if wait >= _TELL_WAITS_FROM:
                err.print(f"{url}: {reason}; asking again in {wait:,.0f} s", markup=False, soft_wrap=True)
            time.sleep(wait)
        raise UserError(
            f"no usable answer from {url} in {attempt} {'attempt' if attempt == 1 else 'attempts'} "
            f"({reason}); what came before is kept in {self.cache.folder}, "
            "and the same command goes on from there"
        )

    def _request(self, url: str) -> httpx.Response:
        if self._last_end is not None:
            time.sleep(max(0.0, self._last_end + self.manners.pause - time.monotonic()))
        try:
            # httpx reads the whole body here, and raises where it is shorter than Content-Length says.
            return self._http.get(url)
        finally:
            self._last_end = time.monotonic()

    def _backoff(self, attempt: int, asked_to_wait: float) -> float:
        grown = min(self.manners.backoff * 2.0 ** (attempt - 1), _LONGEST_BACKOFF)
        # The jitter only lengthens a wait, for a server's Retry-After is a lower bound.
        return max(grown, asked_to_wait) * (1 + _JITTER * self._random.random())


def retry_after(value: str | None) -> float:
    """Return the seconds that a Retry-After header asks for: it holds seconds or an HTTP date.

    A header that is missing, past or unreadable gives 0.
    """
    if value is None:
        return 0.0
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        when = parsedate_to_datetime(value)
    except ValueError:
        return 0.0
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return max(0.0, (when - datetime.now(UTC)).total_seconds())
