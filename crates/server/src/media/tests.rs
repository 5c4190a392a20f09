//! The media thread with real sockets on loopback and a real WebRTC client.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use beffroi_sfu::{Event, Gone, Kind, Participant, Sending};
use str0m::change::{SdpAnswer, SdpPendingOffer};
use str0m::media::{Direction, MediaKind};
use str0m::net::{Protocol, Receive};
use str0m::{Candidate, Input, Output, Rtc};
use tokio::sync::mpsc::Receiver;

use super::{Media, MediaError, MediaEvent};

/// No step of these tests takes longer unless something is broken.
const PATIENCE: Duration = Duration::from_secs(20);

const LOOPBACK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

struct Client {
    rtc: Rtc,
    socket: UdpSocket,
}

fn offering() -> (Client, String, SdpPendingOffer) {
    let socket = UdpSocket::bind(LOOPBACK).expect("loopback has a free port");
    let address = socket.local_addr().expect("a bound socket has an address");
    let mut rtc = Rtc::builder()
        .set_rtp_mode(true)
        .clear_codecs()
        .enable_opus(true, false)
        .enable_vp8(true)
        .build(Instant::now());
    rtc.add_local_candidate(Candidate::host(address, "udp").expect("loopback is a candidate"));
    let mut sdp = rtc.sdp_api();
    sdp.add_media(MediaKind::Audio, Direction::SendOnly, None, None, None);
    sdp.add_media(MediaKind::Audio, Direction::RecvOnly, None, None, None);
    let (offer, pending) = sdp.apply().expect("two lines are a change");
    (Client { rtc, socket }, offer.to_sdp_string(), pending)
}

impl Client {
    /// Runs the client until the media thread has told of something that `is` it.
    fn run_until(&mut self, events: &mut Receiver<MediaEvent>, is: impl Fn(&Event) -> bool) -> Event {
        let deadline = Instant::now() + PATIENCE;
        let here = self.socket.local_addr().expect("a bound socket has an address");
        let mut buffer = [0; 2048];
        while Instant::now() < deadline {
            while let Ok(told) = events.try_recv() {
                assert_eq!(told.meeting, 7);
                if is(&told.event) {
                    return told.event;
                }
            }
            let wake = loop {
                match self.rtc.poll_output().expect("the client works") {
                    Output::Timeout(at) => break at,
                    Output::Transmit(out) => {
                        self.socket.send_to(&out.contents, out.destination).expect("loopback takes it");
                    }
                    Output::Event(_) => {}
                }
            };
            let patience = wake.saturating_duration_since(Instant::now());
            let patience = patience.clamp(Duration::from_millis(1), Duration::from_millis(20));
            self.socket.set_read_timeout(Some(patience)).expect("it is above zero");
            let input = match self.socket.recv_from(&mut buffer) {
                Ok((length, source)) => {
                    let contents = buffer[..length].try_into().expect("the server sends what str0m reads");
                    let receive = Receive { proto: Protocol::Udp, source, destination: here, contents };
                    Input::Receive(Instant::now(), receive)
                }
                Err(_) => Input::Timeout(Instant::now()),
            };
            self.rtc.handle_input(input).expect("the client works");
        }
        panic!("nothing of the sort within {PATIENCE:?}");
    }
}

async fn joined(media: &Media, participant: u32) -> Client {
    let (mut client, offer, pending) = offering();
    let answer = media.join(7, participant, offer).await.expect("the offer is good");
    let answer = SdpAnswer::from_sdp_string(&answer).expect("the answer is SDP");
    client.rtc.sdp_api().accept_answer(pending, answer).expect("the answer fits");
    client
}

#[tokio::test]
async fn people_connect_over_real_sockets_and_their_slots_are_told() {
    let (media, mut events) = Media::start(LOOPBACK, vec![]).expect("loopback has a free port");
    assert_eq!(media.candidates().len(), 1);
    let mut alice = joined(&media, 1).await;
    alice.run_until(&mut events, |event| *event == Event::Connected(Participant(1)));
    let mut bob = joined(&media, 2).await;
    bob.run_until(&mut events, |event| *event == Event::Connected(Participant(2)));
    media.set_media(7, 1, Sending { audio: true, ..Sending::default() }).await;
    let told = bob.run_until(&mut events, |event| matches!(event, Event::Slots { .. }));
    let Event::Slots { receiver, slots } = told else { panic!("{told:?}") };
    assert_eq!((receiver, slots.len()), (Participant(2), 1));
    assert_eq!((slots[0].participant, slots[0].kind), (Participant(1), Kind::Audio));

    media.leave(7, 1).await;
    let told = bob.run_until(&mut events, |event| matches!(event, Event::Slots { .. }));
    assert_eq!(told, Event::Slots { receiver: Participant(2), slots: vec![] });

    bob.rtc.close().expect("a client may close");
    let told = bob.run_until(&mut events, |event| matches!(event, Event::Gone(..)));
    assert_eq!(told, Event::Gone(Participant(2), Gone::Closed));
    // Whatever the thread answers now, it answers after having counted.
    media.join(7, 3, String::new()).await.expect_err("nothing is no offer");
    assert_eq!(media.counters().peers.load(std::sync::atomic::Ordering::Relaxed), 0);
    assert!(media.counters().packets_in.load(std::sync::atomic::Ordering::Relaxed) > 0);
    media.shutdown();
}

#[tokio::test]
async fn a_bad_offer_is_refused_and_after_the_end_everything_is() {
    let (media, events) = Media::start(LOOPBACK, vec![]).expect("loopback has a free port");
    let refused = media.join(7, 1, "v=0".to_owned()).await;
    assert!(matches!(refused, Err(MediaError::Join(_))), "{refused:?}");
    media.leave(7, 1).await;
    media.end(8).await;
    drop(events);
    let (_, offer, _) = offering();
    media.join(7, 1, offer.clone()).await.expect("nobody needs to listen");
    media.shutdown();
    let late = media.join(7, 2, offer).await;
    assert!(matches!(late, Err(MediaError::Stopped)), "{late:?}");
    media.shutdown();
}

#[test]
fn a_port_that_is_taken_is_named_and_a_public_address_is_announced_first() {
    let taken = UdpSocket::bind(LOOPBACK).expect("loopback has a free port");
    let address = taken.local_addr().expect("a bound socket has an address");
    let refused = Media::start(address, vec![]).expect_err("it is taken");
    assert!(refused.to_string().contains(&address.to_string()), "{refused}");

    let public = SocketAddr::from(([198, 51, 100, 7], 40_000));
    let everywhere = SocketAddr::from(([0, 0, 0, 0], 0));
    let (media, _events) = Media::start(everywhere, vec![public]).expect("this machine has addresses");
    let candidates = media.candidates();
    assert_eq!(candidates[0], public);
    assert!(candidates.iter().any(|candidate| candidate.ip().is_loopback()));
    let ports: Vec<_> = candidates[1..].iter().map(SocketAddr::port).collect();
    assert!(ports.iter().all(|port| *port == ports[0] && *port != 0), "{candidates:?}");
    media.shutdown();
}
