//! A Merkle tree that only grows (RFC 6962 §2.1), kept as its frontier, and its signed head
//! (C2SP tlog-checkpoint and signed-note).

use crate::crypto::sha256;
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

pub(crate) type Hash = [u8; 32];

/// Hash of a leaf.
pub(crate) fn leaf(data: &[u8]) -> Hash {
    sha256(&[&[0], data].concat())
}

fn node(left: &Hash, right: &Hash) -> Hash {
    let mut both = [1; 65];
    both[1..33].copy_from_slice(left);
    both[33..].copy_from_slice(right);
    sha256(&both)
}

/// Hashes in a full tile (C2SP tlog-tiles): a tile is a subtree of height 8.
pub(crate) const TILE: u64 = 256;

/// The root over hashes of one height, as many as a power of two.
pub(crate) fn perfect_root(hashes: &[Hash]) -> Hash {
    match hashes {
        [one] => *one,
        many => {
            let (left, right) = many.split_at(many.len() / 2);
            node(&perfect_root(left), &perfect_root(right))
        }
    }
}

/// The roots of the perfect subtrees of a tree of `size` leaves, largest first: as many as `size` has
/// bits set, which is all it takes to add leaves and to know the root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Frontier {
    size: u64,
    roots: Vec<Hash>,
}

impl Frontier {
    /// Reads what [`Frontier::to_bytes`] wrote for a tree of this size.
    pub(crate) fn read(size: u64, bytes: &[u8]) -> Option<Self> {
        let fits = bytes.len() == size.count_ones() as usize * 32;
        let roots = bytes.chunks_exact(32).map(|c| c.try_into().expect("chunks of 32")).collect();
        fits.then_some(Self { size, roots })
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        self.roots.concat()
    }

    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf; gives the roots of the full tiles that it ends: of level 0, 1, … in this order. Most
    /// leaves end none.
    pub(crate) fn push(&mut self, leaf: Hash) -> Vec<Hash> {
        let (mut root, mut ended) = (leaf, vec![]);
        // Each bit set at the low end is a perfect subtree of the same height to join with.
        for height in 1..=self.size.trailing_ones() {
            let left = self.roots.pop().expect("one root per bit set");
            root = node(&left, &root);
            if height % TILE.ilog2() == 0 {
                ended.push(root);
            }
        }
        self.roots.push(root);
        self.size += 1;
        ended
    }

    /// The frontier of a tree of `size` leaves from the tiles that are partial at this size: all that are
    /// needed, level 0 first, an empty one where a level ends with a full tile.
    pub(crate) fn of_partial_tiles(size: u64, tiles: &[Vec<Hash>]) -> Self {
        let mut roots = vec![];
        for tile in tiles.iter().rev() {
            let mut rest = tile.as_slice();
            while !rest.is_empty() {
                let (part, others) = rest.split_at(1 << rest.len().ilog2());
                roots.push(perfect_root(part));
                rest = others;
            }
        }
        Self { size, roots }
    }

    pub(crate) fn root(&self) -> Hash {
        let mut roots = self.roots.iter().rev();
        let Some(last) = roots.next() else { return sha256(b"") };
        roots.fold(*last, |right, left| node(left, &right))
    }
}

/// Signs the heads of one log.
pub(crate) struct Signer {
    pair: Ed25519KeyPair,
    origin: String,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signer({})", self.origin)
    }
}

/// The text that is signed: origin, size, root (C2SP tlog-checkpoint).
pub(crate) fn head(origin: &str, size: u64, root: &Hash) -> String {
    format!("{origin}\n{size}\n{}\n", BASE64.encode(root))
}

/// First bytes of a signature line: which key (C2SP signed-note, signature type 1 is Ed25519).
fn key_id(origin: &str, public: &[u8]) -> [u8; 4] {
    let hash = sha256(&[origin.as_bytes(), b"\n\x01", public].concat());
    [hash[0], hash[1], hash[2], hash[3]]
}

/// The name of a tenant's log, which names its key as well.
pub(crate) fn origin(domain: &str) -> String {
    format!("{domain}/beffroi-audit")
}

impl Signer {
    /// From the secret seed of 32 bytes (RFC 8032 §5.1.5).
    pub(crate) fn new(seed: &[u8; 32], domain: &str) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).expect("any 32 bytes are an Ed25519 seed");
        Self { pair, origin: origin(domain) }
    }

    pub(crate) fn public(&self) -> Vec<u8> {
        self.pair.public_key().as_ref().to_vec()
    }

    /// The signature of a head, and the whole signed note.
    pub(crate) fn sign(&self, tree: &Frontier) -> (Vec<u8>, String) {
        let text = head(&self.origin, tree.size(), &tree.root());
        let signature = self.pair.sign(text.as_bytes()).as_ref().to_vec();
        let line = [&key_id(&self.origin, &self.public())[..], &signature].concat();
        let note = format!("{text}\n\u{2014} {} {}\n", self.origin, BASE64.encode(line));
        (signature, note)
    }
}

/// Whether this signature is of this head.
pub(crate) fn signed(public: &[u8], origin: &str, tree: &Frontier, signature: &[u8]) -> bool {
    let text = head(origin, tree.size(), &tree.root());
    UnparsedPublicKey::new(&ED25519, public).verify(text.as_bytes(), signature).is_ok()
}

/// The key of a log as others write it down (C2SP signed-note, verifier key).
pub(crate) fn verifier_key(domain: &str, public: &[u8]) -> String {
    let origin = origin(domain);
    let id: String = key_id(&origin, public).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{origin}+{id}+{}\n", BASE64.encode([&[1], public].concat()))
}

/// A checkpoint as somebody kept it. Whether a key signed it is asked apart.
#[derive(Clone, Debug)]
pub(crate) struct Checkpoint {
    pub(crate) origin: String,
    pub(crate) size: u64,
    pub(crate) root: Hash,
    key_id: [u8; 4],
    signature: Vec<u8>,
}

impl Checkpoint {
    /// Reads a note with one signature; `None` for anything else.
    pub(crate) fn read(note: &str) -> Option<Self> {
        let (text, signatures) = note.split_once("\n\n")?;
        let mut lines = text.lines();
        let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
        let size: u64 = size.parse().ok()?;
        let root: Hash = BASE64.decode(root).ok()?.try_into().ok()?;
        let prefix = format!("\u{2014} {origin} ");
        let signature = BASE64.decode(signatures.strip_suffix('\n')?.strip_prefix(prefix.as_str())?).ok()?;
        let (key_id, signature) = signature.split_first_chunk::<4>()?;
        let (key_id, signature) = (*key_id, signature.to_vec());
        let read = Self { origin: origin.to_owned(), size, root, key_id, signature };
        // Only as it was signed: no line more, no other way to write the number.
        (format!("{text}\n") == head(origin, size, &root)).then_some(read)
    }

    /// Whether this key signed it.
    pub(crate) fn signed_by(&self, public: &[u8]) -> bool {
        let text = head(&self.origin, self.size, &self.root);
        self.key_id == key_id(&self.origin, public)
            && UnparsedPublicKey::new(&ED25519, public).verify(text.as_bytes(), &self.signature).is_ok()
    }
}

/// Size and root of a signed note that this key signed for this log; `None` for anything else.
pub(crate) fn read_checkpoint(note: &str, public: &[u8], domain: &str) -> Option<(u64, Hash)> {
    let read = Checkpoint::read(note)?;
    (read.origin == origin(domain) && read.signed_by(public)).then_some((read.size, read.root))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// RFC 6962 §2.1 word for word.
    fn slow_root(leaves: &[Vec<u8>]) -> Hash {
        match leaves {
            [] => sha256(b""),
            [one] => leaf(one),
            many => {
                let half = many.len().next_power_of_two() / 2;
                node(&slow_root(&many[..half]), &slow_root(&many[half..]))
            }
        }
    }

    proptest! {
        #[test]
        fn the_frontier_gives_the_root_of_the_rfc(leaves in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..8), 0..70)) {
            let mut tree = Frontier::default();
            for data in &leaves {
                tree = Frontier::read(tree.size(), &tree.to_bytes()).unwrap();
                tree.push(leaf(data));
            }
            prop_assert_eq!(tree.root(), slow_root(&leaves));
        }
    }

    #[test]
    fn a_checkpoint_reads_back_and_nothing_else_does() {
        let signer = Signer::new(&[7; 32], "demo.localhost");
        let mut tree = Frontier::default();
        tree.push(leaf(b"a"));
        let (signature, note) = signer.sign(&tree);
        assert!(signed(&signer.public(), &origin("demo.localhost"), &tree, &signature));
        assert_eq!(read_checkpoint(&note, &signer.public(), "demo.localhost"), Some((1, tree.root())));
        assert_eq!(read_checkpoint(&note, &signer.public(), "other.localhost"), None);
        assert_eq!(
            read_checkpoint(&note.replace("\n1\n", "\n2\n"), &signer.public(), "demo.localhost"),
            None
        );
        let other = Signer::new(&[8; 32], "demo.localhost");
        assert_eq!(read_checkpoint(&note, &other.public(), "demo.localhost"), None);
    }
}
