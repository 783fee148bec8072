//! The commands by which people decide: waive, attest, decide, certify, verify.

use std::path::PathBuf;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use seaworthy_core::manifest::Role;

use super::{Keep, ListFormat};

/// With which key to sign.
#[derive(Debug, Args)]
pub(crate) struct Sign {
    /// A private Ed25519 key: as OpenSSH writes it, or PKCS#8 in PEM. Only its owner may read the file.
    #[arg(long, value_name = "FILE", conflicts_with = "agent")]
    pub(crate) key: Option<PathBuf>,
    /// Sign with the SSH agent behind SSH_AUTH_SOCK.
    #[arg(long)]
    pub(crate) agent: bool,
    /// Who signs, where the agent holds keys of several people.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) person: Option<String>,
    /// The environment variable with the key's passphrase.
    #[arg(long, value_name = "NAME", requires = "key", conflicts_with = "passphrase_file")]
    pub(crate) passphrase_env: Option<String>,
    /// The file with the key's passphrase. Only its owner may read it.
    #[arg(long, value_name = "FILE", requires = "key")]
    pub(crate) passphrase_file: Option<PathBuf>,
}

impl Sign {
    /// Whether a key was named.
    pub(crate) fn is_given(&self) -> bool {
        self.key.is_some() || self.agent
    }
}

/// `seaworthy waive`.
#[derive(Debug, Args)]
pub(crate) struct Waive {
    /// The requirement that need not hold.
    pub(crate) id: String,
    /// Why the risk is accepted.
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    /// Who has to end it, by e-mail address: another person than the one who signs.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) owner: Option<String>,
    /// When it ends: days (30d), a day (its beginning, UTC) or a moment with its zone.
    #[arg(long, value_name = "WHEN")]
    pub(crate) until: Option<String>,
    /// End a waiver earlier. Needs no signature.
    #[arg(long, value_name = "WHEN", conflicts_with_all = ["reason", "owner", "until", "withdraw"])]
    pub(crate) shorten: Option<String>,
    /// Take a waiver back. Needs no signature.
    #[arg(long, conflicts_with_all = ["reason", "owner", "until"])]
    pub(crate) withdraw: bool,
    /// The environment in which it is accepted. The only one of seaworthy.yaml when not given.
    #[arg(long, value_name = "NAME")]
    pub(crate) env: Option<String>,
    /// More requirements: a folder of catalog files, as for `check`.
    #[arg(long, value_name = "DIR")]
    pub(crate) pack: Vec<PathBuf>,
    /// With which key to sign.
    #[command(flatten)]
    pub(crate) sign: Sign,
    /// The form of the output.
    #[arg(long, value_enum, default_value_t = ListFormat::Terminal)]
    pub(crate) format: ListFormat,
    /// Where runs are kept.
    #[command(flatten)]
    pub(crate) keep: Keep,
}

/// `seaworthy attest`.
#[derive(Debug, Args)]
pub(crate) struct Attest {
    /// The requirement.
    pub(crate) id: String,
    /// In which role.
    #[arg(long, value_name = "ROLE", value_parser = roles())]
    pub(crate) role: Role,
    /// What is said. `seaworthy explain ID` tells what is asked.
    #[arg(long, value_name = "TEXT")]
    pub(crate) statement: String,
    /// What it rests on: a file of the repository, whose digest is signed, or a link.
    #[arg(long, value_name = "FILE|URL")]
    pub(crate) evidence: Vec<String>,
    /// A figure that the requirement asks for.
    #[arg(long, value_name = "NAME=NUMBER", value_parser = figure)]
    pub(crate) figure: Vec<(String, u64)>,
    /// Until when it holds: days (90d), a day (its beginning, UTC) or a moment with its zone. As long as it may when
    /// not given.
    #[arg(long, value_name = "WHEN")]
    pub(crate) expires: Option<String>,
    /// The environment. The only one of seaworthy.yaml when not given.
    #[arg(long, value_name = "NAME")]
    pub(crate) env: Option<String>,
    /// More requirements: a folder of catalog files, as for `check`.
    #[arg(long, value_name = "DIR")]
    pub(crate) pack: Vec<PathBuf>,
    /// With which key to sign.
    #[command(flatten)]
    pub(crate) sign: Sign,
    /// The form of the output.
    #[arg(long, value_enum, default_value_t = ListFormat::Terminal)]
    pub(crate) format: ListFormat,
    /// Where runs are kept.
    #[command(flatten)]
    pub(crate) keep: Keep,
}

/// `seaworthy decide`.
#[derive(Debug, Args)]
pub(crate) struct Decide {
    /// The run, by its id or its beginning. The one that is voted on, else the newest, when not given.
    pub(crate) run: Option<String>,
    /// Vote GO.
    #[arg(long, requires = "role", conflicts_with = "no_go")]
    pub(crate) go: bool,
    /// Vote NO-GO.
    #[arg(long, requires = "role", requires = "reason")]
    pub(crate) no_go: bool,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    /// For which role.
    #[arg(long, value_name = "ROLE", value_parser = roles())]
    pub(crate) role: Option<Role>,
    /// The environment. The only one of seaworthy.yaml when not given.
    #[arg(long, value_name = "NAME")]
    pub(crate) env: Option<String>,
    /// With which key to sign.
    #[command(flatten)]
    pub(crate) sign: Sign,
    /// The form of the output.
    #[arg(long, value_enum, default_value_t = ListFormat::Terminal)]
    pub(crate) format: ListFormat,
    /// Where runs are kept.
    #[command(flatten)]
    pub(crate) keep: Keep,
}

/// `seaworthy certify`.
#[derive(Debug, Args)]
pub(crate) struct Certify {
    /// The run, by its id or its beginning. The one that is voted on when not given.
    pub(crate) run: Option<String>,
    /// Where to write the certificate. Nothing that is there is replaced.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Where to write the run as it was kept: the file whose digest the certificate names.
    #[arg(long, value_name = "FILE")]
    pub(crate) run_out: Option<PathBuf>,
    /// The environment. The only one of seaworthy.yaml when not given.
    #[arg(long, value_name = "NAME")]
    pub(crate) env: Option<String>,
    /// Where runs are kept.
    #[command(flatten)]
    pub(crate) keep: Keep,
}

/// `seaworthy verify`.
#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// The certificate.
    pub(crate) file: PathBuf,
    /// Whom the deploy gate trusts, and what it asks for. Nothing else is trusted.
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: PathBuf,
    /// The commit that is to be deployed.
    #[arg(long, value_name = "COMMIT")]
    pub(crate) commit: Option<String>,
    /// The environment into which it goes. That of the policy when not given.
    #[arg(long, value_name = "NAME")]
    pub(crate) environment: Option<String>,
    /// The service. That of the policy when not given.
    #[arg(long, value_name = "NAME")]
    pub(crate) service: Option<String>,
    /// The form of the output.
    #[arg(long, value_enum, default_value_t = ListFormat::Terminal)]
    pub(crate) format: ListFormat,
}

fn figure(text: &str) -> Result<(String, u64), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=NUMBER")?;
    let value = value.parse().map_err(|_| format!("`{value}` is not a whole number"))?;
    Ok((name.to_owned(), value))
}

/// The roles by their words.
fn roles() -> impl TypedValueParser<Value = Role> {
    PossibleValuesParser::new(Role::ALL.map(Role::word))
        .map(|word| Role::ALL.into_iter().find(|role| role.word() == word).unwrap_or(Role::TechnicalLead))
}
