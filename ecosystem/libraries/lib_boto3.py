"""boto3: a listing of S3 buckets from a server with a private CA."""

import boto3
import botocore.config
import botocore.exceptions

import peers

VERSION = boto3.__version__


def client(server="https", ca=peers.CA):
    return boto3.client(
        "s3", endpoint_url=peers.url(server, ""), verify=ca,
        region_name="us-east-1", aws_access_key_id="key",
        aws_secret_access_key="secret", config=botocore.config.Config(
            retries={"max_attempts": 0}, s3={"addressing_style": "path"}))


def same_list_of_buckets():
    return [bucket["Name"] for bucket in client().list_buckets()["Buckets"]]


def same_get_object():
    found = client().get_object(Bucket="bucket", Key="hello")
    return found["Body"].read().decode()


def same_unknown_issuer_is_refused():
    return peers.is_refused(client("https_unknown").list_buckets,
                            botocore.exceptions.SSLError)
