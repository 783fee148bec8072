//! `seaworthy demo`: the reference service, sound and with one thing broken, side by side.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context;
use seaworthy_core::finding::Verdict;
use seaworthy_core::manifest::{Environment, GateSpec};
use seaworthy_core::run::Run;
use seaworthy_testbed::{Running, Sabotage, Testbed};
use serde_json::json;

use super::print;
use crate::builtin;
use crate::cli::{Demo, ListFormat};
use crate::exit::Wrong;
use crate::run::ledger::Source;
use crate::run::look::{self, Looked};
use crate::run::whole::{self, Frame, Wanted};
use crate::testbed;

/// The parts that together are one service in production: each gives its targets to one environment.
const PARTS: [&str; 6] = ["web", "postgres", "redis", "host", "repo", "ledger"];
/// The section of the facts that tells of documents.
const DOCUMENTS: &str = "documents";
/// The folder of the service in the parts `repo` and `ledger`: its files, and what its people sign for.
const SHOP: &str = "shop";
/// Columns of one side.
const SIDE: usize = 58;

/// Carries out the command.
pub(super) async fn run(demo: &Demo) -> anyhow::Result<ExitCode> {
    let testbed = testbed::open(&demo.tree)?;
    let (part, name) =
        demo.breaks.split_once('/').filter(|(part, _)| PARTS.contains(part)).ok_or_else(|| {
            Wrong::error(
                format!("`{}` is no sabotage", demo.breaks),
                "write PART/NAME, such as web/plain-http",
            )
        })?;
    let sabotage = testbed.sabotage(part, name).map_err(|error| {
        Wrong::error(
            error.to_string(),
            format!("`ls {}/testbed/sabotages/{part}` lists them", demo.tree.display()),
        )
    })?;
    print::note(
        "starting the reference service and its machine; the first time it is built, which takes minutes",
    );
    let mut running = BTreeMap::new();
    for part in PARTS {
        running.insert(part, start(&testbed, part, None).await?);
    }
    share_migrations(&running)?;
    let sound = checked(&running, "sound").await?;
    print::note(&format!("breaking one thing: {}", demo.breaks));
    if let Some(old) = running.remove(part) {
        old.stop().context("a part's folder could not be removed")?;
    }
    let broken_part = PARTS.into_iter().find(|name| *name == part).context("the part was found before")?;
    running.insert(broken_part, start(&testbed, broken_part, Some(&sabotage)).await?);
    share_migrations(&running)?;
    let broken = checked(&running, &demo.breaks).await?;
    for (_, part) in running {
        part.stop().context("a part's folder could not be removed")?;
    }
    match demo.format {
        ListFormat::Json => print::json(&json!({"version": 1, "sound": sound, "broken": broken}))?,
        ListFormat::Terminal => print::text(&told(&sound, &broken, &sabotage, &demo.breaks))?,
    }
    let as_promised = sound.decision.headline > broken.decision.headline;
    Ok(ExitCode::from(u8::from(!as_promised)))
}

async fn start(testbed: &Testbed, name: &str, sabotage: Option<&Sabotage>) -> anyhow::Result<Running> {
    testbed::start(&testbed.part(name)?, sabotage).await.map_err(|error| {
        Wrong::error(error.to_string(), "`cargo xtask setup` installs what the testbed starts")
    })
}

/// Gives the service's repository the migrations by which its database was made: each part brings its own.
fn share_migrations(running: &BTreeMap<&str, Running>) -> anyhow::Result<()> {
    let folder = |part: &str, below: &str| {
        let part = running.get(part).with_context(|| format!("there is no part `{part}`"))?;
        anyhow::Ok(part.work_dir().join(below).join("migrations"))
    };
    let (from, to) = (folder("postgres", "repo")?, folder("repo", SHOP)?);
    std::fs::remove_dir_all(&to).context("the repository's migrations could not be taken away")?;
    std::fs::create_dir(&to).context("the repository's migrations could not be replaced")?;
    for file in std::fs::read_dir(from).context("the database's migrations could not be read")? {
        let file = file.context("the database's migrations could not be read")?;
        std::fs::copy(file.path(), to.join(file.file_name())).context("a migration could not be copied")?;
    }
    Ok(())
}

/// One environment out of what the parts give: each part adds the targets that the others do not have.
fn joined(running: &BTreeMap<&str, Running>) -> anyhow::Result<(Environment, BTreeMap<String, String>)> {
    let mut all = BTreeMap::new();
    let mut values = BTreeMap::new();
    for (name, part) in running {
        all.insert(*name, testbed::environment(part)?);
        values.extend(part.secrets().clone());
    }
    let mut take = |name: &str| all.remove(name).with_context(|| format!("there is no part `{name}`"));
    let (web, postgres, redis, host, repo) =
        (take("web")?, take("postgres")?, take("redis")?, take("host")?, take("repo")?);
    let consents = [&web, &postgres, &redis, &host, &repo].map(|part| part.consent);
    let environment = Environment {
        consent: consents.into_iter().max().unwrap_or_default(),
        postgres: postgres.postgres,
        redis: redis.redis,
        hosts: host.hosts,
        repo: repo.repo,
        reports: repo.reports,
        ..web
    };
    Ok((environment, values))
}

async fn checked(running: &BTreeMap<&str, Running>, state: &str) -> anyhow::Result<Run> {
    let (environment, values) = joined(running)?;
    let catalog = builtin::catalog()?;
    let began = Instant::now();
    let base = running.get("repo").context("the repository is a part")?.work_dir().to_owned();
    let ask = testbed::ask(environment, base, values);
    let mut looked = look::look(&ask, None, &|_| ()).await;
    let ledger = running.get("ledger").context("the ledger is a part")?;
    read_documents(ledger, &mut looked).await?;
    let people = ledger.work_dir().join(SHOP);
    if let Some(source) = Source::in_folder(&people) {
        source.read().await?.fill(&mut looked, ask.now).await;
    }
    let frame = Frame {
        service: "shop".to_owned(),
        environment: Some(state.to_owned()),
        target: "the testbed".to_owned(),
        consent: ask.consent,
        gate: GateSpec::default(),
        manifest: None,
        waivers: Vec::new(),
        next: Vec::new(),
        at: ask.now,
        took_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
    };
    Ok(whole::run(frame, looked, &catalog, &Wanted::default())?)
}

/// The documents lie beside the ledger, and not in the repository with which the rest is looked at.
async fn read_documents(ledger: &Running, looked: &mut Looked) -> anyhow::Result<()> {
    let documents = testbed::environment(ledger)?.documents;
    let environment = Environment { documents, ..Environment::default() };
    let ask = testbed::ask(environment, ledger.work_dir().to_owned(), BTreeMap::new());
    let mut read = look::look(&ask, None, &|_| ()).await;
    if let (Some(all), Some(found)) = (looked.facts.as_object_mut(), read.facts.get_mut(DOCUMENTS)) {
        all.insert(DOCUMENTS.to_owned(), found.take());
    }
    looked.provenance.extend(read.provenance.into_iter().filter(|look| look.probe == DOCUMENTS));
    Ok(())
}

fn told(sound: &Run, broken: &Run, sabotage: &Sabotage, name: &str) -> String {
    let left = side("the reference service, sound", sound);
    let right = side(&format!("with {name}"), broken);
    let mut text = String::new();
    for index in 0..left.len().max(right.len()) {
        let cell = |side: &[String]| side.get(index).cloned().unwrap_or_default();
        text += format!("{:SIDE$}{}", cell(&left), cell(&right)).trim_end();
        text += "\n";
    }
    text += &format!("\nWhat was broken: {}\n", sabotage.why.trim());
    for finding in broken.findings.iter().filter(|finding| broken.decision.blockers.contains(&finding.id)) {
        text += &format!(
            "\n{}\n  seen    {}\n  wanted  {}\n",
            finding.title,
            finding.seen.join("; "),
            finding.wanted
        );
        for command in finding.by_hand.iter().take(1) {
            text += &format!("  by hand {command}\n");
        }
        text += &format!("  remedy  {}\n", finding.remedy.text.trim());
    }
    text
}

fn side(title: &str, run: &Run) -> Vec<String> {
    let count = |verdict: Verdict| run.findings.iter().filter(|finding| finding.verdict == verdict).count();
    let mut lines = vec![
        title.to_owned(),
        run.decision.headline.words().to_owned(),
        run.decision.because.clone(),
        format!(
            "{} pass, {} fail, {} unknown",
            count(Verdict::Pass),
            count(Verdict::Fail),
            count(Verdict::Unknown)
        ),
        format!("looked for {} ms", run.took_ms),
    ];
    for id in run.decision.blockers.iter().chain(&run.decision.standing).take(12) {
        let verdict = run
            .findings
            .iter()
            .find(|finding| finding.id == *id)
            .map_or("", |finding| finding.verdict.word());
        lines.push(format!("  {verdict:<8} {id}"));
    }
    lines.into_iter().map(|line| line.chars().take(SIDE - 2).collect()).collect()
}
