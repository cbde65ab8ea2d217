import type { TransportRow } from '@oneport/protocol';
import { useRef } from 'react';
import { useSize } from '../ui/common/use-size.ts';
import { type Columns, columnsIn, linesOf, narrowest } from './diagram-columns.ts';
import {
  type Column,
  columns,
  layOut,
  mostWays,
  type Node,
  rowHeight,
  type Way,
} from './diagram-layout.ts';
import { addressWords, peerWords, phaseWords, ufragWords } from './labels.ts';
import './diagram.css';

const headHeight = 30;

const headings = {
  client: 'client address',
  port: 'port',
  known: 'found by',
  worker: 'worker',
  transport: 'transport',
  room: 'room',
} as const;

/** For so long something counts as having just happened, and lights up. */
const freshMs = 4_000;

interface PictureProps {
  transports: TransportRow[];
  /** Whether there are any at all, looked for or not. */
  anyOpen: boolean;
  at: number;
  chosen: string | undefined;
  onChoose(key: string): void;
}

/** The ways of the newest transports, from the client to the room. */
export function Picture(props: PictureProps) {
  if (props.transports.length === 0) {
    return (
      <p className="dash-empty">
        {props.anyOpen
          ? 'None of the open transports is what you look for.'
          : 'No transport. Join a room, and watch its first packet come.'}
      </p>
    );
  }
  return <Drawing {...props} />;
}

function Drawing({ transports, at, chosen, onChoose }: PictureProps) {
  const ref = useRef<HTMLElement>(null);
  const place = columnsIn(useSize(ref).width);
  const { ways, ports, workers, rooms, height } = layOut(transports);
  const more = transports.length - ways.length;
  return (
    <div className="dash-picture">
      <section
        className="dash-scroll scroll-hint"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it may scroll, so it must be reachable by keyboard
        tabIndex={0}
        aria-label="Ways of packets"
        ref={ref}
      >
        {/* biome-ignore lint/a11y/noSvgWithoutTitle: the region has the name; a title would be a tooltip everywhere */}
        <svg
          viewBox={`0 0 ${place.width} ${height + headHeight + 6}`}
          style={{ minWidth: narrowest }}
          data-stacked={place.stacked}
          data-small={place.small}
        >
          {columns.map((column) => (
            <text key={column} className="pic-head" x={middle(place, column)} y={16}>
              {headings[column]}
            </text>
          ))}
          <g transform={`translate(0 ${headHeight})`}>
            {ways.map((way) => (
              <Edges key={way.row.key} place={place} way={way} at={at} dim={dim(way, chosen)} />
            ))}
            {ports.map((node) => (
              <Box
                key={node.key}
                place={place}
                node={node}
                column="port"
                parts={node.key.split(/(?= )/).map((part) => part.replace(' ', ' :'))}
              />
            ))}
            {workers.map((node) => (
              <Box
                key={node.key}
                place={place}
                node={node}
                column="worker"
                // The column's head says that it is a worker.
                parts={place.small ? [node.key] : ['worker ', node.key]}
              />
            ))}
            {rooms.map((node) => (
              <Box key={node.key} place={place} node={node} column="room" parts={[node.key]} />
            ))}
            {ways.map((way) => (
              <Row
                key={way.row.key}
                place={place}
                way={way}
                at={at}
                dim={dim(way, chosen)}
                onChoose={() => onChoose(way.row.key)}
              />
            ))}
          </g>
        </svg>
      </section>
      <p className="dash-legend">
        <span data-phase="waiting">waiting for its first STUN request</span>
        <span data-phase="stun">known by its ufrag</span>
        <span data-phase="tuple">known by its tuple</span>
        {ways.some(({ row }) => row.phase === 'lost') && <span data-phase="lost">lost</span>}
        {more > 0 && `The newest ${mostWays} of ${transports.length} that are listed below.`}
      </p>
    </div>
  );
}

function dim(way: Way, chosen: string | undefined): boolean {
  return chosen !== undefined && chosen !== way.row.key;
}

function middle({ x }: Columns, column: Column): number {
  return (x[column][0] + x[column][1]) / 2;
}

/** `ufrag` and `tuple`, in so far as they have just happened. */
function freshness({ stunAt, dtlsAt }: TransportRow, at: number): string {
  const isFresh = (time: number | null) => time !== null && at - time < freshMs;
  return [isFresh(stunAt) && 'fresh-stun', isFresh(dtlsAt) && 'fresh-tuple']
    .filter(Boolean)
    .join(' ');
}

function Edges(props: { place: Columns; way: Way; at: number; dim: boolean }) {
  const { place, way, at, dim } = props;
  const { x } = place;
  const { row, y } = way;
  // Nobody has come yet: there is nothing to the left of the port.
  const begins = row.tuple || row.phase === 'lost';
  const legs: Leg[] = [
    ...(begins ? [[x.client[1], y.client, x.port[0], y.port] satisfies Leg] : []),
    [x.port[1], y.port, x.known[0], y.known],
    [x.known[1], y.known, x.worker[0], y.worker],
    [x.worker[1], y.worker, x.transport[0], y.transport],
    [x.transport[1], y.transport, x.room[0], y.room],
  ];
  const path = legs.map((leg) => `M${curve(...leg)}`).join(' ');
  // In one piece, behind what it passes: dashes begin anew with each piece.
  const pulse = `M${legs.map((leg) => curve(...leg)).join('L')}`;
  return (
    <g className={`pic-edges ${freshness(row, at)}`} data-phase={row.phase} data-dim={dim}>
      <path d={path} />
      <path className="pic-stun-pulse" d={pulse} pathLength={1} />
      <path className="pic-tuple-pulse" d={pulse} pathLength={1} />
    </g>
  );
}

/** From x and y to x and y. */
type Leg = [number, number, number, number];

function curve(x1: number, y1: number, x2: number, y2: number): string {
  const half = (x1 + x2) / 2;
  return `${x1} ${y1}C${half} ${y1} ${half} ${y2} ${x2} ${y2}`;
}

function Box(props: {
  place: Columns;
  node: Node;
  column: 'port' | 'worker' | 'room';
  parts: string[];
}) {
  const { place, node, column, parts } = props;
  const [left, right] = place.x[column];
  return (
    <g className="pic-box" data-column={column}>
      <title>{parts.join('')}</title>
      <rect x={left} y={node.y - 15} width={right - left} height={30} rx={9} />
      <Lines place={place} column={column} y={node.y} parts={parts} />
    </g>
  );
}

/** What belongs to one way alone; all of it chooses the way. */
function Row(props: { place: Columns; way: Way; at: number; dim: boolean; onChoose(): void }) {
  const { place, way, at, dim, onChoose } = props;
  const { x, width } = place;
  const { row, y } = way;
  const client = clientParts(row);
  const pillHeight = place.stacked ? 32 : 26;
  const name = `${row.direction === 'send' ? '↑' : '↓'} ${peerWords(row)}`;
  const label = `${peerWords(row)}, ${row.direction === 'send' ? 'sending' : 'receiving'}: ${client.join('')}, ${phaseWords[row.phase].short}`;
  return (
    // biome-ignore lint/a11y/useSemanticElements: HTML's button can't stand in a drawing
    <g
      className={`pic-row ${freshness(row, at)}`}
      data-phase={row.phase}
      data-dim={dim}
      role="button"
      tabIndex={0}
      aria-label={label}
      onClick={onChoose}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' && event.key !== ' ') {
          return;
        }
        event.preventDefault();
        onChoose();
      }}
    >
      <rect
        className="pic-hit"
        x={0}
        y={y.client - rowHeight / 2}
        width={width}
        height={rowHeight}
      />
      <g className="pic-client">
        <title>{client.join('')}</title>
        <Pill left={x.client[0] + 1} right={x.client[1]} y={y.client} height={pillHeight} />
        <Lines place={place} column="client" y={y.client} parts={client} />
      </g>
      <Known place={place} y={y.known} ufrag={row.ufrag} />
      <g className="pic-transport">
        <title>{name}</title>
        <Pill left={x.transport[0]} right={x.transport[1]} y={y.transport} height={pillHeight} />
        <Lines place={place} column="transport" y={y.transport} parts={[name]} />
      </g>
    </g>
  );
}

function clientParts({ tuple, phase }: TransportRow): string[] {
  if (!tuple) {
    return phase === 'lost' ? ['lost'] : ['nobody ', 'yet'];
  }
  return addressWords(tuple.address, tuple.remotePort).split(/(?=:\d+$)/);
}

/** The two keys that a packet is found by: side by side, or the ufrag above the tuple. */
function Known({ place, y, ufrag }: { place: Columns; y: number; ufrag: string }) {
  const [left, right] = place.x.known;
  const middle = (left + right) / 2;
  const [above, below] = place.stacked ? [y - 8, y + 8] : [y, y];
  const [ufragEnd, tupleStart] = place.stacked ? [right, left] : [middle + 18, middle + 22];
  const height = place.stacked ? 15 : 26;
  return (
    <>
      <g className="pic-ufrag">
        <title>{`ufrag ${ufrag}`}</title>
        <Pill left={left} right={ufragEnd} y={above} height={height} />
        <text x={(left + ufragEnd) / 2} y={above}>
          {ufragWords(ufrag)}
        </text>
      </g>
      <g className="pic-tuple">
        <Pill left={tupleStart} right={right} y={below} height={height} />
        <text x={(tupleStart + right) / 2} y={below}>
          tuple
        </text>
      </g>
    </>
  );
}

function Pill(props: { left: number; right: number; y: number; height: number }) {
  const { left, right, y, height } = props;
  return (
    <rect
      x={left}
      y={y - height / 2}
      width={right - left}
      height={height}
      rx={Math.min(height / 2, 13)}
    />
  );
}

/** A text in the middle of a column, on one line or on two. */
function Lines(props: { place: Columns; column: Column; y: number; parts: string[] }) {
  const { place, column, y, parts } = props;
  const [left, right] = place.x[column];
  const [letter, padding, lineHeight] = place.small ? [6.03, 4, 11.5] : [7.4, 12, 13.5];
  const lines = linesOf(parts, Math.floor((right - left - padding) / letter), place.stacked);
  return lines.map((line, i) => (
    <text
      // biome-ignore lint/suspicious/noArrayIndexKey: a line has nothing but its place
      key={i}
      x={middle(place, column)}
      y={y + (i - (lines.length - 1) / 2) * lineHeight}
    >
      {line}
    </text>
  ));
}
