//! Average normalized Levenshtein similarity.
