/** Peers of the VideoRoom plugin, which send and receive what those of the load generator do. */

import { Audio, PeerConnection, type Track, Video } from 'node-datachannel';
import { eventually } from '../../testkit/system/eventually.ts';
import type { PacketCounts } from '../load/received-stream.ts';
import { ReceivedStream } from '../load/received-stream.ts';
import { isRtcp, type NtpClock, parseRtp } from '../load/rtp-packet.ts';
import type { SizeRuns } from '../load/size-runs.ts';
import type { JanusClient } from './janus-client.ts';

export const room = 1;
export const payloadTypes = { audio: 111, video: 96 };
const mid = 'media';

export interface Publisher {
  readonly feedId: number;
  send(packet: Buffer): boolean;
  close(): void;
}

/** Joins the room and connects. @param ssrc - of the only stream */
export async function publish(
  client: JanusClient,
  kind: 'audio' | 'video',
  ssrc: number,
  onFeedback: (packet: Buffer) => void,
): Promise<Publisher> {
  const connection = new PeerConnection('publisher', { iceServers: [] });
  const media = kind === 'audio' ? new Audio(mid, 'SendOnly') : new Video(mid, 'SendOnly');
  if (media instanceof Audio) {
    media.addOpusCodec(payloadTypes.audio);
  } else {
    media.addVP8Codec(payloadTypes.video);
  }
  media.addSSRC(ssrc, 'bench', 'bench', 'bench');
  const track = connection.addTrack(media);
  track.onMessage(onFeedback);
  const opened = untilOpen(track);
  const gathered = untilGathered(connection);
  connection.setLocalDescription('offer');
  await gathered;
  const handle = await client.attach();
  const { data, jsep } = await client.request(
    handle,
    { request: 'joinandconfigure', ptype: 'publisher', room },
    { type: 'offer', sdp: connection.localDescription()?.sdp ?? '' },
  );
  await client.completeTrickle(handle);
  connection.setRemoteDescription(jsep?.sdp ?? '', 'answer');
  await opened;
  // Janus completes its own side of the connection later.
  await eventually(async () => {
    const { data } = await client.request(handle, { request: 'listparticipants', room });
    if (!JSON.stringify(data.participants).includes('"publisher":true')) {
      throw new Error('the publisher is not connected');
    }
  });
  return {
    feedId: Number(data.id),
    send: (packet) => track.isOpen() && track.sendMessageBinary(packet),
    close: () => connection.close(),
  };
}

export interface Subscriber {
  readonly localPort: number | undefined;
  readonly streams: readonly ReceivedStream[];
  close(): void;
}

export async function subscribe(
  client: JanusClient,
  feed: number,
  options: { counts: PacketCounts; sizes: SizeRuns; clock: NtpClock },
): Promise<Subscriber> {
  const handle = await client.attach();
  const { jsep } = await client.request(handle, {
    request: 'join',
    ptype: 'subscriber',
    room,
    streams: [{ feed }],
  });
  const connection = new PeerConnection('subscriber', { iceServers: [] });
  const streams: ReceivedStream[] = [];
  const tracks: Track[] = [];
  const opened = new Promise<void>((resolve) => {
    connection.onTrack((track) => {
      tracks.push(track);
      track.onOpen(resolve);
      track.onMessage((packet) => receive(packet, streams, options));
    });
  });
  const gathered = untilGathered(connection);
  connection.setRemoteDescription(jsep?.sdp ?? '', 'offer');
  await gathered;
  const sdp = connection.localDescription()?.sdp ?? '';
  await client.request(handle, { request: 'start' }, { type: 'answer', sdp });
  await client.completeTrickle(handle);
  await opened;
  return {
    streams,
    get localPort() {
      return connection.getSelectedCandidatePair()?.local.port;
    },
    close: () => connection.close(),
  };
}

function receive(
  packet: Buffer,
  streams: ReceivedStream[],
  { counts, sizes, clock }: Parameters<typeof subscribe>[2],
): void {
  const rtp = isRtcp(packet) ? undefined : parseRtp(packet);
  if (!rtp) {
    return;
  }
  let stream = streams.find(({ ssrc }) => ssrc === rtp.ssrc);
  if (!stream) {
    stream = new ReceivedStream({
      ssrc: rtp.ssrc,
      captureTimeId: undefined,
      counts,
      onDelay() {},
    });
    streams.push(stream);
  }
  const now = performance.now();
  sizes.add(packet.length, now);
  stream.receive(packet, rtp, now, clock.now());
}

function untilOpen(track: Track): Promise<void> {
  return new Promise((resolve) => track.onOpen(resolve));
}

function untilGathered(connection: PeerConnection): Promise<void> {
  return new Promise((resolve) => {
    connection.onGatheringStateChange((state) => {
      if (state === 'complete') {
        resolve();
      }
    });
  });
}
