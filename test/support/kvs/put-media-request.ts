// The head of a PutMedia request (K-16 of the facts), read strictly.
import type { IncomingMessage } from 'node:http';
import { invalidArgument } from './kvs-fault.ts';

export interface PutMediaHead {
  readonly streamName: string | undefined;
  readonly streamArn: string | undefined;
  readonly timecodeType: 'ABSOLUTE' | 'RELATIVE';
  /** Date ms. */
  readonly producerStartMs: number;
  readonly wantsAcks: boolean;
}

/** @throws KvsFault InvalidArgumentException that names the header. */
export function readPutMediaHead(request: IncomingMessage): PutMediaHead {
  const header = (name: string): string | undefined => {
    const value = request.headers[name];
    return typeof value === 'string' ? value : undefined;
  };
  if (request.httpVersion !== '1.1') throw invalidArgument(`HTTP/${request.httpVersion}`);
  if (header('transfer-encoding') !== 'chunked' || header('content-length') !== undefined) {
    throw invalidArgument('transfer-encoding must be chunked');
  }
  if (header('connection')?.toLowerCase() !== 'keep-alive') {
    throw invalidArgument('connection must be keep-alive');
  }
  const expect = header('expect');
  if (expect !== undefined && expect.toLowerCase() !== '100-continue') {
    throw invalidArgument(`expect: ${expect}`);
  }
  const [streamName, streamArn] = [header('x-amzn-stream-name'), header('x-amzn-stream-arn')];
  if ((streamName === undefined) === (streamArn === undefined)) {
    throw invalidArgument('exactly one of x-amzn-stream-name and x-amzn-stream-arn');
  }
  const timecodeType = header('x-amzn-fragment-timecode-type');
  if (timecodeType !== 'ABSOLUTE' && timecodeType !== 'RELATIVE') {
    throw invalidArgument(`x-amzn-fragment-timecode-type: ${timecodeType ?? 'missing'}`);
  }
  const start = header('x-amzn-producer-start-timestamp') ?? 'missing';
  if (!/^\d{1,11}(\.\d{1,3})?$/u.test(start)) {
    throw invalidArgument(`x-amzn-producer-start-timestamp: ${start}`);
  }
  const required = header('x-amzn-fragment-acknowledgment-required');
  if (required !== undefined && required !== '0' && required !== '1') {
    throw invalidArgument(`x-amzn-fragment-acknowledgment-required: ${required}`);
  }
  return {
    ...{ streamName, streamArn, timecodeType },
    producerStartMs: Math.round(Number(start) * 1000),
    wantsAcks: required !== '0',
  };
}
