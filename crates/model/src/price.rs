//! A table of prices that were noted.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use lavr_types::Price;
use serde::Deserialize;

/// A price with where and when it was noted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quote<'t> {
    /// The price.
    pub price: Price,
    /// Whose price it is.
    pub provider: &'t str,
    /// The day it was noted, `YYYY-MM-DD`, where the table says so.
    pub noted: Option<&'t str>,
    /// Where it was noted, where the table says so.
    pub source: Option<&'t str>,
}

/// Prices by provider and model.
///
/// The file is TOML:
///
/// ```
/// let table = lavr_model::PriceTable::from_toml(r#"
///     [[provider]]
///     name = "A provider"
///     host = "api.example.com"      # of the model's address; without it, the models are known anywhere
///     source = "https://example.com/prices"
///     noted = "2026-11-26"
///     [provider.models]             # US dollars per million tokens
///     "small-1" = { input = 0.5, cached_input = 0.05, output = 2.0 }
///     "large-*" = { input = 5.0, output = 20.0 }
/// "#)?;
/// let quote = table.find(Some("api.example.com"), "small-1-2026-05-01");
/// assert_eq!(quote.map(|quote| quote.price.output), Some(2.0));
/// # Ok::<(), lavr_model::PriceTableError>(())
/// ```
///
/// A name stands for itself and its dated snapshots (`small-1-2026-05-01`, `small-1-latest`); one that ends with `*`
/// for all that begin so. The longest name that fits wins. `cached_input` and `cache_write` are the price of `input` where
/// they are left out.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceTable {
    #[serde(default, rename = "provider")]
    providers: Vec<Provider>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Provider {
    name: String,
    host: Option<String>,
    source: Option<String>,
    noted: Option<String>,
    models: BTreeMap<String, Entry>,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    input: f64,
    cached_input: Option<f64>,
    cache_write: Option<f64>,
    output: f64,
}

/// A table of prices cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PriceTableError {
    /// The file cannot be read.
    #[error("the prices at {} cannot be read: {source}; check LAVR_PRICES", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is not in the form of a table.
    #[error("the table of prices is not in its form (docs/models.md shows it): {0}")]
    Form(#[from] toml::de::Error),
    /// A price below zero, or none at all.
    #[error("the price of `{model}` is not a number of dollars from 0 upwards")]
    NotAPrice {
        /// The model.
        model: String,
    },
}

impl PriceTable {
    /// The prices that were noted for this release: `data/prices.toml`, with their dates and sources.
    pub fn built_in() -> &'static Self {
        static TABLE: OnceLock<PriceTable> = OnceLock::new();
        // A test reads the file: it has its form.
        TABLE.get_or_init(|| Self::from_toml(include_str!("../data/prices.toml")).unwrap_or_default())
    }

    /// Reads a table.
    ///
    /// # Errors
    /// When it is not in the form of a table, or a price is below zero.
    pub fn from_toml(text: &str) -> Result<Self, PriceTableError> {
        let table: Self = toml::from_str(text)?;
        for (model, entry) in table.providers.iter().flat_map(|provider| &provider.models) {
            let Price { input, cached_input, cache_write, output } = entry.price();
            if [input, cached_input, cache_write, output]
                .iter()
                .any(|price| !price.is_finite() || *price < 0.0)
            {
                return Err(PriceTableError::NotAPrice { model: model.clone() });
            }
        }
        Ok(table)
    }

    /// Reads a table from a file.
    ///
    /// # Errors
    /// As [`Self::from_toml`], and when the file cannot be read.
    pub fn load(path: &Path) -> Result<Self, PriceTableError> {
        let text = fs::read_to_string(path)
            .map_err(|source| PriceTableError::Io { path: path.to_owned(), source })?;
        Self::from_toml(&text)
    }

    /// The price of a model at a host, such as `api.example.com`.
    pub fn find(&self, host: Option<&str>, model: &str) -> Option<Quote<'_>> {
        let here = |provider: &&Provider| match &provider.host {
            Some(wanted) => host.is_some_and(|host| host.eq_ignore_ascii_case(wanted)),
            None => true,
        };
        let entries = self.providers.iter().filter(here).flat_map(|provider| {
            let fitting = provider.models.iter().filter(|(name, _)| stands_for(name, model));
            fitting.map(move |(name, entry)| {
                let start = name.trim_end_matches('*');
                // A name says more than a start that is as long.
                ((start.len(), start.len() == name.len()), provider, entry)
            })
        });
        // Of two that fit as well, the first.
        let longest = entries.rev().max_by_key(|(fit, ..)| *fit);
        longest.map(|(_, provider, entry)| Quote {
            price: entry.price(),
            provider: &provider.name,
            noted: provider.noted.as_deref(),
            source: provider.source.as_deref(),
        })
    }
}

impl Entry {
    fn price(self) -> Price {
        Price {
            cached_input: self.cached_input.unwrap_or(self.input),
            cache_write: self.cache_write.unwrap_or(self.input),
            ..Price::new(self.input, self.output)
        }
    }
}

/// Whether a name of the table stands for this model: itself, a dated snapshot of it, or what its `*` covers.
fn stands_for(name: &str, model: &str) -> bool {
    if let Some(start) = name.strip_suffix('*') {
        return model.starts_with(start);
    }
    let Some(rest) = model.strip_prefix(name) else { return false };
    let Some(snapshot) = rest.strip_prefix('-') else { return rest.is_empty() };
    // A year, or a month and a day, first: the 5 of `large-2-5` is a version.
    let date = snapshot.split('-').next().is_some_and(|first| first.len() >= 4)
        && snapshot.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    snapshot == "latest" || date
}

#[cfg(test)]
mod tests {
    use lavr_types::TurnUsage;

    use super::*;

    const TABLE: &str = r#"
        [[provider]]
        name = "Here"
        host = "api.example.com"
        noted = "2026-11-26"
        [provider.models]
        "m" = { input = 1.0, output = 2.0 }
        "m-mini" = { input = 0.1, cached_input = 0.01, cache_write = 0.125, output = 0.2 }
        "large-*" = { input = 5.0, output = 20.0 }
        "large-9" = { input = 9.0, output = 90.0 }
        [[provider]]
        name = "Anywhere"
        [provider.models]
        "own" = { input = 3.0, output = 3.0 }
    "#;

    #[test]
    fn the_longest_name_that_fits_wins_and_dates_are_snapshots() {
        let table = PriceTable::from_toml(TABLE).unwrap();
        let input = |model: &str| table.find(Some("api.example.com"), model).map(|quote| quote.price.input);
        for (model, expected) in [
            ("m", Some(1.0)),
            ("m-2026-05-01", Some(1.0)),
            ("m-20260501", Some(1.0)),
            ("m-latest", Some(1.0)),
            ("m-mini", Some(0.1)),
            ("m-mini-2026-05-01", Some(0.1)),
            ("m-9", None),
            ("m-9-20260501", None),
            ("m-turbo", None),
            ("mm", None),
            ("large-3", Some(5.0)),
            ("large-9", Some(9.0)),
        ] {
            assert_eq!(input(model), expected, "{model}");
        }
        assert_eq!(table.find(Some("api.example.com"), "m").unwrap().noted, Some("2026-11-26"));
    }

    #[test]
    fn a_providers_model_has_no_price_elsewhere() {
        let table = PriceTable::from_toml(TABLE).unwrap();
        assert_eq!(table.find(Some("localhost"), "m"), None);
        assert_eq!(table.find(None, "m"), None);
        assert_eq!(table.find(None, "own").unwrap().provider, "Anywhere");
    }

    #[test]
    fn tokens_are_billed_once_by_where_they_come_from() {
        let table = PriceTable::from_toml(TABLE).unwrap();
        let price = table.find(Some("api.example.com"), "m-mini").unwrap().price;
        let usage = TurnUsage {
            input_tokens: 1000,
            cached_tokens: 600,
            cache_written_tokens: 100,
            output_tokens: 50,
        };
        let expected = (300.0 * 0.1 + 600.0 * 0.01 + 100.0 * 0.125 + 50.0 * 0.2) / 1e6;
        assert!((price.of(&usage) - expected).abs() < 1e-15);
        assert_eq!(Price::FREE.of(&usage), 0.0);
        // A provider that counts more cached tokens than it read is not believed.
        let odd =
            TurnUsage { input_tokens: 10, cached_tokens: 99, cache_written_tokens: 99, output_tokens: 0 };
        assert!((price.of(&odd) - 10.0 * 0.01 / 1e6).abs() < 1e-15);
    }

    #[test]
    fn the_built_in_table_has_its_form_and_dates() {
        let table = PriceTable::from_toml(include_str!("../data/prices.toml")).unwrap();
        assert_eq!(&table, PriceTable::built_in());
        for provider in &table.providers {
            assert!(provider.host.is_some() && provider.source.is_some(), "{}", provider.name);
            assert!(provider.noted.as_ref().is_some_and(|day| day.len() == 10), "{}", provider.name);
        }
        let mini = table.find(Some("api.openai.com"), "gpt-4.1-mini-2025-04-14").unwrap();
        assert_eq!((mini.price.input, mini.price.cached_input, mini.price.output), (0.4, 0.1, 1.6));
    }

    #[test]
    fn what_is_no_price_is_refused_with_the_models_name() {
        let error = PriceTable::from_toml(&TABLE.replace("input = 9.0", "input = -9.0")).unwrap_err();
        assert!(error.to_string().contains("large-9"), "{error}");
        let error = PriceTable::from_toml(&TABLE.replace("input = 9.0", "inptu = 9.0")).unwrap_err();
        assert!(error.to_string().contains("inptu"), "{error}");
    }
}
