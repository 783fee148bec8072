use super::*;

async fn look_at(target: HostTarget) -> Result<HostFacts, Unseen> {
    look(target, Ok(()), &Limits::default(), Utc::now()).await
}

#[tokio::test]
async fn this_machine_is_seen_without_being_told_more() {
    let facts = look_at(HostTarget::default()).await.expect("this machine is there");
    assert_eq!(facts.name, "local");
    assert!(facts.system.cpu_millicores.value().is_some_and(|millicores| *millicores > 0));
    assert!(facts.system.memory_bytes.value().is_some_and(|bytes| *bytes > 1 << 20));
    assert!(facts.ports.value().is_some());
    assert_eq!(facts.service.processes.reason().map(|why| why.kind), Some(Blind::NotGiven));
    if std::env::var_os("DUMP").is_some() {
        println!("{}", serde_json::to_string_pretty(&facts).expect("facts are JSON"));
    }
}
