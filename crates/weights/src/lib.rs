//! Catalogue of model files: find, fetch, check, cache.
