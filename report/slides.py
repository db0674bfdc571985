"""The lectures: a deck of slides for each lesson, in one file that needs no network.

reveal.js shows them; it comes with the package pyreveal, as its authors publish it.
"""

import base64
import re
from importlib.util import find_spec
from pathlib import Path

import jinja2
from nbconvert.filters.highlight import Highlight2HTML

from report import deck, formulas, markdown
from report.cells import readable, shorten
from report.common import HERE, ReportError, read, read_text, write_text
from report.figures import stills
from report.pages import like_in_print
from report.slide_parts import fonts, mathml, step_by_step, tall

SOURCES = HERE.parent / "notebooks" / "slides"
REVEAL = Path(find_spec("pyreveal").origin).parent / "revealjs" / "dist"


def build(paths: list[Path], output: Path, sources: Path) -> list[Path]:
    """Write a deck for each lesson that has a file in ``sources``; return their paths."""
    output.mkdir(parents=True, exist_ok=True)
    written = []
    for path, notebook in read(paths).items():
        source = sources / f"{path.stem}.md"
        if source.exists():
            entries = deck.read(source)
            deck.check(path, notebook, entries)
            written.append(output / f"{path.stem}.html")
            write_text(written[-1], page(path, notebook, entries))
    for file in output.glob("*.html"):
        if file not in written:
            file.unlink()
    return written


def page(path: Path, notebook, entries: list) -> str:
    """Return the whole deck as one page of HTML."""
    maker = Maker(path, notebook, entries)
    slides = maker.slides()
    body = like_in_print(maker.with_formulas("\n".join(slides)))
    template = jinja2.Environment(autoescape=True).from_string(read_text(HERE / "slides.html.j2"))
    scripts = [read_text(REVEAL / name) for name in ("reveal.js", "plugin/notes.js")]
    return template.render(
        title=maker.title,
        lesson=int(path.stem[:2]),
        body=jinja2.filters.Markup(body),
        styles=jinja2.filters.Markup(
            read_text(REVEAL / "reveal.css") + fonts(body) + read_text(HERE / "slides.css")
        ),
        scripts=[
            jinja2.filters.Markup(script.replace("</script", "<\\/script")) for script in scripts
        ],
    )


class Maker:
    """Makes the slides of one lesson; formulas are kept apart and set all at once."""

    def __init__(self, path: Path, notebook, entries: list):
        """Take a lesson and what its lecture says (``deck.read``)."""
        self.path, self.notebook = path, notebook
        self.texts = {entry.cell: entry for entry in entries if not entry.question}
        self.questions = [entry for entry in entries if entry.question]
        self.formulas, self.heading = [], ""
        self.stills = stills(path, notebook)
        self.title = re.match(r"# (.*)", notebook.cells[0].source)[1]
        self.highlight = Highlight2HTML()

    def slides(self) -> list[str]:
        """Return each slide as a section of HTML."""
        slides, open_slide = [], []
        for cell in self.notebook.cells:
            for heading in re.findall(r"^##+ (.*)$", cell.source, re.M) * (
                cell.cell_type == "markdown"
            ):
                self.heading = heading
            kind = deck.slide_type(cell)
            if kind != "skip":
                if kind in ("slide", "subslide"):
                    slides += self.closed(open_slide)
                    open_slide = []
                open_slide.append(self.part(cell, kind == "fragment", first=not open_slide))
            asked = [entry for entry in self.questions if entry.cell == cell.id]
            if asked:
                slides += self.closed(open_slide)
                slides += [self.question(entry) for entry in asked]
                open_slide = []
        return slides + self.closed(open_slide)

    def closed(self, parts: list[str]) -> list[str]:
        """Return the slide of some parts, or none."""
        return [f"<section>{''.join(parts)}</section>"] if parts else []

    def part(self, cell, fragment: bool, first: bool) -> str:
        """Return what a slide shows of one cell: its text, its code, what it displays."""
        entry = self.texts.get(cell.id)
        text = entry.text if entry else ""
        pieces = []
        if cell.cell_type == "markdown":
            pieces.append(self.prose(text or cell.source))
        else:
            shown = [self.shown(output) for output in cell.outputs]
            plain = not any("<figure" in piece for piece in shown)
            hidden = "hide-input" in cell.metadata.get("tags", []) or "```" in text
            if text:
                pieces.append(self.prose(text))
            if plain and not hidden:
                pieces.append(self.code(readable(cell.source)))
            pieces += shown
        html = "\n".join(pieces)
        if first and not re.search(r"<h[12]", html):
            html = f"<h2>{self.prose(self.heading, inline=True)}</h2>\n{html}"
        if fragment:
            html = f'<div class="fragment part">{html}</div>'
        return html + (self.aside(entry) if entry else "")

    def question(self, entry) -> str:
        """Return a question, the answer as the next step."""
        text, answer = self.prose(entry.text), self.prose(entry.answer)
        return (
            f'<section class="question">{text}<div class="fragment answer">{answer}</div>'
            f"{self.aside(entry)}</section>"
        )

    def aside(self, entry) -> str:
        """Return the notes for the speaker."""
        minutes = f"<p><strong>{entry.minutes} min</strong></p>" if entry.minutes else ""
        return (
            f'<aside class="notes" data-minutes="{entry.minutes}">{minutes}'
            f"{self.prose(entry.notes)}</aside>"
        )

    def prose(self, text: str, inline: bool = False) -> str:
        """Return Markdown as HTML without links, its formulas as marks."""
        text, found = markdown.split(text)
        for formula in found:
            for problem in formulas.problems(formula.get("tex", "x")):
                raise ReportError(f"slides of {self.path.stem}: {formula['source']}\n  {problem}")
        at = len(self.formulas)
        self.formulas += found
        text = re.sub(r"@@(\d+)@@", lambda mark: f"@@{at + int(mark[1])}@@", text)
        html = markdown.html(text, inline)
        html = re.sub(r"</?a\b[^>]*>|<span id=[^>]*></span>", "", html)
        html = re.sub(r"<h3>(.*?)</h3>", r"<h2>\1</h2>", html, flags=re.S)
        html = step_by_step(html)
        return re.sub(
            r'<pre><code class="language-python">(.*?)</code></pre>',
            lambda found: self.code(jinja2.filters.Markup(found[1]).unescape().rstrip()),
            html,
            flags=re.S,
        )

    def code(self, text: str) -> str:
        """Return code in colours."""
        return self.highlight(text, language="python")

    def shown(self, output) -> str:
        """Return what a cell printed or displayed."""
        if output.output_type == "stream":
            text = shorten(output.text) if output.name == "stdout" else ""
            return (
                f"<pre class='output'>{jinja2.filters.escape(text)}</pre>" if text.strip() else ""
            )
        if output.output_type == "error":
            raise ReportError(f"lesson {self.path.stem}: a cell ended with {output.ename}")
        about = output.metadata.get("report", {})
        data = output.data
        if about.get("kind") == "skip" or "application/vnd.jupyter.widget-view+json" in data:
            return ""
        caption = re.sub(r"\s*\*Question:.*", "", about.get("caption", ""), flags=re.S)  # to touch
        caption = self.prose(caption, inline=True)
        if "image/png" in data:
            kind, picture = "png", data["image/png"].strip()
            if "image/svg+xml" in data:
                kind, picture = "svg+xml", base64.b64encode(data["image/svg+xml"].encode()).decode()
            alt = jinja2.filters.escape(about.get("alt", ""))
            image = f'<img alt="{alt}" src="data:image/{kind};base64,{picture}">'
            if tall(data):  # it needs the room, so the speaker has the caption
                return f'<figure>{image}</figure><aside class="notes"><p>{caption}</p></aside>'
            return f"<figure>{image}<figcaption>{caption}</figcaption></figure>"
        if "text/html" in data:
            table = re.sub(r"<style.*?</style>|<a\b[^>]*>|</a>", "", data["text/html"], flags=re.S)
            named = f"<figcaption>{caption}</figcaption>" if caption else ""
            kind = "table long" if table.count("<tr") > 11 else "table"
            return f'<figure class="{kind}"><div>{table}</div>{named}</figure>'
        if "text/markdown" in data:
            return self.prose(data["text/markdown"])
        return f"<pre class='output'>{jinja2.filters.escape(shorten(data['text/plain']))}</pre>"

    def with_formulas(self, html: str) -> str:
        """Return HTML with MathML for the marks; the rows of an aligned formula are steps."""
        maths = mathml([formula for formula in self.formulas if "tex" in formula])
        pieces = [maths.pop(0) if "tex" in one else one["source"] for one in self.formulas]
        return re.sub(r"@@(\d+)@@", lambda mark: pieces[int(mark[1])], html)
