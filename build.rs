//! Gives the shared library its name and its symbols a version, binds its own names to itself, and
//! keeps it loaded.

use std::env;
use std::path::Path;
use std::process::{Command, Stdio};

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if env::var_os("CARGO_CFG_UNIX").is_none() {
        return;
    }
    // Programs linked with `-lnegossp` ask the loader for this name.
    link("-Wl,-soname,libnegossp.so.1");
    // The tables of InitSecurityInterface have this library's functions, also where the program or
    // another library has some of the same names.
    link("-Wl,-Bsymbolic");
    // dlclose leaves it where it is: contexts and threads at work in it must not outlive its code.
    link("-Wl,-z,nodelete");
    version_symbols();
}

/// gcc runs its linker through the script, which puts the version into rustc's list of exports.
fn version_symbols() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/symbol_versions.sh");
    println!("cargo:rerun-if-changed={}", script.display());
    println!("cargo:rerun-if-env-changed=RUSTC_LINKER");
    let wrapper = format!("{},NEGOSSP_1", script.display());
    if understands_wrapper(&wrapper) {
        link("-wrapper");
        link(&wrapper);
    } else {
        println!("cargo:warning=the linker is not gcc: libnegossp.so has no symbol versions");
    }
}

/// Whether what links is gcc, and can run `wrapper`: by letting it preprocess nothing.
fn understands_wrapper(wrapper: &str) -> bool {
    let linker = env::var_os("RUSTC_LINKER").unwrap_or_else(|| "cc".into());
    let status = Command::new(linker)
        .args(["-wrapper", wrapper, "-E", "-x", "c", "/dev/null"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.is_ok_and(|status| status.success())
}

fn link(argument: &str) {
    println!("cargo:rustc-cdylib-link-arg={argument}");
}
