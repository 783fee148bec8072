//! How strong a cipher suite is, read from its name.
//!
//! *Weak* is what RFC 9325 section 4.1 says must not or should not be negotiated because it does not encrypt, has less
//! than 128 bits or no forward secrecy, and suites without authentication. *Dated* is what is left and does not stand in
//! Mozilla's intermediate list, or stands there against the advice of RFC 9325. The rest is *strong*.

use schemars::JsonSchema;
use serde::Serialize;

/// How strong a cipher suite is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Strength {
    /// Fit for use.
    Strong,
    /// To be dropped when no client needs it any more.
    Dated,
    /// Not fit for use.
    Weak,
}

/// The strength of a suite and the reason when it is not strong.
pub(super) fn strength(name: &str) -> (Strength, Option<&'static str>) {
    if let Some((_, why)) = WEAK.iter().find(|(sign, _)| name.contains(sign)) {
        return (Strength::Weak, Some(why));
    }
    if let Some((_, why)) = WEAK_STARTS.iter().find(|(start, _)| name.starts_with(start)) {
        return (Strength::Weak, Some(why));
    }
    match DATED.iter().find(|(sign, _)| name.contains(sign)) {
        Some((_, why)) => (Strength::Dated, Some(why)),
        None => (Strength::Strong, None),
    }
}

const NO_ENCRYPTION: &str = "does not encrypt (RFC 9325 section 4.1: MUST NOT)";
const NO_FORWARD_SECRECY: &str = "has no forward secrecy (RFC 9325 section 4.1: SHOULD NOT)";
const SMALL_BLOCK: &str = "offers less than 128 bits (RFC 9325 section 4.1: SHOULD NOT)";

/// Signs of weakness anywhere in a name; the worst first, because the first is the reason that is shown.
const WEAK: &[(&str, &str)] = &[
    ("_NULL_", NO_ENCRYPTION),
    ("TLS_SHA256_SHA256", NO_ENCRYPTION),
    ("TLS_SHA384_SHA384", NO_ENCRYPTION),
    ("_EXPORT", "offers 40 or 56 bits (RFC 9325 section 4.1: MUST NOT)"),
    ("_anon_", "does not prove who the server is (RFC 5246 appendix A.5)"),
    ("_RC4_", "RC4 is broken (RFC 7465, RFC 9325 section 4.1: MUST NOT)"),
    ("_DES_CBC_", "offers 56 bits (RFC 9325 section 4.1: MUST NOT)"),
    ("_DES40_", "offers 40 bits (RFC 9325 section 4.1: MUST NOT)"),
    ("_3DES_", SMALL_BLOCK),
    ("_IDEA_", "IDEA has 64-bit blocks (RFC 5469: SHOULD NOT)"),
    ("_RC2_", SMALL_BLOCK),
    ("_MD5", "MD5 is broken (RFC 9155)"),
];

/// Key exchanges that keep the secret of every session in one long-lived key.
const WEAK_STARTS: &[(&str, &str)] = &[
    ("TLS_RSA_", NO_FORWARD_SECRECY),
    ("TLS_DH_", NO_FORWARD_SECRECY),
    ("TLS_ECDH_", NO_FORWARD_SECRECY),
    ("TLS_PSK_", NO_FORWARD_SECRECY),
    ("TLS_KRB5_", NO_FORWARD_SECRECY),
];

const DATED: &[(&str, &str)] = &[
    ("_CBC_", "CBC mode, not in Mozilla's intermediate list"),
    ("_DHE_DSS_", "DSA keys, not in Mozilla's intermediate list"),
    ("TLS_SRP_", "not in Mozilla's intermediate list"),
    ("_CCM_8", "an authentication tag of 8 bytes, not in Mozilla's intermediate list"),
    ("TLS_DHE_", "finite-field Diffie-Hellman (RFC 9325 section 4.1: SHOULD NOT)"),
];
