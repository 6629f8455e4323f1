"""Jobs of cron.  cron runs with folders of the trial as its folders."""

import os

PACKAGES = {"cron": "cron", "unshare": "util-linux"}
NEEDS_ROOT = True
# Only this cron sees these mounts.
CRON = """\
mount --bind crontabs /var/spool/cron/crontabs &&
mount --bind cron.d /etc/cron.d &&
mount --bind /dev/null /etc/crontab &&
mount -t tmpfs run /run &&
exec cron -f"""


def version(trial):
    shown = trial.run(["dpkg-query", "--show", "--showformat", "${Version}",
                       "cron"])
    return shown.partition("-")[0]


def start(trial, **variables):
    """Start cron.  Return the report of the job's program."""
    for name in ("crontabs", "cron.d"):
        os.makedirs(trial.path(name), exist_ok=True)
        for file in os.listdir(trial.path(name)):
            os.chmod(trial.path(name, file), 0o600)
    trial.start(["unshare", "--mount", "sh", "-c", CRON], **variables)
    return trial.told()


def way_crontab(trial):
    trial.example("cron/crontab", "crontabs/root")
    return start(trial)


def way_variable(trial):
    trial.example("sitecustomize/sitecustomize.py", "start/sitecustomize.py")
    trial.example("cron/program", "cron.d/program")
    return start(trial)


def trap_variable_of_the_shell(trial):
    trial.example("sitecustomize/sitecustomize.py", "start/sitecustomize.py")
    path = trial.example("cron/program", "cron.d/program")
    with open(path) as stream:
        first, job = stream.read().splitlines()
    trial.expect(first.startswith("PYTHONPATH="), first)
    with open(path, "w") as stream:
        stream.write(job + "\n")
    return start(trial, PYTHONPATH=trial.path("start"))
