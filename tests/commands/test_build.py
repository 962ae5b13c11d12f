import json
from pathlib import Path

import pytest

from conftest import SAMPLE, run_papertag


def build(*arguments: str) -> int:
    """Run the command inside this process, which spares it the imports, and return its exit code."""
    from papertag.cli import main

    with pytest.raises(SystemExit) as exit:
        main(["build", *arguments])
    return int(exit.value.code or 0)


def abstract(i: int) -> str:
    return " ".join(f"word{k}of{i}" for k in range(30))


@pytest.fixture
def listings(tmp_path: Path) -> Path:
    """A folder with a JSON lines file, a CSV file with columns of its own, and a broken record."""
    folder = tmp_path / "listings"
    folder.mkdir()
    rows = [
        {"id": f"j{i}", "title": f"Quantization of network {i}", "abstract": abstract(i), "areas": ["quantization"]}
        for i in range(30)
    ]
    (folder / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows) + '{"id": "broken"\n')
    (folder / "b.csv").write_text(
        "id,title,abstract\n"
        + "".join(f"c{i},Robots that walk {i},{abstract(i + 100)}\n" for i in range(20))
        + f"twin,Quantization of network 3,{abstract(3)}\n"
    )
    return folder


def test_listings_become_a_dataset_and_the_report_says_what_became_of_every_record(
    listings: Path, tmp_path: Path
) -> None:
    from papertag.dataset import load_folder

    output = tmp_path / "ds"
    done = run_papertag("build", f"input={listings}", f"output={output}", "split.seed=3", cwd=tmp_path)
    splits, about = load_folder(output)
    assert {name: len(split) for name, split in splits.items()} == {"train": 44, "validation": 3, "test": 3}
    assert about["records"] == 52
    shown = " ".join(done.stdout.split())
    assert "records 52" in shown
    assert f"rejected 1, see {output}/rejects.jsonl" in shown
    assert f"duplicates 1 merged (exact-id 0, exact-title 1, near 0), see {output}/duplicates.jsonl" in shown
    assert "Labelers: 50 papers, 30 annotated" in shown
    assert f"fingerprint {about['fingerprint']}" in shown
    assert "finding duplicates" in done.stderr
    assert "labeling by rules" in done.stderr
    robots = [row for row in splits["train"] if row["id"].startswith("c")]
    assert len(robots) == 20
    assert all("robotics" in row["areas"] and not row["annotated"] for row in robots)


def test_a_taxonomy_extended_a_column_mapping_and_a_date_split(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from papertag.dataset import load_folder

    more = tmp_path / "more.yaml"
    more.write_text("groups:\n  extra:\n    gardening: Of gardens.\n")
    rows = "".join(f"g{i},Gardens {i},{abstract(i)},2025-01-{i + 10}\n" for i in range(12))
    (tmp_path / "t.csv").write_text(f"key,name,summary,date\n{rows}")
    (tmp_path / "areas.csv").write_text("id,areas\n" + "".join(f"g{i},gardening\n" for i in range(12)))
    monkeypatch.chdir(tmp_path)
    assert build(
        "input=t.csv", "output=ds", "columns={id: key, title: name, abstract: summary}",
        "taxonomy.extend=more.yaml", "labeling.annotations=[areas.csv]", "labeling.rules=null",
        "labeling.keywords=null", "split.method=date", "split.validation_from=2025-01-16",
        "split.test_from=2025-01-19",
    ) == 0  # fmt: skip
    splits, about = load_folder(tmp_path / "ds")
    assert {name: split["id"][0] for name, split in splits.items()} == {"train": "g0", "validation": "g6", "test": "g9"}
    assert splits["test"]["areas"][0] == ["gardening"]
    assert about["taxonomy"]["groups"]["extra"] == {"gardening": "Of gardens."}


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ([], "input= is missing"),
        (["input=missing.jsonl"], "missing.jsonl"),
        (["input={listings}", "dedup.treshold=0.9"], "unknown key 'treshold' in 'dedup'; did you mean 'threshold'?"),
        (["input={listings}", "dedup.threshold=0.1"], "dedup.threshold=0.1 must be between 0.5 and 1"),
        (["input={listings}", "split.method=random"], "split.method"),
        (["input={listings}", "split.test=nowhere.jsonl"], "nowhere.jsonl"),
        (["input={listings}", "labeling.annotations=[bad.csv]"], "bad.csv:2: unknown area 'quantisation'"),
        (["input={listings}", "taxonomy.path=none.yaml"], "taxonomy file none.yaml does not exist"),
        (["input=unknown.jsonl"], "unknown area 'quantisation'; did you mean 'quantization'?"),
        (["input={listings}", "output=bad.csv"], "output=bad.csv is a file"),
        (["input={listings}", "output=mine"], "output=mine would be replaced, and holds 'thesis.tex'"),
        (["input={listings}", "output=bad.csv/ds"], "bad.csv is a file, not a folder"),
        (["input={listings}", "taxonomy=mine.yaml"], "write taxonomy.path=..., taxonomy.extend=..."),
        (["input={listings}", "split=null"], "split=null: split is a group of keys: write split.method=..."),
        (["input={listings}", "labeling.annotations=bad.csv"], "bad.csv:2: unknown area 'quantisation'"),
        (
            ["input={listings}", "split.test=unknown.jsonl"],
            "split.test=unknown.jsonl: paper 'a' ('T'): unknown area 'quantisation'",
        ),
        (["input={listings}", "split.method=date", "split.test_from=2024-13-45"], "split.test_from=2024-13-45"),
    ],
)
def test_mistakes_end_with_a_sentence_and_code_2(
    overrides: list[str],
    message: str,
    listings: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.csv").write_text("id,areas\nj1,quantisation\n")
    (tmp_path / "unknown.jsonl").write_text(json.dumps({"id": "a", "title": "T", "areas": ["quantisation"]}) + "\n")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("Do not delete.")
    arguments = [override.format(listings=listings) for override in overrides]
    if not any(argument.startswith("output=") for argument in arguments):
        arguments.append("output=ds")
    assert build(*arguments) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "ds").exists()
    assert (tmp_path / "mine" / "thesis.tex").exists()


def test_a_build_repeats_to_the_byte_and_one_that_fails_leaves_it_alone(listings: Path, tmp_path: Path) -> None:
    def content() -> dict[str, bytes]:
        return {file.name: file.read_bytes() for file in (tmp_path / "ds").rglob("*.*")}

    arguments = (f"input={listings}", f"output={tmp_path}/ds", "labeling.rules=null", "labeling.keywords=null")
    # Two processes, so that the seed of Python's hashes differs.
    run_papertag("build", *arguments)
    first = content()
    assert build(*arguments) == 0
    assert content() == first
    (listings / "c.jsonl").write_text(json.dumps({"id": "a", "title": "T", "areas": ["nonsense"]}) + "\n")
    assert build(*arguments) == 2
    assert content() == first
    assert not list(tmp_path.glob(".ds*"))


def test_the_sample_corpus_builds(sample_dataset: Path) -> None:
    from papertag.dataset import load_folder

    splits, about = load_folder(sample_dataset)
    assert SAMPLE.is_dir()
    assert set(splits) == {"train", "validation", "test"}
    assert all(count > 0 for count in about["splits"]["train"]["annotated_areas"].values())
    assert about["unmatched_annotations"] == 0


def test_gold_holdout_papers_and_their_duplicates_are_not_trained_on(shared: Path, tmp_path: Path) -> None:
    from papertag.dataset import load_folder

    listings = f"input=[{shared}/gold/train.jsonl,{shared}/listings]"
    none = ("labeling.rules=null", "labeling.keywords=null")
    assert build(listings, f"split.test={shared}/gold/dev.jsonl", *none, f"output={tmp_path}/ds") == 0
    splits, about = load_folder(tmp_path / "ds")
    dev = [json.loads(line) for line in (shared / "gold" / "dev.jsonl").read_text().splitlines()]
    assert {row["id"]: set(row["areas"]) for row in splits["test"]} == {row["id"]: set(row["areas"]) for row in dev}
    # The papers of dev whose ids begin with "listing" come from the pages under listings/.
    assert about["duplicates"] >= sum(row["id"].startswith("listing") for row in dev) > 0
    titles = {row["title"].casefold() for row in dev}
    assert not titles & {title.casefold() for name in ("train", "validation") for title in splits[name]["title"]}


def test_a_dataset_inside_its_own_input_is_not_read_back(listings: Path) -> None:
    command = [
        "build",
        f"input={listings}",
        f"output={listings / 'ds'}",
        "labeling.rules=null",
        "labeling.keywords=null",
    ]
    first = run_papertag(*command).stdout
    assert run_papertag(*command).stdout == first
