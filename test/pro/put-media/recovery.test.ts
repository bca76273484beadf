// How long troubles last, and what is asked anew meanwhile.
import assert from 'node:assert/strict';
import { MediaError, type ErrorKind } from '../../../core/base/media-error.ts';
import type { PutMediaAction, PutMediaProblem } from '../../../pro/put-media/put-media-problem.ts';
import { Recovery } from '../../../pro/put-media/recovery.ts';

function problem(action: PutMediaAction, kind: ErrorKind = 'unavailable'): PutMediaProblem {
  return { action, error: new MediaError(kind, 'test', 'x') };
}

const recovery = (random = 1): Recovery =>
  new Recovery({ random: () => random, maxTroubleMs: 30_000, maxStartTroubleMs: 10_000 });

describe('Recovery', () => {
  it('doubles the wait up to 10 s, spread at random but never nothing', () => {
    const slow = recovery();
    const waits = Array.from({ length: 9 }, () => slow.next(problem('resend'), 0).waitMs);
    assert.deepEqual(waits, [200, 400, 800, 1600, 3200, 6400, 10_000, 10_000, 10_000]);
    const eager = recovery(0);
    assert.equal(eager.next(problem('resend'), 0).waitMs, 100);
    assert.equal(eager.next(problem('back-off'), 0).waitMs, 1000);
  });

  it('begins anew after a confirmed fragment', () => {
    const each = recovery();
    each.next(problem('resend'), 0);
    each.next(problem('resend'), 0);
    each.progress();
    assert.deepEqual([each.failures, each.next(problem('resend'), 50_000).waitMs], [0, 200]);
  });

  it('gives up after 10 s at the start, after 30 s later', () => {
    const each = recovery();
    assert.equal(each.next(problem('resend'), 1000).isOver, false);
    assert.equal(each.next(problem('resend'), 10_999).isOver, false);
    assert.equal(each.next(problem('resend'), 11_000).isOver, true);
    each.progress();
    assert.equal(each.next(problem('resend'), 20_000).isOver, false);
    assert.equal(each.next(problem('resend'), 49_999).isOver, false);
    assert.equal(each.next(problem('resend'), 50_000).isOver, true);
  });

  it('gives up at once when only an operator can help', () => {
    const step = recovery().next(problem('give-up', 'permission-denied'), 0);
    assert.deepEqual([step.isOver, step.forgetsCredentials], [true, false]);
    const keys = recovery().next(problem('give-up', 'unauthenticated'), 0);
    assert.deepEqual([keys.isOver, keys.forgetsCredentials], [true, true]);
  });

  it('gives up at the fifth refused fragment in a row', () => {
    const each = recovery();
    const over = Array.from({ length: 5 }, () => each.next(problem('drop-fragment'), 0).isOver);
    assert.deepEqual(over, [false, false, false, false, true]);
  });

  it('asks for another endpoint with a refresh, with a description, and at each third failure', () => {
    const each = recovery();
    const forgets = (action: PutMediaAction): boolean =>
      each.next(problem(action), 0).forgetsEndpoint;
    assert.deepEqual(
      ['resend', 'resend', 'resend', 'resend'].map(() => forgets('resend')),
      [...[false, false, true, false]],
    );
    assert.equal(forgets('refresh'), true);
    const step = each.next(problem('create-stream'), 0);
    assert.deepEqual([step.forgetsEndpoint, step.preparesStream], [true, true]);
    assert.equal(each.next(problem('refresh'), 0).isOver, false);
    assert.equal(each.next(problem('refresh'), 0).isOver, true);
  });
});
