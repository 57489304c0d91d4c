//! Reading one TOML value into a Rust type: a mini serde that keeps going, so that one mistake hides no other.

use std::ops::Deref;

use serde_json::{Value as Json, json};
use toml::de::DeValue;

use super::super::error::{Problem, Span, printable, say};
use super::super::text::Text;

/// A parsed TOML value with its place.
pub type Node<'i> = toml::Spanned<DeValue<'i>>;

/// A value with its place in the file.
#[derive(Debug, Clone, PartialEq)]
pub struct At<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub span: Span,
}

impl<T> Deref for At<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// A type that can be read from a TOML value.
pub trait Value: Sized {
    /// Whether a table is one of its spellings.
    const TABLE: bool = false;

    /// What a value of this type is called in messages, such as `a string`.
    fn noun() -> Text;

    /// JSON Schema of the values that are accepted.
    fn schema() -> Json;

    /// Reads the value; what is wrong goes to `problems`, and `None` means that nothing of it can be used.
    fn read(node: &Node<'_>, problems: &mut Vec<Problem>) -> Option<Self>;
}

/// Reads the value together with its place.
pub fn read_at<T: Value>(node: &Node<'_>, problems: &mut Vec<Problem>) -> Option<At<T>> {
    T::read(node, problems).map(|value| At { value, span: node.span() })
}

/// A value that is there, but perhaps not usable: a wrong value is not taken for a missing one.
#[derive(Debug, Clone, PartialEq)]
pub struct Tried<T>(pub Option<T>);

impl<T: Value> Value for Tried<T> {
    const TABLE: bool = T::TABLE;

    fn noun() -> Text {
        T::noun()
    }

    fn schema() -> Json {
        T::schema()
    }

    fn read(node: &Node<'_>, problems: &mut Vec<Problem>) -> Option<Self> {
        Some(Tried(T::read(node, problems)))
    }
}

/// A type written as a TOML string of a certain form.
pub trait Word: Sized {
    /// Spellings for the schema and for help.
    const EXAMPLES: &[&str];

    /// What it is called in messages.
    fn noun() -> Text;

    /// Reads the text; the error becomes a problem at the value's place.
    fn parse(text: &str) -> Result<Self, Wrong>;
}

/// Why a text is not of the wanted form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// Title of the problem; the type's noun makes one when absent.
    pub title: Option<Text>,
    /// What to write instead; the type's examples when absent.
    pub help: Option<Text>,
}

impl Wrong {
    /// Not of the form at all.
    pub const FORM: Self = Wrong { title: None, help: None };

    /// Of the form, but not acceptable.
    pub fn because(title: Text) -> Self {
        Wrong { title: Some(title), help: None }
    }

    /// Adds what to write instead.
    pub fn help(self, help: Text) -> Self {
        Wrong { help: Some(help), ..self }
    }
}

impl<T: Word> Value for T {
    fn noun() -> Text {
        T::noun()
    }

    fn schema() -> Json {
        match T::EXAMPLES {
            [] => json!({ "type": "string" }),
            examples => json!({ "type": "string", "examples": examples }),
        }
    }

    fn read(node: &Node<'_>, problems: &mut Vec<Problem>) -> Option<Self> {
        let Some(text) = node.get_ref().as_str() else {
            problems.push(wrong_type::<Self>(node));
            return None;
        };
        word(text, &node.span(), problems)
    }
}

/// Reads `text`, which stands at `span`, as a `T`.
pub fn word<T: Word>(text: &str, span: &Span, problems: &mut Vec<Problem>) -> Option<T> {
    let wrong = match T::parse(text) {
        Ok(word) => return Some(word),
        Err(wrong) => wrong,
    };
    let (Text { en, ja }, shown) = (<T as Word>::noun(), printable(text));
    let ja = ja.unwrap_or_default();
    let title = wrong.title.unwrap_or_else(|| say!("`{shown}` is not {en}", "`{shown}` は{ja}ではありません"));
    let examples = T::EXAMPLES.iter().map(|example| format!("\"{example}\"")).collect::<Vec<_>>().join(", ");
    let help = wrong.help.or_else(|| (!examples.is_empty()).then(|| say!("for example {examples}", "例: {examples}")));
    problems.push(Problem { help, ..Problem::at(span, title) });
    None
}

/// The problem of a value that has another type than `T` wants.
pub fn wrong_type<T: Value>(node: &Node<'_>) -> Problem {
    let (Text { en, ja }, value) = (T::noun(), node.get_ref());
    let (found, found_ja) = match value {
        DeValue::String(_) => ("a string", "文字列"),
        DeValue::Integer(_) => ("an integer", "整数"),
        DeValue::Float(_) => ("a float", "小数"),
        DeValue::Boolean(_) => ("a boolean", "真偽値"),
        DeValue::Datetime(_) => ("a date", "日時"),
        DeValue::Array(_) => ("a list", "リスト"),
        DeValue::Table(_) => ("a table", "テーブル"),
    };
    let ja = ja.unwrap_or_default();
    let problem =
        Problem::at(&node.span(), say!("expected {en}, found {found}", "{ja}が必要ですが、{found_ja}があります"));
    let wants_text = T::schema().get("type") == Some(&json!("string"));
    let quoted = match value {
        DeValue::Integer(number) => number.to_string(),
        DeValue::Float(number) => number.to_string(),
        DeValue::Boolean(truth) => truth.to_string(),
        _ => return problem,
    };
    match T::schema().get("examples").and_then(|examples| examples.get(0)) {
        _ if !wants_text => problem,
        None => problem.help(say!("write it in quotes: \"{quoted}\"", "引用符で囲みます: \"{quoted}\"")),
        Some(example) => {
            problem.help(say!("write it in quotes, for example {example}", "引用符で囲みます。例: {example}"))
        }
    }
}

impl Word for String {
    const EXAMPLES: &[&str] = &[];

    fn noun() -> Text {
        say!("a string", "文字列")
    }

    fn parse(text: &str) -> Result<Self, Wrong> {
        Ok(text.to_owned())
    }
}

impl Value for bool {
    fn noun() -> Text {
        say!("true or false", "true か false")
    }

    fn schema() -> Json {
        json!({ "type": "boolean" })
    }

    fn read(node: &Node<'_>, problems: &mut Vec<Problem>) -> Option<Self> {
        let truth = node.get_ref().as_bool();
        if truth.is_none() {
            problems.push(wrong_type::<Self>(node));
        }
        truth
    }
}

/// A whole number from `MIN` to `MAX`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Whole<const MIN: u64, const MAX: u64>(pub u64);

impl<const MIN: u64, const MAX: u64> Value for Whole<MIN, MAX> {
    fn noun() -> Text {
        say!("a whole number", "整数")
    }

    fn schema() -> Json {
        json!({ "type": "integer", "minimum": MIN, "maximum": MAX })
    }

    fn read(node: &Node<'_>, problems: &mut Vec<Problem>) -> Option<Self> {
        let DeValue::Integer(integer) = node.get_ref() else {
            problems.push(wrong_type::<Self>(node));
            return None;
        };
        let number = u64::from_str_radix(integer.as_str(), integer.radix()).ok();
        let fits = number.filter(|number| (MIN..=MAX).contains(number));
        if fits.is_none() {
            let shown = printable(&integer.to_string());
            let title = say!("{shown} is out of range", "{shown} は範囲外です");
            problems
                .push(Problem::at(&node.span(), title).label(say!("must be {MIN} to {MAX}", "{MIN} 以上 {MAX} 以下")));
        }
        fits.map(Whole)
    }
}

/// A finite number, whole or not.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Number(pub f64);

impl Value for Number {
    fn noun() -> Text {
        say!("a number", "数値")
    }

    fn schema() -> Json {
        json!({ "type": "number" })
    }

    fn read(node: &Node<'_>, problems: &mut Vec<Problem>) -> Option<Self> {
        let number = match node.get_ref() {
            DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix()).ok().map(|n| n as f64),
            DeValue::Float(float) => float.as_str().parse().ok(),
            _ => {
                problems.push(wrong_type::<Self>(node));
                return None;
            }
        };
        let finite = number.filter(|number: &f64| number.is_finite());
        if finite.is_none() {
            problems.push(Problem::at(&node.span(), say!("the number is not finite", "有限の数ではありません")));
        }
        finite.map(Number)
    }
}
