//! Which addresses may be dialled at all, and how public an address is.
//!
//! Judges the address that is dialled, never the name: a name can answer differently the next time.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How public an address is, from the machine itself outwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// This machine.
    Loopback,
    /// A private network.
    Private,
    /// The Internet.
    Public,
}

/// Addresses outside link-local at which clouds serve instance metadata and credentials.
const METADATA: [IpAddr; 4] = [
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
];

/// How public an address is, or in words why it is never dialled.
pub fn reach(address: IpAddr) -> Result<Reach, &'static str> {
    let address = embedded(address);
    if METADATA.contains(&address) {
        return Err("it serves a cloud's instance metadata");
    }
    match address {
        IpAddr::V4(v4) => reach_v4(v4),
        IpAddr::V6(v6) => reach_v6(v6),
    }
}

fn reach_v4(v4: Ipv4Addr) -> Result<Reach, &'static str> {
    let [first, second, ..] = v4.octets();
    if v4.is_link_local() {
        Err("it is link-local")
    } else if first == 0 || v4.is_multicast() || first >= 240 {
        Err("it is not the address of one machine")
    } else if v4.is_loopback() {
        Ok(Reach::Loopback)
    } else if v4.is_private() || (first == 100 && (64..128).contains(&second)) {
        Ok(Reach::Private)
    } else {
        Ok(Reach::Public)
    }
}

fn reach_v6(v6: Ipv6Addr) -> Result<Reach, &'static str> {
    if v6.is_unicast_link_local() {
        Err("it is link-local")
    } else if v6.is_unspecified() || v6.is_multicast() {
        Err("it is not the address of one machine")
    } else if v6.is_loopback() {
        Ok(Reach::Loopback)
    } else if v6.is_unique_local() {
        Ok(Reach::Private)
    } else {
        Ok(Reach::Public)
    }
}

/// The IPv4 address inside an IPv6 one, in every form that a network may translate back:
/// mapped `::ffff:a.b.c.d`, compatible `::a.b.c.d`, NAT64 `64:ff9b::a.b.c.d`, 6to4 `2002:aabb:ccdd::`.
fn embedded(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else { return address };
    let segments = v6.segments();
    let four = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        IpAddr::V4(Ipv4Addr::new(a, b, c, d))
    };
    match segments {
        [0, 0, 0, 0, 0, 0, 0, _] => address,
        [0, 0, 0, 0, 0, 0xffff | 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, ..] => four(high, low),
        _ => address,
    }
}
