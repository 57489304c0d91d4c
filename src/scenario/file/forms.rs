//! Values with more than one spelling: texts, NICs, bounds, and the free-form parameters of probe kinds.

use std::net::IpAddr;

use serde_json::{Value as Json, json};
use toml::de::DeValue;

use super::super::error::{Problem, Span, say};
use super::super::text::Text;
use super::model::{NicTable, Ratio, TextTable};
use super::table::{Many, table_of};
use super::value::{At, Node, Number, Value, wrong_type};

impl Value for Text {
    const TABLE: bool = true;

    fn noun() -> Text {
        say!("a text with `en` and `ja`", "`en` と `ja` を持つ文")
    }

    fn schema() -> Json {
        TextTable::schema()
    }

    fn read(node: &Node<'_>, problems: &mut Vec<Problem>) -> Option<Self> {
        if node.get_ref().is_str() {
            let help = say!(
                "name the language: {{ en = \"…\", ja = \"…\" }}",
                "言語を指定します: {{ en = \"…\", ja = \"…\" }}"
            );
            problems.push(wrong_type::<Self>(node).help(help));
            return None;
        }
        let TextTable { en, ja } = TextTable::read(node, problems)?;
        for text in [en.get(), ja.as_ref()].into_iter().flatten().filter(|text| text.trim().is_empty()) {
            problems.push(Problem::at(&text.span, say!("the text is empty", "文が空です")));
        }
        Some(Text { en: en.0?.value, ja: ja.map(|ja| ja.value) })
    }
}

/// A NIC: addresses alone, or a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Nic(pub NicTable);

impl Value for Nic {
    const TABLE: bool = true;

    fn noun() -> Text {
        say!("an IP address, a list of them or a table", "IPアドレス、そのリスト、またはテーブル")
    }

    fn schema() -> Json {
        json!({ "anyOf": [Many::<IpAddr>::schema(), NicTable::schema()] })
    }

    fn read(node: &Node<'_>, problems: &mut Vec<Problem>) -> Option<Self> {
        match node.get_ref() {
            DeValue::Table(_) => NicTable::read(node, problems).map(Nic),
            DeValue::String(_) | DeValue::Array(_) => {
                let Many(addresses) = Many::read(node, problems)?;
                Some(Nic(NicTable { addresses: Some(At { value: addresses, span: node.span() }), mac: None }))
            }
            _ => {
                problems.push(wrong_type::<Self>(node));
                None
            }
        }
    }
}

/// What a bound compares with: a number, or a ratio to another arm.
#[derive(Debug, Clone, PartialEq)]
pub enum Bound {
    /// A number in the metric's unit.
    Absolute(f64),
    /// A factor of the same metric in another arm.
    Ratio(Ratio),
}

impl Value for Bound {
    const TABLE: bool = true;

    fn noun() -> Text {
        say!("a number or a ratio", "数値または比")
    }

    fn schema() -> Json {
        json!({ "anyOf": [Number::schema(), Ratio::schema()] })
    }

    fn read(node: &Node<'_>, problems: &mut Vec<Problem>) -> Option<Self> {
        match node.get_ref() {
            DeValue::Table(_) => Ratio::read(node, problems).map(Bound::Ratio),
            DeValue::Integer(_) | DeValue::Float(_) => {
                Number::read(node, problems).map(|number| Bound::Absolute(number.0))
            }
            _ => {
                let help = say!(
                    "write a count such as 0, or {{ ratio = 0.2, of = \"omitted\" }}",
                    "0のような個数か、{{ ratio = 0.2, of = \"omitted\" }} を書きます"
                );
                problems.push(wrong_type::<Self>(node).help(help));
                None
            }
        }
    }
}

/// Parameters of a probe kind, which only the kind can check.
#[derive(Debug, Clone, PartialEq)]
pub struct Params {
    /// The parameters.
    pub table: toml::Table,
    /// Name of each parameter, and the places of its key and value.
    pub places: Vec<(String, Span, Span)>,
}

impl Value for Params {
    const TABLE: bool = true;

    fn noun() -> Text {
        say!("a table", "テーブル")
    }

    fn schema() -> Json {
        json!({ "type": "object" })
    }

    fn read(node: &Node<'_>, problems: &mut Vec<Problem>) -> Option<Self> {
        let table = table_of::<Self>(node, problems)?;
        let places =
            table.iter().map(|(key, node)| (key.get_ref().clone().into_owned(), key.span(), node.span())).collect();
        match serde::Deserialize::deserialize(toml::de::ValueDeserializer::from(node.clone())) {
            Ok(table) => Some(Params { table, places }),
            Err(error) => {
                let (span, message) = (error.span().unwrap_or(node.span()), error.message());
                problems.push(Problem::at(&span, say!("{message}", "値を読めません: {message}")));
                None
            }
        }
    }
}
