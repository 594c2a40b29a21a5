//! CIDEr and BLEU.
