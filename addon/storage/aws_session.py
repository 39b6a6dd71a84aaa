"""Bucket regions, endpoints and owners, from botocore. Every call blocks."""

from collections.abc import Set as AbstractSet
from typing import Any

from botocore import UNSIGNED
from botocore.config import Config
from botocore.credentials import Credentials, ReadOnlyCredentials
from botocore.exceptions import ClientError

from addon.storage.aws_credentials import AwsCredentials, Chain, address


class AwsSession:
    """The settings and credentials for S3 that AWS's tools use.

    `s3_url` is the S3 endpoint of the configuration, which wins over AWS's own variables. `own` are the
    addresses this process listens on, which are never used as a proxy. Methods raise botocore's errors.
    """

    def __init__(self, s3_url: str | None, own: AbstractSet[tuple[str, int]]) -> None:
        self._s3_url = s3_url
        self._aws = AwsCredentials(own)
        self._anonymous_clients: dict[str, Any] = {}
        self._regions: dict[str, str] = {}

    def chain(self) -> Chain:
        """The chain of credentials in use."""
        return self._aws.current()

    def credentials(self, role: str | None, region: str) -> Credentials:
        """The proxy's own, or the role's."""
        return self._aws.current().credentials(role, region)

    def forget_credentials(self, refused: Chain) -> None:
        """Look for credentials again at the next call."""
        self._aws.forget(refused)

    def has_another_key(self, refused: Chain) -> bool:
        """Look for credentials again; whether another key is found than the refused one."""
        return self._aws.has_another_key(refused)

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
        return self._aws.current().setting("ca_bundle")

    def _anonymous_client(self, region: str) -> Any:
        if region not in self._anonymous_clients:
            self._anonymous_clients[region] = self._s3(region, None)
        return self._anonymous_clients[region]

    def _s3(self, region: str, keys: ReadOnlyCredentials | None) -> Any:
        style: dict[str, Any] = {"s3": {"addressing_style": "path"}}
        if keys is None:
            style["signature_version"] = UNSIGNED
        key, secret, token = (None, None, None) if keys is None else keys[:3]
        return self._aws.current().client(
            "s3",
            self._s3_url or address("s3", region),
            config=Config(**style),
            region_name=region,
            endpoint_url=self._s3_url,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            aws_session_token=token,
        )
