//! `seaworthy attest`: a person puts a name to what no machine can see, with what it rests on.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use chrono::Utc;
use seaworthy_core::catalog::AttestationSpec;
use seaworthy_core::ledger::RecordKind;
use seaworthy_core::limits::people::EVIDENCE_MAX;
use seaworthy_core::manifest::Role;
use seaworthy_core::statement::{Attestation, Evidence};
use seaworthy_core::term;
use seaworthy_report::visible;
use serde_json::json;

use super::{check, decide, print, waive};
use crate::cli::{Attest, ListFormat};
use crate::exit::Wrong;
use crate::keys::Signer;
use crate::run::house::House;
use crate::run::ledger::digest;

/// Longest link, in bytes.
const LINK_BYTES_MAX: usize = 2_048;

/// Carries out the command.
pub(super) async fn run(attest: &Attest) -> anyhow::Result<ExitCode> {
    let now = Utc::now();
    let spec = spec(attest)?;
    let house = House::open(&attest.keep, attest.env.as_deref()).await?;
    let statement = waive::words(Some(&attest.statement), "--statement")?;
    let until = match &attest.expires {
        Some(text) => term::until(text, now, spec.days_max),
        None => term::until(&format!("{}d", spec.days_max), now, spec.days_max),
    };
    let until = until.map_err(|error| waive::wrong(&error))?;
    let figures = figures(attest, &spec)?;
    let evidence = attest.evidence.iter().map(|name| evidence(name)).collect::<anyhow::Result<Vec<_>>>()?;
    if evidence.len() > EVIDENCE_MAX {
        return Err(Wrong::error(
            format!("more than {EVIDENCE_MAX} pieces of evidence"),
            "give what matters",
        ));
    }
    if spec.file && evidence.iter().all(|evidence| evidence.sha256.is_none()) {
        return Err(Wrong::error(
            format!("`{}` rests on a file, and none is given", attest.id),
            "give `--evidence FILE`, the document or report itself, in the repository",
        ));
    }
    let signer = signer(attest, &house, &spec)?;
    let attestation = Attestation {
        requirement: attest.id.clone(),
        service: house.manifest.service.name.clone(),
        environment: house.environment.clone(),
        commit: decide::newest(&house).await.ok().and_then(|document| document.run.commit),
        person: signer.person.clone(),
        role: attest.role,
        statement: statement.to_owned(),
        figures,
        evidence,
        at: now,
        until,
    };
    let envelope = signer.envelope(&attestation.statement().bytes())?;
    let record = house.record(RecordKind::Attestation, &envelope).await?;
    match attest.format {
        ListFormat::Json => print::json(&json!({"version": 1, "record": record}))?,
        ListFormat::Terminal => print::text(&format!(
            "attested {} for {} as {} until {}, by {}\nrecord {} of the ledger in {}\n",
            attest.id,
            visible(&house.name()),
            attest.role,
            until.format("%Y-%m-%d %H:%M UTC"),
            signer.person,
            record.sequence,
            house.place.display(),
        ))?,
    }
    Ok(ExitCode::SUCCESS)
}

/// What may be attested of the requirement. What a machine decides, nobody may say instead.
fn spec(attest: &Attest) -> anyhow::Result<AttestationSpec> {
    let requirement = check::requirement(&attest.id, &attest.pack)?;
    requirement.attestation.ok_or_else(|| {
        Wrong::error(
            format!("`{}` is decided by what is seen; nobody's word counts for it", attest.id),
            format!("`seaworthy explain {}` says how; `seaworthy waive` accepts the risk", attest.id),
        )
    })
}

/// The person, who must have the role, and the role must be one that may say this.
fn signer(attest: &Attest, house: &House, spec: &AttestationSpec) -> anyhow::Result<Signer> {
    let role = attest.role;
    if !spec.by.contains(&role) {
        let may: Vec<&str> = spec.by.iter().map(|role: &Role| role.word()).collect();
        return Err(Wrong::error(
            format!("`{role}` cannot attest `{}`", attest.id),
            format!("it takes {}", may.join(" or ")),
        ));
    }
    let signer = Signer::of(&attest.sign, &house.manifest.people)?;
    let holds = house.manifest.people.get(&signer.person).is_some_and(|person| person.roles.contains(&role));
    if !holds {
        return Err(Wrong::error(
            format!("`{}` does not have the role `{role}`", signer.person),
            "the manifest says who has it, under `people`",
        ));
    }
    Ok(signer)
}

/// The figures that the requirement asks for, each once and no others.
fn figures(attest: &Attest, spec: &AttestationSpec) -> anyhow::Result<BTreeMap<String, u64>> {
    let mut figures = BTreeMap::new();
    for (name, value) in &attest.figure {
        if !spec.figures.contains(name) {
            return Err(Wrong::error(
                format!("`{}` asks for no figure `{}`", attest.id, visible(name)),
                if spec.figures.is_empty() { "it asks for none".to_owned() } else { spec.figures.join(", ") },
            ));
        }
        if figures.insert(name.clone(), *value).is_some() {
            return Err(Wrong::error(format!("the figure `{name}` is given twice"), "give it once"));
        }
    }
    if let Some(missing) = spec.figures.iter().find(|name| !figures.contains_key(*name)) {
        return Err(Wrong::error(
            format!("`{}` asks for the figure `{missing}`", attest.id),
            format!("give `--figure {missing}=NUMBER`, as the report has it"),
        ));
    }
    Ok(figures)
}

/// One piece of evidence: a file of the repository with its digest, or a link as it was given.
fn evidence(name: &str) -> anyhow::Result<Evidence> {
    if name.starts_with("https://") {
        let sound = name.len() <= LINK_BYTES_MAX
            && url::Url::parse(name).is_ok_and(|url| url.has_host() && url.password().is_none());
        if !sound || name.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(Wrong::error("a link of the evidence cannot be read", "write https://host/path"));
        }
        return Ok(Evidence { name: name.to_owned(), sha256: None, size_bytes: None });
    }
    match digest(Path::new("."), name) {
        Ok(Some((sha256, size))) => {
            Ok(Evidence { name: name.to_owned(), sha256: Some(sha256), size_bytes: Some(size) })
        }
        Ok(None) => Err(Wrong::error(
            format!("there is no file `{}` in the repository", visible(name)),
            "give a path relative to it, or a link that begins with https://",
        )),
        Err(unseen) => Err(Wrong::error(unseen.why, "give a regular file in the repository")),
    }
}
