//! What a Dockerfile comes to, as Docker has it.

use super::*;

mod images;
mod refused;

fn arguments(given: &[(&str, &str)]) -> BTreeMap<String, String> {
    given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Reads what follows a FROM.
fn built(body: &str, given: &[(&str, &str)]) -> Recipe {
    read(&format!("FROM base\n{body}"), &arguments(given)).unwrap_or_else(|err| panic!("{body:?}: {err}"))
}

fn pairs(env: &[(String, String)]) -> Vec<(&str, &str)> {
    env.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// The command, environment and directory of the only RUN.
fn only_run(recipe: &Recipe) -> (Vec<&str>, Vec<(&str, &str)>, &str) {
    let mut runs = recipe.steps.iter().filter_map(|step| match &step.action {
        Action::Run { command, env, workdir } => {
            Some((command.iter().map(String::as_str).collect(), pairs(env), workdir.as_str()))
        }
        _ => None,
    });
    let run = runs.next().expect("a RUN");
    assert_eq!(runs.next(), None);
    run
}

/// The line that the only RUN gives to the shell.
fn shell_line(body: &str) -> String {
    let recipe = built(body, &[]);
    let (command, ..) = only_run(&recipe);
    assert_eq!(command[..2], ["/bin/sh", "-c"], "{body:?}");
    command[2].to_owned()
}

#[test]
fn lines_are_joined_and_comments_left_out() {
    for (body, line) in [
        ("RUN a", "a"),
        ("  RUN   a   b   ", "a   b"),
        ("rUn a\n", "a"),
        ("RUN a \\\n  b\\\n c\n", "a   b c"),
        ("RUN a \\\n# comment\n   # another \\\n\n b\n", "a  b"),
        ("RUN a \\ \t \nb\n", "a b"),
        ("RUN a \\", "a"),
        ("RUN a \\\n\n\n", "a"),
        ("\\\nRUN a", "a"),
        ("RUN a \\\n\\\n b", "a  b"),
        ("# comment \\\nRUN a # no comment", "a # no comment"),
        ("RUN a \\\r\n b\r\n", "a  b"),
        ("RUN a \\\nRUN b", "a RUN b"),
        ("RUN echo $A ${B:-c} \"q\" 'r' \\$x", "echo $A ${B:-c} \"q\" 'r' \\$x"),
        ("RUN [ -f x ] && y", "[ -f x ] && y"),
        ("RUN echo $((1 << 3)) \"<<EOF\" a<<b <<<c", "echo $((1 << 3)) \"<<EOF\" a<<b <<<c"),
    ] {
        assert_eq!(shell_line(body), line, "{body:?}");
    }
    let recipe = read("\u{feff}# a comment\nFROM base\n\nRUN a \\\n # no\n  b\nWORKDIR /x", &arguments(&[])).unwrap();
    let steps: Vec<_> = recipe.steps.iter().map(|step| (step.line, step.text.as_str())).collect();
    assert_eq!(steps, [(4, "RUN a   b"), (7, "WORKDIR /x")]);
}

#[test]
fn the_exec_form_is_json() {
    for (body, command) in [
        (r#"RUN ["/p"]"#, vec!["/p"]),
        (r#"RUN  [ "/p" , "a b","$A" ] "#, vec!["/p", "a b", "$A"]),
        (r#"RUN ["p", "\u00e9\ud83d\ude00\ud800\t\"\\\/"]"#, vec!["p", "é😀\u{fffd}\t\"\\/"]),
        ("RUN [\"p\", \\\n \"q\"]", vec!["p", "q"]),
    ] {
        assert_eq!(only_run(&built(body, &[])).0, command, "{body:?}");
    }
}

#[test]
fn both_forms_of_env_are_substituted_and_unquoted() {
    for (body, expected) in [
        ("ENV A=1 B=\"v 2\" C=v\\ 3 D='x $A'", vec![("A", "1"), ("B", "v 2"), ("C", "v 3"), ("D", "x $A")]),
        ("ENV A a   b  \"q  r\" $Z", vec![("A", "a   b  q  r ")]),
        ("ENV A = 1", vec![("A", "= 1")]),
        ("ENV A\t\t b", vec![("A", "b")]),
        ("ENV A= B=\"\"", vec![("A", ""), ("B", "")]),
        ("ENV A=1 B=1\nENV A=2 C=$A", vec![("A", "2"), ("B", "1"), ("C", "1")]),
        ("ENV N=X\nENV $N=1", vec![("N", "X"), ("X", "1")]),
        ("ENV A=1 \\\n    B=2", vec![("A", "1"), ("B", "2")]),
        (
            "ENV PATH=/opt/bin:$PATH",
            vec![("PATH", "/opt/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")],
        ),
    ] {
        assert_eq!(pairs(&built(body, &[]).env), expected, "{body:?}");
    }
}

#[test]
fn words_are_substituted_as_docker_does() {
    for (word, value) in [
        ("$A-${B}_$A_", "1-v 2_"),
        ("a${Z}b$Z", "ab"),
        ("${A:-d}${Z:-d}${E:-d}", "1dd"),
        ("${A:+alt}${Z:+alt}${E:+alt}", "alt"),
        ("\"${Z:-a b}\"", "a b"),
        ("${Z:-\"a b\"}", "a b"),
        ("${Z:-${E:-$A}}", "1"),
        ("${Z:-a\\}b}", "a}b"),
        ("\\$A\"\\$A\"'\\$A'", "$A$A\\$A"),
        ("\\\\x\"\\\\x\\a\"\\a", "\\x\\x\\aa"),
        ("\"a'b\"'a\"b'a\"b\"c", "a'ba\"babc"),
        ("$", "$"),
        ("\"$\"/$/", "$/$/"),
        ("$$.$1.$12.$1a.$@.${1}", "...a.."),
        ("é$A", "é1"),
    ] {
        let recipe = built(&format!("ENV A=1 B=\"v 2\" E=\nENV V={word}"), &[]);
        assert_eq!(recipe.env.last().unwrap().1, value, "{word:?}");
    }
}

#[test]
fn arguments_reach_what_they_are_declared_for() {
    for (text, given, from, env) in [
        ("FROM base\nARG A\nRUN x", vec![], "base", vec![]),
        ("FROM base\nARG A\nRUN x", vec![("A", "9")], "base", vec![("A", "9")]),
        ("FROM base\nARG A=1\nRUN x", vec![], "base", vec![("A", "1")]),
        ("FROM base\nARG A=1\nRUN x", vec![("A", "9")], "base", vec![("A", "9")]),
        ("FROM base\nRUN x", vec![("A", "9")], "base", vec![]),
        ("FROM base\nRUN x\nARG A", vec![("A", "9")], "base", vec![]),
        ("FROM base\nARG A=1\nENV A=2\nRUN x", vec![("A", "9")], "base", vec![("A", "2")]),
        ("FROM base\nENV A=2\nARG A=1\nRUN x", vec![], "base", vec![("A", "2")]),
        ("FROM base\nARG A=1\nARG A\nRUN x", vec![], "base", vec![]),
        ("FROM base\nARG A=\"x y\"\nARG B=$A-${C:-d}\nRUN x", vec![], "base", vec![("A", "x y"), ("B", "x y-d")]),
        ("FROM base\nARG PATH=/x\nRUN x", vec![], "base", vec![]),
        ("ARG B=one\nARG T=$B:two\nFROM $T\nRUN x", vec![], "one:two", vec![]),
        ("ARG B=one\nARG T=$B:two\nFROM ${T}\nARG T\nRUN x", vec![("B", "1")], "1:two", vec![("T", "1:two")]),
        ("ARG T=a\nFROM $T\nARG T=own\nRUN x", vec![], "a", vec![("T", "own")]),
        ("ARG T=a\nFROM $T\nARG T=own\nRUN x", vec![("T", "b")], "b", vec![("T", "b")]),
        ("FROM ${T:-one}${T:+two}\nRUN x", vec![("T", "b")], "one", vec![]),
        ("FROM \"base\"\nRUN x", vec![], "base", vec![]),
    ] {
        let recipe = read(text, &arguments(&given)).unwrap_or_else(|err| panic!("{text:?}: {err}"));
        assert_eq!((recipe.from.as_str(), only_run(&recipe).1), (from, env), "{text:?} {given:?}");
    }
}

#[test]
fn workdir_adds_up() {
    for (body, workdir) in [
        ("", "/"),
        ("WORKDIR /x", "/x"),
        ("WORKDIR /x/", "/x"),
        ("WORKDIR x\nWORKDIR y", "/x/y"),
        ("WORKDIR /x\nWORKDIR ../z/./w//", "/z/w"),
        ("WORKDIR /../../b", "/b"),
        ("WORKDIR a b", "/a b"),
        ("WORKDIR \"/a b\"", "/a b"),
        ("ENV D=/d\nWORKDIR $D/${E:-e}", "/d/e"),
    ] {
        let recipe = built(&format!("{body}\nRUN x"), &[]);
        assert_eq!((recipe.workdir.as_str(), only_run(&recipe).2), (workdir, workdir), "{body:?}");
    }
    let steps = built("WORKDIR /x\nWORKDIR y", &[]).steps;
    let actions: Vec<_> = steps.into_iter().map(|step| step.action).collect();
    assert_eq!(actions, [Action::Workdir("/x".to_owned()), Action::Workdir("/x/y".to_owned())]);
}

#[test]
fn copy_names_its_files_and_where_they_go() {
    for (body, sources, destination) in [
        ("COPY a /b", vec!["a"], "/b"),
        ("COPY a b ./c \\\n # no\n /d/", vec!["a", "b", "./c"], "/d/"),
        ("COPY a .", vec!["a"], "/"),
        ("WORKDIR /w/v\nCOPY a b .", vec!["a", "b"], "/w/v/"),
        ("WORKDIR /w/v\nCOPY a ..", vec!["a"], "/w/"),
        ("WORKDIR /w/v\nCOPY a /w", vec!["a"], "/w/"),
        ("WORKDIR /w/v\nCOPY a ../v2", vec!["a"], "/w/v2"),
        ("WORKDIR /w/v\nCOPY a n", vec!["a"], "/w/v/n"),
        ("WORKDIR /w/v\nCOPY a n/.", vec!["a"], "/w/v/n"),
        ("WORKDIR /w/v\nCOPY a n/", vec!["a"], "/w/v/n/"),
        ("COPY a //x/../y//z", vec!["a"], "/y/z"),
        ("COPY [\"sp ace\", \"a\", \"/n m/\"]", vec!["sp ace", "a"], "/n m/"),
        ("COPY \"a\" /n", vec!["a"], "/n"),
        ("COPY a\\'q /n", vec!["a'q"], "/n"),
        ("ENV S=a D=/n\nCOPY $S ${D}/$S.txt", vec!["a"], "/n/a.txt"),
        ("ENV S=\"a b\"\nCOPY $S /n", vec!["a b"], "/n"),
    ] {
        let action = built(body, &[]).steps.pop().unwrap().action;
        let sources = sources.into_iter().map(str::to_owned).collect();
        assert_eq!(action, Action::Copy { sources, destination: destination.to_owned() }, "{body:?}");
    }
}

#[test]
fn what_starts_a_container_is_without_effect() {
    let body = "CMD [\"x\"]\nENTRYPOINT y\nLABEL a=b c=\"d e\"\nEXPOSE 80\nMAINTAINER me\nSTOPSIGNAL 9";
    assert_eq!(built(body, &[]), built("", &[]));
}
