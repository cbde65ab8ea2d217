import type { RtpCapabilities } from '@oneport/protocol';
import { Device } from 'mediasoup-client';
import { capabilitiesForBrowser } from './rtp.ts';

/** Loads mediasoup-client's device, once for each set of router capabilities: it takes a while. */
export class DeviceLoader {
  #loaded: { key: string; device: Device } | undefined;

  /**
   * @param routerRtpCapabilities - as in `welcome`
   * @throws mediasoup-client's UnsupportedError if this browser can't make calls
   */
  async load(routerRtpCapabilities: RtpCapabilities): Promise<Device> {
    const key = JSON.stringify(routerRtpCapabilities);
    if (this.#loaded?.key === key) {
      return this.#loaded.device;
    }
    const device = await Device.factory();
    await device.load({ routerRtpCapabilities: capabilitiesForBrowser(routerRtpCapabilities) });
    this.#loaded = { key, device };
    return device;
  }
}
