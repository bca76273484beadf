// The signalling of the double against a raw client: admission, relaying, refusals, what a test can order.
import assert from 'node:assert/strict';
import { DEFAULT_KVS_KEY, KvsDouble } from './kvs-double.ts';
import type { SignalingCallOptions } from './signaling-call.ts';
import { SignalingCall } from './signaling-call.ts';

const OFFER = { type: 'offer', sdp: 'v=0\r\n' };
const CANDIDATE = { candidate: 'candidate:1 1 udp 1 127.0.0.1 9 typ host', sdpMid: '0' };

describe('KvsSignaling', () => {
  let double: KvsDouble;
  let serial = 0;
  let channelName = '';

  before(async () => {
    double = await KvsDouble.start();
  });
  beforeEach(() => {
    serial += 1;
    channelName = `channel-${serial}`;
    double.catalog.addChannel(channelName, { messageTtlSeconds: 5 });
  });
  after(() => double.close());

  const dial = (options: Partial<SignalingCallOptions>): Promise<SignalingCall | number> =>
    SignalingCall.open({ double, channelName, role: 'VIEWER', ...options });
  const open = async (options: Partial<SignalingCallOptions>): Promise<SignalingCall> => {
    const call = await dial(options);
    if (typeof call === 'number') throw new Error(`refused with ${call}`);
    return call;
  };
  const master = (): Promise<SignalingCall> => open({ role: 'MASTER' });
  const viewer = (clientId = 'v'): Promise<SignalingCall> => open({ clientId });

  it('relays both ways and names the viewer to the master only', async () => {
    using top = await master();
    using leaf = await viewer();
    leaf.say('SDP_OFFER', OFFER, { recipientClientId: '' });
    await top.received(1);
    const { messagePayload, ...rest } = top.messages[0] ?? {};
    assert.deepEqual(rest, { messageType: 'SDP_OFFER', senderClientId: 'v' });
    assert.deepEqual(JSON.parse(Buffer.from(String(messagePayload), 'base64').toString()), OFFER);
    top.say('ICE_CANDIDATE', CANDIDATE, { recipientClientId: 'v', correlationId: 'c' });
    await leaf.received(1);
    assert.deepEqual(Object.keys(leaf.messages[0] ?? {}), ['messageType', 'messagePayload']);
    const relay = double.signaling.relay(channelName);
    assert.deepEqual(relay.viewer('v')?.messages[0]?.payload, OFFER);
    assert.deepEqual(
      relay.peers.flatMap(({ violations }) => violations),
      [],
    );
  });

  const refusals: readonly [string, Partial<SignalingCallOptions>, number][] = [
    ['a viewer without an id', {}, 400],
    ['an id that begins with AWS_', { clientId: 'AWS_1' }, 400],
    ['a master with an id', { role: 'MASTER', clientId: 'v' }, 400],
    ['a master at the viewers’ endpoint', { clientId: 'v', isAtWrongEndpoint: true }, 400],
    [
      'an absent channel',
      { clientId: 'v', arn: 'arn:aws:kinesisvideo:us-west-2:123456789012:channel/none/1' },
      404,
    ],
    [
      'a wrong secret',
      { clientId: 'v', credentials: { ...DEFAULT_KVS_KEY, secretAccessKey: 'x' } },
      403,
    ],
  ];
  for (const [what, options, status] of refusals) {
    it(`refuses ${what} with ${status}`, async () => assert.equal(await dial(options), status));
  }

  it('refuses as ordered, then admits', async () => {
    const failure = { kind: 'error', type: 'AccessDeniedException' } as const;
    double.failures.failNext('connectAsViewer', failure);
    assert.equal(await dial({ clientId: 'v' }), 401);
    double.failures.failNext('connectAsViewer', { kind: 'reply', status: 403, body: '' });
    assert.equal(await dial({ clientId: 'v' }), 403);
    double.failures.failNext('connectAsViewer', { kind: 'drop' });
    await assert.rejects(dial({ clientId: 'v' }));
    using leaf = await viewer();
    assert.deepEqual(leaf.messages, []);
  });

  it('admits three connects of a role in a second', async () => {
    const calls = [await viewer('a'), await viewer('b'), await viewer('c')];
    assert.equal(await dial({ clientId: 'd' }), 400);
    for (const call of calls) call[Symbol.dispose]();
  });

  it('displaces an older master and an older viewer of the same name', async () => {
    using oldMaster = await master();
    using newMaster = await master();
    using oldViewer = await viewer();
    using newViewer = await viewer();
    assert.equal(await oldMaster.closed, 1001);
    assert.equal(await oldViewer.closed, 1001);
    newViewer.say('SDP_OFFER', OFFER);
    await newMaster.received(1);
  });

  const failures: readonly [string, 'MASTER' | 'VIEWER', unknown, string, string][] = [
    ['a master without recipient', 'MASTER', CANDIDATE, '', 'InvalidArgumentException'],
    ['a viewer with recipient', 'VIEWER', CANDIDATE, 'x', 'InvalidArgumentException'],
    ['an absent viewer', 'MASTER', CANDIDATE, 'x', 'ResourceNotFoundException'],
    ['a payload above 10 KB', 'VIEWER', 'x'.repeat(8000), '', 'InvalidArgumentException'],
  ];
  for (const [what, role, payload, recipientClientId, errorType] of failures) {
    it(`reports ${what} to who asked for it`, async () => {
      using peer = await (role === 'MASTER' ? master() : viewer());
      peer.say('ICE_CANDIDATE', payload, { recipientClientId });
      peer.say('ICE_CANDIDATE', payload, { recipientClientId, correlationId: 'c-1' });
      await peer.received(1);
      const [message] = peer.messages;
      assert.equal(message?.['messageType'], 'STATUS_RESPONSE');
      const status = JSON.stringify(message['statusResponse']);
      assert.match(status, new RegExp(`"correlationId":"c-1","errorType":"${errorType}"`, 'u'));
    });
  }

  it('notes junk, misfits and floods', async () => {
    using leaf = await viewer();
    leaf.sendText('junk');
    await leaf.received(1);
    assert.equal(leaf.messages[0]?.['message'], 'Internal server error');
    leaf.say('SDP_OFFER', { type: 'answer', sdp: 'v=0' });
    for (let i = 0; i < 6; i += 1) leaf.say('SDP_OFFER', OFFER, { correlationId: `c${i}` });
    await leaf.received(2);
    const peer = await double.signaling.viewerOf(channelName);
    assert.equal(peer.violations[0], 'no message: junk');
    assert.equal(peer.violations[1], 'the payload of SDP_OFFER is an answer');
    assert.equal(peer.violations[2], 'too many SDP_OFFER in a second');
  });

  it('holds what viewers say for a master that is a part of the test', async () => {
    using leaf = await viewer();
    leaf.say('SDP_OFFER', OFFER);
    const peer = await double.signaling.viewerOf(channelName);
    await double.signaling.waitFor(() => peer.messages[0]);
    const heard: unknown[] = [];
    using local = double.signaling.joinLocally({
      ...{ channelName, role: 'MASTER', onMessage: (message) => heard.push(message) },
    });
    assert.equal(heard.length, 1);
    local.say('SDP_ANSWER', { type: 'answer', sdp: 'v=0' }, 'v');
    peer.sendGoAway();
    peer.sendReconnectIceServer();
    await leaf.received(3);
    assert.deepEqual(
      leaf.messages.map((message) => message['messageType']),
      ['SDP_ANSWER', 'GO_AWAY', 'RECONNECT_ICE_SERVER'],
    );
    peer.close(1006);
    assert.equal(await leaf.closed, 1006);
  });

  it('closes what is idle, and peers of a deleted channel', async () => {
    await using short = await KvsDouble.start({ channels: ['c'], signaling: { idleMs: 20 } });
    const call = await open({ double: short, channelName: 'c', clientId: 'v' });
    assert.equal(await call.closed, 1001);
    using leaf = await viewer();
    const channel = double.catalog.channel({ name: channelName, arn: undefined });
    double.signaling.dropChannel(channel);
    assert.equal(await leaf.closed, 1001);
  });
});
