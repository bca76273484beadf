// The other end of PutMedia for unit tests: takes headers and fragments as text, answers as a test says.
import http, { type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** One request, as far as it came. */
export interface SinkConnection {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Lines of the body that are complete, without the padding: `H1`, `C<timestamp> <index>`. */
  readonly lines: string[];
  readonly response: ServerResponse;
  readonly socket: Socket;
  receivedBytes: number;
  /** Whether the body ended as it should. */
  isEnded: boolean;
}

/** What a sink does; all have defaults. */
export interface SinkScript {
  /** Called at the head of a request; default: answers 200 at once. */
  onRequest?: (connection: SinkConnection, index: number) => void;
  /** Called for each line; default: acknowledges clusters in all three steps. */
  onLine?: (connection: SinkConnection, line: string) => void;
  /** Called at the end of a body; default: ends the answer. */
  onEnd?: (connection: SinkConnection) => void;
  /** Does not read bodies. */
  isDeaf?: boolean;
}

/** Text of an acknowledgement. */
export function ackText(type: string, timestampMs?: string, more: object = {}): string {
  const which = timestampMs === undefined ? {} : { FragmentTimecode: Number(timestampMs) };
  return JSON.stringify({ EventType: type, ...which, ...more });
}

/** Timestamp of a line `C<timestamp> <index>`; undefined for other lines. */
export function timestampOf(line: string): string | undefined {
  return /^C(\d+)/u.exec(line)?.[1];
}

/** Acknowledges a cluster in all three steps. */
export function acknowledge({ response }: SinkConnection, line: string): void {
  const timestampMs = timestampOf(line);
  if (timestampMs === undefined) return;
  for (const type of ['BUFFERING', 'RECEIVED', 'PERSISTED']) {
    response.write(ackText(type, timestampMs));
  }
}

/** Listens on 127.0.0.1. */
export class PutMediaSink implements AsyncDisposable {
  readonly connections: SinkConnection[] = [];
  readonly #script: SinkScript;
  readonly #server = http.createServer();

  constructor(script: SinkScript = {}) {
    this.#script = script;
    // Nothing is told to go on before the script said so, or answered.
    this.#server.on('checkContinue', (request, response) => {
      const connection: SinkConnection = {
        ...{ path: request.url ?? '', headers: request.headers, response, lines: [] },
        ...{ socket: request.socket, receivedBytes: 0, isEnded: false },
      };
      this.connections.push(connection);
      const { onRequest = answer, onLine = acknowledge, onEnd = end } = this.#script;
      response.on('error', () => undefined);
      request.on('error', () => undefined);
      onRequest(connection, this.connections.length - 1);
      if (this.#script.isDeaf) return;
      let rest = '';
      request.on('data', (bytes: Buffer) => {
        connection.receivedBytes += bytes.length;
        const lines = (rest + bytes.toString()).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) {
          connection.lines.push(line.replace(/ x*$/u, ''));
          onLine(connection, line);
        }
      });
      request.on('end', () => {
        connection.isEnded = true;
        onEnd(connection);
      });
    });
  }

  get url(): URL {
    const address = this.#server.address();
    return new URL(`http://127.0.0.1:${isBound(address) ? address.port : 0}`);
  }

  /** Sockets that are open. */
  openSockets(): Promise<number> {
    return new Promise((resolve) => {
      this.#server.getConnections((_error, count) => resolve(count));
    });
  }

  listen(): Promise<this> {
    return new Promise((resolve) => this.#server.listen(0, '127.0.0.1', () => resolve(this)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Refuses a request. */
export function refuse(connection: SinkConnection, status: number, type: string): void {
  connection.response.writeHead(status, { 'x-amzn-errortype': type });
  connection.response.end(JSON.stringify({ Message: `${type} of the sink` }));
}

function answer({ response }: SinkConnection): void {
  response.writeHead(200);
  response.flushHeaders();
}

function end({ response }: SinkConnection): void {
  response.end();
}

function isBound(address: AddressInfo | string | null): address is AddressInfo {
  return typeof address === 'object' && address !== null;
}
