//! Any text as an XML element: what we accept, another reader accepts and understands in the same way,
//! and what we write of it reads back as the same.
#![no_main]

use beffroi_xmpp::Element;
use beffroi_xmpp::element::Node;
use libfuzzer_sys::fuzz_target;
use rxml::{Event, Parse, Parser};

fuzz_target!(|text: &str| {
    let Ok(element) = Element::parse(text) else { return };
    if ["&#0", "&#x0"].iter().any(|zeros| text.contains(zeros)) {
        return; // `rxml` reads eight bytes of a reference and then calls it undeclared.
    }
    let mut ours = String::new();
    describe(&element, &mut ours);

    assert_eq!(read_by_another(text).as_deref(), Ok(ours.as_str()), "two readers of one text disagree");
    let written = element.to_string();
    assert_eq!(read_by_another(&written).as_deref(), Ok(ours.as_str()), "written as {written}");
    assert_eq!(Element::parse(&written).as_ref(), Ok(&element), "written as {written}");
});

/// One text per tree, whatever the prefixes, quotes and order of attributes were.
fn describe(element: &Element, out: &mut String) {
    let attributes = element.attributes.iter().map(|(name, value)| format!("{name}={value:?}"));
    begin(&element.ns, &element.name, attributes.collect(), out);
    for node in &element.children {
        match node {
            Node::Element(child) => describe(child, out),
            Node::Text(text) => out.push_str(&format!("{text:?}")),
        }
    }
    out.push(')');
}

fn begin(ns: &str, name: &str, mut attributes: Vec<String>, out: &mut String) {
    attributes.sort();
    out.push_str(&format!("({{{ns}}}{name} {} ", attributes.join(" ")));
}

/// The same description, by `rxml`, which shares no code with us.
fn read_by_another(text: &str) -> Result<String, String> {
    // XML 1.0 §2.11: line ends are one line feed before anything is read. `rxml` knows CR LF only.
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut parser = Parser::new();
    let (mut rest, mut out, mut words) = (text.as_bytes(), String::new(), String::new());
    loop {
        let event = match parser.parse(&mut rest, true) {
            Ok(Some(event)) => event,
            Ok(None) => return Ok(out),
            Err(cause) => return Err(format!("{cause:?}")),
        };
        if !matches!(event, Event::Text(..)) && !words.is_empty() {
            out.push_str(&format!("{words:?}"));
            words.clear();
        }
        match event {
            Event::XmlDeclaration(..) => {}
            Event::StartElement(_, (ns, name), attributes) => {
                let attributes = attributes.iter().map(|((ns, name), value)| {
                    let prefix = if ns.as_str().is_empty() { "" } else { "xml:" };
                    format!("{prefix}{name}={value:?}")
                });
                begin(ns.as_str(), name.as_str(), attributes.collect(), &mut out);
            }
            Event::Text(_, text) => words.push_str(text.as_str()),
            Event::EndElement(_) => out.push(')'),
        }
    }
}
