import type { TransportRow } from '@oneport/protocol';
import { useRef } from 'react';
import { useSize } from '../ui/common/hooks.ts';
import { formatAddress } from '../ui/common/labels.ts';
import { type Columns, columnsIn, linesOf, minWidth } from './diagram-columns.ts';
import {
  type Column,
  columns,
  layOut,
  maxPaths,
  type Node,
  type PathLayout,
  rowHeight,
} from './diagram-layout.ts';
import { peerLabel, phaseLabels, shortUfrag } from './labels.ts';
import './diagram.css';

const headHeight = 30;

const headings = {
  client: 'client address',
  port: 'port',
  lookup: 'found by',
  worker: 'worker',
  transport: 'transport',
  room: 'room',
} as const;

/** Milliseconds for which an event is highlighted. */
const highlightTime = 4_000;

interface DiagramProps {
  transports: TransportRow[];
  /** Whether any transport is open, whatever the search finds. */
  anyOpen: boolean;
  /** The server's clock, in milliseconds since the epoch. */
  at: number;
  chosen: string | undefined;
  onChoose(key: string): void;
}

/** The paths of packets from the client to the room, for the newest transports. */
export function Diagram(props: DiagramProps) {
  if (props.transports.length === 0) {
    return (
      <p className="map-empty">
        {props.anyOpen
          ? 'No matching transports.'
          : 'No transports. Join a room to see its first packets arrive.'}
      </p>
    );
  }
  return <Drawing {...props} />;
}

function Drawing({ transports, at, chosen, onChoose }: DiagramProps) {
  const ref = useRef<HTMLElement>(null);
  const grid = columnsIn(useSize(ref).width);
  const { paths, ports, workers, rooms, height } = layOut(transports);
  const more = transports.length - paths.length;
  return (
    <div className="map-diagram">
      <section
        className="map-scroll scroll-hint"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: scrollable content must be reachable by keyboard
        tabIndex={0}
        aria-label="Packet paths"
        ref={ref}
      >
        {/* biome-ignore lint/a11y/noSvgWithoutTitle: the region has a label; a title would be a tooltip everywhere */}
        <svg
          viewBox={`0 0 ${grid.width} ${height + headHeight + 6}`}
          style={{ minWidth: minWidth }}
          data-stacked={grid.stacked}
          data-small={grid.small}
        >
          {columns.map((column) => (
            <text key={column} className="diagram-head" x={middle(grid, column)} y={16}>
              {headings[column]}
            </text>
          ))}
          <g transform={`translate(0 ${headHeight})`}>
            {paths.map((path) => (
              <Edges
                key={path.row.key}
                grid={grid}
                path={path}
                at={at}
                dimmed={isDimmed(path, chosen)}
              />
            ))}
            {ports.map((node) => (
              <Box
                key={node.key}
                grid={grid}
                node={node}
                column="port"
                parts={node.key.split(/(?= )/).map((part) => part.replace(' ', ' :'))}
              />
            ))}
            {workers.map((node) => (
              <Box
                key={node.key}
                grid={grid}
                node={node}
                column="worker"
                // Where space is scarce, the heading of the column must do.
                parts={grid.small ? [node.key] : ['worker ', node.key]}
              />
            ))}
            {rooms.map((node) => (
              <Box key={node.key} grid={grid} node={node} column="room" parts={[node.key]} />
            ))}
            {paths.map((path) => (
              <Row
                key={path.row.key}
                grid={grid}
                path={path}
                at={at}
                dimmed={isDimmed(path, chosen)}
                onChoose={() => onChoose(path.row.key)}
              />
            ))}
          </g>
        </svg>
      </section>
      <p className="map-legend">
        <span data-phase="waiting">waiting for its first STUN request</span>
        <span data-phase="stun">found by its ufrag</span>
        <span data-phase="tuple">found by its tuple</span>
        {paths.some(({ row }) => row.phase === 'lost') && <span data-phase="lost">lost</span>}
        {more > 0 && `The newest ${maxPaths} of the ${transports.length} listed below.`}
      </p>
    </div>
  );
}

function isDimmed(path: PathLayout, chosen: string | undefined): boolean {
  return chosen !== undefined && chosen !== path.row.key;
}

function middle({ x }: Columns, column: Column): number {
  return (x[column][0] + x[column][1]) / 2;
}

/** Classes for events that have just happened. */
function freshClasses({ stunAt, dtlsAt }: TransportRow, at: number): string {
  const isFresh = (time: number | null) => time !== null && at - time < highlightTime;
  return [isFresh(stunAt) && 'fresh-stun', isFresh(dtlsAt) && 'fresh-tuple']
    .filter(Boolean)
    .join(' ');
}

function Edges(props: { grid: Columns; path: PathLayout; at: number; dimmed: boolean }) {
  const { grid, path, at, dimmed } = props;
  const { x } = grid;
  const { row, y } = path;
  // Before a client has connected, there is nothing to the left of the port.
  const hasClient = row.tuple || row.phase === 'lost';
  const legs: Leg[] = [
    ...(hasClient ? [[x.client[1], y.client, x.port[0], y.port] satisfies Leg] : []),
    [x.port[1], y.port, x.lookup[0], y.lookup],
    [x.lookup[1], y.lookup, x.worker[0], y.worker],
    [x.worker[1], y.worker, x.transport[0], y.transport],
    [x.transport[1], y.transport, x.room[0], y.room],
  ];
  const line = legs.map((leg) => `M${curve(...leg)}`).join(' ');
  // A single subpath, because dashes restart with each subpath.
  const pulse = `M${legs.map((leg) => curve(...leg)).join('L')}`;
  return (
    <g
      className={`diagram-edges ${freshClasses(row, at)}`}
      data-phase={row.phase}
      data-dim={dimmed}
    >
      <path d={line} />
      <path className="diagram-stun-pulse" d={pulse} pathLength={1} />
      <path className="diagram-tuple-pulse" d={pulse} pathLength={1} />
    </g>
  );
}

type Leg = [fromX: number, fromY: number, toX: number, toY: number];

function curve(x1: number, y1: number, x2: number, y2: number): string {
  const half = (x1 + x2) / 2;
  return `${x1} ${y1}C${half} ${y1} ${half} ${y2} ${x2} ${y2}`;
}

function Box(props: {
  grid: Columns;
  node: Node;
  column: 'port' | 'worker' | 'room';
  parts: string[];
}) {
  const { grid, node, column, parts } = props;
  const [left, right] = grid.x[column];
  return (
    <g className="diagram-box" data-column={column}>
      <title>{parts.join('')}</title>
      <rect x={left} y={node.y - 15} width={right - left} height={30} rx={9} />
      <Lines grid={grid} column={column} y={node.y} parts={parts} />
    </g>
  );
}

/** The boxes of a single path. A click on any of them chooses it. */
function Row(props: {
  grid: Columns;
  path: PathLayout;
  at: number;
  dimmed: boolean;
  onChoose(): void;
}) {
  const { grid, path, at, dimmed, onChoose } = props;
  const { x, width } = grid;
  const { row, y } = path;
  const client = clientParts(row);
  const pillHeight = grid.stacked ? 32 : 26;
  const name = `${row.direction === 'send' ? '↑' : '↓'} ${peerLabel(row)}`;
  const label = `${peerLabel(row)}, ${row.direction === 'send' ? 'sending' : 'receiving'}: ${client.join('')}, ${phaseLabels[row.phase].short}`;
  return (
    // biome-ignore lint/a11y/useSemanticElements: SVG has no button
    <g
      className={`diagram-row ${freshClasses(row, at)}`}
      data-phase={row.phase}
      data-dim={dimmed}
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
        className="diagram-hit"
        x={0}
        y={y.client - rowHeight / 2}
        width={width}
        height={rowHeight}
      />
      <g className="diagram-client">
        <title>{client.join('')}</title>
        <Pill left={x.client[0] + 1} right={x.client[1]} y={y.client} height={pillHeight} />
        <Lines grid={grid} column="client" y={y.client} parts={client} />
      </g>
      <LookupKeys grid={grid} y={y.lookup} ufrag={row.ufrag} />
      <g className="diagram-transport">
        <title>{name}</title>
        <Pill left={x.transport[0]} right={x.transport[1]} y={y.transport} height={pillHeight} />
        <Lines grid={grid} column="transport" y={y.transport} parts={[name]} />
      </g>
    </g>
  );
}

function clientParts({ tuple, phase }: TransportRow): string[] {
  if (!tuple) {
    return phase === 'lost' ? ['lost'] : ['no client ', 'yet'];
  }
  return formatAddress(tuple.address, tuple.remotePort).split(/(?=:\d+$)/);
}

/** The keys by which a packet finds its transport: side by side, or the ufrag above the tuple. */
function LookupKeys({ grid, y, ufrag }: { grid: Columns; y: number; ufrag: string }) {
  const [left, right] = grid.x.lookup;
  const middle = (left + right) / 2;
  const [above, below] = grid.stacked ? [y - 8, y + 8] : [y, y];
  const [ufragEnd, tupleStart] = grid.stacked ? [right, left] : [middle + 18, middle + 22];
  const height = grid.stacked ? 15 : 26;
  return (
    <>
      <g className="diagram-ufrag">
        <title>{`ufrag ${ufrag}`}</title>
        <Pill left={left} right={ufragEnd} y={above} height={height} />
        <text x={(left + ufragEnd) / 2} y={above}>
          {shortUfrag(ufrag)}
        </text>
      </g>
      <g className="diagram-tuple">
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

/** A text centred in its column, on one or two lines. */
function Lines(props: { grid: Columns; column: Column; y: number; parts: string[] }) {
  const { grid, column, y, parts } = props;
  const [left, right] = grid.x[column];
  const [letter, padding, lineHeight] = grid.small ? [6.03, 4, 11.5] : [7.4, 12, 13.5];
  const lines = linesOf(parts, Math.floor((right - left - padding) / letter), grid.stacked);
  return lines.map((line, i) => (
    <text
      // biome-ignore lint/suspicious/noArrayIndexKey: lines have no other identity
      key={i}
      x={middle(grid, column)}
      y={y + (i - (lines.length - 1) / 2) * lineHeight}
    >
      {line}
    </text>
  ));
}
