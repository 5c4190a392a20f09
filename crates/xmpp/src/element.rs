//! One XML element as a bounded tree.
//!
//! RFC 7395 §3.3: every WebSocket message is one whole element, so there is no stream to keep parsing
//! state for. RFC 6120 §11.1 forbids comments, processing instructions, DTDs and entities of one's own.
//! Prefixes are resolved away; a prefixed *attribute* is refused, except those of `xml:` (kept with
//! their prefix): nothing that travels here uses one, and forwarding it would mean inventing prefixes.

use crate::ns;
use crate::xml::{Xml, is_char};
use quick_xml::Reader;
use quick_xml::events::Event;
use std::borrow::Cow;

/// Bytes in one frame.
pub const MOST_BYTES: usize = 256 * 1024;
/// Elements inside each other, the outermost counted.
pub const MOST_DEPTH: usize = 32;
/// Elements in one frame.
pub const MOST_ELEMENTS: usize = 1_000;
/// Attributes of one element, namespace declarations counted.
pub const MOST_ATTRIBUTES: usize = 64;
/// Bytes in a namespace. Each element carries its own, so a long one would multiply.
pub const MOST_NAMESPACE: usize = 256;

/// Why a text is no element here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadXml {
    /// More than [`MOST_BYTES`].
    #[error("a frame of {0} bytes is larger than the {MOST_BYTES} that are read; send less at once")]
    Long(usize),
    /// Deeper than [`MOST_DEPTH`].
    #[error("elements nest deeper than {MOST_DEPTH}")]
    Deep,
    /// More than [`MOST_ELEMENTS`].
    #[error("more than {MOST_ELEMENTS} elements in one frame")]
    Elements,
    /// More than [`MOST_ATTRIBUTES`], one that is prefixed, or a namespace beyond [`MOST_NAMESPACE`].
    #[error("{0}")]
    Attributes(&'static str),
    /// RFC 6120 §11.1: comment, processing instruction, DTD, entity.
    #[error("{0} has no place in XMPP (RFC 6120 §11.1)")]
    Restricted(&'static str),
    /// Not well-formed, or not one element.
    #[error("this is not one well-formed element: {0}")]
    Malformed(&'static str),
}

/// Part of the content of an element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// An element.
    Element(Element),
    /// Text, unescaped; never empty, never next to another text.
    Text(String),
}

/// An element with its namespace resolved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Element {
    /// Local name.
    pub name: String,
    /// Namespace; empty when there is none.
    pub ns: Cow<'static, str>,
    /// Name and value in document order, without namespace declarations.
    pub attributes: Vec<(String, String)>,
    /// Content in document order.
    pub children: Vec<Node>,
}

impl Element {
    /// An empty element, to build upon.
    pub fn new(name: &str, ns: &'static str) -> Self {
        Self { name: name.into(), ns: Cow::Borrowed(ns), ..Self::default() }
    }

    /// With an attribute more.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.attributes.push((name.into(), value.into()));
        self
    }

    /// With a child element more.
    #[must_use]
    pub fn child(mut self, child: Self) -> Self {
        self.children.push(Node::Element(child));
        self
    }

    /// With text more; joined to a text that stands last.
    #[must_use]
    pub fn text(mut self, text: &str) -> Self {
        self.push_text(text);
        self
    }

    /// Whether this is `name` in `ns`.
    pub fn is(&self, name: &str, ns: &str) -> bool {
        self.name == name && self.ns == ns
    }

    /// The value of an attribute.
    pub fn attr(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// The child elements.
    pub fn elements(&self) -> impl Iterator<Item = &Self> {
        self.children.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// The first child element `name` in `ns`.
    pub fn find(&self, name: &str, ns: &str) -> Option<&Self> {
        self.elements().find(|e| e.is(name, ns))
    }

    /// The text directly inside, joined.
    pub fn content(&self) -> Cow<'_, str> {
        let mut texts = self.children.iter().filter_map(|node| match node {
            Node::Text(text) => Some(text.as_str()),
            Node::Element(_) => None,
        });
        let first = texts.next().unwrap_or_default();
        texts.fold(Cow::Borrowed(first), |joined, next| joined + next)
    }

    /// Reads one element that fills the whole text. Never panics; time and memory are bounded by the
    /// constants of this module.
    ///
    /// # Errors
    /// [`BadXml`], which says what is wrong.
    pub fn parse(text: &str) -> Result<Self, BadXml> {
        if text.len() > MOST_BYTES {
            return Err(BadXml::Long(text.len()));
        }
        Parser::default().parse(text)
    }

    /// Writes it inside something of namespace `context`.
    pub fn write<'n>(&'n self, x: &mut Xml<'n>) {
        x.open(&self.name, &self.ns);
        for (name, value) in &self.attributes {
            x.attr(name, value);
        }
        for node in &self.children {
            match node {
                Node::Element(element) => element.write(x),
                Node::Text(text) => {
                    x.text(text);
                }
            }
        }
        x.close();
    }

    fn push_text(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        match self.children.last_mut() {
            Some(Node::Text(last)) => last.push_str(text),
            _ => self.children.push(Node::Text(text.into())),
        }
    }
}

/// As a frame of its own.
impl std::fmt::Display for Element {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut x = Xml::new();
        self.write(&mut x);
        f.write_str(&x.finish())
    }
}

#[derive(Default)]
struct Parser<'t> {
    /// Open elements, outermost first.
    open: Vec<Element>,
    /// Namespace declarations in scope: prefix, namespace, depth of the element that declares it. No
    /// prefix is `None` and not an empty text: comparing empty texts is the slowest thing the C library
    /// does on some processors, and took half of the time here.
    scope: Vec<(Option<&'t str>, Cow<'static, str>, usize)>,
    elements: usize,
}

impl<'t> Parser<'t> {
    fn parse(mut self, text: &'t str) -> Result<Element, BadXml> {
        if !text.starts_with('<') {
            // RFC 7395 §3.3.3: not even white space may come first.
            return Err(BadXml::Malformed("the first character must be '<'"));
        }
        let mut reader = Reader::from_str(text);
        loop {
            let before = position(&reader);
            let event = reader
                .read_event()
                .map_err(|_| BadXml::Malformed("a tag is not closed or does not match"))?;
            let done = match event {
                Event::Start(_) => {
                    self.start(tag(text, before, position(&reader), 1)?)?;
                    None
                }
                Event::Empty(_) => {
                    self.start(tag(text, before, position(&reader), 2)?)?;
                    self.end()
                }
                Event::End(_) => self.end(),
                Event::Text(text) => {
                    self.text(&text)?;
                    None
                }
                Event::CData(text) => {
                    self.characters(&text)?;
                    None
                }
                Event::GeneralRef(name) => {
                    let mut buffer = [0; 4];
                    let c = reference(&name)?;
                    let top = self.open.last_mut().ok_or(BadXml::Malformed("text outside the element"))?;
                    top.push_text(c.encode_utf8(&mut buffer));
                    None
                }
                Event::Comment(_) => return Err(BadXml::Restricted("a comment")),
                Event::PI(_) => return Err(BadXml::Restricted("a processing instruction")),
                Event::Decl(_) => return Err(BadXml::Restricted("an XML declaration")),
                Event::DocType(_) => return Err(BadXml::Restricted("a document type")),
                Event::Eof => return Err(BadXml::Malformed("the text ends inside the element")),
            };
            if let Some(element) = done {
                // XML 1.0 §2.1: white space may follow the element.
                let rest = text[position(&reader)..].trim_end_matches(is_space);
                return if rest.is_empty() {
                    Ok(element)
                } else {
                    Err(BadXml::Malformed("something follows it"))
                };
            }
        }
    }

    fn start(&mut self, tag: &'t str) -> Result<(), BadXml> {
        self.elements += 1;
        if self.elements > MOST_ELEMENTS {
            return Err(BadXml::Elements);
        }
        let depth = self.open.len() + 1;
        if depth > MOST_DEPTH {
            return Err(BadXml::Deep);
        }
        let split = tag.find(is_space).unwrap_or(tag.len());
        let (prefix, name) = qualified(&tag[..split])?;
        let mut attributes: Vec<(String, String)> = Vec::new();
        let (mut rest, mut count) = (&tag[split..], 0);
        while let Some((attribute, value, after)) = attribute(rest)? {
            rest = after;
            count += 1;
            if count > MOST_ATTRIBUTES {
                return Err(BadXml::Attributes("an element has more than 64 attributes"));
            }
            let value = attribute_value(value)?;
            match qualified(attribute)? {
                (None, "xmlns") => self.declare(None, value, depth)?,
                (Some("xmlns"), prefix) => self.declare(Some(prefix), value, depth)?,
                (None | Some("xml"), _) => {
                    if attributes.iter().any(|(name, _)| name == attribute) {
                        return Err(BadXml::Malformed("an attribute stands twice"));
                    }
                    attributes.push((attribute.to_owned(), value));
                }
                _ => {
                    return Err(BadXml::Attributes(
                        "an attribute with a prefix other than xml: is not read here",
                    ));
                }
            }
        }
        let ns = self.resolve(prefix)?;
        self.open.push(Element { name: name.to_owned(), ns, attributes, children: Vec::new() });
        Ok(())
    }

    /// Closes the innermost element; gives the outermost when it is that one.
    fn end(&mut self) -> Option<Element> {
        let element = self.open.pop()?;
        let depth = self.open.len() + 1;
        while self.scope.last().is_some_and(|declared| declared.2 == depth) {
            self.scope.pop();
        }
        match self.open.last_mut() {
            Some(parent) => {
                parent.children.push(Node::Element(element));
                None
            }
            None => Some(element),
        }
    }

    fn text(&mut self, text: &str) -> Result<(), BadXml> {
        if text.contains("]]>") {
            return Err(BadXml::Malformed("']]>' stands in a text"));
        }
        self.characters(text)
    }

    fn characters(&mut self, text: &str) -> Result<(), BadXml> {
        let top = self.open.last_mut().ok_or(BadXml::Malformed("text outside the element"))?;
        check_characters(text)?;
        if text.contains('\r') {
            // XML 1.0 §2.11.
            top.push_text(&text.replace("\r\n", "\n").replace('\r', "\n"));
        } else {
            top.push_text(text);
        }
        Ok(())
    }

    fn declare(&mut self, prefix: Option<&'t str>, uri: String, depth: usize) -> Result<(), BadXml> {
        if uri.len() > MOST_NAMESPACE {
            return Err(BadXml::Attributes("a namespace has more than 256 bytes"));
        }
        // Namespaces in XML 1.0 §3 and §5: the two reserved names stay as they are, and a prefix
        // cannot be taken back.
        let reserved =
            prefix == Some("xmlns") || uri == ns::XMLNS || (prefix == Some("xml")) != (uri == ns::XML);
        if reserved || (uri.is_empty() && prefix.is_some()) {
            return Err(BadXml::Malformed("a namespace declaration that is not allowed"));
        }
        if self.scope.iter().any(|(p, _, d)| *p == prefix && *d == depth) {
            return Err(BadXml::Malformed("an attribute stands twice"));
        }
        let uri = match ns::KNOWN.iter().find(|known| **known == uri) {
            Some(known) => Cow::Borrowed(*known),
            None => Cow::Owned(uri),
        };
        self.scope.push((prefix, uri, depth));
        Ok(())
    }

    fn resolve(&self, prefix: Option<&str>) -> Result<Cow<'static, str>, BadXml> {
        match self.scope.iter().rev().find(|declared| declared.0 == prefix) {
            Some((_, ns, _)) => Ok(ns.clone()),
            None if prefix.is_none() => Ok(Cow::Borrowed("")),
            None => Err(BadXml::Malformed("a prefix is not declared")),
        }
    }
}

fn position(reader: &Reader<&[u8]>) -> usize {
    usize::try_from(reader.buffer_position()).expect("a frame fits in memory")
}

/// The inside of the tag between two positions: `<` before, `closing` bytes after.
fn tag(text: &str, from: usize, to: usize, closing: usize) -> Result<&str, BadXml> {
    text.get(from + 1..to - closing).ok_or(BadXml::Malformed("a tag is not closed"))
}

/// XML 1.0 §2.3.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}

/// The next attribute: name, raw value, what follows; `None` at the end.
fn attribute(rest: &str) -> Result<Option<(&str, &str, &str)>, BadXml> {
    const BAD: BadXml = BadXml::Malformed("an attribute reads name='value'");
    let trimmed = rest.trim_start_matches(is_space);
    if trimmed.is_empty() {
        return Ok(None);
    }
    if trimmed.len() == rest.len() {
        return Err(BadXml::Malformed("attributes are separated by white space"));
    }
    let (name, rest) = trimmed.split_once('=').ok_or(BAD)?;
    let rest = rest.trim_start_matches(is_space);
    let quote = rest.chars().next().filter(|c| matches!(c, '\'' | '"')).ok_or(BAD)?;
    let (value, rest) = rest[1..].split_once(quote).ok_or(BAD)?;
    Ok(Some((name.trim_end_matches(is_space), value, rest)))
}

/// XML 1.0 §3.3.3, for attributes of type CDATA.
fn attribute_value(raw: &str) -> Result<String, BadXml> {
    if raw.contains('<') {
        return Err(BadXml::Malformed("'<' stands in an attribute"));
    }
    check_characters(raw)?;
    if !raw.bytes().any(|b| matches!(b, b'&' | b'\t' | b'\n' | b'\r')) {
        return Ok(raw.to_owned());
    }
    let raw = if raw.contains("\r\n") { Cow::Owned(raw.replace("\r\n", " ")) } else { Cow::Borrowed(raw) };
    let mut out = String::with_capacity(raw.len());
    let mut parts = raw.split('&');
    let spaced =
        |text: &str, out: &mut String| out.extend(text.chars().map(|c| if is_space(c) { ' ' } else { c }));
    spaced(parts.next().unwrap_or_default(), &mut out);
    for part in parts {
        let (name, text) = part.split_once(';').ok_or(BadXml::Malformed("'&' begins no reference"))?;
        out.push(reference(name)?);
        spaced(text, &mut out);
    }
    Ok(out)
}

/// XML 1.0 §4.1 and §4.6: a character by number, or one of the five that have a name.
fn reference(name: &str) -> Result<char, BadXml> {
    let number = match name {
        "amp" => return Ok('&'),
        "lt" => return Ok('<'),
        "gt" => return Ok('>'),
        "apos" => return Ok('\''),
        "quot" => return Ok('"'),
        _ => name.strip_prefix('#').ok_or(BadXml::Restricted("an entity"))?,
    };
    let (digits, base) = number.strip_prefix('x').map_or((number, 10), |hex| (hex, 16));
    let digits_only = !digits.is_empty() && digits.chars().all(|c| c.is_digit(base));
    let code = if digits_only { u32::from_str_radix(digits, base).ok() } else { None };
    code.and_then(char::from_u32)
        .filter(|c| is_char(*c))
        .ok_or(BadXml::Malformed("a reference to a character that XML does not have"))
}

fn check_characters(text: &str) -> Result<(), BadXml> {
    // The forbidden ones are C0 controls and U+FFFE, U+FFFF (EF BF BE, EF BF BF).
    let suspicious = |b: u8| (b < 0x20 && !matches!(b, 9 | 10 | 13)) || b == 0xef;
    if text.bytes().any(suspicious) && !text.chars().all(is_char) {
        return Err(BadXml::Malformed("a character that XML does not have"));
    }
    Ok(())
}

/// Prefix and local name; Namespaces in XML 1.0 §4.
fn qualified(name: &str) -> Result<(Option<&str>, &str), BadXml> {
    let (prefix, local) = name.split_once(':').map_or((None, name), |(prefix, local)| (Some(prefix), local));
    if !is_name(local) || !prefix.is_none_or(is_name) {
        return Err(BadXml::Malformed("a name holds a character that names cannot have"));
    }
    Ok((prefix, local))
}

/// NCName: XML 1.0 §2.3 without the colon.
fn is_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    if bytes.next().is_some_and(|b| b.is_ascii_alphabetic())
        && bytes.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    {
        // Nearly all are.
        return true;
    }
    let start = |c: char| {
        matches!(c, 'a'..='z' | 'A'..='Z' | '_' | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{2ff}'
            | '\u{370}'..='\u{37d}' | '\u{37f}'..='\u{1fff}' | '\u{200c}'..='\u{200d}' | '\u{2070}'..='\u{218f}'
            | '\u{2c00}'..='\u{2fef}' | '\u{3001}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}'
            | '\u{10000}'..='\u{effff}')
    };
    let inside = |c: char| {
        start(c)
            || matches!(c, '-' | '.' | '0'..='9' | '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}')
    };
    name.chars().next().is_some_and(start) && name.chars().all(inside)
}

#[cfg(test)]
mod tests;
