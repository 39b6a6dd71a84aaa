"""What botocore knows: who we are at AWS, and where its services are. All of it blocks."""

import logging
import os
import threading
from collections.abc import Set as AbstractSet
from typing import Any

import botocore.session
from botocore import UNSIGNED
from botocore.config import Config
from botocore.credentials import (
    Credentials,
    DeferredRefreshableCredentials,
    ReadOnlyCredentials,
    create_assume_role_refresher,
)
from botocore.exceptions import ClientError, NoCredentialsError

from addon.settings.egress_proxy import proxy_for

ROLE_SESSION = "bedrock-batch-proxy"
"""The session name that CloudTrail shows for what we do in a job's role."""

# mitmproxy lets every debug message through, and botocore's hold signatures and session tokens.
logging.getLogger("botocore").setLevel(logging.INFO)
# At this level it tells at each start that it found credentials.
logging.getLogger("botocore.credentials").setLevel(logging.WARNING)


class Aws:
    """The proxy's own AWS chain: variables, profiles, single sign-on, container and instance roles.

    `s3_url` is the S3 endpoint of the configuration, which wins over AWS's own variables. `own` are the
    addresses this process listens on, which are never used as a proxy. Methods raise botocore's errors.
    """

    def __init__(self, s3_url: str | None, own: AbstractSet[tuple[str, int]]) -> None:
        self._s3_url = s3_url
        self._own = own
        self._session = botocore.session.get_session()
        # The chain makes clients of its own, for single sign-on and the roles of profiles.
        self._session.set_default_client_config(self._calls("https://sts.amazonaws.com"))
        self._making = threading.Lock()  # a session makes one client at a time
        self._anonymous: dict[str, Any] = {}
        self._assumed: dict[str, Credentials] = {}
        self._regions: dict[str, str] = {}

    def credentials(self, role: str | None, region: str) -> Credentials:
        """The proxy's own, or those of the role. They renew themselves, and `get_frozen_credentials` gives
        out none that lasts less than ten minutes."""
        if role is None:
            with self._making:
                found = self._session.get_credentials()
            if found is None:
                raise NoCredentialsError
            return found
        if role not in self._assumed:
            with self._making:
                sts = self._session.create_client(
                    "sts", region_name=region, config=self._calls(_address("sts", region))
                )
            refresh = create_assume_role_refresher(sts, {"RoleArn": role, "RoleSessionName": ROLE_SESSION})
            self._assumed[role] = DeferredRefreshableCredentials(refresh, "sts-assume-role")
        return self._assumed[role]

    def region(self, bucket: str, asked: str) -> str:
        """Where the bucket is, as S3 tells anyone who asks for its head; `asked` if it does not tell."""
        if bucket not in self._regions:
            try:
                answer = self._anyone(asked).head_bucket(Bucket=bucket)
            except ClientError as error:
                answer = error.response
            told = answer["ResponseMetadata"]["HTTPHeaders"].get("x-amz-bucket-region")
            if told is None:
                return asked
            self._regions[bucket] = told
        return self._regions[bucket]

    def forget_region(self, bucket: str) -> None:
        """Ask again next time: the bucket may have been deleted and made anew elsewhere."""
        self._regions.pop(bucket, None)

    def s3_endpoint(self, region: str) -> str:
        """S3's URL, without the bucket: the configuration's, else the environment's, else AWS's own."""
        url: str = self._anyone(region).meta.endpoint_url
        return url.rstrip("/")

    def confirm_owner(self, bucket: str, owner: str, keys: ReadOnlyCredentials, region: str) -> None:
        """Have S3 refuse when the bucket is not the account's."""
        self._s3(region, keys).list_objects_v2(Bucket=bucket, MaxKeys=1, ExpectedBucketOwner=owner)

    @property
    def ca_bundle(self) -> str | None:
        """The file of certificates that AWS's tools are told to trust (`AWS_CA_BUNDLE`)."""
        path: str | None = self._session.get_config_variable("ca_bundle")
        return path

    def _anyone(self, region: str) -> Any:
        if region not in self._anonymous:
            self._anonymous[region] = self._s3(region, None)
        return self._anonymous[region]

    def _s3(self, region: str, keys: ReadOnlyCredentials | None) -> Any:
        style: dict[str, Any] = {"s3": {"addressing_style": "path"}}
        if keys is None:
            style["signature_version"] = UNSIGNED
        key, secret, token = (None, None, None) if keys is None else keys[:3]
        with self._making:
            return self._session.create_client(
                "s3",
                region_name=region,
                endpoint_url=self._s3_url,
                config=self._calls(self._s3_url or _address("s3", region)).merge(Config(**style)),
                aws_access_key_id=key,
                aws_secret_access_key=secret,
                aws_session_token=token,
            )

    def _calls(self, url: str) -> Config:
        """Patience and proxies of calls to this address."""
        proxy = proxy_for(url, os.environ, self._own)
        return Config(
            connect_timeout=5,
            read_timeout=30,
            retries={"mode": "standard", "total_max_attempts": 3},
            proxies={}
            if proxy is None
            else {"http": proxy, "https": proxy},  # None would be the environment's
        )


def _address(service: str, region: str) -> str:
    """Where a call will go, as far as the choice of a proxy needs to know it."""
    variables = (f"AWS_ENDPOINT_URL_{service.upper()}", "AWS_ENDPOINT_URL")
    return next(filter(None, map(os.environ.get, variables)), f"https://{service}.{region}.amazonaws.com")
