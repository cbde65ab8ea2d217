import { type Browser, chromium } from 'playwright-core';
import { writeCamera, writeVoice } from './fake-media.ts';

export interface ChromiumOptions {
  /** Chromium, or a wrapper that runs it with the given arguments. */
  executablePath?: string;
  /** 1280x720, at five times the CPU, for those who measure or need several spatial layers. */
  highResolution?: boolean;
}

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

/** Chromium with a fake camera, a fake microphone that sounds like speech, and no permission prompts. */
export function launchChromium({
  executablePath = chromiumOptions.executablePath,
  highResolution = false,
}: ChromiumOptions = {}): Promise<Browser> {
  return chromium.launch({
    ...chromiumOptions,
    executablePath,
    args: [
      ...chromiumOptions.args,
      '--use-fake-device-for-media-stream',
      `--use-file-for-fake-audio-capture=${writeVoice()}`,
      ...(highResolution ? [] : [`--use-file-for-fake-video-capture=${writeCamera()}`]),
      '--use-fake-ui-for-media-stream',
    ],
  });
}
