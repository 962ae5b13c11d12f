"""The model that ships, as its user meets it: no training, no network, no model=."""

import json
import shutil

import pytest

from conftest import SAMPLE, run_papertag, spawn_papertag
from papertag.models.shipped import shipped_delta, shipped_model

LISTING = SAMPLE / "new_listing.txt"


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("PAPERTAG_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_a_listing_is_tagged_without_naming_a_model(tmp_path):
    output = tmp_path / "tags.jsonl"
    spawn_papertag("tag", f"input={LISTING}", f"output={output}")
    rows = [json.loads(line) for line in output.read_text().splitlines()]
    assert len(rows) == 43
    assert sum(bool(row["areas"]) for row in rows) > 35


@pytest.mark.slow
def test_it_knows_the_areas_of_invented_papers(tmp_path):
    papers = {}
    run_papertag("parse", f"input={SAMPLE}/listings", f"output={tmp_path / 'papers.jsonl'}")
    for line in (tmp_path / "papers.jsonl").read_text().splitlines():
        paper = json.loads(line)
        papers[paper["id"]] = paper
    labelled = []
    for line in (SAMPLE / "annotations.jsonl").read_text().splitlines():
        annotation = json.loads(line)
        if paper := papers.get(annotation.get("id")):
            labelled.append(paper | {"areas": annotation["areas"]})
    assert len(labelled) > 100
    (tmp_path / "labelled.jsonl").write_text("".join(json.dumps(paper) + "\n" for paper in labelled[::4]))
    run_papertag("evaluate", f"data={tmp_path / 'labelled.jsonl'}", f"output={tmp_path / 'scores'}")
    assert json.loads((tmp_path / "scores" / "metrics.json").read_text())["micro_f1"] > 0.6


def test_what_ships_is_small_and_complete():
    folder = shipped_delta()
    assert sum(path.stat().st_size for path in folder.iterdir()) <= 25e6
    assert "Limits" in (folder / "README.md").read_text()


def test_it_is_merged_once_and_then_taken_from_the_cache(cache):
    folder = shipped_model()
    assert folder.parent.parent == cache
    before = (folder / "model.safetensors").stat().st_mtime_ns
    assert shipped_model() == folder
    assert (folder / "model.safetensors").stat().st_mtime_ns == before


def test_a_merged_model_that_was_removed_is_made_again(cache):
    shutil.rmtree(shipped_model())
    assert (shipped_model() / "model.safetensors").is_file()


def test_a_cache_that_cannot_be_written_is_named_with_the_way_out(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("PAPERTAG_CACHE", str(tmp_path / "file"))
    done = run_papertag("tag", f"input={LISTING}", f"output={tmp_path / 'tags.jsonl'}", expect=2)
    assert "PAPERTAG_CACHE" in done.stderr


def test_export_gives_the_ordinary_folder_of_the_shipped_model(cache, tmp_path):
    run_papertag("export", f"output={tmp_path / 'model'}")
    names = {path.name for path in (tmp_path / "model").iterdir()}
    assert {"config.json", "model.safetensors", "tokenizer.json", "papertag.json", "README.md"} <= names
