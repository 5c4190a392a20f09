//! What Prometheus reads: counts and sizes, never a name.

use crate::hub::Hub;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use std::sync::atomic::{AtomicU64, Ordering};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    kind: Kind,
    status: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
enum Kind {
    Read,
    Change,
}

/// The metrics of this process.
pub struct Metrics {
    registry: Registry,
    requests: Family<Request, Counter>,
    streams: Gauge,
    meetings: Gauge,
    participants: Gauge,
    media: Vec<(&'static str, Gauge<u64, AtomicU64>)>,
}

/// Names of the media thread's counters, in the order of [`crate::media::MediaCounters`].
const MEDIA: [(&str, &str); 6] = [
    ("beffroi_media_packets_in", "Datagrams read from the media port"),
    ("beffroi_media_packets_out", "Datagrams sent from the media port"),
    ("beffroi_media_bytes_in", "UDP payload read, bytes"),
    ("beffroi_media_bytes_out", "UDP payload sent, bytes"),
    ("beffroi_media_strays", "Datagrams that belonged to nobody"),
    ("beffroi_media_unsent", "Datagrams that the network did not take"),
];

impl Metrics {
    pub fn new() -> Self {
        let mut registry = Registry::default();
        let requests = Family::<Request, Counter>::default();
        registry.register("beffroi_http_requests", "Requests answered, by kind and status", requests.clone());
        let (streams, meetings, participants) = (Gauge::default(), Gauge::default(), Gauge::default());
        registry.register("beffroi_streams", "Connected XMPP streams", streams.clone());
        registry.register("beffroi_meetings", "Meetings that are on", meetings.clone());
        registry.register("beffroi_participants", "People in meetings", participants.clone());
        let media = MEDIA.map(|(name, help)| {
            let gauge = Gauge::<u64, AtomicU64>::default();
            registry.register(name, help, gauge.clone());
            (name, gauge)
        });
        Self { registry, requests, streams, meetings, participants, media: media.into() }
    }

    /// One request was answered.
    pub fn request(&self, changes: bool, status: u16) {
        let kind = if changes { Kind::Change } else { Kind::Read };
        self.requests.get_or_create(&Request { kind, status }).inc();
    }

    /// Everything, as OpenMetrics text.
    pub fn text(&self, hub: &Hub) -> String {
        let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        let census = hub.census();
        self.streams.set(count(census.streams));
        self.meetings.set(count(census.meetings));
        self.participants.set(count(census.participants));
        let c = hub.media_counters();
        for ((_, gauge), value) in self.media.iter().zip([
            &c.packets_in,
            &c.packets_out,
            &c.bytes_in,
            &c.bytes_out,
            &c.strays,
            &c.unsent,
        ]) {
            gauge.set(value.load(Ordering::Relaxed));
        }
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("a String takes any text");
        text
    }
}
