//! VQA accuracy and its normalization of answers.
