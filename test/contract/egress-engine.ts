// The promises of every EgressEngine, checked by decrypting what a socket got from it.
import { describeEgressCallbacks } from './egress-engine-callbacks.ts';
import { describeEgressCursors } from './egress-engine-cursors.ts';
import { describeEgressDelivery } from './egress-engine-delivery.ts';
import { describeEgressRetransmission } from './egress-engine-retransmission.ts';
import { EgressRig, PROFILES, type EngineFactory } from './egress-engine-rig.ts';

/** Runs the suite for one engine. */
export function describeEgressEngine(name: string, createEngine: EngineFactory): void {
  describe(name, () => {
    for (const profile of PROFILES) {
      describe(`with SRTP profile ${profile}`, () => {
        const createRig = (): EgressRig => new EgressRig(createEngine, profile);
        describeEgressDelivery(createRig);
        describeEgressRetransmission(createRig);
      });
    }
    const createRig = (): EgressRig => new EgressRig(createEngine);
    describeEgressCursors(createRig);
    describeEgressCallbacks(createRig);
  });
}
