//! The key of the person who signs: from a file or from an SSH agent. No private key is kept longer than one command.

mod agent;
mod file;

use anyhow::Context;
use seaworthy_core::manifest::People;
use seaworthy_core::statement::{Envelope, PAYLOAD_TYPE, PublicKey, pae};

use crate::cli::Sign;
use crate::exit::Wrong;

use self::agent::Agent;
use self::file::FileKey;

/// Someone who can sign, and who that is.
pub(crate) struct Signer {
    source: Source,
    public: PublicKey,
    /// The person of the manifest who has this key.
    pub(crate) person: String,
}

enum Source {
    File(Box<FileKey>),
    Agent(Agent),
}

impl Signer {
    /// The signer that the command line names: a person of the manifest with this key.
    pub(crate) fn of(sign: &Sign, people: &People) -> anyhow::Result<Self> {
        match (&sign.key, sign.agent) {
            (Some(path), false) => {
                let key = file::read(path, sign)?;
                let person = person_with(people, &key.public(), sign.person.as_deref())?;
                Ok(Self { public: key.public(), person, source: Source::File(Box::new(key)) })
            }
            (None, true) => Self::of_agent(people, sign.person.as_deref()),
            _ => Err(Wrong::error(
                "nothing says with which key to sign",
                "give `--key FILE` with a private Ed25519 key, or `--agent` for the SSH agent's",
            )),
        }
    }

    fn of_agent(people: &People, wanted: Option<&str>) -> anyhow::Result<Self> {
        let agent = Agent::open()?;
        let mut held: Vec<(PublicKey, String)> = Vec::new();
        for key in agent.keys()? {
            if let Some((person, _)) =
                people.owner_of(&key).filter(|(id, _)| wanted.is_none_or(|wanted| wanted == *id))
            {
                held.push((key, person.to_owned()));
            }
        }
        let (public, person) = held.first().cloned().ok_or_else(|| {
            Wrong::error(
                "the SSH agent holds no Ed25519 key of a person of seaworthy.yaml",
                "`ssh-add FILE` gives it one; `ssh-add -L` lists what it holds",
            )
        })?;
        if let Some((_, other)) = held.iter().find(|(_, other)| *other != person) {
            return Err(Wrong::error(
                format!("the SSH agent holds keys of `{person}` and of `{other}`"),
                "say who signs with `--person ADDRESS`",
            ));
        }
        Ok(Self { source: Source::Agent(agent), public, person })
    }

    /// Signs a payload as DSSE does. The signature is verified before it is used.
    pub(crate) fn sign(&self, payload: &[u8]) -> anyhow::Result<[u8; 64]> {
        let bytes = pae(PAYLOAD_TYPE, payload);
        let signature = match &self.source {
            Source::File(key) => key.sign(&bytes),
            Source::Agent(agent) => agent.sign(&self.public, &bytes)?,
        };
        self.public.verifies(&bytes, &signature).then_some(signature).context("the signature does not verify")
    }

    /// An envelope around a payload, signed.
    pub(crate) fn envelope(&self, payload: &[u8]) -> anyhow::Result<Envelope> {
        Ok(Envelope::new(payload, &[self.sign(payload)?]))
    }
}

fn person_with(people: &People, key: &PublicKey, wanted: Option<&str>) -> anyhow::Result<String> {
    let Some((person, _)) = people.owner_of(key) else {
        return Err(Wrong::error(
            format!("nobody under `people` in seaworthy.yaml has the key {}", key.fingerprint()),
            format!("add it to a person there: `keys: [\"{key}\"]`"),
        ));
    };
    match wanted {
        Some(wanted) if wanted != person => Err(Wrong::error(
            format!("the key {} is of `{person}`, not of `{wanted}`", key.fingerprint()),
            "sign with the key of that person",
        )),
        _ => Ok(person.to_owned()),
    }
}

#[cfg(test)]
mod tests;
