//! A part that runs, in a temporary work directory of its own.

use std::collections::BTreeMap;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::commands::Commands;
use crate::error::StartError;
use crate::part::{Process, Ready};
use crate::ports::{self, Port};
use crate::prepared;
use crate::process::{Kept, last_lines};
use crate::sabotage::Sabotage;
use crate::template::Values;
use crate::testbed::Part;

/// How often readiness is looked for; the end of a process is noticed at once.
const READY_STEP: Duration = Duration::from_millis(20);
/// How long one look for readiness may take.
const READY_LOOK: Duration = Duration::from_secs(5);

/// A part whose processes are ready. Dropping it stops them and removes the work directory.
#[derive(Debug)]
pub struct Running {
    // Dropped in this order: the ports stay taken until nothing listens on them.
    processes: Processes,
    ports: BTreeMap<String, Port>,
    work: TempDir,
    environment: String,
    secrets: BTreeMap<String, String>,
}

/// Processes in the order of their start; stopped in the other order.
#[derive(Debug, Default)]
struct Processes(Vec<Kept>);

impl Running {
    pub(crate) fn start(part: &Part, sabotage: Option<&Sabotage>) -> Result<Self, StartError> {
        let description = &part.description;
        let work = tempfile::Builder::new().prefix("seaworthy-part-").tempdir();
        let work = work.map_err(StartError::io("make a temporary directory"))?;
        // Servers drop their rights after they start and must still reach their files.
        fs::set_permissions(work.path(), fs::Permissions::from_mode(0o755))
            .map_err(StartError::file("set the mode of", work.path()))?;
        let ports = description.ports.iter().map(|name| Ok((name.clone(), ports::take()?)));
        let ports: BTreeMap<String, Port> = ports.collect::<Result<_, StartError>>()?;
        let mut values = Values {
            work: work.path().to_path_buf(),
            part: part.folder.clone(),
            testbed: part.testbed.clone(),
            ports: ports.iter().map(|(name, port)| (name.clone(), port.number)).collect(),
            secrets: BTreeMap::new(),
        };
        prepared::fill(part, &mut values)?;
        let commands = furnish(part, sabotage, &values)?;
        let place = format!("part `{}`", part.name);
        let given = description.secrets_given.iter();
        let given = given.map(|(name, value)| Ok((name.clone(), values.fill(value, &place)?)));
        let mut running = Self {
            environment: String::new(),
            secrets: given.collect::<Result<_, StartError>>()?,
            ports,
            processes: Processes::default(),
            work,
        };
        for process in &description.processes {
            running.start_process(process, &commands)?;
        }
        commands.run_all(&description.after, "after")?;
        running.still_there(&description.processes)?;
        // Only now, because it may tell of what processes wrote, such as their ids.
        running.environment = commands.values.fill(&description.environment, &place)?;
        // Last, because it may well be to stop one of the processes.
        if let Some(sabotage) = sabotage {
            commands.run_all(&sabotage.after, "sabotage-after")?;
        }
        Ok(running)
    }

    /// What is to be checked: an environment in the form of a manifest.
    pub fn environment(&self) -> &str {
        &self.environment
    }

    /// Environment variables for the checker.
    pub fn secrets(&self) -> &BTreeMap<String, String> {
        &self.secrets
    }

    /// The work directory.
    pub fn work_dir(&self) -> &Path {
        self.work.path()
    }

    /// A port by its name.
    ///
    /// # Panics
    /// When the part has no port of that name.
    pub fn port(&self, name: &str) -> u16 {
        self.ports.get(name).unwrap_or_else(|| panic!("the part has no port `{name}`")).number
    }

    /// Stops the processes and keeps the description: the target is away. The ports stay taken, so
    /// that no other part answers in its place.
    pub fn away(&mut self) {
        self.processes.stop();
    }

    /// Stops the processes and removes the work directory.
    pub fn stop(mut self) -> std::io::Result<()> {
        self.away();
        self.work.close()
    }

    fn start_process(&mut self, process: &Process, commands: &Commands) -> Result<(), StartError> {
        let place = format!("process `{}`", process.name);
        let words = commands.values.fill_all(&process.run, &place)?;
        let log = commands.values.work.join(format!("{}.log", process.name));
        let kept = Kept::start(&commands.start(&words, process.user.as_deref(), log))?;
        self.processes.0.push(kept);
        let kept = self.processes.0.last_mut().expect("pushed just now");
        let Some(ready) = &process.ready else { return Ok(()) };
        let deadline = Instant::now() + Duration::from_secs(process.ready_within_seconds);
        while !is_ready(ready, process, commands)? {
            if let Some(how) = kept.ended_within(READY_STEP) {
                return Err(ended(process, how.to_owned(), &kept.log));
            }
            if Instant::now() >= deadline {
                let log = last_lines(&kept.log);
                let seconds = process.ready_within_seconds;
                return Err(StartError::NotReady { process: process.name.clone(), seconds, log });
            }
        }
        Ok(())
    }

    /// What ended while the rest was starting must not count as started.
    fn still_there(&mut self, processes: &[Process]) -> Result<(), StartError> {
        for (process, kept) in processes.iter().zip(&mut self.processes.0) {
            if let Some(how) = kept.ended_within(Duration::ZERO) {
                return Err(ended(process, how.to_owned(), &kept.log));
            }
        }
        Ok(())
    }
}

impl Processes {
    fn stop(&mut self) {
        while let Some(mut process) = self.0.pop() {
            process.stop();
        }
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Writes the files of a part, then breaks what the sabotage breaks.
fn furnish(part: &Part, sabotage: Option<&Sabotage>, values: &Values) -> Result<Commands, StartError> {
    for name in &part.description.files {
        let from = part.folder.join(name);
        let template = fs::read_to_string(&from).map_err(StartError::file("read", &from))?;
        let to = values.work.join(name);
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent).map_err(StartError::file("make", parent))?;
        }
        let filled = values.fill(&template, &from.display().to_string())?;
        fs::write(&to, filled).map_err(StartError::file("write", &to))?;
        let mode = fs::metadata(&from).map_err(StartError::file("read", &from))?.permissions();
        fs::set_permissions(&to, mode).map_err(StartError::file("set the mode of", &to))?;
    }
    let mut env = part.description.env.clone();
    if let Some(sabotage) = sabotage {
        env.extend(sabotage.env.clone());
        sabotage.change_files(&values.work, values)?;
    }
    let commands = Commands::new(part, values, &env)?;
    commands.give_to_owner(&values.work)?;
    if let Some(sabotage) = sabotage {
        sabotage.change_modes(&values.work)?;
        commands.run_all(&sabotage.before, "sabotage-before")?;
    }
    Ok(commands)
}

fn is_ready(ready: &Ready, process: &Process, commands: &Commands) -> Result<bool, StartError> {
    let place = format!("`ready` of process `{}`", process.name);
    match ready {
        Ready::Tcp(name) => {
            let Some(&port) = commands.values.ports.get(name) else {
                let placeholder = format!("tcp: {name}");
                return Err(StartError::Placeholder { placeholder, place, why: "no such port" });
            };
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            Ok(TcpStream::connect_timeout(&address, READY_LOOK).is_ok())
        }
        Ready::Run(run) => {
            let words = commands.values.fill_all(run, &place)?;
            commands.succeeds(&words, process.user.as_deref(), READY_LOOK)
        }
        Ready::File(path) => Ok(Path::new(&commands.values.fill(path, &place)?).exists()),
    }
}

fn ended(process: &Process, how: String, log: &Path) -> StartError {
    StartError::Ended { process: process.name.clone(), how, log: last_lines(log) }
}
