import { kindOfSource, requests, rtpParametersSchema, sourceSchema } from '@oneport/protocol';
import fc from 'fast-check';
import { mediaCodecs } from '../../../server/src/media/codecs.ts';
import { fromSchema } from './from-schema.ts';
import { nearlyValid } from './hostile.ts';
import { uuids } from './ids.ts';

const { shape } = rtpParametersSchema;
const encodingsOfSchema = fromSchema(shape.encodings) as fc.Arbitrary<Encoding[]>;
const extensionsOfSchema = fromSchema(shape.headerExtensions) as fc.Arbitrary<object[]>;
/** With ids as browsers number them, or others. */
const headerExtensions = fc.oneof(
  extensionsOfSchema.map((all) => all.map((one, i) => ({ ...one, id: i + 1 }))),
  extensionsOfSchema,
);

interface Encoding {
  ssrc?: number;
  [member: string]: unknown;
}

const payloadType = fc.oneof(fc.integer({ min: 96, max: 127 }), fc.integer({ min: 0, max: 127 }));
const ssrc = fc.integer({ min: 1, max: 0xffffffff });
/** The mode of a single encoding. */
const svcMode = fc.constantFrom(
  ...[undefined, 'L1T1', 'L1T3', 'S3T3', 'L3T3', 'L3T3_KEY', 'L3T3_KEY_SHIFT'],
  ...['L2T1h', 'L99T99', 'S99T1'],
);
/** The mode of one of several encodings, which mediasoup allows no spatial layers. */
const simulcastMode = fc.constantFrom(undefined, 'L1T1', 'L1T3', 'L1T99');

/** One encoding, simulcast by rid or simulcast by SSRC, as browsers send them; or whatever the schema allows. */
const oneEncoding = fc
  .record({ ssrc, mode: svcMode, rtx: fc.option(ssrc) })
  .map(({ ssrc, mode, rtx }) => [
    { ssrc, ...(mode ? { scalabilityMode: mode } : {}), ...(rtx ? { rtx: { ssrc: rtx } } : {}) },
  ]);
const videoEncodings = fc.oneof(
  oneEncoding,
  fc.tuple(fc.integer({ min: 1, max: 8 }), simulcastMode).map(([count, mode]) =>
    Array.from({ length: count }, (_, i) => ({
      rid: `r${i}`,
      ...(mode ? { scalabilityMode: mode } : {}),
    })),
  ),
  fc.tuple(ssrc, fc.integer({ min: 1, max: 8 }), simulcastMode).map(([first, count, mode]) =>
    Array.from({ length: count }, (_, i) => ({
      ssrc: Math.max(1, (first + i) % 2 ** 32),
      ...(mode ? { scalabilityMode: mode } : {}),
    })),
  ),
  encodingsOfSchema,
);

/** Parameters for one of the router's codecs, with RTX or without. */
function rtpParameters(kind: 'audio' | 'video'): fc.Arbitrary<object> {
  const codecs = mediaCodecs.filter((codec) => codec.kind === kind);
  return fc
    .record({
      codec: fc.constantFrom(...codecs),
      payloadType,
      rtx: fc.option(payloadType),
      headerExtensions,
      encodings: kind === 'audio' ? oneEncoding : videoEncodings,
      mid: fromSchema(shape.mid),
      rtcp: fromSchema(shape.rtcp),
    })
    .map(({ codec, payloadType, rtx, headerExtensions, encodings, mid, rtcp }) => {
      const { mimeType, clockRate, channels, parameters } = codec;
      const media = {
        mimeType,
        clockRate,
        payloadType,
        parameters,
        ...(channels ? { channels } : {}),
      };
      const again = {
        mimeType: 'video/rtx',
        clockRate,
        payloadType: rtx,
        parameters: { apt: payloadType },
      };
      return {
        mid,
        codecs: rtx === null || kind === 'audio' ? [media] : [media, again],
        headerExtensions,
        encodings,
        rtcp,
      };
    });
}

/** Data of `produce` as browsers send it, as the schema allows it, and nearly valid. */
export const produceData: fc.Arbitrary<unknown> = fc.oneof(
  ...sourceSchema.options.map((source) => {
    const kind = kindOfSource[source];
    const fitting = rtpParameters(kind);
    return fc.record({
      transportId: idOf('transportId'),
      producerId: idOf('producerId'),
      kind: fc.constant(kind),
      source: fc.constant(source),
      rtpParameters: fc.oneof(
        { weight: 5, arbitrary: fitting },
        { weight: 2, arbitrary: nearlyValid(fitting) },
        { weight: 1, arbitrary: fromSchema(rtpParametersSchema) },
      ),
      paused: fc.boolean(),
    });
  }),
);

function idOf(name: 'transportId' | 'producerId') {
  return fromSchema(requests.produce.data.shape[name], (schema) => uuids(schema, name));
}
