//! Metrics in the text format of Prometheus, served on the internal listener only.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::http::Method;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::app::App;

const DURATION_BUCKETS: [f64; 12] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0];
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    route: String,
}

pub struct Metrics {
    registry: Registry,
    requests: Family<Request, Counter>,
    durations: Family<Route, Histogram>,
    pub rate_limited: Counter,
    connections: Gauge,
    connections_idle: Gauge,
}

/// What the process uses, read when it is asked for.
#[derive(Debug)]
struct Process {
    started_at_seconds: f64,
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), std::fmt::Error> {
        let used = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        let cpu = ConstCounter::new(Duration::try_from(used).map_or(0.0, |used| used.as_secs_f64()));
        cpu.encode(encoder.encode_descriptor(
            "process_cpu_seconds",
            "Processor time used",
            None,
            cpu.metric_type(),
        )?)?;
        let started = ConstGauge::new(self.started_at_seconds);
        let kind = started.metric_type();
        started.encode(encoder.encode_descriptor(
            "process_start_time_seconds",
            "Start since the epoch",
            None,
            kind,
        )?)?;
        if let Some(bytes) = resident_bytes() {
            let memory = ConstGauge::new(bytes);
            let kind = memory.metric_type();
            memory.encode(encoder.encode_descriptor(
                "process_resident_memory_bytes",
                "Memory used",
                None,
                kind,
            )?)?;
        }
        Ok(())
    }
}

impl Metrics {
    pub fn new() -> Self {
        let mut registry = Registry::default();
        let requests = Family::default();
        let durations: Family<Route, Histogram> =
            Family::new_with_constructor(|| Histogram::new(DURATION_BUCKETS));
        let (rate_limited, connections, connections_idle) =
            (Counter::default(), Gauge::default(), Gauge::default());
        registry.register("http_requests", "Requests served", requests.clone());
        let (help, unit) = ("Time from request to answer", Unit::Seconds);
        registry.register_with_unit("http_request_duration", help, unit, durations.clone());
        registry.register(
            "http_requests_rate_limited",
            "Requests refused by the rate limit",
            rate_limited.clone(),
        );
        registry.register("database_connections", "Open connections of the pool", connections.clone());
        registry.register(
            "database_connections_idle",
            "Idle connections of the pool",
            connections_idle.clone(),
        );
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        registry.register_collector(Box::new(Process { started_at_seconds: since_epoch.as_secs_f64() }));
        Self { registry, requests, durations, rate_limited, connections, connections_idle }
    }

    /// Counts one request. Routes are patterns, never paths: labels must stay few.
    pub fn served(&self, method: &Method, route: &str, status: u16, took: Duration) {
        let route = route.to_owned();
        self.durations.get_or_create(&Route { route: route.clone() }).observe(took.as_secs_f64());
        self.requests.get_or_create(&Request { method: known(method), route, status }).inc();
    }

    pub fn render(&self, app: &App) -> impl IntoResponse + use<> {
        self.connections.set(app.database.size().into());
        self.connections_idle.set(i64::try_from(app.database.num_idle()).unwrap_or(i64::MAX));
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("writing to a string does not fail");
        ([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text)
    }
}

/// A method anyone can invent must not become a label.
fn known(method: &Method) -> &'static str {
    let names = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    names.into_iter().find(|name| method == name).unwrap_or("other")
}

/// Resident memory from `/proc/self/statm`, whose second number counts pages.
fn resident_bytes() -> Option<f64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u32 = statm.split_whitespace().nth(1)?.parse().ok()?;
    let page = u32::try_from(rustix::param::page_size()).ok()?;
    Some(f64::from(pages) * f64::from(page))
}
