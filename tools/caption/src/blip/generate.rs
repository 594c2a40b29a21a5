//! Writing a caption, the likeliest word at a time.

use candle_core::Tensor;
use lavr_tool::CancellationToken;

use super::{config::Settings, network::Network};
use crate::{BlipError, Contrast};

/// No sequence of this many tokens comes twice: networks of this kind fall into loops ("a cat and a cat and a cat").
/// As `no_repeat_ngram_size` of the reference does it.
const NO_REPEAT: usize = 3;

/// The tokens of a caption.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Generated {
    /// After the start token, without the end token.
    pub(super) tokens: Vec<u32>,
    /// The mean probability of the tokens.
    pub(super) score: f32,
}

/// What a network with its own cache has seen.
pub(super) struct View {
    pub(super) network: Network,
    pub(super) image: Tensor,
}

impl View {
    /// The logits of the token after the last of these.
    fn next(&mut self, latest: &[u32]) -> Result<Option<Vec<f32>>, BlipError> {
        Ok(self.network.decode(&self.image, latest)?.pop())
    }
}

/// Writes a caption of what `clear` sees, contrasted with what `noisy` sees where it is given.
pub(super) fn generate(
    clear: &mut View,
    mut noisy: Option<(&Contrast, &mut View)>,
    settings: &Settings,
    cancel: &CancellationToken,
) -> Result<Generated, BlipError> {
    let mut tokens = vec![settings.start];
    let mut sum = 0.0;
    while tokens.len() <= settings.most_tokens {
        if cancel.is_cancelled() {
            return Err(BlipError::Cancelled);
        }
        let latest = &tokens[tokens.len() - 1..];
        let Some(mut logits) = clear.next(latest)? else { break };
        if let Some((contrast, noisy)) = &mut noisy {
            // What may not be said is not what the plausible is measured by.
            for token in repeated(&tokens) {
                if let Some(logit) = logits.get_mut(token as usize) {
                    *logit = f32::NAN;
                }
            }
            contrast.apply(&mut logits, &noisy.next(latest)?.unwrap_or_default());
        }
        let Some((token, probability)) = likeliest(&logits, &tokens) else { break };
        if token == settings.end {
            break;
        }
        tokens.push(token);
        sum += probability;
    }
    tokens.remove(0);
    let score = if tokens.is_empty() { 0.0 } else { sum / tokens.len() as f32 };
    Ok(Generated { tokens, score })
}

/// The likeliest token that repeats no sequence, and its probability.
fn likeliest(logits: &[f32], tokens: &[u32]) -> Option<(u32, f32)> {
    let repeated = repeated(tokens);
    let (token, logit) = logits
        .iter()
        .enumerate()
        .map(|(token, &logit)| (token as u32, logit))
        .filter(|(token, logit)| !logit.is_nan() && !repeated.contains(token))
        .max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))?;
    let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f32 = logits.iter().map(|logit| (logit - highest).exp()).sum();
    Some((token, (logit - highest).exp() / sum))
}

/// The tokens that would complete a sequence that is there already.
fn repeated(tokens: &[u32]) -> Vec<u32> {
    let Some(ending) = tokens.len().checked_sub(NO_REPEAT - 1).map(|start| &tokens[start..]) else {
        return Vec::new();
    };
    tokens
        .windows(NO_REPEAT)
        .filter(|window| window.starts_with(ending))
        .map(|window| window[NO_REPEAT - 1])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sequence_that_was_there_is_not_completed_again() {
        assert_eq!(repeated(&[1, 2, 3, 9, 1, 2]), [3]);
        assert_eq!(repeated(&[1, 2]), Vec::<u32>::new());
        assert_eq!(repeated(&[]), Vec::<u32>::new());
        // The second best is taken.
        assert_eq!(likeliest(&[0.0, 0.1, 0.2, 5.0], &[1, 2, 3, 0, 1, 2]).unwrap().0, 2);
    }

    #[test]
    fn the_first_of_equals_is_taken_and_what_is_no_number_is_not() {
        assert_eq!(likeliest(&[f32::NAN, 1.0, 1.0], &[]).unwrap().0, 1);
        assert_eq!(likeliest(&[f32::NAN], &[]), None);
    }
}
