//! What a course platform says of the submission that it has graded, in its environment.

use jiff::Timestamp;

use super::Surroundings;
use crate::report::class::classroom50::Submission;

/// What Classroom 50 says, if this is its runner.
pub(super) fn classroom50(around: &Surroundings, started: Timestamp) -> Option<Submission> {
    let variable = |name: &str| around.platform.get(name).cloned();
    let tag = variable("SUBMISSION_TAG").filter(|tag| tag.starts_with("submit/"))?;
    let commit = variable("COMMIT_URL")?;
    let now = started.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    Some(Submission {
        classroom: variable("CLASSROOM")?,
        assignment: variable("ASSIGNMENT")?,
        is_group: variable("ASSIGNMENT_TYPE").or_else(|| variable("MODE")).is_some_and(|mode| mode == "group"),
        owner: variable("OWNER").or_else(|| variable("USERNAME"))?,
        datetime: submitted(&tag).unwrap_or_else(|| now.clone()),
        tag,
        release: variable("RELEASE_URL").unwrap_or_else(|| commit.clone()),
        // Where there is nothing to compare, the review is the commit.
        review: variable("REVIEW_URL").unwrap_or_else(|| commit.clone()),
        commit,
        graded_at: Some(now),
        submitted_by: variable("GITHUB_ACTOR").map(|login| {
            let id = variable("GITHUB_ACTOR_ID").and_then(|id| id.parse().ok());
            (login, id)
        }),
    })
}

/// The time in a tag `submit/<UTC time>-<short hash>`, whatever separates its digits.
fn submitted(tag: &str) -> Option<String> {
    let (time, _) = tag.strip_prefix("submit/")?.rsplit_once('-')?;
    let digits: String = time.chars().filter(char::is_ascii_digit).collect();
    let part = |from: usize, to: usize| digits.get(from..to);
    let (date, hour) = ((part(0, 4)?, part(4, 6)?, part(6, 8)?), (part(8, 10)?, part(10, 12)?, part(12, 14)?));
    let text = format!("{}-{}-{}T{}:{}:{}Z", date.0, date.1, date.2, hour.0, hour.1, hour.2);
    text.parse::<Timestamp>().ok().filter(|_| digits.len() == 14).map(|_| text)
}

#[cfg(test)]
mod tests {
    use super::submitted;

    #[test]
    fn a_tag_tells_when_it_was_made() {
        let told = Some("2026-11-27T10:54:51Z".to_owned());
        for tag in ["submit/2026-11-27T10-54-51Z-abc1234", "submit/20261127T105451Z-abc1234"] {
            assert_eq!(submitted(tag), told, "{tag}");
        }
        for tag in ["submit/v1", "submit/2026-13-27T10-54-51Z-abc1234", "release/20261127T105451Z-abc1234"] {
            assert_eq!(submitted(tag), None, "{tag}");
        }
    }
}
