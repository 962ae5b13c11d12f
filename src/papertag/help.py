"""The help of a command: its configuration file, comments and all, and the choices of each group in it."""

import re
from pathlib import Path

_GROUP = re.compile(r"\s+- (?P<group>\w+): (?P<choice>.+)\Z")


def command_help(command: str, configs: Path) -> str:
    """Return what `command` takes: keys with their defaults and meanings, and groups with their choices."""
    about, defaults, keys = _sections((configs / f"{command}.yaml").read_text(encoding="utf-8"))
    parts = [about, f"usage: papertag {command} key=value ...", "Keys and their defaults:\n\n" + _indented(keys)]
    groups = [match for line in defaults if (match := _GROUP.match(line))]
    if groups:
        parts.append("Groups, each a choice of files; their keys are set as group.key=value:")
    for match in groups:
        group, chosen = match["group"], match["choice"].strip("[]")
        choices = sorted(file.stem for file in (configs / group).glob("*.yaml"))
        heading = f"{group}={'|'.join(choices)}"
        if chosen in choices:
            text = (configs / group / f"{chosen}.yaml").read_text(encoding="utf-8").strip()
            parts.append(f"{heading}   (default: {chosen})\n\n{_indented(text.splitlines())}")
        else:
            parts.append(heading)
    parts.append(f"papertag {command} --cfg job   shows the configuration that a command line composes.")
    return "\n\n".join(parts)


def _sections(text: str) -> tuple[str, list[str], list[str]]:
    """Split a command's file into its opening comment, its defaults list and its own keys."""
    lines = text.splitlines()
    about = [line.removeprefix("# ") for line in lines if line.startswith("# ")]
    defaults: list[str] = []
    keys: list[str] = []
    target = None
    for line in lines:
        if line.startswith("#"):
            continue
        if line and not line[0].isspace():
            target = {"defaults:": defaults, "hydra:": None}.get(line.strip(), keys)
        if target is not None:
            target.append(line)
    return " ".join(about), [line for line in defaults if "override" not in line], "\n".join(keys).strip().splitlines()


def _indented(lines: list[str]) -> str:
    return "\n".join(f"  {line}".rstrip() for line in lines if line.strip())
