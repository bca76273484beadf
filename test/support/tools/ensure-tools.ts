// Makes sure that the programs of the end-to-end tests are there: installs them as root on Debian, else names the command.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** A program the tests drive, how to see that it works, and the Debian packages that bring it. */
interface Tool {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly packages: readonly string[];
}

/** Debian's interpreter: another python3 further ahead in PATH does not see Debian's modules. */
const PYTHON = '/usr/bin/python3';
const PROBE_TIMEOUT_MS = 60_000;
const GST_ELEMENTS = ['webrtcbin', 'nicesrc', 'avdec_h264', 'avdec_h265', 'vp8dec', 'opusdec'];
const GST_PACKAGES = [
  'gstreamer1.0-tools',
  'gstreamer1.0-plugins-base',
  'gstreamer1.0-plugins-good',
  'gstreamer1.0-plugins-bad',
  'gstreamer1.0-nice',
  'gstreamer1.0-libav',
];

const TOOLS: readonly Tool[] = [
  { name: 'ffmpeg', command: 'ffmpeg', args: ['-version'], packages: ['ffmpeg'] },
  {
    name: 'Chromium',
    command: '/usr/bin/chromium',
    args: ['--version'],
    packages: ['chromium'],
  },
  {
    name: 'aiortc',
    command: PYTHON,
    args: ['-c', 'import aiortc, aiohttp'],
    packages: ['python3-aiortc', 'python3-aiohttp'],
  },
  {
    name: 'GStreamer for Python',
    command: PYTHON,
    args: [
      '-c',
      'import gi; gi.require_version("GstWebRTC", "1.0"); from gi.repository import Gst, GstWebRTC, GstSdp',
    ],
    packages: ['python3-gst-1.0', 'gir1.2-gst-plugins-bad-1.0'],
  },
  ...GST_ELEMENTS.map((element) => ({
    name: `GStreamer ${element}`,
    command: 'gst-inspect-1.0',
    args: [element],
    packages: GST_PACKAGES,
  })),
  { name: 'coturn', command: 'turnserver', args: ['--version'], packages: ['coturn'] },
  { name: 'client of coturn', command: 'which', args: ['turnutils_uclient'], packages: ['coturn'] },
  {
    name: 'mosquitto',
    command: 'test',
    args: ['-x', '/usr/sbin/mosquitto'],
    packages: ['mosquitto'],
  },
  {
    name: 'clients of mosquitto',
    command: 'which',
    args: ['mosquitto_pub', 'mosquitto_sub'],
    packages: ['mosquitto-clients'],
  },
  {
    name: 'Paho MQTT for Python',
    command: PYTHON,
    args: ['-c', 'import paho.mqtt.client'],
    packages: ['python3-paho-mqtt'],
  },
  { name: 'mkvinfo', command: 'mkvinfo', args: ['--version'], packages: ['mkvtoolnix'] },
  { name: 'boto3', command: PYTHON, args: ['-c', 'import boto3'], packages: ['python3-boto3'] },
  { name: 'ip', command: '/usr/sbin/ip', args: ['-V'], packages: ['iproute2'] },
];

function works(tool: Tool): boolean {
  const { status } = spawnSync(tool.command, tool.args, {
    stdio: 'ignore',
    timeout: PROBE_TIMEOUT_MS,
  });
  return status === 0;
}

function install(packages: readonly string[]): boolean {
  const options = {
    stdio: 'inherit' as const,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  };
  spawnSync('apt-get', ['update', '-qq'], options);
  const args = ['install', '-y', '-qq', '--no-install-recommends', ...packages];
  return spawnSync('apt-get', args, options).status === 0;
}

function main(): number {
  const missing = TOOLS.filter((tool) => !works(tool));
  if (missing.length === 0) return 0;
  const packages = [...new Set(missing.flatMap((tool) => tool.packages))];
  console.error(`missing: ${missing.map((tool) => tool.name).join(', ')}`);
  const canInstall = process.getuid?.() === 0 && existsSync('/etc/debian_version');
  if (!canInstall) {
    console.error(`install with: sudo apt-get install ${packages.join(' ')}`);
    return 1;
  }
  if (!install(packages)) return 1;
  const still = missing.filter((tool) => !works(tool));
  for (const tool of still) console.error(`still missing after installing: ${tool.name}`);
  return still.length === 0 ? 0 : 1;
}

process.exitCode = main();
