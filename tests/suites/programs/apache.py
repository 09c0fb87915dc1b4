"""Debian's Apache, which says in a header X-User who a page's client is. `Gssapi` is the one with mod_auth_gssapi: a server that
knows NTLM from gss-ntlmssp, within MIT's SPNEGO and by itself; `Kerberos` is the one that knows MIT's Kerberos alone."""

import os
import shutil
import signal
import subprocess

import stage

MODULES = "mpm_prefork authn_core authz_core authz_user headers"
USER = "www-data"


class Apache:
    """`modules`: further ones of Debian's; `settings` and `protection`: lines for the server and for the folder `pages`."""

    def __init__(self, name, modules="", settings="", protection="", environment=None):
        self.folder = os.path.join(stage.public, name)
        os.makedirs(os.path.join(self.folder, "pages"), exist_ok=True)
        with open(os.path.join(self.folder, "pages", "index.html"), "w") as f:
            f.write("a page\n")
        self.port = stage.free_port()
        if os.getuid() == 0:
            shutil.chown(self.folder, USER)
        configuration = os.path.join(self.folder, "apache.conf")
        with open(configuration, "w") as f:
            f.write(self._configuration(f"{MODULES} {modules}", settings, protection))
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **(environment or {})}
        self.output = open(os.path.join(stage.directory, f"{name}.log"), "wb")
        self.process = subprocess.Popen(
            ["/usr/sbin/apache2", "-D", "FOREGROUND", "-f", configuration], env=environment, stdin=subprocess.DEVNULL,
            stdout=self.output, stderr=self.output, start_new_session=True,  # when it ends, it ends its process group
        )  # fmt: skip
        stage.wait_for_port(self.port, self.process, "apache2")

    def _configuration(self, modules, settings, protection):
        modules = "".join(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n" for name in modules.split())
        return f"""{modules}
ServerRoot {self.folder}
ServerName server.example.test
PidFile {self.folder}/pid
Mutex file:{self.folder}
User {USER}
Group {USER}
ErrorLog {self.folder}/error.log
LogLevel info
Listen 127.0.0.1:{self.port}
DocumentRoot {self.folder}/pages
KeepAlive On
{settings}
<Directory {self.folder}/pages>
    {protection}
    Header set X-User "expr=%{{REMOTE_USER}}"
</Directory>
"""

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.output.close()


class Gssapi(Apache):
    """Over TLS too, with a certificate for server.example.test."""

    def __init__(self):
        folder = os.path.join(stage.public, "apache")
        os.makedirs(folder)
        users = os.path.join(folder, "ntlm-users")
        with open(users, "w", encoding="utf-8") as f:
            f.writelines(f"{stage.DOMAIN}:{user}:{password}\n" for user, password in stage.PASSWORDS.items())
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=server.example.test",
             "-addext", "subjectAltName=DNS:server.example.test", "-keyout", f"{folder}/key.pem", "-out", f"{folder}/cert.pem"],
            check=True, capture_output=True,
        )  # fmt: skip
        self.tls_port = stage.free_port()
        settings = f"""
LogLevel auth_gssapi:debug
Listen 127.0.0.1:{self.tls_port}
<VirtualHost 127.0.0.1:{self.tls_port}>
    SSLEngine on
    SSLCertificateFile {folder}/cert.pem
    SSLCertificateKeyFile {folder}/key.pem
</VirtualHost>
"""
        protection = """
    AuthType GSSAPI
    AuthName "a name"
    GssapiAllowedMech ntlmssp
    GssapiConnectionBound On
    Require valid-user
"""
        environment = {
            "NTLM_USER_FILE": users, "KRB5_KTNAME": "FILE:/dev/null", "NETBIOS_COMPUTER_NAME": "SERVER",
            "NETBIOS_DOMAIN_NAME": stage.DOMAIN,
        }  # fmt: skip
        super().__init__("apache", "auth_gssapi ssl", settings, protection, environment)


class Kerberos(Apache):
    """HTTP/server.example.test of the realm."""

    def __init__(self):
        folder = os.path.join(stage.public, "apache-kerberos")
        os.makedirs(folder)
        for file in ("http.keytab", "krb5.conf"):
            shutil.copy(stage.realm_file(file), folder)
            if os.getuid() == 0:
                shutil.chown(os.path.join(folder, file), USER)
        protection = f"""
    AuthType GSSAPI
    AuthName "a name"
    GssapiAllowedMech krb5
    GssapiCredStore keytab:{folder}/http.keytab
    Require valid-user
"""
        environment = {"KRB5_CONFIG": f"{folder}/krb5.conf", "KRB5RCACHEDIR": folder}
        super().__init__("apache-kerberos", "auth_gssapi", "LogLevel auth_gssapi:debug", protection, environment)
