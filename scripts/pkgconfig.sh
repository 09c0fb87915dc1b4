#!/bin/sh
# pkgconfig.sh LIBDIR INCLUDEDIR: writes negossp.pc, with both folders relative to that of the file itself, so that
# the whole may be moved.
set -eu
version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$(dirname "$0")/../Cargo.toml" | head -n 1)
cat <<END
libdir=\${pcfiledir}/$1
includedir=\${pcfiledir}/$2
compatdir=\${includedir}/negossp/compat

Name: negossp
Description: The server side of the SSPI Negotiate package behind secur32's C interface
Version: $version
Libs: -L\${libdir} -lnegossp
Cflags: -I\${includedir}
END
