from dataclasses import replace

import pytest

from papertag.dataset.dedup import DedupConfig, Deduplicated, deduplicate
from papertag.errors import UserError
from papertag.paper import Paper


def words(start: int, count: int = 60) -> list[str]:
    return [f"word{i}" for i in range(start, start + count)]


def paper(id: str, title: str, abstract: list[str] | str = "", **fields: object) -> Paper:
    text = abstract if isinstance(abstract, str) else " ".join(abstract)
    return Paper(id=id, title=title, abstract=text, **fields)  # type: ignore[arg-type]


def run(*papers: Paper, annotated: str = "", holdout: dict[str, str] | None = None, **config: object) -> Deduplicated:
    return deduplicate(
        papers,
        DedupConfig(**config),  # type: ignore[arg-type]
        annotated=[p.id in annotated.split() for p in papers],
        holdout=[(holdout or {}).get(p.id) for p in papers],
    )


def ids(result: Deduplicated) -> list[str]:
    return [p.id for p in result.papers]


def changed(abstract: list[str], *positions: int) -> list[str]:
    """The abstract with some words replaced: each costs three trigrams of either side."""
    return ["other" if i in positions else word for i, word in enumerate(abstract)]


def test_ways_of_writing_an_arxiv_id_are_one_id_even_when_the_paper_was_rewritten() -> None:
    result = run(
        paper("2401.00001", "First title", words(0)),
        paper("arXiv:2401.00001v3", "Title of version three", words(500)),
        paper("row-7", "Final title", words(1000), url="http://arxiv.org/abs/2401.00001v2"),
        paper("cs.CL/0112017", "Old scheme", words(2000)),
        paper("http://arxiv.org/abs/cs/0112017v1", "Old scheme, again", words(3000)),
        paper("2401.00011", "Another", words(4000)),
    )
    assert ids(result) == ["row-7", "cs.CL/0112017", "2401.00011"]
    assert {m.reason.value for m in result.merges} == {"exact-id"}


def test_an_id_shared_by_different_papers_keeps_both_under_different_ids() -> None:
    result = run(
        paper("slug", "One thing", words(0)),
        paper("slug", "Another thing", words(500)),
        paper("slug", "One thing, revised", changed(words(0), 1, 20)),
        paper("slug~2", "A third thing", words(900)),
    )
    assert ids(result) == ["slug", "slug~3", "slug~2"]
    assert [p.title for p in result.papers] == ["One thing", "Another thing", "A third thing"]
    assert result.renamed == [("slug", "slug~3")]


def test_the_same_title_merges_near_same_abstracts_and_keeps_different_ones() -> None:
    revised = changed(words(0), 10, 25, 40, 55)  # below the threshold for near duplicates
    result = run(
        paper("a", "Deep Nets: A Survey!", words(0)),
        paper("b", "deep nets -- a survey", revised),
        paper("c", "Deep Nets: A Survey", words(500)),
    )
    assert ids(result) == ["a", "c"]
    (merge,) = result.merges
    assert (merge.kept, merge.merged, merge.reason) == ("a", "b", "exact-title")
    assert 0.3 < merge.similarity < 0.8


def test_a_paper_of_hardly_any_abstract_goes_by_title_and_joins_only_one_of_two_different_papers() -> None:
    result = run(
        paper("bare", "On Tagging"),
        paper("x", "On tagging", words(0), venue="V"),
        paper("y", "On tagging", words(500)),
        paper("lone", "Something else"),
    )
    assert ids(result) == ["x", "y", "lone"]
    assert [(m.kept, m.merged, m.reason.value) for m in result.merges] == [("x", "bare", "exact-title")]


def test_a_paper_of_hardly_any_abstract_joins_the_one_that_its_id_names() -> None:
    x, y = paper("x", "On tagging", words(0)), paper("y", "On tagging", words(500))
    result = run(x, y, paper("y", "On Tagging"))
    assert ids(result) == ["x", "y"]
    assert [(m.kept, m.merged, m.reason.value) for m in result.merges] == [("y", "y", "exact-id")]


def test_titles_without_letters_are_no_reason_to_merge() -> None:
    assert ids(run(paper("a", "???"), paper("b", "!!!"))) == ["a", "b"]


def test_near_duplicates_merge_by_exact_similarity_on_either_side_of_the_threshold() -> None:
    base = words(0, 100)
    close, far = changed(base, 50), changed(base, *range(5, 95, 9))
    assert ids(run(paper("a", "T", base), paper("b", "U", close), annotated="a")) == ["a"]
    assert ids(run(paper("a", "T", base), paper("b", "U", far))) == ["a", "b"]
    merge = run(paper("a", "T", base), paper("b", "T", close), title_threshold=1.0).merges[0]
    # Title and 100 words hold 99 trigrams; one changed word takes three from each.
    assert merge.reason == "near"
    assert merge.similarity == pytest.approx(96 / 102)


def test_a_chain_of_near_duplicates_is_one_paper_and_the_report_names_the_link() -> None:
    a = words(0, 100)
    b = changed(a, 20, 40)
    c = changed(b, 60, 80)
    result = run(paper("a", "T", a), paper("b", "T", b), paper("c", "T", c), annotated="a", threshold=0.85,
                 title_threshold=1.0)  # fmt: skip
    assert ids(result) == ["a"]
    assert [(m.kept, m.merged, m.via) for m in result.merges] == [("a", "b", None), ("a", "c", "b")]
    assert result.merges[1].similarity < 0.85 < result.merges[0].similarity
    assert result.merges[1].to_json()["via"] == "b"


def test_many_near_duplicates_are_all_found() -> None:
    """Each of 300 papers has a copy with a similarity just above the threshold; none may be missed."""
    papers = []
    for i in range(300):
        base = words(1000 * i, 100)
        papers += [paper(f"a{i}", f"title {i}", base), paper(f"b{i}", f"On {i}", changed(base, 30, 60, 90))]
    result = run(*papers)
    assert len(result.papers) == 300
    assert all(m.similarity >= 0.8 and m.kept[1:] == m.merged[1:] for m in result.merges)


def test_an_annotated_record_survives_and_takes_what_it_lacks_from_the_others() -> None:
    result = run(
        paper("first", "A study", words(0), keywords=("Graphs",), date="2024-01-01", extra={"k": 1, "l": 1}),
        paper("gold", "A study", words(0)[:55], keywords=("nets",), areas=("theory",), extra={"k": 2}),
        paper("third", "A study", words(0, 61), authors=("Ann",), venue="V", url="u", categories=("cs.LG",),
              keywords=("NETS", "trees"), areas=("other",)),
        annotated="gold third",
    )  # fmt: skip
    (kept,) = result.papers
    assert kept == Paper(
        id="gold", title="A study", abstract=" ".join(words(0)[:55]), keywords=("nets", "Graphs", "trees"),
        date="2024-01-01", authors=("Ann",), venue="V", url="u", categories=("cs.LG",), areas=("theory",),
        extra={"k": 2, "l": 1},
    )  # fmt: skip
    assert result.merged == [[0, 2]]
    assert result.kept == [1]


def test_without_annotation_the_longest_abstract_survives_then_the_richest() -> None:
    assert ids(run(paper("a", "T", words(0)), paper("b", "T", words(0, 62)))) == ["b"]
    assert ids(run(paper("a", "T", words(0)), paper("b", "T", words(0), venue="V"))) == ["b"]
    assert ids(run(paper("a", "T", words(0)), paper("b", "T", words(0)))) == ["a"]


def test_an_annotated_record_without_abstract_gets_the_text_of_its_duplicate() -> None:
    result = run(paper("gold", "on tagging"), paper("full", "On Tagging", words(0)), annotated="gold")
    assert [(p.id, p.title, p.abstract) for p in result.papers] == [("gold", "On Tagging", " ".join(words(0)))]


def test_a_holdout_survives_with_its_text_before_any_annotation() -> None:
    result = run(
        paper("gold", "On Tagging", words(0)),
        paper("held", "on tagging", venue="V"),
        annotated="gold held",
        holdout={"held": "test"},
    )
    assert [(p.id, p.title, p.abstract) for p in result.papers] == [("held", "on tagging", "")]


def test_holdouts_that_share_a_paper_are_an_error_that_names_it() -> None:
    a, b = paper("v1", "On tagging", words(0, 100)), paper("t1", "On tagging", changed(words(0, 100), 50))
    with pytest.raises(UserError, match=r"'t1' \('On tagging'\) of split.test and 'v1' .* of split.validation"):
        run(a, b, holdout={"v1": "validation", "t1": "test"})


def test_copies_link_through_the_ids_of_each() -> None:
    """x1 and x2 have one text; x2 also names another version by its id."""
    result = run(
        paper("2401.00001", "T", words(0)), paper("2401.00002", "T", words(0)), paper("2401.00002v2", "U", words(500))
    )
    assert len(result.papers) == 1
    assert len(result.merges) == 2


def test_a_listing_given_twice_merges_whole_and_an_id_of_every_row_merges_nothing() -> None:
    listing = [paper("row", f"Title {i}", words(1000 * i)) for i in range(150)]
    assert len(run(*listing, *listing).papers) == 150


def test_order_of_input_is_kept_and_results_repeat() -> None:
    papers = [paper(f"p{i}", f"Title {i % 40}", words(1000 * (i % 40))) for i in range(100)]
    first, second = run(*papers), run(*papers)
    assert first == second
    assert ids(first) == [f"p{i}" for i in range(40)]
    assert ids(run(*[replace(p, id=f"q{p.id}") for p in papers])) == [f"qp{i}" for i in range(40)]


@pytest.mark.parametrize("key", ["threshold=0.2", "threshold=1.5", "title_threshold=0.0", "ngram=0", "min_words=0"])
def test_senseless_settings_are_errors_that_name_the_key(key: str) -> None:
    name, value = key.split("=")
    with pytest.raises(UserError, match=f"dedup.{key}"):
        DedupConfig(**{name: float(value) if "." in value else int(value)})  # type: ignore[arg-type]
