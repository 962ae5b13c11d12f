"""Every adaptation that `adaptation=` offers, with the settings that it ships with."""

from copy import deepcopy
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import yaml

from papertag import UserError, load_taxonomy
from papertag.config import config_dir
from papertag.models.adaptation import AdaptationConfig, AdaptationKind, adapt, merge, trainable
from papertag.models.anatomy import head_names, in_head
from papertag.models.classifier import build_model, load_classifier
from papertag.models.folder import Metadata, save_model_folder
from papertag.models.pretrained import ModelConfig
from papertag.training.optim import build_optimizer

TAXONOMY = load_taxonomy()
RATE = np.full(43, 0.05, dtype=np.float32)
TEXTS = ["attention over graphs", "a longer text on speech and on translation"]
HEAD = 32 * 33 + 43 * 33
LINEAR = [(32, 32)] * 8 + [(32, 64), (64, 32)] * 2
# What trains beside the head: layers of 32 dimensions, 64 inside the feed-forward part, two of them.
TRAINED = {
    "head_only": 0,
    "bitfit": 32 + 2 * (4 * 32 + 64 + 32 + 2 * 32),
    "lora": sum(16 * (i + o) for i, o in LINEAR),
    "rslora": sum(16 * (i + o) for i, o in LINEAR),
    "dora": sum(16 * (i + o) + o for i, o in LINEAR),
    "randlora": sum(32 + 32 for _ in LINEAR),
    "vera": sum(256 + o for _, o in LINEAR),
    "miss": sum(32 * o for _, o in LINEAR),
    "lokr": 8 * (4 * 4 + 8 * 8) + 4 * (8 * 4 + 8 * 8),
    "ia3": 2 * (32 + 32 + 64),
    "prompt_tuning": 20 * 32,
}


def shipped(kind, **settings):
    file = config_dir() / "adaptation" / f"{kind.replace('_', '-')}.yaml"
    return AdaptationConfig(**(yaml.safe_load(file.read_text()) | {"kind": AdaptationKind(kind)} | settings))


def built(encoder, seed=0):
    torch.manual_seed(seed)
    return build_model(ModelConfig(name="tiny", path=str(encoder)), TAXONOMY, RATE, network=False)


@pytest.fixture
def fresh(tiny_encoder):
    return built(tiny_encoder)


def encoded(tokenizer, texts=TEXTS):
    batch = tokenizer(texts, padding=True, return_tensors="pt")
    return {name: batch[name] for name in ("input_ids", "attention_mask")}


def logits_of(model, tokenizer):
    with torch.no_grad():
        return model.eval()(**encoded(tokenizer)).logits


@pytest.fixture(params=TRAINED, scope="module")
def trained(request, tiny_encoder):
    """A model after eight steps of the training loop's optimizer, and what it was before; tests change copies of it."""
    model, tokenizer = adapt(*built(tiny_encoder), shipped(request.param))
    before = {name: p.clone() for name, p in model.named_parameters()}
    optimizer = build_optimizer(model, learning_rate=1e-2, head_learning_rate=1e-2, layer_decay=0.9, weight_decay=0.01)
    targets = torch.zeros(2, 43)
    targets[:, 3] = 1
    losses = []
    model.train()
    for _ in range(8):
        loss = torch.nn.functional.binary_cross_entropy_with_logits(model(**encoded(tokenizer)).logits, targets)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    return SimpleNamespace(kind=request.param, model=model, tokenizer=tokenizer, before=before, losses=losses)


def test_a_fresh_head_carries_the_areas_and_predicts_their_frequency(fresh):
    model, tokenizer = fresh
    assert [model.config.id2label[i] for i in range(43)] == list(TAXONOMY.areas)
    assert model.config.problem_type == "multi_label_classification"
    assert logits_of(model, tokenizer).sigmoid().mean().item() == pytest.approx(0.05, abs=0.01)


def test_every_method_is_tested():
    assert {*TRAINED, "full"} == {kind.value for kind in AdaptationKind}
    choices = {file.stem for file in (config_dir() / "adaptation").glob("*.yaml")}
    assert choices == {kind.value.replace("_", "-") for kind in AdaptationKind}


def test_full_trains_everything(fresh):
    trained, everything = trainable(adapt(*fresh, shipped("full"))[0])
    assert trained == everything


def test_a_method_trains_what_its_paper_says_and_the_head(trained):
    assert trainable(trained.model)[0] == TRAINED[trained.kind] + HEAD


def test_steps_lower_the_loss_and_move_what_trains_alone(trained):
    assert trained.losses[-1] < 0.95 * trained.losses[0]
    for name, parameter in trained.model.named_parameters():
        assert torch.equal(parameter, trained.before[name]) != parameter.requires_grad, name


def test_the_update_itself_matters_and_not_the_head_alone(trained):
    tuned = logits_of(trained.model, trained.tokenizer)
    model = deepcopy(trained.model)
    heads = head_names(model)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if not in_head(name, heads):
                parameter.copy_(trained.before[name])
    same = torch.allclose(logits_of(model, trained.tokenizer), tuned, atol=1e-4)
    assert same == (trained.kind == "head_only")


def test_a_checkpoint_restores_it_into_a_newly_adapted_model(trained, tiny_encoder):
    model, tokenizer = adapt(*built(tiny_encoder, seed=7), shipped(trained.kind))
    model.load_state_dict(trained.model.state_dict())
    assert torch.equal(logits_of(model, tokenizer), logits_of(trained.model, trained.tokenizer))


def test_it_merges_into_a_plain_folder_with_the_same_logits(trained, tmp_path):
    from transformers import AutoModelForSequenceClassification, pipeline

    expected = logits_of(trained.model, trained.tokenizer)
    merged = merge(deepcopy(trained.model))
    assert torch.allclose(logits_of(merged, trained.tokenizer), expected, atol=1e-5)
    metadata = Metadata(taxonomy=TAXONOMY, thresholds=dict.fromkeys(TAXONOMY.areas, 0.5))
    save_model_folder(tmp_path / "model", merged, trained.tokenizer, metadata, "card")
    model, tokenizer = load_classifier(tmp_path / "model")
    assert torch.allclose(logits_of(model, tokenizer), expected, atol=1e-5)
    assert not list((tmp_path / "model").glob("adapter*"))
    plain, info = AutoModelForSequenceClassification.from_pretrained(tmp_path / "model", output_loading_info=True)
    assert type(plain).__name__ == "BertForSequenceClassification"
    assert not any(info.values())
    scores = pipeline("text-classification", str(tmp_path / "model"), top_k=None)(TEXTS[:1])[0]
    found = torch.tensor([{score["label"]: score["score"] for score in scores}[area] for area in TAXONOMY.areas])
    alone = model(**encoded(tokenizer, TEXTS[:1])).logits[0].sigmoid()
    assert torch.allclose(found, alone, atol=1e-5)


def test_scales_do_not_decay_towards_0(fresh):
    model, _ = adapt(*fresh, shipped("ia3"))
    optimizer = build_optimizer(model, learning_rate=1.0, head_learning_rate=1.0, layer_decay=1.0, weight_decay=0.1)
    decaying = {id(p) for group in optimizer.param_groups if group["weight_decay"] for p in group["params"]}
    assert {n.split(".")[2] for n, p in model.named_parameters() if id(p) in decaying} == {"bert", "classifier"}
    assert not [n for n, p in model.named_parameters() if id(p) in decaying and "ia3" in n]


def test_a_virtual_token_stands_in_every_text_after_the_first_special_token(fresh):
    model, tokenizer = fresh
    plain = tokenizer(TEXTS[0])["input_ids"]
    _, prompted = adapt(model, tokenizer, shipped("prompt_tuning", num_virtual_tokens=3))
    ids = prompted(TEXTS[0])["input_ids"]
    assert (ids[:1], ids[4:]) == (plain[:1], plain[1:])
    assert prompted.convert_ids_to_tokens(ids[1:4]) == ["[PROMPT0]", "[PROMPT1]", "[PROMPT2]"]
    assert len(prompted("word " * 500, truncation=True)["input_ids"]) == tokenizer.model_max_length
    assert prompted("word " * 500, truncation=True)["input_ids"][-1] == plain[-1]
    pair = prompted("a", "b")
    assert pair["input_ids"][4:] == tokenizer("a", "b")["input_ids"][1:]
    assert pair["token_type_ids"][-2:] == [1, 1]
    assert tokenizer(TEXTS[0])["input_ids"] == plain


def test_a_prompt_that_leaves_no_room_for_text_is_refused(fresh):
    with pytest.raises(UserError, match="num_virtual_tokens=200 leaves no room"):
        adapt(*fresh, shipped("prompt_tuning", num_virtual_tokens=200))


def test_frozen_embeddings_and_layers_get_no_gradient(fresh):
    model, tokenizer = adapt(*fresh, AdaptationConfig(freeze_embeddings=True, freeze_layers=1))
    model(**encoded(tokenizer)).logits.sum().backward()
    frozen = {name for name, p in model.named_parameters() if not p.requires_grad}
    assert frozen == {n for n, _ in model.named_parameters() if ".embeddings." in n or ".layer.0." in n}
    assert {name for name, p in model.named_parameters() if p.grad is None} == frozen


def test_more_frozen_layers_than_there_are_and_an_unknown_encoder_are_refused(fresh):
    with pytest.raises(UserError, match="freeze_layers=3, but the encoder has 2 layers"):
        adapt(*fresh, AdaptationConfig(freeze_layers=3))
    from transformers import AlbertConfig, AlbertForSequenceClassification

    shared_layers = AlbertForSequenceClassification(
        AlbertConfig(vocab_size=50, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64)
    )
    with pytest.raises(UserError, match="freeze_layers=1: it is not known where AlbertFor"):
        adapt(shared_layers, fresh[1], AdaptationConfig(freeze_layers=1))


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        ("lora", {"rank": 0}, "adaptation.rank=0 must be at least 1"),
        ("lora", {"alpha": None}, "adaptation=lora needs a value for adaptation.alpha"),
        ("lora", {"dropout": 1.0}, "adaptation.dropout=1.0 must be"),
        ("ia3", {"rank": 4}, "adaptation.rank=4 has no meaning for adaptation=ia3"),
        ("full", {"num_virtual_tokens": 4}, "num_virtual_tokens=4 has no meaning for adaptation=full"),
        ("full", {"freeze_layers": -1}, "freeze_layers=-1 must not be negative"),
        ("head_only", {"freeze_layers": 1}, "belong to adaptation=full"),
    ],
)
def test_settings_that_make_no_sense_are_named(kind, settings, message):
    with pytest.raises(UserError, match=message):
        shipped(kind, **settings)


def test_a_rank_that_the_encoder_is_too_small_for_is_refused(fresh):
    with pytest.raises(UserError, match="adaptation=miss cannot adapt BertForSequenceClassification"):
        adapt(*fresh, shipped("miss", rank=4000))
