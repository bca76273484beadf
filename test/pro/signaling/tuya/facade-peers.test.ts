// Offers to sessions of the real manager, and everything that ends them.
import assert from 'node:assert/strict';
import { FacadeIdentity } from '../../../../pro/signaling/tuya/facade-identity.ts';
import {
  defaultTuyaFacadeOptions,
  type TuyaFacadeOptions,
} from '../../../../pro/signaling/tuya/facade-options.ts';
import { FacadePeers } from '../../../../pro/signaling/tuya/facade-peers.ts';
import type {
  TuyaBody,
  TuyaHeader,
  TuyaMessage,
} from '../../../../pro/signaling/tuya/tuya-message.ts';
import { ManagerFixture } from '../../../core/webrtc/manager-fixture.ts';
import { viewerOffer } from '../../../core/webrtc/sample-offers.ts';
import { H264 } from '../../../core/webrtc/sample-stream.ts';

const LOGIN = { clientId: 'project', secret: 'secret', uid: 'user' };
const SWEEP_MS = defaultTuyaFacadeOptions.sweepPeriodMs;

class Scene {
  readonly core = new ManagerFixture('{ cam: {}, empty: {} }');
  readonly identity = new FacadeIdentity(LOGIN);
  readonly viewer = this.identity.msidOf('1');
  readonly sent: TuyaMessage[] = [];
  readonly peers: FacadePeers;
  readonly auth = this.identity.issueAuth('dev1', this.core.clock.nowMs() + 60_000);
  #onSent: (() => void) | undefined;

  constructor(options: Partial<TuyaFacadeOptions> = {}, hasManager = true) {
    const { clock, logger, manager, pathManager: paths } = this.core;
    this.core.pathManager.start();
    this.core.publish([H264]);
    this.peers = new FacadePeers(
      {
        ...{ clock, logger, paths, identity: this.identity },
        manager: hasManager ? manager : undefined,
        send: (message) => {
          this.sent.push(message);
          this.#onSent?.();
        },
      },
      {
        ...defaultTuyaFacadeOptions,
        clientId: LOGIN.clientId,
        devices: new Map([
          ['dev1', { path: 'cam', subPath: '' }],
          ['dev2', { path: 'empty', subPath: 'cam' }],
        ]),
        ...options,
      },
    );
    this.peers.start();
  }

  get types(): readonly string[] {
    return this.sent.map(({ body }) => body.type);
  }

  get offer(): TuyaBody & { readonly type: 'offer' } {
    const { auth } = this;
    const common = { isDataChannelEnabled: false, iceServers: [] };
    return { type: 'offer', sdp: viewerOffer(), streamType: 0, auth, ...common };
  }

  tell(body: TuyaBody, header: Partial<TuyaHeader> = {}): void {
    const to = header.to ?? 'dev1';
    const own = { from: this.viewer, to, sessionId: 's1', subDeviceId: '', motoId: 'moto_pro001' };
    this.peers.take(to, { header: { ...own, ...header }, body });
  }

  /** Resolves when a message of this type was sent. */
  async heard(type: string): Promise<void> {
    while (!this.types.includes(type)) {
      await new Promise<void>((resolve) => {
        this.#onSent = resolve;
      });
    }
  }

  /** Opens the session; its last message is the end of candidates. */
  async watch(header: Partial<TuyaHeader> = {}): Promise<void> {
    this.sent.length = 0;
    this.tell(this.offer, header);
    await this.heard('candidate');
  }
}

describe('FacadePeers', () => {
  it('answers an offer, then tells each candidate as devices do', async () => {
    const scene = new Scene();
    await scene.watch();
    assert.deepEqual(scene.types, ['answer', 'candidate', 'candidate']);
    const [answer, first, last] = scene.sent.map(({ body }) => body);
    assert.ok(answer?.type === 'answer' && answer.sdp.includes('m=video'));
    assert.deepEqual(first, {
      type: 'candidate',
      candidate: 'a=candidate:1 1 udp 2130706431 127.0.0.1 8189 typ host\r\n',
    });
    assert.deepEqual(last, { type: 'candidate', candidate: '' });
    assert.deepEqual(scene.sent[0]?.header, {
      from: 'dev1',
      to: scene.viewer,
      sessionId: 's1',
      subDeviceId: '',
      motoId: 'moto_pro001',
    });
  });

  it('ends the session on a disconnect, and knows it no more', async () => {
    const scene = new Scene();
    await scene.watch();
    assert.equal(scene.core.manager.count, 1);
    scene.tell({ type: 'disconnect' });
    scene.tell({ type: 'disconnect' });
    assert.deepEqual([scene.core.manager.count, scene.peers.count], [0, 0]);
  });

  it('keeps viewers and their sessions apart', async () => {
    const scene = new Scene();
    await scene.watch();
    await scene.watch({ sessionId: 's2' });
    await scene.watch({ from: scene.identity.msidOf('2') });
    assert.equal(scene.core.manager.count, 3);
    scene.tell({ type: 'disconnect' }, { sessionId: 's3' });
    scene.tell({ type: 'disconnect' }, { sessionId: 's2' });
    assert.equal(scene.core.manager.count, 2);
  });

  it('puts a second offer of a session in the place of the first', async () => {
    const scene = new Scene();
    await scene.watch();
    await scene.watch();
    assert.deepEqual([scene.core.manager.count, scene.peers.count], [1, 1]);
  });

  it('gives up what a disconnect or another offer overtakes', async () => {
    const scene = new Scene();
    scene.tell(scene.offer);
    scene.tell({ type: 'disconnect' });
    await scene.watch();
    assert.deepEqual(scene.types, ['answer', 'candidate', 'candidate']);
    assert.equal(scene.core.manager.count, 1);
  });

  it('gives the sub stream where there is one', async () => {
    const scene = new Scene();
    const auth = scene.identity.issueAuth('dev2', scene.core.clock.nowMs() + 60_000);
    scene.tell({ ...scene.offer, auth, streamType: 1 }, { to: 'dev2' });
    await scene.heard('candidate');
    scene.tell({ type: 'resolution', value: 0 }, { to: 'dev2' });
    assert.deepEqual(scene.sent.at(-1)?.body, { type: 'resolution', value: 1 });
  });

  it('answers control messages of sessions that it knows with what holds', async () => {
    const scene = new Scene();
    scene.tell({ type: 'speaker', value: 1 });
    assert.deepEqual(scene.sent, []);
    await scene.watch();
    scene.tell({ type: 'resolution', value: 1 });
    scene.tell({ type: 'speaker', value: 1 });
    assert.deepEqual(
      scene.sent.slice(-2).map(({ body }) => body),
      [
        { type: 'resolution', value: 0 },
        { type: 'speaker', value: 0 },
      ],
    );
  });

  for (const [what, change] of [
    ['a wrong proof', (scene: Scene) => ({ ...scene.offer, auth: 'x' })],
    ['an offer that is none', (scene: Scene) => ({ ...scene.offer, sdp: 'v=0' })],
    [
      'a proof that is over',
      (scene: Scene) => {
        scene.core.clock.advance(60_000);
        return scene.offer;
      },
    ],
  ] as const) {
    it(`hangs up on ${what}`, async () => {
      const scene = new Scene();
      scene.tell(change(scene));
      await scene.heard('disconnect');
      assert.deepEqual([scene.types, scene.peers.count], [['disconnect'], 0]);
    });
  }

  it('hangs up where there is no stream, and where WebRTC is off', async () => {
    const scene = new Scene();
    const auth = scene.identity.issueAuth('dev2', scene.core.clock.nowMs() + 60_000);
    scene.tell({ ...scene.offer, auth }, { to: 'dev2' });
    await scene.heard('disconnect');
    const off = new Scene({}, false);
    off.tell(off.offer);
    await off.heard('disconnect');
    assert.deepEqual([scene.peers.count, off.peers.count], [0, 0]);
  });

  it('bounds the viewers of a device, and of all', async () => {
    for (const limit of [{ maxSessionsPerDevice: 1 }, { maxSessions: 1 }]) {
      const scene = new Scene(limit);
      await scene.watch();
      scene.tell(scene.offer, { sessionId: 's2' });
      assert.equal(scene.types.at(-1), 'disconnect');
      await scene.watch();
      assert.equal(scene.core.manager.count, 1);
    }
  });

  it('keeps silent towards names that it did not give, and other instances', () => {
    const scene = new Scene();
    scene.tell(scene.offer, { from: 'f'.repeat(32) });
    scene.tell(scene.offer, { from: '../+/#' });
    scene.tell(scene.offer, { motoId: 'other' });
    scene.peers.take('dev2', { header: headerTo('dev1', scene.viewer), body: scene.offer });
    scene.tell({ type: 'answer', sdp: 'v=0' });
    assert.deepEqual([scene.sent, scene.peers.count], [[], 0]);
    assert.equal(scene.peers.ignoredCount, 5);
  });

  it('drops the messages of who sends too many, not those of others', async () => {
    const scene = new Scene({ messageBurst: 5, messagesPerSecond: 1 });
    for (let count = 0; count < 10; count++) scene.tell({ type: 'candidate', candidate: '' });
    assert.equal(scene.peers.ignoredCount, 5);
    await scene.watch({ from: scene.identity.msidOf('2') });
    assert.equal(scene.core.manager.count, 1);
  });

  it('says 20 times at once who is refused, the rest to those who look closer', () => {
    const scene = new Scene();
    for (let index = 0; index < 50; index++) scene.tell({ ...scene.offer, auth: '' });
    const { lines } = scene.core.logger;
    const refusals = lines.filter(({ message }) => message.includes('refuses viewer'));
    assert.equal(refusals.filter(({ level }) => level === 'info').length, 20);
    assert.equal(refusals.filter(({ level }) => level === 'debug').length, 30);
    assert.equal(scene.types.length, 50);
  });

  it('takes candidates, also those that are none', async () => {
    const scene = new Scene();
    const line = 'a=candidate:1 1 udp 1 192.0.2.1 5 typ host';
    scene.tell({ type: 'candidate', candidate: line });
    await scene.watch();
    for (const candidate of [line, '', 'junk']) scene.tell({ type: 'candidate', candidate });
    assert.equal(scene.core.manager.count, 1);
  });

  it('tells a viewer whose connection ended', async () => {
    const scene = new Scene();
    await scene.watch();
    scene.core.peer.end();
    scene.core.clock.advance(SWEEP_MS);
    assert.deepEqual([scene.types.at(-1), scene.peers.count], ['disconnect', 0]);
  });

  it('says goodbye to everybody at its end', async () => {
    const scene = new Scene();
    await scene.watch();
    scene.peers.close();
    scene.peers.close();
    assert.equal(scene.types.at(-1), 'disconnect');
    assert.equal(scene.core.manager.count, 0);
    const before = scene.sent.length;
    scene.tell(scene.offer);
    scene.core.clock.advance(SWEEP_MS);
    assert.equal(scene.sent.length, before);
  });
});

function headerTo(to: string, from: string): TuyaHeader {
  return { from, to, sessionId: 's1', subDeviceId: '', motoId: '' };
}
