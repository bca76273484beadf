// Measures one connectivity check from received bytes to the answer's bytes, without the kernel.
import { createPeerAddress } from '../../core/webrtc/transport/peer-address.ts';
import { IceLiteAgent, type IcePath } from '../../core/webrtc/transport/ice-lite-agent.ts';
import { bindingSuccess } from '../../core/webrtc/transport/stun-response.ts';
import { StunResponder } from '../../core/webrtc/transport/stun-responder.ts';
import { createTransportCounters } from '../../core/webrtc/transport/transport-counters.ts';
import { bindingRequest } from '../core/webrtc/transport/stun-request.ts';

const WARM_UP = 20_000;
const ROUNDS = 5;
const CHECKS_PER_ROUND = 20_000;

/** Median of five rounds, microseconds per request and response. */
export async function benchStun(): Promise<{ microseconds: number }> {
  const agent = new IceLiteAgent({ remoteUfrag: 'abcd', pathSilenceMs: 5_000, maxPaths: 4 });
  const { ufrag, password } = agent.localCredentials;
  const owner = { agent };
  const responder = new StunResponder(() => owner, createTransportCounters());
  const address = createPeerAddress('192.0.2.1', 50_000);
  const path: IcePath = { address, lastReceivedMs: 0, isNominated: false };
  agent.addPath(path);
  const request = bindingRequest({ username: `${ufrag}:abcd`, password, isNominating: true });
  let bytes = 0;
  const answer = (count: number): void => {
    for (let index = 0; index < count; index++) {
      const verdict = responder.judge(request);
      if (verdict.kind !== 'valid') continue;
      const { generation } = verdict;
      agent.acceptCheck(path, { generation, isNominating: true, nowMs: performance.now() });
      bytes += bindingSuccess(verdict.request, address, generation.local.password).length;
    }
  };
  answer(WARM_UP);
  const results: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const startedMs = performance.now();
    answer(CHECKS_PER_ROUND);
    results.push(((performance.now() - startedMs) * 1_000) / CHECKS_PER_ROUND);
    // One turn, so that other work of the process is not starved.
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  if (bytes !== (WARM_UP + ROUNDS * CHECKS_PER_ROUND) * 64)
    throw new Error('checks went unanswered');
  results.sort((a, b) => a - b);
  return { microseconds: results[ROUNDS >> 1] ?? Number.NaN };
}

if (import.meta.main) {
  const { microseconds } = await benchStun();
  console.log(`STUN request -> response: ${microseconds.toFixed(2)} us (target 25)`);
}
