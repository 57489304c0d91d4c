//! Tables of the file: known keys, required keys, and what a wrong key was meant to be.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value as Json, json};
use toml::de::{DeTable, DeValue};

use super::super::error::{Problem, Span, printable, say};
use super::super::suggest::{listed, nearest};
use super::super::text::Text;
use super::value::{At, Node, Value, read_at, wrong_type};

/// A key that may be left out.
pub type Maybe<T> = Option<At<T>>;

/// A key that must be there. Empty when it was missing or wrong, which has been reported by then.
#[derive(Debug, Clone, PartialEq)]
pub struct Need<T>(pub Option<At<T>>);

impl<T> Need<T> {
    /// The value, if the file has a usable one.
    pub fn get(&self) -> Option<&At<T>> {
        self.0.as_ref()
    }
}

/// How a key of a table is read.
pub trait Field: Sized {
    /// Whether the table is incomplete without it.
    const REQUIRED: bool;

    /// JSON Schema of the key's value.
    fn schema() -> Json;

    /// Reads the key, which stands for `node` in the table at `owner`.
    fn take(node: Option<&Node<'_>>, key: &str, owner: &Span, problems: &mut Vec<Problem>) -> Self;
}

impl<T: Value> Field for Maybe<T> {
    const REQUIRED: bool = false;

    fn schema() -> Json {
        T::schema()
    }

    fn take(node: Option<&Node<'_>>, _: &str, _: &Span, problems: &mut Vec<Problem>) -> Self {
        node.and_then(|node| read_at(node, problems))
    }
}

impl<T: Value> Field for Need<T> {
    const REQUIRED: bool = true;

    fn schema() -> Json {
        T::schema()
    }

    fn take(node: Option<&Node<'_>>, key: &str, owner: &Span, problems: &mut Vec<Problem>) -> Self {
        let Some(node) = node else {
            let Text { en, ja } = T::noun();
            let ja = ja.unwrap_or_default();
            let problem = Problem::at(owner, say!("missing key `{key}`", "キー `{key}` がありません"));
            problems.push(problem.label(say!("`{key}` must be given: {en}", "`{key}` ({ja}) が必要です")));
            return Need(None);
        };
        Need(read_at(node, problems))
    }
}

/// The table in `node`, else a problem.
pub fn table_of<'n, 'i, T: Value>(node: &'n Node<'i>, problems: &mut Vec<Problem>) -> Option<&'n DeTable<'i>> {
    let table = node.get_ref().as_table();
    if table.is_none() {
        problems.push(wrong_type::<T>(node));
    }
    table
}

/// A table's values by its known keys. A misspelt key is reported and taken for the one that was probably meant:
/// otherwise all that depends on it would be called wrong too.
pub fn by_key<'n, 'i>(
    table: &'n DeTable<'i>,
    known: &[&'static str],
    problems: &mut Vec<Problem>,
) -> HashMap<&'static str, &'n Node<'i>> {
    let mut values: HashMap<_, _> = known.iter().filter_map(|key| Some((*key, table.get(*key)?))).collect();
    for (key, node) in table.iter().filter(|(key, _)| !known.contains(&key.get_ref().as_ref())) {
        let name = printable(key.get_ref());
        let problem = Problem::at(&key.span(), say!("unknown key `{name}`", "不明なキー `{name}` です"));
        problems.push(match nearest(key.get_ref(), known.iter().copied()) {
            Some(near) => {
                values.entry(near).or_insert(node);
                problem.help(say!("did you mean `{near}`?", "`{near}` ではありませんか"))
            }
            None => {
                let all = listed(known.iter().copied());
                problem.help(say!("the keys here are {all}", "ここで使えるキー: {all}"))
            }
        });
    }
    values
}

/// Declares tables of the file: a struct, its reader and its JSON Schema from one text. The doc comments become the
/// schema's descriptions.
macro_rules! tables {
    ($( $(#[doc = $doc:literal])+ $table:ident { $( $(#[doc = $about:literal])+ $field:ident: $type:ty, )+ } )+) => { $(
        $(#[doc = $doc])+
        #[derive(Debug, Clone, PartialEq)]
        pub struct $table {
            $( $(#[doc = $about])+ pub $field: $type, )+
        }

        impl Value for $table {
            const TABLE: bool = true;

            fn noun() -> Text {
                say!("a table", "テーブル")
            }

            fn schema() -> serde_json::Value {
                $crate::scenario::file::table::schema(concat!($($doc),+), &[$( (
                    stringify!($field).trim_start_matches("r#"),
                    concat!($($about),+),
                    <$type as Field>::REQUIRED,
                    <$type as Field>::schema,
                ) ),+])
            }

            fn read(node: &Node<'_>, problems: &mut Vec<Problem>) -> Option<Self> {
                let (table, owner) = (table_of::<Self>(node, problems)?, node.span());
                let values = by_key(table, &[$( stringify!($field).trim_start_matches("r#") ),+], problems);
                Some($table {
                    $( $field: {
                        let key = stringify!($field).trim_start_matches("r#");
                        Field::take(values.get(key).copied(), key, &owner, problems)
                    }, )+
                })
            }
        }
    )+ };
}
pub(super) use tables;

/// Name, description, whether required, and schema of one key.
type Property = (&'static str, &'static str, bool, fn() -> Json);

/// JSON Schema of a table with these keys and no others.
pub fn schema(about: &str, keys: &[Property]) -> Json {
    let properties: serde_json::Map<_, _> = keys
        .iter()
        .map(|(key, about, _, schema)| {
            let mut schema = schema();
            schema["description"] = json!(about.trim());
            ((*key).to_owned(), schema)
        })
        .collect();
    let required: Vec<_> = keys.iter().filter(|(_, _, required, _)| *required).map(|(key, ..)| key).collect();
    let mut schema = json!({
        "type": "object", "description": about.trim(), "additionalProperties": false, "properties": properties,
    });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

impl<T: Value> Value for Vec<At<T>> {
    fn noun() -> Text {
        say!("a list", "リスト")
    }

    fn schema() -> Json {
        json!({ "type": "array", "items": T::schema() })
    }

    fn read(node: &Node<'_>, problems: &mut Vec<Problem>) -> Option<Self> {
        let Some(items) = node.get_ref().as_array() else {
            let problem = wrong_type::<Self>(node);
            problems.push(match node.get_ref() {
                DeValue::Table(_) => {
                    problem.help(say!("write [[…]] with two brackets", "[[…]] と角括弧を二重にします"))
                }
                _ => problem.help(say!("write it in brackets: [ … ]", "角括弧で囲みます: [ … ]")),
            });
            // The one value is read all the same, or whatever refers to it would be called wrong too.
            return Some(read_at(node, problems).into_iter().collect());
        };
        Some(items.iter().filter_map(|item| read_at(item, problems)).collect())
    }
}

/// One value, or a list of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Many<T>(pub Vec<At<T>>);

impl<T: Value> Value for Many<T> {
    fn noun() -> Text {
        let Text { en, ja } = T::noun();
        let ja = ja.unwrap_or_default();
        say!("{en} or a list", "{ja}またはリスト")
    }

    fn schema() -> Json {
        json!({ "anyOf": [T::schema(), Vec::<At<T>>::schema()] })
    }

    fn read(node: &Node<'_>, problems: &mut Vec<Problem>) -> Option<Self> {
        match node.get_ref() {
            DeValue::Array(_) => Value::read(node, problems).map(Many),
            DeValue::String(_) => Some(Many(read_at(node, problems).into_iter().collect())),
            _ => {
                problems.push(wrong_type::<Self>(node));
                None
            }
        }
    }
}

/// A table whose keys are names, in the order of the file.
#[derive(Debug, Clone, PartialEq)]
pub struct Named<T>(pub Vec<(At<String>, At<T>)>);

impl<T: Value> Value for Named<T> {
    const TABLE: bool = true;

    fn noun() -> Text {
        say!("a table", "テーブル")
    }

    fn schema() -> Json {
        json!({ "type": "object", "additionalProperties": T::schema() })
    }

    fn read(node: &Node<'_>, problems: &mut Vec<Problem>) -> Option<Self> {
        if node.get_ref().is_array() {
            let help = say!("give each a name of its own: [….<name>]", "それぞれに名前を付けます: [….<名前>]");
            problems.push(wrong_type::<Self>(node).help(help));
            return None;
        }
        let table = table_of::<Self>(node, problems)?;
        // The parser sorts keys by name; their places restore the order of the file.
        let in_order: BTreeMap<_, _> = table.iter().map(|(key, node)| (key.span().start, (key, node))).collect();
        let mut entries = Vec::new();
        for (key, node) in in_order.into_values() {
            if let (false, Some(inner)) = (T::TABLE, node.get_ref().as_table()) {
                problems.push(dotted(key.get_ref(), key.span(), inner));
            } else if let Some(value) = read_at(node, problems) {
                entries.push((At { value: key.get_ref().clone().into_owned(), span: key.span() }, value));
            }
        }
        Some(Named(entries))
    }
}

/// The problem of `a.b.c = …` where the key `"a.b.c"` was meant.
fn dotted(first: &str, span: Span, mut table: &DeTable<'_>) -> Problem {
    let mut path = first.to_owned();
    while let Some((key, node)) = table.iter().next() {
        path = format!("{path}.{}", key.get_ref());
        match node.get_ref().as_table() {
            Some(inner) => table = inner,
            None => break,
        }
    }
    let path = printable(&path);
    let title =
        say!("the dots in `{path}` make it a table in a table", "`{path}` はドットのため入れ子のテーブルになります");
    Problem::at(&span, title).help(say!("write the key in quotes: \"{path}\"", "キーを引用符で囲みます: \"{path}\""))
}
