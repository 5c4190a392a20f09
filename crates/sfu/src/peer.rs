//! One participant's peer connection: str0m's `Rtc`, what it sends and the slots on which it receives.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use str0m::format::Codec;
use str0m::media::{KeyframeRequestKind, MediaKind, Mid, Pt};
use str0m::net::{DatagramRecv, Protocol, Receive};
use str0m::rtp::{Extension, RtpPacket, RtpWrite, Ssrc, Vp8Descriptor};
use str0m::{Candidate, Event, IceConnectionState, Input, Output, Rtc};

use crate::continuity::{Continuity, Place, Placed, Verdict};
use crate::downlink::Downlink;
use crate::offer::{self, Shape, Use};
use crate::slots::{Kind, Slot, SourceId, Wanted, place};
use crate::{JoinError, Participant, Sending, Transmit};

/// How long a client may take from our answer to a working connection. A browser gives up by itself
/// after about 15 s.
const PATIENCE_TO_CONNECT: Duration = Duration::from_secs(30);

/// How long a lost path may stay lost: long enough for a change of Wi-Fi cell, shorter than anyone looks
/// at a frozen picture. ICE itself has been silent for some seconds when it reports the loss.
const PATIENCE_WHEN_LOST: Duration = Duration::from_secs(10);

/// Least time between two keyframe requests for one source. A keyframe is ten times the size of another
/// frame: answering every receiver's every loss would be worse than the losses.
const KEYFRAME_EVERY: Duration = Duration::from_millis(500);

/// How often a line is judged by what was lost on it.
const REPORT_EVERY: Duration = Duration::from_secs(1);

/// Largest RTP payload forwarded, in bytes. Browsers send at most 1200; larger does not pass a usual
/// path, and str0m writes header and payload into 2000 bytes.
const MAX_PAYLOAD: usize = 1400;

/// Streams that a client may send on, counting those that it replaced by others.
const MAX_STREAMS: usize = 32;

/// Source addresses remembered for one client: one for each path that ICE tries.
pub(crate) const MAX_ADDRESSES: usize = 16;

/// Why a participant's media ended without their leaving.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gone {
    /// No connection came about within 30 s of the answer.
    NeverConnected,
    /// The path was lost and did not come back within 10 s.
    Lost,
    /// The client closed its peer connection.
    Closed,
    /// DTLS or another part of WebRTC failed for good.
    Failed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Link {
    Awaited { until: Instant },
    Up,
    Lost { until: Instant },
}

/// What a peer brings to the conference.
#[derive(Debug)]
pub(crate) enum Heard {
    Connected,
    Packet {
        kind: Kind,
        packet: Packet,
        level: Option<i8>,
    },
    /// The receiver cannot decode what it gets from this source.
    NeedsKeyframe(SourceId),
    /// The receiver's line carries more or fewer pictures than before.
    LineChanged,
    Gone(Gone),
}

/// A packet on its way, read once and written for every receiver.
#[derive(Debug)]
pub(crate) struct Packet {
    place: Place,
    marker: bool,
    starts_keyframe: bool,
    descriptor: Option<Vp8Descriptor>,
    payload: Arc<[u8]>,
    arrived: Instant,
}

/// What became of a packet at one receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Forwarded {
    Written,
    NotForThem,
    /// The slot can begin only with a keyframe, and this is none.
    AwaitsKeyframe,
}

struct Source {
    mid: Mid,
    pt: Pt,
    asked_for_keyframe: Option<Instant>,
    keyframe_wanted: bool,
}

struct Line {
    mid: Mid,
    ssrc: Ssrc,
    pt: Pt,
    continuity: Continuity,
}

/// The slots of one sort: a line and, at the same index, the stream that stands on it.
#[derive(Default)]
struct Lane {
    lines: Vec<Line>,
    holders: Vec<Option<SourceId>>,
}

pub(crate) struct Peer {
    rtc: Rtc,
    link: Link,
    deadline: Instant,
    sources: [Option<Source>; 3],
    streams: Vec<(Ssrc, Kind)>,
    audio: Lane,
    video: Lane,
    downlink: Downlink,
    /// Losses that the client reported since the last judgement, at most one per stream.
    reported: Vec<f32>,
    pictures: usize,
    pub(crate) sending: Sending,
    pub(crate) ufrag: String,
    pub(crate) addresses: VecDeque<SocketAddr>,
}

impl Peer {
    /// Answers an offer.
    pub(crate) fn answer(
        text: &str,
        candidates: &[SocketAddr],
        now: Instant,
    ) -> Result<(Self, String), JoinError> {
        let offer = offer::read(text)?;
        let mut rtc = Rtc::builder()
            .set_rtp_mode(true)
            .set_ice_lite(true)
            .clear_codecs()
            .enable_opus(true, false)
            .enable_vp8(true)
            .clear_extension_map()
            .set_stats_interval(Some(REPORT_EVERY))
            .set_extension(1, Extension::AudioLevel)
            .set_extension(2, Extension::TransportSequenceNumber)
            .set_extension(3, Extension::RtpMid)
            .build(now);
        let refused = |candidate: &SocketAddr| JoinError::Candidate(candidate.to_string());
        if candidates.is_empty() {
            return Err(JoinError::Candidate("none".to_owned()));
        }
        for address in candidates {
            let candidate = Candidate::host(*address, "udp").map_err(|_| refused(address))?;
            rtc.add_local_candidate(candidate);
        }
        let answer = rtc.sdp_api().accept_offer(offer).map_err(JoinError::Refused)?.to_sdp_string();
        let ufrag = rtc.direct_api().local_ice_credentials().ufrag;
        let mut peer = Self {
            rtc,
            link: Link::Awaited { until: now + PATIENCE_TO_CONNECT },
            deadline: now,
            sources: [None, None, None],
            streams: Vec::new(),
            audio: Lane::default(),
            video: Lane::default(),
            downlink: Downlink::new(),
            reported: Vec::new(),
            pictures: 0,
            sending: Sending::default(),
            ufrag,
            addresses: VecDeque::new(),
        };
        peer.take_lines(text)?;
        Ok((peer, answer))
    }

    /// Finds the send lines and the slots in the answered offer.
    fn take_lines(&mut self, text: &str) -> Result<(), JoinError> {
        let mut shape = Shape::default();
        for name in text.lines().filter_map(|line| line.strip_prefix("a=mid:")) {
            let mid = Mid::from(name.trim());
            let Some(media) = self.rtc.media(mid) else { continue };
            let kind = media.kind();
            let used = shape.line(kind, media.direction())?;
            if used == Use::Nothing {
                continue;
            }
            let codec = if kind == MediaKind::Audio { Codec::Opus } else { Codec::Vp8 };
            let params = self
                .rtc
                .codec_config()
                .find(|params| params.spec().codec == codec && media.remote_pts().contains(&params.pt()));
            let Some(pt) = params.map(|params| params.pt()) else {
                return Err(offer::shape(format!("line {mid} does not offer {codec:?}")));
            };
            if used == Use::Source {
                let source = Source { mid, pt, asked_for_keyframe: None, keyframe_wanted: false };
                let place = match kind {
                    MediaKind::Audio => Kind::Audio,
                    MediaKind::Video if self.sources[Kind::Video as usize].is_none() => Kind::Video,
                    MediaKind::Video => Kind::Screen,
                };
                self.sources[place as usize] = Some(source);
                continue;
            }
            let Some(ssrc) = self.rtc.direct_api().stream_tx_by_mid(mid, None).map(|stream| stream.ssrc())
            else {
                return Err(offer::shape(format!("nothing can be sent on line {mid}")));
            };
            let (lane, clock) = match kind {
                MediaKind::Audio => (&mut self.audio, 48_000),
                MediaKind::Video => (&mut self.video, 90_000),
            };
            lane.lines.push(Line { mid, ssrc, pt, continuity: Continuity::new(clock) });
            lane.holders.push(None);
        }
        Ok(())
    }

    /// Whether media can go out.
    pub(crate) fn is_up(&self) -> bool {
        self.link == Link::Up
    }

    /// When [`Peer::handle_timeout`] wants to be called.
    pub(crate) fn wakes_at(&self) -> Instant {
        match self.link {
            Link::Up => self.deadline,
            Link::Awaited { until } | Link::Lost { until } => until.min(self.deadline),
        }
    }

    /// Takes a datagram if it is for this peer; `false` if it is not.
    pub(crate) fn handle_datagram(
        &mut self,
        source: SocketAddr,
        destination: SocketAddr,
        contents: DatagramRecv<'_>,
        now: Instant,
    ) -> bool {
        let input = Input::Receive(now, Receive { proto: Protocol::Udp, source, destination, contents });
        if !self.rtc.accepts(&input) {
            return false;
        }
        // An error here speaks of this one datagram, which anybody may have sent. What ends a
        // connection comes out of `poll_output`.
        let _ = self.rtc.handle_input(input);
        true
    }

    /// Lets time pass.
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        let _ = self.rtc.handle_input(Input::Timeout(now));
    }

    /// Says goodbye to the client: RTCP BYE and DTLS close_notify.
    pub(crate) fn close(&mut self) {
        let _ = self.rtc.close();
    }

    /// Takes everything out of str0m, as must happen after every change.
    pub(crate) fn drain(&mut self, outbox: &mut Outbox, heard: &mut Vec<Heard>, now: Instant) {
        loop {
            match self.rtc.poll_output() {
                Ok(Output::Timeout(at)) => {
                    self.deadline = at;
                    break;
                }
                Ok(Output::Transmit(datagram)) => outbox.push(Transmit {
                    source: datagram.source,
                    destination: datagram.destination,
                    bytes: datagram.contents.into(),
                }),
                Ok(Output::Event(event)) => heard.extend(self.read(event, now)),
                Err(_) => {
                    heard.push(Heard::Gone(Gone::Failed));
                    return;
                }
            }
        }
        let late = match self.link {
            Link::Awaited { until } if now >= until => Some(Gone::NeverConnected),
            Link::Lost { until } if now >= until => Some(Gone::Lost),
            _ if !self.rtc.is_alive() => Some(Gone::Closed),
            _ => None,
        };
        heard.extend(late.map(Heard::Gone));
    }

    fn read(&mut self, event: Event, now: Instant) -> Option<Heard> {
        match event {
            Event::Connected => {
                self.link = Link::Up;
                Some(Heard::Connected)
            }
            Event::IceConnectionStateChange(IceConnectionState::Disconnected) => {
                if self.link == Link::Up {
                    self.link = Link::Lost { until: now + PATIENCE_WHEN_LOST };
                    self.pause_all();
                }
                None
            }
            Event::IceConnectionStateChange(
                IceConnectionState::Connected | IceConnectionState::Completed,
            ) => {
                if let Link::Lost { .. } = self.link {
                    self.link = Link::Up;
                }
                None
            }
            Event::RtpPacket(packet) => self.read_packet(packet),
            Event::KeyframeRequest(request) => {
                let slot = self.video.lines.iter().position(|line| line.mid == request.mid)?;
                self.video.holders[slot].map(Heard::NeedsKeyframe)
            }
            Event::MediaEgressStats(stats) => {
                self.reported.extend(stats.loss);
                None
            }
            // One of these opens each round of statistics, so it closes the round before.
            Event::PeerStats(_) => self.judge_line(now),
            Event::Closed => Some(Heard::Gone(Gone::Closed)),
            _ => None,
        }
    }

    /// Judges the line by what the client's receiver reports say is lost on it, all streams together
    /// (RFC 3550 §6.4.2). A second without a report says nothing.
    fn judge_line(&mut self, now: Instant) -> Option<Heard> {
        let count = self.reported.len() as f32;
        let lost = (count > 0.0).then(|| self.reported.drain(..).sum::<f32>() / count)?;
        self.downlink.report(lost, self.pictures, now).then_some(Heard::LineChanged)
    }

    fn read_packet(&mut self, packet: RtpPacket) -> Option<Heard> {
        let ssrc = packet.header.ssrc;
        let known = self.streams.iter().find(|stream| stream.0 == ssrc).map(|stream| stream.1);
        let kind = known.or_else(|| self.learn(ssrc))?;
        let source = self.sources[kind as usize].as_ref()?;
        if !self.sending.has(kind)
            || packet.header.payload_type != source.pt
            || packet.payload.len() > MAX_PAYLOAD
        {
            return None;
        }
        let level = packet.header.ext_vals.audio_level;
        let descriptor = match kind {
            Kind::Audio => None,
            Kind::Video | Kind::Screen => Vp8Descriptor::parse(&packet.payload).ok(),
        };
        let packet = Packet {
            place: Place {
                ssrc: *ssrc,
                seq: *packet.seq_no,
                time: packet.header.timestamp,
                picture: descriptor.and_then(|descriptor| descriptor.picture_id()),
                base_layer: descriptor.and_then(|descriptor| descriptor.tl0_pic_idx()),
            },
            marker: packet.header.marker,
            starts_keyframe: descriptor.is_some_and(|descriptor| descriptor.starts_keyframe(&packet.payload)),
            descriptor,
            payload: packet.payload,
            arrived: packet.timestamp,
        };
        Some(Heard::Packet { kind, packet, level })
    }

    /// Learns which source a new stream belongs to.
    fn learn(&mut self, ssrc: Ssrc) -> Option<Kind> {
        let mid = self.rtc.direct_api().stream_rx(&ssrc)?.mid();
        let kind = Kind::ALL
            .into_iter()
            .find(|kind| self.sources[*kind as usize].as_ref().is_some_and(|source| source.mid == mid))?;
        if self.streams.len() >= MAX_STREAMS {
            self.streams.remove(0);
        }
        self.streams.push((ssrc, kind));
        Some(kind)
    }

    /// Writes a packet of `from` on the slot where it stands. Nothing leaves before time passes.
    pub(crate) fn forward(&mut self, from: SourceId, packet: &Packet, now: Instant) -> Forwarded {
        if !self.is_up() {
            return Forwarded::NotForThem;
        }
        let is_audio = from.kind == Kind::Audio;
        let lane = if is_audio { &mut self.audio } else { &mut self.video };
        let Some(slot) = lane.holders.iter().position(|holder| *holder == Some(from)) else {
            return Forwarded::NotForThem;
        };
        let line = &mut lane.lines[slot];
        let placed = match line.continuity.follow(packet.place, now) {
            Verdict::Send(placed) => placed,
            Verdict::Stale => return Forwarded::NotForThem,
            Verdict::Unknown if is_audio || packet.starts_keyframe => {
                line.continuity.begin(packet.place, now)
            }
            Verdict::Unknown => return Forwarded::AwaitsKeyframe,
        };
        let mut write =
            RtpWrite::new(line.pt, placed.seq.into(), placed.time, packet.arrived, packet.payload.clone())
                .marker(packet.marker)
                .nackable(!is_audio);
        if let Some(patch) = packet.descriptor.and_then(|descriptor| patch(&descriptor, placed)) {
            write = write.vp8_patch(patch);
        }
        let ssrc = line.ssrc;
        match self.rtc.direct_api().stream_tx(&ssrc) {
            Some(stream) => stream.write_rtp(write),
            None => return Forwarded::NotForThem,
        }
        Forwarded::Written
    }

    /// Gives the streams that are on their slots; if any slot changed hands, the sources that begin.
    pub(crate) fn place(&mut self, audio: &[Wanted], video: &[Wanted]) -> Option<Vec<SourceId>> {
        let mut begun = None;
        let lanes = [(&mut self.audio, audio, usize::MAX), (&mut self.video, video, self.downlink.limit())];
        for (lane, wanted, limit) in lanes {
            for slot in place(&mut lane.holders, wanted, limit) {
                lane.lines[slot].continuity.pause();
                begun.get_or_insert_with(Vec::new).extend(lane.holders[slot]);
            }
        }
        let is_on = |holder: &SourceId| video.iter().any(|want| want.source == *holder);
        self.pictures = self.pictures().filter(is_on).count();
        begun
    }

    /// Stops following a source that went dark; what comes next is a new beginning.
    pub(crate) fn pause(&mut self, source: SourceId) {
        let lane = if source.kind == Kind::Audio { &mut self.audio } else { &mut self.video };
        if let Some(slot) = lane.holders.iter().position(|holder| *holder == Some(source)) {
            lane.lines[slot].continuity.pause();
        }
    }

    fn pause_all(&mut self) {
        for line in self.audio.lines.iter_mut().chain(&mut self.video.lines) {
            line.continuity.pause();
        }
    }

    /// Frees the slots of somebody who left; whether there were any.
    pub(crate) fn forget(&mut self, participant: Participant) -> bool {
        let mut any = false;
        for lane in [&mut self.audio, &mut self.video] {
            for (holder, line) in lane.holders.iter_mut().zip(&mut lane.lines) {
                if holder.is_some_and(|source| source.participant == participant) {
                    *holder = None;
                    line.continuity.pause();
                    any = true;
                }
            }
        }
        any
    }

    /// What stands on the slots.
    pub(crate) fn slots(&self) -> Vec<Slot> {
        let lanes = [&self.audio, &self.video];
        let all = lanes.into_iter().flat_map(|lane| lane.lines.iter().zip(&lane.holders));
        all.filter_map(|(line, holder)| {
            let SourceId { participant, kind } = (*holder)?;
            Some(Slot { participant, kind, mid: line.mid.to_string() })
        })
        .collect()
    }

    /// The pictures that this receiver has on slots.
    pub(crate) fn pictures(&self) -> impl Iterator<Item = SourceId> {
        self.video.holders.iter().copied().flatten()
    }

    /// Notes that somebody needs a keyframe of this peer's `kind`; whether the request goes out now.
    pub(crate) fn want_keyframe(&mut self, kind: Kind, now: Instant) -> bool {
        let Some(source) = self.sources[kind as usize].as_mut() else { return false };
        source.keyframe_wanted = true;
        if source.asked_for_keyframe.is_some_and(|at| now < at + KEYFRAME_EVERY) {
            return false;
        }
        let mid = source.mid;
        let mut direct = self.rtc.direct_api();
        // Before the first packet there is nothing to ask: an encoder begins with a keyframe.
        let Some(stream) = direct.stream_rx_by_mid(mid, None) else { return false };
        stream.request_keyframe(KeyframeRequestKind::Pli);
        source.asked_for_keyframe = Some(now);
        source.keyframe_wanted = false;
        true
    }

    /// Whether a request was held back and may go out with `packet`, which has arrived.
    pub(crate) fn owes_keyframe(&mut self, kind: Kind, packet: &Packet) -> bool {
        let Some(source) = self.sources[kind as usize].as_mut() else { return false };
        source.keyframe_wanted &= !packet.starts_keyframe;
        source.keyframe_wanted
    }
}

/// The VP8 numbers of a packet on its slot. A descriptor with a 7-bit PictureID takes the low 7 bits.
fn patch(descriptor: &Vp8Descriptor, placed: Placed) -> Option<str0m::rtp::Vp8Patch> {
    let picture = placed.picture?;
    let build = |picture| {
        let patch = descriptor.patch().picture_id(picture);
        placed.base_layer.map_or(patch, |layer| patch.tl0_pic_idx(layer)).build().ok()
    };
    build(picture).or_else(|| build(picture & 0x7f))
}

/// Datagrams on their way to the sockets, bounded.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    waiting: VecDeque<Transmit>,
}

impl Outbox {
    /// Room for one keyframe to a hundred receivers. Who never polls loses the newest datagrams, as a
    /// full network card would.
    const LIMIT: usize = 16_384;

    fn push(&mut self, datagram: Transmit) {
        if self.waiting.len() < Self::LIMIT {
            self.waiting.push_back(datagram);
        }
    }

    pub(crate) fn pop(&mut self) -> Option<Transmit> {
        self.waiting.pop_front()
    }
}
