import { type Browser, chromium } from 'playwright-core';
import { writeVoice } from './voice.ts';

/** Debian's Chromium, kept from the network and from what a container lacks; ICE to 127.0.0.1 allowed. */
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
 * With a moving picture for a camera, a voice for a microphone, and no questions.
 *
 * @param executablePath - Chromium, or what runs it with the arguments that it is given
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
