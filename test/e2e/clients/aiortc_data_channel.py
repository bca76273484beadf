#!/usr/bin/python3
# Answers an offer with a data channel. Reads {"sdp"} from its input, prints one line of JSON per event.
#   echo: text comes back with "echo " in front; "send N" asks for N numbered binary messages, and
#         binary messages of the other end are counted until "count".
#   h265: the camera of Tuya's channel `fmp4Stream`: RTP packets of ffmpeg as binary messages.
import argparse
import asyncio
import json
import re
import struct
import sys

import aioice.ice
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

MESSAGE_BYTES = 1200
VIDEO_SSRC = 0x10203040
FPS = 15

# The machine's other addresses are not always reachable from itself.
aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: ["127.0.0.1"]


def parse_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("mode", choices=["echo", "h265"])
    parser.add_argument("--role", choices=["client", "server"], default="client", help="of DTLS")
    parser.add_argument("--refuse", action="store_true", help="answers with port 0")
    return parser.parse_args()


def tell(event, **facts):
    print(json.dumps({"event": event, **facts}), flush=True)


class Echo:
    def __init__(self, channel):
        self.channel = channel
        self.numbers = []
        self.sizes = set()

    async def take(self, message):
        if not isinstance(message, str):
            self.numbers.append(struct.unpack("!I", message[:4])[0])
            self.sizes.add(len(message))
        elif message == "count":
            in_order = self.numbers == list(range(len(self.numbers)))
            tell("count", count=len(self.numbers), inOrder=in_order, sizes=sorted(self.sizes))
        elif message.startswith("send "):
            for number in range(int(message[5:])):
                self.channel.send(struct.pack("!I", number) + bytes(MESSAGE_BYTES - 4))
        elif message == "close":
            self.channel.close()
        else:
            self.channel.send("echo " + message)


class Tap(asyncio.DatagramProtocol):
    def __init__(self, take):
        self.take = take

    def datagram_received(self, data, address):
        if len(data) >= 12 and not 192 <= data[1] <= 223:
            self.take(data)


class Camera:
    def __init__(self, channel):
        self.channel = channel
        self.is_recording = False

    async def take(self, message):
        fields = json.loads(message)
        assert isinstance(fields["msg"], str), "msg must be text"
        tell("message", type=fields["type"], msg=fields["msg"])
        if fields["type"] == "codec":
            self.say("codec", "")
        elif fields["type"] == "start" and fields["msg"] == "frame":
            self.say("recv", json.dumps({"video": {"ssrc": VIDEO_SSRC}}))
            await self.start()
        elif fields["type"] == "complete":
            self.is_recording = True

    def say(self, kind, msg):
        self.channel.send(json.dumps({"type": kind, "msg": msg}))

    def forward(self, packet):
        if self.is_recording and self.channel.readyState == "open":
            self.channel.send(packet)

    async def start(self):
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: Tap(self.forward), local_addr=("127.0.0.1", 0)
        )
        port = transport.get_extra_info("sockname")[1]
        source = f"testsrc=size=320x180:rate={FPS}"
        x265 = f"keyint={FPS}:min-keyint={FPS}:bframes=0:repeat-headers=1:pools=1:log-level=none"
        arguments = ["-nostdin", "-v", "error", "-re", "-f", "lavfi", "-i", source]
        arguments += ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", x265]
        arguments += ["-pix_fmt", "yuv420p", "-ssrc", str(VIDEO_SSRC), "-f", "rtp"]
        self.process = await asyncio.create_subprocess_exec(
            "ffmpeg",
            *arguments,
            f"rtp://127.0.0.1:{port}?pkt_size=1200",
            stdout=asyncio.subprocess.DEVNULL,
        )

    def stop(self):
        self.process.kill()


async def read_line():
    return await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)


async def main():
    arguments = parse_arguments()
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    users = []
    tasks = set()

    @connection.on("datachannel")
    def on_channel(channel):
        tell(
            "channel",
            label=channel.label,
            id=channel.id,
            ordered=channel.ordered,
            retransmits=channel.maxRetransmits,
            protocol=channel.protocol,
        )
        user = Echo(channel) if arguments.mode == "echo" else Camera(channel)
        users.append(user)

        @channel.on("message")
        def on_message(message):
            task = asyncio.ensure_future(user.take(message))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        @channel.on("close")
        def on_close():
            tell("closed")

    @connection.on("connectionstatechange")
    def on_state():
        tell("state", state=connection.connectionState)

    offer = json.loads(await read_line())
    await connection.setRemoteDescription(RTCSessionDescription(sdp=offer["sdp"], type="offer"))
    for transport in {t._transport for t in connection.getTransceivers()} | {
        connection.sctp.transport
    }:
        transport._set_role(arguments.role)
    await connection.setLocalDescription(await connection.createAnswer())
    sdp = connection.localDescription.sdp
    if arguments.refuse:
        sdp = re.sub(r"^m=application \d+", "m=application 0", sdp, flags=re.MULTILINE)
    tell("answer", sdp=sdp)
    await read_line()
    for user in users:
        if isinstance(user, Camera):
            user.stop()
    await connection.close()


asyncio.run(main())
