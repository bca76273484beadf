// The Pro keys in pathDefaults and below the names in `paths` of mediamtx.yml.
import { z } from 'zod';
import { key } from '../../core/config/config-key.ts';
import { count, flag, integer, oneOf, text } from '../../core/config/value-schemas.ts';
import { adjustment, period } from './pro-values.ts';

const level = z.int().min(0).max(255);

const colorRange = z
  .tuple([level, level])
  .superRefine(([from, to], context) => {
    if (from <= to) return;
    context.addIssue({ code: 'custom', message: 'must be [lowest, highest]' });
  })
  .readonly();

// The defaults are the colours of tissue in endoscopy.
const colorBox = z
  .strictObject({
    red: colorRange.prefault([130, 240]),
    green: colorRange.prefault([60, 160]),
    blue: colorRange.prefault([40, 130]),
  })
  .readonly();

const rectangle = z
  .array(z.int().min(0).max(65_535))
  .readonly()
  .superRefine((values, context) => {
    const [, , width = 0, height = 0] = values;
    if (values.length === 0 || (values.length === 4 && width > 0 && height > 0)) return;
    const message = 'must be [x, y, width, height] in pixels, or [] for the whole picture';
    context.addIssue({ code: 'custom', message });
  });

/** `host[:port]`, IPv6 in brackets; empty and what the groups of a name make of it are left alone. */
const deviceHost = z.string().superRefine((value, context) => {
  const [, host = '', port] =
    /^(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(?::(\d{1,5}))?$/u.exec(value) ?? [];
  const isPort = port === undefined || (Number(port) > 0 && Number(port) < 65_536);
  if (value === '' || value.includes('$')) return;
  if (host !== '' && isPort && URL.canParse(`http://${host}`)) return;
  const message = 'must be an address or a host name, with or without :port';
  context.addIssue({ code: 'custom', message });
});

/** Keys about recording, devices, pictures and how a path is shown. */
export const proPathKeys = {
  autoRecordTaskOutDuration: key(period, 1800, 'Length of an automatic recording.'),
  recordClearDaysAgo: key(count, 30, 'Days that recordings are kept; 0 = for ever.'),
  deviceType: key(oneOf('', 'network_capture'), '', 'network_capture = checked and smart.'),
  deviceAddress: key(deviceHost, '', 'Address of the device; empty = host of the source.'),
  deviceProbe: key(oneOf('', 'rpc', 'tcp', 'http', 'none'), '', 'As health.probe of config.yml.'),
  recordMinThreshold: key(z.number().min(0).max(100_000), 60, 'Colour that starts a recording.'),
  colorMetric: key(oneOf('', 'color', 'tissue', 'box'), '', 'As smart.metric of config.yml.'),
  colorBox: key(colorBox, {}, 'Lowest and highest red, green and blue for colorMetric box.'),
  ignoreFlat: key(flag, true, 'Pictures of a single hue count as no signal.'),
  sourceName: key(text, '', 'Name for people.'),
  groupName: key(text, '', 'Group for people.'),
  order: key(integer, 0, 'Place in lists; the lowest comes first.'),
  showList: key(flag, true, 'Whether clients should list the path.'),
  thumbnailSize: key(z.int().min(0).max(4096), 320, 'Width of thumbnails in pixels; 0 = none.'),
  cut: key(rectangle, [], 'Part of the picture for snapshots: [x, y, width, height].'),
  brightness: key(adjustment, 0, 'For snapshots, -100 to 100.'),
  contrast: key(adjustment, 0, 'For snapshots, -100 to 100.'),
  saturation: key(adjustment, 0, 'For snapshots, -100 to 100.'),
  sourceUrl: key(text, '', 'URL of the source that is shown to clients.'),
  videoSnapshotEnable: key(flag, false, 'Accepted and ignored.'),
  videoSnapshotModulePath: key(text, '', 'Accepted and ignored.'),
  videoSnapshotPipelineConf: key(text, '', 'Accepted and ignored.'),
  codecServerAddress: key(text, '', 'Accepted and ignored: see rvideo of config.yml.'),
};

/** Keys that are known so that existing files load, but do nothing. */
export const ignoredPathKeys = [
  'videoSnapshotEnable',
  'videoSnapshotModulePath',
  'videoSnapshotPipelineConf',
  'codecServerAddress',
] as const;
