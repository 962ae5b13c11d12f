import pytest

from papertag import UserError, load_taxonomy

GOOD = """\
version: 1
groups:
  first:
    small-models: Models that are small.
    big-models: >-
      Models that
      are big.
"""


def test_default_taxonomy_has_43_areas_in_8_groups_in_file_order():
    taxonomy = load_taxonomy()
    assert (len(taxonomy.areas), len(taxonomy.groups)) == (43, 8)
    assert taxonomy.areas[0] == "quantization"
    assert taxonomy.areas[-1] == "recommender-systems"
    assert all(taxonomy.definitions.values())


def test_own_file_replaces_the_default(tmp_path):
    (tmp_path / "mine.yaml").write_text(GOOD)
    taxonomy = load_taxonomy(tmp_path / "mine.yaml")
    assert taxonomy.areas == ("small-models", "big-models")
    assert taxonomy.definitions["big-models"] == "Models that are big."


def test_own_file_extends_the_default_and_redefines_in_place(tmp_path):
    (tmp_path / "more.yaml").write_text(
        "groups:\n  efficiency:\n    peft: Only LoRA.\n  mine:\n    quantum: Qubits.\n    robotics: Arms.\n"
    )
    default, taxonomy = load_taxonomy(), load_taxonomy(extend=tmp_path / "more.yaml")
    assert taxonomy.areas == (*default.areas, "quantum")
    assert taxonomy.definitions["peft"] == "Only LoRA."
    assert taxonomy.groups["acting"]["robotics"] == "Arms."
    assert taxonomy.hash != default.hash


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("groups: [", 1, ""),
        ("- a\n- b\n", 1, "'groups'"),
        ("version: 1\ngroup: {}\n", 1, "'groups'"),
        ("version: 2\ngroups: {a: {b: text}}\n", 1, "version 2"),
        ("groups:\n  a:\n    b: text\n  c: text\n", 4, "'c'"),
        ("groups:\n  a:\n    Bad Name: text\n", 3, "'Bad Name'"),
        ("groups:\n  a:\n    b: text\n  c:\n    b: again\n", 5, "line 3"),
        ("groups:\n  a:\n    b: text\n    c:\n", 4, "definition"),
        ("groups:\n  a:\n    b: text\n    b: text\n", 4, "b"),
        ("groups:\n  a:\n    b: text\nmore: 1\n", 4, "'more'"),
    ],
)
def test_a_malformed_file_is_refused_with_its_line(tmp_path, text, line, says):
    file = tmp_path / "bad.yaml"
    file.write_text(text)
    with pytest.raises(UserError) as caught:
        load_taxonomy(file)
    assert f"{file}:{line}:" in str(caught.value)
    assert says in str(caught.value)


def test_one_area_is_too_few(tmp_path):
    (tmp_path / "one.yaml").write_text("groups:\n  a:\n    b: text\n")
    with pytest.raises(UserError, match="at least two areas"):
        load_taxonomy(tmp_path / "one.yaml")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match=r"nothing\.yaml does not exist"):
        load_taxonomy(tmp_path / "nothing.yaml")


def test_check_orders_areas_and_names_the_nearest_to_an_unknown_one():
    taxonomy = load_taxonomy()
    assert taxonomy.check(["agents", "peft", "agents"], "here") == ("peft", "agents")
    with pytest.raises(UserError, match=r"file\.csv:7: unknown area 'quantisation'; did you mean 'quantization'"):
        taxonomy.check(["quantisation"], "file.csv:7")
