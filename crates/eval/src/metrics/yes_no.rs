//! Parsers of yes and no.
