"""One input as bytes or lines: opened, unpacked, decoded, and read once with flat memory."""

import codecs
import contextlib
import gzip
import io
import json
import re
import sys
import zlib
from collections.abc import Iterator
from functools import cached_property, partial
from pathlib import Path
from typing import IO, Any

import zstandard

from papertag.errors import UserError

HEAD = 1 << 18
MAX_WHOLE = 1 << 30
MAX_LINE = 1 << 26
STDIN = "-"

_NON_ASCII = re.compile(rb"[^\n\x80-\xff]{0,40}[\x80-\xff][^\n]{0,40}")
_WIDE = ("utf-16", "utf-32")


class Stream:
    """One input, unpacked where it was compressed.

    Attributes:
        name: the path as the user gave it, or ``standard input``; messages and places begin with it.
        head: the first bytes (at most `HEAD`), for sniffing; reading afterwards still begins at the start.
        path: the file, where it can be opened again as it is: a plain file that is not compressed.
    """

    def __init__(self, name: str, file: Any, path: Path | None) -> None:
        self.name = name
        self.path = path
        self.head: bytes = file.peek(HEAD)[:HEAD]
        self._file = file

    @cached_property
    def encoding(self) -> str:
        """The codec of the text, judged by its head: see `text_encoding`."""
        return text_encoding(self.head)

    @property
    def head_text(self) -> str:
        """The head, decoded, with line ends as in Unix."""
        return self._head_decoded.replace("\r\n", "\n").replace("\r", "\n")

    @cached_property
    def _head_decoded(self) -> str:
        return self.head.decode(self.encoding, "replace").removeprefix("\ufeff")

    def file(self) -> IO[bytes]:
        """Return the bytes as a file, which cannot seek."""
        file: IO[bytes] = self._file
        return file

    def read(self) -> bytes:
        """Return all bytes.

        Raises:
            UserError: there are more than `MAX_WHOLE` of them, which no listing read whole has.
        """
        data: bytes = self._file.read(MAX_WHOLE + 1)
        if len(data) > MAX_WHOLE:
            raise UserError(
                f"{self.name} holds more than {MAX_WHOLE >> 30} GiB, too much for a format that is read whole: "
                "split it, or turn it into JSON lines or Parquet"
            )
        return data

    def text(self) -> str:
        """Return all text, with line ends as in Unix; bytes that are not of its encoding become U+FFFD."""
        return decode(self.read(), self.encoding)

    def lines(self) -> Iterator[str]:
        """Yield the text line by line, each with its line end (only ``\\n`` ends a line, but in files that have none).

        A line that is not UTF-8 in a file that began as UTF-8 is read as Windows-1252.

        Raises:
            UserError: a line is longer than `MAX_LINE` bytes.
        """
        if "\r" in self._head_decoded and "\n" not in self._head_decoded:
            yield from io.StringIO(self.text())
            return
        if self.encoding.startswith(_WIDE):
            yield from io.TextIOWrapper(self._file, self.encoding, "replace", newline="\n")
            return
        encoding = "utf-8" if self.encoding == "utf-8-sig" else self.encoding
        if self.encoding == "utf-8-sig":
            self._file.read(3)
        for number, line in enumerate(iter(partial(self._file.readline, MAX_LINE), b""), start=1):
            if len(line) == MAX_LINE:
                raise UserError(
                    f"{self.name}:{number}: the line is longer than {MAX_LINE >> 20} MiB: a file with one record "
                    "a line was expected; name the right format with format=..."
                )
            try:
                yield line.decode(encoding)
            except UnicodeDecodeError:
                yield line.decode("cp1252" if encoding == "utf-8" else encoding, "replace")


@contextlib.contextmanager
def open_stream(source: Path | str) -> Iterator[Stream]:
    """Open a file, or standard input (`STDIN`), unpacking gzip and Zstandard by their magic bytes.

    Raises:
        UserError: it cannot be opened; while reading, that the compressed data breaks off or is damaged.
    """
    name = "standard input" if source == STDIN else str(source)
    with contextlib.ExitStack() as stack:
        try:
            raw: Any = sys.stdin.buffer if source == STDIN else stack.enter_context(Path(source).open("rb"))
        except OSError as error:
            raise UserError(f"{name} cannot be read: {(error.strerror or str(error)).lower()}") from None
        packed = io.BufferedReader(_Guarded(name, raw), HEAD)
        magic = packed.peek(4)[:4]
        path = Path(source) if source != STDIN and Path(source).is_file() else None
        if magic[:2] == b"\x1f\x8b":
            unpacked, path = io.BufferedReader(_Guarded(name, gzip.GzipFile(fileobj=packed)), HEAD), None
        elif magic == b"\x28\xb5\x2f\xfd":
            unpacked, path = io.BufferedReader(_Guarded(name, _Zstandard(packed)), HEAD), None
        else:
            unpacked = packed
        yield Stream(name, unpacked, path)


def text_encoding(head: bytes) -> str:
    """Return the codec of a text by its beginning.

    A byte-order mark or the NULs of UTF-16 and UTF-32 decide; then UTF-8 where it fits; else what
    charset-normalizer finds in the parts that are not ASCII, where Windows-1252 goes before other
    single-byte encodings of Latin script.
    """
    encoding = json.detect_encoding(head)
    if encoding != "utf-8":
        return encoding
    try:
        # Not final: the head may end inside a character.
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return _legacy_encoding(head)
    return "utf-8"


def decode(data: bytes, encoding: str | None = None) -> str:
    """Return `data` as text without byte-order mark, with line ends as in Unix."""
    text = data.decode(encoding or text_encoding(data[:HEAD]), "replace").removeprefix("\ufeff")
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _legacy_encoding(head: bytes) -> str:
    from charset_normalizer import from_bytes

    matches = from_bytes(b"\n".join(_NON_ASCII.findall(head)[:2000]))
    best = matches.best()
    if best is None or (not best.multi_byte_usage and any("cp1252" in m.could_be_from_charset for m in matches)):
        return "cp1252"
    return str(best.encoding)


class _Guarded(io.RawIOBase):
    """Raw bytes in full blocks, whose errors are sentences."""

    def __init__(self, name: str, inner: Any) -> None:
        self._name = name
        self._inner = inner

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        filled = 0
        try:
            while filled < len(view) and (block := self._inner.read(len(view) - filled)):
                view[filled : filled + len(block)] = block
                filled += len(block)
        except (EOFError, zlib.error, gzip.BadGzipFile, zstandard.ZstdError) as error:
            raise UserError(
                f"{self._name}: the compressed data breaks off or is damaged ({error}): fetch the file again"
            ) from None
        except OSError as error:
            raise UserError(f"{self._name} cannot be read: {error.strerror or error}") from None
        return filled


class _Zstandard:
    """Reads Zstandard frames one after the other; a frame that breaks off is an error.

    zstandard's own stream reader takes a truncated file for a finished one, hence this loop.
    """

    # A block of this size unpacks to a few tens of MiB at worst, so that no file fills the memory.
    BLOCK = 1 << 11

    def __init__(self, packed: Any) -> None:
        self._packed = packed
        self._frame: Any = None
        self._left = b""
        self._ready = memoryview(b"")

    def read(self, size: int) -> bytes:
        while not self._ready:
            block = self._left or self._packed.read(self.BLOCK)
            if not block:
                if self._frame is not None:
                    raise EOFError("the last frame is not complete")
                return b""
            if self._frame is None:
                self._frame = zstandard.ZstdDecompressor().decompressobj()
            self._ready = memoryview(self._frame.decompress(block))
            self._left = b""
            if self._frame.eof:
                self._left, self._frame = self._frame.unused_data, None
        block, self._ready = bytes(self._ready[:size]), self._ready[size:]
        return block
