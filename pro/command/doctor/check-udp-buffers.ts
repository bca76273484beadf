// Whether Linux grants the socket buffers that the server asks for.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defaultTransportOptions } from '../../../core/webrtc/transport/transport-options.ts';
import type { DoctorContext } from './doctor-context.ts';
import type { Finding } from './finding.ts';

const CHECK = 'udp buffer';

/** One finding for receiving, one for sending; a camera's key frame arrives as one burst. */
export async function checkUdpBuffers(context: DoctorContext): Promise<Finding[]> {
  const { global } = context.configuration.core;
  const isRtspUdp = global.rtsp && global.rtspTransports.includes('udp');
  const isWebRtcUdp = global.webrtc && global.webrtcLocalUDPAddress !== undefined;
  const { receiveBufferBytes, sendBufferBytes } = defaultTransportOptions;
  const rtspBytes = isRtspUdp ? global.udpReadBufferSize : 0;
  const receiveBytes = Math.max(rtspBytes, isWebRtcUdp ? receiveBufferBytes : 0);
  const findings = [
    await checkLimit(context, { name: 'rmem_max', wantedBytes: receiveBytes }),
    await checkLimit(context, { name: 'wmem_max', wantedBytes: isWebRtcUdp ? sendBufferBytes : 0 }),
  ];
  return findings.filter((finding) => finding !== undefined);
}

async function checkLimit(
  { system }: DoctorContext,
  { name, wantedBytes }: { readonly name: string; readonly wantedBytes: number },
): Promise<Finding | undefined> {
  if (wantedBytes === 0) return undefined;
  const file = join(system.procFolder, 'sys/net/core', name);
  const text = await readFile(file, 'utf8').catch(() => undefined);
  const limitBytes = Number.parseInt(text ?? '', 10);
  if (Number.isNaN(limitBytes)) {
    const message = `net.core.${name} cannot be read on this system`;
    return { status: 'info', check: CHECK, message };
  }
  if (limitBytes >= wantedBytes) {
    return { status: 'ok', check: CHECK, message: `net.core.${name} is ${limitBytes} bytes` };
  }
  const message = `net.core.${name} is ${limitBytes} bytes, the server asks for ${wantedBytes}: bursts lose packets`;
  const where = system.isContainer ? ' (on the host)' : '';
  const change = `sysctl -w net.core.${name}=${wantedBytes}${where}`;
  return { status: 'warning', check: CHECK, message, change };
}
