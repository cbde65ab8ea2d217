/**
 * RTP dictionaries between the contract and mediasoup-client. Both mean the same dictionaries (W3C
 * ORTC) but type them apart: mediasoup-client knows one header extension fewer and leaves codec
 * parameters open. `openSignalling` checks the values themselves, both ways.
 */
import type { RtpCapabilities, RtpParameters } from '@oneport/protocol';
import type { types } from 'mediasoup-client';

/** RTP parameters as mediasoup-client takes them. */
export function parametersForBrowser(parameters: RtpParameters): types.RtpParameters {
  return parameters as types.RtpParameters;
}

/** RTP parameters as `produce` sends them. */
export function parametersForServer(parameters: types.RtpParameters): RtpParameters {
  return parameters as RtpParameters;
}

/** RTP capabilities as mediasoup-client takes them. */
export function capabilitiesForBrowser(capabilities: RtpCapabilities): types.RtpCapabilities {
  return capabilities as types.RtpCapabilities;
}

/** RTP capabilities as `join` sends them. */
export function capabilitiesForServer(capabilities: types.RtpCapabilities): RtpCapabilities {
  return capabilities as RtpCapabilities;
}
