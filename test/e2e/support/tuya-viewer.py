#!/usr/bin/python3
# A Tuya viewer as the vendor's WebRTC document describes it: open API by urllib, paho for MQTT, aiortc for media.
# Prints one line of JSON at its end; knows nothing of the server under test.
import argparse
import asyncio
import hashlib
import hmac
import json
import re
import secrets
import ssl
import time
import urllib.error
import urllib.request
from urllib.parse import urlsplit

import aioice.ice
import paho.mqtt.client as mqtt
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from aiortc.sdp import candidate_from_sdp

HTTP_SECONDS = 10

# The machine's other addresses are not always reachable from itself.
aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: ["127.0.0.1"]


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("endpoint", help="base URL of the open API")
    parser.add_argument("--client-id", required=True)
    parser.add_argument("--secret", required=True)
    parser.add_argument("--uid", default="", help="empty = the path without a user")
    parser.add_argument("--device-id", required=True)
    parser.add_argument("--sign", choices=["hmac", "hmac-legacy", "md5"], default="hmac")
    parser.add_argument("--config-api", choices=["v1", "v2"], default="v1")
    parser.add_argument("--ca", help="authority of the broker's certificate; absent = no TLS")
    parser.add_argument("--http-ca", help="authority of the open API's certificate")
    parser.add_argument("--stream-type", type=int, default=1)
    parser.add_argument("--frames", type=int, default=20, help="pictures to decode")
    parser.add_argument("--timeout", type=float, default=20)
    parser.add_argument("--audio", action="store_true", help="asks for sound as well")
    parser.add_argument("--trickle", action="store_true", help="candidates after the offer")
    parser.add_argument("--auth", help="sent instead of what the open API told")
    parser.add_argument("--moto-id", help="sent in messages instead of what the open API told")
    parser.add_argument("--resolution", type=int, help="asked for by message 312 while playing")
    parser.add_argument("--reoffer", action="store_true", help="offers again in the same session")
    parser.add_argument("--spy", default="", help="topic to subscribe to besides the own one")
    parser.add_argument("--stay", action="store_true", help="until the device hangs up")
    parser.add_argument("--lurk", action="store_true", help="leaves without a disconnect")
    return parser.parse_args()


class OpenApi:
    def __init__(self, arguments):
        self.arguments = arguments
        self.token = ""

    def sign(self, method, target, body, t, nonce):
        arguments = self.arguments
        head = arguments.client_id + self.token
        secret = arguments.secret.encode()
        if arguments.sign == "md5":
            return hashlib.md5((head + arguments.secret + t).encode()).hexdigest().upper()
        text = head + t
        if arguments.sign == "hmac":
            text += nonce + "\n".join([method, hashlib.sha256(body).hexdigest(), "", target])
        return hmac.new(secret, text.encode(), hashlib.sha256).hexdigest().upper()

    def call(self, method, target, body=None):
        payload = b"" if body is None else json.dumps(body).encode()
        t = str(int(time.time() * 1000))
        nonce = secrets.token_hex(16) if self.arguments.sign == "hmac" else ""
        headers = {
            "client_id": self.arguments.client_id,
            "sign": self.sign(method, target, payload, t, nonce),
            "sign_method": "MD5" if self.arguments.sign == "md5" else "HMAC-SHA256",
            "t": t,
            "Content-Type": "application/json",
        }
        if nonce:
            headers["nonce"] = nonce
        if self.token:
            headers["access_token"] = self.token
        url = self.arguments.endpoint.rstrip("/") + target
        request = urllib.request.Request(url, payload or None, headers, method=method)
        context = None
        if self.arguments.http_ca:
            context = ssl.create_default_context(cafile=self.arguments.http_ca)
        try:
            with urllib.request.urlopen(request, timeout=HTTP_SECONDS, context=context) as reply:
                answer = json.load(reply)
        except urllib.error.HTTPError as error:
            answer = json.load(error)
        if not answer.get("success"):
            raise RuntimeError(f"{method} {target}: {answer}")
        return answer["result"]

    def configuration(self):
        arguments = self.arguments
        self.token = self.call("GET", "/v1.0/token?grant_type=1")["access_token"]
        user = f"/users/{arguments.uid}" if arguments.uid else ""
        webrtc = self.call("GET", f"/v1.0{user}/devices/{arguments.device_id}/webrtc-configs")
        body = {"uid": arguments.uid, "link_type": "mqtt", "topics": "ipc"}
        if arguments.config_api == "v1":
            body["link_id"] = secrets.token_hex(4)
            return webrtc, self.call("POST", "/v1.0/open-hub/access/config", body)
        body["unique_id"] = secrets.token_hex(16)
        return webrtc, self.call("POST", "/v2.0/open-iot-hub/access/config", body)


class Viewer:
    def __init__(self, arguments, webrtc, hub):
        self.arguments = arguments
        self.webrtc = webrtc
        self.hub = hub
        self.msid = hub["source_topic"]["ipc"].split("/av/u/", 1)[1]
        self.moto_id = arguments.moto_id or webrtc.get("moto_id", "")
        self.session_id = secrets.token_hex(16)
        self.loop = asyncio.get_running_loop()
        self.inbox = asyncio.Queue()
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.done = asyncio.Event()
        self.left = asyncio.Event()
        self.tasks = []
        self.early = []
        self.result = {
            "video": 0,
            "audio": 0,
            "sizes": [],
            "answers": 0,
            "candidates": [],
            "control": [],
            "spied": 0,
            "state": "",
            "skill": webrtc.get("skill"),
            "client_id": hub["client_id"],
            "source_topic": hub["source_topic"]["ipc"],
        }
        sink = hub["sink_topic"]["ipc"].replace("moto_id", webrtc.get("moto_id", ""))
        self.sink = sink.replace("{device_id}", arguments.device_id)

    def connect(self):
        url = urlsplit(self.hub["url"])
        client = mqtt.Client(client_id=self.hub["client_id"])
        client.username_pw_set(self.hub["username"], self.hub["password"])
        if url.scheme in ("ssl", "mqtts"):
            client.tls_set(ca_certs=self.arguments.ca, tls_version=ssl.PROTOCOL_TLS_CLIENT)
        subscribed = asyncio.Event()

        def on_connect(client, userdata, flags, code):
            if code != 0:
                self.result["broker"] = code
                return
            client.subscribe([(self.hub["source_topic"]["ipc"], 1)])
            if self.arguments.spy:
                client.subscribe([(self.arguments.spy, 1)])

        def on_subscribe(*_):
            self.loop.call_soon_threadsafe(subscribed.set)

        def on_message(client, userdata, message):
            self.loop.call_soon_threadsafe(self.inbox.put_nowait, (message.topic, message.payload))

        client.on_connect = on_connect
        client.on_subscribe = on_subscribe
        client.on_message = on_message
        client.connect(url.hostname, url.port, keepalive=60)
        client.loop_start()
        self.client = client
        return subscribed

    def send(self, kind, msg, protocol=302):
        header = {
            "type": kind,
            "from": self.msid,
            "to": self.arguments.device_id,
            "sub_dev_id": "",
            "sessionid": self.session_id,
            "moto_id": self.moto_id,
            "tid": "",
        }
        data = {"header": header, "msg": {"mode": "webrtc", **msg}}
        envelope = {"protocol": protocol, "pv": "2.2", "t": int(time.time()), "data": data}
        return self.client.publish(self.sink, json.dumps(envelope), qos=1)

    async def offer(self):
        auth = self.arguments.auth or self.webrtc["auth"]
        sdp = re.sub(r"a=extmap.*\r\n", "", self.connection.localDescription.sdp)
        candidates = re.findall(r"a=candidate:.*(?=\r\n)", sdp)
        if self.arguments.trickle:
            sdp = re.sub(r"a=(candidate:.*|end-of-candidates)\r\n", "", sdp)
        self.send("offer", {"sdp": sdp, "stream_type": self.arguments.stream_type, "auth": auth})
        if self.arguments.trickle:
            for candidate in candidates:
                self.send("candidate", {"candidate": candidate})
            self.send("candidate", {"candidate": ""})

    async def start(self):
        connection = self.connection

        @connection.on("track")
        def on_track(track):
            self.tasks.append(asyncio.ensure_future(self.count(track)))

        @connection.on("connectionstatechange")
        def on_state():
            self.result["state"] = connection.connectionState

        if self.arguments.audio:
            connection.addTransceiver("audio", direction="recvonly")
        connection.addTransceiver("video", direction="recvonly")
        await connection.setLocalDescription(await connection.createOffer())
        await self.offer()
        self.tasks.append(asyncio.ensure_future(self.read()))

    async def count(self, track):
        try:
            while True:
                frame = await track.recv()
                self.result[track.kind] += 1
                if track.kind != "video":
                    continue
                size = f"{frame.width}x{frame.height}"
                if size not in self.result["sizes"]:
                    self.result["sizes"].append(size)
                if self.result["video"] == self.arguments.frames:
                    self.done.set()
        except MediaStreamError:
            pass
        except Exception as error:  # noqa: BLE001: whatever a decoder throws is a finding
            self.result["decoder"] = repr(error)

    async def read(self):
        while True:
            topic, payload = await self.inbox.get()
            if topic != self.hub["source_topic"]["ipc"]:
                self.result["spied"] += 1
                continue
            envelope = json.loads(payload)
            header, msg = envelope["data"]["header"], envelope["data"]["msg"]
            if header["sessionid"] != self.session_id or header["to"] != self.msid:
                self.result["foreign"] = self.result.get("foreign", 0) + 1
                continue
            await self.take(envelope["protocol"], header["type"], msg)

    async def take(self, protocol, kind, msg):
        if protocol == 312:
            self.result["control"].append({"type": kind, "value": msg.get("cmdValue")})
        elif kind == "answer":
            self.result["answers"] += 1
            self.result["answer"] = msg["sdp"]
            if self.result["answers"] > 1:
                return
            answer = RTCSessionDescription(sdp=msg["sdp"], type="answer")
            await self.connection.setRemoteDescription(answer)
            for candidate in self.early:
                await self.add_candidate(candidate)
        elif kind == "candidate":
            self.result["candidates"].append(msg["candidate"])
            if self.result["answers"] == 0:
                self.early.append(msg["candidate"])
            else:
                await self.add_candidate(msg["candidate"])
        elif kind == "disconnect":
            self.result["disconnected"] = True
            self.left.set()

    async def add_candidate(self, text):
        line = text.strip()
        if line == "":
            return
        candidate = candidate_from_sdp(line.replace("a=candidate:", "", 1))
        candidate.sdpMid = self.connection.getTransceivers()[0].mid
        await self.connection.addIceCandidate(candidate)

    async def play(self):
        deadline = self.loop.time() + self.arguments.timeout
        wanted = [self.done.wait(), self.left.wait()]
        waiting = [asyncio.ensure_future(each) for each in wanted]
        await asyncio.wait(
            waiting, timeout=self.arguments.timeout, return_when=asyncio.FIRST_COMPLETED
        )
        for task in waiting:
            task.cancel()
        if self.arguments.resolution is not None:
            self.send("resolution", {"cmdValue": self.arguments.resolution}, protocol=312)
            self.send("speaker", {"cmdValue": 1}, protocol=312)
            while len(self.result["control"]) < 2 and self.loop.time() < deadline:
                await asyncio.sleep(0.05)
        if self.arguments.reoffer:
            await self.offer()
            while self.result["answers"] < 2 and self.loop.time() < deadline:
                await asyncio.sleep(0.05)
        if self.arguments.stay:
            await asyncio.wait_for(self.left.wait(), max(0, deadline - self.loop.time()))

    async def close(self):
        if not self.arguments.lurk and self.client.is_connected():
            self.send("disconnect", {}).wait_for_publish(2)
        for task in self.tasks:
            task.cancel()
        await self.connection.close()
        self.client.disconnect()
        self.client.loop_stop()


async def main():
    arguments = parse_arguments()
    try:
        webrtc, hub = OpenApi(arguments).configuration()
    except RuntimeError as error:
        print(json.dumps({"error": str(error)}))
        return
    viewer = Viewer(arguments, webrtc, hub)
    subscribed = viewer.connect()
    try:
        await asyncio.wait_for(subscribed.wait(), arguments.timeout)
        await viewer.start()
        await viewer.play()
    except asyncio.TimeoutError:
        viewer.result["timeout"] = True
    await viewer.close()
    print(json.dumps(viewer.result))


asyncio.run(main())
