#!/usr/bin/python3
# A Tuya camera as the vendor's WebRTC document describes it: paho for MQTT, aiortc for media, ffmpeg for H.265.
# Prints one line of JSON per event; knows nothing of the server under test.
import argparse
import asyncio
import fractions
import json
import re
import signal
import ssl
import time

import aioice.ice
import av
import numpy
import paho.mqtt.client as mqtt
from aiortc import (
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
    VideoStreamTrack,
)
from aiortc.mediastreams import AudioStreamTrack, MediaStreamError
from aiortc.sdp import candidate_from_sdp

MESSAGE_LIMIT_BYTES = 8192
SESSION_ID_CHARS = 32
SIZES = {0: (640, 360), 1: (320, 180)}
FIRST_CANDIDATE_SECONDS = 5
MAX_TEXT = 200

# The machine's other addresses are not always reachable from itself.
aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: ["127.0.0.1"]


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="localhost")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--ca", help="authority of the broker's certificate; absent = no TLS")
    parser.add_argument("--username", default="")
    parser.add_argument("--password", default="")
    parser.add_argument("--client-id", default="")
    parser.add_argument("--device-id", required=True)
    parser.add_argument("--moto-id", default="moto_test001")
    parser.add_argument("--auth", required=True, help="value that offers must carry")
    parser.add_argument("--fps", type=int, default=15)
    quirks = parser.add_argument_group("quirks of firmware")
    quirks.add_argument("--time-unit", choices=["s", "ms"], default="s")
    quirks.add_argument("--sub-device", default="", help="node behind an NVR that offers must name")
    quirks.add_argument("--trickle", action="store_true", help="candidates only after the answer")
    quirks.add_argument("--hang-up-after", type=float, default=0, help="seconds; 0 = never")
    quirks.add_argument("--foreign-session", action="store_true")
    quirks.add_argument("--junk", action="store_true", help="malformed messages before the answer")
    quirks.add_argument("--silent", action="store_true", help="never answers")
    quirks.add_argument("--answer-delay", type=float, default=0, help="seconds")
    quirks.add_argument("--no-audio", action="store_true")
    quirks.add_argument("--no-resolution", action="store_true", help="ignores message 312")
    quirks.add_argument("--h265", action="store_true", help="media over the data channel")
    quirks.add_argument("--lenient", action="store_true", help="takes offers that firmware does not")
    return parser.parse_args()


def tell(event, **facts):
    print(json.dumps({"event": event, **facts}), flush=True)


class PictureTrack(VideoStreamTrack):
    """Stripes that move; the size follows `stream_type`."""

    def __init__(self, stream_type, fps):
        super().__init__()
        self.stream_type = stream_type
        self.fps = fps
        self.count = 0
        self.started = None

    async def recv(self):
        if self.readyState != "live":
            raise MediaStreamError
        now = time.monotonic()
        self.started = self.started or now
        due = self.started + self.count / self.fps
        await asyncio.sleep(max(0.0, due - now))
        width, height = SIZES[self.stream_type]
        row = (((numpy.arange(width) // 16) + self.count) % 16 * 16).astype(numpy.uint8)
        picture = numpy.repeat(numpy.tile(row, (height, 1))[:, :, None], 3, axis=2)
        frame = av.VideoFrame.from_ndarray(numpy.ascontiguousarray(picture), format="rgb24")
        frame.pts = self.count * 90000 // self.fps
        frame.time_base = fractions.Fraction(1, 90000)
        self.count += 1
        return frame


class ToneTrack(AudioStreamTrack):
    """440 Hz at 8 kHz, 20 ms a frame."""

    def __init__(self):
        super().__init__()
        self.position = 0
        self.started = None

    async def recv(self):
        if self.readyState != "live":
            raise MediaStreamError
        rate, samples = 8000, 160
        self.started = self.started or time.monotonic()
        due = self.started + self.position / rate
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        phase = (numpy.arange(samples) + self.position) * (2 * numpy.pi * 440 / rate)
        wave = (numpy.sin(phase) * 8000).astype(numpy.int16).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(wave, format="s16", layout="mono")
        frame.sample_rate = rate
        frame.pts = self.position
        frame.time_base = fractions.Fraction(1, rate)
        self.position += samples
        return frame


class RtpTap(asyncio.DatagramProtocol):
    """Takes whole RTP packets of ffmpeg; RTCP is not for viewers."""

    def __init__(self, take):
        self.take = take

    def datagram_received(self, data, address):
        if len(data) >= 12 and not 192 <= data[1] <= 223:
            self.take(data)


class H265Source:
    """An ffmpeg that sends H.265 and PCMU as RTP to this process."""

    def __init__(self):
        self.process = None
        self.transports = []
        self.ssrcs = {"video": 0x10203040, "audio": 0x50607080}

    async def start(self, fps, has_audio, take):
        loop = asyncio.get_running_loop()
        ports = []
        for _ in range(2 if has_audio else 1):
            transport, _ = await loop.create_datagram_endpoint(
                lambda: RtpTap(take), local_addr=("127.0.0.1", 0)
            )
            self.transports.append(transport)
            ports.append(transport.get_extra_info("sockname")[1])
        rtp = "rtp://127.0.0.1:{}?pkt_size=1200"
        video = f"testsrc=size=320x180:rate={fps}"
        x265 = f"keyint={fps}:min-keyint={fps}:bframes=0:repeat-headers=1:pools=1:log-level=none"
        arguments = ["-nostdin", "-v", "error", "-re", "-f", "lavfi", "-i", video]
        if has_audio:
            arguments += ["-re", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=8000"]
        arguments += ["-map", "0:v", "-c:v", "libx265", "-preset", "ultrafast"]
        arguments += ["-x265-params", x265, "-pix_fmt", "yuv420p", "-payload_type", "97"]
        arguments += ["-ssrc", str(self.ssrcs["video"]), "-f", "rtp", rtp.format(ports[0])]
        if has_audio:
            arguments += ["-map", "1:a", "-c:a", "pcm_mulaw", "-ar", "8000", "-ac", "1"]
            arguments += ["-ssrc", str(self.ssrcs["audio"]), "-f", "rtp", rtp.format(ports[1])]
        self.process = await asyncio.create_subprocess_exec(
            "ffmpeg", *arguments, stdout=asyncio.subprocess.DEVNULL
        )

    async def stop(self):
        if self.process and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()
        for transport in self.transports:
            transport.close()


class Session:
    """One peer connection."""

    def __init__(self, device, header, stream_type):
        self.device = device
        self.header = header
        self.id = header["sessionid"]
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.picture = PictureTrack(stream_type, device.arguments.fps)
        self.early = []
        self.is_ready = False
        self.has_candidate = asyncio.Event()
        self.h265 = None
        self.is_recording = False
        self.heard = 0
        self.tasks = []

    async def open(self, sdp):
        connection = self.connection
        arguments = self.device.arguments

        @connection.on("connectionstatechange")
        def on_state():
            tell("state", sessionid=self.id, state=connection.connectionState)

        @connection.on("track")
        def on_track(track):
            self.tasks.append(asyncio.ensure_future(self.listen(track)))

        @connection.on("datachannel")
        def on_channel(channel):
            self.follow(channel)

        # In the order of the offer: aiortc takes the ICE password of its first transceiver.
        for kind in re.findall(r"^m=(\w+)", sdp, re.MULTILINE):
            if kind == "video":
                self.add("video" if arguments.h265 else self.picture, kind, "H264", "sendonly")
            elif kind == "audio":
                is_mute = arguments.no_audio or arguments.h265
                direction = "recvonly" if is_mute else "sendrecv"
                self.add("audio" if is_mute else ToneTrack(), kind, "PCMU", direction)
        await connection.setRemoteDescription(RTCSessionDescription(sdp=sdp, type="offer"))
        self.is_ready = True
        if "a=candidate:" in sdp:
            self.has_candidate.set()
        for candidate in self.early:
            await self.add_candidate(candidate)
        # aioice gives up at once when it begins without any candidate of the other end.
        await asyncio.wait_for(self.has_candidate.wait(), FIRST_CANDIDATE_SECONDS)
        await connection.setLocalDescription(await connection.createAnswer())
        await asyncio.sleep(arguments.answer_delay)
        self.answer(connection.localDescription.sdp)
        if arguments.hang_up_after > 0:
            self.tasks.append(asyncio.ensure_future(self.hang_up(arguments.hang_up_after)))

    def add(self, track, kind, codec, direction):
        transceiver = self.connection.addTransceiver(track, direction=direction)
        wanted = f"{kind}/{codec}".lower()
        codecs = RTCRtpSender.getCapabilities(kind).codecs
        transceiver.setCodecPreferences([c for c in codecs if c.mimeType.lower() == wanted])

    def answer(self, sdp):
        lines = sdp.splitlines()
        candidates = list(dict.fromkeys(x for x in lines if x.startswith("a=candidate:")))
        told = lines
        if self.device.arguments.trickle:
            told = [x for x in lines if not re.match(r"a=(candidate|end-of-candidates)", x)]
        self.send("answer", {"mode": "webrtc", "sdp": "\r\n".join(told) + "\r\n"})
        for candidate in candidates:
            self.send("candidate", {"mode": "webrtc", "candidate": candidate + "\r\n"})
        self.send("candidate", {"mode": "webrtc", "candidate": ""})

    def send(self, kind, msg, protocol=302, session_id=None):
        self.device.send(self.header, kind, msg, protocol, session_id or self.id)

    async def add_candidate(self, text):
        if not self.is_ready:
            self.early.append(text)
            return
        line = text.strip()
        transceivers = self.connection.getTransceivers()
        if line == "":
            for transceiver in transceivers:
                await transceiver._transport.transport.addRemoteCandidate(None)
            self.has_candidate.set()
            return
        candidate = candidate_from_sdp(re.sub(r"^(a=)?candidate:", "", line))
        candidate.sdpMid = transceivers[0].mid
        await self.connection.addIceCandidate(candidate)
        self.has_candidate.set()

    async def listen(self, track):
        try:
            while True:
                await track.recv()
                self.heard += 1
                if self.heard == 10:
                    tell("talk", sessionid=self.id, kind=track.kind)
        except MediaStreamError:
            pass

    def follow(self, channel):
        tell(
            "channel",
            sessionid=self.id,
            label=channel.label,
            ordered=channel.ordered,
            retransmits=channel.maxRetransmits,
        )
        if not self.device.arguments.h265 or channel.label != "fmp4Stream":
            return

        def forward(packet):
            if self.is_recording and channel.readyState == "open":
                channel.send(packet)

        async def begin():
            has_audio = not self.device.arguments.no_audio
            self.h265 = H265Source()
            ssrcs = self.h265.ssrcs
            kinds = ["video", "audio"] if has_audio else ["video"]
            msg = json.dumps({kind: {"ssrc": ssrcs[kind]} for kind in kinds})
            channel.send(json.dumps({"type": "recv", "msg": msg}))
            await self.h265.start(self.device.arguments.fps, has_audio, forward)

        @channel.on("message")
        def on_message(data):
            message = json.loads(data)
            assert isinstance(message["msg"], str), "msg must be text"
            tell("channel-message", sessionid=self.id, type=message["type"], msg=message["msg"])
            if message["type"] == "codec":
                channel.send(json.dumps({"type": "codec", "msg": '{"video":"H265"}'}))
            elif message["type"] == "start" and message["msg"] == "frame":
                self.tasks.append(asyncio.ensure_future(begin()))
            elif message["type"] == "complete":
                self.is_recording = True

    async def hang_up(self, seconds):
        await asyncio.sleep(seconds)
        self.send("disconnect", {"mode": "webrtc"})
        tell("hung-up", sessionid=self.id)
        self.device.sessions.pop(self.id, None)
        await self.close()

    async def close(self):
        mine = asyncio.current_task()
        for task in self.tasks:
            if task is not mine:
                task.cancel()
        if self.h265:
            await self.h265.stop()
        await self.connection.close()


class Device:
    def __init__(self, arguments):
        self.arguments = arguments
        self.sessions = {}
        self.loop = asyncio.get_running_loop()
        self.inbox = asyncio.Queue()
        self.client = mqtt.Client(client_id=arguments.client_id or arguments.device_id)
        self.client.on_connect = self.on_connect
        self.client.on_subscribe = lambda *_: tell("ready")
        self.client.on_message = self.on_message
        self.client.on_disconnect = lambda *_: tell("broker-gone")

    @property
    def topic(self):
        return f"/av/moto/{self.arguments.moto_id}/u/{self.arguments.device_id}"

    def connect(self):
        arguments = self.arguments
        if arguments.username:
            self.client.username_pw_set(arguments.username, arguments.password)
        if arguments.ca:
            self.client.tls_set(ca_certs=arguments.ca, tls_version=ssl.PROTOCOL_TLS_CLIENT)
        self.client.reconnect_delay_set(1, 2)
        self.client.connect(arguments.host, arguments.port, keepalive=60)
        self.client.loop_start()

    def on_connect(self, client, userdata, flags, code):
        if code != 0:
            tell("refused-by-broker", code=code)
            return
        client.subscribe(self.topic, qos=1)

    def on_message(self, client, userdata, message):
        facts = {"payload": message.payload, "qos": message.qos, "retain": message.retain}
        self.loop.call_soon_threadsafe(self.inbox.put_nowait, facts)

    async def run(self):
        while True:
            message = await self.inbox.get()
            try:
                await self.take(message)
            except Exception as error:  # noqa: BLE001: a camera survives whatever it is sent
                tell("failed", error=repr(error)[:MAX_TEXT])

    async def take(self, message):
        payload = message["payload"]
        envelope = json.loads(payload)
        data = envelope["data"]
        header, msg = data["header"], data["msg"]
        kind = header["type"]
        fault = self.fault_of(envelope, header, msg)
        if fault is None and kind == "offer":
            fault = self.offer_fault(payload, msg)
        if fault is None and (message["qos"] != 1 or message["retain"]):
            fault = f"qos {message['qos']} retain {message['retain']}"
        if fault:
            tell("refused", type=kind, reason=fault)
            return
        if envelope["protocol"] == 312:
            self.control(header, msg)
        elif kind == "offer":
            await self.answer(header, msg, len(payload))
        elif kind == "candidate":
            await self.take_candidate(header, msg)
        elif kind == "disconnect":
            await self.end(header["sessionid"])

    def fault_of(self, envelope, header, msg):
        arguments = self.arguments
        if envelope["protocol"] not in (302, 312):
            return f"protocol {envelope['protocol']}"
        if envelope["pv"] != "2.2" or not isinstance(envelope["t"], int):
            return f"pv {envelope['pv']} t {envelope['t']}"
        if header["to"] != arguments.device_id:
            return f"to {header['to']}"
        if header.get("moto_id") != arguments.moto_id:
            return f"moto_id {header.get('moto_id')}"
        sub_device = header.get("sub_dev_id") or header.get("sub_device_id") or ""
        if sub_device != arguments.sub_device:
            return f"sub_dev_id {sub_device}"
        if not re.fullmatch(rf"[0-9a-zA-Z]{{{SESSION_ID_CHARS}}}", header["sessionid"]):
            return f"sessionid {header['sessionid']}"
        return None if msg["mode"] == "webrtc" else f"mode {msg['mode']}"

    def offer_fault(self, payload, msg):
        if msg["auth"] != self.arguments.auth:
            return "auth"
        if self.arguments.lenient:
            return None
        sdp = msg["sdp"]
        if len(payload) > MESSAGE_LIMIT_BYTES:
            return f"{len(payload)} bytes are too many"
        if "a=extmap" in sdp:
            return "a=extmap"
        sections = re.findall(r"^m=(\w+)", sdp, re.MULTILINE)
        if "audio" in sections and sections[0] != "audio":
            return f"order {sections}"
        return None

    async def answer(self, header, msg, size):
        stream_type = msg.get("stream_type", 1)
        tell(
            "offer",
            sessionid=header["sessionid"],
            client=header["from"],
            stream_type=stream_type,
            bytes=size,
            datachannel=bool(msg.get("datachannel_enable")),
            token=isinstance(msg.get("token"), list),
            sdp=msg["sdp"],
        )
        if self.arguments.silent:
            return
        if self.arguments.junk:
            self.send_junk(header)
        if self.arguments.foreign_session:
            self.send_foreign(header)
        await self.end(header["sessionid"], is_replaced=True)
        session = Session(self, header, stream_type if stream_type in SIZES else 1)
        self.sessions[session.id] = session
        # In the background: candidates must be heard meanwhile.
        self.loop.create_task(self.open(session, msg["sdp"]))

    async def open(self, session, sdp):
        try:
            await session.open(sdp)
        except Exception as error:  # noqa: BLE001: told to the test
            if self.sessions.get(session.id) is session:
                tell("failed", sessionid=session.id, error=repr(error)[:MAX_TEXT])

    def send_junk(self, header):
        topic = f"/av/u/{header['from']}"
        deep = "[" * 5000
        for payload in ("", "{", "null", "[]", '{"protocol":302}', deep, "x" * 70_000, b"\xff\xfe"):
            self.client.publish(topic, payload, qos=1)
        self.send(header, "answer", {"mode": "webrtc"}, 302, header["sessionid"])
        self.send(header, "answer", "no object", 302, header["sessionid"])
        self.send(header, "banana", {"mode": "webrtc"}, 302, header["sessionid"])
        self.send(header, "candidate", {"candidate": 5}, 302, header["sessionid"])
        self.send(header, "candidate", {"candidate": "a=candidate:x"}, 302, header["sessionid"])
        self.send(header, "answer", {"mode": "webrtc", "sdp": "v=0"}, 999, header["sessionid"])

    def send_foreign(self, header):
        foreign = "f" * SESSION_ID_CHARS
        self.send(header, "answer", {"mode": "webrtc", "sdp": "v=0\r\n"}, 302, foreign)
        self.send(header, "disconnect", {"mode": "webrtc"}, 302, foreign)

    async def take_candidate(self, header, msg):
        text = msg["candidate"]
        if text != "" and not text.startswith("a=candidate:"):
            tell("refused", type="candidate", reason=text[:MAX_TEXT])
            return
        session = self.sessions.get(header["sessionid"])
        if session is None:
            tell("refused", type="candidate", reason="no such session")
            return
        tell("candidate", sessionid=session.id, candidate=text)
        await session.add_candidate(text)

    async def end(self, session_id, is_replaced=False):
        session = self.sessions.pop(session_id, None)
        if session is None:
            return
        tell("replaced" if is_replaced else "disconnect", sessionid=session_id)
        await session.close()

    def control(self, header, msg):
        value = msg["cmdValue"]
        session = self.sessions.get(header["sessionid"])
        tell("control", type=header["type"], value=value, is_known=session is not None)
        if session is None:
            return
        if header["type"] == "resolution" and value in SIZES:
            if not self.arguments.no_resolution:
                session.picture.stream_type = value
        elif header["type"] == "speaker":
            session.send("speaker", {"mode": "webrtc", "cmdValue": value}, protocol=312)

    def send(self, header, kind, msg, protocol, session_id):
        arguments = self.arguments
        now = time.time()
        answer = {
            "type": kind,
            "from": arguments.device_id,
            "to": header["from"],
            "sessionid": session_id,
            "moto_id": arguments.moto_id,
        }
        if arguments.sub_device:
            answer["sub_dev_id"] = arguments.sub_device
        envelope = {
            "protocol": protocol,
            "pv": "2.2",
            "t": round(now * 1000) if arguments.time_unit == "ms" else round(now),
            "data": {"header": answer, "msg": msg},
        }
        self.client.publish(f"/av/u/{header['from']}", json.dumps(envelope), qos=1)

    async def close(self):
        for session in list(self.sessions.values()):
            session.send("disconnect", {"mode": "webrtc"})
            await session.close()
        self.client.disconnect()
        self.client.loop_stop()


async def main():
    device = Device(parse_arguments())
    device.connect()
    running = asyncio.ensure_future(device.run())
    stopped = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        device.loop.add_signal_handler(name, stopped.set)
    await stopped.wait()
    running.cancel()
    await device.close()
    tell("stopped")


asyncio.run(main())
