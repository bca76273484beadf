// Whether every configured port can be opened, and who holds it when not.
import { dottedPath } from '../../../core/config/config-issue.ts';
import { formatListenAddress } from '../../../core/config/listen-address.ts';
import { configuredListeners, type ConfiguredListener } from './configured-listeners.ts';
import type { DoctorContext } from './doctor-context.ts';
import type { Finding } from './finding.ts';
import { findPortOwner, type PortOwner } from './port-owner.ts';
import { tryPort } from './try-port.ts';

const CHECK = 'port';

/** One finding for each listener. */
export async function checkPorts(context: DoctorContext): Promise<Finding[]> {
  const findings: Finding[] = [];
  const seen: ConfiguredListener[] = [];
  for (const listener of configuredListeners(context.configuration)) {
    const rival = seen.find((other) => isSamePort(other, listener));
    findings.push(
      rival === undefined
        ? await checkOne(listener, context)
        : {
            ...{ status: 'problem', check: CHECK, place: placeOf(listener, context) },
            message: `${describe(listener)} is also the port of ${dottedPath(rival.key)}`,
            change: 'choose another port',
          },
    );
    seen.push(listener);
  }
  return findings;
}

async function checkOne(listener: ConfiguredListener, context: DoctorContext): Promise<Finding> {
  const { protocol, address } = listener;
  const text = describe(listener);
  const code = await tryPort(protocol, address);
  if (code === undefined) return { status: 'ok', check: CHECK, message: `${text} is free` };
  const place = placeOf(listener, context);
  const problem = { status: 'problem', check: CHECK, place } as const;
  switch (code) {
    case 'EADDRINUSE': {
      const { procFolder } = context.system;
      const owner = await findPortOwner({ procFolder, protocol, port: address.port });
      if (owner?.isOurs === true) {
        const message = `${text} is held by this server, which runs (pid ${owner.pid})`;
        return { status: 'info', check: CHECK, message };
      }
      const change = 'end that program, or choose another port';
      return { ...problem, message: `${text} is taken by ${nameOf(owner)}`, change };
    }
    case 'EACCES':
    case 'EPERM': {
      const change = 'choose a port from 1024, or give the service CAP_NET_BIND_SERVICE';
      return { ...problem, message: `${text} may not be opened by this user (${code})`, change };
    }
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND': {
      const message = `${text}: '${address.host}' is no address of this machine (${code})`;
      return { ...problem, message, change: `:${address.port} listens on all addresses` };
    }
    default:
      return { ...problem, message: `${text} cannot be opened (${code})` };
  }
}

function placeOf({ key, isPro }: ConfiguredListener, context: DoctorContext): string {
  return (isPro ? context.proPlaces : context.places).of(key);
}

function nameOf(owner: PortOwner | undefined): string {
  if (owner === undefined) return 'a program of another user or container';
  return `${owner.name} (pid ${owner.pid})`;
}

function describe({ key, protocol, address }: ConfiguredListener): string {
  return `${dottedPath(key)} ${formatListenAddress(address)} (${protocol})`;
}

function isSamePort(one: ConfiguredListener, other: ConfiguredListener): boolean {
  if (one.protocol !== other.protocol || one.address.port !== other.address.port) return false;
  const hosts = [one.address.host, other.address.host];
  return hosts[0] === hosts[1] || hosts.includes('');
}
