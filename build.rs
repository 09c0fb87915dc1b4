//! Gives the shared library its name (programs linked with `-lnegossp` ask the loader for `libnegossp.so`) and keeps it loaded.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let unix = std::env::var_os("CARGO_CFG_UNIX").is_some();
    if unix {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libnegossp.so");
        // It stays in memory after dlclose: the tables of InitSecurityInterface are never freed, and there may be threads in
        // its code. Windows' way is in src/platform/windows.rs.
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
}
