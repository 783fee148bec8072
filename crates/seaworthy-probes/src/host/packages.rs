//! Installed packages against the security archive's lists, as they lie on the host.
//!
//! Reads `/var/lib/dpkg/status` and `/var/lib/apt/lists`; fetches nothing and runs nothing. A held package counts.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};

use chrono::{DateTime, Utc};
use seaworthy_core::facts::{Blind, Listed, Seen, Unseen};
use seaworthy_core::limits::host::{
    PACKAGE_LINE_BYTES_MAX, PACKAGE_LIST_BYTES_MAX, PACKAGE_LISTS_MAX, UPDATES_MAX,
};

use super::facts::{PackagesFacts, SecurityUpdate};
use super::system;
use super::tree::Tree;
use super::units;

/// Folder of apt's lists.
const LISTS: &str = "var/lib/apt/lists";
/// Longest release file and file of settings, in bytes.
const TEXT_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// By name and architecture the installed version.
type Installed = BTreeMap<(String, String), String>;

/// Looks at the packages of a host. `now` is the time of looking.
pub(super) fn facts(tree: &Result<Tree, Unseen>, now: DateTime<Utc>) -> PackagesFacts {
    let apt = tree.as_ref().map_err(Unseen::clone).and_then(|tree| apt(tree).map(|()| tree));
    let tree = match apt {
        Ok(tree) => tree,
        Err(why) => return nothing(&why),
    };
    let releases = releases(tree);
    let kernel = kernel_newest(tree);
    PackagesFacts {
        manager: Seen::new("apt".to_owned()),
        lists_age_seconds: releases.as_ref().map_err(Unseen::clone).and_then(|all| age(all, now)).into(),
        security_updates: match releases.and_then(|releases| updates(tree, &releases)) {
            Ok(updates) => Seen::shown_by(
                Listed::bounded(updates, UPDATES_MAX, "security updates"),
                "apt list --upgradable | grep -security",
            ),
            Err(why) => why.into(),
        },
        reboot_required: reboot_required(tree, &kernel).into(),
        kernel_newest: kernel.into(),
        automatic_updates_on: automatic(tree).into(),
    }
}

fn nothing(why: &Unseen) -> PackagesFacts {
    PackagesFacts {
        manager: why.clone().into(),
        lists_age_seconds: why.clone().into(),
        security_updates: why.clone().into(),
        reboot_required: why.clone().into(),
        kernel_newest: why.clone().into(),
        automatic_updates_on: why.clone().into(),
    }
}

/// Whether apt keeps the packages of this host.
fn apt(tree: &Tree) -> Result<(), Unseen> {
    if tree.has("var/lib/dpkg/status")? {
        return Ok(());
    }
    let id = system::os(tree).map(|os| os.id).unwrap_or_default();
    let by_hand = match id.as_str() {
        "fedora" | "rhel" | "centos" | "rocky" | "almalinux" | "amzn" | "ol" => {
            "`dnf updateinfo list security`"
        }
        "alpine" => "`apk version -l '<'`",
        "arch" => "`arch-audit -u`",
        "opensuse-leap" | "sles" => "`zypper list-patches --category security`",
        _ => "the package manager's list of security updates",
    };
    Err(Unseen::new(Blind::Unsupported, "the packages of this host are not kept by apt")
        .give(format!("see {by_hand} and attest it")))
}

/// One archive of security updates, as apt has it on disk.
#[derive(Debug)]
struct Release {
    /// The beginning of the names of its lists.
    prefix: String,
    /// When the archive wrote it.
    date: DateTime<Utc>,
}

/// The archives whose release file says that they are for security.
fn releases(tree: &Tree) -> Result<Vec<Release>, Unseen> {
    let mut releases = Vec::new();
    for name in tree.names(LISTS, PACKAGE_LISTS_MAX)?.unwrap_or_default() {
        let Some(name) = name.to_str() else { continue };
        let prefix = name.strip_suffix("_InRelease").or_else(|| name.strip_suffix("_Release"));
        let Some(prefix) = prefix else { continue };
        let path = format!("{LISTS}/{name}");
        let Some(text) = tree.text(&path, TEXT_BYTES_MAX)? else { continue };
        let field = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)).map(str::trim);
        let of_security = |value: Option<&str>| value.is_some_and(|v| v.to_lowercase().contains("security"));
        if !of_security(field("Label:")) && !of_security(field("Suite:")) && !of_security(field("Codename:"))
        {
            continue;
        }
        let date = field("Date:")
            .and_then(date)
            .ok_or_else(|| Unseen::new(Blind::Garbled, format!("{} has no date", tree.shown(&path))))?;
        releases.push(Release { prefix: prefix.to_owned(), date });
    }
    if releases.is_empty() {
        let why = format!("{} holds no list of a security archive", tree.shown(LISTS));
        return Err(Unseen::new(Blind::NotGiven, why)
            .give("name the security archive in /etc/apt/sources.list and run `apt-get update`"));
    }
    Ok(releases)
}

/// `Wed, 18 Nov 2026 22:17:41 UTC`.
fn date(text: &str) -> Option<DateTime<Utc>> {
    let plain = text.trim_end_matches("UTC").trim_end_matches("GMT").trim_end();
    let naive = chrono::NaiveDateTime::parse_from_str(plain, "%a, %d %b %Y %H:%M:%S").ok()?;
    Some(naive.and_utc())
}

/// How old the oldest of them is. A date in the future is no age.
fn age(releases: &[Release], now: DateTime<Utc>) -> Result<u64, Unseen> {
    let oldest = releases.iter().map(|release| release.date).min();
    let age = oldest.and_then(|oldest| u64::try_from((now - oldest).num_seconds()).ok());
    age.ok_or_else(|| {
        Unseen::new(Blind::Garbled, "the lists of the security archive are dated in the future")
            .give("set the clock right and run `apt-get update`")
    })
}

/// Packages of which an archive offers a newer version than the installed one.
fn updates(tree: &Tree, releases: &[Release]) -> Result<Vec<SecurityUpdate>, Unseen> {
    let installed = installed(tree)?;
    let mut newest: BTreeMap<(String, String), String> = BTreeMap::new();
    for release in releases {
        let mut lists = 0;
        for name in tree.names(LISTS, PACKAGE_LISTS_MAX)?.unwrap_or_default() {
            let Some(name) = name.to_str() else { continue };
            let Some(rest) = name.strip_prefix(&release.prefix) else { continue };
            if !rest.starts_with('_') || !rest.contains("_Packages") {
                continue;
            }
            lists += 1;
            offered(tree, &format!("{LISTS}/{name}"), &installed, &mut newest)?;
        }
        if lists == 0 {
            let why = format!("{}/{}_… holds no list of packages", tree.shown(LISTS), release.prefix);
            return Err(Unseen::new(Blind::NotGiven, why).give("run `apt-get update`"));
        }
    }
    let update = |((package, architecture), offered): ((String, String), String)| {
        let installed = installed.get(&(package.clone(), architecture))?.clone();
        Some(SecurityUpdate { package, installed, offered })
    };
    Ok(newest.into_iter().filter_map(update).collect())
}

/// What dpkg says is installed.
fn installed(tree: &Tree) -> Result<Installed, Unseen> {
    let path = "var/lib/dpkg/status";
    let file = tree.file(path)?.ok_or_else(|| Unseen::new(Blind::Unreachable, "dpkg's status is gone"))?;
    let mut installed = BTreeMap::new();
    paragraphs(file, &tree.shown(path), |paragraph| {
        if paragraph.status.as_deref().is_some_and(|status| status.ends_with(" installed")) {
            installed.insert(
                (paragraph.package.clone(), paragraph.architecture.clone()),
                paragraph.version.clone(),
            );
        }
        Ok(())
    })?;
    Ok(installed)
}

/// Adds to `newest` what one list offers beyond what is installed.
fn offered(
    tree: &Tree,
    path: &str,
    installed: &Installed,
    newest: &mut BTreeMap<(String, String), String>,
) -> Result<(), Unseen> {
    let Some(file) = tree.file(path)? else { return Ok(()) };
    let reader: Box<dyn Read> = match path.rsplit_once("_Packages").map(|(_, ending)| ending) {
        Some("") => Box::new(file),
        Some(".gz") => Box::new(flate2::read::MultiGzDecoder::new(file)),
        Some(".lz4") => Box::new(lz4_flex::frame::FrameDecoder::new(file)),
        _ => {
            let why = format!("{} is packed in a way that is not understood", tree.shown(path));
            return Err(Unseen::new(Blind::Unsupported, why)
                .give("run `apt-get -o Acquire::GzipIndexes=false update`"));
        }
    };
    paragraphs(reader, &tree.shown(path), |paragraph| {
        let key = (paragraph.package.clone(), paragraph.architecture.clone());
        let Some(have) = installed.get(&key) else { return Ok(()) };
        let best = newest.get(&key).unwrap_or(have);
        if compare(&paragraph.version, best)? == Ordering::Greater {
            newest.insert(key, paragraph.version.clone());
        }
        Ok(())
    })
}

/// `deb-version` 0.1.1 counts letters where it means bytes, so it is given ASCII only, as the policy demands.
fn compare(one: &str, other: &str) -> Result<Ordering, Unseen> {
    if one.is_ascii() && other.is_ascii() {
        return Ok(deb_version::compare_versions(one, other));
    }
    Err(Unseen::new(Blind::Garbled, "a package's version is not ASCII"))
}

/// The fields of a paragraph that matter here.
#[derive(Debug, Default)]
struct Paragraph {
    package: String,
    version: String,
    architecture: String,
    status: Option<String>,
}

/// Goes through the paragraphs of a control file, line by line and bounded.
fn paragraphs(
    reader: impl Read,
    shown: &str,
    mut each: impl FnMut(&Paragraph) -> Result<(), Unseen>,
) -> Result<(), Unseen> {
    let garbled = |why: &str| Unseen::new(Blind::Garbled, format!("{shown} {why}"));
    let mut reader = BufReader::new(reader.take(PACKAGE_LIST_BYTES_MAX + 1));
    let mut read = 0_u64;
    let mut paragraph = Paragraph::default();
    let mut line = Vec::new();
    loop {
        line.clear();
        let length = reader.by_ref().take(PACKAGE_LINE_BYTES_MAX + 1).read_until(b'\n', &mut line);
        let length = length.map_err(|_| garbled("cannot be read to its end"))? as u64;
        read += length;
        if length > PACKAGE_LINE_BYTES_MAX || read > PACKAGE_LIST_BYTES_MAX {
            let why =
                format!("{shown} is longer than {PACKAGE_LIST_BYTES_MAX} bytes, or a line of it too long");
            return Err(Unseen::new(Blind::CutShort, why));
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end();
        if text.is_empty() {
            if !paragraph.package.is_empty() {
                each(&paragraph)?;
            }
            paragraph = Paragraph::default();
        } else if let Some((key, value)) = text.split_once(':') {
            let value = value.trim().to_owned();
            match key {
                "Package" => paragraph.package = value,
                "Version" => paragraph.version = value,
                "Architecture" => paragraph.architecture = value,
                "Status" => paragraph.status = Some(value),
                _ => {}
            }
        }
        if length == 0 {
            return Ok(());
        }
    }
}

/// The newest of the installed kernels by their packages: `linux-image-6.1.0-40-amd64`.
fn kernel_newest(tree: &Tree) -> Result<Option<String>, Unseen> {
    let mut newest: Option<String> = None;
    for (package, _) in installed(tree)?.into_keys() {
        let release = package.strip_prefix("linux-image-").map(|rest| rest.trim_start_matches("unsigned-"));
        let Some(release) = release.filter(|release| release.starts_with(|c: char| c.is_ascii_digit()))
        else {
            continue;
        };
        let newer = match &newest {
            None => true,
            Some(newest) => compare(release, newest)? == Ordering::Greater,
        };
        if newer {
            newest = Some(release.to_owned());
        }
    }
    Ok(newest)
}

/// By the flag that packages raise, or by a newer kernel than the running one. A container's kernel is not its own.
fn reboot_required(tree: &Tree, newest: &Result<Option<String>, Unseen>) -> Result<bool, Unseen> {
    if tree.has("run/reboot-required")? || tree.has("var/run/reboot-required")? {
        return Ok(true);
    }
    let Some(newest) = newest.clone()? else { return Ok(false) };
    let running = system::kernel_release()?;
    // Kernels of another flavour are not compared: `cloud-amd64` beside `amd64`.
    let flavour = |release: &str| release.trim_start_matches(|c: char| !c.is_ascii_alphabetic()).to_owned();
    Ok(flavour(&newest) == flavour(&running) && compare(&newest, &running)? == Ordering::Greater)
}

/// Whether unattended-upgrades is installed, asked for, and called by a timer that is on.
fn automatic(tree: &Tree) -> Result<bool, Unseen> {
    let installed = installed(tree)?.into_keys().any(|(package, _)| package == "unattended-upgrades");
    let mut wanted = false;
    for name in tree.names("etc/apt/apt.conf.d", PACKAGE_LISTS_MAX)?.unwrap_or_default() {
        let Some(name) = name.to_str() else { continue };
        let text = tree.text(&format!("etc/apt/apt.conf.d/{name}"), TEXT_BYTES_MAX)?.unwrap_or_default();
        for line in text.lines().map(str::trim).filter(|line| !line.starts_with("//")) {
            if let Some(value) = line.strip_prefix("APT::Periodic::Unattended-Upgrade") {
                wanted = value.trim().trim_end_matches(';').trim_matches(['"', ' ']) != "0";
            }
        }
    }
    Ok(installed && wanted && units::enabled_at_boot(tree, "apt-daily-upgrade.timer")?)
}
