"""Debian's Apache with mod_auth_gssapi: a server that knows NTLM from gss-ntlmssp, within MIT's SPNEGO and by itself."""

import os
import shutil
import signal
import subprocess

import stage

MODULES = "mpm_prefork authn_core authz_core authz_user headers auth_gssapi ssl"


class Apache:
    """Serves a page whose header X-User names the client; over TLS too, with a certificate for server.example.test."""

    def __init__(self):
        self.folder = os.path.join(stage.public, "apache")
        os.makedirs(os.path.join(self.folder, "pages"))
        with open(os.path.join(self.folder, "pages", "index.html"), "w") as f:
            f.write("a page\n")
        users = os.path.join(self.folder, "ntlm-users")
        with open(users, "w", encoding="utf-8") as f:
            f.writelines(f"{stage.DOMAIN}:{user}:{password}\n" for user, password in stage.PASSWORDS.items())
        self.port, self.tls_port = stage.free_port(), stage.free_port()
        self._certificate()
        if os.getuid() == 0:
            shutil.chown(self.folder, "www-data")
        configuration = os.path.join(self.folder, "apache.conf")
        with open(configuration, "w") as f:
            f.write(self._configuration())
        environment = {
            "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "NTLM_USER_FILE": users, "KRB5_KTNAME": "FILE:/dev/null",
            "NETBIOS_COMPUTER_NAME": "SERVER", "NETBIOS_DOMAIN_NAME": stage.DOMAIN,
        }  # fmt: skip
        self.output = open(os.path.join(stage.directory, "apache.log"), "wb")
        self.process = subprocess.Popen(
            ["/usr/sbin/apache2", "-X", "-f", configuration], env=environment, stdin=subprocess.DEVNULL, stdout=self.output,
            stderr=self.output,
        )  # fmt: skip
        stage.wait_for_port(self.port, self.process, "apache2")

    def _certificate(self):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=server.example.test",
             "-addext", "subjectAltName=DNS:server.example.test", "-keyout", f"{self.folder}/key.pem", "-out", f"{self.folder}/cert.pem"],
            check=True, capture_output=True,
        )  # fmt: skip

    def _configuration(self):
        modules = "".join(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n" for name in MODULES.split())
        return f"""{modules}
ServerRoot {self.folder}
ServerName server.example.test
PidFile {self.folder}/pid
Mutex file:{self.folder}
User www-data
Group www-data
ErrorLog {self.folder}/error.log
LogLevel info auth_gssapi:debug
Listen 127.0.0.1:{self.port}
Listen 127.0.0.1:{self.tls_port}
DocumentRoot {self.folder}/pages
KeepAlive On
<Directory {self.folder}/pages>
    AuthType GSSAPI
    AuthName "a name"
    GssapiAllowedMech ntlmssp
    GssapiConnectionBound On
    Require valid-user
    Header set X-User "expr=%{{REMOTE_USER}}"
</Directory>
<VirtualHost 127.0.0.1:{self.tls_port}>
    SSLEngine on
    SSLCertificateFile {self.folder}/cert.pem
    SSLCertificateKeyFile {self.folder}/key.pem
</VirtualHost>
"""

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.output.close()
