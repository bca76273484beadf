// The Session header (RFC 2326 section 12.37): an id and, from servers, its time-out.

/** What a Session header says. */
export interface SessionHeader {
  readonly id: string;
  /** Seconds without a request after which the server ends the session; 60 when not told. */
  readonly timeoutSeconds: number;
}

const DEFAULT_TIMEOUT_SECONDS = 60;

/** Reads the header; undefined when it holds no id. Ids may have any visible character but `;`. */
export function parseSessionHeader(header: string): SessionHeader | undefined {
  const [id = '', ...parameters] = header.split(';', 8).map((part) => part.trim());
  if (id === '' || id.length > 256) return undefined;
  let timeoutSeconds = DEFAULT_TIMEOUT_SECONDS;
  for (const parameter of parameters) {
    const match = /^timeout[ \t]*=[ \t]*(\d{1,6})(?:\.\d+)?$/iu.exec(parameter);
    if (match && Number(match[1]) > 0) timeoutSeconds = Number(match[1]);
  }
  return { id, timeoutSeconds };
}

/** Writes the header with its time-out. */
export function formatSessionHeader(header: SessionHeader): string {
  return `${header.id};timeout=${header.timeoutSeconds}`;
}
