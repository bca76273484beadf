#!/usr/bin/python3
# Watches a stream with aiortc through one of the POST dialects of go2rtc; prints one line of JSON.
import argparse
import asyncio
import base64
import json

import aiohttp
from aiortc import RTCPeerConnection, RTCSessionDescription


def parse_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--dialect", choices=["json", "whep", "form", "raw"], required=True)
    parser.add_argument("--frames", type=int, default=15)
    return parser.parse_args()


async def exchange(session, url, dialect, sdp):
    if dialect == "json":
        async with session.post(url, json={"type": "offer", "sdp": sdp}) as response:
            return response.status, (await response.json())["sdp"]
    if dialect == "form":
        data = {"data": base64.b64encode(sdp.encode()).decode()}
        async with session.post(url, data=data) as response:
            return response.status, base64.b64decode(await response.text()).decode()
    headers = {"Content-Type": "application/sdp" if dialect == "whep" else "text/plain"}
    async with session.post(url, data=sdp, headers=headers) as response:
        return response.status, await response.text()


async def count_frames(track, wanted):
    sizes = set()
    for _ in range(wanted):
        frame = await track.recv()
        sizes.add(f"{frame.width}x{frame.height}" if track.kind == "video" else "sound")
    return sorted(sizes)


async def watch(arguments):
    connection = RTCPeerConnection()
    counts = {}

    @connection.on("track")
    def on_track(track):
        counts[track.kind] = asyncio.ensure_future(count_frames(track, arguments.frames))

    connection.addTransceiver("video", direction="recvonly")
    connection.addTransceiver("audio", direction="recvonly")
    await connection.setLocalDescription(await connection.createOffer())
    async with aiohttp.ClientSession() as session:
        offer = connection.localDescription.sdp
        status, answer = await exchange(session, arguments.url, arguments.dialect, offer)
    await connection.setRemoteDescription(RTCSessionDescription(sdp=answer, type="answer"))
    result = {"status": status}
    for kind, counted in counts.items():
        result[kind] = await asyncio.wait_for(counted, 15)
    await connection.close()
    return result


print(json.dumps(asyncio.run(watch(parse_arguments()))))
