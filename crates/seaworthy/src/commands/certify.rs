//! `seaworthy certify`: writes the certificate once every role has said GO.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use chrono::Utc;
use seaworthy_report::visible;

use super::decide::Subject;
use super::print;
use crate::cli::Certify;
use crate::exit::Wrong;
use crate::run::house::House;

/// Carries out the command.
pub(super) async fn run(certify: &Certify) -> anyhow::Result<ExitCode> {
    let now = Utc::now();
    let house = House::open_existing(&certify.keep, certify.env.as_deref()).await?;
    house.sound().await?;
    let records = house.store.ledger().await?;
    let subject = Subject::find(&house, certify.run.as_deref(), &records, now).await?;
    let poll = subject.poll(&house, &records, now)?;
    let certificate = match poll.certificate() {
        Ok(certificate) => certificate,
        Err(missing) => {
            let mut text = format!("no certificate for {}, run {}\n", visible(&house.name()), poll.run);
            for what in &missing {
                text += &format!("missing: {}\n", visible(what));
            }
            text += "help: `seaworthy decide` shows the poll\n";
            print::text(&text)?;
            return Ok(ExitCode::from(1));
        }
    };
    if let Some(file) = &certify.run_out {
        write_new(file, &subject.document.json)?;
    }
    write_new(&certify.out, (certificate.json() + "\n").as_bytes())?;
    let signed = certificate.signatures.len();
    print::text(&format!(
        "wrote {}: {} for {}, signed by {signed}, holds until {}\n",
        certify.out.display(),
        poll.headline.words(),
        visible(&house.name()),
        poll.holds_until.format("%Y-%m-%d %H:%M UTC"),
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// Writes a file that is not there yet.
fn write_new(file: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let write = || {
        let mut new = std::fs::OpenOptions::new().write(true).create_new(true).open(file)?;
        new.write_all(bytes)?;
        new.sync_all()
    };
    write().map_err(|error: std::io::Error| {
        Wrong::error(
            format!("could not write {}: {error}", file.display()),
            "name a file that is not there yet, in a folder that can be written",
        )
    })
}
