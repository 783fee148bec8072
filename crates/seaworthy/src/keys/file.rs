//! A private key in a file that only its owner may read: as OpenSSH writes it, or PKCS#8 in PEM.

use std::path::Path;

use ed25519_dalek::pkcs8::DecodePrivateKey;
use ed25519_dalek::{Signer as _, SigningKey};
use seaworthy_core::facts::Unseen;
use seaworthy_core::statement::PublicKey;
use ssh_key::PrivateKey;
use ssh_key::private::KeypairData;
use zeroize::Zeroizing;

use crate::cli::Sign;
use crate::exit::Wrong;
use crate::run::secrets;

/// A private key in memory; wiped when it is dropped.
pub(crate) struct FileKey {
    key: SigningKey,
    public: PublicKey,
}

impl FileKey {
    pub(crate) fn public(&self) -> PublicKey {
        self.public
    }

    pub(crate) fn sign(&self, bytes: &[u8]) -> [u8; 64] {
        self.key.sign(bytes).to_bytes()
    }
}

/// Reads a key. No error quotes anything of the file.
pub(super) fn read(path: &Path, sign: &Sign) -> anyhow::Result<FileKey> {
    let text = secrets::private_text(path).map_err(wrong)?;
    let key = if text.contains("BEGIN OPENSSH PRIVATE KEY") {
        openssh(&text, path, sign)?
    } else if text.contains("BEGIN PRIVATE KEY") {
        SigningKey::from_pkcs8_pem(&text).map_err(|_| unreadable(path))?
    } else {
        return Err(unreadable(path));
    };
    let public = PublicKey::from_bytes(key.verifying_key().to_bytes())?;
    Ok(FileKey { key, public })
}

fn openssh(text: &str, path: &Path, sign: &Sign) -> anyhow::Result<SigningKey> {
    let mut key = PrivateKey::from_openssh(text).map_err(|_| unreadable(path))?;
    if key.is_encrypted() {
        let passphrase = passphrase(path, sign)?;
        key = key.decrypt(passphrase.as_bytes()).map_err(|_| {
            Wrong::error(
                format!("the passphrase does not open the key {}", path.display()),
                "give the one that `ssh-keygen -y` takes for it",
            )
        })?;
    }
    match key.key_data() {
        KeypairData::Ed25519(pair) => Ok(SigningKey::from_bytes(&Zeroizing::new(pair.private.to_bytes()))),
        _ => Err(unreadable(path)),
    }
}

fn passphrase(path: &Path, sign: &Sign) -> anyhow::Result<Zeroizing<String>> {
    if let Some(file) = &sign.passphrase_file {
        return Ok(Zeroizing::new(secrets::from_file(file).map_err(wrong)?));
    }
    if let Some(name) = &sign.passphrase_env {
        return std::env::var(name).map(Zeroizing::new).map_err(|_| {
            let usual = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
            // Any other word may be the passphrase itself, in the wrong place.
            let shown =
                if name.chars().all(usual) { format!("`{name}`") } else { "that was named".to_owned() };
            Wrong::error(
                format!("the environment variable {shown} is not set"),
                "give the variable's name, and keep the passphrase in the variable",
            )
        });
    }
    Err(Wrong::error(
        format!("the key {} is encrypted", path.display()),
        "name its passphrase with `--passphrase-env NAME` or `--passphrase-file FILE`, or use `--agent`",
    ))
}

fn unreadable(path: &Path) -> anyhow::Error {
    Wrong::error(
        format!("{} holds no Ed25519 private key that can be read", path.display()),
        "`ssh-keygen -t ed25519 -f FILE` makes one; PKCS#8 in PEM is read too, unless it is encrypted",
    )
}

/// A file that others can read, or that is none, is a wrong request.
fn wrong(unseen: Unseen) -> anyhow::Error {
    Wrong::error(unseen.why, unseen.give.unwrap_or_else(|| "name a file that only you can read".to_owned()))
}
