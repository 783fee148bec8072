//! A few keys by their names, so that another server's copy with as many keys is not taken for this one's. Names go no further than here.

use std::collections::BTreeMap;

use seaworthy_core::facts::Unseen;
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

use super::keys::Keys;
use crate::redis::question::Question;
use crate::redis::resp::{self, Reply, not_redis};
use crate::redis::session::Session;

/// Most databases of which keys are named.
const DATABASES_MAX: usize = 3;
/// So often each is asked for a random key.
const DRAWS: usize = 8;

/// One key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    database: String,
    name: String,
    /// It has no expiry.
    lasting: bool,
}

/// How many of those that are there were loaded too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) expected: Keys,
    pub(super) loaded: Keys,
}

/// Draws keys of the server, each once.
pub(super) async fn drawn(session: &mut Session<'_>, databases: &[u32]) -> Result<Vec<Named>, Unseen> {
    let mut drawn: BTreeMap<(String, String), bool> = BTreeMap::new();
    for database in databases.iter().take(DATABASES_MAX) {
        let database = database.to_string();
        session.answer(Question::Select(&database)).await?;
        for _ in 0..DRAWS {
            let reply = session.answer(Question::RandomKey).await?;
            // A name that is no UTF-8 cannot be asked for again.
            let Some(name) = reply.text().filter(|name| !name.contains('\u{fffd}')) else { continue };
            let lasting = session.answer(Question::TimeToLive(name)).await? == Reply::Integer(-1);
            drawn.insert((database.clone(), name.to_owned()), lasting);
        }
    }
    Ok(drawn.into_iter().map(|((database, name), lasting)| Named { database, name, lasting }).collect())
}

/// Which of them the server has still.
pub(super) async fn still_there(session: &mut Session<'_>, keys: &[Named]) -> Result<Vec<bool>, Unseen> {
    let (mut there, mut selected) = (Vec::new(), "");
    for key in keys {
        if selected != key.database {
            session.answer(Question::Select(&key.database)).await?;
            selected = &key.database;
        }
        there.push(session.answer(Question::Exists(&key.name)).await? == Reply::Integer(1));
    }
    Ok(there)
}

/// Which of them a second server has loaded.
pub(super) async fn loaded(stream: &mut BufReader<UnixStream>, keys: &[Named]) -> Result<Vec<bool>, Unseen> {
    let mut there = Vec::new();
    for key in keys {
        asked(stream, Question::Select(&key.database)).await?;
        there.push(asked(stream, Question::Exists(&key.name)).await? == Reply::Integer(1));
    }
    Ok(there)
}

/// Asks a second server.
pub(super) async fn asked(
    stream: &mut BufReader<UnixStream>,
    question: Question<'_>,
) -> Result<Reply, Unseen> {
    stream.write_all(&resp::command(&question.words())).await.map_err(|_| not_redis())?;
    resp::read(stream).await
}

/// Counts those that were there all the time, and those of them that were loaded.
pub(super) fn told(keys: &[Named], still_there: &[bool], loaded: &[bool]) -> Told {
    let mut told = Told::default();
    for (index, key) in keys.iter().enumerate().filter(|(index, _)| still_there.get(*index) == Some(&true)) {
        told.expected.add(key.lasting);
        if loaded.get(index) == Some(&true) {
            told.loaded.add(key.lasting);
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::{Keys, Named, told};

    #[test]
    fn keys_that_went_meanwhile_are_not_missed() {
        let key = |name: &str, lasting| Named { database: "0".to_owned(), name: name.to_owned(), lasting };
        let keys = [key("a", true), key("b", true), key("c", false)];
        let told = told(&keys, &[true, false, true], &[true, false, false]);
        assert_eq!(told.expected, Keys { all: 2, lasting: 1 });
        assert_eq!(told.loaded, Keys { all: 1, lasting: 1 });
    }
}
