//! The committed header and `.def` files equal what is generated from the sources, and other
//! compilers agree with them.

mod generator;
mod lists;
mod names;

use std::process::Command;

/// To write the files anew: `NEGOSSP_WRITE=1 cargo test --test it header`.
#[test]
fn header_is_current() {
    for made in generator::all() {
        let path = generator::root().join(made.path);
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        if std::env::var_os("NEGOSSP_WRITE").is_some() {
            if committed != made.text {
                std::fs::write(&path, &made.text).unwrap();
            }
            continue;
        }
        assert!(
            committed == made.text,
            "{} is stale: NEGOSSP_WRITE=1 cargo test --test it header",
            made.path
        );
    }
}

/// Runs a compiler over `tests/suites/c/layout.c`; on a machine without it the test is skipped with
/// a message.
fn compiles(name: &str, compiler: &str, arguments: &[&str]) {
    let mut command = Command::new(compiler);
    command.current_dir(generator::root()).args(arguments);
    command.args([
        "-Wall",
        "-Wextra",
        "-Werror",
        "-pedantic",
        "-Iinclude",
        "-fsyntax-only",
        "tests/suites/c/layout.c",
    ]);
    match command.output() {
        Ok(output) => {
            assert!(output.status.success(), "{name}:\n{}", String::from_utf8_lossy(&output.stderr))
        }
        Err(error) => println!("SKIPPED: {name}: {compiler}: {error}"),
    }
}

#[test]
fn layout_on_linux_in_c() {
    compiles("layout_on_linux_in_c", "cc", &["-std=c11"]);
}

#[test]
fn layout_on_linux_in_cxx() {
    compiles("layout_on_linux_in_cxx", "c++", &["-std=c++11", "-x", "c++"]);
}

#[test]
fn layout_on_windows_64() {
    compiles("layout_on_windows_64", "x86_64-w64-mingw32-gcc", &["-std=gnu11", "-Wno-pedantic"]);
}

#[test]
fn layout_on_windows_32() {
    compiles("layout_on_windows_32", "i686-w64-mingw32-gcc", &["-std=gnu11", "-Wno-pedantic"]);
}

/// C99 has no `_Static_assert`; the header itself must do without C11.
#[test]
fn header_alone_in_c99() {
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("c99.c");
    std::fs::write(
        &file,
        "#include \"negossp.h\"\nint main(void) { return SecIsValidHandle((PSecHandle)0); }\n",
    )
    .unwrap();
    let mut command = Command::new("cc");
    command.args(["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-fsyntax-only"]);
    command.arg("-I").arg(generator::root().join("include")).arg(&file);
    match command.output() {
        Ok(output) => {
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr))
        }
        Err(error) => println!("SKIPPED: header_alone_in_c99: cc: {error}"),
    }
}
