#!/usr/bin/python3
"""Calls every control-plane operation with boto3 and prints one line of JSON of what came."""
import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

endpoint, region, key, secret = sys.argv[1:5]
config = Config(retries={"total_max_attempts": 1})


def client(service, url, key_id=key, secret_key=secret):
    return boto3.client(
        service,
        region_name=region,
        endpoint_url=url,
        aws_access_key_id=key_id,
        aws_secret_access_key=secret_key,
        config=config,
    )


report = {"errors": {}}


def fails(name, call, **arguments):
    """Notes code, status and the class of the error."""
    try:
        call(**arguments)
        report["errors"][name] = None
    except ClientError as error:
        report["errors"][name] = [
            error.response["Error"]["Code"],
            error.response["ResponseMetadata"]["HTTPStatusCode"],
            type(error).__name__,
        ]


video = client("kinesisvideo", endpoint)
arn = video.create_signaling_channel(
    ChannelName="boto-channel",
    SingleMasterConfiguration={"MessageTtlSeconds": 30},
)["ChannelARN"]
info = video.describe_signaling_channel(ChannelName="boto-channel")["ChannelInfo"]
report["channel"] = {
    "isSameArn": info["ChannelARN"] == arn,
    "status": info["ChannelStatus"],
    "ttl": info["SingleMasterConfiguration"]["MessageTtlSeconds"],
    "year": info["CreationTime"].year,
}
listed = video.list_signaling_channels(
    ChannelNameCondition={"ComparisonOperator": "BEGINS_WITH", "ComparisonValue": "boto"}
)
report["listed"] = [each["ChannelName"] for each in listed["ChannelInfoList"]]
endpoints = {}
for role in ("MASTER", "VIEWER"):
    answer = video.get_signaling_channel_endpoint(
        ChannelARN=arn,
        SingleMasterChannelEndpointConfiguration={"Protocols": ["WSS", "HTTPS"], "Role": role},
    )
    endpoints[role] = {
        each["Protocol"]: each["ResourceEndpoint"] for each in answer["ResourceEndpointList"]
    }
report["endpoints"] = endpoints
signaling = client("kinesis-video-signaling", endpoints["VIEWER"]["HTTPS"])
report["iceServers"] = signaling.get_ice_server_config(ChannelARN=arn, ClientId="boto")[
    "IceServerList"
]
stream_arn = video.create_stream(
    StreamName="boto-stream", DataRetentionInHours=24, MediaType="video/h264,audio/aac"
)["StreamARN"]
stream = video.describe_stream(StreamARN=stream_arn)["StreamInfo"]
report["stream"] = {
    "name": stream["StreamName"],
    "status": stream["Status"],
    "retention": stream["DataRetentionInHours"],
    "mediaType": stream["MediaType"],
}
report["dataEndpoint"] = video.get_data_endpoint(APIName="PUT_MEDIA", StreamName="boto-stream")[
    "DataEndpoint"
]
fails("again", video.create_stream, StreamName="boto-stream")
fails("channelAgain", video.create_signaling_channel, ChannelName="boto-channel")
fails("noChannel", video.describe_signaling_channel, ChannelName="absent")
fails("noStream", video.describe_stream, StreamName="absent")
fails("noName", video.describe_stream)
fails("noEndpoint", video.get_data_endpoint, APIName="PUT_MEDIA", StreamName="absent")
fails("version", video.delete_signaling_channel, ChannelARN=arn, CurrentVersion="other")
video.delete_signaling_channel(ChannelARN=arn)
fails("deleted", signaling.get_ice_server_config, ChannelARN=arn)
wrong = client("kinesisvideo", endpoint, secret_key="wrong")
fails("wrongSecret", wrong.describe_stream, StreamName="boto-stream")
stranger = client("kinesisvideo", endpoint, key_id="AKIASTRANGER")
fails("unknownKey", stranger.describe_stream, StreamName="boto-stream")
print(json.dumps(report))
