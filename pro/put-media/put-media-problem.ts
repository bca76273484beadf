// Why a PutMedia connection failed, and what follows from it.
import type { MediaError } from '../../core/base/media-error.ts';

/**
 * What to do:
 * - `drop-fragment`: the fragment can't be stored; go on with the next one on another connection;
 * - `resend`: send what is not confirmed on another connection;
 * - `back-off`: the same after a pause, as the service is asked too much;
 * - `refresh`: the same with an endpoint and credentials that are asked for anew;
 * - `create-stream`: the same after the stream is described, and created where that is wanted;
 * - `give-up`: only an operator can help.
 */
export type PutMediaAction =
  'drop-fragment' | 'resend' | 'back-off' | 'refresh' | 'create-stream' | 'give-up';

/** A failure with its consequence. */
export interface PutMediaProblem {
  readonly action: PutMediaAction;
  readonly error: MediaError;
  /** Of the cluster that is meant, as it was sent; undefined when none is named. */
  readonly timecodeMs?: number | undefined;
  /** The service has media of that time, or of a later one. */
  readonly isOutOfOrder?: boolean;
}
