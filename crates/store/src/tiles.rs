//! The audit log as a static layout of small files (C2SP tlog-tiles): whoever has the checkpoint and a
//! dozen of these files can prove, without asking us, that an entry is in the log and that the log only grew.
//!
//! Level 0 is calculated from the commitments of at most 256 entries. Of the levels above, one hash is kept
//! for every 256 of the level below, written with the entry that ends them: no tile reads more than 256 rows,
//! however long the log is (decision 0010).

use crate::audit::{entry_data, entry_leaf};
use crate::merkle::{Frontier, Hash, TILE};
use crate::sql::{Db, Tx, Value};
use crate::{Result, Store, StoreError};
use beffroi_domain::TenantId;
use beffroi_policy::{ReadAudit, TenantPermit};

/// What a tile holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TileKind {
    /// Hashes of a level: 0 for the leaves, each further one over 256 of the one below.
    Hashes(u8),
    /// What the leaves are hashes of, each after its length in two bytes.
    Entries,
}

/// A file of the layout, by what stands after `tile/` in its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tile {
    /// What it holds.
    pub kind: TileKind,
    /// Which of its level, from 0.
    pub number: u64,
    /// Hashes or entries in it: 256 when it is full, 1 to 255 when it is partial.
    pub width: u64,
}

/// Bytes of the longest path: `entries/`, seven groups of digits and a width.
const LONGEST: usize = 64;

impl Tile {
    /// Reads `0/x001/234` or `entries/000.p/17`. There is one way to write a tile; others are none.
    pub fn read(path: &str) -> Option<Self> {
        if path.len() > LONGEST {
            return None;
        }
        let (kind, rest) = path.split_once('/')?;
        let kind = match kind {
            "entries" => TileKind::Entries,
            level => TileKind::Hashes(level.parse().ok().filter(|level| *level < 64)?),
        };
        let (digits, width) = match rest.split_once(".p/") {
            None => (rest, TILE),
            Some((digits, width)) => (digits, width.parse().ok().filter(|width| (1..TILE).contains(width))?),
        };
        let mut number = 0_u64;
        for group in digits.split('/') {
            let group = group.trim_start_matches('x').parse::<u64>().ok().filter(|group| *group < 1000)?;
            number = number.checked_mul(1000)?.checked_add(group)?;
        }
        let tile = Self { kind, number, width };
        (tile.to_string() == path).then_some(tile)
    }

    /// Whether it is one of a log of `size` entries.
    fn is_of(&self, size: u64) -> bool {
        let level = match self.kind {
            TileKind::Hashes(level) => level,
            TileKind::Entries => 0,
        };
        let end = self.number.checked_mul(TILE).and_then(|start| start.checked_add(self.width));
        end.is_some_and(|end| end <= hashes_at(size, level))
    }
}

impl std::fmt::Display for Tile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.kind {
            TileKind::Hashes(level) => write!(f, "{level}/{}", digits(self.number))?,
            TileKind::Entries => write!(f, "entries/{}", digits(self.number))?,
        }
        if self.width < TILE { write!(f, ".p/{}", self.width) } else { Ok(()) }
    }
}

/// A number in groups of three digits, so that no folder holds more than a thousand of anything.
pub(crate) fn digits(number: u64) -> String {
    let mut text = format!("{:03}", number % 1000);
    let mut rest = number / 1000;
    while rest > 0 {
        text = format!("x{:03}/{text}", rest % 1000);
        rest /= 1000;
    }
    text
}

/// How many hashes of a level a log of `size` entries has.
pub(crate) fn hashes_at(size: u64, level: u8) -> u64 {
    size.checked_shr(u32::from(level) * TILE.ilog2()).unwrap_or(0)
}

/// How a log begins: what its checkpoint says, and who may have signed it.
pub(crate) struct Head {
    pub(crate) domain: String,
    pub(crate) size: u64,
    pub(crate) checkpoint: String,
    pub(crate) public_key: Vec<u8>,
}

impl Store {
    /// The signed checkpoint of the tenant's log.
    ///
    /// # Errors
    /// The database.
    pub async fn audit_checkpoint(&self, permit: &TenantPermit<ReadAudit>) -> Result<String> {
        Ok(self.audit_head(permit.tenant()).await?.checkpoint)
    }

    /// A tile of the tenant's log; `None` when the log is too short for it.
    ///
    /// # Errors
    /// The database; `Damaged` when the log lacks entries before its end.
    pub async fn audit_tile(&self, permit: &TenantPermit<ReadAudit>, tile: &Tile) -> Result<Option<Vec<u8>>> {
        let tenant = permit.tenant();
        if !tile.is_of(self.audit_head(tenant).await?.size) {
            return Ok(None);
        }
        let from = tile.number * TILE;
        Ok(Some(match tile.kind {
            TileKind::Hashes(level) => self.audit_hashes(tenant, level, from, tile.width).await?.concat(),
            TileKind::Entries => {
                const SQL: &str = "
                    SELECT seq, commitments FROM audit_entry
                     WHERE tenant = $1 AND seq > $2 AND seq <= $3 ORDER BY seq";
                let read = self
                    .db()
                    .rows(SQL, &range(tenant, from, tile.width), |row| Ok((row.int(0)?, row.bytes(1)?)))
                    .await?;
                complete_or_damaged(&read, from, tile.width)?;
                bundle(read.iter().map(|(seq, commitments)| entry_data(*seq, commitments)))
            }
        }))
    }

    pub(crate) async fn audit_head(&self, tenant: TenantId) -> Result<Head> {
        const SQL: &str = "
            SELECT t.domain, l.size, l.checkpoint, l.public_key
              FROM audit_log l JOIN tenant t ON t.id = l.tenant WHERE l.tenant = $1";
        let read = |row: &crate::sql::Row| {
            let size = row.int(1)? as u64;
            Ok(Head { domain: row.text(0)?, size, checkpoint: row.text(2)?, public_key: row.bytes(3)? })
        };
        let head = self.db().row(SQL, &[Value::Int(tenant.0)], read).await?;
        head.ok_or(StoreError::Gone { what: "audit log" })
    }

    /// `count` hashes of a level, from number `from` on.
    pub(crate) async fn audit_hashes(
        &self,
        tenant: TenantId,
        level: u8,
        from: u64,
        count: u64,
    ) -> Result<Vec<Hash>> {
        if level == 0 {
            const SQL: &str = "
                SELECT seq, commitments FROM audit_entry
                 WHERE tenant = $1 AND seq > $2 AND seq <= $3 ORDER BY seq";
            let leaf = |row: &crate::sql::Row| Ok(entry_leaf(row.int(0)?, &row.bytes(1)?));
            let read = self.db().rows(SQL, &range(tenant, from, count), leaf).await?;
            complete_or_damaged(&read, from, count)?;
            return Ok(read);
        }
        const SQL: &str = "
            SELECT root FROM audit_subtree
             WHERE tenant = $1 AND number >= $2 AND number < $3 AND level = $4 ORDER BY number";
        let [tenant_value, low, high] = range(tenant, from, count);
        let values = [tenant_value, low, high, Value::Int(level.into())];
        let read = self.db().rows(SQL, &values, |row| row.bytes(0)).await?;
        let roots: Vec<Hash> = read.into_iter().filter_map(|root| root.try_into().ok()).collect();
        if roots.len() as u64 != count {
            return Err(StoreError::Damaged { what: format!("a tile of level {level} of the audit log") });
        }
        Ok(roots)
    }

    /// The tree of the first `size` entries, from at most 255 rows of each level.
    pub(crate) async fn audit_tree(&self, tenant: TenantId, size: u64) -> Result<Frontier> {
        let mut tiles = vec![];
        let mut level = 0;
        while hashes_at(size, level) > 0 {
            let (all, partial) = (hashes_at(size, level), hashes_at(size, level) % TILE);
            tiles.push(self.audit_hashes(tenant, level, all - partial, partial).await?);
            level += 1;
        }
        Ok(Frontier::of_partial_tiles(size, &tiles))
    }
}

/// Parameters of a range that begins after number `from`, counted from 0.
pub(crate) fn range(tenant: TenantId, from: u64, count: u64) -> [Value<'static>; 3] {
    [Value::Int(tenant.0), Value::Int(from as i64), Value::Int((from + count) as i64)]
}

/// Numbers are unique: as many as were asked for are all of them.
pub(crate) fn complete_or_damaged<T>(read: &[T], from: u64, count: u64) -> Result<()> {
    if read.len() as u64 == count {
        return Ok(());
    }
    Err(StoreError::Damaged {
        what: format!("the audit log between entries {} and {}", from + 1, from + count),
    })
}

/// Entries one after the other, each after its length.
pub(crate) fn bundle(entries: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut bytes = vec![];
    for entry in entries {
        let length = u16::try_from(entry.len()).expect("eleven commitments and a number are some 380 bytes");
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(&entry);
    }
    bytes
}

/// Keeps the roots of the tiles that entry `size` ended, in its transaction.
pub(crate) async fn keep(tx: &mut Tx, tenant: TenantId, size: i64, ended: &[Hash]) -> Result<()> {
    for (level, root) in (1_u8..).zip(ended) {
        const SQL: &str = "INSERT INTO audit_subtree (tenant, level, number, root) VALUES ($1, $2, $3, $4)";
        let number = hashes_at(size as u64, level) as i64 - 1;
        let values = [Value::Int(tenant.0), Value::Int(level.into()), Value::Int(number), Value::Bytes(root)];
        tx.execute(SQL, &values).await?;
    }
    Ok(())
}

/// Logs begun before there were tiles get their hashes, once in the life of a database: what goes missing
/// later is not quietly made again but found by `beffroi audit verify`.
pub(crate) async fn complete(db: &Db) -> Result<()> {
    const DONE: &str = "SELECT COUNT(*) FROM meta WHERE name = 'audit tiles'";
    if db.row(DONE, &[], |row| row.int(0)).await? != Some(0) {
        return Ok(());
    }
    let mut tx = db.begin().await?;
    const LOGS: &str = "SELECT tenant FROM audit_log ORDER BY tenant";
    let logs = tx.rows(tx.locking(LOGS), &[], |row| row.int(0).map(TenantId)).await?;
    // Another process may have done it while this one waited for the logs.
    const MARK: &str =
        "INSERT INTO meta (name, value) VALUES ('audit tiles', $1) ON CONFLICT (name) DO NOTHING";
    if tx.execute(MARK, &[Value::Bytes(&[])]).await? == 0 {
        return Ok(());
    }
    for tenant in logs {
        let mut tree = Frontier::default();
        loop {
            const SQL: &str = "
                SELECT seq, commitments FROM audit_entry WHERE tenant = $1 AND seq > $2 ORDER BY seq LIMIT 1000";
            let values = [Value::Int(tenant.0), Value::Int(tree.size() as i64)];
            let read = tx.rows(SQL, &values, |row| Ok((row.int(0)?, row.bytes(1)?))).await?;
            if read.is_empty() {
                break;
            }
            for (seq, commitments) in &read {
                let ended = tree.push(entry_leaf(*seq, commitments));
                keep(&mut tx, tenant, tree.size() as i64, &ended).await?;
            }
        }
    }
    tx.commit().await
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use tlog_tiles::{
        Error, Hash as Foreign, HashReader as _, Tile as ForeignTile, TileHashReader, TileReader,
        check_record, check_tree, prove_record, prove_tree,
    };

    /// A log that keeps what the tables keep: leaves, and the roots that `push` gives.
    struct Log {
        levels: Vec<Vec<Hash>>,
        tree: Frontier,
    }

    impl Log {
        fn of(size: u64) -> Self {
            let mut log = Self { levels: vec![vec![]; 4], tree: Frontier::default() };
            for seq in 1..=size {
                let leaf = entry_leaf(seq as i64, &[seq as u8; 3]);
                log.levels[0].push(leaf);
                for (level, root) in (1..).zip(log.tree.push(leaf)) {
                    log.levels[level].push(root);
                }
            }
            log
        }

        fn root(&self, size: u64) -> Foreign {
            let partial = self.levels.iter().enumerate().map(|(level, hashes)| {
                let all = hashes_at(size, level as u8);
                hashes[(all - all % TILE) as usize..all as usize].to_vec()
            });
            Foreign(Frontier::of_partial_tiles(size, &partial.collect::<Vec<_>>()).root())
        }
    }

    /// Gives the tiles of a log to a reader that we did not write.
    impl TileReader for Log {
        fn height(&self) -> u8 {
            8
        }
        fn read_tiles(&self, tiles: &[ForeignTile]) -> Result<Vec<Vec<u8>>, Error> {
            let read = tiles.iter().map(|tile| {
                let path = tile.path();
                let tile = Tile::read(path.strip_prefix("tile/8/").unwrap()).unwrap();
                assert!(tile.is_of(self.tree.size()), "{path}");
                let TileKind::Hashes(level) = tile.kind else { panic!("{path}") };
                let from = (tile.number * TILE) as usize;
                self.levels[usize::from(level)][from..from + tile.width as usize].concat()
            });
            Ok(read.collect())
        }
        fn save_tiles(&self, _: &[ForeignTile], _: &[Vec<u8>]) {}
    }

    /// What `tlog_tiles` says of a log of this size: every entry asked for is in it, every size asked for
    /// is a beginning of it.
    fn check(size: u64, entries: &[u64], sizes: &[u64]) {
        let log = Log::of(size);
        let root = Foreign(log.tree.root());
        assert_eq!(log.root(size), root);
        let reader = TileHashReader::new(size, root, &log);
        for n in entries.iter().map(|n| n % size) {
            let leaf = Foreign(log.levels[0][n as usize]);
            let proof = prove_record(size, n, &reader).unwrap();
            check_record(&proof, size, root, n, leaf).unwrap();
            assert!(check_record(&proof, size, root, n, Foreign([7; 32])).is_err());
        }
        for earlier in sizes.iter().map(|s| s % size + 1) {
            let proof = prove_tree(size, earlier, &reader).unwrap();
            check_tree(&proof, size, root, earlier, log.root(earlier)).unwrap();
            assert!(earlier == size || check_tree(&proof, size, root, earlier, Foreign([7; 32])).is_err());
        }
    }

    #[test]
    fn a_reader_that_we_did_not_write_proves_entries_and_growth_from_our_tiles() {
        for size in [1, 2, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537] {
            let edges = [0, 1, 254, 255, 256, 257, 511, 65_534, 65_535, 65_536, size - 1];
            check(size, &edges, &edges);
        }
        assert!(
            TileHashReader::new(0, Foreign(Log::of(0).tree.root()), &Log::of(0)).read_hashes(&[0]).is_err()
        );
        assert_eq!(Log::of(0).root(0), tlog_tiles::EMPTY_HASH);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn so_it_is_for_any_size_entry_and_earlier_size(
            size in 1_u64..3_000,
            entries in prop::collection::vec(any::<u64>(), 1..6),
            sizes in prop::collection::vec(any::<u64>(), 1..6),
        ) {
            check(size, &entries, &sizes);
        }
    }

    proptest! {
        #[test]
        fn a_tile_has_one_name_and_others_are_none(level in 0_u8..64, number: u64, width in 1_u64..=256, text in "\\PC{0,40}", odd in "[0-9x/.p]{0,30}") {
            for kind in [TileKind::Hashes(level), TileKind::Entries] {
                let tile = Tile { kind, number, width };
                prop_assert_eq!(Tile::read(&tile.to_string()), Some(tile));
            }
            for text in [text, format!("0/{odd}"), format!("entries/{odd}")] {
                prop_assert!(Tile::read(&text).is_none_or(|tile| tile.to_string() == text));
            }
        }
    }

    #[test]
    fn names_are_those_of_the_specification() {
        let tile = |kind, number, width| Tile { kind, number, width }.to_string();
        assert_eq!(tile(TileKind::Hashes(0), 1_234_067, 256), "0/x001/x234/067");
        assert_eq!(tile(TileKind::Entries, 273, 112), "entries/273.p/112");
        for wrong in
            ["", "0", "0/", "0/1", "0/0001", "64/000", "+0/000", "00/000", "0/000.p/0", "0/000.p/256"]
        {
            assert_eq!(Tile::read(wrong), None, "{wrong}");
        }
        for wrong in ["0/x000/000", "0/001/000", "0/x001/x000", "entries/../000", "0/000.p/01", "data/000"] {
            assert_eq!(Tile::read(wrong), None, "{wrong}");
        }
        // The example of the specification: a tree of 70,000.
        let of = |path: &str| Tile::read(path).unwrap().is_of(70_000);
        assert!(of("0/272") && of("0/273.p/112") && of("1/000") && of("1/001.p/17") && of("2/000.p/1"));
        assert!(
            !of("0/273.p/113") && !of("0/273") && !of("1/001.p/18") && !of("2/000.p/2") && !of("3/000.p/1")
        );
        assert!(!of("8/000.p/1") && !of("63/000") && !of("0/x018/x446/x744/x073/x709/x551/615"));
    }
}
