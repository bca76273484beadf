#!/usr/bin/python3
# Watches an entity as a Smartly platform does, with aiortc, and prints what happened as one line of JSON.
import argparse
import asyncio
import hashlib
import hmac
import json
import time
import uuid

import aiohttp
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError

MOCK_SDP_OFFER = """v=0
o=- 123456789 2 IN IP4 127.0.0.1
s=-
t=0 0
m=video 9 UDP/TLS/RTP/SAVPF 96
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
a=recvonly
"""


def parse_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("entity")
    parser.add_argument("client_id")
    parser.add_argument("client_secret")
    parser.add_argument("--frames", type=int, default=25)
    return parser.parse_args()


class SmartlyWebRTCClient:
    def __init__(self, base_url, client_id, client_secret):
        self.base_url = base_url.rstrip("/")
        self.client_id = client_id
        self.client_secret = client_secret
        self.session = None

    async def __aenter__(self):
        self.session = aiohttp.ClientSession()
        return self

    async def __aexit__(self, *args):
        if self.session:
            await self.session.close()

    def _generate_signature(self, method, path, body=""):
        timestamp = str(int(time.time()))
        nonce = str(uuid.uuid4())
        body_hash = hashlib.sha256(body.encode()).hexdigest()
        message = f"{method}\n{path}\n{timestamp}\n{nonce}\n{body_hash}"
        signature = hmac.new(
            self.client_secret.encode(), message.encode(), hashlib.sha256
        ).hexdigest()
        return {
            "X-Client-Id": self.client_id,
            "X-Timestamp": timestamp,
            "X-Nonce": nonce,
            "X-Signature": signature,
            "Content-Type": "application/json",
        }

    async def request_token(self, entity_id):
        path = f"/api/smartly/camera/{entity_id}/webrtc"
        body = "{}"
        headers = self._generate_signature("POST", path, body)
        url = f"{self.base_url}{path}"
        async with self.session.post(url, headers=headers, data=body) as response:
            response.raise_for_status()
            return await response.json()

    async def send_offer(self, entity_id, token, sdp_offer):
        offer = {"token": token, "sdp": sdp_offer, "type": "offer"}
        return await self._post(f"/api/smartly/camera/{entity_id}/webrtc/offer", offer)

    async def send_ice_candidate(self, entity_id, session_id, candidate):
        body = {"session_id": session_id, "candidate": candidate}
        return await self._post(f"/api/smartly/camera/{entity_id}/webrtc/ice", body)

    async def hangup(self, entity_id, session_id):
        body = {"session_id": session_id}
        return await self._post(f"/api/smartly/camera/{entity_id}/webrtc/hangup", body)

    async def _post(self, path, value):
        headers = {"Content-Type": "application/json"}
        url = f"{self.base_url}{path}"
        async with self.session.post(url, headers=headers, data=json.dumps(value)) as response:
            response.raise_for_status()
            return await response.json()


async def refused_status(client, entity):
    """The offer of the documentation has no ICE and no DTLS in it: it must be refused, politely."""
    token = await client.request_token(entity)
    try:
        await client.send_offer(entity, token["token"], MOCK_SDP_OFFER)
    except aiohttp.ClientResponseError as error:
        return error.status
    return 200


async def decode(track, wanted):
    count = 0
    try:
        while count < wanted:
            await asyncio.wait_for(track.recv(), 15)
            count += 1
    except (MediaStreamError, asyncio.TimeoutError):
        pass
    return count


async def watch(arguments):
    entity = arguments.entity
    result = {}
    async with SmartlyWebRTCClient(
        arguments.url, arguments.client_id, arguments.client_secret
    ) as client:
        result["mock_status"] = await refused_status(client, entity)
        token = await client.request_token(entity)
        servers = token["ice_servers"]
        result["has_turn"] = any("turn" in server.get("urls", "") for server in servers)
        result["expires_in"] = token["expires_in"]
        connection = RTCPeerConnection()
        connection.addTransceiver("video", direction="recvonly")
        await connection.setLocalDescription(await connection.createOffer())
        answer = await client.send_offer(entity, token["token"], connection.localDescription.sdp)
        result["type"] = answer["type"]
        await connection.setRemoteDescription(
            RTCSessionDescription(sdp=answer["sdp"], type=answer["type"])
        )
        ice = await client.send_ice_candidate(
            entity,
            answer["session_id"],
            {
                "candidate": "candidate:0 1 UDP 2122252543 192.168.1.100 12345 typ host",
                "sdpMid": "0",
                "sdpMLineIndex": 0,
            },
        )
        result["ice"] = ice
        track = connection.getReceivers()[0].track
        result["frames"] = await decode(track, arguments.frames)
        result["hangup"] = (await client.hangup(entity, answer["session_id"]))["status"]
        await connection.close()
    return result


if __name__ == "__main__":
    print(json.dumps(asyncio.run(watch(parse_arguments()))))
