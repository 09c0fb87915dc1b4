#!/usr/bin/env python3
"""Turns the results of run.sh into tables: report.py RESULTS.csv

Lines are round,peer,mech,work,parameter,metric,value. A figure is the median over the rounds. A ratio is taken within
each round, where both sides met the same machine, and then the median of the ratios.
"""
import collections
import csv
import statistics
import sys

OURS = "negossp"
NAMES = {
    "winpr": "WinPR 3", "gss": "gss-ntlmssp", "negossp-file": "negossp, replay cache in a file",
    "negossp-norc": "negossp, no replay cache", "mit": "MIT, replay cache in its file", "mit-norc": "MIT, no replay cache",
    "mit-best": "MIT, no replay cache, keytab in memory", "heimdal": "Heimdal (has no replay cache)",
    "netlogon": "by Netlogon, one channel", "libwbclient": "by winbindd, libwbclient",
    "ntlm_auth": "by winbindd, one ntlm_auth", "ntlm_auth-alone": "ntlm_auth by itself",
}  # fmt: skip

values = collections.defaultdict(dict)  # (work, mech, parameter, metric) -> peer -> {round: value}
for round_, peer, mech, work, parameter, metric, value in csv.reader(open(sys.argv[1])):
    of_peer = values[work, mech, parameter, metric].setdefault(NAMES.get(peer, peer), {})
    of_peer[round_] = float(value)


def median(key, peer):
    found = values.get(key, {}).get(peer)
    return statistics.median(found.values()) if found else None


def ratio(key, peer, base):
    """How many times `base`'s figure `peer`'s is."""
    a, b = values.get(key, {}).get(peer), values.get(key, {}).get(base)
    both = [a[r] / b[r] for r in a if r in b] if a and b else []
    return statistics.median(both) if both else None


def show(value, format_):
    return "-" if value is None else format(value, format_)


def table(title, head, rows):
    rows = list(rows)
    if not rows:
        return
    print(f"## {title}\n")
    print("| " + " | ".join(head) + " |")
    print("|" + " --- |" + " ---: |" * (len(head) - 1))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print()


def peers(key):
    order = values.get(key, {})
    return sorted(order, key=lambda p: (p != "floor", p != OURS, median(key, p)))


def acceptances(mech):
    key = ("accept", mech, "", "cpu_ns")
    for peer in peers(key):
        ns = median(key, peer)
        yield [peer, f"{ns / 1e3:.2f}", f"{1e9 / ns:,.0f}", show(ratio(key, peer, "floor"), ".2f"), show(ratio(key, peer, OURS), ".2f")]


def instructions(mech):
    key = ("accept", mech, "", "instructions")
    for peer in peers(key):
        yield [peer, f"{median(key, peer):,.0f}", show(ratio(key, peer, "floor"), ".2f"), show(ratio(key, peer, OURS), ".2f")]


SIZES = {"64B": 64, "1KiB": 1 << 10, "16KiB": 1 << 14, "1MiB": 1 << 20}


def messages(work, mech):
    for peer in peers((work, mech, "64B", "cpu_ns")):
        row = [peer]
        for name, size in SIZES.items():
            key = (work, mech, name, "cpu_ns")
            ns = median(key, peer)
            row.append("-" if ns is None else f"{size / ns * 1e3:,.0f}")
            row.append(show(ratio(key, peer, OURS), ".2f"))
        yield row


def threads(mech):
    key = lambda count, metric: ("threads", mech, count, metric)
    for peer in peers(key("1", "per_second")):
        one, two = (values[key(count, "per_second")][peer] for count in "12")
        scaling = statistics.median(two[r] / one[r] for r in one if r in two)
        cpu = [median(key(count, "cpu_ns"), peer) for count in "12"]
        yield ["floor (what the machine allows)" if peer == "floor" else peer,
               f"{median(key('1', 'per_second'), peer):,.0f}", f"{median(key('2', 'per_second'), peer):,.0f}", f"{scaling:.2f}",
               *(show(ns and ns / 1e3, ".2f") for ns in cpu)]


def live(mech):
    metric = lambda name: ("live", mech, "", name)
    for peer in peers(metric("resident_bytes")):
        get = lambda name: median(metric(name), peer)
        yield [peer, f"{get('contexts'):,.0f}", f"{get('resident_bytes'):,.0f}", f"{get('heap_bytes'):,.0f}",
               show(ratio(metric("resident_bytes"), peer, OURS), ".2f"),
               f"{get('first_tenth_ns') / 1e3:.2f}", f"{get('last_tenth_ns') / 1e3:.2f}", f"{get('close_ns') / 1e3:.2f}"]


def logons():
    metric = lambda name: ("logons", "ntlm", "", name)
    for peer in ("by Netlogon, one channel", "by winbindd, libwbclient", "by winbindd, one ntlm_auth", "ntlm_auth by itself"):
        if median(metric("per_second"), peer):
            yield [peer, f"{median(metric('per_second'), peer):,.0f}", f"{median(metric('cpu_ns'), peer) / 1e3:.1f}",
                   show(ratio(metric("per_second"), peer, "ntlm_auth by itself"), ".2f")]


def parts():
    for work, mech, parameter, metric in values:
        if work == "part":
            yield [parameter, f"{median((work, mech, parameter, metric), 'floor'):,.0f}"]


TITLES = {
    "spnego-ntlm": "NTLM inside SPNEGO, MICs both ways", "ntlm": "NTLM by itself",
    "spnego-krb5": "Kerberos inside SPNEGO, AES-256, mutual, no PAC",
    "spnego-krb5-pac": "Kerberos inside SPNEGO, AES-256, mutual, a PAC of 1.5 kB",
}  # fmt: skip
WORKS = {"seal": "EncryptMessage", "unseal": "DecryptMessage", "sign": "MakeSignature", "verify": "VerifySignature"}
MECHANISMS = {"ntlm": "NTLM", "krb5": "Kerberos, AES-256 with SHA-1"}

for mech, title in TITLES.items():
    table(f"Complete acceptance: {title}", ["", "CPU µs", "per CPU second", "times floor", f"times {OURS}"], acceptances(mech))
for mech, title in TITLES.items():
    table(f"Instructions of one acceptance: {title}", ["", "instructions", "times floor", f"times {OURS}"], instructions(mech))
for mech, mechanism in MECHANISMS.items():
    for work, title in WORKS.items():
        head = [""] + [text for name in SIZES for text in (f"{name} MB/s", f"time, times {OURS}")]
        table(f"{title}, {mechanism} (10^6 octets per CPU second)", head, messages(work, mech))
for mech, mechanism in MECHANISMS.items():
    head = ["", "one, per second", "two, per second", "ratio", "CPU µs each, one", "two"]
    table(f"Two threads accepting at once, {mechanism}", head, threads(f"spnego-{mech}"))
for mech, mechanism in MECHANISMS.items():
    head = ["", "contexts", "resident octets each", "heap octets each", f"times {OURS}", "µs, first tenth", "µs, last tenth", "delete µs"]
    table(f"Established contexts held, {mechanism}", head, live(f"spnego-{mech}"))
head = ["", "per second", "its own CPU µs each", "logons per second, times ntlm_auth's"]
table("Logons that a domain controller judges, one after another", head, logons())
table("Parts of the floor", ["", "ns"], parts())
