"""The command line itself: help, version, unknown commands, any working directory."""

import subprocess
import sys

import pytest

from conftest import SAMPLE, run_papertag
from papertag import __version__
from papertag.cli import COMMANDS


def test_help_lists_every_command_without_heavy_imports():
    assert all(f"  {command} " in run_papertag("--help").stdout for command in COMMANDS)
    heavy = "import sys; sys.argv = ['papertag', '--help']; import papertag.cli\n"
    heavy += "try: papertag.cli.main()\nexcept SystemExit: pass\n"
    heavy += "print('LOADED', sorted({'torch', 'transformers', 'hydra', 'rich', 'numpy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", heavy], capture_output=True, text=True, check=True)
    assert "LOADED []" in done.stdout


def test_version():
    assert run_papertag("--version").stdout.strip() == f"papertag {__version__}"


@pytest.mark.parametrize("command", list(COMMANDS))
def test_help_of_a_command_shows_what_each_key_means_and_its_choices(command):
    text = run_papertag(command, "--help").stdout
    assert f"papertag {command}" in text
    assert "output:" in text
    assert "#" in text
    if command == "train":
        assert "adaptation=bitfit|dora|full|head-only" in text
        assert "papers in one forward pass" in text
    assert "Hydra" not in text


def test_an_unknown_command_names_the_nearest():
    assert "did you mean 'train'?" in run_papertag("trian", expect=2).stderr


@pytest.mark.parametrize("override", ["output", "output:x"])
def test_an_argument_that_is_no_override_is_explained(override):
    assert "key=value" in run_papertag("parse", override, expect=2).stderr


@pytest.mark.parametrize(
    "arguments",
    [["input=x", "--output", "y.jsonl"], ["input=x", "--output=y.jsonl"], ["--output", "y.jsonl", "input=x"]],
)
def test_an_option_in_the_style_of_other_tools_is_answered_with_the_right_spelling(arguments):
    done = run_papertag("parse", *arguments, expect=2)
    assert "there is no option --output; values are set as key=value: write output=y.jsonl" in done.stderr
    assert "usage" not in done.stderr


def test_options_of_hydra_pass():
    assert "format: auto" in run_papertag("parse", "input=x", "output=y.jsonl", "--cfg", "job").stdout


def test_commands_work_from_any_folder_and_leave_nothing_behind(tmp_path):
    run_papertag("parse", f"input={SAMPLE}/new_listing.txt", "output=papers.jsonl", cwd=tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["papers.jsonl"]


def test_a_configuration_folder_of_ones_own_is_found_and_its_mistakes_are_named(tmp_path):
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "mine.yaml").write_text("kind: [files\n")
    done = run_papertag("parse", "--config-dir", tmp_path, "source=mine", "output=x.jsonl", expect=2)
    assert "mine.yaml" in done.stderr
    assert "Traceback" not in done.stderr
