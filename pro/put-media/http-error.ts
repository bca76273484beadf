// What an answer other than 200 means for PutMedia: one table from the error's name or the status to what follows.
import {
  awsErrorName,
  awsFailure,
  type RefusedAnswer,
  type RefusedCall,
} from '../aws/aws-failure.ts';
import type { PutMediaAction, PutMediaProblem } from './put-media-problem.ts';

/** What was asked of which stream. */
export type PutMediaCall = Pick<RefusedCall, 'subject' | 'region' | 'nowMs'>;

/** Names without the word Exception or Error at their end; exported for the tests that go through all. */
export const ANSWER_ACTIONS: ReadonlyMap<string, PutMediaAction> = new Map([
  ...group('back-off', 'ClientLimitExceeded', 'ConnectionLimitExceeded', 'LimitExceeded'),
  ...group('back-off', 'Throttling', 'Throttled', 'TooManyRequests', 'RequestLimitExceeded'),
  ...group('back-off', 'SlowDown', 'StreamLimitExceeded'),
  ...group('give-up', 'InvalidArgument', 'Validation', 'MissingParameter', 'InvalidAction'),
  ...group('give-up', 'AccessDenied', 'NotAuthorized', 'OptInRequired'),
  ...group('give-up', 'InvalidSignature', 'SignatureDoesNotMatch', 'IncompleteSignature'),
  ...group('give-up', 'MissingAuthenticationToken', 'RequestTimeTooSkewed', 'RequestExpired'),
  ...group('refresh', 'ExpiredToken', 'TokenRefreshRequired', 'UnrecognizedClient'),
  ...group('refresh', 'InvalidClientTokenId', 'InvalidAccessKeyId'),
  ...group('refresh', 'InvalidEndpoint', 'UnknownOperation'),
  ...group('create-stream', 'ResourceNotFound', 'ResourceInUse'),
  ...group('resend', 'Internal', 'InternalFailure', 'InternalServer', 'ServiceUnavailable'),
  ...group('resend', 'RequestTimeout'),
]);

/** What follows from an answer. The error names the stream and holds no secret. */
export function classifyAnswer(answer: RefusedAnswer, call: PutMediaCall): PutMediaProblem {
  const name = awsErrorName(answer).replace(/(?:Exception|Error)$/u, '');
  return {
    action: ANSWER_ACTIONS.get(name) ?? actionOfStatus(answer.status),
    error: awsFailure(answer, { ...call, action: 'kinesisvideo:PutMedia' }),
  };
}

function actionOfStatus(status: number): PutMediaAction {
  if (status === 404) return 'create-stream';
  if (status === 429) return 'back-off';
  if (status === 421 || (status >= 300 && status < 400)) return 'refresh';
  const mayPass = status < 300 || status === 408 || status >= 500;
  return mayPass ? 'resend' : 'give-up';
}

function group(
  action: PutMediaAction,
  ...names: readonly string[]
): (readonly [string, PutMediaAction])[] {
  return names.map((name) => [name, action]);
}
