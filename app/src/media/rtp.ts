/**
 * RTP parameters and capabilities between the protocol and mediasoup-client. Both are W3C ORTC dictionaries, but the
 * types differ: mediasoup-client knows one header extension fewer and leaves codec parameters open. `openSignalling`
 * validates the values in both directions.
 */
import type { RtpCapabilities, RtpParameters } from '@oneport/protocol';
import { Device, type types } from 'mediasoup-client';

export function parametersForBrowser(parameters: RtpParameters): types.RtpParameters {
  return parameters as types.RtpParameters;
}

export function parametersForServer(parameters: types.RtpParameters): RtpParameters {
  return parameters as RtpParameters;
}

export function capabilitiesForServer(capabilities: types.RtpCapabilities): RtpCapabilities {
  return capabilities as RtpCapabilities;
}

/** Loads mediasoup-client's Device once for each set of router capabilities, because loading takes a while. */
export class DeviceLoader {
  #loaded: { key: string; device: Device } | undefined;

  /**
   * @param routerRtpCapabilities - from `welcome`
   * @throws mediasoup-client's UnsupportedError if this browser can't make calls
   */
  async load(routerRtpCapabilities: RtpCapabilities): Promise<Device> {
    const key = JSON.stringify(routerRtpCapabilities);
    if (this.#loaded?.key === key) {
      return this.#loaded.device;
    }
    const device = await Device.factory();
    await device.load({ routerRtpCapabilities: routerRtpCapabilities as types.RtpCapabilities });
    this.#loaded = { key, device };
    return device;
  }
}
