//! Asks name servers one question at a time, and says what the answer means.

use std::net::SocketAddr;

use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ProtocolConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use hickory_resolver::system_conf::read_system_conf;
use hickory_resolver::{Resolver, TokioResolver};
use seaworthy_core::facts::{Blind, Unseen};
use seaworthy_core::limits::Limits;
use seaworthy_core::limits::dns::{RECORDS_MAX, SERVERS_MAX};
use tokio::time::{Instant, timeout_at};

use crate::address::reach;

/// What a question came to.
#[derive(Debug)]
pub(super) enum Found {
    /// Records of the kind asked for, or of aliases on the way.
    Records(Vec<RData>),
    /// The name exists and has none of that kind.
    Nothing,
    /// The name does not exist.
    NoSuchName,
    /// It cannot be said.
    Unseen(Unseen),
}

/// Name servers and the time there is to ask them.
pub(super) struct Questions {
    resolver: TokioResolver,
    /// The first server, for the commands that are shown; none when the machine's own are asked.
    shown: Option<SocketAddr>,
    limits: Limits,
    end: Instant,
}

impl Questions {
    /// To these servers, or to the machine's own.
    pub(super) fn to(servers: &[SocketAddr], limits: &Limits) -> Result<Self, Unseen> {
        let system = if servers.is_empty() { system_servers()? } else { Vec::new() };
        let given = servers.iter().map(|server| name_server(*server));
        let mut refused = None;
        let mut all: Vec<NameServerConfig> = Vec::new();
        for server in given.chain(system).take(SERVERS_MAX) {
            match reach(server.ip) {
                Ok(_) => all.push(server),
                Err(why) => refused = Some(format!("the name server {} is never asked: {why}", server.ip)),
            }
        }
        if all.is_empty() {
            let why = refused.unwrap_or_else(|| "this machine has no name server".into());
            return Err(Unseen::new(Blind::NotGiven, why).give("a name server under `dns.servers`"));
        }
        let config = ResolverConfig::from_name_servers(all);
        let mut builder = Resolver::builder_with_config(config, TokioRuntimeProvider::default());
        bound(builder.options_mut(), limits);
        let resolver = builder
            .build()
            .map_err(|error| Unseen::new(Blind::Crashed, format!("a resolver cannot be set up: {error}")))?;
        let shown = servers.first().copied();
        Ok(Self { resolver, shown, limits: *limits, end: Instant::now() + limits.deadline })
    }

    /// Asks for one kind of record.
    pub(super) async fn ask(&self, name: &str, kind: RecordType) -> Found {
        let Ok(mut asked) = Name::from_ascii(name) else {
            return Found::Unseen(Unseen::new(Blind::Unsupported, "it is not a name of the DNS"));
        };
        asked.set_fqdn(true);
        // One try over UDP, one over TCP.
        let by = (Instant::now() + self.limits.answer * 2).min(self.end);
        match timeout_at(by, self.resolver.lookup(asked, kind)).await {
            Ok(Ok(lookup)) => match lookup.message().response_code {
                ResponseCode::NoError => records(name, lookup.answers()),
                ResponseCode::NXDomain => Found::NoSuchName,
                code => Found::Unseen(refused(name, code)),
            },
            Ok(Err(error)) => meaning(name, &error),
            Err(_) => Found::Unseen(late(name)),
        }
    }

    /// A command that asks the same.
    pub(super) fn by_hand(&self, name: &str, kind: &str) -> String {
        // In single quotes nothing is expanded, and a name with a quote is none that exists.
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
        let name =
            if name.chars().all(plain) { name.to_owned() } else { format!("'{}'", name.replace('\'', "")) };
        match self.shown {
            Some(server) => format!("dig @{} -p {} {name} {kind}", server.ip(), server.port()),
            None => format!("dig {name} {kind}"),
        }
    }
}

fn records(name: &str, answers: &[Record]) -> Found {
    match answers.len() {
        0 => Found::Nothing,
        1..=RECORDS_MAX => Found::Records(answers.iter().map(|record| record.data.clone()).collect()),
        more => {
            let why = format!("asked for `{name}`, the name server gave {more} records, more than are read");
            Found::Unseen(Unseen::new(Blind::CutShort, why))
        }
    }
}

/// A name as text, without its last dot. Odd bytes come out escaped.
pub(super) fn shown(name: &Name) -> String {
    let text = name.to_ascii();
    text.strip_suffix('.').map_or(text.clone(), str::to_owned)
}

fn name_server(address: SocketAddr) -> NameServerConfig {
    let connection = |protocol| {
        let mut connection = ConnectionConfig::new(protocol);
        connection.port = address.port();
        connection
    };
    let both = vec![connection(ProtocolConfig::Udp), connection(ProtocolConfig::Tcp)];
    NameServerConfig::new(address.ip(), true, both)
}

fn system_servers() -> Result<Vec<NameServerConfig>, Unseen> {
    let (config, _) = read_system_conf().map_err(|error| {
        let why = format!("the name servers of this machine could not be read: {error}");
        Unseen::new(Blind::NotGiven, why).give("a name server under `dns.servers`")
    })?;
    Ok(config.name_servers().to_vec())
}

fn bound(options: &mut ResolverOpts, limits: &Limits) {
    options.timeout = limits.answer;
    options.attempts = 1;
    options.cache_size = 0;
    options.use_hosts_file = ResolveHosts::Never;
    options.preserve_intermediates = true;
}

fn meaning(name: &str, error: &NetError) -> Found {
    match error {
        NetError::Dns(DnsError::NoRecordsFound(none)) => match none.response_code {
            ResponseCode::NXDomain => Found::NoSuchName,
            // A server that only says who else to ask has not said that there is nothing.
            ResponseCode::NoError if none.ns.is_some() && none.soa.is_none() => {
                let why = format!("asked for `{name}`, the name server only names other servers");
                Found::Unseen(
                    Unseen::new(Blind::Unsupported, why)
                        .give("a name server that resolves, or that is authoritative"),
                )
            }
            ResponseCode::NoError => Found::Nothing,
            code => Found::Unseen(refused(name, code)),
        },
        NetError::Dns(DnsError::ResponseCode(code)) => Found::Unseen(refused(name, *code)),
        NetError::Timeout => Found::Unseen(late(name)),
        NetError::Io(_) | NetError::NoConnections | NetError::Busy => {
            let why = format!("asked for `{name}`, no name server could be reached");
            Found::Unseen(
                Unseen::new(Blind::Unreachable, why)
                    .give("a name server under `dns.servers` that answers here"),
            )
        }
        other => {
            let kind = other.as_metrics_label();
            let why = format!("asked for `{name}`, the name server's answer cannot be used: {kind}");
            Found::Unseen(Unseen::new(Blind::Garbled, why).give("another name server under `dns.servers`"))
        }
    }
}

fn refused(name: &str, code: ResponseCode) -> Unseen {
    let kind = if code == ResponseCode::Refused { Blind::Denied } else { Blind::Unreachable };
    Unseen::new(kind, format!("asked for `{name}`, the name server answered: {code}"))
        .give("mend the zone, or a name server under `dns.servers` that knows it")
}

fn late(name: &str) -> Unseen {
    Unseen::new(Blind::Timeout, format!("asked for `{name}`, no name server answered in time"))
        .give("a name server under `dns.servers` that answers here")
}
