//! The host probe on this machine, on the machine of the testbed, and on trees that mean no good.

use seaworthy_core::manifest::Manifest;
use seaworthy_testbed::{Running, Testbed};

use super::*;

async fn look_at(target: HostTarget) -> Result<HostFacts, Unseen> {
    look(target, Ok(()), &Limits::default(), Utc::now()).await
}

fn dump(facts: &HostFacts) {
    if std::env::var_os("DUMP").is_some() {
        println!("{}", serde_json::to_string_pretty(facts).expect("facts are JSON"));
    }
}

/// The machine of the testbed, or `None` where this machine forbids namespaces.
fn machine(sabotage: Option<&str>) -> Option<(Running, HostTarget)> {
    let testbed =
        Testbed::open(concat!(env!("CARGO_MANIFEST_DIR"), "/../../testbed")).expect("the testbed is there");
    let part = testbed.part("host").expect("the part is there");
    let sabotage = sabotage.map(|name| testbed.sabotage("host", name).expect("the sabotage is there"));
    let running = match part.start(sabotage.as_ref()) {
        Ok(running) => running,
        Err(error) if error.to_string().contains("not permitted") => {
            eprintln!("skipped: this machine forbids namespaces: {error}");
            return None;
        }
        Err(error) => panic!("{error}"),
    };
    let indented = running.environment().replace('\n', "\n    ");
    let manifest = format!("service: {{name: shop}}\nenvironments:\n  local:\n    {indented}");
    let manifest = Manifest::parse("seaworthy.yaml", &manifest).expect("the environment is one");
    let target = manifest.environments["local"].hosts.first().map(HostTarget::from).expect("it has a host");
    Some((running, target))
}

#[tokio::test]
async fn this_machine_is_seen_without_being_told_more() {
    let facts = look_at(HostTarget::default()).await.expect("this machine is there");
    dump(&facts);
    assert_eq!(facts.name, "local");
    assert!(facts.system.cpu_millicores.value().is_some_and(|millicores| *millicores > 0));
    assert!(facts.system.memory_bytes.value().is_some_and(|bytes| *bytes > 1 << 20));
    assert!(facts.ports.value().is_some());
    assert_eq!(facts.service.processes.reason().map(|why| why.kind), Some(Blind::NotGiven));
}

#[tokio::test]
async fn a_sound_machine_is_seen_whole() {
    let Some((_running, target)) = machine(None) else { return };
    let facts = look_at(target).await.expect("the machine is there");
    dump(&facts);
}
