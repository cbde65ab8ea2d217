import { randomUUID } from 'node:crypto';
import { rtpParametersSchema } from '@oneport/protocol';
import fc from 'fast-check';
import type { types } from 'mediasoup';
import { ssrcAndRid } from '../found.ts';
import { target } from '../target.ts';
import { buildPacket, packetPlan } from '../values/rtp-packets.ts';
import { produceData } from '../values/rtp-parameters.ts';

const batch = fc.record({
  produce: produceData,
  packets: fc.array(packetPlan, { maxLength: 30, size: 'max' }),
  /** Hexadecimal. */
  rtcp: fc.array(
    fc
      .tuple(
        fc.integer({ min: 128, max: 191 }),
        fc.integer({ min: 200, max: 207 }),
        fc.uint8Array({ maxLength: 80 }),
      )
      .map(([first, type, rest]) =>
        Buffer.from([first, type, 0, rest.length >> 2, ...rest]).toString('hex'),
      ),
    { maxLength: 5 },
  ),
  layers: fc.record({ spatialLayer: fc.nat({ max: 7 }), temporalLayer: fc.nat({ max: 7 }) }),
});

/**
 * RTP and RTCP for producers of all kinds, and to somebody who receives. What a participant encrypts by SRTP comes
 * here without: a DirectTransport hands it to the same code.
 */
export const rtpPackets = target(
  'rtp-packets',
  batch,
  async (subject, plan) => {
    const { kind, rtpParameters: given } = plan.produce as types.ProducerOptions;
    const { data: rtpParameters } = rtpParametersSchema.safeParse(given);
    const [worker] = subject.server.pool.workers;
    if (!rtpParameters || !worker) {
      return subject.count('parameters of no protocol');
    }
    const router = await worker.createRouter();
    try {
      const [from, to] = await Promise.all([
        router.createDirectTransport(),
        router.createDirectTransport(),
      ]);
      const options = {
        id: randomUUID(),
        kind,
        rtpParameters: rtpParameters as types.RtpParameters,
      };
      const producer = await from.produce(options).catch(() => undefined);
      if (!producer) {
        return subject.count('parameters refused');
      }
      const { rtpCapabilities } = router;
      const consumer = await to.consume({ producerId: producer.id, rtpCapabilities });
      if (consumer.type !== 'simple') {
        await consumer.setPreferredLayers(plan.layers);
      }
      consumer.on('rtp', () => subject.count('packets through'));
      for (const packet of plan.packets) {
        producer.send(buildPacket(packet, rtpParameters));
        subject.count('packets sent');
      }
      for (const hex of plan.rtcp) {
        from.sendRtcp(Buffer.from(hex, 'hex'));
      }
      for (const hex of plan.rtcp) {
        to.sendRtcp(Buffer.from(hex, 'hex'));
      }
      // Answered in order: all that was sent is behind it.
      await Promise.all([producer.getStats(), consumer.getStats(), from.dump(), to.dump()]);
      subject.count(`producers: ${producer.type}`);
    } finally {
      router.close();
    }
  },
  [ssrcAndRid],
);
