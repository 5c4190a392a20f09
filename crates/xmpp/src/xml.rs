//! Writing XML so that no name or text can break out of its place.

use std::fmt::Write as _;

/// Writes elements in order; namespaces are declared where they differ from the parent's, whatever is
/// given as a value or text is escaped, and what is still open at the end is closed.
///
/// Source: XML 1.0 §2.4 and §3.3.3 for what must be escaped, Namespaces in XML §6.2 for defaulting.
#[derive(Debug, Default)]
pub struct Xml<'n> {
    out: String,
    stack: Vec<(&'n str, &'n str)>,
    context: &'n str,
    in_tag: bool,
    hole: Option<usize>,
}

impl<'n> Xml<'n> {
    /// An empty text.
    pub fn new() -> Self {
        Self { out: String::with_capacity(512), ..Self::default() }
    }

    /// A text that will be put inside an element of namespace `context`.
    pub fn within(context: &'n str) -> Self {
        Self { context, ..Self::default() }
    }

    /// Opens an element in `ns`.
    pub fn open(&mut self, name: &'n str, ns: &'n str) -> &mut Self {
        self.end_tag();
        let parent = self.stack.last().map_or(self.context, |top| top.1);
        self.out.push('<');
        self.out.push_str(name);
        self.stack.push((name, ns));
        self.in_tag = true;
        if ns != parent {
            self.attr("xmlns", ns);
        }
        self
    }

    /// Opens an element in the namespace of the one around it.
    pub fn child(&mut self, name: &'n str) -> &mut Self {
        let ns = self.stack.last().map_or(self.context, |top| top.1);
        self.open(name, ns)
    }

    /// Adds an attribute to the element just opened.
    pub fn attr(&mut self, name: &str, value: impl AsRef<str>) -> &mut Self {
        debug_assert!(self.in_tag, "attributes are written before content");
        self.out.push(' ');
        self.out.push_str(name);
        self.out.push_str("='");
        escape(value.as_ref(), true, &mut self.out);
        self.out.push('\'');
        self
    }

    /// Adds an attribute when there is a value.
    pub fn attr_if(&mut self, name: &str, value: Option<impl AsRef<str>>) -> &mut Self {
        if let Some(value) = value {
            self.attr(name, value);
        }
        self
    }

    /// Adds an attribute whose value is a number.
    pub fn number(&mut self, name: &str, value: impl Into<i64>) -> &mut Self {
        write!(self.out, " {name}='{}'", value.into()).expect("a String takes all");
        self
    }

    /// Adds `true` or `false`.
    pub fn flag(&mut self, name: &str, value: bool) -> &mut Self {
        self.attr(name, if value { "true" } else { "false" })
    }

    /// Leaves the value of an attribute for [`Prepared::to`]; one per text.
    pub fn hole(&mut self, name: &str) -> &mut Self {
        debug_assert!(self.hole.is_none(), "a text has one hole");
        self.attr(name, "");
        self.hole = Some(self.out.len() - 1);
        self
    }

    /// Adds text.
    pub fn text(&mut self, text: impl AsRef<str>) -> &mut Self {
        self.end_tag();
        escape(text.as_ref(), false, &mut self.out);
        self
    }

    /// Adds an element that holds only text, in the namespace around it.
    pub fn leaf(&mut self, name: &'n str, text: impl AsRef<str>) -> &mut Self {
        self.child(name).text(text).close()
    }

    /// Adds an empty element.
    pub fn empty(&mut self, name: &'n str, ns: &'n str) -> &mut Self {
        self.open(name, ns).close()
    }

    /// Adds what is XML already: something written by this type within the same namespace.
    pub fn raw(&mut self, xml: &str) -> &mut Self {
        self.end_tag();
        self.out.push_str(xml);
        self
    }

    /// Closes the innermost open element.
    pub fn close(&mut self) -> &mut Self {
        let (name, _) = self.stack.pop().expect("as many elements are closed as were opened");
        if std::mem::take(&mut self.in_tag) {
            self.out.push_str("/>");
        } else {
            self.out.push_str("</");
            self.out.push_str(name);
            self.out.push('>');
        }
        self
    }

    /// Closes what is open and gives the text.
    pub fn finish(mut self) -> String {
        self.close_all();
        self.out
    }

    /// The same for a text with a [`hole`](Self::hole).
    pub fn prepared(mut self) -> Prepared {
        self.close_all();
        let hole = self.hole.expect("a prepared text has a hole");
        Prepared { text: self.out, hole }
    }

    fn close_all(&mut self) {
        while !self.stack.is_empty() {
            self.close();
        }
    }

    fn end_tag(&mut self) {
        if std::mem::take(&mut self.in_tag) {
            self.out.push('>');
        }
    }
}

/// A stanza written once for many receivers: only `to` is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prepared {
    text: String,
    hole: usize,
}

impl Prepared {
    /// The stanza for this receiver.
    pub fn to(&self, address: &str) -> String {
        let mut out = String::with_capacity(self.text.len() + address.len() + 8);
        out.push_str(&self.text[..self.hole]);
        escape(address, true, &mut out);
        out.push_str(&self.text[self.hole..]);
        out
    }
}

/// What XML 1.0 §2.2 allows as a character.
pub(crate) fn is_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// Appends `text`, escaped. A character that XML cannot carry at all becomes U+FFFD: the names of
/// files and rooms come from outside, and one bad character must not cost a receiver their stream.
fn escape(text: &str, attribute: bool, out: &mut String) {
    let bytes = text.as_bytes();
    let (mut at, mut plain) = (0, 0);
    while let Some(byte) = bytes.get(at) {
        let (escaped, length) = match byte {
            b'&' => ("&amp;", 1),
            b'<' => ("&lt;", 1),
            b'>' => ("&gt;", 1),
            b'\'' if attribute => ("&#39;", 1),
            b'\t' if attribute => ("&#9;", 1),
            b'\n' if attribute => ("&#10;", 1),
            b'\r' => ("&#13;", 1),
            0..=8 | 11 | 12 | 14..=31 => ("\u{fffd}", 1),
            // U+FFFE and U+FFFF.
            0xef if matches!(bytes.get(at + 1..at + 3), Some([0xbf, 0xbe | 0xbf])) => ("\u{fffd}", 3),
            _ => {
                at += 1;
                continue;
            }
        };
        out.push_str(&text[plain..at]);
        out.push_str(escaped);
        at += length;
        plain = at;
    }
    out.push_str(&text[plain..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn namespaces_are_declared_where_they_change() {
        let mut x = Xml::new();
        x.open("a", "one")
            .attr("v", "<'\n>")
            .child("b")
            .close()
            .open("c", "two")
            .child("d")
            .text("x&y")
            .close();
        x.close().child("e");
        assert_eq!(
            x.finish(),
            "<a xmlns='one' v='&lt;&#39;&#10;&gt;'><b/><c xmlns='two'><d>x&amp;y</d></c><e/></a>"
        );
    }

    #[test]
    fn a_hole_is_filled_and_escaped() {
        let mut x = Xml::new();
        x.open("m", "").hole("to").attr("id", "1").text("é\u{1}");
        let prepared = x.prepared();
        assert_eq!(prepared.to("a'b"), "<m to='a&#39;b' id='1'>é\u{fffd}</m>");
    }
}
