// Probing, photographing and restarting a double of a capture device.
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { silentLogger } from '../../../core/base/logger.ts';
import { AddressPolicy } from '../../../core/http/address-policy.ts';
import { pinDestination, systemResolver } from '../../../core/http/pin-destination.ts';
import { PinnedHttpClient } from '../../../core/http/pinned-http-client.ts';
import { DeviceCamera } from '../../../pro/device/device-camera.ts';
import { DeviceProbe } from '../../../pro/device/device-probe.ts';
import { DeviceReboot } from '../../../pro/device/device-reboot.ts';
import type { DeviceTarget, ProbeKind } from '../../../pro/device/device-target.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const JPEG = Buffer.from([0xff, 0xd8, 0xff, 0xe0, 1, 2, 3]);

interface Answer {
  readonly status?: number;
  readonly body?: string | Buffer;
}

/** A device that answers by path, and keeps `METHOD path body`. */
async function startDevice(answers: Readonly<Record<string, Answer | 'hang'>>): Promise<
  AsyncDisposable & {
    readonly port: number;
    readonly seen: string[];
    readonly headers: IncomingMessage['headers'][];
    readonly arrived: Promise<undefined>;
  }
> {
  const seen: string[] = [];
  const headers: IncomingMessage['headers'][] = [];
  const arrived = Promise.withResolvers<undefined>();
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = Buffer.concat(await request.toArray()).toString();
    seen.push(`${request.method ?? ''} ${request.url ?? ''} ${body}`.trim());
    headers.push(request.headers);
    arrived.resolve(undefined);
    const answer = answers[request.url ?? ''] ?? { status: 404 };
    if (answer !== 'hang') response.writeHead(answer.status ?? 200).end(answer.body);
  };
  const server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // A listening TCP server has such an address.
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { port, seen, headers, arrived: arrived.promise, [Symbol.asyncDispose]: close };
}

function setUp(): {
  readonly clock: FakeClock;
  readonly probe: DeviceProbe;
  readonly client: PinnedHttpClient;
} {
  const clock = new FakeClock();
  const policy = new AddressPolicy({ allow: ['127.0.0.1'] });
  const client = new PinnedHttpClient({ clock, policy }, { maxResponseBytes: 1000 });
  const pin: ConstructorParameters<typeof DeviceProbe>[0]['pin'] = (destination) =>
    pinDestination({ resolver: systemResolver, policy }, destination);
  return { clock, client, probe: new DeviceProbe({ clock, client, pin }) };
}

const targetOf = (port: number, probe: ProbeKind, sourceUrl = 'rtsp://x/0'): DeviceTarget => ({
  ...{ name: 'cam', address: `127.0.0.1:${port}`, sourceUrl, probe },
});

const inputs = (...result: readonly unknown[]): Answer => ({ body: JSON.stringify({ result }) });

describe('DeviceProbe by rpc', () => {
  const cases: readonly (readonly [string, Answer, boolean, string])[] = [
    [
      'an input with a signal',
      inputs({ name: 'HDMI1', avalible: false }, { name: 'SDI1', avalible: true }),
      ...([true, '1 of 2 inputs have a signal'] as const),
    ],
    [
      'the spelling of a dictionary',
      inputs({ name: 'HDMI1', available: true }),
      ...([true, '1 of 1 inputs have a signal'] as const),
    ],
    [
      'inputs that carry no picture',
      inputs({ name: 'LineIn', avalible: true }, { name: 'HDMI1', avalible: false }),
      ...([false, '0 of 1 inputs have a signal'] as const),
    ],
    ['no inputs', inputs(), false, '0 of 0 inputs have a signal'],
    ['something else', { body: '{"result":5}' }, false, 'RPC answer is not understood'],
    ['no JSON', { body: '<html>' }, false, 'RPC answer is not understood'],
    ['an error', { status: 500 }, false, 'RPC answers 500'],
  ];
  for (const [what, answer, isAvailable, reason] of cases) {
    it(`understands ${what}`, async () => {
      await using device = await startDevice({ '/RPC': answer });
      const result = await setUp().probe.probe(targetOf(device.port, 'rpc'));
      assert.deepEqual(result, { isAvailable, reason, latencyMs: 0 });
      assert.deepEqual(device.seen, [
        'POST /RPC {"id":1,"jsonrpc":"2.0","method":"enc.getInputState"}',
      ]);
    });
  }

  it('takes an endless answer and silence for "not available"', async () => {
    await using device = await startDevice({ '/RPC': { body: 'x'.repeat(5000) } });
    const large = await setUp().probe.probe(targetOf(device.port, 'rpc'));
    assert.match(large.reason, /larger than 1000 bytes/u);
    await using silent = await startDevice({ '/RPC': 'hang' });
    const { clock, probe } = setUp();
    const result = probe.probe(targetOf(silent.port, 'rpc'));
    await silent.arrived;
    clock.advance(1500);
    const { isAvailable, reason, latencyMs } = await result;
    assert.deepEqual([isAvailable, latencyMs], [false, 1500]);
    assert.match(reason, /within 1500 ms/u);
    assert.equal(clock.pendingTimers, 0);
  });
});

describe('DeviceProbe by other means', () => {
  it('takes any answer but a server error over HTTP', async () => {
    await using alive = await startDevice({ '/': { status: 401 } });
    await using broken = await startDevice({ '/': { status: 503 } });
    const { probe } = setUp();
    assert.equal((await probe.probe(targetOf(alive.port, 'http'))).isAvailable, true);
    const result = await probe.probe(targetOf(broken.port, 'http'));
    assert.deepEqual([result.isAvailable, result.reason], [false, 'HTTP answers 503']);
  });

  it('connects to the port of the source over TCP', async () => {
    const device = await startDevice({});
    const source = `rtsp://u:p#/w@127.0.0.1:${device.port}/0`;
    const target = {
      ...targetOf(0, 'tcp', source.replace('/w', 'w')),
      address: '127.0.0.1',
    };
    const { probe, clock } = setUp();
    assert.equal((await probe.probe(target)).isAvailable, true);
    await device[Symbol.asyncDispose]();
    const refused = await probe.probe(target);
    assert.equal(refused.isAvailable, false);
    assert.match(refused.reason, /ECONNREFUSED/u);
    assert.equal(clock.pendingTimers, 0);
  });

  it('does not connect where the policy forbids', async () => {
    const { probe } = setUp();
    const target = { ...targetOf(0, 'tcp'), address: '169.254.169.254:80' };
    assert.match((await probe.probe(target)).reason, /link-local/u);
    const bad = { ...targetOf(0, 'rpc'), address: 'u:p@127.0.0.1' };
    assert.match((await probe.probe(bad)).reason, /no host/u);
  });

  it('asks nothing when told so, and stops with the signal', async () => {
    const { probe } = setUp();
    assert.equal((await probe.probe(targetOf(1, 'none'))).isAvailable, true);
    await using silent = await startDevice({ '/RPC': 'hang' });
    const abort = new AbortController();
    const result = probe.probe(targetOf(silent.port, 'rpc'), abort.signal);
    await silent.arrived;
    abort.abort(new Error('stopped'));
    assert.deepEqual((await result).reason, 'stopped');
  });
});

describe('DeviceCamera.grab()', () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['rtsp://x/live/0', ['GET /1.jpg']],
    ['rtsp://x/live?v=0', ['GET /1.jpg']],
    ['rtsp://u:p#@x/live/0', ['GET /1.jpg']],
    [
      'rtsp://x/stream2',
      [
        'POST /RPC {"jsonrpc":"2.0","method":"enc.getJPG","params":["stream2"],"id":1}',
        'GET /snap/stream2.jpg',
      ],
    ],
  ];
  for (const [sourceUrl, requests] of cases) {
    it(`takes the picture of ${sourceUrl}`, async () => {
      await using device = await startDevice({
        ...{ '/1.jpg': { body: JPEG }, '/RPC': { body: '{}' } },
        '/snap/stream2.jpg': { body: JPEG },
      });
      const { client } = setUp();
      const camera = new DeviceCamera({ client, logger: silentLogger });
      assert.deepEqual(await camera.grab(targetOf(device.port, 'rpc', sourceUrl)), JPEG);
      assert.deepEqual(device.seen, requests);
    });
  }

  it('gives nothing for what is no JPEG, fails or has no usable name', async () => {
    const { client } = setUp();
    const camera = new DeviceCamera({ client, logger: silentLogger });
    await using html = await startDevice({ '/1.jpg': { body: '<html>' } });
    await using failing = await startDevice({ '/1.jpg': { status: 500, body: JPEG } });
    for (const { port } of [html, failing]) {
      assert.equal(await camera.grab(targetOf(port, 'rpc')), undefined);
    }
    const port = html.port;
    for (const name of ['..', 'a%2fb', 'a"b', 'x'.repeat(65), '']) {
      assert.equal(await camera.grab(targetOf(port, 'rpc', `rtsp://x/${name}`)), undefined);
    }
    assert.equal(html.seen.length, 1);
    assert.equal(await camera.grab({ ...targetOf(1, 'rpc'), address: '10.0.0.256x/' }), undefined);
  });
});

describe('DeviceReboot', () => {
  it('calls the configured URL with the configured login', async () => {
    await using device = await startDevice({ '/reboot': {}, '/no': { status: 403 } });
    const { client } = setUp();
    const login = { user: 'op', pass: 'hunter2' };
    const reboot = new DeviceReboot(client, { url: 'http://{host}/reboot', ...login });
    await reboot.reboot(`127.0.0.1:${device.port}`);
    const basic = Buffer.from('op:hunter2').toString('base64');
    assert.equal(device.headers[0]?.authorization, `Basic ${basic}`);
    const refused = new DeviceReboot(client, { url: 'http://{host}/no', ...login });
    const address = `127.0.0.1:${device.port}`;
    await assert.rejects(refused.reboot(address), { code: 'reboot-refused' });
  });

  it('has no default login', () => {
    const { client } = setUp();
    const options = { url: 'http://{host}/', user: 'admin', pass: '' };
    assert.throws(() => new DeviceReboot(client, options), { code: 'reboot-login-missing' });
  });
});
