"""Markdown as JupyterLab understands it: formulas first, then CommonMark with tables."""

import re

from markdown_it import MarkdownIt

# What JupyterLab looks for between the pieces of code, from left to right.
_CODE = re.compile(
    r"^ {0,3}(?P<fence>`{3,}|~{3,})[^\n]*\n(?:.*?^ {0,3}(?P=fence)[`~]*[ \t]*$|.*)"
    r"|(?<!`)(?P<ticks>`+)(?!`)(?:(?!\n\s*\n).)+?(?<!`)(?P=ticks)(?!`)",
    re.M | re.S,
)
_MARK = re.compile(
    r"\$\$?|\\(?:begin|end)\{[a-z]*\*?\}|\\[{}$]|[{}]|\n[ \t]*\n|@@\d+@@|\\\\[()\[\]]"
)
_CODE_OR_MARK = re.compile(f"{_CODE.pattern}|(?P<mark>{_MARK.pattern})", re.M | re.S)
_ENDS = {"$": "$", "$$": "$$", r"\\(": r"\\)", r"\\[": r"\\]"}
# Environments that JupyterLab shows without dollars, and what they are between dollars.
_ALONE = {
    "align": "aligned", "align*": "aligned", "gather": "aligned", "gather*": "aligned",
    "equation": None, "equation*": None,
}  # fmt: skip

_PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def split(text: str) -> tuple[str, list[dict]]:
    """Return text with ``@@0@@``, ``@@1@@``, ... for its formulas, and the formulas.

    A formula is ``{"source": what the author wrote, "tex": its TeX, "display": on its own line}``
    and has the "tag" that JupyterLab shows as its number, from a ``\\tag{1.2}`` at its end. As in
    JupyterLab it may begin with a space, but holds no empty line, and none is within code.
    """
    pieces, formulas = [], []
    at = 0

    def keep(**formula) -> str:
        formulas.append(formula)
        return f"@@{len(formulas) - 1}@@"

    while mark := _next(text, at):
        start, opening = mark
        pieces.append(text[at:start])
        at = start + len(opening)
        end = _end(text, at, opening)
        if opening.startswith("@@"):  # no formula, but must not look like one
            pieces.append(keep(source=opening))
        elif end is None:
            pieces.append(opening)
        else:
            source, inside = text[start : end[1]], text[at : end[0]]
            at = end[1]
            if opening.startswith("\\begin"):
                name = opening[7:-1]
                instead = _ALONE.get(name, name)
                if instead:
                    inside = f"\\begin{{{instead}}}{inside}\\end{{{instead}}}"
            display = opening not in ("$", r"\\(")
            tag = re.search(r"\s*\\tag\{([\d.]+)\}\s*$", inside)
            about = {"tag": tag[1]} if tag else {}
            tex = inside[: tag.start() if tag else None].strip()
            pieces.append(keep(source=source, tex=tex, display=display, **about))
    return "".join([*pieces, text[at:]]), formulas


def _next(text: str, at: int) -> tuple[int, str] | None:
    """Return place and text of the next mark that opens a formula, outside code."""
    for found in _CODE_OR_MARK.finditer(text, at):
        mark = found["mark"]
        if mark and (mark in _ENDS or mark.startswith(("\\begin", "@@"))):
            return found.start(), mark
    return None


def _end(text: str, at: int, opening: str) -> tuple[int, int] | None:
    """Return where a formula ends, before and after its closing mark."""
    closing = opening.replace("begin", "end") if opening[1:6] == "begin" else _ENDS.get(opening)
    braces = 0
    for found in _MARK.finditer(text, at):
        mark = found[0]
        if mark == closing and braces == 0:
            return found.span()
        if mark[0] == "\n":
            return None
        braces += {"{": 1, "}": -1}.get(mark, 0)
    return None


def parse(text: str) -> list:
    """Return the tokens of Markdown that holds marks for its formulas; see ``split``."""
    return _PARSER.parse(text)


def html(text: str, inline: bool = False) -> str:
    """Return Markdown as HTML; ``inline`` without a paragraph around it."""
    return _PARSER.renderInline(text) if inline else _PARSER.render(text)


def words(tokens: list) -> list[str]:
    """Return what JupyterLab shows of Markdown: kind and text of each block, without spaces.

    pandoc's reader (pandoc/shown.lua) must find the same.
    """
    lines, path = [], []
    for token in tokens:
        if token.nesting == 1:
            path.append(token.tag)
        elif token.nesting == -1:
            path.pop()
        elif token.type == "hr":
            lines.append("/".join([*path, "hr"]))
        elif token.type in ("fence", "code_block"):
            lines.append(_line([*path, "pre"], token.content))
        elif token.type == "inline":
            lines.append(_line(path, "".join(map(_inline, token.children))))
    return [line for line in lines if not line.endswith(" ")]


def _line(path: list[str], text: str) -> str:
    return f"{'/'.join(path)} {''.join(text.split())}"


_WRITTEN = {tag: f"‹{tag}›" for tag in ("em", "strong", "s")}  # at both ends


def _inline(token) -> str:
    if token.type == "image":
        return token.content
    return _WRITTEN.get(token.tag, token.content if token.type != "html_inline" else "")


def mistakes(tokens: list) -> list[str]:
    """Return what JupyterLab shows as it was typed though it is meant as something else."""
    found = []
    for token in tokens:
        if token.type == "html_block" and "<!--" in token.content and "-->" not in token.content:
            found.append("a comment is not closed; write --> behind it")
        starts = True  # of a line
        for part in token.children or []:
            if part.type == "link_open" and (title := part.attrGet("title")):
                found.append(f"the title {title!r} of a link is not printed; put it into the text")
            if part.type == "text":
                found += _left_over(part.content, starts and bool(part.content))
            starts = part.type in ("softbreak", "hardbreak")
    return found


def _left_over(line: str, starts: bool) -> list[str]:
    if "$" in line:
        advice = "a dollar belongs to no formula; close the formula in its paragraph, or use words"
    elif tex := _TEX.search(line):
        advice = (
            f"{tex[0]} is outside a formula; write dollars around it, or [equation](#eq-name) "
            "to refer to one"
        )
    elif struck := _STRUCK.search(line):
        advice = f"JupyterLab strikes {struck[0]} out; put it in backticks"
    elif mark := _UNPAIRED.search(line):
        advice = f"{mark[0]} is shown as text; close it, or put words and {mark[0]} in backticks"
    elif starts and (mark := _BARE.match(line)):
        advice = (
            f"{mark[1]} is meant as a mark, but is shown as text; write a space behind it, an "
            "empty line before it, or put it in backticks"
        )
    else:
        return []
    return [f"{line!r}\n  {advice}"]


_TEX = re.compile(
    r"\\(?:[A-Za-z]+(?=\s*\{)|(?:alpha|beta|theta|sum|times|cdot|nabla|partial|leq?|geq?|neq?)\b)"
)
_STRUCK = re.compile(r"~[^~\s][^~]*~")
_UNPAIRED = re.compile(r"\*\*|~~|`")
_BARE = re.compile(r"(#{1,6}(?=[A-Za-z*])|>|:::+|\|(?=.*\|\s*$)|\[[ xX]\](?= )|~~~|```)")
