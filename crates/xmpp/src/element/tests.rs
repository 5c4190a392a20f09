use super::*;
use proptest::prelude::*;

fn bad(text: &str) -> BadXml {
    Element::parse(text).expect_err(text)
}

#[test]
fn prefixes_are_resolved_away() {
    let e = Element::parse(
        "<p:a xmlns:p='one' xmlns='two' x='1' xml:lang='fr'><b/><p:c xmlns:p='three'/><p:d/></p:a>",
    );
    let expected = Element::new("a", "one")
        .with("x", "1")
        .with("xml:lang", "fr")
        .child(Element::new("b", "two"))
        .child(Element::new("c", "three"))
        .child(Element::new("d", "one"));
    let e = e.unwrap();
    assert_eq!(e, expected);
    assert_eq!(
        e.to_string(),
        "<a xmlns='one' x='1' xml:lang='fr'><b xmlns='two'/><c xmlns='three'/><d/></a>"
    );
    assert_eq!(
        Element::parse("<a xmlns='x'><b xmlns=''/></a>").unwrap().to_string(),
        "<a xmlns='x'><b xmlns=''/></a>"
    );
}

#[test]
fn text_is_what_xml_says_it_is() {
    let e = Element::parse("<a b=\" x\ty&#10;&quot;'&amp;amp; \r\n\">1\r\n2\r3&#13;&lt;<![CDATA[<&]]]]><![CDATA[>]]>&#x1F980;é</a >").unwrap();
    assert_eq!(e.attr("b"), Some(" x y\n\"'&amp;  "));
    assert_eq!(e.content(), "1\n2\n3\r<<&]]>🦀é");
    assert_eq!(e.children.len(), 1, "texts are joined");
    assert_eq!(Element::parse(&e.to_string()), Ok(e));
}

#[test]
fn white_space_may_follow() {
    assert_eq!(Element::parse("<a/>\r\n \t"), Ok(Element::new("a", "")));
}

#[test]
fn what_xmpp_forbids_is_refused() {
    for text in [
        "<a><!-- x --></a>",
        "<?xml version='1.0'?><a/>",
        "<a><?php x?></a>",
        "<!DOCTYPE a><a/>",
        "<a>&eacute;</a>",
        "<a b='&nbsp;'/>",
        "<!-- x --><a/>",
    ] {
        assert!(matches!(bad(text), BadXml::Restricted(_)), "{text}: {:?}", bad(text));
    }
}

#[test]
fn what_is_not_one_well_formed_element_is_refused() {
    for text in [
        "",
        " ",
        "a",
        " <a/>",
        "\u{feff}<a/>",
        "<a/> x",
        "<a/><b/>",
        "<a>",
        "</a>",
        "<a></b>",
        "<a",
        "<",
        "<>",
        "< a/>",
        "<a/",
        "<a b/>",
        "<a b=/>",
        "<a b=1/>",
        "<a b='1/>",
        "<a b='1'c='2'/>",
        "<a b='1' b='2'/>",
        "<a b='<'/>",
        "<a b='&'/>",
        "<a b='&amp'/>",
        "<a>&</a>",
        "<a>&amp</a>",
        "<a>]]></a>",
        "<1/>",
        "<a.-é·/ >",
        "<a\u{d7}/>",
        "<a 1='2'/>",
        "<:a/>",
        "<a:/>",
        "<a:b/>",
        "<a:b:c xmlns:a='x'/>",
        "<a xmlns:p=''/>",
        "<a xmlns:xml='x'/>",
        "<a xmlns:xmlns='x'/>",
        "<a xmlns='http://www.w3.org/2000/xmlns/'/>",
        "<a xmlns:p='http://www.w3.org/XML/1998/namespace'/>",
        "<a xmlns='x' xmlns='y'/>",
        "<a xmlns:p='x' xmlns:p='x'/>",
        "<a>\u{1}</a>",
        "<a b='\u{0}'/>",
        "<a>\u{fffe}</a>",
        "<a>&#0;</a>",
        "<a>&#xFFFF;</a>",
        "<a>&#xD800;</a>",
        "<a>&#;</a>",
        "<a>&#x;</a>",
        "<a>&#+65;</a>",
        "<a>&#1114112;</a>",
        "<a>&#99999999999;</a>",
        "<a><b></a></b>",
        "<a><![CDATA[x</a>",
        "<a>\u{b}</a>",
        "<a/ >",
        "<a><b/",
        "<a b='1' / >",
        "<a></a",
        "<a xmlns:p='x'><b/></a><p:c/>",
    ] {
        assert!(matches!(bad(text), BadXml::Malformed(_)), "{text}: {:?}", bad(text));
    }
    assert!(matches!(bad("<a p:b='1' xmlns:p='x'/>"), BadXml::Attributes(_)));
}

#[test]
fn every_bound_holds_at_its_edge() {
    let nested = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
    assert!(Element::parse(&nested(MOST_DEPTH)).is_ok());
    assert_eq!(bad(&nested(MOST_DEPTH + 1)), BadXml::Deep);
    assert_eq!(bad(&"<a>".repeat(80_000)), BadXml::Deep);
    let wide = |n: usize| format!("<a>{}</a>", "<b/>".repeat(n - 1));
    assert!(Element::parse(&wide(MOST_ELEMENTS)).is_ok());
    assert_eq!(bad(&wide(MOST_ELEMENTS + 1)), BadXml::Elements);
    let attributes = |n: usize| {
        let all: String = (0..n).map(|i| format!(" a{i}=''")).collect();
        format!("<a{all}/>")
    };
    assert!(Element::parse(&attributes(MOST_ATTRIBUTES)).is_ok());
    assert!(matches!(bad(&attributes(MOST_ATTRIBUTES + 1)), BadXml::Attributes(_)));
    let named = |n: usize| format!("<a xmlns='{}'/>", "n".repeat(n));
    assert!(Element::parse(&named(MOST_NAMESPACE)).is_ok());
    assert!(matches!(bad(&named(MOST_NAMESPACE + 1)), BadXml::Attributes(_)));
    let long = |n: usize| format!("<a>{}</a>", "x".repeat(n - 7));
    assert!(Element::parse(&long(MOST_BYTES)).is_ok());
    assert_eq!(bad(&long(MOST_BYTES + 1)), BadXml::Long(MOST_BYTES + 1));
}

/// Text as XML can carry it, the awkward characters often.
fn carried() -> impl Strategy<Value = String> {
    let c = prop_oneof![
        4 => proptest::char::range(' ', '~'),
        4 => proptest::sample::select(vec!['&', '<', '>', '\'', '"', '\t', '\n', '\r', ']', ';', '#', '\u{fffd}', '\u{85}']),
        1 => any::<char>().prop_filter("XML has it", |c| is_char(*c)),
    ];
    proptest::collection::vec(c, 0..12).prop_map(|chars| chars.into_iter().collect())
}

fn named() -> impl Strategy<Value = String> {
    "[a-zA-Z_é][a-zA-Z0-9._·-]{0,6}"
}

fn element() -> impl Strategy<Value = Element> {
    let ns = prop_oneof![
        proptest::sample::select(vec!["", ns::CLIENT, ns::ROOM]).prop_map(Cow::Borrowed),
        carried().prop_filter("not reserved", |ns| ns != "xml").prop_map(Cow::Owned),
    ];
    let attributes =
        proptest::collection::btree_map(prop_oneof![named(), Just("xml:lang".to_owned())], carried(), 0..4)
            .prop_map(|map| map.into_iter().filter(|(name, _)| name != "xmlns").collect::<Vec<_>>());
    let leaf = (named(), ns, attributes)
        .prop_map(|(name, ns, attributes)| Element { name, ns, attributes, children: vec![] })
        .boxed();
    leaf.clone().prop_recursive(4, 32, 5, move |inner| {
        let node = prop_oneof![inner.prop_map(Ok), carried().prop_map(Err)];
        (leaf.clone(), proptest::collection::vec(node, 0..5)).prop_map(|(mut element, nodes)| {
            for node in nodes {
                match node {
                    Ok(child) => element.children.push(Node::Element(child)),
                    Err(text) => element.push_text(&text),
                }
            }
            element
        })
    })
}

proptest! {
    #[test]
    fn what_is_written_reads_back(element in element()) {
        prop_assert_eq!(Element::parse(&element.to_string()), Ok(element));
    }

    #[test]
    fn nothing_panics(text in "\\PC*") {
        let _ = Element::parse(&text);
    }

    #[test]
    fn nothing_panics_that_looks_like_xml(pieces in proptest::collection::vec(proptest::sample::select(vec![
        "<", ">", "/>", "</", "a", "b:", ":", " ", "=", "'", "\"", "xmlns", "xmlns:b", "&", ";", "#x", "amp", "<![CDATA[", "]]>",
        "<!--", "-->", "<?", "?>", "<!DOCTYPE", "é", "\u{1}", "\u{ffff}", "jabber:client", "<a>", "</a>", "<a/>", "<message xmlns='jabber:client'>",
        "<body>", "</body>", "</message>",
    ]), 0..24)) {
        crate::fuzz_frame(&pieces.concat());
    }
}
