//! One vote, verified.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::Ground;
use crate::ledger::Record;
use crate::limits::people::CLOCK_AHEAD_SECONDS_MAX;
use crate::statement::{Choice, Envelope, PAYLOAD_TYPE, Vote, open, pae};

/// A vote that counts.
pub(super) struct Ballot {
    pub(super) vote: Vote,
    /// The signature over the decision, with a GO.
    pub(super) signature: Option<[u8; 64]>,
}

impl Ballot {
    /// Reads a vote. `None` where it is about another decision; an error says why it does not count.
    pub(super) fn read(
        record: &Record,
        ground: &Ground<'_>,
        decision: &str,
        payload: &[u8],
    ) -> Result<Option<Self>, String> {
        let people = ground.people;
        let opened = Envelope::parse(record.entry.envelope.as_bytes())
            .and_then(|envelope| open::<Vote>(&envelope, &people.keys()))
            .map_err(|error| error.to_string())?;
        let about_this = opened.statement.digest("sha256") == Some(decision);
        let vote = opened.statement.predicate;
        // Looking again at the same commit does not make a NO-GO unsaid.
        let against_this = vote.choice == Choice::NoGo && vote.commit == ground.run.commit;
        if !about_this && !against_this && vote.run != ground.run.id {
            return Ok(None);
        }
        let signer = opened.signers.iter().find_map(|key| {
            let (id, person) = people.owner_of(key)?;
            (id == vote.person).then_some((key, person))
        });
        let Some((key, person)) = signer else { return Err(format!("`{}` did not sign it", vote.person)) };
        if !person.roles.contains(&vote.role) {
            return Err(format!("`{}` does not have the role `{}`", vote.person, vote.role));
        }
        if vote.at.signed_duration_since(ground.now).num_seconds() > CLOCK_AHEAD_SECONDS_MAX {
            return Err("it is dated in the future".to_owned());
        }
        if !about_this && !against_this {
            return Err("it signs another account of this run, as another version would give it".to_owned());
        }
        if about_this && vote.run != ground.run.id {
            return Err("it names another run".to_owned());
        }
        let signature = match (vote.choice, &vote.decision_signature) {
            (Choice::NoGo, _) => None,
            (Choice::Go, None) => return Err("it is a GO without a signature over the decision".to_owned()),
            (Choice::Go, Some(text)) => {
                let signature = STANDARD.decode(text).ok().and_then(|bytes| <[u8; 64]>::try_from(bytes).ok());
                let signed = pae(PAYLOAD_TYPE, payload);
                let good = signature.filter(|signature| key.verifies(&signed, signature));
                Some(good.ok_or("its signature over the decision does not verify")?)
            }
        };
        Ok(Some(Self { vote, signature }))
    }
}
