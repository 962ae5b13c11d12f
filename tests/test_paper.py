import pytest

from papertag import Paper, UserError
from papertag.paper import input_text, title_key


def test_json_round_trip_keeps_known_and_unknown_keys():
    record = {
        "id": "2599.00001",
        "title": "A title",
        "abstract": "Text.",
        "authors": ["A B"],
        "areas": [],
        "votes": 3,
        "nested": {"a": [1]},
    }
    paper = Paper.from_json(record)
    assert paper.areas == ()
    assert paper.extra == {"votes": 3, "nested": {"a": [1]}}
    assert paper.to_json() == record


def test_a_paper_without_id_gets_one_that_depends_on_its_text_alone():
    first, again = Paper.from_json({"title": "T", "abstract": "a"}), Paper.from_json({"title": "T", "abstract": "a"})
    other = Paper.from_json({"title": "T", "abstract": "b"})
    assert first.id == again.id != other.id


@pytest.mark.parametrize(
    ("record", "says"),
    [
        ({"abstract": "x"}, "no title"),
        ({"title": ""}, "no title"),
        ({"title": ["x"]}, "'title' must be a string"),
        ({"title": "x", "areas": "peft"}, "'areas' must be a list"),
    ],
)
def test_a_record_that_is_no_paper_is_refused(record, says):
    with pytest.raises(UserError, match=says):
        Paper.from_json(record)


def test_the_input_text_is_the_title_and_then_the_abstract():
    assert input_text("Title", "Abstract.") == "Title\nAbstract."
    assert input_text("Title", "") == "Title"


def test_title_key_folds_case_accents_and_punctuation():
    assert title_key("Poincaré  Embeddings: A—Study!") == title_key("poincare embeddings a study")
