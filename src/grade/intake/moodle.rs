//! The names that Moodle gives to what it exports: `Full Name_12345_assignsubmission_file_server.sh`, or a directory.

/// What such a name says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Name<'a> {
    /// The student's full name.
    pub full: &'a str,
    /// The participant's number.
    pub number: &'a str,
    /// What follows `file_`: the file's own name, or nothing where it is a directory; `None` for text that was typed in.
    pub file: Option<&'a str>,
}

/// Reads such a name. What the student chose comes last, so the first mark counts.
pub(super) fn parse(name: &str) -> Option<Name<'_>> {
    let (who, what) = name.split_once("_assignsubmission_")?;
    let (full, number) = who.rsplit_once('_')?;
    let digits = (1..=12).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
    let file = if what == "file" { Some("") } else { what.strip_prefix("file_") };
    (digits && !full.trim().is_empty()).then_some(Name { full, number, file })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_both_forms() {
        let name = |full, number, file| Some(Name { full, number, file });
        assert_eq!(parse("Ann Lee_12_assignsubmission_file_"), name("Ann Lee", "12", Some("")));
        assert_eq!(parse("Ann Lee_12_assignsubmission_file"), name("Ann Lee", "12", Some("")));
        assert_eq!(parse("A_B_12_assignsubmission_file_server.sh"), name("A_B", "12", Some("server.sh")));
        assert_eq!(parse("山田 太郎_12_assignsubmission_onlinetext_"), name("山田 太郎", "12", None));
        let chosen = "Ann_1_assignsubmission_file_Bob_2_assignsubmission_file_x";
        assert_eq!(parse(chosen), name("Ann", "1", Some("Bob_2_assignsubmission_file_x")));
        for other in ["server.sh", "_1_assignsubmission_file_x", "Ann_x_assignsubmission_file_x", "Ann_1_assign_file_x"]
        {
            assert_eq!(parse(other), None);
        }
    }
}
