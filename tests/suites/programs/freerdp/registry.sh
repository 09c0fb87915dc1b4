#!/bin/sh
# registry.sh LIBRARY COMMAND...: runs FreeRDP with the library as its server's SSPI module, which WinPR's registry says. That is
# a file below /etc, here of this mount namespace alone.
set -eu
library=$1
shift
mount -t tmpfs none /mnt
mkdir /mnt/upper /mnt/work
mount -t overlay none -o lowerdir=/etc,upperdir=/mnt/upper,workdir=/mnt/work /etc
umount -l /mnt
mkdir -p /etc/winpr
# `str:`: without it WinPR finds no value.
cat >/etc/winpr/HKLM.reg <<END
Windows Registry Editor Version 5.00

[HKEY_LOCAL_MACHINE\\Software\\FreeRDP\\FreeRDP\\Server]
"SspiModule"=str:"$library"
END
exec "$@"
