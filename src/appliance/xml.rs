//! XML to a small tree: UTF-8 and UTF-16, no document types and so no entities, everything bounded.

use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::errors::Error;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};

use super::Refusal;

/// Deepest nesting; a real descriptor has 9 levels.
const DEPTH: usize = 64;
/// Most elements; a real descriptor has some hundred.
const ELEMENTS: usize = 100_000;
/// Most attributes of one element.
const ATTRIBUTES: usize = 64;

/// An element with what is in it. Names are without their prefixes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Element {
    /// Its name.
    pub name: String,
    attributes: Vec<(String, String)>,
    text: String,
    children: Vec<Element>,
}

impl Element {
    /// An attribute's value.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// The text right in it, without blanks around it.
    pub fn text(&self) -> &str {
        self.text.trim()
    }

    /// Its elements.
    pub fn children(&self) -> &[Element] {
        &self.children
    }

    /// Its elements of that name.
    pub fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The first element below, name by name.
    pub fn find(&self, path: &[&str]) -> Option<&Element> {
        match path.split_first() {
            None => Some(self),
            Some((name, rest)) => self.all(name).find_map(|child| child.find(rest)),
        }
    }

    /// The text of the first element of that name, unless it is empty.
    pub fn text_of(&self, name: &str) -> Option<&str> {
        self.all(name).next().map(Element::text).filter(|text| !text.is_empty())
    }
}

/// Reads a document.
///
/// # Errors
/// [`Refusal`] when it is no XML, or XML that no export writes.
pub(super) fn parse(bytes: &[u8]) -> Result<Element, Refusal> {
    let text = decode(bytes)?;
    let mut reader = Reader::from_str(&text);
    let mut tree = Tree::default();
    loop {
        let event = reader.read_event();
        let at = usize::try_from(reader.buffer_position().max(reader.error_position())).unwrap_or(usize::MAX);
        let done = event.map_err(|err| malformed(&err)).and_then(|event| tree.take(&event));
        match done {
            Ok(true) => return tree.root.ok_or_else(|| Refusal::new("appliance-refused-empty")),
            Ok(false) => {}
            Err(refusal) => {
                let line = text[..text.floor_char_boundary(at)].matches('\n').count() + 1;
                return Err(refusal.with("line", line));
            }
        }
    }
}

#[derive(Default)]
struct Tree {
    root: Option<Element>,
    open: Vec<Element>,
    count: usize,
}

impl Tree {
    /// Takes the next event; true when it is the last one.
    fn take(&mut self, event: &Event<'_>) -> Result<bool, Refusal> {
        match event {
            Event::Start(start) => {
                let element = self.element(start)?;
                self.open.push(element);
            }
            Event::Empty(start) => {
                let element = self.element(start)?;
                self.close(element)?;
            }
            Event::End(_) => {
                let element = self.open.pop().ok_or_else(|| wrong("an end without a beginning"))?;
                self.close(element)?;
            }
            Event::Text(text) => self.say(&text.xml10_content().map_err(|err| malformed(&err.into()))?)?,
            Event::CData(text) => self.say(&text.xml10_content().map_err(|err| malformed(&err.into()))?)?,
            Event::GeneralRef(reference) => {
                let name = reference.decode().map_err(|err| malformed(&err.into()))?;
                match reference.resolve_char_ref().map_err(|err| malformed(&err))? {
                    Some(c) => self.say(c.encode_utf8(&mut [0; 4]))?,
                    None => self.say(resolve_predefined_entity(&name).ok_or_else(|| wrong("an unknown entity"))?)?,
                }
            }
            Event::DocType(_) => return Err(Refusal::new("appliance-refused-doctype")),
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            Event::Eof if self.open.is_empty() => return Ok(true),
            Event::Eof => return Err(wrong("it ends within an element: it was cut off")),
        }
        Ok(false)
    }

    fn element(&mut self, start: &BytesStart<'_>) -> Result<Element, Refusal> {
        self.count += 1;
        let most = [(self.count, ELEMENTS), (self.open.len(), DEPTH)];
        // Counted before they are read: each is compared to all others of its element.
        let attributes = start.attributes().with_checks(false).take(ATTRIBUTES + 1).count();
        if attributes > ATTRIBUTES || most.iter().any(|(count, most)| count > most) {
            return Err(Refusal::new("appliance-refused-bomb"));
        }
        let local = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let mut element = Element { name: local(start.local_name().as_ref()), ..Element::default() };
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|err| malformed(&err.into()))?;
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|err| malformed(&err))?;
            element.attributes.push((local(attribute.key.local_name().as_ref()), value.into_owned()));
        }
        Ok(element)
    }

    fn close(&mut self, element: Element) -> Result<(), Refusal> {
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None if self.root.is_none() => self.root = Some(element),
            None => return Err(wrong("a second root element")),
        }
        Ok(())
    }

    fn say(&mut self, text: &str) -> Result<(), Refusal> {
        match self.open.last_mut() {
            Some(element) => element.text.push_str(text),
            None if text.trim().is_empty() => {}
            None => return Err(wrong("text outside of the root element")),
        }
        Ok(())
    }
}

fn wrong(why: &str) -> Refusal {
    Refusal::new("appliance-refused-xml").with("why", why)
}

fn malformed(err: &Error) -> Refusal {
    wrong(&err.to_string())
}

/// The text of a document: UTF-8, or UTF-16 that begins with a byte order mark.
fn decode(bytes: &[u8]) -> Result<String, Refusal> {
    let encoding = |name: &str| Refusal::new("appliance-refused-encoding").with("encoding", name);
    let wide = |read: fn([u8; 2]) -> u16| {
        let (pairs, rest) = bytes[2..].as_chunks::<2>();
        let text = rest.is_empty().then(|| char::decode_utf16(pairs.iter().copied().map(read)).collect());
        text.and_then(Result::ok).ok_or_else(|| encoding("UTF-16"))
    };
    match bytes {
        [0xff, 0xfe, ..] => wide(u16::from_le_bytes),
        [0xfe, 0xff, ..] => wide(u16::from_be_bytes),
        [b'<', 0, ..] | [0, b'<', ..] => Err(encoding("UTF-16")),
        _ => {
            let declared = declared(bytes).unwrap_or_else(|| "UTF-8".to_owned());
            let known = ["utf-8", "utf8", "us-ascii", "ascii"].iter().any(|name| declared.eq_ignore_ascii_case(name));
            let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
            let text = str::from_utf8(text).ok().filter(|_| known).ok_or_else(|| encoding(&declared))?;
            Ok(text.to_owned())
        }
    }
}

/// The encoding that the first line names.
fn declared(bytes: &[u8]) -> Option<String> {
    let start = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).into_owned();
    let declaration = start.trim_start_matches('\u{feff}').strip_prefix("<?xml")?.split("?>").next()?.to_owned();
    let (_, value) = declaration.split_once("encoding")?;
    let value = value.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    Some(value[1..].split(quote).next()?.to_owned())
}
