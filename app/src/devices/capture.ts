import {
  canShareScreen,
  isPermitted,
  listDevices,
  openDevices,
  openScreen,
  watchDevices,
} from './devices.ts';

/** Device access; replaced in tests. */
export interface Capture {
  openDevices: typeof openDevices;
  openScreen: typeof openScreen;
  canShareScreen: typeof canShareScreen;
  listDevices: typeof listDevices;
  watchDevices: typeof watchDevices;
  isPermitted: typeof isPermitted;
}

export const browserCapture: Capture = {
  openDevices,
  openScreen,
  canShareScreen,
  listDevices,
  watchDevices,
  isPermitted,
};
