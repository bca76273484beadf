// Capture devices: probe, picture, proxy, restart, and the health checks.
import { toMediaError } from '../../core/base/media-error.ts';
import { pinDestination, systemResolver } from '../../core/http/pin-destination.ts';
import { PinnedHttpClient } from '../../core/http/pinned-http-client.ts';
import { DeviceCamera } from '../device/device-camera.ts';
import { DevicePolicy } from '../device/device-policy.ts';
import { DeviceProbe } from '../device/device-probe.ts';
import { DeviceProxy } from '../device/device-proxy.ts';
import { DeviceReboot } from '../device/device-reboot.ts';
import type { DeviceTarget } from '../device/device-target.ts';
import { sharedSettings } from '../config/shared-settings.ts';
import { HealthChecks } from '../health/health-checks.ts';
import { namedPaths, settingsOf, type ProContext } from './pro-context.ts';

/** Everything about capture devices. */
export interface Devices {
  readonly health: HealthChecks;
  readonly proxy: DeviceProxy;
  /** The device of a path; undefined when it has none. */
  readonly targetOf: (pathName: string) => DeviceTarget | undefined;
  readonly grab: (pathName: string, signal?: AbortSignal) => Promise<Buffer | undefined>;
  /** Why the device of a path can't be recorded now. */
  readonly whyUnavailable: (pathName: string, signal: AbortSignal) => Promise<string | undefined>;
  /** Watches and reaches the devices of the configuration as it is now, and no others. */
  readonly reload: () => void;
}

const MAX_PICTURE_BYTES = 32 * 1024 * 1024;

/** Builds them and begins to check. */
export function assembleDevices(context: ProContext): Devices {
  const { clock, logger, pro, lifetime, core, events } = context;
  const policy = new DevicePolicy();
  const client = new PinnedHttpClient({ clock, policy }, { maxResponseBytes: MAX_PICTURE_BYTES });
  const log = logger.scope('device');
  const timeoutMs = pro.health.probeTimeoutMs;
  const probe = new DeviceProbe(
    {
      ...{ clock, client },
      pin: (destination) => pinDestination({ resolver: systemResolver, policy }, destination),
    },
    { timeoutMs },
  );
  const camera = new DeviceCamera(
    { client, logger: log },
    { timeoutMs: pro.snapshot.deviceTimeoutMs },
  );
  const { reboot } = pro.health;
  const health = new HealthChecks(
    {
      ...{ clock, logger: logger.scope('health'), events, probe, random: Math.random },
      paths: core.pathManager,
      ...(reboot ? { reboot: new DeviceReboot(client, reboot) } : {}),
    },
    { ...pro.health, ...(reboot ? { rebootMinIntervalMs: reboot.minIntervalMs } : {}) },
  );
  lifetime.own(health);
  const targetOf = (name: string): DeviceTarget | undefined => deviceOf(context, name);
  const proxy = deviceProxy(context);
  policy.replace(addressesOf(context), allowedNow(context));
  health.reload(allDevices(context));
  const reload = (): void => {
    try {
      const allowed = allowedNow(context);
      policy.replace(addressesOf(context), allowed);
      proxy.allow(allowed);
    } catch (thrown) {
      log.error(`the former list of allowed devices stays: ${toMediaError(thrown).message}`);
    }
    health.reload(allDevices(context));
  };
  return {
    ...{ health, targetOf, reload, proxy },
    grab: async (name, signal) => {
      const target = targetOf(name);
      return target && (await camera.grab(target, signal));
    },
    whyUnavailable: async (name, signal) => {
      const target = targetOf(name);
      if (!target) return undefined;
      const { isAvailable, reason } = await probe.probe(target, signal);
      return isAvailable ? undefined : reason;
    },
  };
}

/** `proxyAllowedDevices` of either file as it is now. */
function allowedNow({ pro, proKeys, configNow }: ProContext): readonly string[] {
  return sharedSettings(pro, proKeys.global.read(configNow().global)).proxyAllowedDevices;
}

function addressesOf(context: ProContext): readonly string[] {
  return allDevices(context).map(({ address }) => address);
}

function deviceProxy(context: ProContext): DeviceProxy {
  const { clock, logger, core } = context;
  return new DeviceProxy(
    {
      ...{ clock, logger: logger.scope('proxy') },
      devices: {
        addressOf: (name) => {
          if (!settingsOf(context, name)) return undefined;
          return deviceOf(context, name)?.address ?? '';
        },
        addresses: () => addressesOf(context),
      },
    },
    { allowedDevices: allowedNow(context), ownPorts: () => core.tcpPorts },
  );
}

function deviceOf(context: ProContext, name: string): DeviceTarget | undefined {
  return allDevices(context).find((device) => device.name === name);
}

function allDevices(context: ProContext): readonly DeviceTarget[] {
  return namedPaths(context)
    .filter(([, settings]) => settings.isNetworkCapture && settings.deviceAddress !== '')
    .map(([name, settings, source]) => ({
      name,
      address: settings.deviceAddress,
      sourceUrl: settings.sourceUrl === '' ? source : settings.sourceUrl,
      probe: settings.deviceProbe ?? context.pro.health.probe,
    }));
}
