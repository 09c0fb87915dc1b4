#!/bin/sh
# A credential cache manager of its own, with nothing in it, for root.
#
#   kcm.sh heimdal|sssd   runs Heimdal's kcm or sssd's sssd_kcm in the foreground, in a mount namespace of its own. Its
#                         socket is /proc/PID/root/run/.heim_org.h5l.kcm-socket, with the number of this process
#
# Heimdal's has no other path than that, and sssd's no other folder for its data.
set -eu
exec unshare --mount --propagation private sh -euc '
mount -t tmpfs tmpfs /run
case $0 in
heimdal)
    exec /usr/sbin/kcm
    ;;
sssd)
    for folder in /etc/sssd /var/lib/sss /var/log; do
        mount -t tmpfs tmpfs "$folder"
    done
    mkdir -p /var/lib/sss/db /var/lib/sss/secrets /var/lib/sss/pipes/private /var/log/sssd /run/sssd
    printf "[sssd]\nservices =\ndomains =\n[kcm]\nsocket_path = /run/.heim_org.h5l.kcm-socket\n" >/etc/sssd/sssd.conf
    chmod 600 /etc/sssd/sssd.conf
    exec /usr/libexec/sssd/sssd_kcm --uid 0 --gid 0 --logger=stderr
    ;;
esac' "$1"
