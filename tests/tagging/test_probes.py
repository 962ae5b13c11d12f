import pytest

from papertag.models.folder import Metadata
from papertag.paper import Paper
from papertag.tagging import EngineConfig, Tagger
from papertag.tagging.probes import VARIANTS, probe_languages, probe_variants
from papertag.taxonomy import Taxonomy

PAPER = Paper(id="1", title="On Things", abstract="One two three four five.", areas=("peft",))


@pytest.fixture(scope="module")
def tagger(tiny_model):
    return Tagger.from_folder(tiny_model, EngineConfig())


@pytest.mark.parametrize(
    ("variant", "text"),
    [
        ("as it is", "On Things\nOne two three four five."),
        ("title only", "On Things"),
        ("abstract only", "\nOne two three four five."),
        ("first half of the abstract", "On Things\nOne two three"),
        ("abstract twice", "On Things\nOne two three four five. One two three four five."),
        ("as much boilerplate again", "On Things\nOne two three four five. This is the accepted version"),
        ("lower case", "on things\none two three four five."),
    ],
)
def test_a_variant_changes_the_text_and_nothing_else(variant, text):
    changed = VARIANTS[variant](PAPER)
    assert changed.text == text
    assert (changed.id, changed.areas) == ("1", ("peft",))


def test_long_abstracts_are_padded_to_twice_their_length():
    words = ["word"] * 500
    padded = VARIANTS["as much boilerplate again"](Paper(id="1", title="T", abstract=" ".join(words)))
    assert padded.abstract.split()[:500] == words
    assert len(padded.abstract.split()) == 1000


def test_papers_without_abstract_take_no_part(tagger):
    bare = Paper(id="2", title="Nothing but a title", areas=("peft",))
    done = []
    rows = probe_variants(tagger, [PAPER, bare], done.append)
    assert {row["papers"] for row in rows.values()} == {1}
    assert sum(done) == len(VARIANTS)
    assert probe_variants(tagger, [bare]) == {}


def test_languages_are_left_out_for_another_taxonomy(tagger):
    assert next(iter(probe_languages(tagger))) == "English"
    home = Taxonomy({"home": {"cooking": "Food.", "gardening": "Plants."}})
    metadata = Metadata(taxonomy=home, thresholds=dict.fromkeys(home.areas, 0.5))
    assert probe_languages(Tagger(tagger.engine, metadata)) == {}
