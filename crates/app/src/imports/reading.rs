//! CSV as it comes in, in pieces of any size: one record in memory at a time.

use crate::Error;
use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

/// Bytes of a record: an address, a name, a hash, and columns of no interest here.
const MOST_RECORD: usize = 16 * 1024;
/// Columns of a record.
const MOST_COLUMNS: usize = 64;
/// Bytes in which the line with the names of the columns must end.
const MOST_HEADER: usize = 16 * 1024;
/// What programs write before UTF-8 to say that it is.
const MARK: [u8; 3] = [0xef, 0xbb, 0xbf];

/// Reads records out of pieces.
pub(super) struct Records {
    reader: Option<Reader>,
    /// The first line, until it is whole and says what separates columns.
    first: Vec<u8>,
    text: Vec<u8>,
    ends: Vec<usize>,
    filled: (usize, usize),
    /// Records so far.
    count: u32,
}

/// A record: its number, its fields as bytes.
pub(super) struct Record<'a> {
    /// Its number in a spreadsheet; the names of the columns are line 1.
    pub(super) line: u32,
    text: &'a [u8],
    ends: &'a [usize],
}

/// What is done with each record.
pub(super) type Found<'f> = dyn FnMut(Record<'_>) -> Result<(), Error> + 'f;

impl Record<'_> {
    /// The fields; `None` for one that is not UTF-8.
    pub(super) fn fields(&self) -> Vec<Option<String>> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let field = |(from, to): (usize, &usize)| std::str::from_utf8(&self.text[from..*to]).ok();
        starts.zip(self.ends).map(|at| field(at).map(str::to_owned)).collect()
    }
}

impl Records {
    pub(super) fn new() -> Self {
        Self {
            reader: None,
            first: vec![],
            text: vec![0; MOST_RECORD],
            ends: vec![0; MOST_COLUMNS],
            filled: (0, 0),
            count: 0,
        }
    }

    /// Takes the next piece and gives each record that ends in it to `found`.
    pub(super) fn take(&mut self, piece: &[u8], found: &mut Found<'_>) -> Result<(), Error> {
        if self.reader.is_some() {
            return self.read(piece, found);
        }
        let (now, later) = piece.split_at(piece.len().min(MOST_HEADER + 1 - self.first.len()));
        self.first.extend_from_slice(now);
        if self.first.iter().any(|byte| matches!(byte, b'\n' | b'\r')) {
            self.begin(found)?;
            return if later.is_empty() { Ok(()) } else { self.read(later, found) };
        }
        if self.first.len() > MOST_HEADER { Err(too_long(1)) } else { Ok(()) }
    }

    /// The first line is whole: it says what separates columns.
    fn begin(&mut self, found: &mut Found<'_>) -> Result<(), Error> {
        let first = std::mem::take(&mut self.first);
        let text = first.strip_prefix(&MARK[..]).unwrap_or(&first);
        self.reader = Some(ReaderBuilder::new().delimiter(separator(text)).build());
        if text.is_empty() { Ok(()) } else { self.read(text, found) }
    }

    /// Nothing more comes.
    pub(super) fn end(&mut self, found: &mut Found<'_>) -> Result<(), Error> {
        if self.reader.is_none() {
            self.begin(found)?;
        }
        self.read(&[], found)
    }

    fn read(&mut self, mut piece: &[u8], found: &mut Found<'_>) -> Result<(), Error> {
        let ending = piece.is_empty();
        let Some(reader) = &mut self.reader else { return Ok(()) };
        loop {
            let (text, ends) = self.filled;
            let (outcome, taken, written, ended) =
                reader.read_record(piece, &mut self.text[text..], &mut self.ends[ends..]);
            piece = &piece[taken..];
            self.filled = (text + written, ends + ended);
            match outcome {
                ReadRecordResult::InputEmpty if !ending => return Ok(()),
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {
                    return Err(too_long(self.count + 1));
                }
                ReadRecordResult::Record => {
                    self.count += 1;
                    let (text, ends) = std::mem::take(&mut self.filled);
                    found(Record { line: self.count, text: &self.text[..text], ends: &self.ends[..ends] })?;
                }
                ReadRecordResult::End => return Ok(()),
            }
        }
    }
}

fn too_long(line: u32) -> Error {
    Error::Invalid(format!(
        "line {line} has more than {MOST_RECORD} bytes or {MOST_COLUMNS} columns; a quotation mark is perhaps not closed before it"
    ))
}

/// What separates columns in this line: comma, semicolon or tab, whichever stands there most, outside quotes.
fn separator(text: &[u8]) -> u8 {
    let line = text.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
    let mut quoted = false;
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    for byte in line {
        quoted ^= *byte == b'"';
        if let Some((_, count)) = counts.iter_mut().find(|(sign, _)| sign == byte && !quoted) {
            *count += 1;
        }
    }
    // The first of several that stand there as often.
    counts.iter().rev().max_by_key(|(_, count)| *count).map_or(b',', |(sign, _)| *sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8], size: usize) -> Result<Vec<Vec<Option<String>>>, String> {
        let mut records = Records::new();
        let mut all = vec![];
        let mut found = |record: Record<'_>| {
            assert_eq!(record.line as usize, all.len() + 1);
            all.push(record.fields());
            Ok(())
        };
        for piece in text.chunks(size) {
            records.take(piece, &mut found).map_err(|e| e.to_string())?;
        }
        records.end(&mut found).map_err(|e| e.to_string())?;
        Ok(all)
    }

    #[test]
    fn whatever_the_pieces_the_records_are_the_same() {
        let text = "\u{feff}nom;adresse\r\n\"Martin; Élodie\";e@x\r\n\r\n\"dit \"\"Jo\"\"\nRoy\";j@x\n;\nsans fin;z@x";
        let expected = [
            vec!["nom", "adresse"],
            vec!["Martin; Élodie", "e@x"],
            vec!["dit \"Jo\"\nRoy", "j@x"],
            vec!["", ""],
            vec!["sans fin", "z@x"],
        ];
        for size in (1..30).chain([1000]) {
            let read = read(text.as_bytes(), size).unwrap();
            let read: Vec<Vec<&str>> =
                read.iter().map(|r| r.iter().map(|f| f.as_deref().unwrap_or("?")).collect()).collect();
            assert_eq!(read, expected, "{size}");
        }
    }

    #[test]
    fn the_first_line_says_what_separates() {
        for (line, sign) in [
            ("a,b", b','),
            ("a;b", b';'),
            ("a\tb", b'\t'),
            ("\"a;b;c\",d", b','),
            ("a;b;c,d", b';'),
            ("a\r\nb;c;d", b','),
            ("", b','),
        ] {
            assert_eq!(separator(line.as_bytes()), sign, "{line:?}");
        }
    }

    proptest::proptest! {
        /// Whatever comes, in whatever pieces: the same records or the same refusal, and no panic.
        #[test]
        fn any_bytes_in_any_pieces_read_alike(text in "[a-c;,\"\r\n\tüé ]{0,200}", tail in proptest::collection::vec(0u8.., 0..60), size in 1usize..40) {
            let bytes = [text.as_bytes(), &tail].concat();
            proptest::prop_assert_eq!(read(&bytes, size), read(&bytes, 1 << 20));
        }
    }

    #[test]
    fn nothing_that_comes_fills_the_memory_or_panics() {
        for size in [1, 7, 100_000] {
            let endless = [b"nom;adresse\n\"".as_slice(), &vec![b'x'; 100_000]].concat();
            assert!(read(&endless, size).unwrap_err().contains("line 2"));
            assert!(read(&vec![b'x'; 100_000], size).unwrap_err().contains("line 1"));
            assert!(read(&[b';'; 100_000], size).is_err());
            assert_eq!(read(b"", size).unwrap().len(), 0);
            let latin = read(b"nom;adresse\nElodie Lef\xe8vre;e@x\n", size).unwrap();
            assert_eq!(latin[1], [None, Some("e@x".to_owned())]);
            let many = format!("nom;adresse\n{}", "n;a@x\n".repeat(10_000));
            assert_eq!(read(many.as_bytes(), size).unwrap().len(), 10_001);
        }
    }
}
