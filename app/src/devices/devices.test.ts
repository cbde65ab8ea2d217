import { afterEach, expect, test, vi } from 'vitest';
import { openScreen } from './devices.ts';

afterEach(() => vi.unstubAllGlobals());

async function optionsOf(supported: object): Promise<object> {
  const asked: object[] = [];
  vi.stubGlobal('navigator', {
    mediaDevices: {
      getSupportedConstraints: () => supported,
      getDisplayMedia: async (options: object) => {
        asked.push(options);
        return { getTracks: () => [] };
      },
    },
  });
  await openScreen();
  return asked[0] ?? {};
}

test('asks for a shared screen without the call’s own window and sound', async () => {
  expect(await optionsOf({ restrictOwnAudio: true })).toMatchObject({
    audio: { restrictOwnAudio: true },
    selfBrowserSurface: 'exclude',
    surfaceSwitching: 'include',
    systemAudio: 'include',
  });
});

test('asks for no sound of the system where the call could not be left out of it', async () => {
  expect(await optionsOf({})).toMatchObject({ systemAudio: 'exclude' });
});
