import { type CSSProperties, type ReactNode, useRef } from 'react';
import type { LocalSource } from '../../devices/local-device.ts';
import type { RemotePeer } from '../../session/remote-peers.ts';
import type { Self, Snapshot } from '../../session/snapshot.ts';
import { type AspectRange, layout } from './layout.ts';
import './stage.css';
import { useSize } from '../common/hooks.ts';
import { unsupportedLabel } from '../common/labels.ts';
import { Tile, type TileProps } from './tile.tsx';

const gap = 10;

/** Screens are not cropped, so nearly any aspect ratio will do. */
const screenAspect: AspectRange = { narrowest: 0.5, widest: 21 / 9 };

interface KeyedTile extends TileProps {
  readonly key: string;
}

function selfTiles(self: Self, speaker: string | null): KeyedTile[] {
  const isSent = (source: LocalSource) => source.state === 'on' && !source.interrupted;
  const muted = !isSent(self.microphone);
  const common = {
    peerId: self.peerId,
    displayName: self.displayName,
    self: true,
    muted,
    moderated: false,
  };
  const tiles: KeyedTile[] = [
    {
      ...common,
      key: 'self',
      source: 'camera',
      label: `${self.displayName} (you)`,
      track: self.camera.state === 'on' && isSent(self.camera) ? self.camera.track : undefined,
      speaking: speaker === self.peerId && !muted,
    },
  ];
  if (self.screen.state === 'on') {
    const { track } = self.screen;
    tiles.push({
      ...common,
      key: 'self-screen',
      source: 'screen',
      label: 'Your screen',
      track,
      speaking: false,
    });
  }
  return tiles;
}

function peerTile(peer: RemotePeer, speaker: string | null, moderated: boolean): KeyedTile {
  const { peerId, displayName, microphone, camera, unsupported } = peer;
  return {
    key: peerId,
    peerId,
    displayName,
    source: 'camera',
    label: displayName,
    track: camera?.state === 'live' ? camera.track : undefined,
    muted: microphone?.state !== 'live',
    speaking: speaker === peerId,
    self: false,
    explanation: unsupported.length > 0 ? unsupportedLabel(unsupported) : undefined,
    moderated,
  };
}

function screenTile({ peerId, displayName, screen }: RemotePeer, moderated: boolean): KeyedTile[] {
  if (!screen) {
    return [];
  }
  return [
    {
      key: `${peerId}-screen`,
      peerId,
      displayName,
      source: 'screen',
      label: `${displayName}’s screen`,
      track: screen.track,
      muted: false,
      speaking: false,
      self: false,
      moderated,
    },
  ];
}

/** The tiles of all peers. Shared screens get the larger part. */
export function Stage({
  self,
  peers,
  activeSpeaker,
  moderate,
  byInvitation,
}: Pick<Snapshot, 'self' | 'peers' | 'activeSpeaker' | 'byInvitation'> & {
  readonly moderate: boolean;
}) {
  const screens = peers.flatMap((peer) => screenTile(peer, moderate));
  const cameras = [
    ...peers.map((peer) => peerTile(peer, activeSpeaker, moderate)),
    ...(self.role === 'participant' ? selfTiles(self, activeSpeaker) : []),
  ];
  return (
    <div className="stage" data-spotlight={screens.length > 0}>
      {screens.length > 0 && <Tiles tiles={screens} aspect={screenAspect} />}
      {/* The same element with and without screens: remounting would restart the videos. */}
      <Tiles key="cameras" tiles={cameras} strip={screens.length > 0}>
        {peers.length === 0 && <Alone byInvitation={byInvitation} />}
      </Tiles>
    </div>
  );
}

interface TilesProps {
  readonly tiles: readonly KeyedTile[];
  /** A row beside something larger, instead of a grid that fills the stage. */
  readonly strip?: boolean;
  /** By default that of cameras. */
  readonly aspect?: AspectRange;
  readonly children?: ReactNode;
}

function Tiles({ tiles, strip = false, aspect, children }: TilesProps) {
  const ref = useRef<HTMLDivElement>(null);
  const { width, height } = useSize(ref);
  const grid = layout(tiles.length, width, height, gap, aspect);
  const style: CSSProperties = {
    '--tile-width': `${grid.width}px`,
    '--tile-height': `${grid.height}px`,
    '--gap': `${gap}px`,
  };
  return (
    <div className={strip ? 'strip' : 'grid'} ref={ref} style={style}>
      {tiles.map(({ key, ...tile }) => (
        <Tile key={key} {...tile} />
      ))}
      {children}
    </div>
  );
}

function Alone({ byInvitation }: { byInvitation: boolean }) {
  return (
    <p className="alone" role="note">
      You are the only one here.{' '}
      {byInvitation
        ? 'Others appear here when they join.'
        : 'Copy the invitation and send it to others. They appear here when they join.'}
    </p>
  );
}
