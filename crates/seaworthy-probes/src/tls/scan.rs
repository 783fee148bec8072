//! Finds which versions and suites a server accepts: ask, take the chosen suite away, ask again.

use std::collections::VecDeque;

use futures_util::StreamExt;
use futures_util::stream;
use seaworthy_core::facts::{Blind, Unseen};
use seaworthy_core::limits::tls::{CONNECTIONS_AT_ONCE_MAX, SUITES_OFFERED_MAX};

use super::ask::{Accepted, Answer, Asker, Refusal};
use super::facts::Version;
use super::strength::{Strength, strength};
use super::suites::{OLDER, TLS13};

/// What was found out about all versions.
#[derive(Debug)]
pub(super) struct Scan {
    /// One per version, oldest first.
    pub(super) versions: Vec<VersionScan>,
}

/// What was found out about one version.
#[derive(Debug)]
pub(super) struct VersionScan {
    pub(super) version: Version,
    pub(super) accepted: Result<bool, Unseen>,
    /// The answers that accepted, one per suite.
    pub(super) found: Vec<Accepted>,
    /// Why there may be more suites.
    pub(super) cut: Option<Unseen>,
    /// Suites that are still to be asked for.
    left: Vec<Vec<u16>>,
    /// Whether something was taken for a no that may also have been trouble.
    doubtful: bool,
}

/// Asks for every version.
pub(super) async fn first(asker: Asker<'_>) -> Scan {
    let mut versions = first_answers(asker).await;
    doubt(asker, &mut versions).await;
    doubt_refusal_of_all(&mut versions);
    versions.sort_by_key(|scan| scan.version);
    Scan { versions }
}

/// Asks for every other suite of the versions that are accepted. Takes the most connections, so it comes last.
pub(super) async fn rest(asker: Asker<'_>, mut scan: Scan) -> Scan {
    all_suites(asker, &mut scan.versions).await;
    doubt(asker, &mut scan.versions).await;
    scan
}

/// Newest first: when neither TLS 1.3 nor 1.2 gets an answer, the older ones are not asked for.
async fn first_answers(asker: Asker<'_>) -> Vec<VersionScan> {
    let (newest, newer) =
        tokio::join!(first_answer(asker, Version::Tls13), first_answer(asker, Version::Tls12));
    let old = [Version::Tls10, Version::Tls11, Version::Ssl3];
    let mut versions = vec![newest, newer];
    if let [Err(why), Err(_)] = [&versions[1].accepted, &versions[0].accepted] {
        let why = why.clone();
        versions.extend(
            old.map(|version| VersionScan { accepted: Err(why.clone()), ..VersionScan::of(version) }),
        );
        return versions;
    }
    let rest =
        stream::iter(old).map(|version| first_answer(asker, version)).buffered(CONNECTIONS_AT_ONCE_MAX);
    versions.extend(rest.collect::<Vec<_>>().await);
    versions
}

async fn first_answer(asker: Asker<'_>, version: Version) -> VersionScan {
    let mut scan = VersionScan::of(version);
    let mut waiting: VecDeque<Vec<u16>> = std::mem::take(&mut scan.left).into();
    let mut by_kind = false;
    while let Some(mut suites) = waiting.pop_front() {
        match asker.ask(version, &suites).await {
            Answer::Accepted(accepted) => {
                suites.retain(|suite| *suite != accepted.suite);
                scan.found.push(*accepted);
                scan.accepted = Ok(true);
                scan.left = std::iter::once(suites).chain(waiting).collect();
                return scan;
            }
            Answer::Unseen(unseen) => {
                scan.accepted = Err(unseen);
                return scan;
            }
            // "Protocol version" and a lower version say no to all suites of this one.
            Answer::Refused(Refusal::Lower | Refusal::Alert(70)) => return scan,
            Answer::Refused(Refusal::Alert(_)) => {}
            Answer::Refused(Refusal::Closed) => scan.doubtful = true,
            Answer::Refused(Refusal::Failed) => {
                // Once, over all suites: another kind than the one that it chose may do.
                if !by_kind {
                    waiting = split(&offers(version).concat()).into();
                }
                by_kind = true;
                scan.doubtful = true;
            }
        }
    }
    scan
}

/// Newest version first, and what servers should not have first, so that the budget goes to what decides.
async fn all_suites(asker: Asker<'_>, versions: &mut [VersionScan]) {
    let jobs: Vec<(usize, Vec<u16>)> = versions
        .iter_mut()
        .enumerate()
        .rev()
        .flat_map(|(index, scan)| {
            std::mem::take(&mut scan.left).into_iter().rev().map(move |suites| (index, suites))
        })
        .collect();
    let asked: Vec<Version> = versions.iter().map(|scan| scan.version).collect();
    let done: Vec<_> = stream::iter(jobs)
        .map(|(index, suites)| {
            let version = asked[index];
            async move { (index, suites_of(asker, version, suites).await) }
        })
        .buffered(CONNECTIONS_AT_ONCE_MAX)
        .collect()
        .await;
    for (index, outcome) in done {
        let scan = &mut versions[index];
        scan.found.extend(outcome.found);
        scan.doubtful |= outcome.doubtful;
        scan.cut = scan.cut.take().or(outcome.cut);
    }
}

struct Suites {
    found: Vec<Accepted>,
    doubtful: bool,
    cut: Option<Unseen>,
}

/// At most one question per suite, because each yes takes one away, and a few where the server fails.
async fn suites_of(asker: Asker<'_>, version: Version, suites: Vec<u16>) -> Suites {
    let mut outcome = Suites { found: Vec::new(), doubtful: false, cut: None };
    let mut waiting = vec![suites];
    while let Some(mut suites) = waiting.pop() {
        if suites.is_empty() {
            continue;
        }
        match asker.ask(version, &suites).await {
            Answer::Accepted(accepted) => {
                suites.retain(|suite| *suite != accepted.suite);
                outcome.found.push(*accepted);
                waiting.push(suites);
            }
            Answer::Refused(Refusal::Lower | Refusal::Alert(_)) => {}
            Answer::Refused(Refusal::Closed) => outcome.doubtful = true,
            Answer::Refused(Refusal::Failed) => {
                outcome.doubtful = true;
                waiting.extend(split(&suites));
            }
            Answer::Unseen(unseen) => {
                outcome.cut = Some(unseen);
                break;
            }
        }
    }
    outcome
}

/// Suites by key exchange, for a server that fails over the one it chose and may go on with another; nothing when they
/// are all of one kind.
fn split(suites: &[u16]) -> Vec<Vec<u16>> {
    let kind = |suite: &u16| {
        let name = suite_name(*suite);
        ["TLS_ECDHE_", "TLS_DHE_", "TLS_RSA_"].iter().position(|start| name.starts_with(start))
    };
    let kinds = [Some(0), Some(1), Some(2), None];
    let parts =
        kinds.map(|wanted| suites.iter().copied().filter(|suite| kind(suite) == wanted).collect::<Vec<_>>());
    let parts: Vec<_> =
        parts.iter().flat_map(|part| part.chunks(SUITES_OFFERED_MAX)).map(<[u16]>::to_vec).collect();
    if parts.len() > 1 { parts } else { Vec::new() }
}

/// Hanging up and failing are only a no when the server still says yes to what it accepted before.
async fn doubt(asker: Asker<'_>, versions: &mut [VersionScan]) {
    if !versions.iter().any(|scan| scan.doubtful) {
        return;
    }
    let control =
        versions.iter().find_map(|scan| scan.found.first().map(|found| (scan.version, found.suite)));
    if let Some((version, suite)) = control
        && matches!(asker.ask(version, &[suite]).await, Answer::Accepted(_))
    {
        for scan in versions {
            scan.doubtful = false;
        }
        return;
    }
    let why = "it hung up or failed, and no later question showed that it still answers";
    let why = Unseen::new(Blind::Unreachable, why)
        .give("look again when the server is less busy or does not block us");
    for scan in versions.iter_mut().filter(|scan| scan.doubtful) {
        scan.doubtful = false;
        match scan.accepted {
            Ok(true) => scan.cut = Some(why.clone()),
            Ok(false) => scan.accepted = Err(why.clone()),
            Err(_) => {}
        }
    }
}

/// A server that refuses everything was not seen: it may not know the name, or not want us.
fn doubt_refusal_of_all(versions: &mut [VersionScan]) {
    if versions.iter().any(|scan| !matches!(scan.accepted, Ok(false))) {
        return;
    }
    let why = Unseen::new(Blind::Unreachable, "it refused every version of TLS with every suite")
        .give("check that the server is configured for this host name");
    for scan in versions {
        scan.accepted = Err(why.clone());
    }
}

impl VersionScan {
    fn of(version: Version) -> Self {
        let left = offers(version);
        Self { version, accepted: Ok(false), found: Vec::new(), cut: None, left, doubtful: false }
    }
}

/// The suites that a version knows, in parts that fit a hello: those that web servers should have, those that they should
/// not, those that hardly any has.
pub(super) fn offers(version: Version) -> Vec<Vec<u16>> {
    let all = if version == Version::Tls13 { TLS13 } else { OLDER };
    let known = |name: &str| version >= Version::Tls12 || !newer_than_tls11(name);
    let is_rare = |name: &str| RARE.iter().any(|part| name.contains(part));
    let mut known: Vec<(u16, &str)> = all.iter().copied().filter(|(_, name)| known(name)).collect();
    let is_weak = |name: &str| strength(name).0 == Strength::Weak;
    known.sort_by_key(|(_, name)| (is_rare(name), is_weak(name)));
    known
        .chunk_by(|(_, one), (_, next)| (is_rare(one), is_weak(one)) == (is_rare(next), is_weak(next)))
        .flat_map(|alike| alike.chunks(SUITES_OFFERED_MAX))
        .map(|part| part.iter().map(|(number, _)| *number).collect())
        .collect()
}

/// Suites with SHA-2 or an authenticated mode came with TLS 1.2.
fn newer_than_tls11(name: &str) -> bool {
    ["SHA256", "SHA384", "_CCM", "_GCM_"].iter().any(|part| name.contains(part))
}

/// Keys and key exchanges that hardly any web server has.
const RARE: [&str; 9] =
    ["_PSK_", "_KRB5_", "_SRP_", "_ECCPWD_", "_DSS_", "_DH_RSA_", "_ECDH_RSA_", "_ECDH_ECDSA_", "_ARIA_"];

/// The name of a suite in the IANA registry.
pub(super) fn suite_name(number: u16) -> String {
    TLS13
        .iter()
        .chain(OLDER)
        .find(|(known, _)| *known == number)
        .map_or_else(|| format!("0x{number:04x}"), |(_, name)| (*name).to_owned())
}
