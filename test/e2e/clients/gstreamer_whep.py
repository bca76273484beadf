#!/usr/bin/python3
# Plays a WHEP stream with GStreamer's webrtcbin and prints what was decoded as one line of JSON.
import argparse
import json
import sys
import time
import urllib.error
import urllib.request
from urllib.parse import urljoin

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

PAYLOAD_TYPES = {"H264": 96, "H265": 97, "VP8": 98, "VP9": 99, "OPUS": 100, "PCMA": 8, "PCMU": 0}
CLOCK_RATES = {"OPUS": 48000, "PCMA": 8000, "PCMU": 8000}
GATHER_TIMEOUT_SECONDS = 10


def parse_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--video", default="H264", help="H264, H265, VP8, VP9 or none")
    parser.add_argument("--audio", default="OPUS", help="OPUS, PCMA, PCMU or none")
    parser.add_argument("--authorization", default="")
    return parser.parse_args()


def caps_for(kind, codec):
    clock_rate = CLOCK_RATES.get(codec, 90000)
    text = (
        f"application/x-rtp,media={kind},encoding-name={codec},"
        f"payload={PAYLOAD_TYPES[codec]},clock-rate={clock_rate}"
    )
    if codec == "OPUS":
        text += ",encoding-params=(string)2"
    if codec == "H264":
        text += ",packetization-mode=(string)1,profile-level-id=(string)42e01f"
    if kind == "video":
        text += ",rtcp-fb-nack=(boolean)true,rtcp-fb-nack-pli=(boolean)true"
    return Gst.Caps.from_string(text)


class Player:
    def __init__(self, arguments):
        self.arguments = arguments
        self.loop = GLib.MainLoop()
        self.result = {"status": 0, "states": [], "connected_ms": -1, "errors": []}
        self.location = ""
        self.is_posted = False
        self.started = time.monotonic()
        self.pipeline = Gst.Pipeline.new("player")
        self.peer = Gst.ElementFactory.make("webrtcbin", "peer")
        self.peer.set_property("bundle-policy", GstWebRTC.WebRTCBundlePolicy.MAX_BUNDLE)
        self.pipeline.add(self.peer)
        self.peer.connect("pad-added", self.on_pad)
        self.peer.connect("notify::connection-state", self.on_state)
        self.peer.connect("notify::ice-gathering-state", self.on_gathering)
        bus = self.pipeline.get_bus()
        bus.add_signal_watch()
        bus.connect("message::error", self.on_error)

    def run(self):
        self.pipeline.set_state(Gst.State.PLAYING)
        direction = GstWebRTC.WebRTCRTPTransceiverDirection.RECVONLY
        for kind in ("video", "audio"):
            codec = getattr(self.arguments, kind)
            if codec != "none":
                self.peer.emit("add-transceiver", direction, caps_for(kind, codec))
        promise = Gst.Promise.new_with_change_func(self.on_offer, None)
        self.peer.emit("create-offer", None, promise)
        GLib.timeout_add_seconds(GATHER_TIMEOUT_SECONDS, self.on_gather_timeout)
        self.loop.run()
        self.pipeline.set_state(Gst.State.NULL)
        self.delete()
        return self.result

    def on_offer(self, promise, _):
        reply = promise.get_reply()
        offer = reply.get_value("offer")
        text = offer.sdp.as_text()
        # The message inside the reply dies with it; a copy made from its text does not.
        _, message = GstSdp.SDPMessage.new_from_text(text)
        copy = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.OFFER, message)
        self.peer.emit("set-local-description", copy, None)

    def on_gathering(self, *_):
        state = self.peer.get_property("ice-gathering-state")
        if state == GstWebRTC.WebRTCICEGatheringState.COMPLETE:
            GLib.idle_add(self.post)

    def on_gather_timeout(self):
        if not self.is_posted:
            self.result["errors"].append("ICE gathering did not end")
            self.loop.quit()
        return False

    def post(self):
        if self.is_posted:
            return False
        self.is_posted = True
        offer = self.peer.get_property("local-description").sdp.as_text()
        request = urllib.request.Request(
            self.arguments.url, data=offer.encode(), headers=self.headers(), method="POST"
        )
        try:
            with urllib.request.urlopen(request, timeout=15) as response:
                self.result["status"] = response.status
                self.location = response.headers.get("Location", "")
                answer = response.read().decode()
        except urllib.error.HTTPError as error:
            self.result["status"] = error.code
            self.result["body"] = error.read().decode()
            self.loop.quit()
            return False
        _, message = GstSdp.SDPMessage.new_from_text(answer)
        description = GstWebRTC.WebRTCSessionDescription.new(
            GstWebRTC.WebRTCSDPType.ANSWER, message
        )
        self.peer.emit("set-remote-description", description, None)
        GLib.timeout_add(int(self.arguments.seconds * 1000), self.loop.quit)
        return False

    def headers(self):
        headers = {"Content-Type": "application/sdp"}
        if self.arguments.authorization:
            headers["Authorization"] = self.arguments.authorization
        return headers

    def delete(self):
        if not self.location:
            return
        target = urljoin(self.arguments.url, self.location)
        request = urllib.request.Request(target, headers=self.headers(), method="DELETE")
        try:
            with urllib.request.urlopen(request, timeout=5) as response:
                self.result["delete_status"] = response.status
        except urllib.error.HTTPError as error:
            self.result["delete_status"] = error.code

    def on_state(self, *_):
        state = self.peer.get_property("connection-state").value_nick
        self.result["states"].append(state)
        if state == "connected":
            self.result["connected_ms"] = round((time.monotonic() - self.started) * 1000)

    def on_pad(self, _, pad):
        if pad.get_direction() != Gst.PadDirection.SRC:
            return
        decoder = Gst.ElementFactory.make("decodebin")
        decoder.connect("pad-added", self.on_decoded)
        self.pipeline.add(decoder)
        decoder.sync_state_with_parent()
        pad.link(decoder.get_static_pad("sink"))
        structure = pad.get_current_caps().get_structure(0)
        kind = structure.get_string("media")
        self.result[kind] = {"codec": structure.get_string("encoding-name"), "frames": 0}

    def on_decoded(self, _, pad):
        structure = pad.get_current_caps().get_structure(0)
        kind = "video" if structure.get_name().startswith("video/") else "audio"
        report = self.result.setdefault(kind, {"codec": "", "frames": 0})
        if kind == "video":
            report["width"] = structure.get_value("width")
            report["height"] = structure.get_value("height")
        sink = Gst.ElementFactory.make("fakesink")
        sink.set_property("signal-handoffs", True)
        sink.set_property("sync", False)
        sink.connect("handoff", lambda *_: self.count(report))
        self.pipeline.add(sink)
        sink.sync_state_with_parent()
        pad.link(sink.get_static_pad("sink"))

    @staticmethod
    def count(report):
        report["frames"] += 1

    def on_error(self, _, message):
        error, detail = message.parse_error()
        self.result["errors"].append(f"{error.message} {detail}")


if __name__ == "__main__":
    Gst.init(sys.argv[:1])
    print(json.dumps(Player(parse_arguments()).run()))
