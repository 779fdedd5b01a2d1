"""Which fonts a text needs: Noto Sans for most of the world, and one font for each script that it lacks.

All come as packages of the layer: no font of the machine is used, so that the same text looks the same everywhere.
"""

from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from tempfile import mkdtemp

from fontTools.ttLib import TTFont
from pymupdf_fonts import myfont

REGULAR, BOLD = "notos", "notosbo"
"""Noto Sans, as `pymupdf_fonts` names it."""
UNKNOWN = "\N{REPLACEMENT CHARACTER}"
_SCRIPTS = "manimgx_fonts"
_FILES = "NotoSans*[[]wght].ttf"
_EMOJI = "NotoEmoji[wght].ttf"
_CHINESE, _KOREAN = ("pylopdf_fonts_zh_cn", "NotoSansSC-Regular.otf"), ("pylopdf_fonts_ko", "NotoSansKR-Regular.otf")
"""The one has all that Japanese is written with, too, and the other Hangul."""


@cache
def main_font(name: str) -> Path:
    """The file of `REGULAR` or `BOLD`; its package carries it as text, and PDF libraries want a file."""
    file = Path(mkdtemp()) / f"{name}.ttf"
    file.write_bytes(myfont(name))
    return file


def others_for(text: str) -> list[Path]:
    """Further fonts, in the order in which they are asked, for what the main one lacks of the text."""
    wanted = set(map(ord, text)) - covered(main_font(REGULAR))
    found = []
    for font in _fallbacks() if wanted else ():
        if wanted & covered(font):
            found.append(font)
            wanted -= covered(font)
    return found


def printable(text: str, fonts: Iterable[Path]) -> str:
    """The text with a sign in the place of each character that no font has."""
    known = covered(main_font(REGULAR)).union(*map(covered, fonts))
    return "".join(character if ord(character) in known else UNKNOWN for character in text)


@cache
def covered(font: Path) -> frozenset[int]:
    """The characters that a font draws."""
    with TTFont(font, lazy=True) as opened:
        return frozenset(opened.getBestCmap())


@cache
def _fallbacks() -> tuple[Path, ...]:
    scripts = _folder(_SCRIPTS)
    of_scripts = [font for font in sorted(scripts.glob(_FILES)) if "Italic" not in font.name]
    return (*of_scripts, *(_folder(package) / file for package, file in (_CHINESE, _KOREAN)), scripts / _EMOJI)


def _folder(package: str) -> Path:
    found = find_spec(package)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(f"no module named {package!r}", name=package)
    return Path(found.origin).parent
