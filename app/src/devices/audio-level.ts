/**
 * Measures how loud a track is, by W3C Web Audio.
 *
 * @param track - an audio track; the caller stops it
 * @param onLevel - called about 20 times a second with 0 (silence) to 1 (full scale)
 * @returns stops measuring
 */
export function measureLevel(
  track: MediaStreamTrack,
  onLevel: (level: number) => void,
): () => void {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 1024;
  context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    onLevel(levelOf(samples));
  }, 50);
  return () => {
    clearInterval(timer);
    context.close().catch((error: unknown) => console.warn('audio context', error));
  };
}

/**
 * @param samples - from -1 to 1
 * @returns the RMS level on a decibel scale: 0 at -60 dBFS and below, 1 at 0 dBFS
 */
export function levelOf(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) {
    sum += sample * sample;
  }
  const decibels = 10 * Math.log10(sum / Math.max(samples.length, 1) + 1e-12);
  return Math.min(1, Math.max(0, (decibels + 60) / 60));
}
