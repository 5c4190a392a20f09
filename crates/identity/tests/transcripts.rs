//! The growing wait, played as anyone can read it: `transcripts/identity/*.txt`.
//!
//! `< alice from 192.0.2.7: wrong` is a try; `…: wrong, 12 times` repeats it as soon as the wait allows,
//! moving the clock.

use std::collections::HashMap;
use std::net::IpAddr;

use beffroi_identity::wait::{
    Block, Counter, Counters, after_failure, after_success, seconds_left, wait_until,
};
use beffroi_testkit::{Input, replay};

#[test]
fn transcripts_of_identity() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../transcripts/identity");
    replay(folder, || {
        let mut door = Door { now_us: 1_790_000_000_000_000, stored: Stored::default() };
        move |input| door.take(input)
    });
}

/// What a database keeps, by account, by block and by both.
#[derive(Default)]
struct Stored {
    accounts: HashMap<String, Counter>,
    blocks: HashMap<String, Counter>,
    pairs: HashMap<(String, String), (Counter, bool)>,
}

struct Door {
    now_us: i64,
    stored: Stored,
}

impl Door {
    fn take(&mut self, input: Input<'_>) -> Vec<String> {
        match input {
            Input::Wait(time) => {
                self.now_us += i64::try_from(time.as_micros()).expect("transcripts are short");
                Vec::new()
            }
            Input::In(line) => vec![self.attempt(line)],
            Input::Ours(other) => panic!("`= {other}` is not something we do here"),
        }
    }

    fn attempt(&mut self, line: &str) -> String {
        let (who, how) = line.split_once(": ").expect("`ACCOUNT from ADDRESS: right|wrong[, N times]`");
        let (account, address) = who.split_once(" from ").expect("`ACCOUNT from ADDRESS`");
        let block = Block::from(address.parse::<IpAddr>().expect("an address")).to_string();
        if let Some(times) = how.strip_prefix("wrong, ").and_then(|rest| rest.strip_suffix(" times")) {
            let begun = self.now_us;
            for _ in 0..times.parse::<u32>().expect("a number of times") {
                if let Some(until) = wait_until(&self.counters(account, &block), self.now_us) {
                    self.now_us = until;
                }
                self.one(account, &block, false);
            }
            return format!("wrong each time, {} s of waiting", seconds_left(self.now_us, begun));
        }
        self.one(account, &block, how == "right")
    }

    /// In the order that the server must keep: ask, count, look at the password, forgive.
    fn one(&mut self, account: &str, block: &str, right: bool) -> String {
        let before = self.counters(account, block);
        if let Some(until) = wait_until(&before, self.now_us) {
            return format!("wait {} s", seconds_left(until, self.now_us));
        }
        let counted = after_failure(&before, self.now_us);
        self.store(account, block, counted);
        if right {
            self.store(account, block, after_success(&counted, self.now_us));
            return "signed in".to_owned();
        }
        "wrong".to_owned()
    }

    fn counters(&self, account: &str, block: &str) -> Counters {
        let pair =
            self.stored.pairs.get(&(account.to_owned(), block.to_owned())).copied().unwrap_or_default();
        Counters {
            account: self.stored.accounts.get(account).copied().unwrap_or_default(),
            block: self.stored.blocks.get(block).copied().unwrap_or_default(),
            pair: pair.0,
            known: pair.1,
        }
    }

    fn store(&mut self, account: &str, block: &str, counters: Counters) {
        self.stored.accounts.insert(account.to_owned(), counters.account);
        self.stored.blocks.insert(block.to_owned(), counters.block);
        self.stored.pairs.insert((account.to_owned(), block.to_owned()), (counters.pair, counters.known));
    }
}
