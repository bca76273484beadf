// Tests of the socket itself: addresses, buffers, errors and the address table.
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { silentLogger } from '../../../../core/base/logger.ts';
import { MediaError } from '../../../../core/base/media-error.ts';
import { AddressTable } from '../../../../core/webrtc/transport/address-table.ts';
import { MuxSocket, type PacketReceiver } from '../../../../core/webrtc/transport/mux-socket.ts';
import { createPeerAddress } from '../../../../core/webrtc/transport/peer-address.ts';
import { parseSocketAddress } from '../../../../core/webrtc/transport/socket-address.ts';
import {
  createTransportCounters,
  type TransportCounters,
} from '../../../../core/webrtc/transport/transport-counters.ts';
import { defaultTransportOptions } from '../../../../core/webrtc/transport/transport-options.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

const DEAF: PacketReceiver = {
  onDatagram: () => undefined,
  onFrame: () => undefined,
  onConnectionClosed: () => undefined,
};

function createMux(counters: TransportCounters = createTransportCounters()): MuxSocket {
  const components = { clock: new FakeClock(), logger: silentLogger, counters };
  return new MuxSocket(components, defaultTransportOptions);
}

describe('MuxSocket', () => {
  it('reports buffers of at least the system default and no congestion', async () => {
    await using mux = createMux();
    await mux.open({ udpAddress: '127.0.0.1:0', tcpAddress: '' }, DEAF);
    assert.ok(mux.udpPort > 0);
    assert.equal(mux.tcpPort, 0);
    assert.equal(mux.udpHost, '127.0.0.1');
    const plain = createSocket('udp4');
    plain.bind(0, '127.0.0.1');
    await once(plain, 'listening');
    assert.ok(mux.bufferSizes.receiveBytes >= plain.getRecvBufferSize());
    assert.ok(mux.bufferSizes.sendBytes >= plain.getSendBufferSize());
    plain.close();
    assert.ok(!mux.isCongested());
    assert.deepEqual([mux.sendQueueBytes(), mux.sendQueueCount()], [0, 0]);
  });

  it('serves IPv4 peers on a socket without host', async () => {
    await using mux = createMux();
    const arrived = Promise.withResolvers<string>();
    const onDatagram = (_bytes: Uint8Array, address: string, port: number): void => {
      const peer = createPeerAddress(address, port);
      assert.ok(mux.sendTo(peer, Uint8Array.of(42)));
      arrived.resolve(peer.address);
    };
    await mux.open({ udpAddress: ':0', tcpAddress: '' }, { ...DEAF, onDatagram });
    const client = createSocket('udp4');
    client.bind(0, '127.0.0.1');
    await once(client, 'listening');
    const answer = once(client, 'message');
    client.send(Uint8Array.of(1), mux.udpPort, '127.0.0.1');
    assert.equal(await arrived.promise, '127.0.0.1');
    await answer;
    client.close();
  });

  it('drops and counts what is sent after close()', async () => {
    const counters = createTransportCounters();
    const mux = createMux(counters);
    await mux.open({ udpAddress: '127.0.0.1:0', tcpAddress: '127.0.0.1:0' }, DEAF);
    await mux.close();
    await mux.close();
    assert.ok(!mux.sendTo(createPeerAddress('127.0.0.1', 9), new Uint8Array(1)));
    assert.ok(!mux.sendControl(createPeerAddress('127.0.0.1', 9), new Uint8Array(1)));
    assert.deepEqual([counters.mediaDropped, counters.controlDropped], [1, 1]);
  });

  it('names the key of a port that is taken and leaves nothing open', async () => {
    await using first = createMux();
    await first.open({ udpAddress: '', tcpAddress: '127.0.0.1:0' }, DEAF);
    const second = createMux();
    const addresses = { udpAddress: '127.0.0.1:0', tcpAddress: `127.0.0.1:${first.tcpPort}` };
    await assert.rejects(second.open(addresses, DEAF), {
      code: 'listen-failed',
      message: /webrtcLocalTCPAddress 127\.0\.0\.1:\d+: .*EADDRINUSE/u,
    });
    assert.equal(second.udpPort, 0);
  });
});

describe('parseSocketAddress()', () => {
  it('reads the forms of mediamtx.yml', () => {
    assert.deepEqual(parseSocketAddress(':8189'), { host: undefined, port: 8189 });
    assert.deepEqual(parseSocketAddress('127.0.0.1:0'), { host: '127.0.0.1', port: 0 });
    assert.deepEqual(parseSocketAddress('[::1]:65535'), { host: '::1', port: 65535 });
  });

  it('rejects everything else', () => {
    for (const text of ['', '8189', ':', ':65536', 'localhost:1', '::1:1', '[::1]', '1.2.3.4:-1']) {
      assert.throws(
        () => parseSocketAddress(text),
        (error) => error instanceof MediaError && error.code === 'bad-listen-address',
        text,
      );
    }
  });
});

describe('AddressTable', () => {
  it('finds by address and port, and deletes only what it still holds', () => {
    const table = new AddressTable<string>();
    table.set('10.0.0.1', 5, 'a');
    table.set('10.0.0.2', 5, 'b');
    table.set('10.0.0.1', 6, 'c');
    assert.deepEqual(
      [table.get('10.0.0.1', 5), table.get('10.0.0.2', 5), table.get('10.0.0.1', 6), table.size],
      ['a', 'b', 'c', 3],
    );
    table.set('10.0.0.1', 5, 'd');
    table.delete('10.0.0.1', 5, 'a');
    assert.equal(table.get('10.0.0.1', 5), 'd');
    table.delete('10.0.0.1', 5, 'd');
    assert.equal(table.get('10.0.0.1', 5), undefined);
    assert.equal(table.size, 2);
    assert.equal(table.get('10.0.0.9', 9), undefined);
  });
});
