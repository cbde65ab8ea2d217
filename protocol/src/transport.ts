/** The parameters of a WebRtcTransport that its client needs: ICE, DTLS and SCTP. */
import { z } from 'zod';
import { uuidSchema } from './ids.ts';

// RFC 8839: ice-char is ALPHA / DIGIT / "+" / "/".
export const iceParametersSchema = z.object({
  usernameFragment: z.string().regex(/^[A-Za-z0-9+/]{4,256}$/),
  password: z.string().regex(/^[A-Za-z0-9+/]{22,256}$/),
  iceLite: z.boolean().optional(),
});

export const iceCandidateSchema = z.object({
  foundation: z.string().min(1).max(32),
  priority: z.int().min(0).max(0xffffffff),
  address: z.string().min(1).max(255),
  ip: z.string().min(1).max(255),
  protocol: z.enum(['udp', 'tcp']),
  port: z.int().min(1).max(65535),
  type: z.literal('host'),
  tcpType: z.literal('passive').optional(),
});

export const dtlsParametersSchema = z.object({
  role: z.enum(['auto', 'client', 'server']).optional(),
  // RFC 8122, section 5: the name of the hash function, and its value in hexadecimal pairs.
  fingerprints: z
    .array(
      z.object({
        algorithm: z.enum(['sha-1', 'sha-224', 'sha-256', 'sha-384', 'sha-512']),
        value: z
          .string()
          .regex(/^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){19,63}$/, 'expected a fingerprint'),
      }),
    )
    .min(1)
    .max(8),
});

export const sctpParametersSchema = z.object({
  port: z.int().min(1).max(65535),
  OS: z.int().min(0).max(65535),
  MIS: z.int().min(0).max(65535),
  maxMessageSize: z.int().min(0),
});

export const sctpStreamParametersSchema = z.object({
  streamId: z.int().min(0).max(65534).optional(),
  ordered: z.boolean().optional(),
  maxPacketLifeTime: z.int().min(0).optional(),
  maxRetransmits: z.int().min(0).optional(),
});

export const transportSchema = z.object({
  transportId: uuidSchema,
  iceParameters: iceParametersSchema,
  iceCandidates: z.array(iceCandidateSchema),
  dtlsParameters: dtlsParametersSchema,
  sctpParameters: sctpParametersSchema.optional(),
});

/** W3C `RTCIceServer`: a TURN server through which a browser can reach the server. */
export const iceServerSchema = z.object({
  urls: z.union([z.string(), z.array(z.string())]),
  username: z.string().optional(),
  credential: z.string().optional(),
});

export type IceParameters = z.infer<typeof iceParametersSchema>;
export type IceCandidate = z.infer<typeof iceCandidateSchema>;
export type DtlsParameters = z.infer<typeof dtlsParametersSchema>;
export type Transport = z.infer<typeof transportSchema>;
