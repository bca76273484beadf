// The contract of signalling dialects, for those that this server speaks.
import {
  describeDialect,
  type DialectReply,
  type DialectRig,
} from '../../contract/signaling-dialect.ts';
import { setUpSignaling, STRANGER } from '../../core/webrtc/signaling-fixture.ts';
import { H264 } from '../../core/webrtc/sample-stream.ts';
import type { TestReply } from '../../support/http-client.ts';
import { Go2rtcFixture, type SocketTester } from './go2rtc/go2rtc-fixture.ts';
import { fieldsOf, SmartlyFixture } from './smartly/smartly-fixture.ts';

const plain = ({ status }: TestReply): DialectReply => ({ isAccepted: status < 300 });

async function startSmartly(): Promise<DialectRig> {
  const fixture = await SmartlyFixture.start();
  fixture.core.publish([H264], 'front_door');
  return {
    stranger: 'AAAAAAAAAAAAAAAA',
    offer: async (sdp) => {
      const reply = await fixture.offer(sdp);
      if (reply.status !== 200) return plain(reply);
      const fields = fieldsOf(reply);
      return {
        isAccepted: true,
        sdp: String(fields['sdp']),
        session: String(fields['session_id']),
      };
    },
    candidate: async (session_id, candidate) =>
      plain(await fixture.send('ice', { session_id, candidate: { candidate } })),
    close: async (session_id) => plain(await fixture.send('hangup', { session_id })),
    readers: () => fixture.core.readersOf('front_door'),
    endPeer: () => fixture.core.peer.end(),
    [Symbol.asyncDispose]: () => fixture[Symbol.asyncDispose](),
  };
}

async function startWhep(): Promise<DialectRig> {
  const { fixture, post, patch, request, ...setup } = await setUpSignaling();
  fixture.publish([H264]);
  return {
    stranger: STRANGER,
    offer: async (sdp) => {
      const reply = await post('/cam/whep', sdp);
      if (reply.status !== 201) return plain(reply);
      return { isAccepted: true, sdp: reply.body, session: reply.headers.location ?? '' };
    },
    candidate: async (session, candidate) =>
      plain(await patch(session, `m=video 9 RTP/AVP 0\r\na=mid:0\r\na=${candidate}\r\n`)),
    close: async (session) => plain(await request({ method: 'DELETE', path: session })),
    readers: () => fixture.readersOf('cam'),
    endPeer: () => fixture.peer.end(),
    [Symbol.asyncDispose]: () => setup[Symbol.asyncDispose](),
  };
}

/** A session is a connection: nothing but its end closes it, and only what is refused is answered. */
async function startGo2rtc(): Promise<DialectRig> {
  const fixture = await Go2rtcFixture.start();
  fixture.core.publish([H264]);
  const clients = new Map<string, SocketTester>();
  return {
    stranger: 'nobody',
    offer: async (sdp) => {
      const client = await fixture.socket('?src=cam');
      client.send('webrtc/offer', sdp);
      const reply = await client.next('webrtc/answer', 'error');
      if (reply?.type !== 'webrtc/answer') return { isAccepted: false };
      const session = `connection ${clients.size}`;
      clients.set(session, client);
      return { isAccepted: true, sdp: String(reply.value), session };
    },
    candidate: async (session, candidate) => {
      const client = clients.get(session);
      client?.send('webrtc/candidate', candidate);
      client?.send('mse', '');
      const reply = await client?.next('error');
      return { isAccepted: String(reply?.value).startsWith('mse:') };
    },
    close: async (session) => {
      const client = clients.get(session);
      if (!client) return { isAccepted: false };
      clients.delete(session);
      const others = fixture.server.stats.sockets - 1;
      client.socket.close();
      await client.closed;
      for (let turn = 0; turn < 1000 && fixture.server.stats.sockets > others; turn++) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      return { isAccepted: true };
    },
    readers: () => fixture.core.readersOf('cam'),
    endPeer: () => fixture.core.peer.end(),
    [Symbol.asyncDispose]: () => fixture[Symbol.asyncDispose](),
  };
}

describeDialect('Smartly', startSmartly);
describeDialect('go2rtc over a WebSocket', startGo2rtc);
describeDialect('WHEP', startWhep);
