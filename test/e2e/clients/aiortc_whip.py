#!/usr/bin/python3
# Publishes a made-up picture and tone by WHIP with aiortc and prints what was sent as one line of JSON.
import argparse
import asyncio
import fractions
import json
import time
from urllib.parse import urljoin

import aiohttp
import av
import numpy
from aiortc import RTCPeerConnection, RTCRtpSender, RTCSessionDescription, VideoStreamTrack
from aiortc.mediastreams import AudioStreamTrack

TONE_HZ = 440


def parse_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--video", default="VP8", help="VP8, H264 or none")
    parser.add_argument("--audio", default="opus", help="opus, PCMA, PCMU or none")
    parser.add_argument("--authorization", default="")
    return parser.parse_args()


class StripesTrack(VideoStreamTrack):
    """Stripes that move, 320x240 at 30 frames per second."""

    def __init__(self):
        super().__init__()
        self.count = 0

    async def recv(self):
        pts, time_base = await self.next_timestamp()
        row = (((numpy.arange(320) // 8) + self.count) % 16 * 16).astype(numpy.uint8)
        picture = numpy.repeat(numpy.tile(row, (240, 1))[:, :, None], 3, axis=2)
        frame = av.VideoFrame.from_ndarray(numpy.ascontiguousarray(picture), format="rgb24")
        frame.pts = pts
        frame.time_base = time_base
        self.count += 1
        return frame


class ToneTrack(AudioStreamTrack):
    """A tone at 48 kHz, 20 ms a frame."""

    def __init__(self):
        super().__init__()
        self.position = 0
        self.started = None

    async def recv(self):
        rate, samples = 48000, 960
        if self.started is None:
            self.started = time.monotonic()
        due = self.started + self.position / rate
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        phase = (numpy.arange(samples) + self.position) * (2 * numpy.pi * TONE_HZ / rate)
        wave = (numpy.sin(phase) * 8000).astype(numpy.int16).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(wave, format="s16", layout="mono")
        frame.sample_rate = rate
        frame.pts = self.position
        frame.time_base = fractions.Fraction(1, rate)
        self.position += samples
        return frame


def add_track(connection, track, codec):
    transceiver = connection.addTransceiver(track, direction="sendonly")
    capabilities = RTCRtpSender.getCapabilities(track.kind).codecs
    wanted = f"{track.kind}/{codec}".lower()
    chosen = [each for each in capabilities if each.mimeType.lower() == wanted]
    transceiver.setCodecPreferences(chosen)


async def publish(arguments):
    connection = RTCPeerConnection()
    result = {"status": 0, "connected_ms": -1, "states": []}
    started = time.monotonic()

    @connection.on("connectionstatechange")
    def on_state():
        result["states"].append(connection.connectionState)
        if connection.connectionState == "connected":
            result["connected_ms"] = round((time.monotonic() - started) * 1000)

    if arguments.video != "none":
        add_track(connection, StripesTrack(), arguments.video)
    if arguments.audio != "none":
        add_track(connection, ToneTrack(), arguments.audio)
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
            print(json.dumps({"event": "answered"}), flush=True)
            await asyncio.sleep(arguments.seconds)
            for sender in connection.getSenders():
                for report in (await sender.getStats()).values():
                    if report.type == "outbound-rtp":
                        result[report.kind] = {
                            "packets": report.packetsSent,
                            "bytes": report.bytesSent,
                        }
            async with session.delete(urljoin(arguments.url, location)) as response:
                result["delete_status"] = response.status
        else:
            result["body"] = body
    await connection.close()
    return result


if __name__ == "__main__":
    print(json.dumps(asyncio.run(publish(parse_arguments()))))
