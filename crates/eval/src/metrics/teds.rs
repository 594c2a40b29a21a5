//! TEDS: similarity of tables.
