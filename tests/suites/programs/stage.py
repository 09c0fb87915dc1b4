"""What the programs have in common: accounts, a realm, the library's configuration, and how a program is run on a platform."""

import base64
import contextlib
import http.client
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import peers

ROOT = str(Path(__file__).resolve().parents[3])
TOOL = os.path.join(ROOT, "dist", "linux-x86_64", "negossp")
DOMAIN, REALM = "EXAMPLE", "EXAMPLE.TEST"
PASSWORDS = {"alice": "Passw0rd!", "bob": "correct horse", "jörg": "Pässwörd", "dave": "Passw0rd!"}
DISABLED = "dave"
# A Wine prefix that has the library in the system's folder, for programs that load it from there only.
IN_SYSTEM = "system-dll"
CONFIGURATION = f"""
[server]
netbios_computer = "SERVER"
dns_computer = "server.example.test"
[accounts]
file = "accounts"
domain = "{DOMAIN}"
strict_domain = true
[kerberos]
keytab = "http.keytab"
"""

# Within the checkout, since 32-bit Wine sees nothing else; and a folder that unprivileged processes can read.
os.makedirs(os.path.join(ROOT, "build", "programs"), exist_ok=True)
directory = tempfile.mkdtemp(prefix="run-", dir=os.path.join(ROOT, "build", "programs"))
public = tempfile.mkdtemp(prefix="negossp-programs-")
os.chmod(public, 0o755)


def account(*arguments, password=None):
    file = os.path.join(directory, "accounts")
    subprocess.run([TOOL, "account", *arguments, "--file", file], input=password, check=True, text=True, capture_output=True)


def realm(verb):
    script = os.path.join(ROOT, "tests", "infra", "mit-kdc.sh")
    environment = {**os.environ, "OWNER": str(os.getpid()), "LC_ALL": "C.UTF-8"}
    with open(os.path.join(directory, "realm.log"), "a") as log:
        subprocess.run([script, verb, realm_file("")], check=verb == "start", env=environment, stdout=log, stderr=log)


class Running:
    """A program that runs as `process`, whose output is in `log`."""

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.log.close()


class Servers:
    """Servers of one kind: one for each platform, started when it is first asked for."""

    def __init__(self, kind):
        self.kind, self.running = kind, {}

    def __call__(self, platform):
        if platform not in self.running:
            self.running[platform] = self.kind(platform)
        return self.running[platform]

    def close(self):
        for running in self.running.values():
            running.close()


def realm_admin(*commands):
    """Gives commands to the realm's kadmin.local."""
    script = os.path.join(ROOT, "tests", "infra", "mit-kdc.sh")
    lines = "".join(f"{command}\n" for command in commands)
    subprocess.run([script, "admin", realm_file("")], input=lines, check=True, text=True, capture_output=True)


def realm_file(name):
    return os.path.join(directory, "realm", name)


def kdc():
    """The realm's KDC, as the library's settings have it."""
    with open(realm_file("krb5.conf")) as f:
        return re.search(r"(?m)^\s*kdc = (\S+)", f.read())[1]


def configure_client(name, platform, tickets="none"):
    """A configuration of a Kerberos client, with a table of KDCs and no krb5.conf. `tickets`: whose credential cache the process has.
    Also on Wine it is this library that makes credentials without an identity."""
    cache = realm_file(tickets) + ".ccache"
    path = os.path.join(directory, f"{name}-{tickets}.toml")
    with open(path, "w") as f:
        f.write(f"""
[outbound]
provider = "negossp"
[kerberos]
krb5_conf = ""
realm = "{REALM}"
ccache = "FILE:{cache if platform == "linux" else "Z:" + cache}"
[kerberos.kdcs]
"{REALM}" = ["{kdc()}"]
""")
    return path


def prepare():
    peers.clean_environment(directory, [peers.Account(*account, DOMAIN) for account in PASSWORDS.items()])
    for user, password in PASSWORDS.items():
        account("add", user, password=password)
    account("disable", DISABLED)
    realm("start")
    shutil.copy(realm_file("http.keytab"), os.path.join(directory, "http.keytab"))


def remove():
    for wine in _kept:
        wine.communicate()
    realm("stop")
    shutil.rmtree(directory, ignore_errors=True)
    shutil.rmtree(public, ignore_errors=True)


def configure(name, folder=None, **sections):
    """Writes a configuration, with lines added to its sections; returns its path. `folder`: where it and its files are."""
    path = os.path.join(folder or directory, f"{name}.toml")
    text = CONFIGURATION
    for section, lines in sections.items():
        head = f"[{section}]\n"
        text = text.replace(head, f"{head}{lines}\n") if head in text else f"{text}{head}{lines}\n"
    with open(path, "w") as f:
        f.write(text)
    return path


def configure_for(user, name, **sections):
    """The same for a server that is started by root and goes on as `user`, who owns what is secret."""
    folder = os.path.join(public, name)
    os.makedirs(folder)
    for file in ("accounts", "http.keytab"):
        shutil.copy2(os.path.join(directory, file), folder)  # a file of this moment is not read before it has settled
        if os.getuid() == 0:
            shutil.chown(os.path.join(folder, file), user)
    return configure(name, folder, **sections)


def command(platform, folder, program, *arguments, configuration, prefix=""):
    """The command line that runs build/programs/FOLDER/.../PROGRAM, and its environment. `prefix`: another than Wine's usual."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("NEGOSSP_", "KRB5", "NTLM_", "WINE"))}
    environment["NEGOSSP_LOG"] = "info"
    if platform == "linux":
        environment["NEGOSSP_CONFIG"] = configuration
        return [os.path.join(ROOT, "build/programs", folder, "linux-x86_64", program), *arguments], environment
    bits = platform.removeprefix("wine")
    machine = {"64": "x86_64", "32": "i686"}[bits]
    environment["NEGOSSP_CONFIG"] = f"Z:{configuration}"
    environment["PREFIX"] = prefix
    environment["WINEDLLOVERRIDES"] = "mscoree,mshtml=;secur32=n,b"
    path = os.path.join(ROOT, "build/programs", folder, f"windows-{machine}", f"{program}.exe")
    return [os.path.join(ROOT, "scripts", "wine.sh"), bits, path, *arguments], environment


_kept = []


def keep_alive(platform, prefix=""):
    """Keeps Wine running in the prefix until the end, since starting it takes some seconds."""
    if platform != "linux":
        wine = [os.path.join(ROOT, "scripts", "wine.sh"), platform.removeprefix("wine"), "cmd.exe", "/c", "set /p line="]
        _kept.append(
            subprocess.Popen(
                wine, env={**os.environ, "PREFIX": prefix}, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
        )


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(port, process, what):
    for _ in range(600):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise RuntimeError(f"{what} does not listen")


def ntlm_user_file(user, password, domain=DOMAIN):
    """The file from which gss-ntlmssp, below curl's --negotiate, reads a user's password."""
    path = tempfile.mkstemp(dir=directory)[1]
    with open(path, "w", encoding="utf-8") as f:
        f.write(f"{domain}:{user}:{password}\n")
    return path


def curl(*arguments, tickets=None, user_file="/dev/null"):
    """Debian's curl, without the caller's settings; returns the status and the body, byte by byte."""
    environment = {
        "PATH": os.environ["PATH"], "HOME": directory, "LC_ALL": "C.UTF-8", "NTLM_USER_FILE": user_file,
        "KRB5_CONFIG": realm_file("krb5.conf"), "KRB5CCNAME": f"FILE:{realm_file(tickets or 'none')}.ccache",
    }  # fmt: skip
    out = subprocess.run(
        ["curl", "-q", "-sS", "--max-time", "30", "-w", "\n%{http_code}", *arguments], env=environment, capture_output=True
    )
    if out.returncode:
        raise AssertionError(f"curl: {out.stderr.decode().strip()}")
    body, _, status = out.stdout.decode("latin-1").rpartition("\n")
    return int(status), body


def converse(port, target, scheme, initiator, proxy=False):
    """Tokens of any initiator, which curl does not send, in one connection. Returns the status and the body."""
    authorization, challenge, refused = (
        ("Proxy-Authorization", "Proxy-Authenticate", 407) if proxy else ("Authorization", "WWW-Authenticate", 401)
    )
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    token = initiator.step()
    with contextlib.closing(connection):
        while True:
            connection.request("GET", target, headers={authorization: f"{scheme} {base64.b64encode(token).decode()}"})
            answer = connection.getresponse()
            body = answer.read().decode("latin-1")
            offers = answer.headers.get_all(challenge, [])
            answered = next((words[1] for words in map(str.split, offers) if len(words) > 1 and words[0] == scheme), None)
            if answer.status != refused or not answered:
                return answer.status, body
            token = initiator.step(base64.b64decode(answered))
