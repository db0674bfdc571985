"""Make the report from executed notebooks: a book, a paper, a web site, the figures, the slides.

    build.py pdf     --output build/lessons.pdf --profile full NOTEBOOK...
    build.py paper   --output build/report.pdf  --profile full --book build/lessons.pdf NOTEBOOK...
    build.py site    --output build/site        --profile full NOTEBOOK...
    build.py figures --output figures                          NOTEBOOK...
    build.py slides  --output build/slides                     NOTEBOOK...

Nothing is downloaded, and the same commit gives the same bytes.
"""

import argparse
import sys
from pathlib import Path

if __name__ == "__main__":
    # Python puts a script's own folder first on the path, where site.py would hide Python's module.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from report import figures, paper, pdf, site, slides
from report.common import ReportError


def main(arguments: list[str] | None = None) -> None:
    """Read the command line and build one product."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("product", choices=["pdf", "paper", "site", "figures", "slides"])
    parser.add_argument("notebooks", nargs="+", type=Path, metavar="NOTEBOOK")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--profile", default="full")
    parser.add_argument("--book", type=Path, help="the PDF that paper and site offer")
    parser.add_argument("--paper", type=Path, help="the paper, for the site")
    options = parser.parse_args(arguments)
    try:
        if options.product == "pdf":
            pdf.build(options.notebooks, options.output, options.profile)
        elif options.product == "paper":
            paper.build(options.notebooks, options.output, options.profile, options.book)
        elif options.product == "site":
            offered = {}
            if options.paper:
                offered = {"lessons.pdf": options.book, "report.pdf": paper.for_site(options.paper)}
            site.build(options.notebooks, options.output, options.profile, offered)
        elif options.product == "slides":
            slides.build(options.notebooks, options.output, slides.SOURCES)
        else:
            figures.build(options.notebooks, options.output)
    except ReportError as error:
        sys.exit(f"The report was not made.\n{error}")


if __name__ == "__main__":
    main()
