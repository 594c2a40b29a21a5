//! Running text in lines: words with their decoration, and badges between them.

use lavr_types::{Point, Rect, Verdict};
use unicode_segmentation::UnicodeSegmentation;

use super::{
    badge::Badge,
    canvas::{Canvas, Color},
    style::{self, Line, Style},
    type_setting::Weight,
};

/// The height of a line, in heights of its text.
const LEADING: f32 = 1.36;
/// The height of a badge, in heights of the text beside it.
const BADGE: f32 = 0.7;

/// What a text looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    Plain,
    Faint,
    /// Part of a claim with this verdict.
    Claim(Verdict),
    /// Taken out.
    Struck,
    /// Put in.
    Fresh,
}

impl Look {
    const fn weight(self) -> Weight {
        match self {
            Self::Fresh => Weight::Bold,
            Self::Plain | Self::Faint | Self::Claim(_) | Self::Struck => Weight::Regular,
        }
    }

    const fn color(self) -> Color {
        match self {
            Self::Plain | Self::Claim(_) => style::INK,
            Self::Faint => style::FAINT_INK,
            Self::Struck => style::deep_color(Verdict::Contradicted),
            Self::Fresh => style::deep_color(Verdict::Supported),
        }
    }

    const fn background(self) -> Option<Color> {
        match self {
            Self::Struck => Some(style::light_color(Verdict::Contradicted)),
            Self::Fresh => Some(style::light_color(Verdict::Supported)),
            Self::Plain | Self::Faint | Self::Claim(_) => None,
        }
    }
}

/// The smallest unit of a line.
#[derive(Debug, Clone)]
enum Atom {
    Text(String, Look),
    /// White space between words; drawn in the look of both.
    Space(Look),
    Badge(Badge),
    /// A distance, in heights of the text.
    Gap(f32),
    Break,
}

/// Text that is still to be broken into lines.
pub(super) struct Writer<'s> {
    style: &'s Style,
    atoms: Vec<Atom>,
    /// How many more signs are taken.
    room: usize,
}

impl<'s> Writer<'s> {
    /// Takes at most so many signs, then ends in an ellipsis.
    pub(super) const fn new(style: &'s Style, room: usize) -> Self {
        Self { style, atoms: Vec::new(), room }
    }

    /// Adds text. White space is one space, or one line break where it has one; a no-break space joins words.
    pub(super) fn text(&mut self, text: &str, look: Look) {
        if self.room == 0 || text.is_empty() {
            return;
        }
        let end = text.char_indices().nth(self.room).map_or(text.len(), |(end, _)| end);
        let taken = &text[..end];
        self.room -= taken.chars().count();
        let mut rest = taken;
        while let Some(first) = rest.chars().next() {
            let is_space = breaks(first);
            let end = rest.find(|sign: char| breaks(sign) != is_space).unwrap_or(rest.len());
            let (part, after) = rest.split_at(end);
            rest = after;
            self.atoms.push(match is_space {
                true if part.contains('\n') => Atom::Break,
                true => Atom::Space(look),
                false => Atom::Text(self.style.fonts.printable(part), look),
            });
        }
        if end < text.len() {
            self.room = 0;
            self.atoms.push(Atom::Text("…".to_owned(), Look::Plain));
        }
    }

    pub(super) fn badge(&mut self, badge: Badge) {
        if self.room > 0 {
            self.atoms.push(Atom::Badge(badge));
        }
    }

    pub(super) fn gap(&mut self, heights: f32) {
        if self.room > 0 {
            self.atoms.push(Atom::Gap(heights));
        }
    }

    /// Breaks the text into at most so many lines of a width; what is more is cut with an ellipsis.
    pub(super) fn lines(self, width: f32, height: f32, most: usize) -> Flow {
        let mut setter = Setter { style: self.style, width, height, lines: vec![Vec::new()], x: 0.0 };
        let mut atoms = self.atoms.into_iter().peekable();
        while let Some(atom) = atoms.next() {
            match atom {
                Atom::Break => setter.next_line(),
                Atom::Space(_) => setter.space(atom),
                atom => {
                    // Words and badges without white space between them stay on one line.
                    let mut cluster = vec![atom];
                    while let Some(next) = atoms.next_if(|next| !matches!(next, Atom::Break | Atom::Space(_)))
                    {
                        cluster.push(next);
                    }
                    setter.cluster(cluster);
                }
            }
            if setter.lines.len() > most {
                setter.cut(most);
                break;
            }
        }
        let mut lines = setter.lines;
        while lines.last().is_some_and(Vec::is_empty) {
            lines.pop();
        }
        Flow { lines, height }
    }
}

/// Whether a line may end at the sign.
fn breaks(sign: char) -> bool {
    sign.is_whitespace() && !matches!(sign, '\u{a0}' | '\u{202f}' | '\u{2007}')
}

/// Puts atoms into lines.
struct Setter<'s> {
    style: &'s Style,
    width: f32,
    height: f32,
    lines: Vec<Vec<(f32, Atom)>>,
    x: f32,
}

impl Setter<'_> {
    fn width_of(&self, atom: &Atom) -> f32 {
        width_of(atom, self.style, self.height)
    }

    fn next_line(&mut self) {
        self.lines.push(Vec::new());
        self.x = 0.0;
    }

    fn push(&mut self, atom: Atom) {
        let width = self.width_of(&atom);
        if let Some(line) = self.lines.last_mut() {
            line.push((self.x, atom));
        }
        self.x += width;
    }

    fn space(&mut self, atom: Atom) {
        if self.x > 0.0 {
            self.push(atom);
        }
    }

    fn cluster(&mut self, cluster: Vec<Atom>) {
        let width: f32 = cluster.iter().map(|atom| self.width_of(atom)).sum();
        if self.x > 0.0 && self.x + width > self.width {
            self.next_line();
        }
        if width <= self.width {
            for atom in cluster {
                self.push(atom);
            }
            return;
        }
        for atom in cluster {
            match atom {
                Atom::Text(text, look) => self.split(&text, look),
                atom => {
                    if self.x + self.width_of(&atom) > self.width {
                        self.next_line();
                    }
                    self.push(atom);
                }
            }
        }
    }

    /// Breaks a word that is longer than a line wherever the line ends.
    fn split(&mut self, text: &str, look: Look) {
        let (mut part, mut used) = (String::new(), 0.0);
        for sign in text.graphemes(true) {
            let width = self.style.fonts.width(sign, look.weight(), self.height);
            if self.x + used + width > self.width && (self.x > 0.0 || !part.is_empty()) {
                self.push(Atom::Text(std::mem::take(&mut part), look));
                self.next_line();
                used = 0.0;
            }
            part.push_str(sign);
            used += width;
        }
        self.push(Atom::Text(part, look));
    }

    /// Leaves so many lines, the last of them ending in an ellipsis.
    fn cut(&mut self, most: usize) {
        self.lines.truncate(most);
        let ellipsis = Atom::Text("…".to_owned(), Look::Plain);
        let room = self.width - self.width_of(&ellipsis);
        let (style, height) = (self.style, self.height);
        let Some(line) = self.lines.last_mut() else { return };
        let mut x = line.last().map_or(0.0, |(x, atom)| x + width_of(atom, style, height));
        while let Some((start, atom)) = line.pop() {
            if matches!(atom, Atom::Space(_)) {
                x = start;
                continue;
            }
            if x <= room {
                line.push((start, atom));
                break;
            }
            x = start;
            // A word as long as the line is shortened, not dropped.
            if let (Atom::Text(mut text, look), true) = (atom, line.is_empty()) {
                while start + style.fonts.width(&text, look.weight(), height) > room && text.pop().is_some() {
                }
                x = start + style.fonts.width(&text, look.weight(), height);
                line.push((start, Atom::Text(text, look)));
                break;
            }
        }
        line.push((x, ellipsis));
    }
}

fn width_of(atom: &Atom, style: &Style, height: f32) -> f32 {
    match atom {
        Atom::Text(text, look) => style.fonts.width(text, look.weight(), height),
        Atom::Space(look) => style.fonts.width(" ", look.weight(), height),
        Atom::Badge(badge) => badge.width(style, height * BADGE) + height * 0.24,
        Atom::Gap(heights) => heights * height,
        Atom::Break => 0.0,
    }
}

/// Text in lines.
pub(super) struct Flow {
    lines: Vec<Vec<(f32, Atom)>>,
    height: f32,
}

impl Flow {
    /// Pixels from the top of the first line to the bottom of the last.
    pub(super) fn total_height(&self) -> f32 {
        self.lines.len() as f32 * self.height * LEADING
    }

    #[cfg(test)]
    pub(super) fn words(&self) -> Vec<String> {
        let word = |atom: &Atom| match atom {
            Atom::Text(text, _) => text.clone(),
            Atom::Space(_) => " ".to_owned(),
            Atom::Badge(_) | Atom::Gap(_) | Atom::Break => String::new(),
        };
        self.lines.iter().map(|line| line.iter().map(|(_, atom)| word(atom)).collect()).collect()
    }

    pub(super) fn draw(&self, canvas: &mut Canvas, style: &Style, [left, top]: [f32; 2]) {
        for (number, line) in self.lines.iter().enumerate() {
            let y = top + (number as f32 * LEADING + (LEADING - 1.0) / 2.0) * self.height;
            // Backgrounds first: they reach a little beyond their words.
            for pass in [Flow::draw_ground, Flow::draw_atom] {
                for (index, (x, atom)) in line.iter().enumerate() {
                    // White space at the end of a line has no look.
                    if index + 1 < line.len() || !matches!(atom, Atom::Space(_)) {
                        pass(self, canvas, style, [left + x, y], atom);
                    }
                }
            }
        }
    }

    fn draw_ground(&self, canvas: &mut Canvas, style: &Style, [x, y]: [f32; 2], atom: &Atom) {
        let (Atom::Text(_, look) | Atom::Space(look)) = atom else { return };
        if let Some(color) = look.background() {
            let reach = self.height * 0.1;
            let right = x + width_of(atom, style, self.height) + reach;
            let area = Rect::new((x - reach).into(), y.into(), right.into(), (y + self.height * 1.04).into());
            canvas.fill(area, f64::from(self.height) * 0.14, color, 1.0);
        }
    }

    fn draw_atom(&self, canvas: &mut Canvas, style: &Style, [x, y]: [f32; 2], atom: &Atom) {
        let height = self.height;
        match atom {
            Atom::Text(text, look) => {
                style.fonts.draw(canvas, text, look.weight(), height, [x, y], look.color());
                self.decorate(canvas, style, [x, y], atom, *look);
            }
            Atom::Space(look) => self.decorate(canvas, style, [x, y], atom, *look),
            Atom::Badge(badge) => {
                let corner = [x + height * 0.14, y + height * 0.12];
                badge.draw(canvas, style, corner, height * BADGE);
            }
            Atom::Gap(_) | Atom::Break => {}
        }
    }

    fn decorate(&self, canvas: &mut Canvas, style: &Style, [x, y]: [f32; 2], atom: &Atom, look: Look) {
        let (from, to) = (f64::from(x), f64::from(x + width_of(atom, style, self.height)));
        let (y, height) = (f64::from(y), f64::from(self.height));
        let stroke = (height / 13.0).max(1.5);
        match look {
            Look::Plain | Look::Faint | Look::Fresh => {}
            Look::Struck => {
                let y = y + height * 0.56;
                canvas.line(Point::new(from, y), Point::new(to, y), stroke, look.color(), 1.0);
            }
            Look::Claim(verdict) => {
                let y = y + height * 1.02;
                let (dash, step) = match style::line(verdict) {
                    Line::Solid => (to - from, to - from),
                    Line::Dashed => (stroke * 3.0, stroke * 5.5),
                    Line::Dotted => (0.0, stroke * 2.4),
                };
                let mut start = from;
                while start < to && step > 0.0 {
                    let end = (start + dash).min(to);
                    canvas.line(Point::new(start, y), Point::new(end, y), stroke, style::color(verdict), 1.0);
                    start += step;
                }
            }
        }
    }
}
