//! JSON Web Tokens that nobody with the key made: RFC 7515 and 7519, as far as forging takes. Pure but for random keys.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::{hmac, rsa, signature};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use seaworthy_core::facts::{Blind, Unseen};
use secrecy::SecretString;
use serde_json::{Map, Value as Json, json};

/// Longest token that is taken for one, in bytes; headers of a request are rarely longer.
const TOKEN_BYTES_MAX: usize = 8 * 1024;

/// A token in three parts, whose header and claims are JSON.
#[derive(Clone)]
pub(super) struct Jwt {
    header: Map<String, Json>,
    claims: Map<String, Json>,
    /// The parts as they were sent.
    parts: [String; 3],
    pub(super) algorithm: String,
}

/// How a token is forged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Forgery {
    /// It says that it needs no signature, in this spelling of `none`, and has none.
    Unsigned(&'static str),
    /// The same claims, signed with a new key for the same algorithm.
    ForeignKey,
    /// One more claim under the signature of before.
    AlteredClaims,
}

impl Forgery {
    /// All that are tried. Spellings differ because libraries that compared the exact word were fooled by another one.
    pub(super) const ALL: [Self; 6] = [
        Self::Unsigned("none"),
        Self::Unsigned("None"),
        Self::Unsigned("NONE"),
        Self::Unsigned("nOnE"),
        Self::ForeignKey,
        Self::AlteredClaims,
    ];

    pub(super) fn word(self) -> String {
        match self {
            Self::Unsigned(spelling) => format!("alg-{spelling}"),
            Self::ForeignKey => "foreign-key".to_owned(),
            Self::AlteredClaims => "altered-claims".to_owned(),
        }
    }
}

impl Jwt {
    /// Reads a token; nothing where it is of another kind.
    pub(super) fn read(token: &str) -> Option<Self> {
        if token.len() > TOKEN_BYTES_MAX {
            return None;
        }
        let parts: Vec<&str> = token.split('.').collect();
        let [header, claims, mark] = parts.as_slice() else { return None };
        let object = |part: &str| match serde_json::from_slice(&BASE64.decode(part).ok()?).ok()? {
            Json::Object(object) => Some(object),
            _ => None,
        };
        let read = object(header)?;
        let algorithm: String = read.get("alg")?.as_str()?.chars().take(20).collect();
        let parts = [header, claims, mark].map(|part| (*part).to_owned());
        Some(Self { claims: object(claims)?, header: read, parts, algorithm })
    }

    /// A forged token. Making an RSA key takes a tenth of a second.
    pub(super) fn forged(&self, forgery: Forgery) -> Result<SecretString, Unseen> {
        let [header, claims, mark] = &self.parts;
        let token = match forgery {
            Forgery::Unsigned(spelling) => {
                let mut unsigned = self.header.clone();
                unsigned.insert("alg".to_owned(), json!(spelling));
                format!("{}.{claims}.", encoded(&unsigned))
            }
            Forgery::ForeignKey => {
                let body = format!("{header}.{claims}");
                let signed = signed(&self.algorithm, body.as_bytes())?;
                format!("{body}.{}", BASE64.encode(signed))
            }
            Forgery::AlteredClaims => {
                let mut altered = self.claims.clone();
                altered.insert("seaworthy".to_owned(), json!("altered"));
                format!("{header}.{}.{mark}", encoded(&altered))
            }
        };
        Ok(SecretString::from(token))
    }
}

fn encoded(object: &Map<String, Json>) -> String {
    BASE64.encode(Json::Object(object.clone()).to_string())
}

/// A signature by a key that was never used before and is gone afterwards.
fn signed(algorithm: &str, body: &[u8]) -> Result<Vec<u8>, Unseen> {
    let random = SystemRandom::new();
    let made = match algorithm {
        "HS256" => by_secret(hmac::HMAC_SHA256, &random, body),
        "HS384" => by_secret(hmac::HMAC_SHA384, &random, body),
        "HS512" => by_secret(hmac::HMAC_SHA512, &random, body),
        "RS256" => by_rsa(&signature::RSA_PKCS1_SHA256, &random, body),
        "RS384" => by_rsa(&signature::RSA_PKCS1_SHA384, &random, body),
        "RS512" => by_rsa(&signature::RSA_PKCS1_SHA512, &random, body),
        "PS256" => by_rsa(&signature::RSA_PSS_SHA256, &random, body),
        "PS384" => by_rsa(&signature::RSA_PSS_SHA384, &random, body),
        "PS512" => by_rsa(&signature::RSA_PSS_SHA512, &random, body),
        "ES256" => by_curve(&signature::ECDSA_P256_SHA256_FIXED_SIGNING, &random, body),
        "ES384" => by_curve(&signature::ECDSA_P384_SHA384_FIXED_SIGNING, &random, body),
        "ES512" => by_curve(&signature::ECDSA_P521_SHA512_FIXED_SIGNING, &random, body),
        "EdDSA" | "Ed25519" => {
            signature::Ed25519KeyPair::generate().map(|key| key.sign(body).as_ref().to_vec()).ok()
        }
        _ => {
            let why = format!("tokens signed with `{algorithm}` cannot be forged here");
            return Err(Unseen::new(Blind::Unsupported, why));
        }
    };
    made.ok_or_else(|| Unseen::new(Blind::Crashed, "a key to forge a token with could not be made"))
}

fn by_secret(algorithm: hmac::Algorithm, random: &SystemRandom, body: &[u8]) -> Option<Vec<u8>> {
    let key = hmac::Key::generate(algorithm, random).ok()?;
    Some(hmac::sign(&key, body).as_ref().to_vec())
}

fn by_rsa(
    padding: &'static dyn signature::RsaEncoding,
    random: &SystemRandom,
    body: &[u8],
) -> Option<Vec<u8>> {
    let key = rsa::KeyPair::generate(rsa::KeySize::Rsa2048).ok()?;
    let mut signed = vec![0; key.public_modulus_len()];
    key.sign(padding, random, body, &mut signed).ok()?;
    Some(signed)
}

fn by_curve(
    algorithm: &'static signature::EcdsaSigningAlgorithm,
    random: &SystemRandom,
    body: &[u8],
) -> Option<Vec<u8>> {
    let key = signature::EcdsaKeyPair::generate(algorithm).ok()?;
    Some(key.sign(random, body).ok()?.as_ref().to_vec())
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    /// A token that says this of itself, with a signature of zeros.
    fn token(header: &str) -> String {
        let claims = BASE64.encode(r#"{"sub": "someone", "exp": 4102444800}"#);
        format!("{}.{claims}.{}", BASE64.encode(header), BASE64.encode([0; 32]))
    }

    #[test]
    fn only_three_parts_of_json_are_a_signed_token() {
        let sound = token(r#"{"alg": "HS256", "kid": "1"}"#);
        assert_eq!(Jwt::read(&sound).unwrap().algorithm, "HS256");
        let long = format!("{sound}{}", "A".repeat(TOKEN_BYTES_MAX));
        for other in ["", "a.b.c", "..", "3f9a", &token("[]"), &token("{}"), &format!("{sound}.x"), &long] {
            assert!(Jwt::read(other).is_none(), "{other:.60}");
        }
    }

    #[test]
    fn a_forged_token_keeps_what_it_does_not_forge() {
        let sound = token(r#"{"alg": "HS256", "kid": "1"}"#);
        let read = Jwt::read(&sound).unwrap();
        let [_, claims, mark] = read.parts.clone();
        for forgery in Forgery::ALL {
            let forged = read.forged(forgery).unwrap();
            let forged = forged.expose_secret();
            assert_ne!(forged, sound);
            let parts: Vec<&str> = forged.split('.').collect();
            let header: Json = serde_json::from_slice(&BASE64.decode(parts[0]).unwrap()).unwrap();
            assert_eq!(header["kid"], "1");
            match forgery {
                Forgery::Unsigned(spelling) => {
                    assert_eq!((&header["alg"], parts[1], parts[2]), (&json!(spelling), claims.as_str(), ""));
                }
                Forgery::ForeignKey => assert!(parts[1] == claims && parts[2] != mark),
                Forgery::AlteredClaims => assert!(parts[1] != claims && parts[2] == mark),
            }
        }
    }

    #[test]
    fn every_registered_algorithm_has_a_signature_of_its_length() {
        for (algorithm, bytes) in
            [("HS512", 64), ("RS256", 256), ("PS384", 256), ("ES256", 64), ("ES512", 132), ("EdDSA", 64)]
        {
            assert_eq!(signed(algorithm, b"x").unwrap().len(), bytes, "{algorithm}");
        }
        assert!(signed("none", b"x").is_err() && signed("HS1", b"x").is_err());
    }
}
