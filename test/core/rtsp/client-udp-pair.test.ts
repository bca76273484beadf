// Tests of the UDP sockets of a source: ports from a range, bounded tries, nothing from strangers.
import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { MediaError } from '../../../core/base/media-error.ts';
import { ClientUdpPair } from '../../../core/rtsp/client-udp-pair.ts';

const open = (portRange: readonly [number, number], random = Math.random): Promise<ClientUdpPair> =>
  ClientUdpPair.open({ portRange, random, localIp: '127.0.0.1', receiveBufferBytes: 0 });

async function sender(): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

describe('ClientUdpPair', () => {
  it('opens an even port and the next one inside the range', async () => {
    const pair = await open([32_769, 60_999]);
    assert.equal(pair.ports.rtp % 2, 0);
    assert.equal(pair.ports.rtcp, pair.ports.rtp + 1);
    assert.ok(pair.ports.rtp >= 32_770 && pair.ports.rtcp <= 60_999);
    await pair.close();
    await pair.close();
  });

  it('goes on behind a pair that is taken, and gives up when all are', async () => {
    const first = await open([32_768, 60_999]);
    const { rtp } = first.ports;
    await assert.rejects(
      open([rtp, rtp + 1]),
      (error) =>
        error instanceof MediaError &&
        error.code === 'rtsp-udp-ports-taken' &&
        error.kind === 'resource-exhausted' &&
        error.message.includes(`[${rtp}, ${rtp + 1}]`),
    );
    const second = await open([rtp, Math.min(65_535, rtp + 200)], () => 0);
    assert.ok(second.ports.rtp > rtp);
    await first.close();
    await second.close();
  });

  it('names a range without a pair', async () => {
    for (const range of [
      [5001, 5002],
      [0, 1],
    ] as const) {
      await assert.rejects(open(range), /rtspUDPSourcePortRange/u);
    }
  });

  it('takes the port of the first datagram when the camera named none', async () => {
    const pair = await open([32_768, 60_999]);
    const [camera, stranger] = [await sender(), await sender()];
    const got: number[] = [];
    const { promise, resolve } = Promise.withResolvers<undefined>();
    pair.setHandler({
      onRtpDatagram: (bytes) => {
        got.push(bytes[0] ?? 0);
        if (bytes[0] === 3) resolve(undefined);
      },
      onRtcpDatagram: () => undefined,
    });
    pair.setCamera({ addresses: ['127.0.0.1'], ports: undefined, isAnyPort: false });
    const send = (socket: Socket, byte: number): Promise<unknown> =>
      new Promise((sent) => socket.send(Uint8Array.of(byte), pair.ports.rtp, '127.0.0.1', sent));
    await send(camera, 1);
    await send(stranger, 2);
    await send(camera, 3);
    await promise;
    assert.deepEqual(got, [1, 3]);
    assert.equal(pair.strangerCount, 1);
    for (const socket of [camera, stranger]) socket.close();
    await pair.close();
  });

  it('takes nothing from another address', async () => {
    const pair = await open([32_768, 60_999]);
    const camera = await sender();
    pair.setHandler({
      onRtpDatagram: () => assert.fail('a datagram of a stranger'),
      onRtcpDatagram: () => undefined,
    });
    pair.setCamera({ addresses: ['127.0.0.2'], ports: undefined, isAnyPort: true });
    camera.send(Uint8Array.of(1), pair.ports.rtp, '127.0.0.1');
    for (let turn = 0; turn < 1000 && pair.strangerCount === 0; turn++) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal(pair.strangerCount, 1);
    camera.close();
    await pair.close();
  });
});
