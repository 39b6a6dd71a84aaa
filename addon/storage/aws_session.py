"""AWS credentials, bucket regions and endpoints, from botocore. Every call blocks."""

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
"""The session name in CloudTrail for calls made with a job's role."""

# mitmproxy lets every debug message through, and botocore's hold signatures and session tokens.
logging.getLogger("botocore").setLevel(logging.INFO)
# At INFO it logs at each start that it found credentials.
logging.getLogger("botocore.credentials").setLevel(logging.WARNING)


class AwsSession:
    """The proxy's own AWS chain: variables, profiles, single sign-on, container and instance roles.

    `s3_url` is the S3 endpoint of the configuration, which wins over AWS's own variables. `own` are the
    addresses this process listens on, which are never used as a proxy. Methods raise botocore's errors.
    """

    def __init__(self, s3_url: str | None, own: AbstractSet[tuple[str, int]]) -> None:
        self._s3_url = s3_url
        self._own = own
        self._session = botocore.session.get_session()
        # The credential chain creates clients itself, for single sign-on and the roles of profiles.
        self._session.set_default_client_config(self._client_config("https://sts.amazonaws.com"))
        self._session_lock = threading.Lock()  # botocore's session is not thread-safe
        self._anonymous_clients: dict[str, Any] = {}
        self._assumed: dict[str, Credentials] = {}
        self._regions: dict[str, str] = {}

    def credentials(self, role: str | None, region: str) -> Credentials:
        """The proxy's own, or the role's. They are renewed when needed: `get_frozen_credentials` returns none
        that expires within ten minutes."""
        if role is None:
            with self._session_lock:
                found = self._session.get_credentials()
            if found is None:
                raise NoCredentialsError
            return found
        if role not in self._assumed:
            with self._session_lock:
                sts = self._session.create_client(
                    "sts", region_name=region, config=self._client_config(_address("sts", region))
                )
            refresh = create_assume_role_refresher(sts, {"RoleArn": role, "RoleSessionName": ROLE_SESSION})
            self._assumed[role] = DeferredRefreshableCredentials(refresh, "sts-assume-role")
        return self._assumed[role]

    def region(self, bucket: str, default: str) -> str:
        """The bucket's region, which S3 reports even to anonymous HEAD requests; `default` if it does not."""
        if bucket not in self._regions:
            try:
                response = self._anonymous_client(default).head_bucket(Bucket=bucket)
            except ClientError as error:
                response = error.response
            region = response["ResponseMetadata"]["HTTPHeaders"].get("x-amz-bucket-region")
            if region is None:
                return default
            self._regions[bucket] = region
        return self._regions[bucket]

    def forget_region(self, bucket: str) -> None:
        """Drop the cached region: the bucket may have been deleted and created in another one."""
        self._regions.pop(bucket, None)

    def s3_endpoint(self, region: str) -> str:
        """S3's URL without the bucket: the configuration's, else the environment's, else AWS's own."""
        url: str = self._anonymous_client(region).meta.endpoint_url
        return url.rstrip("/")

    def confirm_owner(self, bucket: str, owner: str, keys: ReadOnlyCredentials, region: str) -> None:
        """Raise `ClientError` when the bucket does not belong to the account."""
        self._s3(region, keys).list_objects_v2(Bucket=bucket, MaxKeys=1, ExpectedBucketOwner=owner)

    @property
    def ca_bundle(self) -> str | None:
        """The file of trusted certificates for AWS's tools (`AWS_CA_BUNDLE`)."""
        path: str | None = self._session.get_config_variable("ca_bundle")
        return path

    def _anonymous_client(self, region: str) -> Any:
        if region not in self._anonymous_clients:
            self._anonymous_clients[region] = self._s3(region, None)
        return self._anonymous_clients[region]

    def _s3(self, region: str, keys: ReadOnlyCredentials | None) -> Any:
        style: dict[str, Any] = {"s3": {"addressing_style": "path"}}
        if keys is None:
            style["signature_version"] = UNSIGNED
        key, secret, token = (None, None, None) if keys is None else keys[:3]
        with self._session_lock:
            return self._session.create_client(
                "s3",
                region_name=region,
                endpoint_url=self._s3_url,
                config=self._client_config(self._s3_url or _address("s3", region)).merge(Config(**style)),
                aws_access_key_id=key,
                aws_secret_access_key=secret,
                aws_session_token=token,
            )

    def _client_config(self, url: str) -> Config:
        """Time-outs, retries and proxy of calls to this address."""
        proxy = proxy_for(url, os.environ, self._own)
        proxies = {} if proxy is None else {"http": proxy, "https": proxy}  # None would be the environment's
        retries = {"mode": "standard", "total_max_attempts": 3}
        return Config(connect_timeout=5, read_timeout=30, retries=retries, proxies=proxies)


def _address(service: str, region: str) -> str:
    """The address of a service's calls, precise enough to choose their proxy."""
    variables = (f"AWS_ENDPOINT_URL_{service.upper()}", "AWS_ENDPOINT_URL")
    return next(filter(None, map(os.environ.get, variables)), f"https://{service}.{region}.amazonaws.com")
