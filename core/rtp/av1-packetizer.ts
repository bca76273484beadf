// Writes AV1 temporal units as RTP payloads, AV1 RTP format section 4.
import {
  Av1ObuType,
  av1ObuHeaderBytes,
  av1ObuPayloadStart,
  av1ObuType,
  splitAv1Obus,
} from '../codec/av1-obu.ts';
import { Av1PacketWriter } from './av1-packet-writer.ts';
import { PacketFlag, type PacketSink } from './packet-sink.ts';
import { PayloadWriter } from './payload-writer.ts';

const HAS_SIZE = 0x02;
/** They mean nothing in RTP (section 5). */
const LEFT_OUT: ReadonlySet<number> = new Set([
  Av1ObuType.temporalDelimiter,
  Av1ObuType.tileList,
  Av1ObuType.padding,
]);

/** For whole temporal units in the low-overhead format, as a file has them. */
export class Av1Packetizer {
  readonly #writer = new PayloadWriter();
  readonly #packets = new Av1PacketWriter(this.#writer);
  readonly #header = new Uint8Array(2);

  /** Returns false, having written nothing, when the unit is damaged or has no OBU to send. */
  packetize(unit: Uint8Array, timestampTicks: number, sink: PacketSink): boolean {
    const obus = splitAv1Obus(unit)?.filter(([first = 0]) => !LEFT_OUT.has(av1ObuType(first)));
    if (!obus || obus.length === 0) return false;
    const hasSequence = obus.some(([first = 0]) => av1ObuType(first) === Av1ObuType.sequenceHeader);
    const writer = this.#writer;
    writer.attach(sink);
    writer.timestampTicks = timestampTicks;
    writer.flags = PacketFlag.accessUnitStart | (hasSequence ? PacketFlag.keyFrameStart : 0);
    writer.isEnding = true;
    this.#packets.isNewSequence = hasSequence;
    for (const obu of obus) this.#write(obu);
    this.#packets.flush();
    return true;
  }

  /** Elements have lengths of their own, so OBUs go without a size field. */
  #write(obu: Uint8Array): void {
    const [first = 0, second = 0] = obu;
    this.#header[0] = first & ~HAS_SIZE;
    this.#header[1] = second;
    this.#packets.begin();
    this.#packets.append(this.#header, 0, av1ObuHeaderBytes(first));
    this.#packets.append(obu, av1ObuPayloadStart(obu, 0, obu.length), obu.length);
  }
}
