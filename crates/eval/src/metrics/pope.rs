//! POPE: polling for objects.
