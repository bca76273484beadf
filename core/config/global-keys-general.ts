// Global keys of mediamtx.yml: log, time-outs, buffers, connection hooks.
import { key } from './config-key.ts';
import { count, flag, integer, listOf, oneOf, signedTimerDuration, text } from './value-schemas.ts';

/** Keys about log, time-outs, buffers and connection hooks. */
export const generalKeys = {
  logLevel: key(
    oneOf('error', 'warn', 'info', 'debug'),
    'info',
    'How much the log says: error, warn, info or debug.',
  ),
  logDestinations: key(
    listOf(oneOf('stdout', 'file', 'syslog')),
    ['stdout'],
    'Where log lines go: stdout, file, syslog.',
  ),
  logStructured: key(flag, false, 'Writes log lines as JSON instead of text.'),
  logFile: key(text, 'mediamtx.log', 'Log file when logDestinations has file.'),
  sysLogPrefix: key(text, 'mediamtx', 'Tag of lines sent to syslog.'),
  dumpPackets: key(flag, false, 'Writes every packet to disk for debugging.'),
  readTimeout: key(
    signedTimerDuration,
    '10s',
    'Longest wait for a read, also for a silent UDP publisher.',
  ),
  writeTimeout: key(signedTimerDuration, '10s', 'Longest wait for a write.'),
  writeQueueSize: key(integer, 512, 'Packets queued per reader; a power of two.'),
  udpMaxPayloadSize: key(integer, 1452, 'Largest UDP payload sent, in bytes (at most 1472).'),
  // 4 MiB on purpose: the default of Linux (208 KiB) loses packets at every key frame burst.
  udpReadBufferSize: key(
    count,
    4_194_304,
    'Receive buffer of every UDP socket in bytes; 0 leaves it to the operating system.',
  ),
  runOnConnect: key(text, '', 'Command started when a client connects.'),
  runOnConnectRestart: key(flag, false, 'Starts runOnConnect again when it exits.'),
  runOnDisconnect: key(text, '', 'Command started when a client leaves.'),
};
