import json
from pathlib import Path

import pytest

from papertag.errors import UserError
from papertag.labeling.annotations import AnnotationLabeler, comparable_id, read_annotations
from papertag.paper import Paper
from papertag.taxonomy import Taxonomy

TAXONOMY = Taxonomy({"g": {"cats": "Cats.", "dogs": "Dogs.", "birds": "Birds."}})


def write(folder: Path, name: str, content: str) -> str:
    path = folder / name
    path.write_text(content, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jsonl", '\ufeff{"id": "p1", "areas": ["cats", "dogs"], "year": 2}\n\n{"title": "On Birds", "areas": []}\n'),
        ("a.json", '{"p1": ["cats", "dogs"],\n "On Birds": []}'),
        ("b.json", '[{"id": "p1", "areas": ["dogs", "cats"]}, {"title": "on birds", "areas": []}]'),
        ("a.csv", "id,title,areas\r\np1,,cats; dogs\r\n,On Birds,\r\n"),
        ("a.tsv", "areas\ttitle\tid\ncats;dogs\t\tp1\n\tOn Birds\t\n"),
    ],
)
def test_every_format_is_read(name: str, content: str, tmp_path: Path) -> None:
    labeler = AnnotationLabeler.from_files([write(tmp_path, name, content)], TAXONOMY)
    by_id, by_title, unknown = labeler.label(
        [Paper(id="p1", title="x"), Paper(id="q", title="On birds!"), Paper(id="r", title="Fish")]
    )
    assert by_id is not None
    assert [(vote.area, vote.probability) for vote in by_id] == [("cats", 1.0), ("dogs", 1.0)]
    assert by_id[0].evidence.startswith(str(tmp_path / name))
    assert by_title == []
    assert unknown is None
    assert labeler.unmatched == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2401.01234", "2401.01234v3"),
        ("2401.01234", "arXiv:2401.01234"),
        ("2401.01234", "http://arxiv.org/abs/2401.01234v1"),
        ("2401.01234", "https://arxiv.org/pdf/2401.01234v2.pdf"),
        ("cs/0701001", "cs/0701001v2"),
        ("math.GT/0309136", "math.gt/0309136v1"),
    ],
)
def test_arxiv_ids_compare_without_version(one: str, other: str) -> None:
    assert comparable_id(one) == comparable_id(other)


def test_other_ids_keep_what_looks_like_a_version() -> None:
    assert comparable_id("cvpr2020v1") != comparable_id("cvpr2020v2")


def test_the_id_comes_before_the_title(tmp_path: Path) -> None:
    path = write(tmp_path, "a.jsonl", '{"id": "p1", "areas": ["cats"]}\n{"title": "T", "areas": ["dogs"]}\n')
    (votes,) = AnnotationLabeler.from_files([path], TAXONOMY).label([Paper(id="p1", title="T")])
    assert votes
    assert [vote.area for vote in votes] == ["cats"]


def test_an_id_that_two_papers_share_names_the_one_with_the_title(tmp_path: Path) -> None:
    content = '{"id": "venue2020-learning", "title": "Learning Cats", "areas": ["cats"]}\n'
    labeler = AnnotationLabeler.from_files([write(tmp_path, "a.jsonl", content)], TAXONOMY)
    named, other = labeler.label(
        [Paper(id="venue2020-learning", title="Learning cats"), Paper(id="venue2020-learning", title="Learning Dogs")]
    )
    assert named is not None
    assert other is None


def test_an_arxiv_id_names_its_paper_whatever_a_later_version_is_called(tmp_path: Path) -> None:
    content = '{"id": "2401.01234", "title": "Old Name", "areas": ["cats"]}\n'
    labeler = AnnotationLabeler.from_files([write(tmp_path, "a.jsonl", content)], TAXONOMY)
    assert labeler.label([Paper(id="2401.01234v2", title="New Name")]) != [None]


def test_differing_annotations_give_the_union_and_a_conflict(tmp_path: Path) -> None:
    first = write(tmp_path, "a.jsonl", '{"id": "2401.01234", "areas": ["dogs"]}\n')
    second = write(tmp_path, "b.jsonl", '{"id": "2401.01234v2", "areas": ["cats", "dogs"]}\n')
    labeler = AnnotationLabeler.from_files([first, second], TAXONOMY)
    (votes,) = labeler.label([Paper(id="2401.01234", title="T")])
    assert votes
    assert {vote.area: vote.evidence for vote in votes} == {
        "cats": f"{second}:1",
        "dogs": f"{first}:1; {second}:1",
    }
    (conflict,) = labeler.conflicts
    assert conflict.places == (f"{first}:1", f"{second}:1")
    assert conflict.areas == ("cats", "dogs")


def test_equal_annotations_are_no_conflict(tmp_path: Path) -> None:
    path = write(tmp_path, "a.jsonl", '{"id": "p", "title": "T", "areas": ["dogs"]}\n' * 2)
    labeler = AnnotationLabeler.from_files([path], TAXONOMY)
    labeler.label([Paper(id="p", title="T", areas=("dogs",))])
    assert labeler.conflicts == []
    assert labeler.unmatched == []


def test_the_areas_of_a_listing_are_annotations() -> None:
    labeler = AnnotationLabeler([], TAXONOMY)
    some, none, unsaid = labeler.label(
        [
            Paper(id="1", title="a", areas=("dogs",), source="page.txt"),
            Paper(id="2", title="b", areas=()),
            Paper(id="3", title="c"),
        ]
    )
    assert some
    assert some[0].evidence == "listing page.txt"
    assert none == []
    assert unsaid is None


def test_a_listing_that_differs_from_a_file_is_a_conflict(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "id,areas\np,cats\n")
    labeler = AnnotationLabeler.from_files([path], TAXONOMY)
    (votes,) = labeler.label([Paper(id="p", title="T", areas=("dogs",), source="page.txt")])
    assert votes
    assert [vote.area for vote in votes] == ["cats", "dogs"]
    assert labeler.conflicts[0].places == (f"{path}:2", "listing page.txt")


def test_an_unknown_area_of_a_listing_is_a_mistake() -> None:
    with pytest.raises(
        UserError, match=r"listing page\.txt, paper 'p' \('T'\): unknown area 'cat'; did you mean 'cats'"
    ):
        AnnotationLabeler([], TAXONOMY).label([Paper(id="p", title="T", areas=("cat",), source="page.txt")])


def test_annotations_that_meet_no_paper_are_told(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "id,areas\np,cats\nq,dogs\n")
    labeler = AnnotationLabeler.from_files([path], TAXONOMY)
    labeler.label([Paper(id="p", title="T")])
    assert [annotation.place for annotation in labeler.unmatched] == [f"{path}:3"]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        (
            "a.jsonl",
            '{"id": "p", "areas": ["cats"]}\n{"id": "q", "areas": ["dog"]}\n',
            ":2: unknown area 'dog'; did you",
        ),
        ("a.jsonl", '{"id": "p", "areas": ["cats"]}\n{"id": "q", "areas"\n', ":2: not valid JSON"),
        ("a.jsonl", '{"id": "p", "areas": "cats"}\n', ":1: 'areas' must be a list"),
        ("a.jsonl", '{"id": "p"}\n', ":1: 'areas' must be a list"),
        ("a.jsonl", '{"areas": ["cats"]}\n', ":1: an annotation needs an 'id' or a 'title'"),
        ("a.jsonl", "[1]\n", ":1: an annotation must be an object"),
        ("a.jsonl", "", "holds no annotation"),
        ("a.json", '{\n "p": ["cats"],\n "q": ["dog"]\n}', ":3: unknown area 'dog'"),
        ("a.json", '[{"id": "p", "areas": ["dog"]}]', "#1: unknown area 'dog'"),
        ("a.json", '{\n "p": [\n', ":3: not valid JSON"),
        ("a.json", "7", ":1: annotations must be a JSON object"),
        ("a.csv", 'id,title,areas\np,"two\nlines",cats\nq,,dog\n', ":4: unknown area 'dog'"),
        ("a.csv", "id,areas\np,cats,dogs\n", ":2: 3 cells under 2 columns"),
        ("a.csv", "id,labels\np,cats\n", ":1: columns 'areas'"),
        ("a.txt", "p cats", "must end in .jsonl"),
    ],
)
def test_a_mistake_in_a_file_names_its_place(name: str, content: str, words: str, tmp_path: Path) -> None:
    path = write(tmp_path, name, content)
    with pytest.raises(UserError) as error:
        list(read_annotations(path, TAXONOMY))
    assert path in str(error.value)
    assert words in str(error.value)


def test_a_missing_file_and_a_binary_one_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist"):
        list(read_annotations(tmp_path / "none.csv", TAXONOMY))
    (tmp_path / "bad.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="cannot be read"):
        list(read_annotations(tmp_path / "bad.csv", TAXONOMY))


def test_repeated_keys_of_a_json_object_are_all_read(tmp_path: Path) -> None:
    path = write(tmp_path, "a.json", '{"p": ["cats"], "p": ["dogs"]}')
    labeler = AnnotationLabeler.from_files([path], TAXONOMY)
    (votes,) = labeler.label([Paper(id="p", title="T")])
    assert votes
    assert [vote.area for vote in votes] == ["cats", "dogs"]
    assert len(labeler.conflicts) == 1


def test_real_annotations_find_their_papers(shared: Path) -> None:
    from papertag.taxonomy import load_taxonomy

    path = shared / "gold" / "dev.jsonl"
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    labeler = AnnotationLabeler.from_files([str(path)], load_taxonomy())
    votes = labeler.label([Paper(id=r["id"], title=r["title"]) for r in records])
    assert [{vote.area for vote in v or ()} for v in votes] == [set(r["areas"]) for r in records]
    assert labeler.unmatched == []
