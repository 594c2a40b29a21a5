//! MME: accuracy and accuracy+.
