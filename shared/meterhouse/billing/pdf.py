"""Invoices as PDF, by fpdf2: pure Python with the layer's own fonts, and the same bytes for the same invoice."""

from collections.abc import Iterator, Sequence
from dataclasses import astuple
from logging import ERROR, getLogger
from pathlib import Path

from fpdf import FPDF, XPos, YPos

from meterhouse.billing.fonts import BOLD, REGULAR, main_font, others_for, printable
from meterhouse.billing.printed_invoice import PrintedInvoice, PrintedLine, PrintedRow

_FONT = "noto"
# it tells of each table of a font that it leaves out
getLogger("fontTools.subset").setLevel(ERROR)
_INK, _PALE, _RULE, _RED, _SHADOW = (28, 36, 48), (102, 112, 133), (217, 222, 230), (180, 35, 24), (246, 238, 237)
_MARGIN, _FOOT = 18, 22
_COLUMNS = (92, 24, 28, 30)
_WIDTH = sum(_COLUMNS)
_HUGE, _LARGE, _PLAIN, _SMALL, _TINY = 24.0, 12.0, 9.5, 8.0, 6.5
_LINE, _GAP = 5.0, 2.0
_SUMS = 82
_TAB = 4
_HEADINGS = ("Description", "Quantity", "Unit price")


def pdf_of(invoice: PrintedInvoice) -> bytes:
    page = _Page(invoice, others_for("".join(texts_of(invoice))))
    page.add_page()
    page.top()
    page.parties()
    if invoice.note:
        page.write_lines([invoice.note], _WIDTH)
        page.ln(_LINE)
    page.headings()
    for line in invoice.lines:
        page.line_of(line)
    page.sums()
    return bytes(page.output())


def texts_of(invoice: PrintedInvoice) -> Iterator[str]:
    """All that it says, in lines as they are drawn: signs of ours may be missing in the main font, too."""
    return _lines_in(astuple(invoice))


def _lines_in(part: object) -> Iterator[str]:
    if isinstance(part, str):
        yield from _lines(part)
    elif isinstance(part, tuple):
        for one in part:
            yield from _lines_in(one)


def _lines(text: str) -> list[str]:
    """The text's lines, with blanks for tabs: neither breaks nor tabs are characters of a font."""
    return text.expandtabs(_TAB).splitlines()


class _Page(FPDF):
    """The document while it is drawn; millimetres, A4."""

    def __init__(self, invoice: PrintedInvoice, others: Sequence[Path]) -> None:
        super().__init__()
        self._invoice = invoice
        self._others = others
        self.set_margins(_MARGIN, _MARGIN)
        self.c_margin = 0
        self.set_auto_page_break(True, _FOOT)  # noqa: FBT003 - the library's own order
        self.set_title(f"{invoice.title} {invoice.number}")
        self.set_lang("en")
        self.set_creation_date(invoice.dated)
        for style, name in (("", REGULAR), ("B", BOLD)):
            self.add_font(_FONT, style, main_font(name))
        for font in others:
            self.add_font(font.stem, "", font)
        self.set_fallback_fonts([font.stem for font in others], exact_match=False)
        self.set_text_shaping(True)

    def header(self) -> None:
        self._across()
        if self.page_no() > 1:
            self._style(_SMALL, _PALE)
            self._put(_WIDTH, f"{self._invoice.title} {self._invoice.number}", "L")
            self.ln(_LINE + _GAP)
            self.headings()

    def footer(self) -> None:
        self.set_y(-_FOOT + _LINE)
        self._rule(_RULE)
        self._style(_TINY, _PALE)
        self.ln(1)
        for text in self._invoice.footer:
            self._put(_WIDTH, text, "L")
            self.ln(3)
        self.set_y(-_FOOT + _LINE + 1)
        self._put(_WIDTH, f"Page {self.page_no()}", "R")

    def top(self) -> None:
        start = self.get_y()
        self._style(_HUGE, _INK, "B")
        self.cell(_COLUMNS[0], 11, self._invoice.title)
        if self._invoice.mark:
            self.set_xy(_MARGIN, start + 12)
            self._style(_LARGE, _RED, "B")
            self.cell(_COLUMNS[0], 7, self._invoice.mark)
        self.set_y(start + 1)
        for label, text in self._invoice.facts:
            self.set_x(_MARGIN + 78)
            self._style(_PLAIN, _PALE)
            self._put(34, label, "L")
            self._style(_PLAIN, _INK)
            self._put(_WIDTH - 112, text, "R")
            self.ln(_LINE)
        self.set_y(max(self.get_y(), start + 20) + 8)

    def parties(self) -> None:
        start, half = self.get_y(), _WIDTH / 2
        bottom = start
        for place, (label, party) in enumerate((("From", self._invoice.supplier), ("Bill to", self._invoice.customer))):
            self.set_y(start)
            self.set_left_margin(_MARGIN + place * half)
            self._style(_SMALL, _PALE)
            self._put(half, label, "L")
            self.ln(_LINE)
            self._style(_PLAIN, _INK, "B")
            self.write_lines(party[:1], half - _LINE)
            self._style(_PLAIN, _INK)
            self.write_lines(party[1:], half - _LINE)
            bottom = max(bottom, self.get_y())
        self.set_left_margin(_MARGIN)
        self.set_y(bottom + 8)

    def headings(self) -> None:
        self._style(_SMALL, _PALE)
        for place, text in enumerate((*_HEADINGS, f"Amount ({self._invoice.currency})")):
            self._put(_COLUMNS[place], text, "R" if place else "L")
        self.ln(_LINE + 1)
        self._rule(_INK)
        self.ln(_GAP)

    def line_of(self, line: PrintedLine) -> None:
        self._keep(3 * _LINE)
        self._style(_PLAIN, _INK, "B")
        self._row(line.head, 0)
        self._style(_SMALL, _PALE)
        self._put(_COLUMNS[0], line.note, "L")
        self.ln(_LINE)
        for row in line.rows:
            self._keep(_LINE)
            self._style(_SMALL, _PALE)
            self._row(row, 4)
        self.ln(1)
        self._rule(_RULE)
        self.ln(_GAP)

    def sums(self) -> None:
        *parts, due = self._invoice.sums
        self._keep((len(parts) + 3) * _LINE)
        self.ln(_GAP)
        self._style(_PLAIN, _INK)
        for label, text in parts:
            self._sum(label, text)
        self.set_draw_color(*_INK)
        self.line(_MARGIN + _WIDTH - _SUMS, self.get_y() + 1, _MARGIN + _WIDTH, self.get_y() + 1)
        self.ln(3)
        self._style(_LARGE, _INK, "B")
        self._sum(*due)

    def write_lines(self, texts: Sequence[str], width: float) -> None:
        for line in (line for text in texts for line in _lines(text)):
            printed = printable(line, self._others)
            self.multi_cell(width, _LINE, printed, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def _row(self, row: PrintedRow, indent: float) -> None:
        """The name, over as many lines as it takes, and beside its first line the numbers."""
        start, page = self.get_y(), self.page_no()
        self.set_x(_MARGIN + indent)
        self.write_lines([row.name], _COLUMNS[0] - indent - 2)
        end = self.get_y()
        if self.page_no() > page:
            start = end - _LINE
        self.set_xy(_MARGIN + _COLUMNS[0], start)
        for width, text in zip(_COLUMNS[1:], (row.quantity, row.unit_price, row.amount), strict=True):
            self._put(width, text, "R")
        self.set_xy(_MARGIN, end)

    def _sum(self, label: str, text: str) -> None:
        self.set_x(_MARGIN + _WIDTH - _SUMS)
        self._put(_SUMS / 2, label, "L")
        self._put(_SUMS / 2, text, "R")
        self.ln(_LINE + 1)

    def _keep(self, height: float) -> None:
        """Go on to the next page where this one has not so much left."""
        if self.will_page_break(height):
            self.add_page()

    def _across(self) -> None:
        """What says, across the page and behind its text, that nobody has to pay it."""
        if self._invoice.mark is None:
            return
        self._style(110, _SHADOW, "B")
        width = self.get_string_width(self._invoice.mark)
        with self.rotation(50, self.w / 2, self.h / 2):
            self.text((self.w - width) / 2, self.h / 2 + 14, self._invoice.mark)

    def _put(self, width: float, text: str, align: str) -> None:
        self.cell(width, _LINE, printable(" ".join(_lines(text)), self._others), align=align)

    def _rule(self, color: tuple[int, int, int]) -> None:
        self.set_draw_color(*color)
        self.line(_MARGIN, self.get_y(), _MARGIN + _WIDTH, self.get_y())

    def _style(self, size: float, color: tuple[int, int, int], style: str = "") -> None:
        self.set_font(_FONT, style, size)
        self.set_text_color(*color)
        # fpdf2 2.8.9 forgets a size whose first text is in another font: a space in the main one settles it
        self.current_font_is_set_on_page = False
        self.text(_MARGIN, _MARGIN, " ")
