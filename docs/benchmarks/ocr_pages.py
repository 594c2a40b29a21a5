"""Renders pages with known text, for measuring text readers.

    python docs/benchmarks/ocr_pages.py OUT_DIRECTORY

Writes NAME.png and NAME.txt (the true lines in reading order). Needs Pillow and the DejaVu fonts; the words are
drawn by a seeded generator, so that everybody gets the same pages.
"""

import random
import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

FONTS = Path("/usr/share/fonts/truetype/dejavu")
WORDS = """the of and to in a is that it was for on are as with his they at be this from have or by one had not but
what all were when we there can an your which their said if do will each about how up out them then she many some so
these would other into has more her two like him see time could no make than first been its who now people my made
over did down only way find use may water long little very after words called just where most know get through back
much before go good new write our used me man too any day same right look think also around another came come work
three word must because does part even place well such here take why things help put years different away again off
went old number great tell men say small every found still between name should home big give air line set own under
read last never us left end along while might next sound below saw something thought both few those always looked
show large often together asked house world going want school important until form food keep children feet land side
without boy once animals life enough took sometimes four head above kind began almost live page got earth need far
hand high year mother light parts country father let night following picture being study second eyes soon times story
boys since white days ever paper hard near sentence better best across during today others however sure means knew
Wednesday Friday January Lisbon Oslo Geneva quantity invoice receipt voltage kilogram""".split()


def words(rng, count):
    """A line of `count` words with some numbers and punctuation among them."""
    line = []
    for _ in range(count):
        kind = rng.random()
        if kind < 0.05:
            word = str(rng.randrange(10, 5000))
        elif kind < 0.08:
            word = f"{rng.randrange(1, 100)}.{rng.randrange(10, 100)}%"
        elif kind < 0.10:
            word = f"({rng.choice(WORDS)})"
        else:
            word = rng.choice(WORDS)
            if rng.random() < 0.08:
                word = word.capitalize()
            if rng.random() < 0.10:
                word += rng.choice(",.;:?!")
        line.append(word)
    return " ".join(line)


def fitting_line(rng, font, width):
    """A line that fills at most `width` pixels."""
    line = words(rng, 3)
    while True:
        longer = f"{line} {words(rng, 1)}"
        if font.getlength(longer) > width:
            return line
        line = longer


def face(name, size):
    return ImageFont.truetype(str(FONTS / f"{name}.ttf"), size)


def dense_page():
    """120 lines of about 90 characters in one column."""
    rng, font = random.Random(1), face("DejaVuSerif", 15)
    page, lines = Image.new("RGB", (1000, 2339), "white"), []
    draw = ImageDraw.Draw(page)
    for row in range(120):
        line = fitting_line(rng, font, rng.choice((820, 820, 820, 500)))
        draw.text((90, 60 + row * 18.5), line, "black", font)
        lines.append(line)
    return page, lines


def two_columns():
    """Two columns of 50 lines, A4 at 150 dpi."""
    rng, font = random.Random(2), face("DejaVuSerif", 17)
    page, lines = Image.new("RGB", (1240, 1754), "white"), []
    draw = ImageDraw.Draw(page)
    for left in (80, 650):
        for row in range(50):
            line = fitting_line(rng, font, 505 if row % 9 != 8 else 250)
            draw.text((left, 90 + row * 32), line, "#202020", font)
            lines.append(line)
    return page, lines


def mixed_page():
    """Headings, paragraphs in several faces and sizes, a tinted box, light text on dark, A4 at 150 dpi."""
    rng = random.Random(3)
    page, lines = Image.new("RGB", (1240, 1754), "#fbf8f0"), []
    draw = ImageDraw.Draw(page)
    y = 70
    styles = [
        ("DejaVuSans-Bold", 44, 1, "#102a54"),
        ("DejaVuSans", 22, 6, "#222222"),
        ("DejaVuSerif-Bold", 30, 1, "#7a1c1c"),
        ("DejaVuSerif-Italic", 20, 7, "#222222"),
        ("DejaVuSansMono", 18, 6, "#1d3d1d"),
        ("DejaVuSansCondensed", 24, 6, "#333333"),
    ]
    for name, size, count, color in styles:
        font = face(name, size)
        for _ in range(count):
            line = fitting_line(rng, font, 1080)
            draw.text((80, y), line, color, font)
            lines.append(line)
            y += int(size * 1.6)
        y += 24
    draw.rectangle((60, y, 1180, y + 190), "#24384f")
    font = face("DejaVuSans", 26)
    for row in range(3):
        line = fitting_line(rng, font, 1040)
        draw.text((90, y + 24 + row * 50), line, "#f4f4f4", font)
        lines.append(line)
    return page, lines


def sign(text, size, color, background, font="DejaVuSans-Bold"):
    face_ = face(font, size)
    left, top, right, bottom = face_.getbbox(text)
    picture = Image.new("RGBA", (int(right - left) + size, int(bottom - top) + size), background)
    ImageDraw.Draw(picture).text((size / 2 - left, size / 2 - top), text, color, face_)
    return picture


def street():
    """Signs in several sizes, one turned by 12 degrees, one reading upwards, on a noisy gradient."""
    rng = random.Random(4)
    width, height = 1024, 768
    page = Image.new("RGB", (width, height))
    pixels = page.load()
    for y in range(height):
        for x in range(width):
            noise = rng.randrange(-18, 18)
            pixels[x, y] = (90 + y // 8 + noise, 110 + x // 10 + noise, 150 - y // 10 + noise)
    signs = [
        ("GRAND HOTEL", 64, "white", "#8b1a1a", (90, 60), 0),
        ("Room 204", 34, "black", "#f2e8c8", (640, 90), 0),
        ("NO PARKING", 40, "#c01818", "white", (380, 270), -12),
        ("Platform 7", 30, "#ffe000", "#202020", (80, 430), 0),
        ("EXIT", 56, "white", "#11772d", (700, 480), 0),
        ("Open 08:30 - 17:45", 22, "#202020", "#e8e8e8", (90, 620), 0),
        ("MUSEUM", 40, "white", "#28407a", (920, 330), 90),
    ]
    for text, size, color, background, place, angle in signs:
        picture = sign(text, size, color, background).rotate(angle, Image.BICUBIC, expand=True)
        page.paste(picture, place, picture)
    return page, [text for text, *_ in signs]


def main():
    directory = Path(sys.argv[1])
    directory.mkdir(parents=True, exist_ok=True)
    for make in (dense_page, two_columns, mixed_page, street):
        page, lines = make()
        page.save(directory / f"{make.__name__}.png")
        (directory / f"{make.__name__}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
