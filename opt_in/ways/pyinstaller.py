"""Programs that PyInstaller makes, as a folder and as one file."""

import json

PROGRAM = "PyInstaller"
FOLDER = ("/srv/app/venv/bin/pyinstaller --runtime-hook hook.py "
          "--hidden-import _ssl_backport.ssl program.py")
FILE = ("/srv/app/venv/bin/pyinstaller --onefile --runtime-hook hook.py "
        "--hidden-import _ssl_backport.ssl program.py")


def make(trial, command):
    """Run PyInstaller, with its cache in the trial's folder."""
    trial.example("pyinstaller/hook.py")
    trial.run(command, PYINSTALLER_CONFIG_DIR=trial.path("cache"))


def way_folder(trial):
    make(trial, FOLDER)
    trial.run("dist/program/program")
    return trial.told()


def way_file(trial):
    make(trial, FILE)
    trial.run("dist/program")
    return trial.told()


def way_spec_file(trial):
    trial.example("pyinstaller/program.spec")
    make(trial, "/srv/app/venv/bin/pyinstaller program.spec")
    trial.run("dist/program/program")
    return trial.told()


def way_ca_from_environment(trial):
    with open(trial.path("settings.json")) as stream:
        settings = json.load(stream)
    make(trial, FILE)
    with open(trial.path("settings.json"), "w") as stream:
        json.dump(dict(settings, ca=None), stream)
    trial.run("dist/program", SSL_CERT_FILE=settings["ca"])
    return trial.told()


def fails(trial, *options):
    """Make and run a program without the hook, which fails.  Return its
    output."""
    with open(trial.path("alone.py"), "w") as stream:
        stream.write("import _ssl_backport\n_ssl_backport.install()\n")
    trial.run([trial.bin("pyinstaller"), "alone.py"] + list(options),
              PYINSTALLER_CONFIG_DIR=trial.path("cache"))
    return trial.run([trial.path("dist", "alone", "alone")], status=255)


def fact_first_lines_come_too_late(trial):
    shown = fails(trial, "--hidden-import", "_ssl_backport.ssl")
    trial.expect("install() was called too late" in shown, shown)


def fact_hidden_import_is_needed(trial):
    shown = fails(trial, "--exclude-module", "certifi")
    trial.expect("--hidden-import _ssl_backport.ssl" in shown, shown)


def fact_library_is_shared(trial):
    shown = trial.run(
        '/srv/app/venv/bin/python -c "import sysconfig; '
        "print(sysconfig.get_config_var('Py_ENABLE_SHARED'))\"")
    trial.expect(shown == "1\n", shown)
