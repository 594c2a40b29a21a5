//! When a failed request is made again, and after how long.

use std::time::{Duration, SystemTime};

use reqwest::header::{HeaderMap, RETRY_AFTER};

/// What is done when a request fails in a way that may pass. Only requests that brought no part of a reply yet are
/// made again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Retry {
    /// How often a request is made again.
    pub times: u32,
    /// The wait before the first repeat where the service names none; it doubles each time. Half of it is chance, so
    /// that many clients do not come back at once.
    pub first_wait: Duration,
    /// The longest wait. Where the service asks for a longer one, the request fails at once and says so.
    pub longest: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self { times: 4, first_wait: Duration::from_millis(500), longest: Duration::from_secs(30) }
    }
}

impl Retry {
    /// How long to wait before repeat number `repeat` (from 0), or `None` to give up. `chance` is 0 to 1.
    pub(crate) fn wait(&self, repeat: u32, asked: Option<Duration>, chance: f64) -> Option<Duration> {
        if repeat >= self.times {
            return None;
        }
        match asked {
            Some(asked) if asked > self.longest => None,
            // Never sooner than asked, and a little spread.
            Some(asked) => Some(asked + self.first_wait.mul_f64(chance / 2.0)),
            None => {
                let wait = self.first_wait.saturating_mul(2_u32.saturating_pow(repeat)).min(self.longest);
                Some(wait.mul_f64(0.5 + chance / 2.0))
            }
        }
    }
}

/// How long the service asks to wait: `Retry-After` in seconds or as a date, or `retry-after-ms`.
pub(crate) fn asked(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    if let Some(milliseconds) = text("retry-after-ms").and_then(|text| text.parse::<f64>().ok()) {
        return Duration::try_from_secs_f64(milliseconds / 1000.0).ok();
    }
    let value = text(RETRY_AFTER.as_str())?;
    if let Ok(seconds) = value.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name.parse().unwrap(), value.parse().unwrap())])
    }

    #[test]
    fn waits_are_read_in_all_their_forms() {
        // RFC 9110, section 5.6.7.
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        let of = |name, value| asked(&headers(name, value), now);
        assert_eq!(of("retry-after", "7"), Some(Duration::from_secs(7)));
        assert_eq!(of("retry-after", "0.5"), Some(Duration::from_millis(500)));
        assert_eq!(of("retry-after", "Sun, 06 Nov 1994 08:50:07 GMT"), Some(Duration::from_secs(30)));
        assert_eq!(
            of("retry-after", "Sun, 06 Nov 1994 08:00:00 GMT"),
            Some(Duration::ZERO),
            "a date gone by"
        );
        assert_eq!(of("retry-after-ms", "250"), Some(Duration::from_millis(250)));
        for nonsense in ["soon", "-3", "NaN", "inf", "1e300"] {
            assert_eq!(of("retry-after", nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn waits_double_within_their_bounds() {
        let retry = Retry { times: 9, first_wait: Duration::from_secs(1), longest: Duration::from_secs(6) };
        let waits: Vec<_> = (0..4).map(|repeat| retry.wait(repeat, None, 1.0).unwrap().as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 6]);
        assert_eq!(retry.wait(2, None, 0.0), Some(Duration::from_secs(2)));
        assert_eq!(retry.wait(9, None, 0.0), None);
        assert!(retry.wait(40, None, 0.5).is_none());
    }

    #[test]
    fn the_services_wish_is_kept_unless_it_is_too_long() {
        let retry = Retry { times: 3, first_wait: Duration::from_secs(1), longest: Duration::from_secs(30) };
        assert_eq!(retry.wait(0, Some(Duration::from_secs(20)), 0.0), Some(Duration::from_secs(20)));
        assert_eq!(retry.wait(0, Some(Duration::from_secs(31)), 0.0), None);
    }
}
