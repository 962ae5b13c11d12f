"""The command line: ``papertag COMMAND key=value ...``, each command a Hydra application.

Imports stay inside functions, so that ``papertag --help`` answers at once.
"""

import os
import re
import sys
from importlib import import_module
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from omegaconf import DictConfig

COMMANDS = {
    "parse": "a listing to one JSON object a paper",
    "fetch": "annotations without texts to labelled papers",
    "build": "listings, taxonomy and labelers to a dataset",
    "train": "a dataset to a fine-tuned model",
    "evaluate": "a model's scores on labelled papers",
    "compare": "finished runs in one table and one figure",
    "baselines": "simpler methods on the same split in one table",
    "tag": "a listing to tagged papers",
    "explain": "a paper's words and what they say for each area",
    "export": "a model as a folder for other tools",
}

# These take a finished model, not a choice of configs/model; Hydra would look there for `model=DIR`.
_TAKE_MODEL_FOLDER = frozenset({"baselines", "evaluate", "explain", "export", "tag"})

# Values that are a paper's text: Hydra would take a comma for a sweep, and 2401.10010 for a number.
_VERBATIM = {"explain": ("id", "title", "abstract")}

# Hydra's own options, which pass; without this list its parser would answer others with a usage of its own.
_OPTIONS = frozenset({
    "--cfg", "--config-dir", "--config-name", "--config-path", "--experimental-rerun", "--hydra-help", "--info",
    "--multirun", "--package", "--resolve", "--run", "--shell-completion", "--version",
})  # fmt: skip

_USAGE = """papertag: listings of research papers in, papers tagged with research areas out.

usage: papertag COMMAND key=value ...

{commands}

papertag COMMAND --help        what the command takes, with the defaults
papertag COMMAND --cfg job     the configuration that a command line composes
papertag --version

first steps:
  papertag parse input=listing.txt output=papers.jsonl
  papertag tag input=papers.jsonl output=tags.jsonl"""


def main(argv: list[str] | None = None) -> None:
    """Run one command and exit: 0 on success, 2 on a user's mistake, 130 when interrupted."""
    arguments = sys.argv[1:] if argv is None else argv
    if not arguments or arguments[0] in {"-h", "--help", "help"}:
        width = max(map(len, COMMANDS))
        print(_USAGE.format(commands="\n".join(f"  {n:<{width}}  {text}" for n, text in COMMANDS.items())))
        sys.exit(0)
    if arguments[0] in {"-V", "--version"}:
        from papertag import __version__

        print(f"papertag {__version__}")
        sys.exit(0)
    command, *overrides = arguments
    if command not in COMMANDS:
        from difflib import get_close_matches

        near = get_close_matches(command, COMMANDS, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(COMMANDS)}."
        _fail(f"unknown command {command!r}; {hint}")
    if {"-h", "--help"} & set(overrides):
        from papertag.config import config_dir
        from papertag.help import command_help

        print(command_help(command, config_dir()))
        sys.exit(0)
    _check_options(overrides)
    sys.exit(_run(command, overrides))


def _check_options(arguments: list[str]) -> None:
    for argument, following in zip(arguments, [*arguments[1:], ""], strict=False):
        option, equals, value = argument.partition("=")
        if option.startswith("--") and option not in _OPTIONS:
            if not equals and "=" not in following and not following.startswith("-"):
                value = following
            _fail(f"there is no option {option}; values are set as key=value: write {option[2:]}={value or '...'}")


def _run(command: str, overrides: list[str]) -> int:
    from hydra import main as hydra_main
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException
    from yaml import YAMLError

    from papertag.config import config_dir, explain
    from papertag.errors import UserError

    # Hydra prints its own traceback and exits with 1 unless this is set.
    os.environ["HYDRA_FULL_ERROR"] = "1"
    if command in _TAKE_MODEL_FOLDER:
        overrides = [o.replace("model=", "model.folder=", 1) if o.startswith("model=") else o for o in overrides]
    overrides = [_verbatim(override, _VERBATIM.get(command, ())) for override in overrides]
    sys.argv = ["papertag " + command, *overrides]

    def job(config: "DictConfig") -> object:
        try:
            return import_module(f"papertag.commands.{command}").main(config)
        except UserError as error:
            # Caught here: Hydra would print the overrides above the sentence.
            _fail(str(error))

    try:
        hydra_main(version_base="1.3", config_path=str(config_dir()), config_name=command)(job)()
    except YAMLError as error:
        _fail(f"a configuration file is not valid YAML: {' '.join(str(error).split())}")
    except (HydraException, OmegaConfBaseException) as error:
        _fail(f"{explain(error)} (see 'papertag {command} --help')")
    except KeyboardInterrupt:
        print("papertag: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of a pipe has gone (`papertag ... | head`); say nothing, as other tools do.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    return 0


def _verbatim(override: str, keys: tuple[str, ...]) -> str:
    """Return ``key=value`` for one of `keys` with the value quoted for Hydra, so that it arrives as it stands."""
    from hydra.core.override_parser.types import Quote, QuotedString

    key, equals, value = override.partition("=")
    if not equals or key not in keys:
        return override
    # Backslashes count only before an interpolation, where each needs another.
    value = re.sub(r"(\\*)\$\{", r"\1\1\\${", value)
    return f"{key}={QuotedString(text=value, quote=Quote.single).with_quotes()}"


def _fail(message: str) -> NoReturn:
    print(f"papertag: error: {message}", file=sys.stderr)
    sys.exit(2)
