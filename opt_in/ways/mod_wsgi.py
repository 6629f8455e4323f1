"""mod_wsgi in Apache, with install() in the WSGI script."""

import concurrent.futures
import os
import signal
import urllib.error

import trial as trials
import workers

PROGRAM = "mod_wsgi"
PACKAGES = {"apache2": "apache2"}

# The configuration that includes the page's file, like Debian's apache2.conf.
SERVER = """\
ServerRoot {folder}
ServerName localhost
DefaultRuntimeDir {folder}
PidFile {folder}/apache2.pid
Mutex file:{folder}
ErrorLog "|/bin/cat"
Listen 127.0.0.1:{port}
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule ssl_module {modules}/mod_ssl.so
Include {folder}/{name}
WSGISocketPrefix {folder}/wsgi
Listen 127.0.0.1:{https}
<VirtualHost 127.0.0.1:{https}>
    SSLEngine on
    SSLCertificateFile {certs}/localhost.pem
    SSLCertificateKeyFile {certs}/localhost.pem
</VirtualHost>
"""
MODULES = "/usr/lib/apache2/modules"
GLOBAL = " application-group=%{GLOBAL}"

# Apache's workers do not run as root, and another user may not be allowed to
# read root's Python.
USER = "www-data"
AS_USER = ["setpriv", "--reuid", USER, "--regid", USER, "--clear-groups",
           "--inh-caps", "+dac_override", "--ambient-caps", "+dac_override"]


def prepare(trial, name="app.conf"):
    """Copy the files into the folder.  Return the port of Apache's HTTPS."""
    trial.example("mod-wsgi/wsgi.py")
    trial.example("mod-wsgi/" + name)
    https = trials.free_port()
    with open(trial.path("server.conf"), "w") as stream:
        stream.write(SERVER.format(
            folder=trial.folder, port=trial.port, https=https, name=name,
            modules=MODULES, certs=trials.CERTS))
    return https


def start(trial):
    """Start Apache."""
    command = [trials.find("apache2"), "-D", "FOREGROUND",
               "-f", trial.path("server.conf")]
    trial.start((AS_USER if os.geteuid() == 0 else []) + command)


def url(trial, path):
    return "http://127.0.0.1:%d%s" % (trial.port, path)


def way_daemon_process(trial):
    prepare(trial)
    start(trial)
    return trial.get()


def way_https_by_mod_ssl(trial):
    https = prepare(trial)
    start(trial)
    return workers.get_by_https(trial, https)


def fact_log_shows_it_without_request(trial):
    prepare(trial)
    start(trial)

    def is_shown():
        with open(trial.log.name) as stream:
            return "_ssl_backport/ssl.py" in stream.read()

    trial.wait(is_shown, "Apache's log does not show the backport")


def fact_each_process_imports_it(trial):
    workers.preload(trial)
    prepare(trial)
    start(trial)
    for pid, told in workers.told_by_workers(trial).items():
        trial.expect(trials.is_backport(told) and told["importer"] == pid,
                     "process %d reported %s" % (pid, told))


def way_interpreter_of_its_own(trial):
    prepare(trial)
    workers.edit(trial, "app.conf", GLOBAL, "")
    start(trial)
    return trial.get()


def way_one_interpreter_of_two(trial):
    prepare(trial, "interpreters.conf")
    start(trial)
    trial.get(url(trial, "/old"))
    return trial.get(url(trial, "/new"))


def trap_other_interpreter(trial):
    prepare(trial, "interpreters.conf")
    start(trial)
    trial.get(url(trial, "/new"))
    return trial.get(url(trial, "/old"))


def fact_global_beside_others_is_confused(trial):
    """A request for the interpreter %{GLOBAL} runs in another interpreter,
    which has imported Python's own ssl."""
    prepare(trial, "interpreters.conf")
    workers.edit(trial, "interpreters.conf", "application-group=new",
                 GLOBAL.strip())
    start(trial)

    def ask(path):
        try:
            return trial.get(url(trial, path))
        except urllib.error.HTTPError as error:
            return error

    trial.get(url(trial, "/old"))
    with concurrent.futures.ThreadPoolExecutor(workers.AT_ONCE) as pool:
        for path in "/old", "/new":
            answers = list(pool.map(ask, [path] * 5 * workers.AT_ONCE))
    trial.expect(any(isinstance(answer, Exception) for answer in answers),
                 "each request ran in its own interpreter")


def reload_and_get(trial, reload):
    """Reload the application.  Return the report of a new process."""
    workers.preload(trial)
    prepare(trial)
    start(trial)
    old = workers.told_by_workers(trial)
    reload()
    answers = []

    def is_new():
        try:
            answers.append(trial.get())
        except urllib.error.HTTPError as error:
            if error.code != 503:  # the application is not ready yet
                raise
            return False
        return answers[-1]["pid"] not in old

    trial.wait(is_new, "the old process answers")
    return answers[-1]


def way_script_touched(trial):
    return reload_and_get(trial, lambda: os.utime(trial.path("wsgi.py")))


def way_graceful(trial):
    return reload_and_get(trial, lambda: os.kill(
        workers.read_pid(trial, "apache2.pid"), signal.SIGUSR1))


def fact_too_late(trial):
    prepare(trial)
    workers.edit(trial, "wsgi.py", "import _ssl_backport",
                 "import urllib2\nimport _ssl_backport")
    start(trial)
    try:
        trial.get()
        trial.expect(False, "the application answered")
    except urllib.error.HTTPError as error:
        trial.expect(error.code == 500, str(error))
    with open(trial.log.name) as stream:
        trial.expect("was called too late" in stream.read(),
                     "the log has no reason")
