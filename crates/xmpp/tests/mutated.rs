//! What clients really send, damaged: every frame of the transcripts with pieces cut out, doubled, moved
//! and replaced, through everything that reads.

use proptest::prelude::*;
use std::sync::LazyLock;

static FRAMES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../transcripts/xmpp");
    let files = std::fs::read_dir(folder).expect("the transcripts are there");
    let mut frames = vec![];
    for file in files {
        let text = std::fs::read_to_string(file.expect("a folder can be listed").path()).expect("UTF-8");
        // Whole frames only: continued lines are joined as the replay joins them.
        let joined = text.replace("\n    ", "").replace("\n  ", "");
        frames.extend(joined.lines().filter_map(|line| line.strip_prefix("< ")).map(str::to_owned));
    }
    frames.sort();
    frames.dedup();
    assert!(frames.len() > 50, "the transcripts hold {} frames", frames.len());
    frames
});

/// A cut out of the frame, what stands there instead, and where a copy of the cut goes.
type Damage = (prop::sample::Index, usize, &'static str, prop::sample::Index);

fn damaged(frame: &str, damages: &[Damage]) -> String {
    let mut chars: Vec<char> = frame.chars().collect();
    for (from, length, instead, copy) in damages {
        if chars.is_empty() {
            break;
        }
        let from = from.index(chars.len());
        let to = (from + length).min(chars.len());
        let cut: Vec<char> = chars.splice(from..to, instead.chars()).collect();
        let at = copy.index(chars.len() + 1);
        chars.splice(at..at, cut);
    }
    chars.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn a_damaged_frame_breaks_nothing(
        frame in any::<prop::sample::Index>(),
        damages in proptest::collection::vec(
            (
                any::<prop::sample::Index>(),
                0_usize..12,
                prop::sample::select(vec![
                    "", "", "", "'", "<", ">", "&", "&amp;", "&#10;", "/>", "<x/>", "xmlns='jabber:client'", " xmlns:p='q'", "p:", "\u{0}",
                    "9223372036854775808", "-1", "]]>", "<![CDATA[", "]]>", "é", "@", "/", "type='error'",
                ]),
                any::<prop::sample::Index>(),
            ),
            0..4,
        ),
    ) {
        beffroi_xmpp::fuzz_frame(&damaged(frame.get::<String>(&FRAMES), &damages));
    }
}
