#!/bin/sh
# run.sh [PROGRAM ARGUMENT...]: checks how the example server handles malformed and unusual requests. Without
# arguments the server built for Linux is started. The last line counts.
set -eu
root=$(cd "$(dirname "$0")/../../.." && pwd)
cd "$root"
"$root/scripts/need.sh" python3-minimal libpython3-stdlib >&2
if [ $# = 0 ]; then
    scripts/dist.sh linux-x86_64
    scripts/examples.sh linux-x86_64
    set -- build/examples/linux-x86_64/http_server --library "$root/dist/linux-x86_64/libnegossp.so"
fi
exec /usr/bin/python3 -B tests/suites/http/requests.py "$@"
