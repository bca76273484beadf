// Path keys of mediamtx.yml: the camera of a Raspberry Pi.
import { z } from 'zod';
import { key } from './config-key.ts';
import { count, decimal, flag, oneOf, text } from './value-schemas.ts';

/** Keys of a Raspberry Pi camera. */
export const rpiCameraKeys = {
  rpiCameraCamID: key(count, 0, 'Number of the camera.'),
  rpiCameraSecondary: key(flag, false, 'Second stream of a camera that another path uses.'),
  rpiCameraWidth: key(count, 1920, 'Width in pixels.'),
  rpiCameraHeight: key(count, 1080, 'Height in pixels.'),
  rpiCameraHFlip: key(flag, false, 'Mirrors left and right.'),
  rpiCameraVFlip: key(flag, false, 'Mirrors top and bottom.'),
  rpiCameraBrightness: key(decimal, 0, 'Brightness, -1 to 1.'),
  rpiCameraContrast: key(decimal, 1, 'Contrast, 0 to 16.'),
  rpiCameraSaturation: key(decimal, 1, 'Saturation, 0 to 16.'),
  rpiCameraSharpness: key(decimal, 1, 'Sharpness, 0 to 16.'),
  rpiCameraExposure: key(
    oneOf('normal', 'short', 'long', 'custom'),
    'normal',
    'Exposure: normal, short, long, custom.',
  ),
  rpiCameraAWB: key(
    oneOf(
      'auto',
      'incandescent',
      'tungsten',
      'fluorescent',
      'indoor',
      'daylight',
      'cloudy',
      'custom',
    ),
    'auto',
    'White balance.',
  ),
  rpiCameraAWBGains: key(z.tuple([decimal, decimal]).readonly(), [0, 0], 'Red and blue gain.'),
  rpiCameraDenoise: key(
    oneOf('off', 'cdn_off', 'cdn_fast', 'cdn_hq'),
    'off',
    'Noise reduction: off, cdn_off, cdn_fast, cdn_hq.',
  ),
  rpiCameraShutter: key(count, 0, 'Shutter time in microseconds; 0 = automatic.'),
  rpiCameraMetering: key(
    oneOf('centre', 'spot', 'matrix', 'custom'),
    'centre',
    'Where light is measured.',
  ),
  rpiCameraGain: key(decimal, 0, 'Gain; 0 = automatic.'),
  rpiCameraEV: key(decimal, 0, 'Exposure compensation, -10 to 10.'),
  rpiCameraROI: key(text, '', 'Part of the picture: x,y,width,height from 0 to 1.'),
  rpiCameraHDR: key(flag, false, 'High dynamic range.'),
  rpiCameraTuningFile: key(text, '', 'Tuning file of libcamera.'),
  rpiCameraMode: key(text, '', 'Sensor mode: width:height:bits:packing.'),
  rpiCameraFPS: key(decimal, 30, 'Frames per second.'),
  rpiCameraAfMode: key(oneOf('auto', 'manual', 'continuous'), 'continuous', 'Focus mode.'),
  rpiCameraAfRange: key(oneOf('normal', 'macro', 'full'), 'normal', 'Focus range.'),
  rpiCameraAfSpeed: key(oneOf('normal', 'fast'), 'normal', 'Focus speed.'),
  rpiCameraLensPosition: key(decimal, 0, 'Manual focus: 1 / distance in metres; 0 = infinity.'),
  rpiCameraAfWindow: key(text, '', 'Focus window: x,y,width,height from 0 to 1.'),
  rpiCameraFlickerPeriod: key(count, 0, 'Flicker period in microseconds; 0 = off.'),
  rpiCameraTextOverlayEnable: key(flag, false, 'Writes text into the picture.'),
  rpiCameraTextOverlay: key(text, '%Y-%m-%d %H:%M:%S - MediaMTX', 'The text, as strftime().'),
  rpiCameraCodec: key(
    oneOf('auto', 'hardwareH264', 'softwareH264', 'mjpeg'),
    'auto',
    'Codec: auto, hardwareH264, softwareH264, mjpeg.',
  ),
  rpiCameraIDRPeriod: key(count, 60, 'Frames from one key frame to the next.'),
  rpiCameraBitrate: key(count, 5_000_000, 'Bits per second.'),
  rpiCameraH264Profile: key(oneOf('auto', 'baseline', 'main', 'high'), 'auto', 'H.264 profile.'),
  rpiCameraH264Level: key(oneOf('4.0', '4.1', '4.2'), '4.1', 'H.264 level.'),
  rpiCameraMJPEGQuality: key(count, 60, 'JPEG quality, 0 to 100.'),
};
