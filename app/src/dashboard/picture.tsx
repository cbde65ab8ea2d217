import type { TransportRow } from '@oneport/protocol';
import { layOut, mostWays, type Node, rowHeight, type Way } from './picture-layout.ts';
import { addressWords, phaseWords, ufragWords } from './words.ts';

/** Left and right edge of each column, in the picture's units. */
const x = {
  client: [0, 178],
  port: [222, 318],
  known: [362, 524],
  worker: [568, 656],
  transport: [700, 836],
  room: [880, 1000],
} as const;
const width = 1000;
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

/** The ways of the newest transports, from the client to the room. */
export function Picture(props: {
  transports: TransportRow[];
  at: number;
  chosen: string | undefined;
  onChoose(key: string): void;
}) {
  const { transports, at, chosen, onChoose } = props;
  if (transports.length === 0) {
    return (
      <p className="dash-empty">No transport. Join a room, and watch its first packet come.</p>
    );
  }
  const { ways, ports, workers, rooms, height } = layOut(transports);
  const more = transports.length - ways.length;
  return (
    <div className="dash-picture">
      {/* It can be scrolled, so it must be reachable by keyboard. */}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region */}
      <section className="dash-scroll" tabIndex={0} aria-label="Ways of packets">
        {/* biome-ignore lint/a11y/noSvgWithoutTitle: the region has the name; a title would be a tooltip everywhere */}
        <svg viewBox={`0 0 ${width} ${height + headHeight + 6}`}>
          {(Object.keys(x) as (keyof typeof x)[]).map((column) => (
            <text key={column} className="pic-head" x={middle(column)} y={16}>
              {headings[column]}
            </text>
          ))}
          <g transform={`translate(0 ${headHeight})`}>
            {ways.map((way) => (
              <Edges key={way.row.key} way={way} at={at} dim={dim(way, chosen)} />
            ))}
            {ports.map((node) => (
              <Box key={node.key} node={node} column="port" text={node.key.replace(' ', ' :')} />
            ))}
            {workers.map((node) => (
              <Box key={node.key} node={node} column="worker" text={`worker ${node.key}`} />
            ))}
            {rooms.map((node) => (
              <Box key={node.key} node={node} column="room" text={node.key} />
            ))}
            {ways.map((way) => (
              <Row
                key={way.row.key}
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

function middle(column: keyof typeof x): number {
  return (x[column][0] + x[column][1]) / 2;
}

/** `ufrag` and `tuple`, in so far as they have just happened. */
function freshness({ stunAt, dtlsAt }: TransportRow, at: number): string {
  const isFresh = (time: number | null) => time !== null && at - time < freshMs;
  return [isFresh(stunAt) && 'fresh-stun', isFresh(dtlsAt) && 'fresh-tuple']
    .filter(Boolean)
    .join(' ');
}

function Edges({ way, at, dim }: { way: Way; at: number; dim: boolean }) {
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

function Box({
  node,
  column,
  text,
}: {
  node: Node;
  column: 'port' | 'worker' | 'room';
  text: string;
}) {
  const [left, right] = x[column];
  return (
    <g className="pic-box" data-column={column}>
      <title>{text}</title>
      <rect x={left} y={node.y - 15} width={right - left} height={30} rx={9} />
      <text x={middle(column)} y={node.y}>
        {cut(text, right - left)}
      </text>
    </g>
  );
}

/** What belongs to one way alone; all of it chooses the way. */
function Row(props: { way: Way; at: number; dim: boolean; onChoose(): void }) {
  const { way, at, dim, onChoose } = props;
  const { row, y } = way;
  const [knownLeft, knownRight] = x.known;
  const half = (knownLeft + knownRight) / 2;
  const client = row.tuple
    ? addressWords(row.tuple.address, row.tuple.remotePort)
    : row.phase === 'lost'
      ? 'lost'
      : 'nobody yet';
  const name = `${row.direction === 'send' ? '↑' : '↓'} ${row.peerId}`;
  const label = `${row.peerId}, ${row.direction === 'send' ? 'sending' : 'receiving'}: ${client}, ${phaseWords[row.phase].short}`;
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
        if (event.key !== 'Enter' && event.key !== ' ') return;
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
        <title>{client}</title>
        <rect x={x.client[0] + 1} y={y.client - 13} width={x.client[1] - 1} height={26} rx={13} />
        <text x={middle('client')} y={y.client}>
          {cut(client, x.client[1])}
        </text>
      </g>
      <g className="pic-ufrag">
        <title>{`ufrag ${row.ufrag}`}</title>
        <rect x={knownLeft} y={y.known - 13} width={half - knownLeft + 18} height={26} rx={13} />
        <text x={(knownLeft + half + 18) / 2} y={y.known}>
          {ufragWords(row.ufrag)}
        </text>
      </g>
      <g className="pic-tuple">
        <rect x={half + 22} y={y.known - 13} width={knownRight - half - 22} height={26} rx={13} />
        <text x={(half + 22 + knownRight) / 2} y={y.known}>
          tuple
        </text>
      </g>
      <g className="pic-transport">
        <title>{name}</title>
        <rect
          x={x.transport[0]}
          y={y.transport - 13}
          width={x.transport[1] - x.transport[0]}
          height={26}
          rx={13}
        />
        <text x={middle('transport')} y={y.transport}>
          {cut(name, x.transport[1] - x.transport[0])}
        </text>
      </g>
    </g>
  );
}

/** SVG doesn't cut texts by itself. */
function cut(text: string, space: number): string {
  const characters = Math.floor((space - 12) / 7.4);
  return text.length <= characters ? text : `${text.slice(0, characters - 1)}…`;
}
