//! The band below the picture: the corrected text, the verdicts counted, and why.

use lavr_types::{Answer, Point, Verdict};

use super::{
    badge::Badge,
    canvas::Canvas,
    flow::{Flow, Look, Writer},
    style::{self, Style},
};
use crate::spans::{Piece, pieces};

/// The most lines of the text, and the most signs that are looked at to fill them.
const MOST_LINES: usize = 14;
const MOST_SIGNS: usize = 4000;
/// The most reasons, and the most lines of each.
const MOST_REASONS: usize = 4;
const REASON_LINES: usize = 2;

/// The band, ready to be drawn.
pub(super) struct Band {
    parts: Vec<Flow>,
    /// Whether a line is drawn above the part.
    ruled: Vec<bool>,
    gap: f32,
    margin: f32,
    width: u32,
}

impl Band {
    pub(super) fn lay_out(answer: &Answer, width: u32, style: &Style) -> Self {
        let room = width as f32 - 2.0 * style.margin;
        let mut parts = vec![(text(answer, style).lines(room, style.body_text, MOST_LINES), false)];
        parts.push((legend(answer, style).lines(room, style.small_text, 3), true));
        for reason in reasons(answer, style) {
            parts.push((reason.lines(room, style.small_text, REASON_LINES), false));
        }
        parts.retain(|(part, _)| part.total_height() > 0.0);
        let (parts, ruled) = parts.into_iter().unzip();
        Self { parts, ruled, gap: style.margin * 0.5, margin: style.margin, width }
    }

    /// Pixels from top to bottom.
    pub(super) fn height(&self) -> u32 {
        let parts: f32 = self.parts.iter().map(Flow::total_height).sum();
        (parts + self.gaps().sum::<f32>() + 1.6 * self.margin).ceil() as u32
    }

    /// The distance above each part.
    fn gaps(&self) -> impl Iterator<Item = f32> {
        self.ruled.iter().enumerate().map(|(place, ruled)| match (place, ruled) {
            (0, _) => 0.0,
            (_, true) => self.gap * 1.6,
            (_, false) => self.gap * 0.25,
        })
    }

    pub(super) fn draw(&self, top: u32, style: &Style, canvas: &mut Canvas) {
        let mut y = top as f32 + self.margin * 0.8;
        for (place, (part, gap)) in self.parts.iter().zip(self.gaps()).enumerate() {
            if place > 0 && self.ruled[place] {
                let line = f64::from(y + gap * 0.45);
                let (from, to) = (f64::from(self.margin), f64::from(self.width as f32 - self.margin));
                canvas.line(Point::new(from, line), Point::new(to, line), 1.5, style::RULE, 1.0);
            }
            y += gap;
            part.draw(canvas, style, [self.margin, y]);
            y += part.total_height();
        }
    }
}

/// The text with its corrections; each claim's badge stands after its last piece.
fn text<'s>(answer: &Answer, style: &'s Style) -> Writer<'s> {
    let mut writer = Writer::new(style, MOST_SIGNS);
    let pieces = pieces(answer);
    let last_piece = last_pieces(answer, &pieces);
    for (place, piece) in pieces.iter().enumerate() {
        let badges = last_piece
            .iter()
            .enumerate()
            .filter(|(_, last)| **last == Some(place))
            .map(|(claim, _)| Badge::of_claims(answer.claims[claim].judgement.verdict, &[claim + 1]));
        match piece {
            Piece::Kept(text) => writer.text(text, Look::Plain),
            Piece::Marked { text, claims } => {
                writer.text(text, look_of(answer, claims));
                badges.for_each(|badge| writer.badge(badge));
            }
            Piece::Changed { before, after, .. } => {
                // The sign stands at the words that it is about, not at those that mend them.
                writer.text(before, Look::Struck);
                badges.for_each(|badge| writer.badge(badge));
                if !before.is_empty() && !after.is_empty() {
                    writer.gap(0.26);
                }
                writer.text(after, Look::Fresh);
            }
        }
    }
    writer
}

/// For each claim, the piece that its words end in; `None` where its span does not fit the draft.
fn last_pieces(answer: &Answer, pieces: &[Piece<'_>]) -> Vec<Option<usize>> {
    let mut last = vec![None; answer.claims.len()];
    let mut start = 0;
    for (place, piece) in pieces.iter().enumerate() {
        let end = start + piece.before().len();
        for (claim, last) in last.iter_mut().enumerate() {
            // A claim's words may have been taken out together with those of another.
            let span = answer.claims[claim].claim.span;
            if piece.belongs_to(claim) || (span.start < end && start < span.end) {
                *last = Some(place);
            }
        }
        start = end;
    }
    last
}

/// Words of several claims look like the worst of them that was not corrected.
fn look_of(answer: &Answer, claims: &[usize]) -> Look {
    let open = |verdict: Verdict| {
        claims.iter().filter_map(|&claim| answer.claims.get(claim)).any(|checked| {
            checked.judgement.verdict == verdict
                && !(verdict == Verdict::Contradicted && checked.replacement.is_some())
        })
    };
    style::VERDICTS.into_iter().find(|&verdict| open(verdict)).map_or(Look::Plain, Look::Claim)
}

/// How many claims have each verdict.
fn legend<'s>(answer: &Answer, style: &'s Style) -> Writer<'s> {
    let mut writer = Writer::new(style, MOST_SIGNS);
    for verdict in style::VERDICTS.into_iter().rev() {
        let count = answer.claims.iter().filter(|checked| checked.judgement.verdict == verdict).count();
        if count > 0 {
            writer.badge(Badge::sign(verdict));
            writer.gap(0.2);
            let words = format!("{count} {}", style::word(verdict)).replace(' ', "\u{a0}");
            writer.text(&words, Look::Plain);
            writer.gap(1.0);
            writer.text(" ", Look::Plain);
        }
    }
    if answer.claims.is_empty() {
        writer.text("nothing in this text was checked", Look::Faint);
    }
    writer
}

/// Why claims were contradicted, then why others could not be told.
fn reasons<'s>(answer: &Answer, style: &'s Style) -> Vec<Writer<'s>> {
    [Verdict::Contradicted, Verdict::Insufficient]
        .into_iter()
        .flat_map(|verdict| {
            answer.claims.iter().enumerate().filter(move |(_, checked)| {
                checked.judgement.verdict == verdict && !checked.judgement.reason.trim().is_empty()
            })
        })
        .take(MOST_REASONS)
        .map(|(place, checked)| {
            let mut writer = Writer::new(style, MOST_SIGNS);
            writer.badge(Badge::of_claims(checked.judgement.verdict, &[place + 1]));
            writer.gap(0.2);
            writer.text(&checked.judgement.reason, Look::Faint);
            writer
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use lavr_types::{Size, Usage};

    use super::*;
    use crate::annotate::stage::Stage;

    fn answer(text: &str) -> Answer {
        Answer {
            question: None,
            draft: text.to_owned(),
            text: text.to_owned(),
            claims: Vec::new(),
            steps: Vec::new(),
            notes: Vec::new(),
            usage: Usage::default(),
        }
    }

    fn lines(content: &str) -> Vec<String> {
        let style = Style::for_stage(&Stage::of(Size::new(640, 480))).unwrap();
        text(&answer(content), &style).lines(300.0, 20.0, 4).words()
    }

    #[test]
    fn long_text_wraps_between_words_and_is_cut_with_an_ellipsis() {
        assert_eq!(lines("A short text."), ["A short text."]);
        let cut = lines(&"wonderful things happen here ".repeat(2000));
        assert_eq!(cut.len(), 4);
        assert!(cut[3].ends_with('…'), "{cut:?}");
        assert!(
            cut[..3].iter().all(|line| line
                .split_whitespace()
                .all(|word| "wonderful things happen here".contains(word)))
        );
    }

    #[test]
    fn a_word_longer_than_a_line_is_broken() {
        let broken = lines(&"x".repeat(60));
        assert!(broken.len() > 1);
        assert_eq!(broken.concat(), "x".repeat(60));
        assert!(lines(&"x".repeat(6000))[3].ends_with('…'));
    }

    #[test]
    fn line_breaks_are_kept() {
        assert_eq!(lines("one\ntwo"), ["one", "two"]);
        assert_eq!(lines("\n \n"), Vec::<String>::new());
    }
}
