// Loads a recorded file into a video element, seeks in it and plays it.
// @ts-check

/**
 * @param {HTMLVideoElement} video
 * @param {string} type
 * @returns {Promise<void>}
 */
function eventOf(video, type) {
  return new Promise((resolve, reject) => {
    video.addEventListener(type, () => resolve(), { once: true });
    video.addEventListener('error', () => reject(new Error(video.error?.message ?? 'failed')), {
      once: true,
    });
  });
}

/**
 * Seeks to each position (seconds) in turn, then plays for a moment.
 * @param {string} url
 * @param {number[]} positions
 * @returns {Promise<{ duration: number, shown: number[], frames: number }>}
 */
export async function scrubFile(url, positions) {
  const video = document.createElement('video');
  video.muted = true;
  video.src = url;
  await eventOf(video, 'loadeddata');
  const shown = [];
  for (const position of positions) {
    const seeked = eventOf(video, 'seeked');
    video.currentTime = position;
    await seeked;
    shown.push(video.currentTime);
  }
  await video.play();
  await eventOf(video, 'timeupdate');
  const { totalVideoFrames: frames } = video.getVideoPlaybackQuality();
  return { duration: video.duration, shown, frames };
}
