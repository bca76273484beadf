// Global keys of mediamtx.yml: the HTTP servers for API, metrics, pprof and playback.
import { key } from './config-key.ts';
import { address, flag, ipRanges, text, texts } from './value-schemas.ts';

/** Keys of the API, metrics, profiling and playback servers. */
export const httpKeys = {
  api: key(flag, false, 'Starts the control API.'),
  apiAddress: key(address, ':9997', 'Listen address of the control API.'),
  apiEncryption: key(flag, false, 'Serves the control API over HTTPS.'),
  apiServerKey: key(text, 'server.key', 'TLS key file of the control API.'),
  apiServerCert: key(text, 'server.crt', 'TLS certificate file of the control API.'),
  apiAllowOrigins: key(texts, ['*'], 'Origins that browsers may call the control API from.'),
  apiTrustedProxies: key(ipRanges, [], 'Proxies whose X-Forwarded-For is believed.'),

  metrics: key(flag, false, 'Starts the metrics server (Prometheus text).'),
  metricsAddress: key(address, ':9998', 'Listen address of the metrics server.'),
  metricsEncryption: key(flag, false, 'Serves metrics over HTTPS.'),
  metricsServerKey: key(text, 'server.key', 'TLS key file of the metrics server.'),
  metricsServerCert: key(text, 'server.crt', 'TLS certificate file of the metrics server.'),
  metricsAllowOrigins: key(texts, ['*'], 'Origins that browsers may read metrics from.'),
  metricsTrustedProxies: key(ipRanges, [], 'Proxies whose X-Forwarded-For is believed.'),

  pprof: key(flag, false, 'Starts the profiling server.'),
  pprofAddress: key(address, ':9999', 'Listen address of the profiling server.'),
  pprofEncryption: key(flag, false, 'Serves profiles over HTTPS.'),
  pprofServerKey: key(text, 'server.key', 'TLS key file of the profiling server.'),
  pprofServerCert: key(text, 'server.crt', 'TLS certificate file of the profiling server.'),
  pprofAllowOrigins: key(texts, ['*'], 'Origins that browsers may read profiles from.'),
  pprofTrustedProxies: key(ipRanges, [], 'Proxies whose X-Forwarded-For is believed.'),

  playback: key(flag, false, 'Starts the server that plays recordings.'),
  playbackAddress: key(address, ':9996', 'Listen address of the playback server.'),
  playbackEncryption: key(flag, false, 'Serves recordings over HTTPS.'),
  playbackServerKey: key(text, 'server.key', 'TLS key file of the playback server.'),
  playbackServerCert: key(text, 'server.crt', 'TLS certificate file of the playback server.'),
  playbackAllowOrigins: key(texts, ['*'], 'Origins that browsers may play recordings from.'),
  playbackTrustedProxies: key(ipRanges, [], 'Proxies whose X-Forwarded-For is believed.'),
};
