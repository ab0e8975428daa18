"""How is a call to Amazon (or to what speaks its language) signed? By botocore, an optional extra.

Signature Version 4; the library is imported at the first call, so that both adapters are listed
without it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import replace

from channels.errors import BadCredentials, Unsupported
from channels.request import HttpRequest

AWS_FIELDS = {
    "access_key_id": False,
    "secret_access_key": True,
    "region": False,
    "api_base": False,
}
# Signatures, and what they were made of, stand in its debug lines.
logging.getLogger("botocore.auth").setLevel(logging.INFO)
MISSING = "Amazon's library is not installed on the server: pip install '.[aws]'"


def signed(request: HttpRequest, credentials: Mapping[str, str], service: str) -> HttpRequest:
    """Add the signature's headers; raises Unsupported where the extra is missing.

    The region is part of the host's name, hence BadCredentials for anything but a name.
    """
    if not re.fullmatch(r"[a-z0-9-]+", credentials["region"]):
        raise BadCredentials("the region is not a name such as eu-west-1")
    try:
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials
    except ImportError as error:
        raise Unsupported(MISSING) from error
    key = Credentials(credentials["access_key_id"], credentials["secret_access_key"])
    written = AWSRequest(
        method=request.method, url=request.url, data=request.body, headers=dict(request.headers)
    )
    SigV4Auth(key, service, credentials["region"]).add_auth(written)
    return replace(request, headers=dict(written.headers.items()))
