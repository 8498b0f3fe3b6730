"""Whether the service in this container takes streams: exit status 0 if so, else 1 and why.

It needs no more than Python's standard library, and knows the service only by its `/readyz`.
"""

import json
import os
import sys
from http.client import HTTPException
from urllib.request import ProxyHandler, build_opener

TIMEOUT_S = 2


def main() -> int:
    """Asks the service once, and returns the exit status."""
    url = f"http://127.0.0.1:{os.environ.get('POSEWIRE_PORT', '8000')}/readyz"
    try:
        # An answer other than 2xx is an HTTPError, which is an OSError.
        # Docker may hand a proxy's address to every container; it is not for this one's own port.
        with build_opener(ProxyHandler({})).open(url, timeout=TIMEOUT_S) as answer:
            said = json.load(answer)
    except (OSError, HTTPException, ValueError) as error:
        print(f"{url} does not answer as it should: {error}", file=sys.stderr)
        return 1
    if isinstance(said, dict) and said.get("ready") is True:
        return 0
    print(f"{url} should say that it is ready, but says {said}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
