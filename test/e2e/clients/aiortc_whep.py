#!/usr/bin/python3
# Plays a WHEP stream with aiortc and prints what arrived as one line of JSON.
import argparse
import asyncio
import json
import time
from urllib.parse import urljoin

import aiohttp
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError


def parse_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--kinds", default="video,audio")
    parser.add_argument("--authorization", default="")
    return parser.parse_args()


async def count_frames(track, report):
    """Reads a track until it ends; a decoder's complaint is kept, not raised."""
    try:
        while True:
            frame = await track.recv()
            report["frames"] += 1
            if track.kind == "video":
                report["width"] = frame.width
                report["height"] = frame.height
            else:
                report["samples"] = report.get("samples", 0) + frame.samples
    except MediaStreamError:
        pass
    except Exception as error:  # noqa: BLE001: whatever a decoder throws is a finding
        report["error"] = repr(error)


async def codec_names(connection, result):
    for transceiver in connection.getTransceivers():
        codecs = getattr(transceiver, "_codecs", [])
        if codecs and transceiver.kind in result:
            result[transceiver.kind]["codec"] = codecs[0].mimeType


async def play(arguments):
    connection = RTCPeerConnection()
    result = {"status": 0, "connected_ms": -1, "states": []}
    started = time.monotonic()
    readers = []

    @connection.on("connectionstatechange")
    def on_state():
        result["states"].append(connection.connectionState)
        if connection.connectionState == "connected":
            result["connected_ms"] = round((time.monotonic() - started) * 1000)

    @connection.on("track")
    def on_track(track):
        report = {"frames": 0}
        result[track.kind] = report
        readers.append(asyncio.ensure_future(count_frames(track, report)))

    for kind in arguments.kinds.split(","):
        connection.addTransceiver(kind, direction="recvonly")
    await connection.setLocalDescription(await connection.createOffer())
    headers = {"Content-Type": "application/sdp"}
    if arguments.authorization:
        headers["Authorization"] = arguments.authorization
    async with aiohttp.ClientSession() as session:
        offer = connection.localDescription.sdp
        async with session.post(arguments.url, data=offer, headers=headers) as response:
            result["status"] = response.status
            body = await response.text()
            location = response.headers.get("Location", "")
        if result["status"] == 201:
            await connection.setRemoteDescription(RTCSessionDescription(sdp=body, type="answer"))
            await asyncio.sleep(arguments.seconds)
            await codec_names(connection, result)
            async with session.delete(urljoin(arguments.url, location)) as response:
                result["delete_status"] = response.status
        else:
            result["body"] = body
    await connection.close()
    for reader in readers:
        reader.cancel()
    return result


if __name__ == "__main__":
    print(json.dumps(asyncio.run(play(parse_arguments()))))
