import json
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import combinations, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from papertag.dataset import Built, DedupConfig, SplitConfig, build_dataset, load_folder
from papertag.dataset.shingles import Similarity
from papertag.dataset.split import EvaluateOn, Method
from papertag.errors import UserError
from papertag.labeling import LabelingConfig
from papertag.paper import Paper, Reject, input_text
from papertag.taxonomy import Taxonomy

TAXONOMY = Taxonomy({"things": {"trees": "Of trees.", "stones": "Of stones."}, "acts": {"walking": "Of walking."}})
AREAS = [("trees",), ("stones", "walking"), ("walking",), ("trees", "stones"), ()]


def sentence(seed: int, count: int = 100) -> list[str]:
    rng = np.random.default_rng(seed)
    return [f"w{i}" for i in rng.integers(0, 5000, count)]


def changed(text: Sequence[str], *positions: int) -> list[str]:
    return [f"c{i}" if i in positions else word for i, word in enumerate(text)]


def paper(i: int, *, labelled: bool = True, **fields: Any) -> Paper:
    return Paper(
        **{
            "id": f"p{i}",
            "title": f"Title number {i}",
            "abstract": " ".join(sentence(i)),
            "source": "made",
            "areas": AREAS[i % len(AREAS)] if labelled else None,
            **fields,
        }
    )


def build(folder: Path, records: Iterable[Paper | Reject], *, dedup: DedupConfig | None = None,
          annotations: Sequence[Path] = (), **split: Any) -> Built:  # fmt: skip
    return build_dataset(
        records,
        folder,
        taxonomy=TAXONOMY,
        labeling=LabelingConfig(annotations=[str(path) for path in annotations], rules=None, keywords=None),
        dedup=dedup or DedupConfig(),
        split=SplitConfig(**split),
    )


def write_listing(path: Path, papers: Iterable[Paper]) -> Path:
    path.write_text("".join(json.dumps(p.to_json()) + "\n" for p in papers))
    return path


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_the_folder_opens_offline_with_typed_features(tmp_path: Path) -> None:
    from datasets import List, Value, load_dataset

    first = paper(1, authors=("Ann", "Bo"), date="2025-01-31", url="u", venue="V", categories=("cs.LG",),
                  keywords=("k",), extra={"votes": 3, "title_de": "Bäume"})  # fmt: skip
    build(tmp_path / "ds", [first, *(paper(i) for i in range(2, 40))], test_fraction=0.2)
    splits = load_dataset(str(tmp_path / "ds"), cache_dir=str(tmp_path / "cache"))
    assert set(splits) == {"train", "validation", "test"}
    assert sum(map(len, splits.values())) == 39
    features = splits["train"].features
    assert features["labels"] == List(Value("float32"), length=3)
    assert features["votes"].feature["probability"] == Value("float32")
    row = next(row for split in splits.values() for row in split if row["id"] == "p1")
    assert {key: value for key, value in row.items() if key != "votes"} == {
        "id": "p1", "title": first.title, "abstract": first.abstract, "authors": ["Ann", "Bo"],
        "date": "2025-01-31", "url": "u", "venue": "V", "categories": ["cs.LG"], "keywords": ["k"],
        "source": "made", "areas": ["stones", "walking"], "labels": [0.0, 1.0, 1.0], "annotated": True,
        "merged": [], "extra": '{"title_de": "Bäume", "votes": 3}',
    }  # fmt: skip
    assert [(v["area"], v["probability"], v["labeler"]) for v in row["votes"]] == [
        ("stones", 1.0, "annotations"),
        ("walking", 1.0, "annotations"),
    ]
    loaded, metadata = load_folder(tmp_path / "ds")
    assert {name: split.to_list() for name, split in loaded.items()} == {
        name: split.to_list() for name, split in splits.items()
    }
    assert loaded["train"].features == features
    assert Taxonomy(metadata["taxonomy"]["groups"]).areas == TAXONOMY.areas
    assert metadata["taxonomy"]["hash"] == TAXONOMY.hash


def test_labels_of_labelers_are_soft_and_carry_their_votes(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text("version: 1\nrules:\n  trees:\n    oak forest: 0.75\n  stones:\n    granite: 0.25\n")
    records = [paper(i) for i in range(1, 20)]
    records.append(paper(99, labelled=False, title="Granite in an oak forest"))
    build_dataset(
        records, tmp_path / "ds", taxonomy=TAXONOMY,
        labeling=LabelingConfig(rules=str(rules), keywords=None), dedup=DedupConfig(), split=SplitConfig(),
    )  # fmt: skip
    splits, _ = load_folder(tmp_path / "ds")
    row = next(row for row in splits["train"] if row["id"] == "p99")
    assert row["labels"] == [0.75, 0.25, 0.0]
    assert row["areas"] == ["trees"]
    assert row["annotated"] is False
    assert sorted((v["area"], v["probability"], v["labeler"]) for v in row["votes"]) == [
        ("stones", 0.25, "rules"),
        ("trees", 0.75, "rules"),
    ]
    assert all("trees" in row["areas"] or row["annotated"] for row in splits["train"])


def test_no_near_duplicate_crosses_a_split_not_even_along_a_chain(tmp_path: Path) -> None:
    """Each of 60 papers comes as a chain A~B~C, shuffled, all of them annotated and so free to go anywhere."""
    records = []
    for i in range(60):
        a = sentence(i)
        b = changed(a, 20, 40)
        c = changed(b, 60, 80)
        records += [paper(i, id=f"{k}{i}", abstract=" ".join(v)) for k, v in {"a": a, "b": b, "c": c}.items()]
    order = np.random.default_rng(0).permutation(len(records))
    build(
        tmp_path / "ds", [records[i] for i in order], dedup=DedupConfig(threshold=0.85, title_threshold=1.0),
        validation_fraction=0.2, test_fraction=0.2,
    )  # fmt: skip
    splits, _ = load_folder(tmp_path / "ds")
    assert min(map(len, splits.values())) >= 8
    assert sum(map(len, splits.values())) == 60
    texts = {name: [input_text(row["title"], row["abstract"]) for row in split] for name, split in splits.items()}
    for one, other in combinations(texts, 2):
        both = texts[one] + texts[other]
        similarity = Similarity(both.__getitem__, 3)
        pairs = product(range(len(texts[one])), range(len(texts[one]), len(both)))
        assert all(similarity(i, j) < 0.8 for i, j in pairs)
    families = {row["id"][1:]: {m[1:] for m in row["merged"]} for split in splits.values() for row in split}
    assert all(merged == {number} for number, merged in families.items())


def test_records_in_are_papers_out_and_merged_and_rejected_and_left_out(tmp_path: Path) -> None:
    records: list[Paper | Reject] = [paper(i, date=f"2025-0{1 + i % 8}-01", labelled=i % 3 == 0) for i in range(40)]
    records += [paper(3, id="copy"), Reject("/some/where/list.jsonl:7", "the record has no title", "{}")]
    records += [paper(100, id="p5", date="2025-01-01")]
    about = build(
        tmp_path / "ds", records, method=Method.date, validation_from="2025-05-01", test_from="2025-08-01"
    ).metadata
    splits, metadata = load_folder(tmp_path / "ds")
    assert about == metadata
    assert about["records"] == 43
    assert about["rejects"] == about["duplicates"] == about["renamed"] == 1
    assert sum(map(len, splits.values())) + about["duplicates"] + about["rejects"] + about["left_out"] == 43
    assert {row["date"] >= "2025-08-01" for row in splits["test"]} == {True}
    assert all(row["annotated"] for name in ("validation", "test") for row in splits[name])
    left_out = lines(tmp_path / "ds" / "left_out.jsonl")
    assert len(left_out) == about["left_out"] > 0
    assert lines(tmp_path / "ds" / "rejects.jsonl") == [
        {"place": "list.jsonl:7", "reason": "the record has no title", "record": "{}"}
    ]
    assert lines(tmp_path / "ds" / "renamed.jsonl") == [{"id": "p5", "new_id": "p5~2"}]
    (duplicate,) = lines(tmp_path / "ds" / "duplicates.jsonl")
    assert duplicate == {
        "kept": "p3", "merged": "copy", "reason": "exact-title", "similarity": 1.0, "sources": ["made", "made"],
    }  # fmt: skip
    for name, split in splits.items():
        assert about["splits"][name]["papers"] == len(split)
        assert about["splits"][name]["areas"]["trees"] == sum("trees" in row["areas"] for row in split)
        assert about["splits"][name]["sources"] == {"made": len(split)}


def test_an_annotation_of_a_record_that_was_merged_carries_over(tmp_path: Path) -> None:
    annotations = tmp_path / "areas.csv"
    annotations.write_text("id,areas\nshort,trees;stones\nnowhere,walking\n")
    text = sentence(1)
    records = [
        paper(1, id="long", labelled=False, abstract=" ".join([*text, "more"])),
        paper(1, id="short", labelled=False, abstract=" ".join(text), keywords=("k",)),
        paper(1, id="other", abstract=" ".join(text), areas=("walking",), venue="V"),
        *(paper(i, labelled=False) for i in range(2, 12)),
    ]
    about = build(tmp_path / "ds", records, annotations=[annotations], validation_fraction=0, test_fraction=0).metadata
    splits, _ = load_folder(tmp_path / "ds")
    (row,) = [row for row in splits["train"] if row["annotated"]]
    assert (row["id"], row["areas"], row["keywords"], row["venue"]) == ("short", ["trees", "stones"], ["k"], "V")
    assert row["merged"] == ["long", "other"]
    assert about["unmatched_annotations"] == 1
    assert lines(tmp_path / "ds" / "unmatched_annotations.jsonl") == [
        {"place": "areas.csv:3", "id": "nowhere", "title": "", "areas": ["walking"]}
    ]
    assert lines(tmp_path / "ds" / "annotation_conflicts.jsonl") == [
        {"paper": "short", "merged": "other", "areas": ["stones", "trees"], "merged_areas": ["walking"]}
    ]


def test_a_holdout_is_its_split_and_its_near_duplicates_leave_the_others(tmp_path: Path) -> None:
    held = [paper(i) for i in range(5)]
    near = [replace(p, id=f"near-{p.id}", abstract=" ".join(changed(p.abstract.split(), 50))) for p in held[:3]]
    listing = write_listing(tmp_path / "dev.jsonl", held)
    about = build(tmp_path / "ds", [*near, *(paper(i) for i in range(50, 90)), held[4]], test=str(listing)).metadata
    splits, _ = load_folder(tmp_path / "ds")
    assert [(row["id"], row["abstract"]) for row in splits["test"]] == [(p.id, p.abstract) for p in held]
    assert not {p.id for p in [*near, *held]} & {row["id"] for name in ("train", "validation") for row in splits[name]}
    assert {(d["kept"], d["merged"]) for d in lines(tmp_path / "ds" / "duplicates.jsonl")} == {
        ("p0", "near-p0"), ("p1", "near-p1"), ("p2", "near-p2"), ("p4", "p4"),
    }  # fmt: skip
    assert "test is the listing dev.jsonl" in about["method"]


def test_overlapping_and_unlabelled_holdouts_are_errors(tmp_path: Path) -> None:
    records = [paper(i) for i in range(50, 60)]
    one = write_listing(tmp_path / "v.jsonl", [paper(1), paper(2)])
    near = paper(2, id="again", abstract=" ".join(changed(sentence(2), 50)))
    other = write_listing(tmp_path / "t.jsonl", [paper(3), near])
    with pytest.raises(UserError, match=r"'again' \('Title number 2'\) of split.test and 'p2' .* of split.validation"):
        build(tmp_path / "ds", records, validation=str(one), test=str(other))
    bare = write_listing(tmp_path / "bare.jsonl", [paper(1, labelled=False)])
    with pytest.raises(UserError, match=r"split.test=.*bare.jsonl: paper 'p1' \('Title number 1'\) has no areas"):
        build(tmp_path / "ds", records, test=str(bare))
    assert not (tmp_path / "ds").exists()


def test_nothing_read_is_an_error_that_names_the_first_reject(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="the input holds no papers; the first reject is a:1: broken"):
        build(tmp_path / "ds", [Reject("a:1", "broken")])


def test_the_same_inputs_give_the_same_bytes_wherever_they_lie(tmp_path: Path) -> None:
    for name in ("one", "two"):
        home = tmp_path / name
        home.mkdir()
        holdout = write_listing(home / "dev.jsonl", [paper(i) for i in range(200, 205)])
        annotations = home / "areas.csv"
        annotations.write_text("id,areas\np3,trees\np4,stones\nmissing,walking\n")
        records: list[Paper | Reject] = [paper(i, labelled=i % 2 == 0) for i in range(60)]
        records += [paper(9, id="copy"), Reject(f"{home}/listing.jsonl:3", "broken")]
        build(home / "ds", records, annotations=[annotations], test=str(holdout), evaluate_on=EvaluateOn.all)
    files = [
        {file.relative_to(tmp_path / name): file.read_bytes() for file in (tmp_path / name / "ds").rglob("*.*")}
        for name in ("one", "two")
    ]
    assert len(files[0]) >= 10
    assert files[0] == files[1]
    assert not any(str(tmp_path).encode() in content for content in files[0].values())


def test_the_fingerprint_follows_content_configuration_and_labeler_files(tmp_path: Path) -> None:
    records = [paper(i) for i in range(20)]
    annotations = tmp_path / "areas.csv"
    prints = []
    for text, papers, settings in (
        ("id,areas\np3,trees\n", records, {}),
        ("id,areas\np3,stones\n", records, {}),
        ("id,areas\np3,trees\n", [*records[1:], records[0]], {}),
        ("id,areas\np3,trees\n", [replace(records[0], venue="V"), *records[1:]], {}),
        ("id,areas\np3,trees\n", records, {"seed": 1}),
    ):
        annotations.write_text(text)
        prints.append(build(tmp_path / "ds", papers, annotations=[annotations], **settings).metadata["fingerprint"])
    assert len(set(prints)) == len(prints)


def test_the_card_counts_and_shows_the_areas(tmp_path: Path) -> None:
    from matplotlib.image import imread

    build(tmp_path / "ds", [paper(i) for i in range(50)])
    card = (tmp_path / "ds" / "README.md").read_text()
    assert "50 papers in 3 research areas of 2 groups" in card
    assert "| train | 40 | 40 |" in card
    assert "| things | trees | 16 | 2 | 2 |" in card
    assert "| made | 40 | 5 | 5 |" in card
    assert "| annotations | 1.000 |" in card
    assert "![Papers by area](areas.png)" in card
    assert "$" not in card
    assert b"matplotlib" not in (tmp_path / "ds" / "areas.png").read_bytes()
    image = imread(tmp_path / "ds" / "areas.png")
    assert image.shape[0] > 100
    assert image.std() > 0.05


def test_the_card_of_a_split_by_date_says_what_a_year_alone_counts_as(tmp_path: Path) -> None:
    records = [paper(i, date="2024" if i < 5 else f"2023-0{1 + i % 9}") for i in range(30)]
    build(tmp_path / "ds", records, method=Method.date, test_from="2024-06-01")
    splits, about = load_folder(tmp_path / "ds")
    assert sorted(splits["test"]["id"]) == [f"p{i}" for i in range(5)]
    assert "a date of a year or month alone counts as its last day" in about["method"]
    assert about["method"] in (tmp_path / "ds" / "README.md").read_text()


def test_unknown_areas_name_the_key_and_the_paper(tmp_path: Path) -> None:
    strange = paper(50, areas=("trees", "tree"))
    with pytest.raises(UserError, match=r"input=: paper 'p50' \('Title number 50'\): unknown area 'tree'"):
        build(tmp_path / "ds", [paper(1), strange])
    holdout = write_listing(tmp_path / "dev.jsonl", [paper(2), strange])
    with pytest.raises(UserError, match=r"split\.test=.*dev\.jsonl: paper 'p50' .*: unknown area 'tree'"):
        build(tmp_path / "ds", [paper(1)], test=str(holdout))


def test_a_build_in_which_no_paper_gets_an_area_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no paper gets an area: none is annotated, and no rule or keyword votes"):
        build(tmp_path / "ds", [paper(i, labelled=False) for i in range(20)])
    assert not (tmp_path / "ds").exists()


def untouchable() -> Iterator[Paper]:
    raise AssertionError("the records were read")
    yield


@pytest.mark.parametrize("name", ["config.json", "notes.jsonl", ".git"])
def test_only_what_a_build_wrote_is_replaced(name: str, tmp_path: Path) -> None:
    """And the mistake is told before any work."""
    output = tmp_path / "ds"
    build(output, [*(paper(i) for i in range(20)), Reject("a:1", "broken")])
    build(output, [paper(i) for i in range(20)])
    assert not (output / "rejects.jsonl").exists()
    (output / name).write_text("{}")
    with pytest.raises(UserError, match=f"would be replaced, and holds '{name}', which is no part of a dataset"):
        build(output, untouchable())
    assert (output / name).exists()


def test_a_model_folder_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "papertag.json").write_text(json.dumps({"schema": 1, "taxonomy": {}, "thresholds": {}}))
    (tmp_path / "README.md").write_text("A model.")
    with pytest.raises(UserError, match="no part of a dataset"):
        build(tmp_path, untouchable())


def test_an_output_that_cannot_be_written_is_told_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "papers.jsonl").write_text("{}")
    with pytest.raises(UserError, match=r"papers\.jsonl is a file, not a folder"):
        build(tmp_path / "papers.jsonl" / "ds", untouchable())


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built") / "ds"
    build(folder, [paper(i) for i in range(40)])
    return folder


@pytest.fixture
def damaged(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built, tmp_path / "ds"))


def test_what_is_no_dataset_folder_is_an_error(damaged: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="missing does not exist: make one with 'papertag build"):
        load_folder(tmp_path / "missing")
    with pytest.raises(UserError, match=r"is not a dataset folder: it has no papertag\.json"):
        load_folder(tmp_path)
    metadata = json.loads((damaged / "papertag.json").read_text())
    (damaged / "papertag.json").write_text(json.dumps({**metadata, "taxonomy": {}}))
    with pytest.raises(UserError, match="holds no taxonomy"):
        load_folder(damaged)
    (damaged / "papertag.json").write_text("{")
    with pytest.raises(UserError, match=r"papertag.json cannot be read"):
        load_folder(damaged)


def test_a_missing_or_empty_train_split_and_a_torn_file_are_errors(damaged: Path) -> None:
    (train,) = (damaged / "data").glob("train-*")
    train.write_bytes(train.read_bytes()[:1000])
    with pytest.raises(UserError, match=r"train-00000-of-00001.parquet cannot be read"):
        load_folder(damaged)
    train.unlink()
    with pytest.raises(UserError, match="has no papers in its train split"):
        load_folder(damaged)


def test_columns_that_do_not_fit_the_taxonomy_are_errors(damaged: Path) -> None:
    import pyarrow.parquet as pq

    metadata = json.loads((damaged / "papertag.json").read_text())
    del metadata["taxonomy"]["groups"]["acts"]
    (damaged / "papertag.json").write_text(json.dumps(metadata))
    with pytest.raises(UserError, match=r"column 'labels' is .*\[3\].* \(with 2 areas\) asks for .*\[2\]"):
        load_folder(damaged)
    (train,) = (damaged / "data").glob("train-*")
    pq.write_table(pq.read_table(train).drop_columns(["abstract"]), train)
    with pytest.raises(UserError, match="column 'abstract' is missing"):
        load_folder(damaged)


@pytest.mark.parametrize("same", ["id", "text"])
def test_a_paper_in_two_splits_is_an_error_that_names_it(damaged: Path, same: str) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    (train,) = (damaged / "data").glob("train-*")
    (test,) = (damaged / "data").glob("test-*")
    table = pq.read_table(test)
    name = table["id"][0].as_py()
    stolen = table.slice(0, 1)
    column = "title" if same == "id" else "id"
    stolen = stolen.set_column(stolen.schema.get_field_index(column), column, pa.array(["another"]))
    pq.write_table(pa.concat_tables([pq.read_table(train), stolen]), train)
    message = (
        f"train and test both hold paper '{name}'" if same == "id" else f"'another' of train and paper '{name}' of test"
    )
    with pytest.raises(UserError, match=message):
        load_folder(damaged)
