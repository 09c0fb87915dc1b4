//! Gives the shared library its name, since programs linked with `-lnegossp` ask the loader for
//! `libnegossp.so`, and keeps it loaded.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let unix = std::env::var_os("CARGO_CFG_UNIX").is_some();
    if unix {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libnegossp.so");
        // dlclose leaves it where it is: contexts and threads at work in it must not outlive its
        // code.
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
}
