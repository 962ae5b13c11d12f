"""Outputs appear whole or not at all, and what cannot be written is a mistake with a sentence."""

import os
from pathlib import Path

import pytest

from papertag.errors import UserError
from papertag.files import whole_file, whole_folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def begin_and_fail(file: Path) -> None:
    file.write_text("new")
    raise ZeroDivisionError


def test_a_file_appears_when_its_block_ends_and_replaces_the_old_one(tmp_path: Path) -> None:
    final = tmp_path / "new" / "a.txt"
    for text in ("one", "two"):
        with whole_file(final) as temporary:
            temporary.write_text(text)
            assert not final.exists() or final.read_text() == "one"
        assert final.read_text() == text
    assert names(final.parent) == ["a.txt"]
    umask = os.umask(0)
    os.umask(umask)
    assert final.stat().st_mode & 0o777 == 0o666 & ~umask


def test_a_folder_appears_when_its_block_ends_and_replaces_the_old_one(tmp_path: Path) -> None:
    final = tmp_path / "new" / "ds"
    for name in ("one", "two"):
        with whole_folder(final) as temporary:
            (temporary / name).touch()
            assert not final.exists() or names(final) == ["one"]
        assert names(final) == [name]
    assert names(final.parent) == ["ds"]


def test_a_block_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "ds").mkdir()
    (tmp_path / "ds" / "old").touch()
    (tmp_path / "a.txt").write_text("old")
    with pytest.raises(ZeroDivisionError), whole_folder(tmp_path / "ds") as temporary:
        begin_and_fail(temporary / "new")
    with pytest.raises(ZeroDivisionError), whole_file(tmp_path / "a.txt") as temporary:
        begin_and_fail(temporary)
    assert names(tmp_path) == ["a.txt", "ds"]
    assert names(tmp_path / "ds") == ["old"]
    assert (tmp_path / "a.txt").read_text() == "old"


def test_a_file_does_not_take_the_place_of_a_folder_nor_a_folder_that_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "a.txt").touch()
    with pytest.raises(UserError, match="there is a folder, and a file is to be written there"), \
            whole_file(tmp_path / "there"):  # fmt: skip
        raise AssertionError
    with pytest.raises(UserError, match=r"a\.txt is a file, and a folder is to be written there"), \
            whole_folder(tmp_path / "a.txt"):  # fmt: skip
        raise AssertionError
    assert names(tmp_path) == ["a.txt", "there"]


def test_a_name_taken_while_the_block_runs_is_a_mistake_too(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot write .*a\.txt: Is a directory"), whole_file(tmp_path / "a.txt"):
        (tmp_path / "a.txt").mkdir()
    with pytest.raises(UserError, match=r"cannot write .*ds: Not a directory"), whole_folder(tmp_path / "ds"):
        (tmp_path / "ds").touch()
    assert names(tmp_path) == ["a.txt", "ds"]


@pytest.mark.parametrize("whole", [whole_file, whole_folder])
def test_a_parent_that_is_a_file_is_named(whole, tmp_path: Path) -> None:
    (tmp_path / "papers.jsonl").touch()
    for final in ("papers.jsonl/a", "papers.jsonl/a/b"):
        with pytest.raises(UserError, match=r"papers\.jsonl is a file, not a folder"), whole(tmp_path / final):
            raise AssertionError


@pytest.mark.parametrize("whole", [whole_file, whole_folder])
def test_a_parent_that_takes_no_files_is_a_mistake(whole) -> None:
    """Even where the permissions say that it does, as those of /proc say to root."""
    if not Path("/proc/self").exists():
        pytest.skip("there is no /proc here")
    for final in ("/proc/papers", "/proc/new/papers"):
        with pytest.raises(UserError, match=f"cannot write {final}: "), whole(final):
            raise AssertionError


@pytest.mark.parametrize("whole", [whole_file, whole_folder])
def test_a_parent_without_permission_is_a_mistake(whole, tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o500)
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    with pytest.raises(UserError, match=r"cannot write .*: Permission denied"), whole(tmp_path / "closed" / "a"):
        raise AssertionError
