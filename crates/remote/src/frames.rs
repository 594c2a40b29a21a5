//! A body cut into the documents that it is made of.

use crate::{dialect::Framing, sse::Parser};

/// Puts documents together from bytes, wherever these are cut.
#[derive(Debug)]
pub(crate) enum Frames {
    /// Server-sent events.
    Events(Parser),
    /// A document a line; the start of the next one.
    Lines(Vec<u8>),
    /// One document, from a service that does not stream.
    Whole(Vec<u8>),
}

impl Frames {
    /// For a body of this kind (the header `Content-Type`).
    pub(crate) fn new(framing: Framing, content_type: &str) -> Self {
        match framing {
            Framing::Lines => Self::Lines(Vec::new()),
            Framing::Events if content_type.starts_with("application/json") => Self::Whole(Vec::new()),
            Framing::Events => Self::Events(Parser::default()),
        }
    }

    /// Takes more bytes in and gives each document that they complete.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        match self {
            Self::Events(parser) => parser.push(bytes),
            Self::Lines(line) => {
                let mut lines = Vec::new();
                for &byte in bytes {
                    if byte == b'\n' {
                        lines.push(std::mem::take(line));
                    } else {
                        line.push(byte);
                    }
                }
                lines
            }
            Self::Whole(document) => {
                document.extend_from_slice(bytes);
                Vec::new()
            }
        }
    }

    /// What is left when the body ends: some services leave out the last empty line. What was cut in two is left out.
    pub(crate) fn finish(&mut self) -> Option<Vec<u8>> {
        let whole = |data: &Vec<u8>| {
            data.trim_ascii() == b"[DONE]" || serde_json::from_slice::<serde::de::IgnoredAny>(data).is_ok()
        };
        match self {
            Self::Events(parser) => parser.finish().filter(whole),
            Self::Lines(line) => Some(std::mem::take(line)).filter(whole),
            // What is no document shows what the service sent in its place.
            Self::Whole(document) => Some(std::mem::take(document)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_whole_wherever_they_are_cut() {
        let body = "{\"a\":\"犬\"}\n\n{\"b\":2}";
        for cut in 0..=body.len() {
            let mut frames = Frames::new(Framing::Lines, "application/x-ndjson");
            let (one, two) = body.as_bytes().split_at(cut);
            let mut documents = frames.push(one);
            documents.extend(frames.push(two));
            documents.extend(frames.finish());
            assert_eq!(documents, [&b"{\"a\":\"\xe7\x8a\xac\"}"[..], b"", b"{\"b\":2}"], "cut at {cut}");
        }
    }

    #[test]
    fn what_was_cut_at_the_end_is_left_out() {
        for framing in [Framing::Lines, Framing::Events] {
            let mut frames = Frames::new(framing, "");
            frames.push(b"data: {\"half\"");
            assert_eq!(frames.finish(), None);
        }
    }
}
