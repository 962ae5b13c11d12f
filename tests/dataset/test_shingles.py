import pytest

from papertag.dataset.shingles import Similarity, shingle


def similarity(a: str, b: str, n: int = 3) -> float:
    return Similarity([a, b].__getitem__, n)(0, 1)


def test_similarity_is_the_share_of_common_word_ngrams() -> None:
    # Trigrams: {abc, bcd, cde} and {abc, bcd, cdf}: 2 of 4.
    assert similarity("a b c d e", "a b c d f") == pytest.approx(2 / 4)
    assert similarity("a b c d e", "e d c b a") == 0
    assert similarity("a b a b a b", "a b a b") == 1


def test_case_punctuation_and_compatibility_forms_do_not_count() -> None:
    assert similarity("Efficient, low-rank TUNING of models!", "efficient low rank tuning of (models)") == 1
    assert similarity("the ﬁrst “state–of–the–art” café model", 'the first "state-of-the-art" cafe\u0301 MODEL') == 1


def test_other_scripts_are_words_too() -> None:
    assert similarity("论文 分类 方法 研究", "论文 分类 方法 综述") == pytest.approx(1 / 3)


def test_words_do_not_run_together_and_order_counts() -> None:
    assert similarity("ab c d", "a bc d") == 0
    assert similarity("x a b", "x b a") == 0


def test_ngrams_never_cross_from_one_text_to_the_next() -> None:
    together = shingle(["a b c d", "e f", "", "g h i"], 3)
    alone = [shingle([text], 3) for text in ("a b c d", "e f", "", "g h i")]
    assert [together[i].tolist() for i in range(4)] == [one[0].tolist() for one in alone]
    assert [len(one[0]) for one in alone] == [2, 1, 0, 1]


def test_hashes_are_the_same_on_every_machine_and_do_not_collide() -> None:
    assert shingle(["papers tagged with areas"], 3)[0].tolist() == [14134336847798013543, 10969516941419026976]
    words = shingle([" ".join(f"w{i}" for i in range(50_000))], 1)[0]
    assert len(set(words.tolist())) == 50_000
