//! Post-correction: extract claims, check them against the pixels, rewrite what is wrong.
