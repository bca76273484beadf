// Tests of channels and streams of the control plane.
import assert from 'node:assert/strict';
import { KinesisChannels, type KinesisChannel } from '../../../pro/aws/kinesis-channels.ts';
import { KinesisStreams } from '../../../pro/aws/kinesis-streams.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { AwsDouble, KEYS, settle, type ScriptedAnswer } from './aws-double.ts';

const { signal } = new AbortController();
const CHANNEL: KinesisChannel = { name: 'door', arn: 'arn:aws:kinesisvideo:door' };
const ENDPOINTS = { wss: new URL('wss://v.example/'), https: new URL('https://r.example/') };

function channelsOf(...answers: ScriptedAnswer[]): { aws: AwsDouble; channels: KinesisChannels } {
  const aws = new AwsDouble(...answers);
  return { aws, channels: new KinesisChannels(aws.client(new FakeClock())) };
}

describe('KinesisChannels', () => {
  it('finds a channel and its addresses for a role', async () => {
    const { aws, channels } = channelsOf(
      { body: { ChannelInfo: { ChannelARN: CHANNEL.arn, ChannelStatus: 'ACTIVE' } } },
      {
        body: {
          ResourceEndpointList: [
            { Protocol: 'WSS', ResourceEndpoint: 'wss://v.example' },
            { Protocol: 'HTTPS', ResourceEndpoint: 'https://r.example' },
          ],
        },
      },
    );
    const channel = await channels.describe('door', signal);
    assert.deepEqual(channel, CHANNEL);
    const { wss, https } = await channels.endpoints(channel, 'VIEWER', signal);
    assert.deepEqual([wss.href, https.href], ['wss://v.example/', 'https://r.example/']);
    assert.deepEqual(aws.asked, [
      '/describeSignalingChannel {"ChannelName":"door"}',
      `/getSignalingChannelEndpoint {"ChannelARN":"${CHANNEL.arn}",` +
        '"SingleMasterChannelEndpointConfiguration":{"Protocols":["WSS","HTTPS"],"Role":"VIEWER"}}',
    ]);
  });

  it('makes a channel, and refuses one that is going away', async () => {
    const { aws, channels } = channelsOf(
      { body: { ChannelARN: CHANNEL.arn } },
      { body: { ChannelInfo: { ChannelARN: 'x', ChannelStatus: 'DELETING' } } },
    );
    assert.deepEqual(await channels.create('door', signal), CHANNEL);
    assert.match(aws.asked[0] ?? '', /^\/createSignalingChannel .*SINGLE_MASTER/u);
    await assert.rejects(channels.describe('door', signal), { code: 'aws-not-found' });
  });

  it('asks the named host for ICE servers, and bounds their life', async () => {
    const Uris = ['turn:t.example:443?transport=udp', 'turns:t.example:443?transport=tcp'];
    const list = [{ Uris, Username: 'u', Password: 'p', Ttl: 1 }];
    const { aws, channels } = channelsOf({ body: { IceServerList: list } }, { body: {} });
    const visit = {
      channel: CHANNEL,
      endpoints: ENDPOINTS,
      role: 'VIEWER',
      clientId: 'c',
    } as const;
    const { servers, ttlSeconds } = await channels.iceServers(visit, signal);
    assert.equal(ttlSeconds, 30);
    assert.deepEqual(
      servers,
      Uris.map((url) => ({ url, username: 'u', credential: 'p' })),
    );
    assert.equal(aws.requests[0]?.url, 'https://r.example/v1/get-ice-server-config');
    assert.deepEqual((await channels.iceServers(visit, signal)).servers, []);
  });

  it('signs the address of a viewer with its client id, of a master without', async () => {
    const { channels } = channelsOf();
    const base = { channel: CHANNEL, endpoints: ENDPOINTS };
    const viewer = await channels.signedUrl({ ...base, role: 'VIEWER', clientId: 'c 1' }, signal);
    const { searchParams } = viewer;
    assert.equal(searchParams.get('X-Amz-ChannelARN'), CHANNEL.arn);
    assert.equal(searchParams.get('X-Amz-ClientId'), 'c 1');
    assert.match(searchParams.get('X-Amz-Signature') ?? '', /^[0-9a-f]{64}$/u);
    const master = await channels.signedUrl({ ...base, role: 'MASTER' }, signal);
    assert.equal(master.searchParams.has('X-Amz-ClientId'), false);
  });

  it('names the IAM action of the role when a connection is refused, and forgets expired keys', async () => {
    const { aws, channels } = channelsOf();
    const visit = { channel: CHANNEL, endpoints: ENDPOINTS, role: 'MASTER' } as const;
    const url = await channels.signedUrl(visit, signal);
    const refusal = (type: string): string =>
      channels.connectFailure(
        { status: 403, headers: { 'x-amzn-errortype': type }, body: '' },
        visit,
        url,
      ).message;
    assert.match(
      refusal('AccessDeniedException'),
      /kinesisvideo:ConnectAsMaster on channel 'door'/u,
    );
    assert.deepEqual(aws.forgotten, []);
    assert.match(refusal('ExpiredTokenException'), /expired/u);
    assert.deepEqual(aws.forgotten, [KEYS.accessKeyId]);
  });

  it('knows a STUN server where AWS has one', () => {
    const { aws, channels } = channelsOf();
    assert.equal(channels.stunUrl, 'stun:stun.kinesisvideo.eu-central-1.amazonaws.com:443');
    const custom = new KinesisChannels(aws.client(new FakeClock(), 'http://127.0.0.1:1'));
    assert.equal(custom.stunUrl, '');
  });
});

describe('KinesisStreams', () => {
  const WANTED = { name: 'cam', retentionHours: 24, mediaType: 'video/h264' };
  const missing: ScriptedAnswer = { status: 404, type: 'ResourceNotFoundException' };
  const state = (Status: string, DataRetentionInHours = 2): ScriptedAnswer => ({
    body: { StreamInfo: { Status, DataRetentionInHours } },
  });

  function streamsOf(
    createIfMissing: boolean,
    ...answers: ScriptedAnswer[]
  ): { aws: AwsDouble; clock: FakeClock; streams: KinesisStreams } {
    const aws = new AwsDouble(...answers);
    const clock = new FakeClock();
    const streams = new KinesisStreams({ clock, client: aws.client(clock) }, { createIfMissing });
    return { aws, clock, streams };
  }

  it('takes a stream as it is', async () => {
    const { aws, streams } = streamsOf(false, state('ACTIVE', 2));
    assert.deepEqual(await streams.prepare(WANTED, signal), { retentionHours: 2 });
    assert.deepEqual(aws.asked, ['/describeStream {"StreamName":"cam"}']);
  });

  it('refuses a stream that does not exist, unless it may make one', async () => {
    const { streams } = streamsOf(false, missing);
    await assert.rejects(streams.prepare(WANTED, signal), {
      ...{ code: 'aws-not-found', message: /stream 'cam' does not exist in region eu-central-1/u },
    });
  });

  it('makes a stream, also when another is faster, and waits until it is active', async () => {
    for (const made of [
      { body: { StreamARN: 'a' } },
      { status: 400, type: 'ResourceInUseException' },
    ]) {
      const answers = [missing, made, missing, state('CREATING'), state('ACTIVE', 24)];
      const { aws, clock, streams } = streamsOf(true, ...answers);
      const ready = streams.prepare(WANTED, signal);
      for (let second = 0; second < 3; second++) {
        await settle();
        clock.advance(1000);
      }
      assert.deepEqual(await ready, { retentionHours: 24 });
      assert.equal(
        aws.asked[1],
        '/createStream {"StreamName":"cam","DataRetentionInHours":24,"MediaType":"video/h264"}',
      );
      assert.equal(aws.asked.length, 5);
    }
  });

  it('waits a minute for a stream, no longer', async () => {
    const { clock, streams } = streamsOf(true, state('CREATING'));
    const failed = assert.rejects(streams.prepare(WANTED, signal), {
      ...{
        code: 'aws-stream-not-active',
        message: "stream 'cam' is still CREATING after 60000 ms",
      },
    });
    for (let second = 0; second <= 60; second++) {
      await settle();
      clock.advance(1000);
    }
    await failed;
    assert.equal(clock.pendingTimers, 0);
  });

  it('keeps a data endpoint for 45 minutes, or until it is forgotten', async () => {
    const { aws, clock, streams } = streamsOf(false, {
      body: { DataEndpoint: 'https://s-1.example' },
    });
    assert.equal((await streams.dataEndpoint('cam', signal)).href, 'https://s-1.example/');
    clock.advance(45 * 60_000 - 1);
    await streams.dataEndpoint('cam', signal);
    assert.equal(aws.requests.length, 1);
    clock.advance(1);
    await streams.dataEndpoint('cam', signal);
    streams.forget('cam');
    await streams.dataEndpoint('cam', signal);
    assert.equal(aws.requests.length, 3);
  });

  it('signs a request whose body it does not know', async () => {
    const { streams } = streamsOf(false);
    const headers = await streams.sign(
      {
        ...{ method: 'POST', url: new URL('https://s-1.example/putMedia') },
        headers: { 'x-amzn-stream-name': 'cam', 'transfer-encoding': 'chunked' },
      },
      signal,
    );
    assert.equal(headers['host'], 's-1.example');
    assert.equal(headers['transfer-encoding'], 'chunked');
    assert.match(
      headers['authorization'] ?? '',
      /SignedHeaders=host;x-amz-date;x-amzn-stream-name, /u,
    );
  });
});
