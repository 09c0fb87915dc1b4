"""mod_authn_ntlm, which Apache on Windows has for NTLM and which Linux never had, under Debian's Apache.

It acquires credentials of NTLM whatever the client's scheme is: under Negotiate only clients without SPNEGO get in, as on
Windows. A client that may not be impersonated gets no page, so that its account is the server's.
"""

import functools
import grp
import os
import pwd
import shutil
from concurrent.futures import ThreadPoolExecutor

import apache
import peers
import stage
from checks import check, equal
from stage import DISABLED, DOMAIN, PASSWORDS, converse, curl

NAME = "mod_authn_ntlm"
# Basic is checked by a client of the module's own, which names no service.
OPTIONS = "loopback_check = false"
_open = []


@functools.cache
def server():
    account = pwd.getpwnam(apache.USER) if os.getuid() == 0 else pwd.getpwuid(os.getuid())
    local = f"{{ uid = {account.pw_uid}, gid = {account.pw_gid}, groups = {os.getgrouplist(account.pw_name, account.pw_gid)} }}"
    users = "\n".join(f'"{user}" = {local}' for user in PASSWORDS if user != "bob")
    users += f"\n'{DOMAIN}\\bob' = {local}"
    configuration = stage.configure_for(
        account.pw_name, f"{NAME}-files", tokens='map = ["table"]', ntlm=OPTIONS, **{"tokens.users": users}
    )
    module = os.path.join(stage.ROOT, "build", "programs", NAME, "linux-x86_64", f"{NAME}.so")
    protection = """
    AuthType SSPI
    AuthName "a name"
    NTLMAuth On
    NTLMAuthoritative On
    NTLMPackage NTLM
    NTLMPackages "NTLM Negotiate"
    NTLMOfferBasic On
"""
    own = grp.getgrgid(account.pw_gid).gr_name
    requirements = {
        "index": "valid-sspi-user",
        "user": rf'sspi-user "{DOMAIN}\\alice"',
        "group": f"sspi-group {own}",
        "other": "sspi-group sys",
    }
    settings = f"LoadModule auth_ntlm_module {module}\n" + "".join(
        f"<Location /{path}>\n{protection}\nRequire {who}\n</Location>\n" for path, who in requirements.items()
    )
    environment = {"NEGOSSP_CONFIG": configuration, "NEGOSSP_LOG": "info"}
    running = apache.Apache(NAME, settings=settings, environment=environment)
    for path in requirements:
        shutil.copy(os.path.join(running.folder, "pages", "index.html"), os.path.join(running.folder, "pages", path))
    _open.append(running)
    return running


def close():
    for running in _open:
        running.close()


def ask(*arguments, path="index", urls=1):
    """curl's last status, all statuses and X-User."""
    status, body = curl("-i", *arguments, *[f"http://127.0.0.1:{server().port}/{path}"] * urls)
    users = [line.split(": ")[1].strip() for line in body.split("\n") if line.startswith("X-User: ")]
    return status, users


def register(platform):
    def login(user, password=None, domain=DOMAIN):
        return ("-u", f"{domain}\\{user}:{password or PASSWORDS[user]}")

    def pyspnego(scheme, user, package, password=None):
        who = peers.Account(user, password or PASSWORDS[user], DOMAIN)
        return converse(server().port, "/index", scheme, peers.Pyspnego.initiator(who, package))[0]

    name = f"{NAME}-{platform}"
    for way in ("--ntlm", "--basic"):

        @check(f"{name}: curl {way}, {{}}", ["alice", "bob"])
        def _(user, way=way):
            equal(ask(way, *login(user)), (200, [f"{DOMAIN}\\{user}"]), "answer")

        @check(f"{name}: curl {way}, {{}}: refused", ["wrong password", "unknown user", "disabled account", "foreign domain"])
        def _(who, way=way):
            wrong = {
                "wrong password": login("alice", "wrong"), "unknown user": login("nobody", "Passw0rd!"),
                "disabled account": login(DISABLED), "foreign domain": login("alice", domain="ELSEWHERE"),
            }[who]  # fmt: skip
            equal(ask(way, *wrong), (401, []), "answer")

        @check(f"{name}: curl {way}, one connection")
        def _(way=way):
            equal(ask(way, *login("alice"), urls=3), (200, [f"{DOMAIN}\\alice"] * 3), "answers")

        @check(f"{name}: curl {way}, Require sspi-user, sspi-group")
        def _(way=way):
            equal([ask(way, *login(user), path="user")[0] for user in ("alice", "bob")], [200, 401], "by name")
            equal([ask(way, *login("alice"), path=path)[0] for path in ("group", "other")], [200, 401], "by group")

    for scheme in ("NTLM", "Negotiate"):

        @check(f"{name}: pyspnego under {scheme}")
        def _(scheme=scheme):
            equal(pyspnego(scheme, "bob", "NTLM"), 200, "right password")
            equal(pyspnego(scheme, "bob", "NTLM", "wrong"), 401, "wrong password")

    @check(f"{name}: SPNEGO: refused")
    def _():
        equal(pyspnego("Negotiate", "alice", "Negotiate"), 401, "pyspnego")
        equal(curl("--negotiate", "-u", ":", f"http://localhost:{server().port}/index", tickets="alice")[0], 401, "curl, ticket")

    @check(f"{name}: no authentication: refused")
    def _():
        equal(ask()[0], 401, "status")

    @check(f"{name}: 40 clients at once, each itself")
    def _():
        names = ["alice", "bob"] * 20
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda user: ask("--ntlm", *login(user)), names))
        equal(answers, [(200, [f"{DOMAIN}\\{user}"]) for user in names], "answers")
