//! A switch that forbids to ask real services: a test that would is a mistake.

use std::sync::atomic::{AtomicBool, Ordering};

static FORBIDDEN: AtomicBool = AtomicBool::new(false);

/// From now on, requests of this process reach this machine only (loopback addresses); others are errors. The
/// environment variable `LAVR_FORBID_REQUESTS=1` does the same. There is no way back.
pub fn forbid_real_requests() {
    FORBIDDEN.store(true, Ordering::Relaxed);
}

/// Whether this host may be asked.
pub(crate) fn allows(host: Option<&str>) -> bool {
    let by_variable =
        std::env::var_os("LAVR_FORBID_REQUESTS").is_some_and(|value| !value.is_empty() && value != "0");
    if !by_variable && !FORBIDDEN.load(Ordering::Relaxed) {
        return true;
    }
    let host = host.unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn once_forbidden_only_this_machine_is_asked() {
        forbid_real_requests();
        for host in ["127.0.0.1", "127.9.9.9", "[::1]", "localhost"] {
            assert!(allows(Some(host)), "{host}");
        }
        for host in [Some("api.example.com"), Some("10.0.0.1"), Some("localhost.example.com"), None] {
            assert!(!allows(host), "{host:?}");
        }
    }
}
