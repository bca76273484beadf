// Path keys of mediamtx.yml: commands that run when something happens on a path.
import { key } from './config-key.ts';
import { flag, text, timerDuration } from './value-schemas.ts';

/** Keys of the hooks of a path. */
export const hookKeys = {
  runOnInit: key(text, '', 'Command that runs as long as the path exists.'),
  runOnInitRestart: key(flag, false, 'Starts runOnInit again when it exits.'),
  runOnDemand: key(text, '', 'Command that publishes while somebody watches.'),
  runOnDemandRestart: key(flag, false, 'Starts runOnDemand again when it exits.'),
  runOnDemandStartTimeout: key(timerDuration, '10s', 'How long a viewer waits for runOnDemand.'),
  runOnDemandCloseAfter: key(timerDuration, '10s', 'How long runOnDemand goes on unwatched.'),
  runOnUnDemand: key(text, '', 'Command started when nobody watches any more.'),
  runOnAvailable: key(text, '', 'Command that runs while the stream can be read.'),
  runOnAvailableRestart: key(flag, false, 'Starts runOnAvailable again when it exits.'),
  runOnUnavailable: key(text, '', 'Command started when the stream can no longer be read.'),
  runOnOnline: key(text, '', 'Command that runs while the real source is there.'),
  runOnOnlineRestart: key(flag, false, 'Starts runOnOnline again when it exits.'),
  runOnOffline: key(text, '', 'Command started when the real source is gone.'),
  runOnRead: key(text, '', 'Command that runs as long as a reader reads.'),
  runOnReadRestart: key(flag, false, 'Starts runOnRead again when it exits.'),
  runOnUnread: key(text, '', 'Command started when a reader leaves.'),
  runOnRecordSegmentCreate: key(text, '', 'Command started for each new recording file.'),
  runOnRecordSegmentComplete: key(text, '', 'Command started for each finished recording file.'),
};
