//! This machine, and the machine of the testbed: sound, sabotaged, gone.

use seaworthy_core::manifest::Environment;
use seaworthy_testbed::{Running, Testbed};

use super::*;

/// The machine of the testbed, or `None` where this machine forbids namespaces.
fn machine(sabotage: Option<&str>) -> Option<(Running, HostTarget)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testbed");
    let testbed = Testbed::open(folder).expect("the testbed is there");
    let part = testbed.part("host").expect("the part is there");
    let sabotage = sabotage.map(|name| testbed.sabotage("host", name).expect("the sabotage is there"));
    let running = match part.start(sabotage.as_ref()) {
        Ok(running) => running,
        Err(error) if error.to_string().contains("not permitted") => {
            eprintln!("skipped 1 machine: this one forbids namespaces");
            return None;
        }
        Err(error) => panic!("{error}"),
    };
    let environment: Environment = serde_saphyr::from_str(running.environment()).expect("it is one");
    let target = environment.hosts.first().map(HostTarget::from).expect("it has a host");
    Some((running, target))
}

/// Every reason in a facts document for not seeing something.
fn reasons(json: &serde_json::Value, into: &mut Vec<String>) {
    match json {
        serde_json::Value::Object(object) => {
            into.extend(object.get("$unseen").map(ToString::to_string));
            object.values().for_each(|value| reasons(value, into));
        }
        serde_json::Value::Array(all) => all.iter().for_each(|value| reasons(value, into)),
        _ => {}
    }
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
async fn a_sound_machine_is_seen_whole_and_no_secret_of_it_is_told() {
    let Some((running, target)) = machine(None) else { return };
    let target = HostTarget { repo: Some(running.work_dir().join("repo")), ..target };
    let facts = look_at(target).await.expect("the machine is there");
    dump(&facts);
    let declared = facts.service.declared.value().map(|declared| declared.items.len());
    assert_eq!(declared, Some(4));
    let json = serde_json::to_value(&facts).expect("facts are JSON");
    let mut unseen = Vec::new();
    reasons(&json, &mut unseen);
    assert_eq!(unseen, Vec::<String>::new());
    let env =
        std::fs::read_to_string(running.work_dir().join("root/etc/shop/shop-api.env")).expect("readable");
    let secret = env.lines().find_map(|line| line.strip_prefix("SESSION_SECRET=")).expect("it has one");
    assert!(secret.len() >= 32);
    assert!(!json.to_string().contains(secret));
    assert!(!json.to_string().contains("postgres://"));
}

#[tokio::test]
async fn without_consent_the_ssh_server_is_not_called() {
    let Some((running, target)) = machine(None) else { return };
    let refused = Err(Unseen::new(Blind::Consent, "not granted"));
    let facts = look(target, refused, &Limits::default(), Utc::now()).await.expect("the machine is there");
    let ssh = facts.ssh.value().and_then(Option::as_ref).expect("it has a server");
    assert_eq!(ssh.methods_offered.reason().map(|why| why.kind), Some(Blind::Consent));
    assert_eq!(ssh.permit_root_login.value().map(String::as_str), Some("no"));
    let log = std::fs::read_to_string(running.work_dir().join("machine.log")).expect("readable");
    assert!(!log.contains("seaworthy"), "{log}");
}

#[tokio::test]
async fn settings_that_the_server_has_not_loaded_are_known_as_such() {
    let Some((running, target)) = machine(None) else { return };
    let pid = target.pid.expect("it is seen through a process");
    let path = format!("/proc/{pid}/root/etc/ssh/sshd_config.d/10-access.conf");
    // The time of a change is kept in whole seconds and with a blur: wait until it is told apart.
    let written =
        std::fs::metadata(&path).and_then(|meta| meta.created().or(meta.modified())).expect("readable");
    while written.elapsed().is_ok_and(|age| age < Duration::from_secs(4)) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    std::fs::write(&path, "PermitRootLogin no\nPasswordAuthentication no\n").expect("written");
    let facts = look_at(target).await.expect("the machine is there");
    let ssh = facts.ssh.value().and_then(Option::as_ref).expect("it has a server");
    assert_eq!(ssh.config_loaded.value(), Some(&false));
    drop(running);
}

#[tokio::test]
async fn a_machine_that_is_gone_is_unseen() {
    let Some((mut running, target)) = machine(None) else { return };
    running.away();
    let why = look_at(target).await.expect_err("it is gone");
    assert_eq!(why.kind, Blind::Unreachable);
    assert!(why.give.is_some());
}

#[tokio::test]
async fn a_machine_that_goes_while_it_is_looked_at_gives_all_or_nothing() {
    let Some((mut running, target)) = machine(None) else { return };
    let looking = tokio::spawn(look_at(target));
    tokio::task::spawn_blocking(move || running.away()).await.expect("stopped");
    match looking.await.expect("the look never panics") {
        Ok(facts) => assert!(facts.ports.value().is_some()),
        Err(why) => assert_eq!(why.kind, Blind::Unreachable),
    }
}

#[tokio::test]
async fn a_process_that_never_was_is_unseen() {
    let target = HostTarget { pid: Some(u32::MAX), ..HostTarget::default() };
    assert_eq!(look_at(target).await.expect_err("no such process").kind, Blind::Unreachable);
}

#[tokio::test]
async fn a_service_that_does_not_run_is_not_running_and_its_processes_are_unseen() {
    let target = HostTarget { service: Some("no-such-service".into()), ..HostTarget::default() };
    let facts = look_at(target).await.expect("this machine is there");
    assert_eq!(facts.service.running.value(), Some(&false));
    assert_eq!(facts.service.processes.reason().map(|why| why.kind), Some(Blind::Unreachable));
    assert!(facts.service.environment_names.reason().is_some());
    assert!(facts.env_files.reason().is_some());
}

/// The same look as a user without rights, in a process of its own.
#[tokio::test]
async fn without_rights_the_rest_is_unseen_and_says_what_to_give() {
    const MARK: &str = "SEAWORTHY_LOOKS_WITHOUT_RIGHTS";
    if std::env::var_os(MARK).is_some() {
        without_rights().await;
        return;
    }
    if !nix::unistd::geteuid().is_root() {
        without_rights().await;
        return;
    }
    // Not below the folder of the build: that one may be closed to others.
    let copy = tempfile::Builder::new().prefix("seaworthy-test-").tempfile_in("/tmp").expect("a file");
    std::fs::copy(std::env::current_exe().expect("a test is a program"), copy.path()).expect("copied");
    let path = copy.into_temp_path();
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("set");
    let names = [
        "host::tests::machine::without_rights_the_rest_is_unseen_and_says_what_to_give",
        "host::tests::hostile::what_cannot_be_read_is_denied",
    ];
    let output = tokio::process::Command::new("setpriv")
        .args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"])
        .arg(&path)
        .args(["--exact", "--nocapture"])
        .args(names)
        .env(MARK, "1")
        .output()
        .await
        .expect("setpriv runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("2 passed"),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

async fn without_rights() {
    let facts = look_at(HostTarget { service: Some("init".into()), ..HostTarget::default() }).await;
    let facts = facts.expect("this machine is there");
    let why = facts.firewall.default_deny_ipv4.reason().expect("it takes rights");
    assert_eq!(why.kind, Blind::Denied, "{why:?}");
    assert!(why.give.as_ref().is_some_and(|give| give.contains("root")), "{why:?}");
    assert!(facts.ports.value().is_some(), "the table of sockets is open to all");
    assert!(facts.system.memory_bytes.value().is_some());
    // Another user's container is closed altogether.
    let why = look_at(HostTarget { pid: Some(1), ..HostTarget::default() }).await;
    match why {
        Ok(facts) => {
            assert_eq!(facts.system.os.reason().map(|why| why.kind), Some(Blind::Denied));
            assert_eq!(facts.packages.security_updates.reason().map(|why| why.kind), Some(Blind::Denied));
            assert_eq!(facts.firewall.default_deny_ipv4.reason().map(|why| why.kind), Some(Blind::Denied));
        }
        Err(why) => assert_eq!(why.kind, Blind::Denied),
    }
}
