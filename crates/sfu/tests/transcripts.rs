//! Meetings as anyone can read them: `transcripts/sfu/*.txt`, replayed with real WebRTC clients.
//!
//! `<` somebody does something, `@` time passes, `>` must come of it, and nothing else. `UPDATE_GOLDEN=1`
//! writes what came instead. What can be said is in [`Play::act`] and [`Play::outcome`].
#![allow(clippy::unwrap_used)]

mod world;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use beffroi_sfu::{Event, Gone, Kind, Participant, Slot};
use world::World;

const NAMES: [&str; 16] = [
    "alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan", "judy", "karl", "louis",
    "mia", "nina", "oscar", "paul",
];

fn name(participant: Participant) -> &'static str {
    NAMES[participant.0 as usize]
}

fn number(name: &str) -> u32 {
    NAMES.iter().position(|known| *known == name).unwrap_or_else(|| panic!("{name} is nobody")) as u32
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Audio => "audio",
        Kind::Video => "video",
        Kind::Screen => "screen",
    }
}

struct Play {
    world: World,
    told: usize,
    received: BTreeMap<u32, usize>,
    asked: BTreeMap<u32, usize>,
    slots: BTreeMap<u32, Vec<String>>,
    frames: u32,
}

impl Play {
    fn new() -> Self {
        let (received, asked, slots) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { world: World::new(), told: 0, received, asked, slots, frames: 0 }
    }

    /// Somebody or several do something: `alice comes in`, `bob, carol come in` · `alice leaves` ·
    /// `alice turns on audio video screen` · `alice turns everything off` · `alice speaks 400 ms` ·
    /// `alice breathes 400 ms` · `alice films 5 frames` (`from a keyframe`, `of the screen`) ·
    /// `alice is cut off`
    fn act(&mut self, line: &str) {
        let words: Vec<_> = line.split_whitespace().collect();
        let names = words.iter().position(|word| !word.ends_with(',')).unwrap() + 1;
        let [verb, rest @ ..] = &words[names..] else { panic!("who does what? {line}") };
        for name in &words[..names] {
            self.do_one(number(name.trim_end_matches(',')), verb, rest, line);
        }
        self.world.pass(Duration::from_millis(50));
    }

    fn do_one(&mut self, who: u32, verb: &str, rest: &[&str], line: &str) {
        let count = || rest[0].parse::<u32>().unwrap_or_else(|_| panic!("how many? {line}"));
        match (verb, rest) {
            ("comes" | "come", ["in"]) => {
                self.world.join(who);
                self.received.remove(&who);
                self.asked.remove(&who);
                self.slots.remove(&who);
                self.world.pass(Duration::from_millis(400));
            }
            ("leaves", []) => {
                self.world.conference.leave(Participant(who), self.world.now);
                self.world.clients.remove(&who);
            }
            ("turns" | "turn", ["on", kinds @ ..]) => {
                let on = |kind| kinds.contains(&word(kind));
                self.world.turn(who, on(Kind::Audio), on(Kind::Video), on(Kind::Screen));
            }
            ("turns", ["everything", "off"]) => self.world.turn(who, false, false, false),
            ("speaks", [_, "ms"]) => self.world.speak(who, -25, count() / 20),
            ("breathes", [_, "ms"]) => self.world.speak(who, -90, count() / 20),
            ("films", [_, "frames" | "frame", how @ ..]) => {
                let kind = if how.contains(&"screen") { Kind::Screen } else { Kind::Video };
                let frames = self.frames..self.frames + count();
                self.frames = frames.end;
                self.world.film(who, kind, frames, how.contains(&"keyframe"));
            }
            ("is", ["cut", "off"]) => {
                let lost = self.world.clients[&who].address;
                self.world.loses =
                    Box::new(move |datagram| datagram.source == lost || datagram.destination == lost);
            }
            _ => panic!("nobody knows how to do this: {line}"),
        }
    }

    /// What came of the last act: what the signalling is told, what each person receives and is asked for.
    fn outcome(&mut self) -> Vec<String> {
        let events: Vec<_> = self.world.events[self.told..].iter().map(|(_, event)| event.clone()).collect();
        let mut lines: Vec<_> = events.iter().map(|event| self.told(event)).collect();
        self.told = self.world.events.len();
        for (id, client) in &self.world.clients {
            let me = name(Participant(*id));
            let from = self.received.insert(*id, client.received.len()).unwrap_or(0);
            let mut counts: BTreeMap<(u32, bool), usize> = BTreeMap::new();
            for packet in &client.received[from..] {
                // Speech begins with the Opus octet that the world writes, a picture with a VP8 descriptor.
                *counts.entry((packet.mark().1, packet.payload[0] == 0xfc)).or_default() += 1;
            }
            for ((whose, speech), count) in counts {
                let whose = name(Participant(whose));
                lines.push(match speech {
                    true => format!("{me} hears {} ms of {whose}", count * 20),
                    false => format!("{me} sees {count} frames of {whose}"),
                });
            }
            let from = self.asked.insert(*id, client.keyframe_requests.len()).unwrap_or(0);
            for (kind, _) in &client.keyframe_requests[from..] {
                lines.push(format!("{me} is asked for a keyframe of the {}", word(*kind)));
            }
        }
        lines
    }

    fn told(&mut self, event: &Event) -> String {
        match event {
            Event::Connected(who) => format!("{} is connected", name(*who)),
            Event::Speaking(who) if who.is_empty() => "nobody speaks".to_owned(),
            Event::Speaking(who) => {
                let names: Vec<_> = who.iter().map(|who| name(*who)).collect();
                format!("{} speaks", names.join(", "))
            }
            Event::Gone(who, why) => {
                let why = match why {
                    Gone::NeverConnected => "never connected",
                    Gone::Lost => "the path was lost",
                    Gone::Closed => "they closed",
                    Gone::Failed => "it failed",
                };
                format!("{} is gone: {why}", name(*who))
            }
            Event::Slots { receiver, slots } => {
                let now: Vec<_> = slots.iter().map(|slot| self.place(*receiver, slot)).collect();
                let before = self.slots.insert(receiver.0, now.clone()).unwrap_or_default();
                let lost =
                    before.iter().filter(|slot| !now.contains(slot)).map(|slot| format!("no more {slot}"));
                let new = now.iter().filter(|slot| !before.contains(slot)).cloned();
                let changes: Vec<_> = lost.chain(new).collect();
                format!("{} has {}", name(*receiver), changes.join(", "))
            }
        }
    }

    /// A slot by its place among those of its sort, since mids are drawn by the client.
    fn place(&self, receiver: Participant, slot: &Slot) -> String {
        let lines = &self.world.clients[&receiver.0].slots;
        let same = lines.iter().filter(|(_, audio)| *audio == (slot.kind == Kind::Audio));
        let place =
            same.map(|(mid, _)| mid).position(|mid| *mid == slot.mid).expect("a slot is one of the offer's")
                + 1;
        let sort = if slot.kind == Kind::Audio { "sound" } else { "picture" };
        format!("the {} of {} on {sort} {place}", word(slot.kind), name(slot.participant))
    }
}

/// Plays a transcript and writes it down as it went.
fn replay(text: &str) -> String {
    let mut play = Play::new();
    let mut went = String::new();
    for line in text.lines() {
        match line.split_once(' ') {
            Some(("<", act)) => play.act(act),
            Some(("@", time)) => {
                let seconds = time.strip_suffix('s').and_then(|seconds| seconds.parse().ok());
                play.world.pass(Duration::from_secs(seconds.unwrap_or_else(|| panic!("how long? {line}"))));
            }
            Some((">", _)) => continue,
            _ => {
                writeln!(went, "{line}").unwrap();
                continue;
            }
        }
        writeln!(went, "{line}").unwrap();
        for outcome in play.outcome() {
            writeln!(went, "> {outcome}").unwrap();
        }
    }
    went
}

#[test]
fn meetings_go_as_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../transcripts/sfu");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty());
    let mut wrong = Vec::new();
    for path in paths {
        let text = std::fs::read_to_string(&path).unwrap();
        let went = replay(&text);
        if went == text {
            continue;
        }
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&path, went).unwrap();
        } else {
            wrong.push(format!("{}\nwent like this:\n{went}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}\nUPDATE_GOLDEN=1 writes it down; review the diff", wrong.join("\n"));
}
