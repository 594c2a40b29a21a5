//! OCRBench: text reading and understanding.
