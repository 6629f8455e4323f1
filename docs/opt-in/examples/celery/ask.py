#!/srv/app/venv/bin/python
import _ssl_backport
_ssl_backport.install()

import json

import tasks


if __name__ == "__main__":
    print(json.dumps(tasks.tell.delay().get(timeout=60)))
