//! Gives the shared library its name: programs linked with `-lnegossp` ask the loader for `libnegossp.so`.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let unix = std::env::var_os("CARGO_CFG_UNIX").is_some();
    if unix {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libnegossp.so");
    }
}
