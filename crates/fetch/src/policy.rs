//! What a fetcher may do.

use std::{net::SocketAddr, time::Duration};

/// What a fetcher may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchPolicy {
    /// The ports that may be asked.
    pub ports: Vec<u16>,
    /// How often an answer may lead on to another address.
    pub redirects: u32,
    /// The most bytes of an answer.
    pub bytes: u64,
    /// How long everything may take, redirects included.
    pub time: Duration,
    /// How long a connection may take to stand.
    pub connect: Duration,
    /// Addresses with their ports that are asked though they are not public or the port is not allowed. For tests with
    /// a server on loopback, and for a service of one's own: each is one that whoever hands in an address can then
    /// make this machine ask.
    pub permitted: Vec<SocketAddr>,
}

impl Default for FetchPolicy {
    /// Ports 80 and 443, five redirects, 32 MiB, 30 seconds in all and 10 for a connection; public addresses alone.
    fn default() -> Self {
        Self {
            ports: vec![80, 443],
            redirects: 5,
            bytes: 32 << 20,
            time: Duration::from_secs(30),
            connect: Duration::from_secs(10),
            permitted: Vec::new(),
        }
    }
}
