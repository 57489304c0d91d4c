//! Which column of a roster is what, by its name in the first line.

use csv::StringRecord;

use crate::clean::one_line;
use crate::wording::Phrase;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Id,
    Participant,
    Name,
    First,
    Last,
    Email,
    Github,
    Submission,
}

/// Names of columns, in small letters, without blanks at the ends: Moodle's, Classroom's, and what people write.
const NAMES: &[(Column, &[&str])] = &[
    (
        Column::Id,
        &[
            "id",
            "student id",
            "student_id",
            "student number",
            "id number",
            "学籍番号",
            "学生番号",
            "idナンバー",
            "id番号",
        ],
    ),
    (Column::Participant, &["identifier", "識別子", "識別番号"]),
    (Column::Name, &["name", "full name", "fullname", "student name", "氏名", "名前", "姓名", "フルネーム"]),
    (Column::First, &["first name", "firstname", "given name", "名"]),
    (Column::Last, &["last name", "lastname", "surname", "family name", "姓"]),
    (
        Column::Email,
        &["email", "e-mail", "mail", "email address", "e-mail address", "メール", "メールアドレス", "電子メール"],
    ),
    (
        Column::Github,
        &[
            "github",
            "github username",
            "github_username",
            "github id",
            "username",
            "user name",
            "login",
            "ユーザ名",
            "ユーザー名",
            "ユーザ名／id",
        ],
    ),
    (Column::Submission, &["submission", "directory", "entry", "提出物", "ディレクトリ", "フォルダ"]),
];

/// Where each column is.
#[derive(Debug)]
pub(super) struct Columns(Vec<(Column, usize)>);

impl Columns {
    /// Finds them in the first line.
    pub(super) fn of(header: &StringRecord) -> Result<Self, Phrase> {
        let mut found: Vec<(Column, usize)> = Vec::new();
        for (at, name) in header.iter().enumerate() {
            let small = one_line(name, 60).to_lowercase();
            let Some((column, _)) = NAMES.iter().find(|(_, names)| names.contains(&small.as_str())) else { continue };
            if let Some((_, before)) = found.iter().find(|(known, _)| known == column) {
                let other = header.get(*before).unwrap_or_default();
                let phrase = Phrase::new("roster-column-twice").with("name", one_line(name, 60));
                return Err(phrase.with("other", one_line(other, 60)));
            }
            found.push((*column, at));
        }
        if found.is_empty() {
            let names = header.iter().map(|name| one_line(name, 30)).collect::<Vec<_>>().join(", ");
            return Err(Phrase::new("roster-columns").with("names", one_line(&names, 200)));
        }
        Ok(Columns(found))
    }

    /// Where a column is.
    pub(super) fn place(&self, column: Column) -> Option<usize> {
        self.0.iter().find(|(known, _)| *known == column).map(|(_, at)| *at)
    }
}
