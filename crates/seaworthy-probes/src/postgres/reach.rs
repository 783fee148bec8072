//! Where an address leads at most: this machine, a private network, or the world.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A network: an address and how many of its leading bits count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Network {
    address: IpAddr,
    bits: u32,
}

/// Networks that are not reached from the world: RFC 1918, RFC 6598 and unique local addresses.
const PRIVATE: [Network; 5] = [
    Network { address: IpAddr::V4(Ipv4Addr::new(10, 0, 0, 0)), bits: 8 },
    Network { address: IpAddr::V4(Ipv4Addr::new(172, 16, 0, 0)), bits: 12 },
    Network { address: IpAddr::V4(Ipv4Addr::new(192, 168, 0, 0)), bits: 16 },
    Network { address: IpAddr::V4(Ipv4Addr::new(100, 64, 0, 0)), bits: 10 },
    Network { address: IpAddr::V6(Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0)), bits: 7 },
];
const LOOPBACK: [Network; 2] = [
    Network { address: IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0)), bits: 8 },
    Network { address: IpAddr::V6(Ipv6Addr::LOCALHOST), bits: 128 },
];

impl Network {
    /// One address.
    pub(super) fn single(address: IpAddr) -> Self {
        let bits = if address.is_ipv4() { 32 } else { 128 };
        Self { address, bits }
    }

    /// From an address and a mask as `pg_hba_file_rules` shows them.
    pub(super) fn from_mask(address: &str, mask: &str) -> Option<Self> {
        let address: IpAddr = address.parse().ok()?;
        let bits = match (address, mask.parse().ok()?) {
            (IpAddr::V4(_), IpAddr::V4(mask)) => contiguous(u128::from(mask.to_bits()) << 96)?,
            (IpAddr::V6(_), IpAddr::V6(mask)) => contiguous(mask.to_bits())?,
            _ => return None,
        };
        Some(Self { address, bits })
    }

    /// Whether all of `other` lies in this one.
    pub(super) fn covers(self, other: Self) -> bool {
        let wide = |address: IpAddr| match address {
            IpAddr::V4(v4) => u128::from(v4.to_bits()) << 96,
            IpAddr::V6(v6) => v6.to_bits(),
        };
        let mask = if self.bits == 0 { 0 } else { u128::MAX << (128 - self.bits) };
        self.address.is_ipv4() == other.address.is_ipv4()
            && other.bits >= self.bits
            && wide(self.address) & mask == wide(other.address) & mask
    }

    /// The word for where it leads: `loopback`, `private`, `public`, `any`.
    pub(super) fn reach(self) -> &'static str {
        if self.bits == 0 {
            "any"
        } else if LOOPBACK.iter().any(|own| own.covers(self)) {
            "loopback"
        } else if PRIVATE.iter().any(|network| network.covers(self)) {
            "private"
        } else {
            "public"
        }
    }
}

/// Leading ones of a mask that has nothing but zeros after them.
fn contiguous(mask: u128) -> Option<u32> {
    let ones = mask.leading_ones();
    (mask.count_ones() == ones).then_some(ones)
}

/// The same for one address.
pub(super) fn of_address(address: IpAddr) -> &'static str {
    Network::single(address.to_canonical()).reach()
}

/// The widest of the words for where something leads.
pub(super) fn widest<'a>(words: impl Iterator<Item = &'a str>) -> &'static str {
    const NARROW_TO_WIDE: [&str; 6] = ["nowhere", "loopback", "private", "name", "public", "any"];
    let rank = |word: &str| NARROW_TO_WIDE.iter().position(|known| *known == word);
    words.filter_map(rank).max().map_or("nowhere", |rank| NARROW_TO_WIDE[rank])
}
