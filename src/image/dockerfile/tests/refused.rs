//! What is refused: with its line, its name and a way out.

use super::*;

#[test]
fn the_unsupported_is_named_with_a_way_out() {
    for (text, line, what) in [
        ("FROM b\n\nADD a /b", 3, "ADD is not supported; use COPY"),
        ("FROM b\nuser x", 2, "USER is not supported; "),
        ("FROM b\nVOLUME /x", 2, "VOLUME is not supported; "),
        ("FROM b\nSHELL [\"/bin/bash\"]", 2, "SHELL is not supported; "),
        ("FROM b\nONBUILD RUN x", 2, "ONBUILD is not supported; "),
        ("FROM b\nHEALTHCHECK NONE", 2, "HEALTHCHECK is not supported; "),
        ("FROM b\nRUN --mount=type=tmpfs,target=/x a", 2, "RUN --mount is not supported; leave it out"),
        ("FROM b\nCOPY --chown=1:1 a /b", 2, "COPY --chown is not supported; leave it out, and set owner"),
        ("FROM b\nCOPY --from=x a /b", 2, "COPY --from is not supported; "),
        ("FROM --platform=x b", 1, "FROM --platform is not supported; "),
        ("FROM b AS c", 1, "FROM ... AS is not supported; "),
        ("FROM b\nFROM c", 2, "a second FROM is not supported; "),
        ("# escape=`\nFROM b", 1, "the directive `# escape=` is not supported"),
        ("#check=skip=all\n # Syntax = docker/dockerfile:1\nFROM b", 2, "the directive `# syntax=`"),
        ("FROM b\nRUN cat <<EOF\nFROM c\nEOF", 2, "RUN <<EOF: heredocs are not supported"),
        ("FROM b\nCOPY <<-\"EOF\" /x", 2, "COPY <<-\"EOF\": heredocs are not supported"),
        ("FROM b\nRUN 3<<EOF cat", 2, "RUN 3<<EOF: heredocs"),
        ("FROM b\nCOPY *.conf /x/", 2, "wildcards, as in COPY `*.conf`, are not supported"),
        ("FROM b\nENV P=a?\nCOPY $P /x/", 3, "wildcards, as in COPY `a?`"),
        ("FROM b\nCOPY a[1] /x/", 2, "wildcards"),
        ("FROM b\nFOO x", 2, "unknown instruction `FOO`; there are ARG, CMD, COPY, "),
        ("FROM b\nRUN a \\\\\n b", 2, "two backslashes at the end"),
    ] {
        let err = read(text, &arguments(&[])).unwrap_err();
        assert_eq!(err.line, line, "{text:?}: {err}");
        assert!(err.what.starts_with(what), "{text:?}: {err}");
        assert_eq!(err.to_string(), format!("line {line}: {}", err.what));
    }
}

#[test]
fn directives_further_down_are_comments() {
    for text in ["# a comment\n# escape=`\nFROM b", "\n# syntax=x\nFROM b", "# x=y\n# escape=`\nFROM b"] {
        assert_eq!(read(text, &arguments(&[])).unwrap().from, "b", "{text:?}");
    }
}

#[test]
fn the_wrong_is_named_with_its_line() {
    for (text, line, what) in [
        ("", 1, "there is no FROM"),
        ("# only a comment\nARG A", 1, "there is no FROM"),
        ("ENV A=1\nFROM b", 1, "ENV before FROM; "),
        ("CMD x\nFROM b", 1, "CMD before FROM; "),
        ("FROM", 1, "FROM takes one image"),
        ("FROM b c", 1, "FROM takes one image"),
        ("FROM $A", 1, "FROM needs `A`, which has no value"),
        ("ARG A\nFROM x:$A", 2, "FROM needs `A`, which has no value"),
        ("FROM ${A:-$B}", 1, "FROM needs `B`, which has no value"),
        ("ARG A=\nFROM $A", 2, "FROM `$A` comes to nothing"),
        ("FROM ${A:+b}", 1, "FROM `${A:+b}` comes to nothing"),
        ("FROM b\nARG", 2, "ARG declares one variable"),
        ("FROM b\nARG A=1 B=2", 2, "ARG declares one variable"),
        ("FROM b\nARG =x", 2, "ARG with the name ``"),
        ("FROM b\nENV", 2, "ENV needs names and values"),
        ("FROM b\nENV A", 2, "ENV needs names and values"),
        ("FROM b\nENV A=1 B", 2, "ENV needs names and values"),
        ("FROM b\nENV A=${Z:-d e}", 2, "ENV needs names and values"),
        ("FROM b\nENV =1", 2, "ENV with the name ``"),
        ("FROM b\nENV N=a=b\nENV $N=1", 3, "ENV with the name `a=b`"),
        ("FROM b\nENV A=\"x", 2, "a double quote has no end"),
        ("FROM b\nENV A='x", 2, "a single quote has no end"),
        ("FROM b\nENV A=${X", 2, "`${X` does not go on"),
        ("FROM b\nENV A=${}", 2, "`${` does not go on"),
        ("FROM b\nENV A=${:-x}", 2, "`${` does not go on"),
        ("FROM b\nENV A=${X-d}", 2, "`${X` does not go on"),
        ("FROM b\nENV A=${X:?m}", 2, "`${X` does not go on"),
        ("FROM b\nENV A=${X:-d", 2, "`}` is missing"),
        ("FROM b\nRUN", 2, "RUN without a command"),
        ("FROM b\nRUN []", 2, "RUN without a command"),
        ("FROM b\nRUN [\"a\", 1]", 2, "RUN with no JSON array"),
        ("FROM b\nRUN [\"a\"] x", 2, "RUN with no JSON array"),
        ("FROM b\nRUN ['a']", 2, "RUN with no JSON array"),
        ("FROM b\nRUN [\"a\", \"\\u0000\"]", 2, "RUN with a NUL byte"),
        ("FROM b\nRUN \\\n a\0", 3, "a NUL byte"),
        ("FROM b\nCOPY", 2, "COPY needs a source and a destination"),
        ("FROM b\nCOPY a", 2, "COPY needs a source and a destination"),
        ("FROM b\nCOPY [\"a\"]", 2, "COPY needs a source and a destination"),
        ("FROM b\nCOPY a b /c", 2, "COPY of several sources needs a directory; write `/c/`"),
        ("FROM b\nCOPY $E /c/", 2, "COPY `$E` comes to no path"),
        ("FROM b\nCOPY \"sp ace\" /c", 2, "COPY `\"sp`: a double quote has no end"),
        ("FROM b\nWORKDIR", 2, "WORKDIR without a path"),
        ("FROM b\nWORKDIR $E", 2, "WORKDIR without a path"),
    ] {
        let err = read(text, &arguments(&[])).unwrap_err();
        assert_eq!(err.line, line, "{text:?}: {err}");
        assert!(err.what.starts_with(what), "{text:?}: {err}");
    }
}

#[test]
fn sizes_are_bounded() {
    let doubling = "ENV A=$A$A\n".repeat(60);
    let distinct: String = (0..2000).map(|number| format!(" V{number}=1")).collect();
    for (text, what) in [
        (format!("FROM b\n#{}", " ".repeat(MOST_BYTES)), "the Dockerfile is larger"),
        (format!("FROM b\n{}", "RUN x\n".repeat(MOST_INSTRUCTIONS)), "more than 256 instructions"),
        (format!("FROM b\nENV A=xx\n{doubling}"), "the variables come to too much text"),
        (format!("FROM b\nENV{distinct}"), "more than 1000 variables"),
        (format!("FROM b\nENV A={}", "${A:-".repeat(200_000)), "more than 16 `${...}`"),
    ] {
        let err = read(&text, &arguments(&[])).unwrap_err();
        assert!(err.what.starts_with(what), "{err}");
    }
    let most = format!("FROM b\n{}", "RUN x\n".repeat(MOST_INSTRUCTIONS - 1));
    assert_eq!(read(&most, &arguments(&[])).unwrap().steps.len(), MOST_INSTRUCTIONS - 1);
}

#[test]
fn no_piece_of_a_dockerfile_is_a_panic() {
    let text = "# c\nARG B=é\nFROM ${B:-\"x\"}\nENV A=\"v \\\" $B\" C='q' \\\n# in\n D=\\$x\nCOPY [\"a\\u00e9\", \"/b\"]\n\
                RUN [\"p\", \"\\ud83d\\ude00\"]\nCOPY a b ${A}/\nWORKDIR ../..\nRUN a <<-E \\";
    let edges: Vec<usize> = (0..=text.len()).filter(|at| text.is_char_boundary(*at)).collect();
    for (number, from) in edges.iter().enumerate() {
        for to in &edges[number..] {
            let _ = read(&text[*from..*to], &arguments(&[("B", "b")]));
        }
    }
}
