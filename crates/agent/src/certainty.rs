//! How sure a model was of its answer, from how sure it was of the reply that holds it.

use lavr_model::Reply;
use lavr_types::{Span, TokenScore};

/// The tokens of an answer, with spans in the answer; none where the reply does not say, or does not hold the answer as
/// plain text or as a JSON string.
pub(crate) fn of_answer(reply: &Reply, answer: &str) -> Vec<TokenScore> {
    if reply.tokens.is_empty() || answer.is_empty() {
        return Vec::new();
    }
    let quoted = serde_json::to_string(answer).unwrap_or_default();
    let written = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
    // The last one: a thought before it may say the same.
    let Some(start) = reply.text.rfind(written).filter(|_| !written.is_empty()) else {
        // Not JSON, or escaped in another way than usual.
        let Some(start) = reply.text.rfind(answer) else { return Vec::new() };
        return placed(reply, start, answer.len(), |place| place);
    };
    // Where each byte of the JSON string stands in the answer.
    let mut places = Vec::with_capacity(written.len() + 1);
    for (place, letter) in answer.char_indices() {
        let letter = letter.to_string();
        let escaped = serde_json::to_string(&letter).map_or(letter.len(), |quoted| quoted.len() - 2);
        places.extend((0..escaped).map(|offset| place + offset.min(letter.len() - 1)));
    }
    places.push(answer.len());
    placed(reply, start, written.len(), |place| places.get(place).copied().unwrap_or(answer.len()))
}

/// The tokens that share a byte with a part of the reply, their spans in the part's own places.
fn placed(reply: &Reply, start: usize, length: usize, place: impl Fn(usize) -> usize) -> Vec<TokenScore> {
    let part = Span::new(start, start + length);
    reply
        .tokens
        .iter()
        .filter(|token| token.span.overlaps(part))
        .map(|token| {
            let inside = |byte: usize| place(byte.clamp(part.start, part.end) - part.start);
            TokenScore { span: Span::new(inside(token.span.start), inside(token.span.end)), ..*token }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use lavr_model::{FinishReason, TurnUsage};

    use super::*;

    /// A reply of which each character is a token, less likely the later it comes.
    fn reply(text: &str) -> Reply {
        let token = |(place, letter): (usize, char)| TokenScore {
            span: Span::new(place, place + letter.len_utf8()),
            log_probability: -(place as f32),
        };
        Reply {
            text: text.to_owned(),
            reasoning: String::new(),
            calls: Vec::new(),
            tokens: text.char_indices().map(token).collect(),
            reason: FinishReason::Stop,
            verbatim: None,
            usage: TurnUsage::default(),
        }
    }

    #[test]
    fn tokens_of_a_json_reply_stand_where_their_words_do_in_the_answer() {
        let answer = "It says \"Grüße\".\nTwo dogs.";
        let text =
            format!("{{\"thought\": \"Two dogs.\", \"answer\": {}}}", serde_json::to_string(answer).unwrap());
        let tokens = of_answer(&reply(&text), answer);
        assert_eq!((tokens[0].span.start, tokens[tokens.len() - 1].span.end), (0, answer.len()));
        for token in &tokens {
            let written = &text[-token.log_probability as usize..];
            let said = token.span.of(answer).unwrap();
            // An escape is two tokens here: the backslash has no letter of its own.
            assert!(
                said.is_empty() || written.starts_with(said) || written.starts_with('n'),
                "{said} {written}"
            );
        }
    }

    #[test]
    fn a_plain_reply_is_its_own_answer() {
        let tokens = of_answer(&reply(" Two dogs. "), "Two dogs.");
        assert_eq!(tokens.len(), 9);
        assert_eq!((tokens[0].span, tokens[0].log_probability), (Span::new(0, 1), -1.0));
    }

    #[test]
    fn an_answer_that_the_reply_does_not_hold_has_no_tokens() {
        assert!(of_answer(&reply("Two dogs."), "Three cats.").is_empty());
    }
}
