//! The vocabulary that maps words to labels.

/// Maps words ("puppies", "man", "vehicle") to a detector's labels.
#[derive(Debug)]
pub struct Vocabulary {}
