//! Texts that must not be seen: keys and tokens.

use std::fmt;

/// A text that no log, error or trace shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps a text secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, to be handed to whom it is meant for and to nobody else.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// `text` with the secret blotted out: services repeat keys in their errors.
    pub fn blot_out(&self, text: &str) -> String {
        if self.0.is_empty() { text.to_owned() } else { text.replace(&self.0, "(secret)") }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("(secret)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_shown() {
        let secret = Secret::new("sk-123");
        assert_eq!(format!("{:?}", Some(&secret)), "Some((secret))");
        assert_eq!(secret.blot_out("bad key sk-123!"), "bad key (secret)!");
        assert_eq!(Secret::new("").blot_out("as it was"), "as it was");
    }
}
