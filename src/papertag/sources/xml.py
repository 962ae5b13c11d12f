"""XML from strangers: no entities, no network, no giant nodes."""

from typing import Any

from lxml import etree

from papertag.errors import UserError


def parse_xml(data: bytes, name: str) -> Any:
    """Return the root element of an XML document.

    Raises:
        UserError: the document is cut off or not well-formed (the message gives line and column), or it
            declares entities, which no listing needs and bombs are made of.
    """
    parser = etree.XMLParser(
        resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        line, column = error.position
        raise UserError(
            f"{name}:{line}:{column}: the XML breaks off or is not well-formed ({error.msg}): fetch the file again"
        ) from None
    declared = root.getroottree().docinfo.internalDTD
    if declared is not None and next(declared.iterentities(), None) is not None:
        raise UserError(f"{name}: the XML declares entities, which papertag does not read: a listing needs none")
    return root


def text_of(element: Any, path: str, namespaces: dict[str, str] | None = None) -> str:
    """Return the whole text of the first element at `path`, empty where there is none."""
    found = element.find(path, namespaces)
    return "" if found is None else "".join(found.itertext())
