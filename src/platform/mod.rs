//! What differs between operating systems: host name, local time, files.
