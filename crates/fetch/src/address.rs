//! Which IP addresses are of the public internet.
//!
//! From the registries of special-purpose addresses (RFC 6890 and what updates it) as of 2025, and the addresses at
//! which cloud machines find their keys.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A block: its first address, how many bits of it count, what it is.
type Block<A> = (A, u32, &'static str);

const fn v4(a: u8, b: u8, c: u8, d: u8) -> Ipv4Addr {
    Ipv4Addr::new(a, b, c, d)
}

const fn v6(parts: [u16; 8]) -> Ipv6Addr {
    let [a, b, c, d, e, f, g, h] = parts;
    Ipv6Addr::new(a, b, c, d, e, f, g, h)
}

const METADATA: &str = "it is where cloud machines find their keys";
const PRIVATE: &str = "it is of a private network";
const LOOPBACK: &str = "it is this machine";
const LINK_LOCAL: &str = "it is of the local link";
const DOCUMENTATION: &str = "it is for examples in documents";
const MULTICAST: &str = "it is many machines at once";
const TRANSLATED: &str = "another address is hidden in it";
const RESERVED: &str = "it is reserved";

/// Refused IPv4 addresses. The first block that fits says why.
const V4: &[Block<Ipv4Addr>] = &[
    (v4(169, 254, 169, 254), 32, METADATA),
    (v4(169, 254, 170, 2), 32, METADATA),
    (v4(100, 100, 100, 200), 32, METADATA),
    (v4(168, 63, 129, 16), 32, METADATA),
    (v4(192, 0, 0, 192), 32, METADATA),
    (v4(0, 0, 0, 0), 8, LOOPBACK),
    (v4(127, 0, 0, 0), 8, LOOPBACK),
    (v4(10, 0, 0, 0), 8, PRIVATE),
    (v4(172, 16, 0, 0), 12, PRIVATE),
    (v4(192, 168, 0, 0), 16, PRIVATE),
    (v4(100, 64, 0, 0), 10, "it is of a provider's inner network"),
    (v4(169, 254, 0, 0), 16, LINK_LOCAL),
    (v4(192, 0, 0, 0), 24, RESERVED),
    (v4(192, 0, 2, 0), 24, DOCUMENTATION),
    (v4(198, 51, 100, 0), 24, DOCUMENTATION),
    (v4(203, 0, 113, 0), 24, DOCUMENTATION),
    (v4(192, 88, 99, 0), 24, TRANSLATED),
    (v4(198, 18, 0, 0), 15, "it is for measuring networks"),
    (v4(224, 0, 0, 0), 4, MULTICAST),
    (v4(240, 0, 0, 0), 4, RESERVED),
];

/// Where public IPv6 addresses are; all others are refused.
const V6_PUBLIC: (Ipv6Addr, u32) = (v6([0x2000, 0, 0, 0, 0, 0, 0, 0]), 3);

/// Refused IPv6 addresses, also those outside of the public block that have a reason of their own.
const V6: &[Block<Ipv6Addr>] = &[
    (v6([0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254]), 128, METADATA),
    (v6([0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254]), 128, METADATA),
    (Ipv6Addr::LOCALHOST, 128, LOOPBACK),
    (Ipv6Addr::UNSPECIFIED, 128, LOOPBACK),
    (v6([0, 0, 0, 0, 0, 0xffff, 0, 0]), 96, TRANSLATED),
    (v6([0, 0, 0, 0, 0, 0, 0, 0]), 96, TRANSLATED),
    (v6([0, 0, 0, 0, 0xffff, 0, 0, 0]), 96, TRANSLATED),
    (v6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0]), 96, TRANSLATED),
    (v6([0x64, 0xff9b, 1, 0, 0, 0, 0, 0]), 48, TRANSLATED),
    (v6([0x2002, 0, 0, 0, 0, 0, 0, 0]), 16, TRANSLATED),
    (v6([0x2001, 0, 0, 0, 0, 0, 0, 0]), 32, TRANSLATED),
    (v6([0x2001, 2, 0, 0, 0, 0, 0, 0]), 48, "it is for measuring networks"),
    (v6([0x2001, 0, 0, 0, 0, 0, 0, 0]), 23, RESERVED),
    (v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0]), 32, DOCUMENTATION),
    (v6([0x3fff, 0, 0, 0, 0, 0, 0, 0]), 20, DOCUMENTATION),
    (v6([0xfc00, 0, 0, 0, 0, 0, 0, 0]), 7, PRIVATE),
    (v6([0xfe80, 0, 0, 0, 0, 0, 0, 0]), 10, LINK_LOCAL),
    (v6([0xfec0, 0, 0, 0, 0, 0, 0, 0]), 10, PRIVATE),
    (v6([0xff00, 0, 0, 0, 0, 0, 0, 0]), 8, MULTICAST),
];

/// Why nothing is fetched from an address, or `None` where it is of the public internet.
pub fn refusal(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => {
            let within = |(base, bits, _): &&Block<Ipv4Addr>| {
                let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
                address.to_bits() & mask == base.to_bits() & mask
            };
            V4.iter().find(within).map(|(.., why)| *why)
        }
        IpAddr::V6(address) => {
            let within = |base: Ipv6Addr, bits: u32| {
                let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
                address.to_bits() & mask == base.to_bits() & mask
            };
            let block = V6.iter().find(|(base, bits, _)| within(*base, *bits)).map(|(.., why)| *why);
            block.or_else(|| (!within(V6_PUBLIC.0, V6_PUBLIC.1)).then_some(RESERVED))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refused(text: &str) -> bool {
        refusal(text.parse().unwrap()).is_some()
    }

    #[test]
    fn well_known_public_addresses_are_let_through() {
        for public in [
            "1.1.1.1",
            "8.8.8.8",
            "93.184.215.14",
            "172.15.255.255",
            "172.32.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "169.253.255.255",
            "192.0.1.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "11.0.0.0",
            "2606:4700::1111",
            "2001:4860:4860::8888",
            "2a00:1450:4001::1",
            "2620:fe::fe",
            "2003::1",
        ] {
            assert!(!refused(public), "{public}");
        }
    }

    #[test]
    fn addresses_of_metadata_services_are_refused_by_name() {
        for service in [
            "169.254.169.254",
            "169.254.170.2",
            "100.100.100.200",
            "168.63.129.16",
            "192.0.0.192",
            "fd00:ec2::254",
            "fd20:ce::254",
        ] {
            assert_eq!(refusal(service.parse().unwrap()), Some(METADATA), "{service}");
        }
    }

    #[test]
    fn the_ends_of_every_block_are_refused() {
        for address in [
            "0.0.0.0",
            "0.255.255.255",
            "10.0.0.0",
            "10.255.255.255",
            "100.64.0.0",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.255",
            "169.254.0.0",
            "172.16.0.0",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.255",
            "192.88.99.1",
            "192.168.255.255",
            "198.18.0.0",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.255",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.0",
            "255.255.255.255",
            "::",
            "::1",
            "::2",
            "::ffff:8.8.8.8",
            "::8.8.8.8",
            "::ffff:0:8.8.8.8",
            "64:ff9b::808:808",
            "64:ff9b:1:ffff::1",
            "100::1",
            "2001::1",
            "2001:2::1",
            "2001:20::1",
            "2001:1ff:ffff::1",
            "2001:db8::1",
            "2002:808:808::1",
            "3fff::1",
            "3fff:fff:ffff::1",
            "4000::1",
            "5f00::1",
            "fc00::1",
            "fdff::1",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "ff02::1",
            "1fff::1",
        ] {
            assert!(refused(address), "{address}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        /// The standard library has an opinion on most of the blocks, reached in another way.
        #[test]
        fn what_the_standard_library_calls_special_is_refused(bits: u32) {
            let address = Ipv4Addr::from_bits(bits);
            let special = address.is_private() || address.is_loopback() || address.is_link_local()
                || address.is_multicast() || address.is_broadcast() || address.is_documentation()
                || address.is_unspecified() || address.octets()[0] == 0 || address.octets()[0] >= 240;
            if special {
                prop_assert!(refusal(address.into()).is_some(), "{}", address);
            }
        }

        /// However an IPv4 address is dressed up as an IPv6 one, no address of a translation is let through.
        #[test]
        fn no_address_hides_another(bits: u32, rest: u64) {
            let [high, low] = [(bits >> 16) as u16, bits as u16];
            let teredo = [(rest >> 48) as u16, (rest >> 32) as u16, (rest >> 16) as u16, rest as u16];
            for dressed in [
                Ipv4Addr::from_bits(bits).to_ipv6_mapped(),
                v6([0, 0, 0, 0, 0, 0, high, low]),
                v6([0, 0, 0, 0, 0xffff, 0, high, low]),
                v6([0x64, 0xff9b, 0, 0, 0, 0, high, low]),
                v6([0x64, 0xff9b, 1, teredo[0], teredo[1], teredo[2], high, low]),
                v6([0x2002, high, low, teredo[0], teredo[1], teredo[2], teredo[3], 1]),
                v6([0x2001, 0, high, low, teredo[0], teredo[1], teredo[2], teredo[3]]),
            ] {
                prop_assert!(refusal(dressed.into()).is_some(), "{}", dressed);
            }
        }

        #[test]
        fn outside_of_the_public_block_no_ipv6_address_is_let_through(bits: u128) {
            let address = Ipv6Addr::from_bits(bits);
            let is_let_through = refusal(address.into()).is_none();
            if is_let_through {
                prop_assert_eq!(address.segments()[0] >> 13, 1, "{}", address);
                prop_assert!(!address.is_unique_local() && !address.is_multicast() && !address.is_loopback());
                prop_assert!(!address.is_unicast_link_local());
            }
        }
    }
}
