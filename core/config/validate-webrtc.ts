// Rules of the WebRTC server: it needs at least one way in.
import type { GlobalConfig } from './config.ts';
import type { ReportGlobal } from './validation.ts';

// RFC 7064 (stun) and RFC 7065 (turn): no slashes, optional port and transport.
const ICE_URL =
  /^(?:stuns?|turns?):(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::\d{1,5})?(?:\?transport=(?:udp|tcp))?$/u;

/** Reports every broken rule of the WebRTC keys. */
export function validateWebrtc(global: GlobalConfig, report: ReportGlobal): void {
  for (const [index, { url }] of global.webrtcICEServers2.entries()) {
    if (!ICE_URL.test(url)) {
      report(['webrtcICEServers2', index, 'url'], `invalid ICE server: '${url}'`);
    }
  }
  if (!global.webrtc) return;
  const hasListener =
    global.webrtcLocalUDPAddress !== undefined || global.webrtcLocalTCPAddress !== undefined;
  if (!hasListener && global.webrtcICEServers2.length === 0) {
    report(
      ['webrtcLocalUDPAddress'],
      "at least one between 'webrtcLocalUDPAddress', 'webrtcLocalTCPAddress' or 'webrtcICEServers2' must be filled",
    );
  }
  const hasAddress = global.webrtcIPsFromInterfaces || global.webrtcAdditionalHosts.length > 0;
  if (hasListener && !hasAddress) {
    report(
      ['webrtcIPsFromInterfaces'],
      "at least one between 'webrtcIPsFromInterfaces' or 'webrtcAdditionalHosts' must be filled",
    );
  }
}
