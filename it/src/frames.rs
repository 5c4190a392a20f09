//! Reading what came: enough of XML for frames that this server wrote itself, without its own parser.

/// The first element `name` of a frame, from its `<` to its end.
pub fn element<'f>(frame: &'f str, name: &str) -> Option<&'f str> {
    let mut from = 0;
    loop {
        let start = from + frame[from..].find(&format!("<{name}"))?;
        let after = frame[start + 1 + name.len()..].chars().next()?;
        if !matches!(after, ' ' | '/' | '>') {
            from = start + 1;
            continue;
        }
        let head = start + frame[start..].find('>')?;
        if frame[..head].ends_with('/') {
            return Some(&frame[start..=head]);
        }
        let close = format!("</{name}>");
        let end = head + frame[head..].find(&close)?;
        return Some(&frame[start..end + close.len()]);
    }
}

/// An attribute of the first element `name` of a frame.
pub fn attribute<'f>(frame: &'f str, name: &str, key: &str) -> Option<&'f str> {
    let element = element(frame, name)?;
    let head = &element[..element.find('>')?];
    let start = head.find(&format!(" {key}='")).map(|at| at + key.len() + 3)?;
    head[start..].split('\'').next()
}

/// The text of the first element `name` of a frame, as it is written.
pub fn text<'f>(frame: &'f str, name: &str) -> Option<&'f str> {
    let element = element(frame, name)?;
    let start = element.find('>')? + 1;
    element.get(start..element.len().checked_sub(name.len() + 3)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_frame() {
        let frame = "<message from='a@b' id='1'><bodyguard x='9'/><body>a &lt; b</body><stanza-id by='r' id='42'/></message>";
        assert_eq!(text(frame, "body"), Some("a &lt; b"));
        assert_eq!(attribute(frame, "stanza-id", "id"), Some("42"));
        assert_eq!(attribute(frame, "message", "from"), Some("a@b"));
        assert_eq!(attribute(frame, "message", "to"), None);
        assert_eq!(element(frame, "bodyguard"), Some("<bodyguard x='9'/>"));
        assert_eq!(element(frame, "thread"), None);
        assert_eq!(text("<a/>", "a"), None);
    }
}
