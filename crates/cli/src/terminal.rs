//! What a person sees: the steps live on standard error, the result on standard output.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Effects, Style};
pub(crate) use lavr_report::words::safe;
use lavr_report::{
    Piece, pieces,
    words::{arguments, cut, value},
};
use lavr_types::{Answer, CallRecord, CheckedClaim, Event, Repair, RunId, Verdict};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default();
const UNSURE: Style = AnsiColor::Yellow.on_default();
const STRUCK: Style = AnsiColor::Red.on_default().effects(Effects::STRIKETHROUGH);
const NEW: Style = AnsiColor::Green.on_default().effects(Effects::BOLD);
const NAME: Style = AnsiColor::Cyan.on_default();

fn paint(style: Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}

/// One line for an event, or none.
pub(crate) fn event(event: &Event) -> Option<String> {
    match event {
        Event::Thought { step, text } => {
            Some(format!("{} {}", paint(BOLD, format!("step {step}")), safe(text)))
        }
        Event::ThoughtContradicted { contradiction, .. } => {
            Some(format!("  {} {}", paint(UNSURE, "!"), cut(&contradiction.to_string())))
        }
        Event::CallStarted { call } => {
            let line = format!("  {} {} {}", paint(NAME, "->"), call.tool, arguments(&call.arguments));
            Some(line.trim_end().to_owned())
        }
        Event::CallEnded { record } => Some(call_ended(record)),
        Event::CallRefused { record } => Some(call_refused(record)),
        Event::CallMended { repairs, .. } => Some(format!("  {} {}", paint(UNSURE, "~"), repaired(repairs))),
        Event::AwaitingApproval { call } => {
            let call = format!("{} {}{}", call.id, call.tool, arguments(&call.arguments));
            Some(format!("  {} {call}", paint(UNSURE, "waits for approval:")))
        }
        Event::PicturesShrunk { longest_side, .. } => {
            let line = format!("pictures: at most {longest_side} pixels a side from here on");
            Some(format!("  {}", paint(DIM, line)))
        }
        Event::Spent { spending } => Some(format!("  {}", paint(DIM, format!("budget: {spending}")))),
        Event::Misunderstood { message } => {
            Some(format!("  {} no step: {}", paint(UNSURE, "!"), cut(message)))
        }
        Event::Note { text } => Some(format!("  {} {}", paint(UNSURE, "note:"), safe(text))),
        Event::Drafted { draft } => Some(format!("{} {}", paint(BOLD, "draft "), safe(&draft.text))),
        Event::Judged { claim, judgement } => {
            Some(format!("  {} {}", mark(judgement.verdict), described(&claim.surface, judgement)))
        }
        _ => None,
    }
}

fn call_ended(record: &CallRecord) -> String {
    let time =
        if record.cached { "known".to_owned() } else { format!("{:.1} s", record.elapsed.as_secs_f64()) };
    let attempts =
        if record.attempts > 1 { format!(", {} attempts", record.attempts) } else { String::new() };
    let time = paint(DIM, format!("({time}{attempts})"));
    let time = match record.repairs.as_slice() {
        [] => time,
        repairs => format!("{time} {}", paint(DIM, repaired(repairs))),
    };
    match &record.outcome {
        Ok(observation) => format!("  {} {} {time}", paint(GOOD, "<-"), value(&observation.value)),
        Err(failure) => format!("  {} {} {time}", paint(BAD, "<-"), safe(&failure.message)),
    }
}

/// What was done so that a call could succeed.
fn repaired(repairs: &[Repair]) -> String {
    cut(&repairs.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
}

fn call_refused(record: &CallRecord) -> String {
    let why = record.outcome.as_ref().err().map_or_else(String::new, |failure| safe(&failure.message));
    let call = format!("{} {}", record.call.tool, arguments(&record.call.arguments));
    let line = format!("  {} {}: {why}", paint(BAD, "not called:"), call.trim_end());
    match record.repairs.as_slice() {
        [] => line,
        repairs => format!("{line} {}", paint(DIM, repaired(repairs))),
    }
}

fn mark(verdict: Verdict) -> String {
    match verdict {
        Verdict::Supported => paint(GOOD, "✓"),
        Verdict::Contradicted => paint(BAD, "✗"),
        Verdict::Insufficient => paint(UNSURE, "?"),
    }
}

fn described(surface: &str, judgement: &lavr_types::Judgement) -> String {
    format!("\"{}\" {}", safe(surface), paint(DIM, safe(&judgement.reason)))
}

/// The result: the corrected text, then every claim with its verdict and evidence.
///
/// Where styles can be seen, what was wrong is struck out before what replaced it. Elsewhere (a pipe, a file) both
/// would read as one sentence, so the corrected text stands alone, and the claims below say what changed.
pub(crate) fn answer(answer: &Answer, run: Option<&RunId>, styled: bool) -> String {
    let mut out = if styled { struck(answer) } else { answer.text.clone() };
    out.push('\n');
    out.push_str(&findings(answer, run));
    out
}

/// What was found out about the text: its claims, the notes, the cost, and the name of the run where it is kept.
pub(crate) fn findings(answer: &Answer, run: Option<&RunId>) -> String {
    let mut out = String::new();
    if !answer.claims.is_empty() {
        out.push('\n');
    }
    for claim in &answer.claims {
        let _ = writeln!(out, "{} {}", mark(claim.judgement.verdict), claim_line(claim));
    }
    for note in &answer.notes {
        let _ = writeln!(out, "{} {}", paint(UNSURE, "note:"), safe(note));
    }
    let run = run.map_or_else(String::new, |run| format!(" (run {run})"));
    let _ = writeln!(out, "{}", paint(DIM, format!("{}{run}", cost(answer))));
    out
}

fn struck(answer: &Answer) -> String {
    let mut out = String::new();
    for piece in pieces(answer) {
        match piece {
            Piece::Kept(text) => out.push_str(&safe(text)),
            Piece::Changed { before, after, .. } => {
                let gap = if before.is_empty() || after.is_empty() { "" } else { " " };
                let before = if before.is_empty() { String::new() } else { paint(STRUCK, safe(before)) };
                let after = if after.is_empty() { String::new() } else { paint(NEW, safe(after)) };
                let _ = write!(out, "{before}{gap}{after}");
            }
            Piece::Marked { text, .. } => out.push_str(&paint(UNSURE, safe(text))),
        }
    }
    out
}

fn claim_line(claim: &CheckedClaim) -> String {
    let edit = match &claim.replacement {
        Some(replacement) if replacement.is_empty() => " (removed)".to_owned(),
        Some(replacement) => format!(" -> \"{}\"", safe(replacement)),
        None => String::new(),
    };
    let surface = safe(&claim.claim.surface).replace('\n', " ");
    format!("\"{surface}\"{edit}  {}", paint(DIM, safe(&claim.judgement.reason)))
}

fn cost(answer: &Answer) -> String {
    let usage = answer.usage;
    let mut text = format!("{:.1} s, {} tool calls", usage.elapsed.as_secs_f64(), usage.tool_calls);
    if usage.cached_calls > 0 {
        let _ = write!(text, " (+{} known)", usage.cached_calls);
    }
    if usage.model_calls > 0 {
        let _ = write!(
            text,
            ", {} model calls: {} tokens read ({} kept), {} written",
            usage.model_calls, usage.input_tokens, usage.cached_tokens, usage.output_tokens
        );
        if let Some(cost) = usage.cost.filter(|cost| *cost > 0.0) {
            let _ = write!(text, ", about {}", dollars(cost));
        }
    }
    text
}

/// Two digits that say something, however small the sum.
pub(crate) fn dollars(sum: f64) -> String {
    let digits = if sum >= 1.0 { 2 } else { (1.0 - sum.log10().floor()).clamp(2.0, 7.0) as usize };
    format!("${sum:.digits$}")
}

/// An error with its causes, each once.
pub(crate) fn failure(error: &anyhow::Error) -> String {
    let mut out = format!("{} {error}", paint(BAD.bold(), "error:"));
    let mut last = error.to_string();
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        if !last.contains(&cause) {
            let _ = write!(out, "\n  {} {cause}", paint(DIM, "because:"));
        }
        last = cause;
    }
    out
}

/// Short styles for tables.
pub(crate) fn bold(text: impl std::fmt::Display) -> String {
    paint(BOLD, text)
}

pub(crate) fn dim(text: impl std::fmt::Display) -> String {
    paint(DIM, text)
}

pub(crate) fn good(text: impl std::fmt::Display) -> String {
    paint(GOOD, text)
}

pub(crate) fn bad(text: impl std::fmt::Display) -> String {
    paint(BAD, text)
}

pub(crate) fn unsure(text: impl std::fmt::Display) -> String {
    paint(UNSURE, text)
}

#[cfg(test)]
mod tests {
    use lavr_types::{Answer, Draft, Event, Usage};

    use super::*;

    #[test]
    fn a_small_sum_is_not_rounded_away() {
        for (sum, shown) in
            [(12.345, "$12.35"), (0.5, "$0.50"), (0.012_34, "$0.012"), (0.000_042, "$0.000042")]
        {
            assert_eq!(dollars(sum), shown);
        }
    }

    #[test]
    fn what_a_model_writes_does_not_steer_the_terminal() {
        let text = "two \u{1b}[2Jdogs\u{7}\n";
        let answer = Answer {
            question: None,
            draft: text.into(),
            text: text.into(),
            claims: Vec::new(),
            steps: Vec::new(),
            notes: Vec::new(),
            usage: Usage::default(),
        };
        let draft = Draft { text: text.into(), cites: Vec::new(), tokens: Vec::new() };
        assert!(!event(&Event::Drafted { draft }).unwrap_or_default().contains("\u{1b}[2J"));
        let shown = super::answer(&answer, None, true);
        assert!(!shown.contains("\u{1b}[2J") && !shown.contains('\u{7}'), "{shown:?}");
        // On a pipe the text is handed on byte for byte.
        assert!(super::answer(&answer, None, false).starts_with(text));
    }
}
