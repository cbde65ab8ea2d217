import { type Browser, chromium } from 'playwright-core';
import { writeVoice } from './voice.ts';

/**
 * Debian's Chromium with a moving picture for a camera and a voice for a microphone.
 *
 * The first flags: fake devices, no questions, and ICE to 127.0.0.1. The rest keep it from the network
 * and from what a container lacks.
 */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env.CHROMIUM_BIN ?? '/usr/bin/chromium',
    args: [
      '--use-fake-device-for-media-stream',
      `--use-file-for-fake-audio-capture=${writeVoice()}`,
      '--use-fake-ui-for-media-stream',
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
  });
}
