"""The same configurations and requests to MIT's programs and to `negossp logon`: which ticket each gets, under which key, with which
flags, until when; or that there is none.

DIFFERENTIAL_CASES: how many (200). Each is random, and the same in every run. DIFFERENTIAL_SEED: another series.
"""

import os
import random
import re
import subprocess

import kerberos_kdcs
import sspi
from checks import Skip, check, holds
from kerberos_environment import ROOT

PASSWORD = "Passw0rd!"
ENCTYPES = {
    "aes256-cts-hmac-sha1-96": "aes256-sha1", "aes128-cts-hmac-sha1-96": "aes128-sha1",
    "aes256-cts-hmac-sha384-192": "aes256-sha2", "aes128-cts-hmac-sha256-128": "aes128-sha2",
}  # fmt: skip
HOSTS = ["server", "aes256-sha1", "aes128-sha1", "aes256-sha2", "aes128-sha2", "mixed", "password", "absent", "nosuch"]
SERVICES = [f"{host}.example.test" for host in HOSTS] + ["www.other.test", "www.far.test", "nosuch.other.test"]
# klist's letters, and what `negossp logon` calls them.
FLAGS = {"F": "forwardable", "R": "renewable", "O": "ok-as-delegate", "A": "pre-authenticated"}


def tool():
    beside = os.path.join(os.path.dirname(os.path.realpath(sspi.LIBRARY.path)), "negossp")
    for path in (beside, os.path.join(ROOT, "dist", "linux-x86_64", "negossp")):
        if os.access(path, os.X_OK):
            return path
    raise Skip("no negossp beside the library, and none in dist")


class Case:
    """One configuration with one request."""

    def __init__(self, number, seed):
        r = random.Random(f"{seed} {number}")
        self.number = number
        self.conf = r.choice(["krb5.conf", "krb5.conf", "far.conf", "of-kdc.conf"])
        self.lines = ["dns_canonicalize_hostname = false", "dns_lookup_kdc = false", "kdc_timesync = 1"]
        # MIT's default for `forwardable` is false, Windows' true: always said here.
        self.lines.append(f"forwardable = {r.choice(['true', 'false'])}")
        self.lines.append(f"canonicalize = {r.choice(['true', 'false'])}")
        if r.random() < 0.5:
            some = r.sample(sorted(ENCTYPES), r.randint(1, 4))
            self.lines.append("permitted_enctypes = " + " ".join(some))
        else:
            # The library's own default has another order than MIT's.
            self.lines.append("permitted_enctypes = " + " ".join(sorted(ENCTYPES)))
        self.lines.append(f"ticket_lifetime = {r.choice(['1h', '5m', '2d', '30000'])}")
        if r.random() < 0.5:
            self.lines.append(f"renew_lifetime = {r.choice(['2d', '3h'])}")
        if r.random() < 0.3:
            self.lines.append("udp_preference_limit = 1")
        self.user = r.choice(["alice", "bob", "alice@EXAMPLE.TEST", "carol", "jörg", "alice/admin", "nobody"])
        self.password = PASSWORD if r.random() < 0.93 else "wrong"
        self.host = r.choice(SERVICES)
        self.realm = r.choice(["", "", "", "EXAMPLE.TEST", "OTHER.TEST"])

    def __str__(self):
        return f"case {self.number}: {self.user} for {self.target}, {self.conf}: {'; '.join(self.lines)}"

    @property
    def target(self):
        return f"HTTP/{self.host}" + (f"@{self.realm}" if self.realm else "")

    def write(self):
        with open(kerberos_kdcs.file(self.conf)) as f:
            text = f.read()
        names = [line.split(" ", 1)[0] for line in self.lines]
        kept = [line for line in text.splitlines() if line.strip().split(" ", 1)[0] not in names]
        text = "\n".join(kept).replace("[libdefaults]", "[libdefaults]\n" + "\n".join(self.lines), 1) + "\n"
        path = kerberos_kdcs.file("differential.conf")
        with open(path, "w") as f:
            f.write(text)
        return {**os.environ, "KRB5_CONFIG": path, "LC_ALL": "C.UTF-8", "KRB5CCNAME": "FILE:/nonexistent/none"}


def command(arguments, env, text=None):
    done = subprocess.run(arguments, env=env, input=text, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


def mit(case, env):
    """The service's principal, the session key's type, the flags, when it ends; or None."""
    cache = "FILE:" + kerberos_kdcs.file("differential.ccache")
    status, _ = command(["kinit", "-c", cache, case.user], env, case.password + "\n")
    if status:
        return None
    wanted = ["-S", "HTTP", case.host] if not case.realm else [case.target]
    status, _ = command(["kvno", "-q", "-c", cache, *wanted], env)
    if status:
        return None
    _, text = command(["klist", "-e", "-f", "-c", cache], {**env, "TZ": "UTC"})
    entries = re.findall(
        r"^(\S+ \S+)  (\S+ \S+)  (\S+)\n(?:\t(?:for client [^\n]*|renew until [^,\n]*),? ?(?:Flags: (\S+))?\n"
        r"|\tFlags: (\S+)\n)*\tEtype \(skey, tkt\): (\S+), (\S+)", text, re.M,
    )  # fmt: skip
    found = [entry for entry in entries if entry[2].startswith("HTTP/")]
    holds(found, f"{case}: klist shows no ticket:\n{text}")
    _, until, server, flags, others, key, _ = found[-1]
    flags = flags or others
    month, day, year = until.split(" ")[0].split("/")
    time = until.split(" ")[1]
    century = "" if len(year) == 4 else "20"
    names = sorted(name for letter, name in FLAGS.items() if letter in flags)
    return server, key.replace("DEPRECATED:", ""), names, f"{century}{year}-{month}-{day}T{time}"


def ours(case, env):
    with open(kerberos_kdcs.file("differential.toml"), "w") as f:
        os.fchmod(f.fileno(), 0o600)
    env = {**env, "NEGOSSP_CONFIG": kerberos_kdcs.file("differential.toml")}
    status, text = command([tool(), "logon", case.target, "--user", case.user, "--stdin"], env, case.password + "\n")
    if status:
        return None, text
    found = re.search(r"^ok: ticket for \S+: (\S+) for (\S+), (\S+), until (\S+?)\.\d+Z \([^)]*\)(.*)$", text, re.M)
    holds(found, f"{case}: {text}")
    server, _, key, until, flags = found.groups()
    names = sorted(name for name in FLAGS.values() if name in flags.split(", "))
    return (server, key, names, until), text


def seconds(time):
    h, m, s = time.split("T")[1].split(":")
    return int(h) * 3600 + int(m) * 60 + int(s)


def differs(theirs, mine):
    if theirs is None or mine is None:
        return theirs is not mine
    # They were got one after the other.
    # MIT keeps a ticket for a service whose realm it did not know under the name that was asked for.
    same_name = theirs[0] == mine[0] or theirs[0].endswith("@") and mine[0].startswith(theirs[0])
    apart = (seconds(theirs[3]) - seconds(mine[3])) % 86400
    return not same_name or theirs[1:3] != mine[1:3] or min(apart, 86400 - apart) > 5


@check("the same tickets as MIT's programs")
def same():
    kerberos_kdcs.start()
    tool()
    seed, cases = os.environ.get("DIFFERENTIAL_SEED", "1"), int(os.environ.get("DIFFERENTIAL_CASES", "200"))
    wrong, tickets = [], 0
    for number in range(cases):
        case = Case(number, seed)
        env = case.write()
        theirs, (mine, text) = mit(case, env), ours(case, env)
        tickets += mine is not None
        if differs(theirs, mine):
            wrong.append(f"{case}\n  MIT:     {theirs}\n  negossp: {mine}\n{text}")
    holds(tickets > cases / 3, f"only {tickets} of {cases} got a ticket")
    holds(not wrong, f"{len(wrong)} differences:\n" + "\n".join(wrong[:10]))
