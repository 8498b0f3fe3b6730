"""The blocks of a document that hold what the USDRL report makes: tables and pictures.

A document holds a pair of comments, ``<!-- usdrl:NAME -->`` and ``<!-- /usdrl -->``; what stands
between them is made here from recorded figures and from the pictures beside the document. What
stands around them is written by hand.
"""

import re
from collections.abc import Collection, Mapping

from model.pose.figures import Figure
from training.comparison import Comparison, Measured, measurements, table_lines
from training.literature import LITERATURE
from training.usdrl_pictures import PICTURES
from training.usdrl_tables import tables

_BLOCK = re.compile(r"(<!-- usdrl:(\w+) -->\n)(.*?)(<!-- /usdrl -->)", re.DOTALL)


class PageError(ValueError):
    """A document that asks for what there is not, said in one sentence."""


def refreshed(text: str, figures: Mapping[str, Figure], pictures: Collection[str]) -> str:
    """Returns a document with its blocks made anew.

    Args:
        text: The document.
        figures: All that are recorded, by name.
        pictures: Names of the files that lie beside the document.

    Raises:
        PageError: The document names a table or picture that there is not.
    """
    measured = measurements(figures.values())
    made = tables(measured)

    def block(found: re.Match[str]) -> str:
        name = found[2]
        if name in PICTURES:
            return f"{found[1]}{picture_link(name, pictures)}\n{found[4]}"
        if name in made:
            return f"{found[1]}{table_text(made[name], measured)}{found[4]}"
        raise PageError(
            f"there is no table or picture {name!r}; there are {', '.join((*made, *PICTURES))}"
        )

    return _BLOCK.sub(block, text)


def picture_link(name: str, pictures: Collection[str]) -> str:
    """The picture as Markdown, or a sentence that says what it waits for."""
    picture = PICTURES[name]
    if picture.file in pictures:
        return f"![{picture.title}]({picture.file})"
    return f"Not drawn: {picture.title}. It needs a result called {' or '.join(picture.needs)}."


def table_text(table: Comparison, measured: Mapping[str, Measured]) -> str:
    """A table with all that stands below it, as Markdown."""
    return "\n".join(table_lines(table, measured, LITERATURE))
