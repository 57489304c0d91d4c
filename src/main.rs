//! Arguments, environment, terminal and signals; everything else is the library's.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use saiten::cli::{self, Surroundings};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args_os().map(|argument| argument.to_string_lossy().into_owned()).collect();
    // Inside a lab this program is PID 1 or one of its duties; such a call never reaches the user's command line.
    if let Some(exit) = saiten::helper::duty_of(&arguments).or_else(|| saiten::sandbox::duty_of(&arguments)) {
        return exit;
    }
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let no_color = variable("NO_COLOR").is_some() || variable("TERM").is_some_and(|term| term == "dumb");
    let runtime_dir = variable("XDG_RUNTIME_DIR").map_or_else(
        || std::env::temp_dir().join(format!("saiten-{}", nix::unistd::geteuid())),
        |dir| PathBuf::from(&dir).join("saiten"),
    );
    let home = variable("HOME").map(PathBuf::from);
    let below_home = |name: &str, place: &str| {
        variable(name).map(PathBuf::from).or_else(|| home.as_ref().map(|home| home.join(place)))
    };
    let default_store = match below_home("XDG_DATA_HOME", ".local/share") {
        Some(data) if !nix::unistd::geteuid().is_root() => data.join("saiten"),
        _ => PathBuf::from("/var/lib/saiten"),
    };
    let config = below_home("XDG_CONFIG_HOME", ".config").map(|dir| dir.join("saiten/config.toml"));
    cli::main(
        &arguments,
        Surroundings {
            color: std::io::stdout().is_terminal() && !no_color,
            live: std::io::stderr().is_terminal(),
            asks: std::io::stdin().is_terminal() && std::io::stderr().is_terminal(),
            error_color: std::io::stderr().is_terminal() && !no_color,
            lang: ["LC_ALL", "LC_MESSAGES", "LANG"].iter().find_map(|name| variable(name)),
            runtime_dir,
            root: variable("SAITEN_ROOT").map(Into::into),
            current_dir: std::env::current_dir().unwrap_or_default(),
            program: std::env::current_exe().ok(),
            backend: variable("SAITEN_BACKEND"),
            store: variable("SAITEN_STORE").map(Into::into),
            default_store,
            platform: cli::PLATFORM.iter().filter_map(|name| Some(((*name).to_owned(), variable(name)?))).collect(),
            config_files: config.into_iter().chain([PathBuf::from("/etc/saiten/config.toml")]).collect(),
        },
    )
}
