//! What the `dns` probe sees.

use schemars::JsonSchema;
use seaworthy_core::facts::{Listed, Seen};
use serde::Serialize;

/// The names of an environment.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct DnsFacts {
    /// One entry per name, in the order in which they were given.
    pub names: Seen<Listed<DnsName>>,
}

/// One name.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct DnsName {
    /// The name as asked for.
    pub name: String,
    /// A command that shows it again.
    pub by_hand: String,
    /// Whether the name exists, with whatever records.
    pub exists: Seen<bool>,
    /// Its IPv4 addresses; empty when there are none.
    pub ipv4_addresses: Seen<Listed<String>>,
    /// Its IPv6 addresses; empty when there are none.
    pub ipv6_addresses: Seen<Listed<String>>,
    /// All its addresses; unseen when one of the two kinds was not seen.
    pub addresses: Seen<Listed<String>>,
    /// The names that its CNAME records lead over, in order; empty when it is no alias.
    pub aliases: Seen<Listed<String>>,
    /// Whether the aliases end at a name that does not exist, or in a circle.
    pub alias_dangles: Seen<bool>,
}
