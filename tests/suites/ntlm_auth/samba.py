#!/usr/bin/env python3
"""samba.py OURS SAMBAS FOLDER: both programs in conversations with each other, and the same lines to both.

Samba's program needs no domain for this: as a client it has the password, and as a server the one given by --password.
A difference is a failure unless EXPLAINED has its reason. Prints FAIL lines and counts.
"""

import base64
import itertools
import os
import random
import subprocess
import sys

OURS, SAMBAS, FOLDER = sys.argv[1:4]
COUNT = int(os.environ.get("CONVERSATIONS", "1000"))
PASSWORD, WRONG = "Passw0rd!", "wrong"
counts = {"passed": 0, "failed": 0}

with open(os.path.join(FOLDER, "smb.conf"), "w") as f:
    f.write("[global]\nworkgroup = EXAMPLE\nnetbios name = SERVER\nwinbindd socket directory = %s/none\n" % FOLDER)
    f.writelines(f"{name} directory = {FOLDER}\n" for name in ("private", "lock", "state", "cache", "pid"))
ENVIRONMENT = {"PATH": os.environ["PATH"], "NEGOSSP_CONFIG": os.path.join(FOLDER, "negossp.toml")}


def verdict(holds, what):
    counts["passed" if holds else "failed"] += 1
    if not holds:
        print(f"FAIL {what}")


class Helper:
    def __init__(self, program, protocol, *arguments):
        command = [program, f"--helper-protocol={protocol}", f"--configfile={FOLDER}/smb.conf", *arguments]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, env=ENVIRONMENT, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL)

    def ask(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().decode().rstrip("\n")

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def converse(client, server):
    """The server's last answer, and the client's answer to the token that it may have."""
    answer = server.ask(client.ask("YR"))
    while answer.startswith("TT "):
        token = client.ask("TT " + answer.split()[1])
        if token[:3] not in ("KK ", "AF "):
            return token
        answer = server.ask("KK " + token[3:])
    return answer


FEATURES = ["", "NTLMSSP_FEATURE_SIGN", "NTLMSSP_FEATURE_SEAL", "NTLMSSP_FEATURE_SIGN NTLMSSP_FEATURE_SEAL", "NTLMSSP_FEATURE_SESSION_KEY"]
PROTOCOLS = [("ntlmssp-client-1", "squid-2.5-ntlmssp"), ("gss-spnego-client", "gss-spnego"), ("ntlmssp-client-1", "gss-spnego")]
# KEY_EXCH, SIGN and SEAL, EXTENDED_SESSIONSECURITY, 128: on what both sides' keys depend.
KEY_FLAGS = 0x40000000 | 0x10 | 0x20 | 0x80000 | 0x20000000


def conversations():
    """Each pair of programs serves many conversations, as a proxy has them."""
    numbers = itertools.count()
    sides = [(OURS, SAMBAS), (SAMBAS, OURS), (SAMBAS, SAMBAS)]
    each = COUNT // (len(sides) * len(PROTOCOLS) * len(FEATURES) * 2) + 1
    for (of_client, server_protocol), features, right in itertools.product(PROTOCOLS, FEATURES, (True, False)):
        ended = {}
        for client_program, server_program in sides:
            name = f"{'ours' if client_program == OURS else 'Samba'} to {'ours' if server_program == OURS else 'Samba'}, {server_protocol}, {features}"
            password = PASSWORD if right else WRONG
            client = Helper(client_program, of_client, "--username=alice", "--domain=EXAMPLE", f"--password={password}")
            server = Helper(server_program, server_protocol, *([f"--password={PASSWORD}"] if server_program == SAMBAS else []))
            if features:
                verdict((client.ask("SF " + features), server.ask("SF " + features)) == ("OK", "OK"), f"{name}: SF")
            for _ in range(each):
                next(numbers)
                last = converse(client, server)
                words = last.split()
                if right:
                    verdict(words[0] == "AF" and words[-1] == "EXAMPLE\\alice", f"{name}: {last}")
                    if of_client == "gss-spnego-client" and words[1] != "*":
                        # Samba's client has ended if there is no mechListMIC to verify.
                        verdict(client.ask("TT " + words[1])[:2] in ("AF", "NA"), f"{name}: the last token")
                else:
                    verdict(words[0] == "NA" and words[-1] == "NT_STATUS_LOGON_FAILURE", f"{name}: {last}")
                flags, key = server.ask("GF"), server.ask("GK")
                verdict((key == "BH No session key") != right, f"{name}: {key}")
                if right:
                    theirs = client.ask("GK")
                    verdict(theirs == key, f"{name}: keys {theirs}, {key}")
                    ended.setdefault("flags", set()).add(int(flags[3:], 16) & KEY_FLAGS)
            client.close()
            server.close()
        # NTLM's flags do not depend on whose program it is, but that SPNEGO has ours sign.
        if right and of_client != "gss-spnego-client":
            verdict(len(ended["flags"]) == 1, f"{server_protocol}, {features}: flags {[hex(value) for value in ended['flags']]}")
    return next(numbers)


def explained(line, failed):
    """Why the answers to this line may differ; nothing if they may not."""
    command, _, token = line.partition(" ")
    if "!" in token:
        return "not base64: Samba takes what stands before it, here an empty token"
    if not token and command in ("UG", "TT", "KK") and (command == "UG" or line.endswith(" ")):
        return "an empty token within an exchange, or after GK or PW: Samba begins or repeats one, for ours only YR begins anew"
    if failed and command != "YR":
        return "after a token that failed: for ours only YR begins anew"
    return ""


def same_lines():
    """The same lines to both, and the same beginning of an answer."""
    given = ["--username=alice", "--domain=EXAMPLE", f"--password={PASSWORD}"]
    token = base64.b64encode(b"NTLMSSP\0\1\0\0\0\7\2\x08\xa2" + bytes(16)).decode()
    commands = [
        "X", "XX", "YR", "YR AAAA", "YR !!!!", "TT", "TT ", "TT AAAA", "KK", "KK ", "KK AAAA", "AF", "AF AAAA", "NA", "NA AAAA", "UG", "GK", "GKx",
        "OK", "OK x", "SF", "SF ", "SF x", "LL", "LF", "yr", "BH", "BH x", "ERR", "PW", "PW UGFzc3cwcmQh", "YR " + token, "KK " + token,
    ]  # fmt: skip
    dice = random.Random(1)
    for protocol in ("squid-2.5-ntlmssp", "ntlmssp-client-1", "gss-spnego", "gss-spnego-client"):
        arguments = given if "client" in protocol else []
        for _ in range(40):
            ours, theirs = Helper(OURS, protocol, *arguments), Helper(SAMBAS, protocol, *arguments)
            said, failed = [], False
            for _ in range(8):
                line = dice.choice(commands)
                said.append(line)
                answers = [helper.ask(line) for helper in (theirs, ours)]
                # Tokens have challenges, and flags of each program's own.
                shown = [" ".join("TOKEN" if len(word) > 20 and not word.startswith("NT_") else word for word in answer.split()) for answer in answers]
                if shown[0] != shown[1]:
                    # What follows depends on it.
                    verdict(bool(explained(line, failed)), f"{protocol}: {said}: Samba {shown[0]}, ours {shown[1]}")
                    break
                verdict(True, "")
                failed = shown[1].startswith("NA") or failed and not line.startswith("YR")
            ours.close()
            theirs.close()
    requests = [[line] for line in ("x", "x: y", "LANMAN-Challenge: 00", "LANMAN-Challenge: zz", "NT-Response: 00", "LANMAN-Response: 11")]
    requests += [[], ["Username: alice"], *([line, "Password: x"] for line in ("Username:: /2Fi", "Username:: YQBi", "Username:: !", "Username: a"))]
    for protocol, lines in (
        ("squid-2.5-basic", ["alice", "alice pw", "a%20b x%zz", "% %", " "]),
        *(("ntlm-server-1", [*request, "."]) for request in requests),
    ):
        outputs = []
        for program in (SAMBAS, OURS):
            command = [program, f"--helper-protocol={protocol}", f"--configfile={FOLDER}/smb.conf"]
            outputs.append(subprocess.run(command, env=ENVIRONMENT, input="".join(f"{line}\n" for line in lines), capture_output=True, text=True))
        theirs, ours = (output.stdout for output in outputs)
        if protocol == "ntlm-server-1":
            # Samba answers a malformed line and then the request too, which moves the answers. Ours gives the first.
            theirs = theirs.partition("\n.\n")[0] + "\n.\n"
        verdict(theirs == ours and outputs[0].returncode == outputs[1].returncode, f"{protocol}: {outputs}")
    for arguments in (
        ["--username=alice", "--challenge=0102", "--nt-response=" + "00" * 24], ["--username=alice", "--challenge=0102030405060708", "--nt-response=zz"],
        ["--helper-protocol=nonsense"], ["--nonsense"], ["--username=A\\alice", "--domain=B"], [],
    ):  # fmt: skip
        status = [subprocess.run([program, *arguments], env=ENVIRONMENT, stdin=subprocess.DEVNULL, capture_output=True).returncode for program in (SAMBAS, OURS)]
        verdict(status[0] == status[1] == 1, f"{arguments}: status {status}")


held = conversations()
same_lines()
print(f"{held} conversations with Samba's ntlm_auth")
print(f"{counts['passed']} passed, {counts['failed']} failed, 0 skipped")
