//! Rosters as platforms and people write them.

use super::*;
use crate::wording::Lang;

fn read(text: &str) -> Result<Roster, Phrase> {
    Roster::read(text.as_bytes())
}

fn bad(text: &str) -> String {
    read(text).expect_err(text).say(Lang::En)
}

#[test]
fn columns_in_any_order_language_and_separator() {
    for text in [
        "id,name,email,github,submission\ns1,Ann Lee,ann@x.org,ann,box-1\n",
        "\u{feff}EMAIL;Full Name;Student ID;Username;Directory\r\nann@x.org;Ann Lee;s1;ann;box-1\r\n",
        "学籍番号\t氏名\tメール\tgithub\tsubmission\ns1\tAnn Lee\tann@x.org\tann\tbox-1",
        "Surname,First name,ID number,Email address,Groups,GitHub,Submission\n\"Lee\",\"Ann\",s1,ann@x.org,\"a;b;c\",ann,box-1\n\n,,,\n",
    ] {
        let rows = read(text).expect(text).rows;
        let row = &rows[0];
        assert_eq!(rows.len(), 1);
        let all =
            [&row.id, &row.name, &row.email, &row.github, &row.submission].map(|field| field.as_deref().unwrap_or(""));
        assert_eq!(all, ["s1", "Ann Lee", "ann@x.org", "ann", "box-1"], "{text}");
        assert_eq!(row.line, 2);
    }
}

#[test]
fn moodles_grading_worksheet() {
    let rows = read(
        "Identifier,\"Full name\",\"Email address\",Status,Grade\n\"Participant 4711\",山田 太郎,y@x.jp,Submitted,\n",
    )
    .unwrap()
    .rows;
    assert_eq!((rows[0].participant.as_deref(), rows[0].called()), (Some("4711"), "山田 太郎"));
}

#[test]
fn what_is_wrong_is_said_with_the_line() {
    assert_eq!(
        bad("id,name\ns1,A\ns2,B\nS1,C\n"),
        "line 4 of the roster: id S1 is in line 2 already; each student has one line"
    );
    assert!(bad("id,name\ns1,Lee, Ann\n").contains("line 2"), "{}", bad("id,name\ns1,Lee, Ann\n"));
    assert!(bad("id,name\ns1,A\n\"s2,B\ns3,C\n").contains("line 3"));
    assert!(bad("id,name\n,\u{1b}[0m\n").contains("line 2"));
    assert!(bad("a,b\n1,2\n").contains("a, b"));
    assert!(bad("id,Student ID\n1,2\n").contains("Student ID"));
    assert_eq!(read("").unwrap_err().id, "roster-empty");
    assert_eq!(read("id\n").unwrap_err().id, "roster-empty");
    let sjis = Roster::read(&b"id,name\ns1,\x8e\x52\x93\x63\n"[..]).unwrap_err();
    assert_eq!((sjis.id.as_str(), sjis.args["line"].as_str()), ("roster-encoding", "2"));
}

#[test]
fn sizes_are_bounded_and_text_is_cleaned() {
    let many: String = std::iter::once("id\n".to_owned()).chain((0..=MOST_ROWS).map(|n| format!("s{n}\n"))).collect();
    assert_eq!(read(&many).unwrap_err().id, "roster-many");
    assert_eq!(Roster::read(std::io::repeat(b'x')).unwrap_err().id, "roster-large");
    let rows = read(&format!("id,name\ns1,\u{1b}[31mAnn\u{202e}{}\n", "x".repeat(5000))).unwrap().rows;
    let name = rows[0].name.as_deref().unwrap();
    assert!(name.starts_with("Annxx") && name.chars().count() == FIELD + 1);
}
