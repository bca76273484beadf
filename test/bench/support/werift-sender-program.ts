// Child process of a bench: werift's own way of one track to many viewers, `writeRtp` of its ES module.
import { MediaStreamTrack, RTCPeerConnection } from 'werift';
import { z } from 'zod';
import { answerCalls } from './bench-child.ts';
import { nanosecondsPerPacket, pinTo } from './processor-time.ts';
import { rtpBytes } from './bench-media.ts';
import { weriftOptions } from './werift-options.ts';

const offerSchema = z.object({ count: z.number() });
const acceptSchema = z.object({ answers: z.array(z.string()) });
const runSchema = z.object({ bursts: z.number(), packetsPerBurst: z.number() });

const peers: RTCPeerConnection[] = [];
const track = new MediaStreamTrack({ kind: 'video' });
let sequenceNumber = 0;

pinTo(0);

async function offer(params: unknown): Promise<string[]> {
  const offers: string[] = [];
  for (let i = 0; i < offerSchema.parse(params).count; i++) {
    const peer = new RTCPeerConnection({ ...weriftOptions(), iceLite: true });
    peer.addTransceiver(track, { direction: 'sendonly' });
    await peer.setLocalDescription(await peer.createOffer());
    peers.push(peer);
    offers.push(peer.localDescription?.sdp ?? '');
  }
  return offers;
}

async function accept(params: unknown): Promise<void> {
  for (const [i, sdp] of acceptSchema.parse(params).answers.entries()) {
    await peers[i]?.setRemoteDescription({ type: 'answer', sdp });
  }
}

async function packetsSent(): Promise<number> {
  let sent = 0;
  for (const peer of peers) {
    const [sender] = peer.getSenders();
    const report: Iterable<[string, object]> = (await sender?.getStats()) ?? [];
    for (const [, stats] of report) {
      const isMedia = 'type' in stats && stats.type === 'outbound-rtp';
      if (!isMedia || !('packetsSent' in stats)) continue;
      if (typeof stats.packetsSent === 'number') sent += stats.packetsSent;
    }
  }
  return sent;
}

/** Nanoseconds per packet and viewer. @throws Error when werift did not send all. */
async function run(params: unknown): Promise<number> {
  const { bursts, packetsPerBurst } = runSchema.parse(params);
  const wanted = bursts * packetsPerBurst * peers.length;
  const before = await packetsSent();
  const result = await nanosecondsPerPacket(async () => {
    for (let burst = 0; burst < bursts; burst++) {
      for (let i = 0; i < packetsPerBurst; i++) track.writeRtp(rtpBytes(sequenceNumber++));
      // Its promises and its sends come to their end.
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
    return wanted;
  });
  const sent = (await packetsSent()) - before;
  if (sent !== wanted) throw new Error(`werift sent ${sent} of ${wanted} packets`);
  return result;
}

answerCalls({ offer, accept, run }, () => undefined);
