/** Reads the output of `clang -target bpf`: an ELF file (elf(5)) with one program and its map definitions. */

/** The struct map of steer.bpf.c. */
export interface MapDefinition {
  type: number;
  keyBytes: number;
  valueBytes: number;
  maxEntries: number;
  flags: number;
}

export interface BpfObject {
  /** 8 bytes each. References to maps are not resolved yet. */
  instructions: Buffer;
  maps: Record<string, MapDefinition>;
  /** The map that the instruction at an offset refers to. */
  references: { offset: number; map: string }[];
  license: string;
}

interface Section {
  name: string;
  type: number;
  bytes: Buffer;
  /** The index of the section that its entries refer to. */
  link: number;
  info: number;
}

interface Symbol {
  name: string;
  value: number;
  section: number;
}

const elfMagic = '\x7fELF';
const emBpf = 247;
const sectionTypes = { symbols: 2, relocations: 9 };
/** src_reg of a 64-bit load whose immediate value is a map's file descriptor. */
const BPF_PSEUDO_MAP_FD = 1;

/**
 * @param file - a 64-bit little-endian object
 * @param programSection - the name of the program's section
 * @throws TypeError when it is no such object
 */
export function readBpfObject(file: Buffer, programSection: string): BpfObject {
  if (file.toString('latin1', 0, 4) !== elfMagic || file.readUInt16LE(18) !== emBpf) {
    throw new TypeError('not an ELF object for BPF');
  }
  const sections = readSections(file);
  const find = (name: string) => {
    const index = sections.findIndex((section) => section.name === name);
    const section = sections[index];
    if (!section) {
      throw new TypeError(`no section ${name}`);
    }
    return { index, bytes: section.bytes };
  };
  const symbols = readSymbols(sections);
  const program = find(programSection);
  const maps = find('maps');

  return {
    instructions: Buffer.from(program.bytes),
    maps: Object.fromEntries(
      symbols
        .filter(({ section }) => section === maps.index)
        .map(({ name, value }) => [name, readDefinition(maps.bytes, value)]),
    ),
    references: readReferences(sections, program.index, symbols),
    license: find('license').bytes.toString('latin1').replace(/\0.*$/, ''),
  };
}

/**
 * A program's instructions with the file descriptors of its maps.
 *
 * @param fds - by the maps' names
 * @throws TypeError when one is missing
 */
export function linkInstructions(
  { instructions, references }: BpfObject,
  fds: Record<string, number>,
): Buffer {
  const linked = Buffer.from(instructions);
  for (const { offset, map } of references) {
    const fd = fds[map];
    if (fd === undefined) {
      throw new TypeError(`no map ${map}`);
    }
    // struct bpf_insn: opcode, registers (source in the upper half), offset, 32-bit immediate.
    linked.writeUInt8((linked.readUInt8(offset + 1) & 0x0f) | (BPF_PSEUDO_MAP_FD << 4), offset + 1);
    linked.writeInt32LE(fd, offset + 4);
  }
  return linked;
}

function readDefinition(bytes: Buffer, at: number): MapDefinition {
  const field = (i: number) => bytes.readUInt32LE(at + i * 4);
  return {
    type: field(0),
    keyBytes: field(1),
    valueBytes: field(2),
    maxEntries: field(3),
    flags: field(4),
  };
}

function readSections(file: Buffer): Section[] {
  const start = Number(file.readBigUInt64LE(0x28));
  const [entryBytes, count, namesIndex] = [0x3a, 0x3c, 0x3e].map((at) => file.readUInt16LE(at));
  const headers = Array.from({ length: count ?? 0 }, (_, i) => {
    const header = file.subarray(start + i * (entryBytes ?? 0));
    const at = Number(header.readBigUInt64LE(24));
    return {
      nameAt: header.readUInt32LE(0),
      type: header.readUInt32LE(4),
      bytes: file.subarray(at, at + Number(header.readBigUInt64LE(32))),
      link: header.readUInt32LE(40),
      info: header.readUInt32LE(44),
    };
  });
  const names = headers[namesIndex ?? 0]?.bytes;
  return headers.map(({ nameAt, ...header }) => ({ ...header, name: textAt(names, nameAt) }));
}

function readSymbols(sections: Section[]): Symbol[] {
  const table = sections.find(({ type }) => type === sectionTypes.symbols);
  const names = sections[table?.link ?? 0]?.bytes;
  return entriesOf(table?.bytes, 24).map((entry) => ({
    name: textAt(names, entry.readUInt32LE(0)),
    section: entry.readUInt16LE(6),
    value: Number(entry.readBigUInt64LE(8)),
  }));
}

function readReferences(sections: Section[], program: number, symbols: Symbol[]) {
  const table = sections.find(
    ({ type, info }) => type === sectionTypes.relocations && info === program,
  );
  return entriesOf(table?.bytes, 16).map((entry) => ({
    offset: Number(entry.readBigUInt64LE(0)),
    map: symbols[entry.readUInt32LE(12)]?.name ?? '',
  }));
}

function entriesOf(table: Buffer | undefined, entryBytes: number): Buffer[] {
  return Array.from({ length: (table?.length ?? 0) / entryBytes }, (_, i) =>
    (table as Buffer).subarray(i * entryBytes, (i + 1) * entryBytes),
  );
}

function textAt(strings: Buffer | undefined, at: number): string {
  return strings?.toString('latin1', at, strings.indexOf(0, at)) ?? '';
}
