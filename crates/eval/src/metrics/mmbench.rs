//! MMBench: circular evaluation and option matching.
