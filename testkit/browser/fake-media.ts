/** The files that Chromium plays as its microphone and its camera. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const sampleRate = 48_000;
const seconds = 4;

/**
 * Writes something like speech: a buzz in syllables. Chromium's own fake microphone beeps for 20 ms every half second,
 * which active-speaker detection does not take for speech.
 *
 * @returns the path of a WAV file (RIFF, 16 bits, mono) in a new temporary folder
 */
export function writeVoice(): string {
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
  return write('voice.wav', Buffer.concat([header, Buffer.from(samples.buffer)]));
}

const width = 320;
const height = 180;
const framesPerSecond = 20;
// The stripes repeat after 256 grey levels: 4 per frame.
const frames = 64;

/**
 * Writes moving stripes. Chromium's own fake camera has 1280x720, and encoding that took most of a test's CPU.
 *
 * @returns the path of a YUV4MPEG2 file (4:2:0) in a new temporary folder
 */
export function writeCamera(): string {
  const parts = [
    Buffer.from(`YUV4MPEG2 W${width} H${height} F${framesPerSecond}:1 Ip A1:1 C420jpeg\n`),
  ];
  const grey = Buffer.alloc((width * height) / 2, 128);
  for (let frame = 0; frame < frames; frame++) {
    const luma = Buffer.alloc(width * height);
    for (let i = 0; i < luma.length; i++) {
      luma[i] = ((i % width) + Math.floor(i / width) + 4 * frame) % 256;
    }
    parts.push(Buffer.from('FRAME\n'), luma, grey);
  }
  return write('camera.y4m', Buffer.concat(parts));
}

function write(name: string, content: Buffer): string {
  const folder = mkdtempSync(join(tmpdir(), 'oneport-fake-media-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}
