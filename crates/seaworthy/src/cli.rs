//! The command line.

mod people;

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use seaworthy_core::consent::Consent;
use seaworthy_report::Format;

pub(crate) use people::{Attest, Certify, Decide, Sign, Verify, Waive};

/// Decides whether a service is ready for production, and proves it with evidence.
#[derive(Debug, Parser)]
#[command(name = "seaworthy", version, arg_required_else_help = true, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
    /// When to use colours. NO_COLOR is respected.
    #[arg(long, global = true, value_enum, default_value_t = When::Auto)]
    pub(crate) color: When,
}

const EXIT_CODES: &str = "Exit codes: 0 go, 1 no-go, 2 the request was wrong, 3 Seaworthy failed, 4 undecided.\n\n\
    Start with `seaworthy check` in a repository, or `seaworthy check https://your-service.example.com`.";

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    /// Where the output is a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Looks at a repository, a URL or an environment, and decides.
    Check(Check),
    /// Writes a commented seaworthy.yaml from what the repository holds.
    Init(Init),
    /// Teaches a requirement: why, how it is decided, what would make it pass.
    Explain(Explain),
    /// Lists, lints and proves the requirements.
    #[command(subcommand)]
    Catalog(CatalogCommand),
    /// Lists the runs that were kept, or verifies that nothing was changed.
    History(History),
    /// Prints a run that was kept, exactly as it was printed live.
    Report(Report),
    /// Accepts a risk until a day, signed; or ends a waiver earlier.
    Waive(Waive),
    /// Attests what no machine can see, signed, with what it rests on.
    Attest(Attest),
    /// Shows the poll, or votes at it: GO or NO-GO for a role, signed.
    Decide(Decide),
    /// Writes the certificate once every role has said GO.
    Certify(Certify),
    /// Admits a certificate for a deploy, or says why not; offline.
    Verify(Verify),
    /// Starts the reference service, checks it, breaks one thing, checks again.
    Demo(Demo),
    /// Prints completions for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Prints the manual page.
    #[command(hide = true)]
    Man,
}

/// `seaworthy check`.
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// A repository or a URL. The working directory when not given.
    pub(crate) target: Option<String>,
    /// The environment of seaworthy.yaml to look at.
    #[arg(long, value_name = "NAME")]
    pub(crate) env: Option<String>,
    /// The level at which to look: `observe`, `probe` or `drill`. Takes the manifest's grant as well, except for a URL on the command
    /// line. `drill` rehearses on copies and takes both everywhere.
    #[arg(long, value_name = "LEVEL", value_parser = consent)]
    pub(crate) consent: Option<Consent>,
    /// Only these requirements or areas, separated by commas.
    #[arg(long, value_delimiter = ',', value_name = "ID")]
    pub(crate) only: Vec<String>,
    /// Judge these saved facts again, offline: a facts document or a run in JSON. `-` reads standard input.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["target", "env", "consent"])]
    pub(crate) from: Option<PathBuf>,
    /// More requirements: a folder of catalog files. They add and never replace.
    #[arg(long, value_name = "DIR")]
    pub(crate) pack: Vec<PathBuf>,
    /// When all probes must have looked, in seconds.
    #[arg(long, default_value_t = 30, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) deadline: u64,
    /// A PEM file with roots to trust beside the machine's own, for a URL on the command line.
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<String>,
    /// Dial ADDRESS for NAME instead of asking DNS, as NAME=ADDRESS, for a URL on the command line.
    #[arg(long, value_name = "NAME=ADDRESS", value_parser = resolve)]
    pub(crate) resolve: Vec<(String, std::net::IpAddr)>,
    /// How the result is printed.
    #[command(flatten)]
    pub(crate) print: Print,
    /// Where runs are kept.
    #[command(flatten)]
    pub(crate) keep: Keep,
    /// Do not keep this run.
    #[arg(long)]
    pub(crate) no_keep: bool,
}

/// How a run is printed.
#[derive(Debug, Args)]
pub(crate) struct Print {
    /// The form of the output.
    #[arg(long, value_name = "FORMAT", default_value = "terminal", value_parser = formats())]
    pub(crate) format: Format,
    /// Write to this file instead of standard output.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Show every finding with its facts.
    #[arg(long, short)]
    pub(crate) verbose: bool,
}

/// Where runs are kept.
#[derive(Debug, Args)]
pub(crate) struct Keep {
    /// The evidence store. `.seaworthy/runs.db` in the repository, else in the user's state directory.
    #[arg(long, value_name = "FILE", env = "SEAWORTHY_STORE")]
    pub(crate) store: Option<PathBuf>,
}

/// `seaworthy init`.
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// The repository. The working directory when not given.
    pub(crate) path: Option<PathBuf>,
    /// Replace a manifest that is there.
    #[arg(long)]
    pub(crate) force: bool,
}

/// `seaworthy explain`.
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// The requirement.
    pub(crate) id: String,
    /// The form of the output.
    #[arg(long, value_enum, default_value_t = ListFormat::Terminal)]
    pub(crate) format: ListFormat,
}

/// Forms of lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListFormat {
    /// For people at a terminal.
    Terminal,
    /// For machines.
    Json,
}

/// `seaworthy catalog …`.
#[derive(Debug, Subcommand)]
pub(crate) enum CatalogCommand {
    /// Lists the requirements.
    List {
        /// The form of the output.
        #[arg(long, value_enum, default_value_t = ListFormat::Terminal)]
        format: ListFormat,
    },
    /// Reads every file against the schema of the facts.
    Lint {
        /// A folder of catalog files instead of the built-in ones.
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
        /// The form of the output.
        #[arg(long, value_enum, default_value_t = ListFormat::Terminal)]
        format: ListFormat,
    },
    /// Starts the real parts and sees each requirement pass, fail and stay unknown.
    Prove(Prove),
    /// Which lines of the mission's seeds the catalog answers.
    Coverage {
        /// A CSV with the columns `canonical` and `severity`: what must be covered.
        #[arg(long, value_name = "FILE")]
        requirements: Option<PathBuf>,
        /// The form of the output.
        #[arg(long, value_enum, default_value_t = ListFormat::Terminal)]
        format: ListFormat,
    },
}

/// `seaworthy catalog prove`.
#[derive(Debug, Args)]
pub(crate) struct Prove {
    /// Only these requirements. All when not given.
    pub(crate) ids: Vec<String>,
    /// Only this part of the testbed.
    #[arg(long)]
    pub(crate) part: Option<String>,
    /// The source tree with `catalog/` and `testbed/`.
    #[arg(long, default_value = ".", value_name = "DIR")]
    pub(crate) tree: PathBuf,
    /// Compare with the matrix that is there instead of writing it.
    #[arg(long)]
    pub(crate) check: bool,
    /// How many states of parts to look at side by side. Twice the processors when not given.
    #[arg(long, value_name = "N")]
    pub(crate) jobs: Option<std::num::NonZeroU8>,
    /// The form of the output.
    #[arg(long, value_enum, default_value_t = ListFormat::Terminal)]
    pub(crate) format: ListFormat,
}

/// `seaworthy demo`.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// What to break: a sabotage of the testbed, as PART/NAME.
    #[arg(long = "break", value_name = "PART/NAME", default_value = "web/plain-http")]
    pub(crate) breaks: String,
    /// The source tree with `testbed/`.
    #[arg(long, default_value = ".", value_name = "DIR")]
    pub(crate) tree: PathBuf,
    /// The form of the output; JSON gives both runs.
    #[arg(long, value_enum, default_value_t = ListFormat::Terminal)]
    pub(crate) format: ListFormat,
}

/// `seaworthy history`.
#[derive(Debug, Args)]
pub(crate) struct History {
    /// Find any change in what was kept.
    #[arg(long)]
    pub(crate) verify: bool,
    /// A digest of the newest record that you kept elsewhere: without it a cut tail cannot be seen.
    #[arg(long, requires = "verify", value_name = "DIGEST")]
    pub(crate) head: Option<String>,
    /// The same for the ledger of what people said.
    #[arg(long, requires = "verify", value_name = "DIGEST")]
    pub(crate) ledger_head: Option<String>,
    /// How many runs to list, newest first.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) limit: u32,
    /// The form of the output.
    #[arg(long, value_enum, default_value_t = ListFormat::Terminal)]
    pub(crate) format: ListFormat,
    /// Where runs are kept.
    #[command(flatten)]
    pub(crate) keep: Keep,
}

/// `seaworthy report`.
#[derive(Debug, Args)]
pub(crate) struct Report {
    /// The run's id or its beginning. The newest when not given.
    pub(crate) run: Option<String>,
    /// How it is printed.
    #[command(flatten)]
    pub(crate) print: Print,
    /// Where runs are kept.
    #[command(flatten)]
    pub(crate) keep: Keep,
}

/// The forms that the reports know, by their words.
fn formats() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(Format::ALL.map(Format::word))
        .map(|word| Format::ALL.into_iter().find(|format| format.word() == word).unwrap_or(Format::Terminal))
}

fn consent(text: &str) -> Result<Consent, String> {
    match text {
        "observe" => Ok(Consent::Observe),
        "probe" => Ok(Consent::Probe),
        "drill" => Ok(Consent::Drill),
        _ => Err("the levels are observe, probe and drill".to_owned()),
    }
}

fn resolve(text: &str) -> Result<(String, std::net::IpAddr), String> {
    let (name, address) = text.split_once('=').ok_or("write NAME=ADDRESS")?;
    let address = address.parse().map_err(|_| format!("`{address}` is not an IP address"))?;
    Ok((name.to_owned(), address))
}

impl When {
    /// Tells every stream of this process.
    pub(crate) fn apply(self) {
        match self {
            Self::Auto => {}
            Self::Always => anstream::ColorChoice::Always.write_global(),
            Self::Never => anstream::ColorChoice::Never.write_global(),
        }
    }
}
