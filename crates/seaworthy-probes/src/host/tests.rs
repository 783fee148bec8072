//! The host probe on this machine, on the machine of the testbed, and on trees that mean no good.

mod hostile;
mod machine;
pub(in crate::host) mod parts;
mod sshd;

use super::*;

async fn look_at(target: HostTarget) -> Result<HostFacts, Unseen> {
    look(target, Ok(()), &Limits::default(), Utc::now()).await
}

fn dump(facts: &HostFacts) {
    if std::env::var_os("DUMP").is_some() {
        println!("{}", serde_json::to_string_pretty(facts).expect("facts are JSON"));
    }
}
