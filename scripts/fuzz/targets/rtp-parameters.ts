import { randomUUID } from 'node:crypto';
import { requests } from '@oneport/protocol';
import fc from 'fast-check';
import { rtpCapabilities } from '../../../testkit/clients/media-parameters.ts';
import { bystandersRoom } from '../bystanders.ts';
import { FuzzPeer } from '../fuzz-peer.ts';
import { target } from '../run-target.ts';
import type { Subject } from '../subject.ts';
import { fromSchema } from '../values/from-schema.ts';
import { nearlyValid } from '../values/hostile.ts';
import { withIds } from '../values/ids.ts';
import { produceData } from '../values/produce-data.ts';

const ofSchema = fromSchema(requests.join.data.shape.rtpCapabilities.unwrap());

const capabilities = fc.oneof(
  fc.constant<unknown>(rtpCapabilities),
  nearlyValid(fc.constant<unknown>(rtpCapabilities)),
  ofSchema,
);

const batch = fc.record({
  produced: fc.array(produceData, { minLength: 1, maxLength: 6, size: 'max' }),
  capabilities,
  layers: fromSchema(requests.setConsumerPreferredLayers.data.omit({ consumerId: true })),
});

/** Producers of all kinds on a real worker, with a peer in the room that consumes all of them. */
export const rtpParameters = target('rtp-parameters', batch, async (subject, plan) => {
  const query = { roomId: bystandersRoom, produce: '1', consume: '1' };
  const viewer = open(subject, { ...query, peerId: `viewer-${randomUUID()}` });
  const mallory = open(subject, { ...query, peerId: `mallory-${randomUUID()}` });
  const device = { flag: 'bot', name: 'fuzz' };
  await Promise.all([viewer.welcome(), mallory.welcome()]);
  viewer.request('join', {
    ...{ generation: 1, displayName: 'Viewer', device },
    rtpCapabilities: plan.capabilities,
  });
  mallory.request('join', { generation: 1, displayName: 'Mallory', device, rtpCapabilities });
  for (const data of plan.produced) {
    // A new id, because the previous producer may still exist.
    const ids = { ...mallory.ids, producer: randomUUID() };
    mallory.send(withIds(JSON.stringify({ request: true, id: 1, method: 'produce', data }), ids));
    for (const method of ['pauseProducer', 'resumeProducer']) {
      mallory.request(method, { producerId: ids.producer });
    }
    await mallory.processed();
    await viewer.processed();
    const { consumer } = viewer.ids;
    if (consumer) {
      viewer.request('setConsumerPreferredLayers', {
        consumerId: consumer,
        ...(plan.layers as object),
      });
    }
    mallory.request('closeProducer', { producerId: ids.producer });
  }
  await Promise.all([viewer.processed(), mallory.processed()]);
  await Promise.all([viewer.end('polite'), mallory.end('polite')]);
});

function open(subject: Subject, query: Record<string, string>): FuzzPeer {
  return new FuzzPeer({
    signalling: subject.server.signalling,
    query: String(new URLSearchParams(query)),
    count: (what) => subject.count(what),
  });
}
