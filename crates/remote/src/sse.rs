//! Server-sent events: <https://html.spec.whatwg.org/multipage/server-sent-events.html>.

/// Puts events together from bytes, wherever these are cut.
#[derive(Debug, Default)]
pub(crate) struct Parser {
    line: Vec<u8>,
    data: Option<Vec<u8>>,
    after_return: bool,
    begun: bool,
}

impl Parser {
    /// Takes more bytes in and gives the data of each event that they complete.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut events = Vec::new();
        for &byte in bytes {
            // A line ends with \n, \r or \r\n; the last may be cut in two.
            let follows_return = std::mem::replace(&mut self.after_return, byte == b'\r');
            match byte {
                b'\n' if follows_return => {}
                b'\n' | b'\r' => events.extend(self.end_line()),
                _ => self.line.push(byte),
            }
        }
        events
    }

    /// What is left when the stream ends: some services leave out the last empty line.
    pub(crate) fn finish(&mut self) -> Option<Vec<u8>> {
        let event = if self.line.is_empty() { None } else { self.end_line() };
        event.or_else(|| self.data.take())
    }

    fn end_line(&mut self) -> Option<Vec<u8>> {
        let line = std::mem::take(&mut self.line);
        let mut line = line.as_slice();
        if !std::mem::replace(&mut self.begun, true) {
            line = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line);
        }
        if line.is_empty() {
            return self.data.take();
        }
        let (field, value) = match line.iter().position(|&byte| byte == b':') {
            // A comment; services send them to keep the connection awake.
            Some(0) => return None,
            Some(colon) => (&line[..colon], &line[colon + 1..]),
            None => (line, [].as_slice()),
        };
        if field == b"data" {
            let value = value.strip_prefix(b" ").unwrap_or(value);
            match &mut self.data {
                Some(data) => {
                    data.push(b'\n');
                    data.extend_from_slice(value);
                }
                None => self.data = Some(value.to_vec()),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(pieces: &[&[u8]]) -> Vec<String> {
        let mut parser = Parser::default();
        let mut events: Vec<_> = pieces.iter().flat_map(|piece| parser.push(piece)).collect();
        events.extend(parser.finish());
        events.into_iter().map(|event| String::from_utf8(event).unwrap()).collect()
    }

    const STREAM: &str = "\u{feff}: awake\n\ndata: {\"a\":1}\n\nevent: x\r\nid: 3\r\ndata:two\r\ndata:  lines\r\n\r\n\
                          data: Grüße 犬\r\rdata\n\ndata: [DONE]";

    #[test]
    fn fields_comments_and_line_ends_are_told_apart() {
        assert_eq!(parse(&[STREAM.as_bytes()]), ["{\"a\":1}", "two\n lines", "Grüße 犬", "", "[DONE]"]);
    }

    #[test]
    fn it_does_not_matter_where_the_bytes_are_cut() {
        let whole = parse(&[STREAM.as_bytes()]);
        for cut in 0..=STREAM.len() {
            let (one, two) = STREAM.as_bytes().split_at(cut);
            assert_eq!(parse(&[one, two]), whole, "cut at {cut}");
        }
        let bytes: Vec<_> = STREAM.as_bytes().chunks(1).collect();
        assert_eq!(parse(&bytes), whole);
    }
}
