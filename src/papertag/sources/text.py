"""Text of listings made plain: white space, control characters, HTML left-overs, LaTeX escapes.

Two degrees. `verbatim` is for records that users wrote themselves (JSON, CSV, Parquet, ...): what stands there
is what comes out. `clean` is for listings of websites, where wrapping and markup are accidents of the page;
`plain_latex` goes further for titles and names that were typed as LaTeX.
"""

import html
import re
from functools import cache
from typing import Any

# Known inline tags only: titles also speak of `<unk>` and `a < b`.
_TAG = re.compile(
    r"</?(?:i|b|u|em|strong|sub|sup|small|span|div|a|tt|code|p|br|jats:[a-z-]+|mml:[a-z-]+)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
_BREAKING_TAG = re.compile(r"<(?:br|/?p|/?div|/?jats:p)\b[^<>]*>", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufeff\ufffe\uffff]")
_MATH = re.compile(r"\$\$.*?\$\$|\$[^$]*\$", re.DOTALL)
_BARE_SPECIAL = re.compile(r"(?<!\\)[%&#]")
# Those that pylatexenc does not know and reference managers write.
_SYMBOLS = {
    "textless": "<", "textgreater": ">", "textbar": "|", "textunderscore": "_", "textbraceleft": "{",
    "textbraceright": "}",
}  # fmt: skip
_HREF = re.compile(r"\\href\s*\{[^{}]*\}")


def verbatim(text: str) -> str:
    """Return `text` without surrounding white space and NULs, with line ends as in Unix and no lone surrogates."""
    text = text.strip()
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        text = text.replace("\0", "")
    return text if text.isascii() else mend_surrogates(text)


def mend_surrogates(text: str) -> str:
    """Return `text` with surrogate pairs joined and lone surrogates replaced by U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def collapse(text: str) -> str:
    """Return `text` on one line, single-spaced, without control characters and lone surrogates."""
    text = " ".join(text.split())
    if text.isprintable():
        return text
    return " ".join(mend_surrogates(_CONTROL.sub("", text)).split())


def clean(text: str) -> str:
    """Return `collapse` of `text` with HTML entities decoded and inline HTML tags removed."""
    if "&" in text:
        text = _ENTITY.sub(lambda match: html.unescape(match.group()), text)
    if "<" in text:
        text = _TAG.sub("", _BREAKING_TAG.sub(" ", text))
    return collapse(text)


def plain_latex(text: str) -> str:
    r"""Return `text` with LaTeX escapes and commands resolved and braces removed; math between ``$`` is kept.

    ``Poincar\'e`` becomes ``Poincaré``, ``\textit{in situ}`` ``in situ``, ``{BERT}`` ``BERT``. A command
    that is not known gives way to its argument, or to its name where it has none (``\method: ...``).
    Text that no LaTeX parser can read comes back as it is.
    """
    if "\\" not in text and "{" not in text:
        return text
    outside = _MATH.sub("", text)
    if "\\" not in outside and "{" not in outside:
        return text
    # `%`, `&` and `#` are special to LaTeX, yet people type them bare in the fields of a listing.
    source = _BARE_SPECIAL.sub(lambda match: "\\" + match.group(), _HREF.sub("", text))
    if source.replace(r"\$", "").count("$") % 2:
        source = re.sub(r"(?<!\\)\$", r"\\$", source)
    try:
        return collapse(_latex_to_text().latex_to_text(source))
    except Exception:  # pylatexenc's replacements raise many kinds; none is worth losing a paper for
        return text


@cache
def _latex_to_text() -> Any:
    from pylatexenc.latex2text import LatexNodes2Text, MacroTextSpec, get_default_latex_context_db

    context = get_default_latex_context_db().filter_context(
        exclude_categories=["latex-placeholders", "latex-ethuebung", "nonstandard-qit"]
    )
    dropped = ("cite", "citep", "citet", "label", "thanks", "xspace")
    switches = ("bf", "it", "em", "rm", "sf", "sc", "tt", "sl", "bfseries", "itshape", "scshape")
    macros = [MacroTextSpec(name, discard=True) for name in dropped + switches]
    macros += [MacroTextSpec(name, symbol) for name, symbol in _SYMBOLS.items()]
    context.add_context_category("papertag", prepend=True, macros=macros)
    context.set_unknown_macro_spec(MacroTextSpec("", simplify_repl=_unknown_macro))
    return LatexNodes2Text(latex_context=context, math_mode="verbatim", keep_comments=True)


def _unknown_macro(node: Any, l2tobj: Any) -> str:
    if node.nodeargd and any(node.nodeargd.argnlist):
        return str(l2tobj.nodelist_to_text([argument for argument in node.nodeargd.argnlist if argument]))
    following = node.parsing_state.s[node.pos + node.len :][:2]
    return "" if following.startswith("{") and following != "{}" else str(node.macroname)
