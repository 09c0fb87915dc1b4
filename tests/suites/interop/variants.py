"""NTLM with reduced options: key lengths, no key exchange, no extended session security, NTLMv1."""

import contextlib
import os

from spnego._ntlm_raw.messages import NegotiateFlags as Flags

from checks import check, equal
from messages import conversation
from peers import GssNtlmssp, Impacket, Pyspnego, PyspnegoWithoutMic
from sspi import Acceptor
from environment import ALICE, denied_by_us, established, policy

LACKING = {
    "56 bits": Flags.key_128,
    "40 bits": Flags.key_128 | Flags.key_56,
    "no key exchange": Flags.key_exch,
    "no extended session security": Flags.extended_session_security,
    "no extended session security, 56 bits": Flags.extended_session_security | Flags.key_128,
    "no extended session security, 40 bits": Flags.extended_session_security | Flags.key_128 | Flags.key_56,
    "no extended session security, no key exchange": Flags.extended_session_security | Flags.key_exch,
    "no Version": Flags.version,
    "OEM": Flags.unicode,
}


def lacking(what):
    initiator = Pyspnego.initiator(ALICE, "NTLM")
    initiator.context._context_req &= ~LACKING[what]
    return initiator


@check("pyspnego with {}", LACKING)
def accepts(what):
    initiator, acceptor = lacking(what), Acceptor.acceptor("Negotiate")
    established(initiator, acceptor)
    conversation(initiator, acceptor)


@check("pyspnego with {}: wrong password", LACKING)
def refuses(what):
    initiator = lacking(what)
    initiator.context._credential.nt_hash = bytes(16)
    denied_by_us("SEC_E_LOGON_DENIED", initiator, Acceptor.acceptor("Negotiate"))


@check("40 and 56 bits, and no extended session security, where policy refuses them")
def policy_refuses():
    with policy(ntlm="require_128 = true\nrequire_extended_session_security = true"):
        for what in ("56 bits", "40 bits", "no extended session security"):
            denied_by_us("SEC_E_UNSUPPORTED_FUNCTION", lacking(what), Acceptor.acceptor("Negotiate"))
        established(Pyspnego.initiator(ALICE, "NTLM"), Acceptor.acceptor("Negotiate"))


# What pyspnego and gss-ntlmssp send depending on LM_COMPAT_LEVEL.
LEVELS = {"LM and NTLMv1": "0", "LM and NTLMv1, extended session security": "1", "NTLMv1, extended session security": "2"}


def old_initiators():
    """(name, maker) of every initiator that sends NTLMv1."""
    for name, level in LEVELS.items():
        for make in (Pyspnego, GssNtlmssp):
            yield f"{make.name}, {name}", lambda account, make=make, level=level: at_level(level, make, account)
    yield "impacket", lambda account: Impacket.initiator(account, "NTLM", use_ntlmv2=False)


def at_level(level, make, account):
    """pyspnego reads its environment when the initiator is made, gss-ntlmssp at each step."""
    with variables_set(LM_COMPAT_LEVEL=level):
        initiator = make.initiator(account, "NTLM")
    step = initiator.step

    def step_at_level(token=None):
        with variables_set(LM_COMPAT_LEVEL=level):
            return step(token)

    initiator.step = step_at_level
    return initiator


@contextlib.contextmanager
def variables_set(**variables):
    os.environ.update(variables)
    try:
        yield
    finally:
        for name in variables:
            del os.environ[name]


OLD = dict(old_initiators())


@check("NTLMv1 is refused by default: {}", OLD)
def v1_refused(who):
    denied_by_us("SEC_E_LOGON_DENIED", OLD[who](ALICE), Acceptor.acceptor("Negotiate"))


@check("NTLMv1 where policy lets it in")
def v1_accepted():
    failures = []
    with policy(ntlm='weak_responses = ["NTLMv1", "NTLMv1-ESS"]'):
        for who, make in OLD.items():
            try:
                initiator, acceptor = make(ALICE), Acceptor.acceptor("Negotiate")
                established(initiator, acceptor)
                conversation(initiator, acceptor)
                denied_by_us("SEC_E_LOGON_DENIED", make(ALICE.but(password="wrong")), Acceptor.acceptor("Negotiate"))
            except Exception as error:
                failures.append(f"{who}: {error}")
    equal(failures, [], "failures")


@check("a MIC required by policy")
def mic_required():
    with policy(ntlm="require_mic = true"):
        established(Pyspnego.initiator(ALICE, "NTLM"), Acceptor.acceptor("Negotiate"))
        established(GssNtlmssp.initiator(ALICE, "Negotiate"), Acceptor.acceptor("Negotiate"))
        denied_by_us("SEC_E_LOGON_DENIED", Impacket.initiator(ALICE, "NTLM"), Acceptor.acceptor("Negotiate"))


@check("the timestamp removed on the way, and with it the MIC")
def timestamp_removed():
    without = lambda: (PyspnegoWithoutMic.initiator(ALICE, "NTLM"), Acceptor.acceptor("NTLM"))  # noqa: E731
    denied_by_us("SEC_E_LOGON_DENIED", *without())
    with policy(ntlm="require_target_info = false"):
        established(*without())


@check("the target name required by policy")
def target_required():
    with policy(ntlm='target_name = "require"\ntarget_names = ["HTTP/server.example.test"]'):
        for make in (Pyspnego, GssNtlmssp):
            established(make.initiator(ALICE, "Negotiate"), Acceptor.acceptor("Negotiate"))
            other = make.initiator(ALICE, "Negotiate", service="cifs", host="other.example.test")
            denied_by_us("SEC_E_TARGET_UNKNOWN", other, Acceptor.acceptor("Negotiate"))
