//! What a fix changed in a file, from the unified diff in its evidence, and the file with one such change put back.

/// One change: lines around it, lines that went, and lines that came, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hunk {
    before: Vec<String>,
    after: Vec<String>,
}

impl Hunk {
    /// The first line that came, or else that went.
    pub fn line(&self) -> &str {
        let came = self.after.iter().find(|line| !self.before.contains(line));
        let went = || self.before.iter().find(|line| !self.after.contains(line));
        came.or_else(went).map_or("", |line| line.trim())
    }

    /// A file with this change put back; none where the file no longer has it, or has it twice.
    pub fn put_back(&self, file: &str) -> Option<String> {
        let lines: Vec<&str> = file.lines().collect();
        let long = self.after.len();
        let is_here = |at: &usize| lines[*at..*at + long].iter().zip(&self.after).all(|(line, known)| *line == *known);
        let mut places = (0..=lines.len().checked_sub(long)?).filter(is_here);
        let at = places.next().filter(|_| long > 0)?;
        if places.next().is_some() {
            return None;
        }
        let before = self.before.iter().map(String::as_str);
        let lines = lines[..at].iter().copied().chain(before).chain(lines[at + long..].iter().copied());
        Some(lines.flat_map(|line| [line, "\n"]).collect())
    }
}

/// The changes of a unified diff.
pub fn hunks(diff: &str) -> Vec<Hunk> {
    let mut hunks: Vec<Hunk> = Vec::new();
    for line in diff.lines() {
        if line.starts_with("@@ ") {
            hunks.push(Hunk { before: Vec::new(), after: Vec::new() });
            continue;
        }
        // What comes before the first hunk names the file.
        let Some(hunk) = hunks.last_mut() else { continue };
        let text = line.get(1..).unwrap_or_default().to_owned();
        match line.as_bytes().first() {
            Some(b'-') => hunk.before.push(text),
            Some(b'+') => hunk.after.push(text),
            Some(b'\\') => {}
            _ => {
                hunk.before.push(text.clone());
                hunk.after.push(text);
            }
        }
    }
    hunks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_change_is_put_back_where_it_is() {
        let diff = "--- /f\n+++ /f\n@@ -1,2 +1,2 @@\n a\n-old\n+new\n@@ -7 +7,2 @@\n last\n+added\n\\ No newline at end of file\n";
        let hunks = hunks(diff);
        assert_eq!(hunks.iter().map(Hunk::line).collect::<Vec<_>>(), ["new", "added"]);
        let file = "a\nnew\nb\nlast\nadded\nby another\n";
        assert_eq!(hunks[0].put_back(file).as_deref(), Some("a\nold\nb\nlast\nadded\nby another\n"));
        assert_eq!(hunks[1].put_back(file).as_deref(), Some("a\nnew\nb\nlast\nby another\n"));
        assert_eq!(hunks[0].put_back("nothing of it\n"), None);
        assert_eq!(hunks[1].put_back("last\nadded\nlast\nadded\n"), None);
    }

    #[test]
    fn a_line_that_went_comes_back() {
        let hunks = hunks("--- /f\n+++ /f\n@@ -1,3 +1,2 @@\n a\n-gone\n b\n");
        assert_eq!(hunks[0].line(), "gone");
        assert_eq!(hunks[0].put_back("a\nb\n").as_deref(), Some("a\ngone\nb\n"));
    }
}
