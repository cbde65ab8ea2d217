import { type CSSProperties, useRef } from 'react';
import type { Person } from '../../session/remote-peers.ts';
import type { Self, Snapshot } from '../../session/snapshot.ts';
import { type AspectRange, layout } from './layout.ts';
import './stage.css';
import { useSize } from '../common/use-size.ts';
import { Tile, type TileProps } from './tile.tsx';

const gap = 10;

/** Screens are shown whole: any proportions will do. */
const screenAspect: AspectRange = { narrowest: 0.5, widest: 21 / 9 };

interface KeyedTile extends TileProps {
  readonly key: string;
}

function selfTiles(self: Self, speaker: string | null): KeyedTile[] {
  const muted = self.microphone.state !== 'on';
  const mine = {
    peerId: self.peerId,
    displayName: self.displayName,
    self: true,
    muted,
    moderated: false,
  };
  const tiles: KeyedTile[] = [
    {
      ...mine,
      key: 'self',
      source: 'camera',
      label: `${self.displayName} (you)`,
      track: self.camera.state === 'on' ? self.camera.track : undefined,
      speaking: speaker === self.peerId && !muted,
    },
  ];
  if (self.screen.state === 'on') {
    const { track } = self.screen;
    tiles.push({
      ...mine,
      key: 'self-screen',
      source: 'screen',
      label: 'Your screen',
      track,
      speaking: false,
    });
  }
  return tiles;
}

function personTile(person: Person, speaker: string | null, moderated: boolean): KeyedTile {
  const { peerId, displayName, microphone, camera } = person;
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
    moderated,
  };
}

function screenTile({ peerId, displayName, screen }: Person, moderated: boolean): KeyedTile[] {
  if (!screen) {
    return [];
  }
  return [
    {
      key: `${peerId}-screen`,
      peerId,
      displayName,
      source: 'screen',
      label: `${displayName}'s screen`,
      track: screen.track,
      muted: false,
      speaking: false,
      self: false,
      moderated,
    },
  ];
}

/** Everybody's tiles; the screens that others share stand in front. */
export function Stage({
  self,
  people,
  activeSpeaker,
  moderate,
  byInvitation,
}: Pick<Snapshot, 'self' | 'people' | 'activeSpeaker' | 'byInvitation'> & {
  readonly moderate: boolean;
}) {
  const screens = people.flatMap((person) => screenTile(person, moderate));
  const persons = [
    ...people.map((person) => personTile(person, activeSpeaker, moderate)),
    ...(self.role === 'participant' ? selfTiles(self, activeSpeaker) : []),
  ];
  return (
    <div className="stage" data-spotlight={screens.length > 0}>
      {screens.length > 0 && <Tiles tiles={screens} aspect={screenAspect} />}
      {/* The same element in both places: a moved one would start its pictures anew. */}
      <Tiles key="people" tiles={persons} strip={screens.length > 0} />
      {people.length === 0 && screens.length === 0 && <Alone byInvitation={byInvitation} />}
    </div>
  );
}

interface TilesProps {
  readonly tiles: readonly KeyedTile[];
  /** In a row beside something larger, instead of filling the place. */
  readonly strip?: boolean;
  /** As for people, if it isn't given. */
  readonly aspect?: AspectRange;
}

function Tiles({ tiles, strip = false, aspect }: TilesProps) {
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
    </div>
  );
}

function Alone({ byInvitation }: { byInvitation: boolean }) {
  return (
    <p className="alone" role="note">
      You are the only one here.{' '}
      {byInvitation
        ? 'Others who have been invited appear in this place.'
        : 'Send the invitation to others, and they appear in this place.'}
    </p>
  );
}
