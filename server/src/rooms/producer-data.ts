import type { Source } from '@oneport/protocol';
import type { types } from 'mediasoup';

/** Whose a producer is and what it carries: its appData, which only we write. */
export type ProducerData = { peerId: string; source: Source };

export type Producer = types.Producer<ProducerData>;

/**
 * @param producer - one of ours, as mediasoup's observers hand it back without its type
 */
export function producerData(producer: types.Producer): ProducerData {
  return producer.appData as ProducerData;
}
