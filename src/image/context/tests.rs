//! What a COPY takes and where it puts it, as Docker has it.

use std::io::Read;

use super::*;

fn file(path: &str, mode: u32, content: &str) -> ContextFile {
    ContextFile { path: path.into(), mode, content: content.into() }
}

fn context() -> Vec<ContextFile> {
    vec![
        file("Dockerfile", 0o644, "FROM x"),
        file("a", 0o644, "A"),
        file("b", 0o755, "B"),
        file("dir/.hidden", 0o644, "H"),
        file("dir/sub/y", 0o755, "Y"),
        file("dir/x", 0o644, "X"),
        file("direct", 0o644, "D"),
        file("sp ace", 0o644, "S"),
    ]
}

fn copy(files: &[ContextFile], sources: &[&str], destination: &str) -> Result<Vec<u8>, String> {
    let sources: Vec<String> = sources.iter().map(|source| (*source).to_owned()).collect();
    copied(files, &sources, destination)
}

/// The entries of an archive: path, mode, content. All are files of root's, without a time.
fn entries(archive: &[u8]) -> Vec<(String, u32, String)> {
    let mut entries = Vec::new();
    for entry in tar::Archive::new(archive).entries().unwrap() {
        let mut entry = entry.unwrap();
        let header = entry.header();
        assert!(header.entry_type().is_file());
        let numbers = (header.uid().unwrap(), header.gid().unwrap(), header.mtime().unwrap());
        assert_eq!(numbers, (0, 0, 0));
        let mode = header.mode().unwrap();
        let path = entry.path().unwrap().to_str().unwrap().to_owned();
        let mut content = String::new();
        entry.read_to_string(&mut content).unwrap();
        entries.push((path, mode, content));
    }
    entries
}

#[test]
fn files_go_where_docker_puts_them() {
    let whole = ["Dockerfile", "a", "b", "dir/.hidden", "dir/sub/y", "dir/x", "direct", "sp ace"];
    for (sources, destination, expected) in [
        (&["a"][..], "/n", &["n"][..]),
        (&["a"], "/n/", &["n/a"]),
        (&["a"], "/", &["a"]),
        (&["a"], "/n/m//o", &["n/m/o"]),
        (&["a", "b"], "/n/", &["n/a", "n/b"]),
        (&["a", "b"], "/n", &["n/a", "n/b"]),
        (&["b", "a", "b"], "/n/", &["n/a", "n/b"]),
        (&["a/"], "/n/", &["n/a"]),
        (&["/a"], "/n/", &["n/a"]),
        (&["./dir/../a"], "/n/", &["n/a"]),
        (&["dir/x"], "/n/", &["n/x"]),
        (&["sp ace"], "/n m/", &["n m/sp ace"]),
        (&["dir"], "/n", &["n/.hidden", "n/sub/y", "n/x"]),
        (&["dir"], "/n/", &["n/.hidden", "n/sub/y", "n/x"]),
        (&["dir/"], "/", &[".hidden", "sub/y", "x"]),
        (&["dir", "a"], "/n/", &["n/.hidden", "n/a", "n/sub/y", "n/x"]),
        (&["dir/sub", "dir"], "/n/", &["n/.hidden", "n/sub/y", "n/x", "n/y"]),
        (&["."], "/", &whole),
        (&["./"], "/", &whole),
        (&["/"], "/", &whole),
    ] {
        let archive = copy(&context(), sources, destination).unwrap_or_else(|err| panic!("{sources:?}: {err}"));
        let paths: Vec<String> = entries(&archive).into_iter().map(|(path, ..)| path).collect();
        assert_eq!(paths, expected, "{sources:?} {destination}");
    }
}

#[test]
fn mode_and_content_stay() {
    let archive = copy(&context(), &["a", "b"], "/n/").unwrap();
    let expected = [("n/a", 0o644, "A"), ("n/b", 0o755, "B")];
    assert_eq!(entries(&archive), expected.map(|(path, mode, content)| (path.to_owned(), mode, content.to_owned())));
}

#[test]
fn of_two_files_for_one_place_the_later_stays() {
    let files = [file("x/f", 0o644, "1"), file("y/f", 0o755, "2")];
    assert_eq!(entries(&copy(&files, &["x", "y"], "/n/").unwrap()), [("n/f".to_owned(), 0o755, "2".to_owned())]);
    assert_eq!(entries(&copy(&files, &["y", "x"], "/n/").unwrap()), [("n/f".to_owned(), 0o644, "1".to_owned())]);
}

#[test]
fn a_long_path_is_kept() {
    let long = format!("{}/{}", "d".repeat(150), "f".repeat(150));
    let archive = copy(&[file(&long, 0o644, "L")], &["."], "/n/").unwrap();
    assert_eq!(entries(&archive), [(format!("n/{long}"), 0o644, "L".to_owned())]);
}

#[test]
fn the_bytes_follow_path_mode_and_content_of_what_is_taken() {
    let one = |path, mode, content| copy(&[file(path, mode, content), file("z", 0o644, "")], &["dir"], "/n").unwrap();
    let first = one("dir/a", 0o644, "A");
    assert_eq!(first, one("dir/a", 0o644, "A"));
    for other in [one("dir/b", 0o644, "A"), one("dir/a", 0o755, "A"), one("dir/a", 0o644, "B")] {
        assert_ne!(first, other);
    }
    let elsewhere = [file("z", 0o755, "other"), file("dir/a", 0o644, "A")];
    assert_eq!(first, copy(&elsewhere, &["dir"], "/n").unwrap());
}

#[test]
fn what_cannot_be_copied_is_named() {
    for (sources, destination, what) in [
        (&["nope"][..], "/n", "COPY `nope`: there is no such file"),
        (&["a", "dir/nope"], "/n/", "COPY `dir/nope`: there is no such file"),
        (&["di"], "/n", "COPY `di`: there is no such file"),
        (&["a/x"], "/n", "COPY `a/x`: there is no such file"),
        (&["../a"], "/n", "COPY `../a` leaves the build context"),
        (&["dir/../../a"], "/n", "COPY `dir/../../a` leaves the build context"),
        (&["/../a"], "/n", "COPY `/../a` leaves the build context"),
        (&["a"], "n", "COPY to `n`: not an absolute path"),
        (&["a"], "", "COPY to ``: not an absolute path"),
        (&["a"], "/../n", "COPY to `/../n`: not an absolute path"),
        (&["a"], "/.", "COPY to `/.`: "),
    ] {
        let err = copy(&context(), sources, destination).unwrap_err();
        assert!(err.starts_with(what), "{sources:?} {destination}: {err}");
    }
}

#[test]
fn a_file_is_no_directory() {
    let files = [file("x/f", 0o644, ""), file("y/f/g", 0o644, ""), file("y/f-", 0o644, "")];
    let err = copy(&files, &["x", "y"], "/n/").unwrap_err();
    assert!(err.contains("`/n/f` would be a file and the directory of `/n/f/g`"), "{err}");
}

#[test]
fn a_context_that_is_none_is_refused() {
    for path in ["../up", "/etc/passwd", "dir/../../up"] {
        assert!(copy(&[file(path, 0o644, "")], &["."], "/n/").is_err(), "{path}");
    }
}

#[test]
fn ignore_files_are_refused() {
    for name in [".dockerignore", "Dockerfile.dockerignore"] {
        let mut files = context();
        files.push(file(name, 0o644, "b"));
        let err = copy(&files, &["a"], "/n").unwrap_err();
        assert!(err.starts_with(&format!("`{name}` in the build context is not supported")), "{err}");
    }
    let nested = [file("dir/.dockerignore", 0o644, "")];
    assert_eq!(entries(&copy(&nested, &["dir"], "/").unwrap()).len(), 1);
}
