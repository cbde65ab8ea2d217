import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

/** Debian's Chromium without background network traffic, fit for containers, with ICE to 127.0.0.1 allowed. */
export const chromiumOptions = {
  executablePath: process.env.CHROMIUM_BIN ?? '/usr/bin/chromium',
  args: [
    '--allow-loopback-in-peer-connection',
    '--autoplay-policy=no-user-gesture-required',
    '--no-sandbox',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--no-first-run',
    '--disable-quic',
    '--disable-gpu',
  ],
};

/**
 * Chromium with a fake camera, a fake microphone that sounds like speech, and no permission prompts.
 *
 * @param executablePath - Chromium, or a wrapper that runs it with the given arguments
 */
export function launchChromium(executablePath = chromiumOptions.executablePath): Promise<Browser> {
  return chromium.launch({
    ...chromiumOptions,
    executablePath,
    args: [
      ...chromiumOptions.args,
      '--use-fake-device-for-media-stream',
      `--use-file-for-fake-audio-capture=${writeVoice()}`,
      '--use-fake-ui-for-media-stream',
    ],
  });
}

const sampleRate = 48_000;
const seconds = 4;

/**
 * Writes something like speech: a buzz in syllables. Chromium's own fake microphone beeps for 20 ms every half second,
 * which active-speaker detection does not take for speech.
 *
 * @returns the path of a WAV file (RIFF, 16 bits, mono) in a new temporary folder
 */
function writeVoice(): string {
  const samples = new Int16Array(sampleRate * seconds);
  for (let i = 0; i < samples.length; i++) {
    const t = i / sampleRate;
    const syllable = Math.max(0, Math.sin(2 * Math.PI * 3 * t));
    // A varying pitch, because the browser's noise suppression removes a steady one.
    const phase = 2 * Math.PI * (180 * t + 12 * Math.sin(2 * Math.PI * 1.3 * t));
    const buzz = Math.sin(phase) + 0.6 * Math.sin(2 * phase) + 0.4 * Math.sin(5 * phase);
    samples[i] = Math.round(8000 * syllable * buzz);
  }
  const header = Buffer.alloc(44);
  header.write('RIFF', 0);
  header.writeUInt32LE(36 + samples.byteLength, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(sampleRate, 24);
  header.writeUInt32LE(sampleRate * 2, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36);
  header.writeUInt32LE(samples.byteLength, 40);
  const file = join(mkdtempSync(join(tmpdir(), 'oneport-voice-')), 'voice.wav');
  writeFileSync(file, Buffer.concat([header, Buffer.from(samples.buffer)]));
  return file;
}
